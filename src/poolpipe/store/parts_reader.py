"""Read the files of a version's events one by one: each worker of a cluster reads some of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from poolpipe.errors import InputError
from poolpipe.policy import load_policy
from poolpipe.store.access import StoreKeys
from poolpipe.store.arrivals import tell_something
from poolpipe.store.contents import LOADS, REJECTS
from poolpipe.store.ledger import Ledger
from poolpipe.store.part_files import PartFiles
from poolpipe.store.reading import events_of_part, events_of_parts
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.coding.quarters import Heard
    from poolpipe.events.reading import Events
    from poolpipe.events.valid_events import ValidEvents
    from poolpipe.store.ledger import TablePart

__all__ = ["PartsReader", "asked_version"]


def asked_version(ledger: Ledger, store: Path, version: int | None) -> int:
    """The version that is asked for, the newest for None.

    Raises
    ------
    InputError
        If there is no such version.
    """
    known = [each.version for each in ledger.versions()]
    if version is None:
        return known[-1]
    if version not in known:
        raise InputError.of(
            "no_such_version", where=str(store), version=version, first=known[0], last=known[-1]
        )
    return version


class PartsReader:
    """A store whose files of events are read one by one.

    Parameters
    ----------
    path : Path
        A store.
    key : Path, optional
        As in `Store`.
    """

    def __init__(self, path: Path, key: Path | None) -> None:
        self._path, self._files = path, PartFiles(path)
        self._ledger, self._keys = Ledger(path, writes=False), StoreKeys(path, key)
        try:
            self._keys.renew(self._ledger)
        except BaseException:
            self._ledger.close()
            raise
        self.wells = load_policy(json.loads(self._ledger.meta("policy"))).codes.plate_wells

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()

    def parts(self, version: int | None) -> tuple[list[TablePart], bool]:
        """The files of a version's events, in their order, and whether times of arrival are read of them."""
        asked = asked_version(self._ledger, self._path, version)
        return self._ledger.parts(asked, KINDS), tell_something(self._ledger.held(asked))

    def read(self, part: TablePart, *, is_sealed: bool, hears: bool) -> tuple[ValidEvents, Heard]:
        """Read the events of one of these files.

        Parameters
        ----------
        part : TablePart
        is_sealed : bool
            Whether people are known by their pseudonyms, with the key, too.
        hears : bool
            Whether times of arrival are read.

        Raises
        ------
        InputError
            If the file is damaged, or the key is needed and not here.
        """
        sealing = None if is_sealed else self._keys.required()
        return events_of_part(part, self._files, sealing, self.wells, hears=hears)

    def beside(self, version: int | None) -> Events:
        """What is told of a version beside its events: files, rejects, words."""
        asked = asked_version(self._ledger, self._path, version)
        parts, inputs = self._ledger.parts(asked, [REJECTS, LOADS]), self._ledger.held(asked)
        return events_of_parts(parts, inputs, self._files, self._keys.sealing, self.wells, hears=False)
