"""Reference tables: who lives where, which sites have priority, what labs can do. All optional."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.errors import InputError
from poolpipe.events.clean import clean_codes
from poolpipe.tables import REFERENCE, require

if TYPE_CHECKING:
    from poolpipe.codes import Codes

__all__ = ["Reference", "read_reference"]

_TRUE = ("1", "true", "t", "yes", "y", "是", "priority", "重点")
_CODES = ("person", "person_type", "site", "point", "lab", "household")


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference tables there are, cleaned like events; None for those that are not."""

    people: pl.DataFrame | None = None
    sites: pl.DataFrame | None = None
    labs: pl.DataFrame | None = None

    def households(self, codes: Codes) -> pl.DataFrame | None:
        """Person (key as in coded frames) and household (number) of everybody whose household is known."""
        if self.people is None or "household" not in self.people.columns:
            return None
        known = self.people.filter(pl.col("household").is_not_null())
        home = known["household"].rank("dense").cast(pl.UInt32).alias("household")
        return pl.DataFrame({"person": codes.person_keys(known), "household": home})

    def priority_sites(self, codes: Codes) -> list[int]:
        """Numbers of the sites with the shorter clock for results."""
        if self.sites is None or "priority" not in self.sites.columns:
            return []
        told = pl.col("priority").cast(pl.String).str.to_lowercase().is_in(_TRUE)
        numbers = [codes.number("site", site) for site in self.sites.filter(told)["site"].unique().to_list()]
        return [number for number in numbers if number is not None]


def read_reference(
    *,
    people: str | os.PathLike[str] | pl.DataFrame | None = None,
    sites: str | os.PathLike[str] | pl.DataFrame | None = None,
    labs: str | os.PathLike[str] | pl.DataFrame | None = None,
) -> Reference:
    """Read reference tables from files or frames.

    Raises
    ------
    InputError
        If a file does not exist or cannot be read as a table.
    TableError
        If its key column is missing.
    """
    given = {"people": people, "sites": sites, "labs": labs}
    return Reference(**{name: None if table is None else _table(table, name) for name, table in given.items()})


def _table(table: str | os.PathLike[str] | pl.DataFrame, name: str) -> pl.DataFrame:
    frame = table if isinstance(table, pl.DataFrame) else _read(Path(table))
    frame = frame.rename({column: column.strip("\ufeff \t").lower() for column in frame.columns})
    require(frame, REFERENCE[name][:1], table=name)
    cleaned = [clean_codes(frame[column].cast(pl.String)) for column in _CODES if column in frame.columns]
    return frame.with_columns(cleaned).filter(pl.col(REFERENCE[name][0]).is_not_null())


def _read(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise InputError("no such file", where=str(path), way_out="give a CSV, NDJSON, Parquet or Arrow file")
    readers = {".parquet": pl.read_parquet, ".arrow": pl.read_ipc, ".ipc": pl.read_ipc,
               ".ndjson": pl.read_ndjson, ".jsonl": pl.read_ndjson}  # fmt: skip
    try:
        if path.suffix in readers:
            return readers[path.suffix](path)
        return pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path), way_out="write it as UTF-8 CSV") from error
