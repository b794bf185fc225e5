"""Repair a store of which files are damaged: what they held is taken in again from the files that it came from.

Nothing changes before all of it is there again, unless the loss is accepted: then it is written down, input by input.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from poolpipe.errors import InputError
from poolpipe.store.checking import Counted, read_proved
from poolpipe.store.concluding import conclusions_among
from poolpipe.store.conclusion_tables import CONTENTS
from poolpipe.store.contents import LOADS
from poolpipe.store.known_files import Lost
from poolpipe.store.ledger_rows import Withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import InputTaken, Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

    Progress = Callable[[str, int, int], None]
    Commit = Callable[[str, list[TablePart], list[InputTaken]], int]

__all__ = ["Repaired", "repair_store"]


class Repaired(NamedTuple):
    """What became of a store's damaged files.

    Attributes
    ----------
    files : list of str
        The damaged files of events and rejects, below the store; they are no part of it any more.
    lost, recovered : int
        Records that they held, and how many of them are there again.
    forgotten : int
        Older versions that cannot be read any more.
    """

    files: list[str]
    lost: int
    recovered: int
    forgotten: int


def repair_store(
    ledger: Ledger,
    files: PartFiles,
    sealing: DataKeys,
    take: Callable[[Lost, Commit], None],
    *,
    accepts_loss: bool,
    progress: Progress | None = None,
) -> Repaired:
    """Put what damaged files held in their place.

    Parameters
    ----------
    ledger, files, sealing
        The store's.
    take : callable
        Reads the inputs that were given, for what is lost; commits by its second argument.
    accepts_loss : bool
        Whether what the inputs do not hold may be given up.
    progress : callable, optional
        Called with ("checking", files checked, of how many).

    Returns
    -------
    Repaired

    Raises
    ------
    InputError
        If records are lost that no input holds, and that is not accepted; then nothing has changed.
    """
    version, everything = ledger.newest(), ledger.all_parts()
    now, damaged, sound = ledger.parts(version), set(), Counted()
    newest = {part.id for part in now}
    for place, part in enumerate(everything):
        clear, damages = read_proved(part, files, sealing)
        if damages:
            damaged.add(part.id)
        elif part.id in newest:
            list(sound.add(part, clear))  # what is there twice is found by `check_store`
        if progress:
            progress("checking", place + 1, len(everything))
    if not damaged:
        return Repaired([], 0, 0, 0)
    ids = frozenset(damaged)
    lost = [part for part in now if part.id in ids and part.content not in CONTENTS]
    missing = _missing(sound, ledger) if lost else {}
    wanted = _wanted(lost, missing, ledger)
    made: list[TablePart] = []
    taken: list[InputTaken] = []

    def commit(_: str, parts: list[TablePart], inputs: list[InputTaken]) -> int:
        made.extend(parts)
        taken.extend(inputs)
        return version

    try:
        if lost:
            take(wanted, commit)
        _assure(lost, made, missing, taken, ledger, accepts_loss=accepts_loss)
    except BaseException:
        for part in made:
            files.remove(part)
        raise
    gone = [Withdrawn(each, *counts, "lost") for each, counts in sorted(missing.items())]
    tables = conclusions_among(now)
    drops = lost or ids & {part.id for part in tables}
    removed = [part.id for part in (*lost, *(tables if drops else ()))]
    forgotten = [
        each.version for each in ledger.versions() if ids & {part.id for part in ledger.parts(each.version)}
    ]
    files.sync()
    with ledger.committing():
        new = ledger.add_version("repair", made, removed=removed, inputs=taken, withdrawn=gone)
        before = forgotten[-1] if forgotten else -1
        unnamed = ledger.forget_before(min(before + 1, new)) if forgotten else []
    for part in unnamed:
        files.remove(part)
    return Repaired(
        [each.path for each in lost],
        sum(each.rows for each in lost),
        sum(each.rows for each in made),
        len(forgotten),
    )


def _missing(sound: Counted, ledger: Ledger) -> dict[int, tuple[int, int]]:
    """How many events and refused records of each input the sound files do not hold."""
    lacks = {
        each.id: (each.accepted - sound.events[each.id], each.rejected - sound.rejects[each.id])
        for each in ledger.held(ledger.newest())
    }
    return {number: counts for number, counts in lacks.items() if any(counts)}


def _wanted(lost: Sequence[TablePart], missing: dict[int, tuple[int, int]], ledger: Ledger) -> Lost:
    inputs = [each for each in ledger.inputs(ledger.newest()) if each.sha256]
    every = any(part.content == LOADS for part in lost)  # nothing tells of which input a refused load is
    arrived = {each.sha256: each.arrived for each in inputs if every or each.id in missing}
    rejects = frozenset(each.sha256 for each in inputs if each.id in missing and missing[each.id][1])
    return Lost(frozenset(part.id for part in lost), arrived, rejects)


def _assure(
    lost: list[TablePart],
    made: list[TablePart],
    missing: dict[int, tuple[int, int]],
    taken: list[InputTaken],
    ledger: Ledger,
    *,
    accepts_loss: bool,
) -> None:
    """Raise where less is there again than was lost."""
    before, after = _rows(lost), _rows(made)
    lacks = sum(max(0, count - after[content]) for content, count in before.items())
    if lacks and not accepts_loss:
        read = {each.sha256 for each in taken}
        names = [
            each.name
            for each in ledger.inputs(ledger.newest())
            if each.id in missing and each.sha256 not in read
        ]
        raise InputError.of(
            "not_recovered",
            where=str(ledger.folder),
            count=lacks,
            of=before.total(),
            files=", ".join(dict.fromkeys(names)) or "—",
        )


def _rows(parts: Sequence[TablePart]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts[part.content] += part.rows
    return counts
