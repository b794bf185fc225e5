"""The list of residents as numbers: who they are, their buildings and their households, a million people at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.coding.dictionaries import RESIDENT, text_bytes
from poolpipe.coding.headers import bare_header, column_of_header
from poolpipe.events.reference import read_reference
from poolpipe.nightly.people_numbers import Documents, PersonKeys, documents_of, people_of_pseudonyms
from poolpipe.paths import arrow_file
from poolpipe_kernels.codes import tell_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Sealing = Callable[[pl.DataFrame], pl.Series]

__all__ = ["AREA", "ResidentRows", "cleaned", "plain_residents", "residents_of"]

AREA = ("township", "community", "building")

_PEOPLE = ("person_type", "person")
_USED = (*_PEOPLE, *AREA, "household")
_BATCH = 1 << 20
_THREADS = 2
_PLAIN = np.zeros(256, np.bool_)
_PLAIN[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")] = True
_LONGEST = 64


class ResidentRows(NamedTuple):
    """The rows of a list, (n,) in all.

    Attributes
    ----------
    people : list of Documents or PersonKeys
        Who they are, part by part.
    area : (n,) int32
        Number of each one's building.
    household : Series
        (n,) UInt64, a hash of the household's name; null where none is given.
    areas : DataFrame
        area, township, community, building; the number is the row, a text that is not given is empty.
    """

    people: list[Documents | PersonKeys]
    area: NDArray[np.int32]
    household: pl.Series
    areas: pl.DataFrame


class _ListPart(NamedTuple):
    """Some rows of a list; buildings are numbered within them."""

    people: Documents | PersonKeys
    area: NDArray[np.int64]
    names: pl.DataFrame
    household: pl.Series


def residents_of(people: pl.DataFrame, sealed: Sealing | None = None) -> ResidentRows:
    """Tell the residents of a list that was cleaned.

    Parameters
    ----------
    people : DataFrame
        As `Reference.people`: person, and optionally person_type, township, community, building, household.
    sealed : callable, optional
        As `TableFiles.sealed`: then people are told by their pseudonyms.
    """
    texts = people.select(pl.col(name).cast(pl.String) for name in _USED if name in people.columns)
    parts = (texts.slice(begin, _BATCH).to_arrow() for begin in range(0, people.height, _BATCH))
    return _joined([_part(part, _told(_people(part), sealed)) for part in parts])


def plain_residents(path: Path, sealed: Sealing | None = None) -> ResidentRows | None:
    """Tell the residents of a file that needs no cleaning; None of one that may need some.

    A city's list is 25 million rows, and cleaning it takes longer than all marts. A Parquet file with the columns of
    docs/tables.md is taken as it is where cleaning would change nobody in it.

    Parameters
    ----------
    path : Path
        Any file that `read_reference` takes.
    sealed : callable, optional
        As of `residents_of`.
    """
    form = _form(path)
    if form is None:
        return None
    groups, columns = form

    def read(group: int) -> list[_ListPart] | None:
        parts = list[_ListPart]()
        try:
            with arrow_file(path) as source:
                file = pq.ParquetFile(source, read_dictionary=[name for name in AREA if name in columns])
                for batch in file.iter_batches(
                    _BATCH, row_groups=[group], columns=columns, use_threads=False
                ):
                    rows = pa.Table.from_batches([batch])
                    rows.validate(full=True)
                    people = _people(rows)
                    documents = documents_of(people)
                    if rows["person"].null_count or not _is_clean(rows, documents.others):
                        return None
                    parts.append(_part(rows, documents if sealed is None else _told(people, sealed)))
        except (OSError, pa.ArrowException):
            return None  # damage, which `read_reference` tells, or bytes that are no UTF-8, which polars would take
        return parts

    found = list[_ListPart]()
    with ThreadPoolExecutor(_THREADS) as threads:
        for parts in threads.map(read, range(groups)):
            if parts is None:
                threads.shutdown(cancel_futures=True)
                return None
            found += parts
    return _joined(found)


def cleaned(people: pl.DataFrame | Path) -> pl.DataFrame:
    """Clean a list of residents, as `read_reference` does."""
    found = read_reference(people=people).people
    return pl.DataFrame(schema={"person": pl.String}) if found is None else found


def _form(path: Path) -> tuple[int, list[str]] | None:
    """Row groups of a Parquet file, and its columns that are used, if those are texts; None of another file."""
    if path.suffix != ".parquet":
        return None
    try:
        with arrow_file(path) as source:
            file = pq.ParquetFile(source)
            schema, groups = file.schema_arrow, file.num_row_groups
    except (OSError, pa.ArrowException):
        return None
    used = [each for each in schema if each.name in _USED]
    others = {*schema.names} - {*_USED}
    if any(column_of_header(bare_header(name)) in _USED for name in others):
        return None  # 乡镇, or Household: headers that are read as one of these columns
    if not all(pa.types.is_string(each.type) or pa.types.is_large_string(each.type) for each in used):
        return None
    names = [each.name for each in used]
    plain = file.metadata.num_rows > 0 and names.count("person") == 1 and len({*names}) == len(names)
    return (groups, names) if plain else None


def _told(people: pl.DataFrame, sealed: Sealing | None) -> Documents | PersonKeys:
    return documents_of(people) if sealed is None else people_of_pseudonyms(sealed(people))


def _people(rows: pa.Table) -> pl.DataFrame:
    people = pl.DataFrame(rows.select([name for name in _PEOPLE if name in rows.column_names]))
    kind = pl.col("person_type").fill_null(RESIDENT) if "person_type" in people.columns else pl.lit(RESIDENT)
    return people.select(kind.alias("person_type"), "person")


def _is_clean(rows: pa.Table, others: pl.DataFrame) -> bool:
    """Whether cleaning would change nothing: resident IDs stay as they are, and of the others it is tried."""
    if others.height and not others.equals(cleaned(others)):
        return False
    if "household" not in rows.column_names:
        return True
    text, offsets = text_bytes(pl.Series(rows["household"]).drop_nulls())
    first, later = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    lengths = np.array([_LONGEST, 1], np.int64)
    tell_bytes(text, offsets, first, later, lengths)
    return bool(lengths[0] > 0 and lengths[1] <= _LONGEST and not ((first | later) & ~_PLAIN).any())


def _part(rows: pa.Table, people: Documents | PersonKeys) -> _ListPart:
    area = np.zeros(len(rows), np.int64)
    texts = list[pl.Series]()
    for name in AREA:
        texts.append(pl.Series([""]))
        if name in rows.column_names:
            coded = _coded(rows[name])
            texts[-1] = texts[-1].append(pl.Series(coded.dictionary).cast(pl.String).fill_null(""))
            numbers = pl.Series(coded.indices).cast(pl.Int64).fill_null(-1).to_numpy() + 1
            area = area * len(texts[-1]) + numbers
    begins = np.flatnonzero(np.diff(area, prepend=-1))  # neighbours mostly live in one building
    distinct, own = np.unique(area[begins], return_inverse=True)
    places = np.unravel_index(distinct, [len(each) for each in texts])
    names = {name: each.gather(place) for name, each, place in zip(AREA, texts, places, strict=True)}
    runs = np.diff(begins, append=len(rows))
    return _ListPart(people, np.repeat(own, runs), pl.DataFrame(names), _households(rows))


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return whole.unify_dictionaries().combine_chunks()


def _households(rows: pa.Table) -> pl.Series:
    if "household" not in rows.column_names:
        return pl.repeat(None, len(rows), dtype=pl.UInt64, eager=True)
    names = pl.DataFrame({"household": rows["household"]})
    return names.select(
        pl.when(pl.col("household").is_not_null()).then(pl.col("household").hash())
    ).to_series()


def _joined(parts: list[_ListPart]) -> ResidentRows:
    """Number the buildings of all parts."""
    names = pl.concat([pl.DataFrame(schema=dict.fromkeys(AREA, pl.String)), *(part.names for part in parts)])
    areas = names.unique(maintain_order=True).with_row_index("area").cast({"area": pl.Int32})
    numbers = names.join(areas, on=AREA, how="left", maintain_order="left")["area"].to_numpy()
    area, begin = [np.empty(0, np.int32)], 0
    for part in parts:
        area.append(numbers[begin:][part.area])
        begin += part.names.height
    households = [pl.Series([], dtype=pl.UInt64), *(part.household for part in parts)]
    return ResidentRows(
        [part.people for part in parts], np.concatenate(area), pl.concat(households, rechunk=True), areas
    )
