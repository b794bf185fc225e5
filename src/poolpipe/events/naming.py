"""Understand a header: which column of docs/tables.md each of its names is, which kind of event it tells, what must be asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from poolpipe.coding.headers import (
    NUMBERING,
    PLACE,
    bare_header,
    column_of_header,
    date_of_header,
    times_of_header,
)
from poolpipe.display import column_list
from poolpipe.messages import message
from poolpipe.tables import DATE_OF_TIME, EVENTS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ANY_NAMES", "NamedColumns", "Naming", "OpenQuestion", "kinds_told"]


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Something that a file leaves open, and the setting that answers it.

    Attributes
    ----------
    code : str
        Key of `poolpipe.messages.MESSAGES`.
    asked : str
        The question, in English and Chinese.
    answer : str
        The option or the line of a mapping that answers it.
    """

    code: str
    asked: str
    answer: str


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """What a header means.

    Attributes
    ----------
    names : tuple of str
        For each name of the header the column it stands for; empty where it is none.
    kind : str
        Kind of event that the header alone tells; empty where it tells none, or several.
    kinds : tuple of str
        All kinds of which every column that must be there is there.
    renamed : mapping of str to str
        Names of the header that stand for a column of another name, and that column.
    questions : tuple of OpenQuestion
        What is left open.
    header : tuple of str
        The names as they are written.
    line : int
        Line of the header, from 1; 0 where it is not known.
    """

    names: tuple[str, ...]
    kind: str = ""
    kinds: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[OpenQuestion, ...] = ()
    header: tuple[str, ...] = ()
    line: int = 0

    def joined(self, other: NamedColumns) -> NamedColumns:
        """What this header and another one of the same file mean together.

        A column that is missing is asked only where both lack it.
        """
        more = [place for place, name in enumerate(other.header) if name not in self.header]
        asked = dict.fromkeys([*self.questions, *other.questions])
        both = {*self.questions} & {*other.questions}
        return NamedColumns(
            (*self.names, *(other.names[place] for place in more)),
            self.kind if self.kind == other.kind else "",
            tuple(dict.fromkeys([*self.kinds, *other.kinds])),
            {**self.renamed, **other.renamed},
            tuple(each for each in asked if each.code != "column_untold" or each in both),
            (*self.header, *(other.header[place] for place in more)),
            self.line,
        )


@dataclass(frozen=True, slots=True)
class Naming:
    """How the headers of a file are understood.

    Attributes
    ----------
    kind : str
        Kind of event that the file's name, its folder, an option or a mapping tells; empty where none does.
    likely : str
        Kind that a Chinese name tells: it decides among kinds that the header allows.
    table : str
        Reference table that the file holds, `people` say; empty for events.
    columns : mapping of str to str
        Of a mapping: cleaned header to column; an empty column leaves it out.
    file : str
        Name of the file in answers.
    """

    kind: str = ""
    likely: str = ""
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    file: str = ""

    @property
    def key(self) -> str:
        """The column that every header has."""
        return REFERENCE[self.table][0] if self.table else "at"

    def read(self, header: Sequence[str]) -> NamedColumns:
        """Understand a header.

        Parameters
        ----------
        header : sequence of str
            Its cells as they are written.
        """
        bare = [bare_header(name) for name in header]
        free, times = self._each(bare)
        if self.table:
            own = REFERENCE[self.table]
            columns = zip(free, bare, strict=True)
            return self._told(
                header, tuple(name if name in own or name == given else "" for name, given in columns)
            )
        foreign = any(times) or any(name and name != bare[place] for place, name in enumerate(free))
        kinds = kinds_told(free, times)
        if not foreign:  # a header of docs/tables.md tells no kind: the name of the file does
            named = self.likely if self.likely in kinds and "kind" not in free else ""
            return self._told(header, tuple(free), kind=self.kind or named)
        near = kinds or (kinds_told(free, times, missing=1) if "kind" not in free else ())
        kind = self.kind or ("" if "kind" in free else self._chosen(near))
        names = tuple(_column(bare[at], free[at], times[at], kind) for at in range(len(bare)))
        if kind:
            names = self._with_date(bare, names, kind)
        told = self._told(header, names, kinds, kind)
        if kind:
            return replace(told, questions=told.questions + self._missing(header, names, kind))
        if len(kinds) > 1 and "kind" not in free:
            asked = message("kinds_alike", {"kinds": ", ".join(kinds), "file": self.file})
            alike = OpenQuestion("kinds_alike", asked, self._line(f'kind = "{kinds[0]}"'))
            return replace(told, questions=(alike,))  # the kind tells two times apart
        return told

    def is_foreign(self, header: Sequence[str]) -> bool:
        """Whether any name of a header stands for a column of another name, or a mapping speaks of it."""
        bare = [bare_header(name) for name in header]
        free, times = self._each(bare)
        changed = any(name and name != bare[place] for place, name in enumerate(free))
        return changed or any(times) or any(name in self.columns for name in bare)

    def _each(self, bare: list[str]) -> tuple[list[str], list[frozenset[str]]]:
        """The column of each cleaned header where the kind of event does not matter, and the kinds whose time it is."""
        told = [self.columns.get(name) for name in bare]
        free = [
            column_of_header(name) if said is None else said for name, said in zip(bare, told, strict=True)
        ]
        times = [
            times_of_header(name) if said is None else _NO_KIND for name, said in zip(bare, told, strict=True)
        ]
        for place in [place for place, name in enumerate(bare) if name == PLACE and told[place] is None]:
            free[place] = "point" if "site" in free else "site"
        return free, times

    def _with_date(self, bare: list[str], names: tuple[str, ...], kind: str) -> tuple[str, ...]:
        """The columns with that of the date of `at`, where a header names both; a mapping may leave it out."""
        if "at" not in names:
            return names
        return tuple(
            DATE_OF_TIME if not column and name not in self.columns and date_of_header(name, kind) else column
            for name, column in zip(bare, names, strict=True)
        )

    def _chosen(self, kinds: tuple[str, ...]) -> str:
        if self.likely in kinds:
            return self.likely
        return kinds[0] if len(kinds) == 1 else ""

    def _told(
        self, header: Sequence[str], names: tuple[str, ...], kinds: tuple[str, ...] = (), kind: str = ""
    ) -> NamedColumns:
        renamed = {
            " ".join(given.split()): name
            for given, name in zip(header, names, strict=True)
            if name and name != bare_header(given)
        }
        return NamedColumns(names, kind, kinds, renamed, self._twice(header, names), tuple(header))

    def _twice(self, header: Sequence[str], names: tuple[str, ...]) -> tuple[OpenQuestion, ...]:
        """A question for each column that several names of the header stand for."""
        found: list[OpenQuestion] = []
        for name in dict.fromkeys(filter(None, names)):
            mine = [" ".join(header[place].split()) for place, each in enumerate(names) if each == name]
            if len(mine) > 1 and (self.table or name in _OF_EVENTS):
                asked = message("columns_for_one", {"names": ", ".join(mine), "column": name})
                others = ", ".join(f'"{each}" = ""' for each in mine[1:])
                line = self._line(f"columns = {{ {others} }}")
                # a mapping names columns by their headers: it would leave out both of two that are called alike
                alike = len({*mine}) < len(mine)
                answer = message("columns_called_alike", {}) if alike else line
                found.append(OpenQuestion("columns_for_one", asked, answer))
        return tuple(found)

    def _missing(self, header: Sequence[str], names: tuple[str, ...], kind: str) -> tuple[OpenQuestion, ...]:
        """A question for each column that every event of a kind must have and this header has not."""
        others = [
            " ".join(name.split())
            for name, column in zip(header, names, strict=True)
            if not column and name.strip()
        ]
        others = column_list(name for name in others if bare_header(name) not in NUMBERING)
        found: list[OpenQuestion] = []
        for column in ("at", *EVENTS[kind].must):
            if column in names:
                continue
            fields = {"kind": kind, "column": column, "others": ", ".join(others) or "-"}
            line = f'columns = {{ "{others[0] if others else "…"}" = "{column}" }}'
            found.append(OpenQuestion("column_untold", message("column_untold", fields), self._line(line)))
        return tuple(found)

    def _line(self, setting: str) -> str:
        """The lines of a mapping that answer a question."""
        return f'--mapping FILE with [files."{self.file}"] {setting}'


_OF_EVENTS: Final = frozenset(
    ["kind", DATE_OF_TIME, *(column for kind in EVENTS.values() for column in kind.columns)]
)
_NO_KIND: Final = frozenset[str]()

ANY_NAMES: Final = Naming()


def kinds_told(
    columns: Sequence[str], times: Sequence[frozenset[str]], *, missing: int = 0
) -> tuple[str, ...]:
    """Find the kinds of event of which a header has every column that must be there.

    Parameters
    ----------
    columns : sequence of str
        The column that each name of the header stands for; empty where it is none or a time.
    times : sequence of frozenset of str
        Kinds whose time each name is, as `times_of_header` gives them.
    missing : int
        How many of the columns may be missing.

    Returns
    -------
    tuple of str
        Without those whose columns are part of another's: a receipt has all columns of a pickup.
    """
    there = set(columns)
    any_time = "at" in there or any("" in kinds for kinds in times)
    whole: list[str] = []
    for kind, each in EVENTS.items():
        timed = any_time or any(kind in kinds for kinds in times)
        lacking = (
            len(set(each.must) - there) + (not timed) + (kind == "load" and not there & {"tube", "role"})
        )
        if lacking <= missing and there & set(each.must):
            whole.append(kind)
    return tuple(kind for kind in whole if not any(_is_part(kind, other, there) for other in whole))


def _is_part(kind: str, other: str, there: set[str]) -> bool:
    """Whether a header's columns of one kind are fewer than, and among, those of another."""
    mine, others = there & set(EVENTS[kind].columns), there & set(EVENTS[other].columns)
    return mine < others and set(EVENTS[kind].must) < set(EVENTS[other].must)


def _column(bare: str, column: str, times: frozenset[str], kind: str) -> str:
    """The column that a name stands for in events of a kind; of an unknown kind every time may be its own."""
    if times:
        return "at" if not kind or kind in times or "" in times else ""
    if column in (bare, DATE_OF_TIME) or not kind:
        return column
    return column if column in EVENTS[kind].columns else ""
