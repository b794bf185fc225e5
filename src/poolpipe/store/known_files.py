"""Recognise files that a store has taken in before, by their content and the way in which they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from poolpipe.results.durable import proof_of_file
from poolpipe.store.contents import FILE_COUNTS

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.events.opening import Foreign
    from poolpipe.events.sources import Source
    from poolpipe.store.ledger import Ledger

__all__ = ["DATED_AHEAD", "KnownFiles", "Lost"]

DATED_AHEAD: Final = "dated_ahead"
"""Note of an input of which events were refused because they were dated too far ahead of their arrival."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a store has lost with damaged files.

    Attributes
    ----------
    parts : frozenset of int
        Ids of the damaged parts.
    arrived : dict of str to int
        Content of each file that lost records came from, and when it came, microseconds since 1970.
    rejects : frozenset of str
        Contents of which refused records are lost, too.
    """

    parts: frozenset[int]
    arrived: dict[str, int]
    rejects: frozenset[str]


class KnownFiles:
    """Files whose content, read in the same way, the store has taken in before.

    Parameters
    ----------
    ledger : Ledger
    foreign : Foreign, optional
        As in `read_events`.
    way : str
        How the caller wants files read.
    lost : Lost, optional
        What the store has lost: files that it came from are read again.
    """

    def __init__(self, ledger: Ledger, foreign: Foreign | None, way: str, lost: Lost | None = None) -> None:
        self._ledger = ledger
        self._lost = lost
        self._foreign = foreign
        self._way = way
        self._contents: dict[Path, tuple[str, tuple[int, ...]]] = {}
        self._here: dict[str, str] = {}
        self.report: list[dict[str, Any]] = []
        self.rejects_known: set[Path] = set()

    def content(self, source: Source) -> str:
        """Name a source's content and the way in which it is read; empty where it is no file."""
        if source.path not in self._contents:
            try:
                before = _state(
                    source.path
                )  # and again when it was read: of a file that changed nothing is known
                self._contents[source.path] = (proof_of_file(source.path)["sha256"], before)
            except OSError:  # no file, or unreadable: reading it says so
                self._contents[source.path] = ("", ())
        content = self._contents[source.path][0]
        if not content:
            return ""
        way = (
            self._way,
            source.kind,
            sorted(source.columns.items()),
            source.sheet,
            source.likely,
            source.mapped,
        )
        return hashlib.sha256(f"{content}{way!r}".encode()).hexdigest()

    def content_if_unchanged(self, source: Source) -> str:
        """The same once it was read; empty where the file has changed meanwhile."""
        content = self.content(source)
        try:
            return content if content and _state(source.path) == self._contents[source.path][1] else ""
        except OSError:
            return ""

    def leaves_out(self, source: Source) -> bool:
        """Whether nothing of a source need be read; it is reported then."""
        content = self.content(source)
        if self._lost is not None:
            return self._is_of_no_help(content, source, self._lost)
        if not content:
            return False
        before = self._here.get(content) or self._ledger.input_like(content)
        if before is None:
            self._here[content] = source.name
            return False
        # what was dated ahead of its arrival may be accepted now
        is_open = self._ledger.newest_notes(content).get(DATED_AHEAD)
        if is_open or (self._foreign and self._foreign.recognises(source.path)):
            # other files beside it may tell more of it now: its events are read again, and are duplicates or new
            self.rejects_known.add(source.path)
            return False
        self.report.append({"file": source.name, **dict.fromkeys(FILE_COUNTS[1:], 0), "again": before})
        return True

    def _is_of_no_help(self, content: str, source: Source, lost: Lost) -> bool:
        """Whether no lost record came from a source, or the same content was read."""
        if content not in lost.arrived or content in self._here:
            return True
        self._here[content] = source.name
        if content not in lost.rejects:
            self.rejects_known.add(source.path)
        return False

    def arrived_before(self, source: Source) -> int | None:
        """When a source first came whose events are taken in again because they were lost, microseconds since 1970."""
        return self._lost.arrived.get(self.content(source)) if self._lost else None


def _state(path: Path) -> tuple[int, ...]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino
