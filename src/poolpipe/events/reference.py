"""Read the reference tables of people, sites and labs; all are optional."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.cleaning import FAULTS, clean_codes, code_faults
from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.coding.frames import as_frame
from poolpipe.coding.plain_texts import as_text
from poolpipe.coding.vocabulary import known_words, yes_or_no
from poolpipe.display import mask_numbers, visible, withhold_values
from poolpipe.errors import InputError
from poolpipe.events import read_table
from poolpipe.events.mapping import ColumnMapping, load_mapping
from poolpipe.events.persons import capital_check
from poolpipe.messages import message
from poolpipe.paths import shown
from poolpipe.tables import REFERENCE, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.coding.frames import Frame

    Table = str | os.PathLike[str] | Frame

__all__ = ["Reference", "read_reference"]

_CODES = ("person", "person_type", "site", "point", "lab", "household")
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference tables of a campaign, cleaned like events.

    Attributes
    ----------
    people : polars.DataFrame or None
        Residents: person, person_type and what else the file has (docs/tables.md); None where none was given.
    sites : polars.DataFrame or None
        Sampling sites: site, and optionally township, lab, priority and others; None where none was given.
    labs : polars.DataFrame or None
        Labs: lab, and optionally capacity_per_day, tubes a day; None where none was given.
    broken : mapping of str to int
        Table to how many of its lines could not be read or used, where there are any.
    warnings : tuple of str
        What could not be used, in both languages: for the summary and the boards.
    files : mapping of str to Path
        Table to the file it was read from.

    Examples
    --------
    >>> Reference().listed_labs().height
    0
    """

    people: pl.DataFrame | None = None
    sites: pl.DataFrame | None = None
    labs: pl.DataFrame | None = None
    broken: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)

    def households(self, codes: Dictionaries, among: pl.Series) -> pl.DataFrame | None:
        """Give the household of those people for whom the table of residents names one.

        Parameters
        ----------
        codes : Dictionaries
            Dictionaries of the events, which give each person a key.
        among : polars.Series
            (n,) int64 keys of people; others are left out.

        Returns
        -------
        polars.DataFrame or None
            person (int64 key) and household (uint32, from 1); None where no table names households.
        """
        if self.people is None or "household" not in self.people.columns:
            return None
        keys = codes.person_keys(self.people)
        asked = keys.is_in(among.unique().implode()).fill_null(value=False)
        known = (
            pl.DataFrame({"person": keys, "household": self.people["household"]}).filter(asked).drop_nulls()
        )
        return known.with_columns(pl.col("household").rank("dense").cast(pl.UInt32))

    def homes(self, codes: Dictionaries, among: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Give the households of some people with everybody who lives there.

        Parameters
        ----------
        codes : Dictionaries
            As of `households`.
        among : polars.Series
            (n,) int64 keys of people.

        Returns
        -------
        homes : polars.DataFrame
            person (int64 key) and household (uint32, from 0). A resident who has no key, because the document is no
            resident ID and does not occur in the events, is row i of `strangers` as ``-1 - others - i``.
        strangers : polars.DataFrame
            person_type, person. None instead of both where no table names households.
        """
        if self.people is None or "household" not in self.people.columns:
            return None
        keys = codes.person_keys(self.people)
        asked = keys.is_in(among.implode()).fill_null(value=False)
        wanted = self.people["household"].filter(asked).drop_nulls()
        living = self.people["household"].is_in(wanted.implode()).fill_null(value=False)
        kind = pl.col("person_type") if "person_type" in self.people.columns else pl.lit(None, pl.String)
        rows = self.people.filter(living).select(
            kind.fill_null(RESIDENT).alias("person_type"),
            pl.col("person").alias("number"),
            pl.Series("person", keys.filter(living)),
            (pl.col("household").rank("dense") - 1).cast(pl.UInt32),
        )
        document = ["person_type", "number"]
        strangers = rows.filter(pl.col("person").is_null()).select(document).unique().sort(document)
        beyond = strangers.with_columns(
            (-1 - codes.others.height - pl.int_range(pl.len(), dtype=pl.Int64)).alias("beyond")
        )
        found = rows.join(beyond, on=document, how="left").select(
            pl.coalesce("person", "beyond").alias("person"), "household"
        )
        return found.unique().sort("household", "person"), strangers.rename({"number": "person"})

    def residents(self, codes: Dictionaries) -> tuple[NDArray[np.int64], int] | None:
        """Give the keys (int64, sorted) of the residents who occur in the events, and the number of all residents.

        A resident with another document than a resident ID who does not occur has no key.
        """
        if self.people is None:
            return None
        keys = codes.person_keys(self.people)
        strangers = self.people.filter(keys.is_null()) if keys.null_count() else self.people.clear()
        document = [name for name in ("person_type", "person") if name in strangers.columns]
        ordered = np.sort(keys.drop_nulls().to_numpy())  # numpy's own unique hashes: twenty times as long
        known = ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))]
        return known, len(known) + (strangers.select(document).n_unique() if strangers.height else 0)

    def listed_labs(self) -> pl.DataFrame:
        """Give every lab of the table once with capacity_per_day, tubes a day; null where that is no number above 0."""
        if self.labs is None:
            return pl.DataFrame(schema={"lab": pl.String, "capacity_per_day": pl.Float64})
        capacity = _capacity() if "capacity_per_day" in self.labs.columns else pl.lit(None, pl.Float64)
        return self.labs.select("lab", capacity.alias("capacity_per_day")).unique(
            "lab", keep="first", maintain_order=True
        )

    def capacities(self, codes: Dictionaries) -> pl.DataFrame:
        """Give the number (uint32) and capacity_per_day of every lab that occurs and has a capacity."""
        known = self.listed_labs().drop_nulls()
        numbers = pl.Series("lab", [codes.number("lab", lab) for lab in known["lab"].to_list()], pl.UInt32)
        return known.with_columns(numbers).drop_nulls()

    def coordinates(self, codes: Dictionaries) -> pl.DataFrame:
        """Give the numbers (uint32) of the sites that occur, with longitude and latitude, degrees; of several points the least."""
        nowhere = pl.DataFrame(schema={"site": pl.UInt32, "longitude": pl.Float64, "latitude": pl.Float64})
        if self.sites is None or not {"longitude", "latitude"} <= set(self.sites.columns):
            return nowhere
        degrees = [pl.col(name).cast(pl.Float64, strict=False) for name in ("longitude", "latitude")]
        known = self.sites.select("site", *degrees).filter(
            pl.col("longitude").is_between(-180, 180) & pl.col("latitude").is_between(-90, 90)
        )
        first = known.sort("site", "longitude", "latitude").unique("site", keep="first", maintain_order=True)
        numbers = pl.Series(
            "site", [codes.number("site", site) for site in first["site"].to_list()], pl.UInt32
        )
        return first.with_columns(numbers).drop_nulls()

    def priority_sites(self, codes: Dictionaries) -> list[int]:
        """Give the numbers of the priority sites, whose results are due earlier."""
        if self.sites is None or "priority" not in self.sites.columns:
            return []
        told = yes_or_no(self.sites["priority"]).fill_null(value=False)
        numbers = [codes.number("site", site) for site in self.sites.filter(told)["site"].unique().to_list()]
        return [number for number in numbers if number is not None]


def read_reference(
    *,
    people: Table | None = None,
    sites: Table | None = None,
    labs: Table | None = None,
    mapping: ColumnMapping | str | os.PathLike[str] | None = None,
) -> Reference:
    """Read reference tables from frames, or from files of any format and encoding that events come in.

    Parameters
    ----------
    people : frame, str or Path, optional
        Residents: person, and optionally person_type, name, phone, sex, birth_date, township, community, address,
        building, household, batch.
    sites : frame, str or Path, optional
        Sampling sites: site, and optionally point, township, community, longitude, latitude (degrees), lab, priority.
    labs : frame, str or Path, optional
        Labs: lab, and optionally capacity_per_day, tubes a day.
    mapping : ColumnMapping, str or Path, optional
        What headers mean beyond docs/tables.md: a TOML file as `poolpipe check FILE --mapping` writes it.

    Returns
    -------
    Reference
        The tables given, cleaned; None for the others.

    Raises
    ------
    InputError
        If a file does not exist, may not be read, or holds no row that can be read.
    TableError
        If its key column is missing, or it is neither a path nor a frame.

    Examples
    --------
    >>> import poolpipe
    >>> known = poolpipe.read_reference(people="data/samples/town/reference/people.parquet")
    >>> known.people.height
    5000
    >>> day = poolpipe.run("data/samples/town/events", reference=known)
    >>> day.summary["coverage"][0]["people"]
    5000
    """
    given = {"people": people, "sites": sites, "labs": labs}
    said = load_mapping(mapping)
    tables: dict[str, pl.DataFrame] = {}
    broken: dict[str, int] = {}
    warnings: list[str] = []
    for name, table in given.items():
        if table is None:
            continue
        frame, unread = (
            _read(Path(table), name, said)
            if isinstance(table, str | os.PathLike)
            else (as_frame(table, name), 0)
        )
        tables[name], unusable, told = _cleaned(frame, name)
        warnings += told + _unusable_capacities(tables[name])
        if unread + unusable:
            broken[name] = unread + unusable
    files = {name: Path(table) for name, table in given.items() if isinstance(table, str | os.PathLike)}
    return Reference(**tables, broken=broken, warnings=tuple(warnings), files=files)


def _unusable_capacities(table: pl.DataFrame) -> list[str]:
    """Warn of labs whose capacity is no number above 0; their load is shown without it."""
    if "capacity_per_day" not in table.columns:
        return []
    given = pl.col("capacity_per_day").cast(pl.String).str.strip_chars().replace("", None).is_not_null()
    unusable = table.select((given & _capacity().is_null()).sum()).item()
    if not unusable:
        return []
    return [message("capacity_unusable", {"count": f"{unusable:,}"})]


def _capacity() -> pl.Expr:
    """Expression for the tubes that a lab tests in a day; null where that is no number above 0."""
    number = pl.col("capacity_per_day").cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(number.is_finite() & (number > 0)).then(number).alias("capacity_per_day")


def _read(path: Path, table: str, mapping: ColumnMapping) -> tuple[pl.DataFrame, int]:
    if not path.is_file():
        raise InputError.of("no_such_file", where=str(path))
    frame, broken = read_table(path, table, mapping)
    if not frame.columns and broken.height:
        why = withhold_values(broken["detail"][0])
        raise InputError.of("table_unread", where=shown(path), table=table, why=why)
    if not frame.columns:
        raise InputError.of("table_empty", where=shown(path), table=table)
    return frame, broken.height


def _cleaned(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, int, list[str]]:
    """Clean a table's codes and words; also count the lines without a usable key, and give warnings."""
    key = REFERENCE[name][0]
    require(frame, (key,), table=name)
    texts = {column: clean_codes(_texts(frame[column])) for column in _CODES if column in frame.columns}
    codes = {column: known_words(column, values.replace("", None)) for column, values in texts.items()}
    usable, warnings = np.ones(frame.height, np.bool_), list[str]()
    for column, values in texts.items():
        faults = code_faults(values)
        if faults is not None:
            codes[column] = pl.select(pl.when(pl.Series(faults == 0)).then(codes[column])).to_series()
            warnings += _faults(f"{name}.{column}", faults)
            usable &= (faults == 0) | (column not in (key, "person_type"))
    if "priority" in frame.columns:
        codes["priority"] = clean_codes(_texts(frame["priority"]))
        warnings += _unknown_priorities(codes["priority"])
    usable &= codes[key].is_not_null().to_numpy()
    if "person" in codes:
        codes["person"] = capital_check(codes["person"], codes.get("person_type"))
    cleaned = frame.with_columns(values.alias(column) for column, values in codes.items())
    return cleaned.filter(usable), int((~usable).sum()), warnings


def _texts(column: pl.Series) -> pl.Series:
    return pl.Series(column.name, as_text(column.rechunk().to_arrow()), pl.String)


def _faults(column: str, faults: NDArray[np.uint8]) -> list[str]:
    """Warn of texts that are not codes, without quoting them, because they may identify a person."""
    counts = ((fault, int((faults == fault).sum())) for fault in range(1, len(FAULTS)))
    return [
        message("codes_not_used", {"column": column, "count": f"{count:,}", "why": FAULTS[fault]})
        for fault, count in counts
        if count
    ]


def _unknown_priorities(cleaned: pl.Series) -> list[str]:
    unknown = cleaned.filter(yes_or_no(cleaned).is_null() & cleaned.is_not_null())
    if unknown.is_empty():
        return []
    words = unknown.unique(maintain_order=True)
    told = ", ".join(f"'{visible(mask_numbers(word[:12]))}'" for word in words.head(_MOST_TOLD).to_list())
    more = ", …" if len(words) > _MOST_TOLD else ""
    return [message("priority_unknown", {"count": f"{len(unknown):,}", "words": told + more})]
