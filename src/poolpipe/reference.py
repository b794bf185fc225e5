"""Reference tables: who lives where, which sites have priority, what labs can do. All optional."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.cleaning import clean_codes
from poolpipe.errors import InputError
from poolpipe.events import read_table
from poolpipe.tables import REFERENCE, require

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from poolpipe.codes import Codes

    Table = str | os.PathLike[str] | pl.DataFrame

__all__ = ["Reference", "read_reference"]

_TRUE = ("1", "true", "t", "yes", "y", "是", "重点")
_CODES = ("person", "person_type", "site", "point", "lab", "household")


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference tables there are, cleaned like events; None for those that are not.

    Attributes
    ----------
    broken : mapping
        Table to how many of its lines could not be read, where there are any.
    """

    people: pl.DataFrame | None = None
    sites: pl.DataFrame | None = None
    labs: pl.DataFrame | None = None
    broken: Mapping[str, int] = field(default_factory=dict)

    def households(self, codes: Codes) -> pl.DataFrame | None:
        """Person (key as in coded frames) and household (number) of everybody whose household is known."""
        if self.people is None or "household" not in self.people.columns:
            return None
        known = self.people.filter(pl.col("household").is_not_null())
        home = known["household"].rank("dense").cast(pl.UInt32).alias("household")
        return pl.DataFrame({"person": codes.person_keys(known), "household": home}).drop_nulls()

    def priority_sites(self, codes: Codes) -> list[int]:
        """Numbers of the sites with the shorter clock for results."""
        if self.sites is None or "priority" not in self.sites.columns:
            return []
        told = pl.col("priority").cast(pl.String).str.strip_chars().str.to_lowercase().is_in(_TRUE)
        numbers = [codes.number("site", site) for site in self.sites.filter(told)["site"].unique().to_list()]
        return [number for number in numbers if number is not None]


def read_reference(
    *, people: Table | None = None, sites: Table | None = None, labs: Table | None = None
) -> Reference:
    """Read reference tables from frames, or from files of any format and encoding events come in.

    Raises
    ------
    InputError
        If a file does not exist or may not be read.
    TableError
        If its key column is missing.
    """
    given = {"people": people, "sites": sites, "labs": labs}
    tables: dict[str, pl.DataFrame] = {}
    broken: dict[str, int] = {}
    for name, table in given.items():
        if table is None:
            continue
        frame, unread = (table, 0) if isinstance(table, pl.DataFrame) else _read(Path(table))
        tables[name] = _cleaned(frame, name)
        if unread:
            broken[name] = unread
    return Reference(**tables, broken=broken)


def _read(path: Path) -> tuple[pl.DataFrame, int]:
    if not path.is_file():
        raise InputError("no such file", where=str(path), way_out="give a CSV, NDJSON, Parquet or Arrow file")
    frame, broken = read_table(path)
    return frame, broken.height


def _cleaned(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    key = REFERENCE[name][0]
    require(frame, (key,), table=name)
    codes = [clean_codes(frame[column].cast(pl.String)) for column in _CODES if column in frame.columns]
    return frame.with_columns(codes).filter(pl.col(key).is_not_null())
