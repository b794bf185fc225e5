"""Resolve typed paths to files, each folder once, and show names whatever their bytes are."""

from __future__ import annotations

import difflib
import errno
import glob
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from poolpipe.errors import InputError
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = [
    "LEDGER",
    "Found",
    "arrow_file",
    "changed",
    "expand",
    "identity",
    "is_stdin",
    "nature",
    "shown",
    "unusable",
    "walk",
]

LEDGER = "ledger.sqlite"
"""The file that makes a folder a store."""

HIDDEN = message("hidden", {})
LEFT_BEHIND = message("left_behind", {})
LINK_LOOP = message("link_loop", {})
READ_ALREADY = message("link_again", {})
DANGLING = message("link_dangling", {})
VANISHED = message("vanished", {})
NATURES = {
    "pipe": message("pipe_no_file", {}),
    "socket": message("socket_no_file", {}),
    "device": message("device_no_file", {}),
}
"""Why pipes, sockets and devices among files are not opened: reading them may never end."""

_STDIN = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a folder: a file, or a folder that is not entered.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Relative to the folder that was walked, with forward slashes; see `shown` for names that are no UTF-8.
    status : os.stat_result or None
        Size, times and identity, links followed; None for a link to nothing.
    aside : str
        Why it is not read; empty for a plain file.
    linked : bool
        Whether a link led to it.
    """

    path: Path
    name: str
    status: os.stat_result | None
    aside: str = ""
    linked: bool = False


def is_stdin(given: str | os.PathLike[str]) -> bool:
    """Whether a typed path is the standard input: `-`, or one of the names systems give it."""
    return os.fspath(given) in _STDIN


def shown(path: str | os.PathLike[str]) -> str:
    r"""Write a path as valid text: a byte that is not UTF-8 becomes `\xd5`."""
    return _SURROGATES.sub(_escaped, os.fspath(path))


def arrow_file(path: str | os.PathLike[str], mode: str = "rb") -> pa.OSFile:
    """Open a file for Arrow whose name may not be UTF-8, as Arrow's own paths must be.

    Parameters
    ----------
    path : path
        The file.
    mode : str
        As `pyarrow.OSFile` takes it.

    Returns
    -------
    pyarrow.OSFile
    """
    import pyarrow as pa

    return pa.OSFile(os.fsencode(path), mode)


def unusable(given: str, *, pipes: bool) -> InputError | None:
    """Make the error for a typed path that cannot be read from; None for a file, a folder, or a pattern that matches.

    Parameters
    ----------
    given : str
        A path, a pattern, or `-`.
    pipes : bool
        Whether pipes and the standard input are taken.

    Raises
    ------
    PermissionError
        If a folder on the way to it may not be looked into.
    """
    if not given:
        return InputError.of("empty_path", where="INPUT")
    path = Path(given)
    if is_stdin(given):
        what = "pipe"
    elif path.exists():
        what = nature(path.stat())
    elif glob.has_magic(given):
        return None if expand(given) else InputError.of("no_match", where=shown(given))
    else:
        if os.path.lexists(path):
            return InputError.of("link_to_nothing", where=shown(given))
        return InputError.of("no_such_path", where=shown(given), way_out=_nearest(path))
    if what in NATURES and not (pipes and what == "pipe"):
        return InputError.of("no_file_or_folder", where=shown(given), nature=NATURES[what])
    readable = is_stdin(given) or os.access(path, os.R_OK)
    return None if readable else InputError.of("unreadable", where=shown(given))


def identity(status: os.stat_result, path: str | os.PathLike[str]) -> tuple[object, ...]:
    """Key that all names of one file share: device and number, with size and time where a system reuses numbers.

    Parameters
    ----------
    status : os.stat_result
        Of the file, links followed.
    path : path
        Used where the system has no file numbers.

    Returns
    -------
    tuple
    """
    if not status.st_ino:
        return (os.path.realpath(path),)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def nature(status: os.stat_result) -> str:
    """Name the kind of a path: file, folder, pipe, socket or device."""
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"


def changed(before: os.stat_result, after: os.stat_result) -> str:
    """Say how a file changed between two looks at it.

    Parameters
    ----------
    before, after : os.stat_result
        Of the same file.

    Returns
    -------
    str
        Empty where it did not change.
    """
    then, now = before.st_size, after.st_size
    if now != then:
        code = "file_grew" if now > then else "file_shrank"
        return message(code, {"before": f"{then:,}", "now": f"{now:,}"})
    if after.st_mtime_ns != before.st_mtime_ns:
        return message("file_touched", {})
    return ""


def expand(pattern: str) -> list[Path]:
    """Paths that match a pattern, sorted; `**` stands for any number of folders, linked ones too, each once.

    `glob` follows links to folders it has visited: with two links to their own folder it does not end.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207 - the pattern may be absolute
    place = parts.index("**")
    bases = expand(str(Path(*parts[:place]))) if place else [Path()]
    rest = parts[place + 1 :]
    if not rest:
        return bases
    folders = {folder for base in bases if base.is_dir() for folder in _folders(base)}
    below = (expand(str(Path(glob.escape(str(folder)), *rest))) for folder in folders)
    return sorted({path for paths in below for path in paths})


def walk(folder: Path) -> Iterator[Found]:
    """Yield everything below a folder except folders; linked folders are entered, each folder once.

    Hidden files and folders with data, and everything that is no plain file, are yielded with the reason in `aside`.

    Raises
    ------
    PermissionError
        If a folder may not be read.
    """
    for each in _walked(folder):
        if isinstance(each, Found):
            yield each


class _Branch(NamedTuple):
    """A folder to enter."""

    path: Path
    name: str
    linked: bool

    def child(self, entry: os.DirEntry[str]) -> _Branch:
        return _Branch(self.path / entry.name, f"{self.name}{entry.name}/", self.linked or entry.is_symlink())

    def aside(self, why: str) -> Found:
        return Found(self.path, self.name.rstrip("/"), None, why, self.linked)


def _folders(folder: Path) -> Iterator[Path]:
    return (each.path for each in _walked(folder) if isinstance(each, _Branch))


def _walked(folder: Path) -> Iterator[Found | _Branch]:
    """Yield every folder once as it is entered, and everything in it; real folders before linked ones."""
    seen: set[tuple[int, int]] = set()
    waiting, links = [_Branch(folder, "", linked=False)], list[_Branch]()
    while waiting or links:
        branch = waiting.pop() if waiting else links.pop(links.index(min(links)))
        try:
            status = branch.path.stat()
            if status.st_ino and (status.st_dev, status.st_ino) in seen:
                yield branch.aside(READ_ALREADY)
                continue
            entries = sorted(os.scandir(branch.path), key=lambda entry: entry.name)
        except PermissionError:
            raise
        except OSError:
            yield branch.aside(VANISHED)
            continue
        seen.add((status.st_dev, status.st_ino))
        yield branch
        for entry in entries:
            found = _entry(entry, branch)
            if isinstance(found, Found):
                yield found
            elif found is not None:
                (links if entry.is_symlink() else waiting).append(found)


def _entry(entry: os.DirEntry[str], branch: _Branch) -> Found | _Branch | None:
    """Classify an entry of a folder: a file or a skipped entry, a folder to enter, or None."""
    child = branch.child(entry)
    try:
        status = entry.stat()
    except OSError as error:
        why = LINK_LOOP if error.errno == errno.ELOOP else DANGLING if entry.is_symlink() else VANISHED
        return child.aside(why)
    what = nature(status)
    hidden = entry.name.startswith(".")
    if what == "folder":
        if hidden:
            why = LEFT_BEHIND if entry.name.startswith(".writing-") else HIDDEN
            return child.aside(why) if _holds_data(child.path) else None
        return child.aside(LINK_LOOP) if entry.is_symlink() and _leads_back(child.path) else child
    if hidden and not status.st_size:
        return None
    why = NATURES.get(what, HIDDEN if hidden else "")
    return Found(child.path, child.name.rstrip("/"), status, why, child.linked)


def _leads_back(link: Path) -> bool:
    """Whether a link leads to a folder that contains the link."""
    target, home = os.path.realpath(link), os.path.realpath(link.parent)
    return home == target or home.startswith(target.rstrip(os.sep) + os.sep)


def _holds_data(folder: Path) -> bool:
    """Whether any file below a folder has content; a folder that may not be read counts as content."""
    try:
        with os.scandir(folder) as entries:
            return any(
                _holds_data(Path(entry.path))
                if entry.is_dir(follow_symlinks=False)
                else entry.is_symlink() or entry.stat().st_size > 0
                for entry in entries
            )
    except OSError:
        return True


def _nearest(path: Path) -> str:
    """Suggest the existing path most like this one, with the first missing part corrected."""
    parts = path.parts
    missing = next(n for n in range(1, len(parts) + 1) if not Path(*parts[:n]).exists())
    parent = Path(*parts[: missing - 1]) if missing > 1 else Path()
    names = (
        sorted(each.name for each in parent.iterdir() if not each.name.startswith("."))
        if parent.is_dir() and os.access(parent, os.R_OK)
        else []
    )
    alike = difflib.get_close_matches(parts[missing - 1], names, n=1, cutoff=0.7)
    if alike:
        return f"did you mean 您是否指: {shown(parent / alike[0])}"
    return f"{shown(parent.absolute())} holds 内有: {shown(', '.join(names[:8])) or 'nothing 无'}"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
