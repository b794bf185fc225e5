"""The states in which a power cut may leave a folder, drawn from a seed.

Before the cut, everything synced is on disk. Of the rest any part may be: entries of folders in any choice, a rename done
or not; of a file's writes all, none, some, the first few, one of them torn, any sectors of each; a file may have its length and
zeros in it.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from benchmarks.power_record import Step

SECTOR = 512


def state_after(steps: Sequence[Step], root: str, rng: random.Random) -> dict[str, bytes | None]:
    """What is on disk when the power fails after some steps: content by path, None for folders."""
    content: dict[int, bytearray] = defaultdict(bytearray)
    writes: dict[int, list[Step]] = defaultdict(list)
    names: dict[str, int] = {}
    waiting: list[Step] = []
    for step in steps:
        if step.what in {"write", "cut"}:
            writes[step.file].append(step)
        elif step.what == "sync":
            for each in writes.pop(step.file, []):
                _apply(content[step.file], each)
        elif step.what == "sync_folder":
            for each in waiting:
                if str(PurePath(each.path).parent) == step.path:
                    _enter(names, each)
            waiting = [each for each in waiting if str(PurePath(each.path).parent) != step.path]
        elif step.what != "done":
            waiting.append(step)
    kept = rng.choice((0.0, 0.2, 0.5, 0.8, 1.0))
    for each in waiting:
        if rng.random() < kept:
            _enter(names, each)
    for file, several in writes.items():
        _cut_short(content[file], several, rng)
    return {
        path: None if file < 0 else bytes(content[file])
        for path, file in sorted(names.items())
        if all(str(above) in names or str(above) == root for above in _between(path, root))
    }


def _between(path: str, root: str) -> list[PurePath]:
    """The folders from the root to a path."""
    return [each for each in PurePath(path).parents if str(each).startswith(root)]


def _enter(names: dict[str, int], step: Step) -> None:
    if step.what == "remove":
        names.pop(step.path, None)
    elif step.what == "rename":
        names.pop(step.path, None)
        names[step.to] = step.file
    else:
        names[step.path] = step.file


def _apply(content: bytearray, step: Step) -> None:
    if step.what == "cut":
        del content[step.offset :]
        return
    end = step.offset + len(step.content)
    content.extend(bytes(max(0, end - len(content))))
    content[step.offset : end] = step.content


def _cut_short(content: bytearray, writes: list[Step], rng: random.Random) -> None:
    """Apply some of the writes that were not synced."""
    how = rng.choice(("all", "none", "first", "some", "torn", "zeros", "sectors"))
    if how == "none":
        return
    kept = {
        "all": writes, "first": writes[: rng.randint(0, len(writes))], "zeros": writes,
        "some": [each for each in writes if rng.random() < 0.5], "torn": writes,
        "sectors": writes,
    }[how]  # fmt: skip
    torn = rng.randrange(len(writes)) if how == "torn" else -1
    for place, each in enumerate(kept):
        if each.what == "cut" or (how not in ("zeros", "sectors") and place != torn):
            _apply(content, each)
        elif how == "sectors":
            _apply_sectors(content, each, rng)
        elif how == "zeros":  # the length is on disk, some of the sectors are not
            first = rng.randrange(len(each.content) // SECTOR + 1) * SECTOR
            told = each.content[:first] + bytes(len(each.content) - first)
            if each.offset >= len(content):
                _apply(content, each._replace(content=told))
            else:
                _apply(content, each)
        else:
            sectors = len(each.content) // SECTOR
            end = (
                rng.randrange(len(each.content) + 1)
                if rng.random() < 0.5
                else SECTOR * rng.randint(0, sectors)
            )
            _apply(content, each._replace(content=each.content[:end]))


def _apply_sectors(content: bytearray, step: Step, rng: random.Random) -> None:
    """Apply some sectors of a write; in place of the others is what was there, or zeros where nothing was."""
    share = rng.choice((0.1, 0.5, 0.9))
    before = bytes(content)
    _apply(content, step)
    for at in range(step.offset - step.offset % SECTOR, step.offset + len(step.content), SECTOR):
        if rng.random() >= share:
            end = min(at + SECTOR, len(content))
            content[at:end] = before[at:end].ljust(end - at, b"\0")
