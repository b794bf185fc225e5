"""Layouts: what a machine's file looks like, as data. A lab adds its own machine by one TOML file."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from poolpipe.instruments.cells import fold, plain
from poolpipe.instruments.errors import LayoutError
from poolpipe.instruments.layout_keys import KEYS, ROLES
from poolpipe.instruments.result_columns import has_ct, names_target, result_names
from poolpipe.instruments.targets import is_expected
from poolpipe.settings import broken, broken_rules

if TYPE_CHECKING:
    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Row, Sheet

__all__ = [
    "Channel",
    "Layout",
    "Nothing",
    "Wells",
    "is_header",
    "load_layouts",
    "match_header",
    "parse_layout",
    "targets_in",
]

MOST_DIGITS = 2  # of a control's number


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wells(_Part):
    """How wells that are numbers count."""

    numbered_from: Literal[0, 1] = 1
    order: Literal["row", "column", "policy"] = "row"


class Nothing(_Part):
    """How *no amplification* is written: more `words`, what an empty Ct is, `numbers` that may mean it.

    `empty = "call"`: undetermined in a row whose own call says that the lab looked at it, asked in any other.
    """

    words: tuple[str, ...] = ()
    empty: Literal["undetermined", "ask", "call"] = "ask"
    numbers: tuple[float, ...] = (40.0, 45.0, 50.0, 100.0)
    not_amplified: tuple[str, ...] = ()


class Channel(_Part):
    """One target of a table that has a column pair per target."""

    target: str
    ct: str


class Layout(_Part):
    """One format.

    Parameters
    ----------
    format, vendor, title : str
        Names shown to people; `format` is the key.
    kind : {"instrument", "map", "results"}
        Where it comes from; readings, loads and reports follow from the columns.
    priority : int
        Of several layouts that fit, the highest counts.
    sheets : tuple of str
        Names of sheets or `[sections]` that hold the table; empty means any, an empty name a text without sections or
        the only sheet of a workbook.
    required : tuple of str
        Roles without which this is not the format; `target|dye` is either of two.
    absent : tuple of str
        Header names that show it is something else.
    preamble : tuple of str
        Regular expressions, each of which some line before the table must match.
    columns : dict of role to names
        Accepted header names; the first present counts, for `ct` and `flag` all count.
    channels : tuple of Channel
        Column pairs, one a target; a header must name the first pair, or with `channels_optional` none of them and no Ct.
    target_columns : tuple of str
        Regular expressions with a group `target`: names of columns that each hold one target's Ct (`N Ct`).
    target_names : bool
        Whether a bare name of an expected target (`ORF1ab`) is such a column, too, where there are at least two.
    no_results : bool
        Whether a column of results that has no role here (a call, a cycle, a fluorescence) shows that the file is
        something else. Of maps, a column of Ct values always shows it.
    analytes : tuple of str
        Names in the column `analyte` whose results are reported, beside the targets of the policy.
    facts : dict of fact to names
        Keys of the preamble: plate, serial, instrument, software, software_version, block, run_start, run_end, analysed,
        modified; `day` and `clock` of a start of the run that is on two lines.
    decimals : {"fixed", "shortest"}
        Whether Ct values have decimals of one length, so that a shorter last one was cut, or zeros at the end are left out.
    target_from : str, optional
        Regular expression with a group `target` or `channel`, or both, for a line above the table that names what it reads.
    """

    format: str
    vendor: str = ""
    title: str = ""
    source: str = ""
    kind: Literal["instrument", "map", "results"] = "instrument"
    priority: int = 50
    inner: bool = False  # only inside a container that its own reader opens
    sheets: tuple[str, ...] = ()
    required: tuple[str, ...]
    absent: tuple[str, ...] = ()
    preamble: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]]
    channels: tuple[Channel, ...] = ()
    channels_optional: bool = False
    target_columns: tuple[str, ...] = ()
    target_names: bool = False
    no_results: bool = False
    facts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    decimals: Literal["fixed", "shortest"] = "fixed"
    zone: str | None = None
    wells: Wells = Wells()
    nothing: Nothing = Nothing()
    omitted: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ("y", "true", "yes")
    skip: tuple[str, ...] = ()
    trailer: str | None = None
    target_from: str | None = None
    instrument_from: str | None = None
    plate_well: str | None = None
    setup: str | None = None
    facts_sheet: str | None = None
    repeated: bool = False
    roles: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    calls: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    analytes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    done: tuple[str, ...] = ()

    @field_validator("columns")
    @classmethod
    def _roles_are_known(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if unknown := sorted(set(value) - ROLES):
            raise broken("layout_roles", unknown=unknown, known=sorted(ROLES))
        return {role: tuple(fold(name) for name in names) for role, names in value.items()}

    @field_validator("roles", "calls", "facts")
    @classmethod
    def _keys_are_known(
        cls, value: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        known = KEYS[info.field_name or ""]
        if unknown := sorted(set(value) - known):
            raise broken("layout_keys", unknown=unknown, known=sorted(known))
        return value

    @model_validator(mode="after")
    def _required_have_names(self) -> Self:
        for roles in self.required:
            if not all(role in self.columns for role in roles.split("|")):
                raise broken("layout_required", roles=roles)
        return self

    @field_validator("preamble", "skip", "target_columns")
    @classmethod
    def _patterns_compile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            re.compile(pattern)
        return value

    @field_validator("target_columns")
    @classmethod
    def _targets_are_named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if "target" not in re.compile(pattern).groupindex:
                raise broken("layout_target", pattern=pattern)
        return value

    @field_validator("trailer", "target_from", "instrument_from", "plate_well")
    @classmethod
    def _pattern_compiles(cls, value: str | None) -> str | None:
        re.compile(value or "")
        return value

    def word(self, table: dict[str, tuple[str, ...]], text: str) -> str | None:
        """Find the key of `roles` or `calls` whose words contain a text.

        Parameters
        ----------
        table : dict of str to tuple of str
            Key to its words.
        text : str
            A cell.

        Returns
        -------
        str or None
            None where no key has it.
        """
        folded = fold(text)
        numbered = re.fullmatch(r"(.*?)[- ]?(\d+)", folded)  # CFX numbers its replicates: Unkn-12, Neg Ctrl-1
        for wanted, digits in ((folded, 0), (numbered[1], len(numbered[2])) if numbered else (folded, 0)):
            for key, words in table.items():
                if wanted in map(fold, words) and (digits <= MOST_DIGITS or not key.endswith("control")):
                    return key
        return None


def parse_layout(text: str, where: str) -> Layout:
    """Parse a layout.

    Parameters
    ----------
    text : str
        TOML.
    where : str
        Name of the layout's file in messages.

    Returns
    -------
    Layout

    Raises
    ------
    LayoutError
        With the place of the mistake.
    """
    facts: dict[str, Any] = {}
    try:
        facts = tomllib.loads(text)
        return Layout.model_validate(facts)
    except ValidationError as error:
        rules = broken_rules(Layout, facts)
        raise LayoutError.of(
            "layout_broken", where=where, rules="; ".join(rules), broken=tuple(rules)
        ) from error
    except (tomllib.TOMLDecodeError, re.error) as error:
        raise LayoutError.of("layout_unreadable", where=where, why=str(error)) from error


def load_layouts(folder: Path | None = None) -> tuple[Layout, ...]:
    """The layouts shipped with poolpipe and those of a lab's own folder as they stand now, highest priority first."""
    if folder is not None and not folder.is_dir():
        raise LayoutError.of("no_layouts", where=str(folder))
    own = sorted(folder.glob("*.toml")) if folder else []
    return _layouts(tuple((path.read_text("utf-8"), str(path)) for path in own))


@functools.lru_cache(maxsize=8)
def _layouts(own: tuple[tuple[str, str], ...]) -> tuple[Layout, ...]:
    """The shipped layouts and those of some texts, each with its place; a text of a known format replaces it."""
    shipped = sorted((Path(__file__).parent / "layouts").glob("*.toml"))
    layouts: dict[str, Layout] = {}
    for text, where in (*((path.read_text("utf-8"), str(path)) for path in shipped), *own):
        layout = parse_layout(text, where)
        layouts[layout.format] = layout
    return tuple(sorted(layouts.values(), key=lambda layout: (-layout.priority, layout.format)))


def match_header(
    layout: Layout, sheet: Sheet, policy: ImportPolicy, *, any_sheet: bool = False
) -> int | None:
    """Find the row of a sheet that is a layout's header.

    Parameters
    ----------
    layout : Layout
        Names of sheets and columns.
    sheet : Sheet
        The sheet.
    policy : ImportPolicy
        Expected targets.
    any_sheet : bool
        Whether the sheet may have a name that the layout does not list.

    Returns
    -------
    int or None
        Index of the row; None where the sheet is not of this layout.
    """
    named = sheet.name in layout.sheets or (sheet.alone and "" in layout.sheets)
    if layout.sheets and not named and not any_sheet:
        return None
    for index, names in enumerate(sheet.names):
        if len(names) > 1 and is_header(layout, names, sheet.rows[index], policy):
            return index if _preamble_fits(layout, sheet.rows[:index]) else None
    return None


def is_header(layout: Layout, names: frozenset[str], row: Row, policy: ImportPolicy) -> bool:
    """Whether a row names all columns that a layout requires, and none that excludes it.

    Parameters
    ----------
    layout : Layout
        Names of the columns.
    names : frozenset of str
        The row's cells, folded.
    row : Row
        The row.
    policy : ImportPolicy
        Expected targets.

    Returns
    -------
    bool
    """
    for roles in layout.required:
        present = [role for role in roles.split("|") if names.intersection(layout.columns[role])]
        if not present or (present == ["dye"] and roles != "dye" and names_target(names)):
            return False
    if names & {fold(name) for name in layout.absent} or not _has_channels(layout, names):
        return False
    if layout.target_columns and not targets_in(layout, row, policy):
        return False
    without_role = names.difference(*layout.columns.values())
    if layout.kind == "map" and has_ct(without_role):
        return False
    return not (layout.no_results and result_names(without_role))


def _has_channels(layout: Layout, names: frozenset[str]) -> bool:
    """Whether a header has the layout's first column pair, or none of a layout that may do without and no other Ct."""
    pairs = [{fold(channel.target), fold(channel.ct)} for channel in layout.channels]
    if not pairs or pairs[0] <= names:
        return True
    without_role = names.difference(*layout.columns.values())
    return layout.channels_optional and not names & set().union(*pairs) and not has_ct(without_role)


def _preamble_fits(layout: Layout, rows: list[Row]) -> bool:
    lines = [" ".join(cell for cell in row.cells if cell) for row in rows]
    return all(any(re.search(pattern, line) for line in lines) for pattern in layout.preamble)


def targets_in(layout: Layout, row: Row, policy: ImportPolicy) -> list[tuple[int, str]]:
    """Find the columns that a header gives to one target each (`N Ct`), where the layout has such columns.

    A bare name of a target (`ORF1ab`) is one where the policy expects it and at least two are side by side. Where none of
    them is expected, they are columns of something else.

    Parameters
    ----------
    layout : Layout
        Patterns of the columns' names.
    row : Row
        The header.
    policy : ImportPolicy
        Expected targets.

    Returns
    -------
    list of (int, str)
        Index and target of each column.
    """
    if not layout.target_columns:
        return []
    named, bare = [], []
    for index, cell in enumerate(row.cells):
        text = plain(cell)
        match = next((m for pattern in layout.target_columns if (m := re.fullmatch(pattern, text))), None)
        if match is not None:
            named.append((index, plain(match["target"])))
        elif layout.target_names and is_expected(text, policy):
            bare.append((index, text))
    found = sorted(named + (bare if named or len(bare) > 1 else []))
    return found if any(is_expected(target, policy) for _, target in found) else []
