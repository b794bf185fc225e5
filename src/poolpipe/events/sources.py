"""List the files of an input, each once, with its name in results, and say why others are left out."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from glob import has_magic
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.errors import InputError
from poolpipe.events.earlier import IN_STORE, NAMED, files_of_result, is_in_store
from poolpipe.events.folders import columns_of_folders, folders_typed, kind_of_name, telling
from poolpipe.events.formats import ENDINGS, WORKBOOK, unreadable
from poolpipe.events.pipes import WITHOUT_NAME
from poolpipe.events.streams import recognised, tells_events
from poolpipe.events.unpacking import DamageError, opened
from poolpipe.messages import in_both, message
from poolpipe.paths import (
    DANGLING,
    NATURES,
    READ_ALREADY,
    Found,
    expand,
    identity,
    is_stdin,
    nature,
    shown,
    unusable,
    walk,
)
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from poolpipe.events.mapping import FileMapping
    from poolpipe.events.pipes import Spool

    _Asked = Callable[[Path], bool]

__all__ = ["Source", "find_sources", "nothing_to_read"]

_SUFFIXES = (".csv", ".tsv", ".ndjson", ".jsonl", ".parquet", ".pq", ".arrow", ".ipc", ".feather")
_DOUBTFUL = (".txt", ".json")
"""Endings that notes and settings have as well: read only where the name has a kind of event."""
_COMPRESSED = (".gz", ".zst", ".zstd")
_HEAD = 4096

NOT_EVENTS = message("no_event_file", {})
EVENTS_BY_CONTENT = message("events_by_content", {})
EMPTY = message("file_hollow", {})
SAME = message("same_file", {})
APART = {
    "people": message("people_given", {}),
    "sites": message("sites_given", {}),
    "labs": message("labs_given", {}),
}
SETTLED = frozenset([EMPTY, SAME, NAMED, IN_STORE, READ_ALREADY, *APART.values()])
"""Reasons that need no action: the file's content is read elsewhere, or is no event."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of events.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Its name in results: relative to the folder it was found under, with forward slashes, as text.
    kind : str or None
        The kind of event that its folder or name has; None where a column `kind` must have it.
    columns : mapping
        Values that folders such as `round=1` give to records whose own cell is empty.
    size : int
        Bytes, at the time it was found.
    sheet : str
        Title of the sheet of a workbook that it is; empty for a whole file.
    likely : str
        Kind that a Chinese name of the file, its folder or its sheet tells; it counts where the header allows it.
    table : str
        Reference table that it holds, `people` say; empty for events.
    mapped : FileMapping, optional
        What a mapping says of it.
    groups : (int, int), optional
        First and last but one of the row groups of a Parquet file that are read; None for all of it.
    """

    path: Path
    name: str
    kind: str | None
    columns: Mapping[str, str | None] = field(default_factory=dict)
    size: int = 1
    sheet: str = ""
    likely: str = ""
    table: str = ""
    mapped: FileMapping | None = None
    groups: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Given:
    """A file under one of the names by which an input leads to it.

    Attributes
    ----------
    label : str
        Its name relative to the input, led by those folders around the input that have its kind or columns.
    told : str
        The same, or the name of a link's target where the link's own name has no kind.
    own : bool
        Whether the input is this very file.
    """

    found: Found
    label: str
    told: str
    own: bool = False

    @classmethod
    def of(cls, found: Found, folders: tuple[str, ...], *, own: bool = False) -> _Given:
        label = told = telling(folders, found.name)
        if found.linked and kind_of_name(label) is None:
            real = Path(os.path.realpath(found.path))
            told = telling(folders_typed(real.parent), real.name)
            told = told if kind_of_name(told) else label
        return cls(found, label, told, own)

    @property
    def place(self) -> str:
        return os.path.abspath(self.found.path)  # noqa: PTH100 - a link is another place

    @property
    def key(self) -> object:
        """Key that all names of one file share."""
        status = self.found.status
        return self.place if status is None else identity(status, self.found.path)

    @property
    def promised(self) -> tuple[str | None, tuple[tuple[str, str | None], ...]]:
        """The kind and the columns that name and folders give."""
        return kind_of_name(self.told), tuple(sorted(columns_of_folders(self.told).items()))


def find_sources(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    recognises: Callable[[Path], bool] = lambda _: False,
    *,
    spool: Spool | None = None,
    kind: str | None = None,
    apart: Mapping[str, Path] | None = None,
) -> tuple[list[Source], dict[str, str]]:
    """Resolve files, folders (recursively), patterns and pipes into sources, sorted by name; each file once.

    A file that two names lead to is one source, unless the names give different kinds or columns. Equal names of
    different files are led by as much of their paths as makes them different.

    Parameters
    ----------
    inputs : path or paths
    recognises : callable
        Whether the `foreign` reader can read a file whose ending is no event file's.
    spool : Spool, optional
        Where pipes and the standard input are kept; without one they are refused.
    kind : str, optional
        The kind of files whose name and folders have none.
    apart : mapping, optional
        Files that are reference tables, by the table's name.

    Returns
    -------
    sources : list of Source
    skipped : dict of str to str
        Name of each file in the folders that is not read, and why.

    Raises
    ------
    InputError
        If an input does not exist, may not be read, matches nothing, or if there is nothing to read.
    """
    named = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    chosen, elsewhere = _once([each for one in named for each in _given(os.fspath(one), spool)])
    beside, kept = cache(files_of_result), cache(is_in_store)
    tables: dict[object, str] = {
        identity(path.stat(), path): APART[table] for table, path in (apart or {}).items() if path.exists()
    }
    reasons = [
        *((tables and tables.get(each.key)) or _why_not(each, recognises, beside, kept) for each in chosen),
        *(SAME for _ in elsewhere),
    ]
    sources, skipped = list[Source](), dict[str, str]()
    for each, name, why in zip([*chosen, *elsewhere], _apart([*chosen, *elsewhere]), reasons, strict=True):
        if why:
            skipped[name] = why
            continue
        promised, columns = each.promised
        size = each.found.status.st_size if each.found.status else 0
        sources.append(Source(each.found.path, name, promised or kind, dict(columns), size))
    if not sources:
        raise nothing_to_read(named, dict(sorted(skipped.items())))
    return sorted(sources, key=lambda source: source.name), dict(sorted(skipped.items()))


def nothing_to_read(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], skipped: Mapping[str, str]
) -> InputError:
    """Make the error for an input in which no file can be read; it names some that were left aside, and why.

    Parameters
    ----------
    inputs : path or paths
        As given by the user.
    skipped : mapping of str to str
        Name of each file left aside, and the reason.

    Returns
    -------
    InputError
    """
    told = [in_both(f"{name}: {why}") for name, why in list(skipped.items())[:5]]
    if more := len(skipped) - len(told):
        told.append(in_both(message("more_left_aside", {"count": more})))
    files = Wording(*("; ".join(each) for each in zip(*told, strict=True))) if told else None
    left_aside = in_both(message("left_aside", {"files": files})) if files else ""
    where = ", ".join(map(shown, [inputs] if isinstance(inputs, str | os.PathLike) else inputs))
    return InputError.of("nothing_to_read", where=where, left_aside=left_aside, endings=" ".join(_SUFFIXES))


def _given(given: str, spool: Spool | None) -> Iterator[_Given]:
    """Yield the files of an input."""
    try:
        if error := unusable(given, pipes=spool is not None):
            raise error
        path = Path(given)
        if is_stdin(given):
            yield _piped(given, "stdin", spool)
        elif has_magic(given) and not path.exists():
            yield from _matching(given)
        elif (what := nature(path.stat())) == "file":
            linked = os.path.realpath(path) != os.path.abspath(path)  # noqa: PTH100 - a link is another place
            found = Found(path, path.name, path.stat(), linked=linked)
            yield _Given.of(found, folders_typed(path.parent), own=True)
        elif what == "folder":
            yield from _below(path)
        else:
            yield _piped(given, given if given.startswith(WITHOUT_NAME) else path.name, spool)
    except PermissionError as error:
        raise InputError.of("unreadable", where=shown(error.filename or given)) from error


def _below(folder: Path) -> Iterator[_Given]:
    """Yield the files below a folder on the command line; its own name and its target's may give kind and columns."""
    folders = folders_typed(folder)
    linked = os.path.realpath(folder) != os.path.abspath(folder)  # noqa: PTH100 - a link is another place
    for found in walk(folder):
        yield _Given.of(replace(found, linked=found.linked or linked), folders)


def _matching(pattern: str) -> Iterator[_Given]:
    """Yield the files that a pattern matches, named relative to the folder of its first wildcard."""
    matches = expand(pattern)
    parts = Path(pattern).parts
    root = Path(*parts[: next(place for place, part in enumerate(parts) if has_magic(part))])
    folders = folders_typed(root)
    for match in matches:
        name = match.relative_to(root).as_posix()
        if match.is_dir():
            below = (replace(found, name=f"{name}/{found.name}") for found in walk(match))
            yield from (_Given.of(found, folders) for found in below)
        elif not match.exists():
            yield _Given.of(Found(match, name, None, DANGLING), folders)
        else:
            status = match.stat()
            aside = NATURES.get(nature(status), "")
            yield _Given.of(Found(match, name, status, aside, match.is_symlink()), folders)


def _piped(given: str, name: str, spool: Spool | None) -> _Given:
    if spool is None:
        raise TypeError("a pipe was taken without a place to keep it")  # `unusable` refused it
    path = spool.keep(given)
    folders = () if is_stdin(given) else folders_typed(Path(given).parent)
    return _Given.of(Found(path, name, path.stat()), folders, own=True)


def _once(given: list[_Given]) -> tuple[list[_Given], list[_Given]]:
    """Choose among the names that lead to one file; give the other places it was found in beside those chosen."""
    groups: dict[object, list[_Given]] = {}
    for each in given:
        groups.setdefault(each.key, []).append(each)
    chosen, elsewhere = list[_Given](), list[_Given]()
    for group in groups.values():
        kept = group if len(group) == 1 else _telling_most(group)
        chosen += kept
        if len(group) > 1:
            places = {each.place: each for each in group}
            elsewhere += [places[place] for place in sorted(places.keys() - {each.place for each in kept})]
    return chosen, elsewhere


def _telling_most(group: list[_Given]) -> list[_Given]:
    """Choose among several names of one file: the one that gives most, real names before links.

    Hard links whose names give different kinds or columns count as different files: each is read.
    A symbolic link may give a kind or column that the file's own name does not, and nothing else.
    """
    own = any(each.own for each in group)
    ranked = sorted(group, key=lambda one: (-one.label.count("/"), one.label))
    usable = [replace(each, own=own) for each in ranked if not each.found.aside]
    real = _promising_most([each for each in usable if not each.found.linked])
    links = _promising_most([each for each in usable if each.found.linked])
    if not real:
        return links[:1] or ranked[:1]
    return [next((link for link in links if _promises_less(one, link)), one) for one in real]


def _promising_most(names: list[_Given]) -> list[_Given]:
    """The first name of each kind and columns that are not part of another name's."""
    first = {each.promised: each for each in reversed(names)}
    return [
        each
        for each in names
        if each is first[each.promised] and not any(_promises_less(each, other) for other in first.values())
    ]


def _promises_less(one: _Given, other: _Given) -> bool:
    """Whether a name's kind and columns are part of another name's."""
    (kind, columns), (other_kind, other_columns) = one.promised, other.promised
    part = kind in (None, other_kind) and set(columns) <= set(other_columns)
    return part and one.promised != other.promised


def _why_not(each: _Given, recognises: _Asked, beside: Callable[[Path], frozenset[str]], kept: _Asked) -> str:
    """Say why a file is no source; empty where it is one."""
    if (found := each.found).aside:
        return found.aside
    if found.path.name in beside(found.path.parent):
        return NAMED
    if kept(found.path.parent):
        return IN_STORE
    if each.own or _is_event_file(found.path.name, kind_of_name(each.told)):
        return ""
    if found.path.suffix.lower() in ENDINGS and _by_content(found.path) in (WORKBOOK, EVENTS_BY_CONTENT):
        return ""  # its sheets tell more; the machines' reader takes 4 s for 50,000 rows
    return "" if recognises(found.path) else _by_content(found.path)


def _by_content(path: Path) -> str:
    """Say what a file is whose name is no event file's."""
    try:
        raw, file, _ = opened(path)
        with raw:
            head = bytes(file.read(_HEAD))
    except OSError as error:
        return message("other_unreadable", {"why": error.strerror or str(error)})
    except DamageError as error:
        return message("other_packed", {"why": error.why})
    if not head:
        return EMPTY
    if foreign := unreadable(head):
        return foreign
    if recognised(head, "") not in ("csv", "ndjson"):
        return EVENTS_BY_CONTENT
    return EVENTS_BY_CONTENT if tells_events(head) else NOT_EVENTS


def _apart(given: list[_Given]) -> list[str]:
    """Name files so that no two share a name, whatever order they came in: by label, else as typed, else in full."""
    ways = (attrgetter("label"), attrgetter("found.path"), attrgetter("place"))
    names = [shown(each.label) for each in given]
    levels = [0] * len(given)
    while True:
        often = Counter(names)
        clashing = [row for row, name in enumerate(names) if often[name] > 1 and levels[row] < 2]
        if not clashing:
            break
        for row in clashing:
            levels[row] += 1
            names[row] = shown(ways[levels[row]](given[row])).replace(os.sep, "/")
    # Bytes that are no UTF-8 may be shown like the name of a file that is really called so.
    alike = [row for row, name in enumerate(names) if often[name] > 1]
    seen: Counter[str] = Counter()
    for row in sorted(alike, key=lambda row: os.fsencode(given[row].place)):
        seen[names[row]] += 1
        if seen[names[row]] > 1:
            names[row] += f" [{seen[names[row]]}]"
    return names


def _is_event_file(name: str, kind: str | None) -> bool:
    bare = name.lower()
    for ending in _COMPRESSED:
        bare = bare.removesuffix(ending)
    return bare.endswith(_SUFFIXES) or (bare.endswith(_DOUBTFUL) and kind is not None)
