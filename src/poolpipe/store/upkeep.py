"""Keep a store small and its keys fresh: join files, forget versions, put files in the place of others."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Final

from poolpipe.store.concluding import conclusions_among
from poolpipe.store.delta_log import shorten
from poolpipe.store.erasing import document, without_person
from poolpipe.store.inbox_draining import check_broker_holds_nothing
from poolpipe.store.rewriting import joined_parts, resealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import InputTaken, Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["change_keys", "commit_parts", "compact_parts", "erase_person", "join_many"]

_MANY: Final = 64
"""Small files of a table and day from which on ingest joins them."""


def commit_parts(
    ledger: Ledger, files: PartFiles, what: str, parts: Sequence[TablePart], inputs: Sequence[InputTaken]
) -> int:
    """Commit a version with new parts; conclusions, which are of other events, are no part of it.

    Parameters
    ----------
    ledger, files
        The store's.
    what : str
        The command.
    parts : sequence of TablePart
        Written; their folders are synced here.
    inputs : sequence of InputTaken
        Where they came from.

    Returns
    -------
    int
        The version: synced.
    """
    files.sync()
    before = conclusions_among(ledger.parts(ledger.newest()))
    with ledger.committing():
        return ledger.add_version(what, parts, removed=[part.id for part in before], inputs=inputs)


def compact_parts(ledger: Ledger, files: PartFiles, sealing: DataKeys, keep_days: float) -> dict[str, int]:
    """Join small files as a new version; forget versions older than some days, and remove what only they have.

    Files are removed after the ledger has forgotten them: a crash in between leaves files that the next writer removes.

    Returns
    -------
    dict
        As `Store.compact`.
    """
    joined = _join(ledger, files, sealing)
    forgotten = ledger.versions_before(keep_days)
    removed: list[TablePart] = []
    if forgotten:
        with ledger.committing():
            removed = ledger.forget_before(forgotten[-1] + 1)
        for part in removed:
            files.remove(part)
    shorten(files.folder, ledger)
    return {"joined": joined, "versions": len(forgotten), "removed": len(removed)}


def join_many(ledger: Ledger, files: PartFiles, sealing: DataKeys) -> None:
    """Join small files where a table has many of one day: each ingest looks the events of its days up."""
    _join(ledger, files, sealing, least=_MANY)


def _join(ledger: Ledger, files: PartFiles, sealing: DataKeys, least: int = 2) -> int:
    """Join small files as a new version; give how many others replaced."""
    parts = ledger.parts(ledger.newest())
    kept = {part.id for part in conclusions_among(parts)}  # in order: they are joined by no one
    joined = joined_parts([part for part in parts if part.id not in kept], files, sealing, least)
    gone = [part for several, _ in joined for part in several]
    if joined:
        files.sync()
        with ledger.committing():
            ledger.add_version("compact", [part for _, part in joined], removed=[part.id for part in gone])
    return len(gone)


def erase_person(ledger: Ledger, files: PartFiles, sealing: DataKeys, person: str, person_type: str) -> int:
    """Take a person out of every part of every version, as one change; what was concluded with them goes.

    Returns
    -------
    int
        How many parts named the person.

    Raises
    ------
    InputError
        If it is no number of a document.
    """
    kind, number = document(person_type, person)
    erased = secrets.token_hex(4)
    return _replace_parts(
        ledger,
        files,
        partial(without_person, kind=kind, number=number, files=files, sealing=sealing, erased=erased),
        {},
        drops_conclusions=True,
    )


def change_keys(
    ledger: Ledger,
    files: PartFiles,
    before: DataKeys,
    after: DataKeys,
    wrapped: Mapping[str, bytes],
    wells: int,
) -> None:
    """Change the wrapped keys; where the data keys are others, write every part anew in the same change.

    Parameters
    ----------
    ledger, files
        The store's.
    before, after : DataKeys
        The same where the master key alone changes.
    wrapped : mapping
        `after`, wrapped by the new master key.
    wells : {96, 384}
        Wells of the store's plate.
    """
    if before != after:
        check_broker_holds_nothing(ledger.folder)

    def remake(part: TablePart) -> TablePart | None:
        return None if before == after else resealed(part, files, before, after, wells)

    _replace_parts(ledger, files, remake, wrapped)


def _replace_parts(
    ledger: Ledger,
    files: PartFiles,
    remake: Callable[[TablePart], TablePart | None],
    keys: Mapping[str, bytes],
    *,
    drops_conclusions: bool = False,
) -> int:
    """Write parts anew, and put the new ones in the place of the old in all versions, as one change.

    Parameters
    ----------
    remake : callable
        Gives the new part of a part; None where it stays.
    keys : mapping
        Wrapped data keys that change in the same moment; empty where they stay.
    drops_conclusions : bool
        Whether, where any part was replaced, no version has conclusions any more.

    Returns
    -------
    int
        How many parts were replaced; the old ones are removed.
    """
    made: list[tuple[TablePart, TablePart]] = []
    try:
        for part in ledger.all_parts():
            new = remake(part)
            if new is not None:
                made.append((part, new))
    except BaseException:
        for _, new in made:
            files.remove(new)
        raise
    files.sync()
    # of a commit that failed nobody knows whether the disk has it: the files stay until the next writer knows
    dropped = conclusions_among(ledger.all_parts()) if made and drops_conclusions else []
    with ledger.committing():
        ledger.drop_parts(dropped)
        ledger.replace_parts(made)
        for name, value in keys.items():
            ledger.set_meta(f"key.{name}", value)
    for old in (*dropped, *(old for old, _ in made)):
        files.remove(old)
    return len(made)
