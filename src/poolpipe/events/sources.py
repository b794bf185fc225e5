"""Which files an INPUT means, and what kind of event a file's name promises."""

from __future__ import annotations

import difflib
import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.errors import InputError
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Source", "find_sources", "kind_of_name"]

_SUFFIXES = (".csv", ".tsv", ".ndjson", ".jsonl", ".parquet", ".pq", ".arrow", ".ipc", ".feather")
_DOUBTFUL = (".txt", ".json")
"""Endings of notes and settings as well: taken only where the name promises a kind of event."""

_COMPRESSED = (".gz", ".zst", ".zstd")
_WRITTEN = {"summary.json", "pools.parquet", "recalls.parquet"}
_NAME_BEGINS = re.compile(rf"({'|'.join(KINDS)})(?![A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One file of events.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        How results name it: relative to the folder it was found under, with forward slashes.
    kind : str or None
        The kind of event its folder or name promises; None where a `kind` column must tell.
    """

    path: Path
    name: str
    kind: str | None


def find_sources(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    recognises: Callable[[Path], bool] = lambda _: False,
) -> tuple[list[Source], list[str]]:
    """Resolve files, folders (recursively) and globs into sources, sorted by name; each file once.

    Parameters
    ----------
    inputs : path or paths
    recognises : callable
        Asked about files whose endings are no event file's: whether somebody else can read them.

    Returns
    -------
    sources : list of Source
    skipped : list of str
        Files in the folders whose endings are no event file's: named, so that nothing is lost silently.

    Raises
    ------
    InputError
        If an input does not exist, may not be read, or matches nothing.
    """
    named = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    found: dict[Path, Source] = {}
    skipped: dict[str, None] = {}
    taken: dict[str, Path] = {}
    for given in named:
        for path, name in _files(Path(given)):
            if not _is_event_file(path, name) and path != Path(given) and not recognises(path):
                skipped[name] = None
                continue
            resolved = path.resolve()
            if resolved in found:
                continue
            unique = name if name not in taken else path.as_posix()
            taken[unique] = resolved
            found[resolved] = Source(path, unique, kind_of_name(name))
    sources = sorted(found.values(), key=lambda source: source.name)
    if not sources:
        where = ", ".join(str(given) for given in named)
        raise InputError(
            "there is no event file",
            where=where,
            way_out=f"give CSV, NDJSON, Parquet or Arrow files ({' '.join(_SUFFIXES)}, also .gz and .zst)",
        )
    return sources, sorted(skipped)


def kind_of_name(name: str) -> str | None:
    """Tell the kind a file's name begins with, else the kind its nearest folder is called after."""
    parts = name.split("/")
    for part in reversed(parts):
        match = _NAME_BEGINS.match(part)
        if match and (part is parts[-1] or match.group(0).lower() == part.lower()):
            return match.group(0).lower()
    return None


def _files(given: Path) -> list[tuple[Path, str]]:
    """Files an input stands for, each with its name relative to the input."""
    try:
        if given.is_file():
            # The folder counts as well: `collect/part-1.csv` promises collects even when given alone.
            return [
                (given, f"{given.resolve().parent.name}/{given.name}" if _folder_tells(given) else given.name)
            ]
        if given.is_dir():
            paths = sorted(_walk(given))
            return [(path, path.relative_to(given).as_posix()) for path in paths]
    except PermissionError as error:
        raise InputError(
            "may not be read", where=str(error.filename or given), way_out="ask for the right"
        ) from error
    matches = [Path(match) for match in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207 - the pattern may be absolute
    if not matches:
        raise InputError("no such file, folder or pattern", where=str(given), way_out=_did_you_mean(given))
    return [file for match in matches for file in _files(match)]


def _walk(folder: Path) -> list[Path]:
    """Every plain file below `folder`, hidden ones left aside; a folder that may not be read is an error."""

    def refuse(error: OSError) -> None:
        raise error

    found: list[Path] = []
    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if set(files) >= _WRITTEN:  # what a run has written into its input folder is no input
            continue
        found.extend(Path(root) / name for name in files if not name.startswith("."))
    return found


def _folder_tells(path: Path) -> bool:
    return kind_of_name(path.name) is None and path.resolve().parent.name.lower() in KINDS


def _is_event_file(path: Path, name: str) -> bool:
    bare = path.name.lower()
    for ending in _COMPRESSED:
        bare = bare.removesuffix(ending)
    return bare.endswith(_SUFFIXES) or (bare.endswith(_DOUBTFUL) and kind_of_name(name) is not None)


def _did_you_mean(given: Path) -> str:
    folder = given.parent
    try:
        near = difflib.get_close_matches(given.name, [path.name for path in folder.iterdir()], n=1)
    except OSError:
        return f"there is no folder {folder} either"
    return f"did you mean {folder / near[0]}?" if near else f"look into {folder}"
