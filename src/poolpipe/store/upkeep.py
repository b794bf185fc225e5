"""Keep a store small and its keys fresh: join files, forget versions, put files in the place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.store.rewriting import joined_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, Part
    from poolpipe.store.part_files import PartFiles

__all__ = ["compact_parts", "replace_parts", "set_keys"]


def compact_parts(ledger: Ledger, files: PartFiles, sealing: DataKeys, keep_days: float) -> dict[str, int]:
    """Join small files as a new version; forget versions older than some days, and remove what only they have.

    Files are removed after the ledger has forgotten them: a crash in between leaves files that the next writer removes.

    Returns
    -------
    dict
        As `Store.compact`.
    """
    joined = joined_parts(ledger.parts(ledger.newest()), files, sealing)
    gone = [part for several, _ in joined for part in several]
    if joined:
        files.sync()
        with ledger.committing():
            ledger.add_version("compact", [part for _, part in joined], removed=[part.id for part in gone])
    forgotten = ledger.versions_before(keep_days)
    removed: list[Part] = []
    if forgotten:
        with ledger.committing():
            removed = ledger.forget_before(forgotten[-1] + 1)
        for part in removed:
            files.remove(part)
    return {"joined": len(gone), "versions": len(forgotten), "removed": len(removed)}


def replace_parts(
    ledger: Ledger, files: PartFiles, remake: Callable[[Part], Part | None], keys: Mapping[str, bytes]
) -> int:
    """Write parts anew, and put the new ones in the place of the old in all versions, as one change.

    Parameters
    ----------
    remake : callable
        Gives the new part of a part; None where it stays.
    keys : mapping
        Wrapped data keys that change in the same moment; empty where they stay.

    Returns
    -------
    int
        How many parts were replaced; the old ones are removed.
    """
    made: list[tuple[Part, Part]] = []
    try:
        for part in ledger.all_parts():
            new = remake(part)
            if new is not None:
                made.append((part, new))
        files.sync()
        with ledger.committing():
            for old, new in made:
                ledger.replace_part(old, new)
            set_keys(ledger, keys)
    except BaseException:
        for _, new in made:
            files.remove(new)
        raise
    for old, _ in made:
        files.remove(old)
    return len(made)


def set_keys(ledger: Ledger, wrapped: Mapping[str, bytes]) -> None:
    """Put wrapped data keys into the ledger, within `committing`."""
    for name, value in wrapped.items():
        ledger.set_meta(f"key.{name}", value)
