"""Make a store, and open its keys."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from poolpipe.errors import InputError
from poolpipe.results.durable import sync_folder
from poolpipe.results.locks import held
from poolpipe.store.keys import DataKeys, MasterKey, default_key_file
from poolpipe.store.ledger import LEDGER, Ledger, is_store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from poolpipe.policy import Policy

__all__ = ["LOCK", "StoreKeys", "is_written_into", "make_store"]

LOCK: Final = ".writing.lock"
"""The file that a writer locks; readers need no lock."""

_OWN: Final = (".", LEDGER)
"""How the names of files begin that may lie in the folder of a new store: another command may have died making it."""


class StoreKeys:
    """The keys of a store as one process holds them; none where the master key is not here.

    Parameters
    ----------
    store : Path
    given : path, optional
        File of the master key, as `Store` takes it.
    """

    def __init__(self, store: Path, given: str | os.PathLike[str] | None) -> None:
        self._store, self._given = store, given
        self._wrapped: dict[str, bytes] = {}
        self._master: MasterKey | None = None
        self.sealing: DataKeys | None = None

    @property
    def file(self) -> Path:
        """Where the master key is, or would be looked for."""
        return default_key_file(self._store) if self._master is None else self._master.path

    def required(self) -> DataKeys:
        """The data keys.

        Raises
        ------
        InputError
            If they are not here.
        """
        if self.sealing is None:
            raise InputError.of(
                "store_without_key", where=str(self._store), file=str(default_key_file(self._store))
            )
        return self.sealing

    def renew(self, ledger: Ledger) -> None:
        """Unwrap the data keys where that is not done, or another process has changed them since.

        The keys also open where such a change was cut short, or is at this moment between the ledger and the file.
        """
        for pause in (0.02, 0.2, 0.0):
            wrapped = {name: ledger.meta(f"key.{name}") for name in DataKeys.__slots__}
            if wrapped == self._wrapped:
                return
            master = MasterKey.of(self._store, self._given)
            try:
                self._master, self.sealing = _unwrapped(wrapped, master) if master else (None, None)
            except InputError:
                if not pause:
                    raise
                time.sleep(pause)
            else:
                self._wrapped = wrapped
                return

    def settle(self) -> None:
        """Finish a change of keys that was cut short; the writer calls this."""
        self.required()
        if self._master is not None:
            self._master.settle()

    @contextmanager
    def changing(self, ledger: Ledger) -> Iterator[MasterKey]:
        """Give a new master key, whose file takes the old one's place when the block ends well."""
        place = self.file
        new = MasterKey.new(place.with_name(f"{place.name}.new"))
        yield new
        new.in_place_of(place)
        self.renew(ledger)


def _unwrapped(wrapped: Mapping[str, bytes], master: MasterKey) -> tuple[MasterKey, DataKeys]:
    """Unwrap by a key, or by the one beside it that is to take its place; the key that opens has the name it is to have."""
    try:
        return master, DataKeys.unwrapped(wrapped, master)
    except InputError:
        newer = master.newer()
        if newer is None:
            raise
        return MasterKey(newer.secret, master.path), DataKeys.unwrapped(wrapped, newer)


def is_written_into(store: Path) -> bool:
    """Whether another process or thread holds a store's lock at this moment."""
    try:
        with held(store / LOCK):
            return False
    except BlockingIOError:
        return True


def make_store(path: Path, key: str | os.PathLike[str] | None, policy: Policy) -> None:
    """Make an empty store: its folder, its key where there is none, its ledger last."""
    new = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        for each in reversed(new):
            sync_folder(each.parent)
        strange = next((each.name for each in path.iterdir() if not each.name.startswith(_OWN)), None)
    except OSError as error:
        raise InputError.of("store_not_made", where=str(path), why=error.strerror or error) from error
    if strange is not None:
        raise InputError.of("store_not_empty", where=str(path), name=strange)
    try:
        _make(path, key, policy)
    except BlockingIOError as error:
        raise InputError.of("store_in_use", where=str(path)) from error


def _make(path: Path, key: str | os.PathLike[str] | None, policy: Policy) -> None:
    with held(path / LOCK):
        if is_store(path):
            return
        if (path / LEDGER).exists():
            raise InputError.of("store_not_empty", where=str(path), name=LEDGER)
        master = MasterKey.of(path, key) or MasterKey.new(default_key_file(path))
        sealing = DataKeys.new()
        meta: dict[str, Any] = {f"key.{name}": value for name, value in sealing.wrapped(master).items()}
        meta["policy"] = policy.model_dump_json().encode()
        Ledger.create(path, meta).close()
