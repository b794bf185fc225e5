"""Layouts: what a machine's file looks like, as data. A lab adds its own machine by one TOML file."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from poolpipe.instruments.cells import fold
from poolpipe.instruments.errors import LayoutError

if TYPE_CHECKING:
    from poolpipe.instruments.documents import Row, Sheet

__all__ = ["Channel", "Layout", "Nothing", "Wells", "load_layouts", "match_header", "parse_layout"]

# Roles a column can have; the word is what the rest of the package calls it.
ROLES = frozenset(
    ("well", "position", "plate", "plate_well", "target", "dye", "sample", "task", "ct", "mean", "omit", "include",
     "flag", "amplified", "tube", "role", "at", "lab", "call", "validity", "status", "volume", "pool", "source")
)  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wells(_Part):
    """How wells that are numbers count."""

    numbered_from: Literal[0, 1] = 1
    order: Literal["row", "column", "policy"] = "row"


class Nothing(_Part):
    """How *no amplification* is written: more `words`, what an empty Ct is, `numbers` that may mean it."""

    words: tuple[str, ...] = ()
    empty: Literal["undetermined", "ask"] = "ask"
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
        Names of sheets or `[sections]` that hold the table; empty means any.
    required : tuple of str
        Roles without which this is not the format.
    absent : tuple of str
        Header names that show it is something else.
    preamble : tuple of str
        Regular expressions, each of which some line before the table must match.
    columns : dict of role to names
        Accepted header names; the first present counts, for `ct` and `flag` all count.
    facts : dict of fact to names
        Keys of the preamble: plate, serial, instrument, software, block, run_start, run_end, analysed, modified.
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
    facts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    zone: str | None = None
    wells: Wells = Wells()
    nothing: Nothing = Nothing()
    omitted: tuple[str, ...] = ("true", "yes", "1", "y")
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
    failed: tuple[str, ...] = ()
    done: tuple[str, ...] = ()

    @field_validator("columns")
    @classmethod
    def _roles_are_known(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if unknown := sorted(set(value) - ROLES):
            msg = f"unknown roles {unknown}; known are {sorted(ROLES)}"
            raise ValueError(msg)
        return {role: tuple(fold(name) for name in names) for role, names in value.items()}

    @field_validator("preamble", "skip")
    @classmethod
    def _patterns_compile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            re.compile(pattern)
        return value

    @field_validator("trailer", "target_from", "instrument_from", "plate_well")
    @classmethod
    def _pattern_compiles(cls, value: str | None) -> str | None:
        re.compile(value or "")
        return value

    def word(self, table: dict[str, tuple[str, ...]], text: str) -> str | None:
        """The key of `roles` or `calls` whose words hold this text."""
        folded = fold(text)
        numbered = re.sub(r"[- ]?\d+$", "", folded)  # CFX numbers its replicates: Unkn-12, Neg Ctrl-1
        for wanted in (folded, numbered):
            if key := next((key for key, words in table.items() if wanted in map(fold, words)), None):
                return key
        return None


def parse_layout(text: str, where: str) -> Layout:
    """A layout from its TOML text; raises LayoutError with the place of the mistake."""
    try:
        facts: dict[str, Any] = tomllib.loads(text)
        return Layout.model_validate(facts)
    except (tomllib.TOMLDecodeError, ValidationError, re.error) as error:
        raise LayoutError(
            str(error), where=where, way_out="see docs/instruments/adding-a-machine.md"
        ) from error


@functools.lru_cache(maxsize=8)
def load_layouts(folder: Path | None = None) -> tuple[Layout, ...]:
    """The layouts shipped with poolpipe and those of a lab's own folder, highest priority first."""
    folders = [Path(__file__).parent / "layouts", *([folder] if folder else [])]
    if folder is not None and not folder.is_dir():
        raise LayoutError(
            "no such folder of layouts",
            where=str(folder),
            way_out="name the folder that holds the layouts' .toml files",
        )
    layouts: dict[str, Layout] = {}
    for place in folders:
        for path in sorted(place.glob("*.toml")):
            layout = parse_layout(path.read_text("utf-8"), str(path))
            layouts[layout.format] = layout
    return tuple(sorted(layouts.values(), key=lambda layout: (-layout.priority, layout.format)))


def match_header(layout: Layout, sheet: Sheet) -> int | None:
    """Index of the row of a sheet that is this layout's header; None where the sheet is not of this layout."""
    if layout.sheets and sheet.name not in layout.sheets:
        return None
    wanted = [layout.columns[role] for role in layout.required]
    channels = {fold(name) for channel in layout.channels[:1] for name in (channel.target, channel.ct)}
    absent = {fold(name) for name in layout.absent}
    for index, names in enumerate(sheet.names):
        if len(names) < 2 or names & absent or not channels <= names:
            continue
        if all(names.intersection(options) for options in wanted):
            return index if _preamble_fits(layout, sheet.rows[:index]) else None
    return None


def _preamble_fits(layout: Layout, rows: list[Row]) -> bool:
    lines = [" ".join(cell for cell in row.cells if cell) for row in rows]
    return all(any(re.search(pattern, line) for line in lines) for pattern in layout.preamble)
