"""Trace tubes and people of a concluded day: the rows of `traces` for whatever is asked."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from poolpipe.choices import suggestion
from poolpipe.display import mask
from poolpipe.errors import InputError
from poolpipe.paths import shown
from poolpipe.policy import load_policy
from poolpipe.results.city_traces import city_traces
from poolpipe.results.day import Day
from poolpipe.results.given_residents import GivenResidents
from poolpipe.results.kept_index import HomesOfList, keep_homes, kept_index, state_of_index
from poolpipe.results.written import opened
from poolpipe.tables import TABLES, as_table
from poolpipe.tracing.city_homes import index_homes
from poolpipe.tracing.city_index import CityIndex, index_city
from poolpipe.tracing.city_lookups import (
    city_dictionaries,
    numbers_of_keys,
    seats_of_people,
    tubes_of_seats,
)
from poolpipe.tracing.city_walk import CityHazards, city_hazards, trace_city
from poolpipe.tracing.coded_day import code_day
from poolpipe.tracing.flat_arrays import DamagedError, FlatTexts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from poolpipe.coding.frames import Frame
    from poolpipe.policy import Policy, Rules
    from poolpipe.trace_policy import Tracing
    from poolpipe.tracing.city_homes import CityHomes

__all__ = ["trace"]

_READ_ALONE = 3
"""The first few sources are read from the file by themselves, which takes a tenth of the time and nothing of the memory."""

_SOURCE = ["source_round", "source_tube"]
_DAYS: WeakKeyDictionary[Day, dict[int, _City]] = WeakKeyDictionary()
"""Days in memory that were traced before."""

_FOLDERS: dict[tuple[str, int], tuple[object, _City]] = {}
"""The result that was traced last, with the state of its files: a long-lived process opens its index once."""


class _City:
    """The index of a day, and the table `traces` that it was concluded with."""

    def __init__(
        self,
        index: CityIndex,
        table: Callable[[tuple[str, str] | None], pl.DataFrame],
        kept: HomesOfList | None = None,
        keep: Callable[[HomesOfList], None] | None = None,
    ) -> None:
        self.index = index
        self.sources = index.tubes["sources"].whole()
        self._read = table
        self._table: pl.DataFrame | None = None
        self._asked = 0
        self._spans: dict[tuple[str, str], tuple[int, int]] = {}
        self._kept, self._keep = kept, keep
        self._homes: tuple[object, CityHomes | None] = None, None
        self._hazards: dict[bool, tuple[Tracing, CityHomes | None, CityHazards]] = {}
        if "hazard_rate" in index.tubes:
            known = {name: index.tubes[f"hazard_{name}"] for name in CityHazards._fields}
            self._hazards[False] = _usual_policy().trace, None, CityHazards(**known)

    def homes(self, residents: GivenResidents) -> CityHomes | None:
        """Households of a list of residents: as they are kept, or known of the list that was asked last."""
        key, kept = residents.key, self._kept
        if key is None:
            return None
        if self._homes[0] is key or (residents.proof is not None and self._homes[0] == key):
            return self._homes[1]
        if kept is not None and kept.of == residents.proof:
            self._hazards[True] = _usual_policy().trace, kept.homes, kept.hazards
            self._homes = key, kept.homes
            return kept.homes
        homes = index_homes(self.index, residents.people())
        self._homes = key, homes
        if homes is not None and residents.proof is not None and self._keep is not None:
            self._keep(HomesOfList(residents.proof, homes, self.hazards(_usual_policy(), homes)))
        return homes

    def hazards(self, rules: Policy, homes: CityHomes | None) -> CityHazards:
        """What the positive tubes of the day do to people, under a policy."""
        known = self._hazards.get(homes is not None)
        if known is None or known[0] != rules.trace or known[1] is not homes:
            known = rules.trace, homes, city_hazards(self.index, rules, homes)
            self._hazards[homes is not None] = known
        return known[2]

    def rows(self, sources: NDArray[np.int64]) -> pl.DataFrame:
        """Rows of some sources in the table, which lie together."""
        self._asked += 1
        if self._table is None and len(sources) == 1 and self._asked <= _READ_ALONE:
            begin = self._key_of(sources)[0]
            return as_table(self._read(begin), "traces")
        if self._table is None:
            table = as_table(self._read(None), "traces")
            spans = table.select(pl.struct(_SOURCE).rle().struct.unnest())
            ends = spans["len"].cum_sum()
            self._spans = {
                (told["source_round"], told["source_tube"]): (end - count, count)
                for told, count, end in zip(spans["value"], spans["len"], ends, strict=True)
            }
            self._table = table
        if len(sources) == len(self.sources):
            return self._table
        named = self._key_of(sources)
        parts = [self._table.slice(*self._spans[key]) for key in named if key in self._spans]
        return pl.concat([self._table.clear(), *parts]) if len(parts) != 1 else parts[0]

    def _key_of(self, tubes: NDArray[np.int64]) -> list[tuple[str, str]]:
        """Round and code of some tubes."""
        rounds = np.searchsorted(self.index.round_tubes, tubes, side="right") - 1
        codes = FlatTexts.of(self.index.tubes, "tube").take(tubes).series().to_list()
        return [(self.index.rounds[each], code) for each, code in zip(rounds.tolist(), codes, strict=True)]


def trace(
    day: Day | str | os.PathLike[str],
    *,
    tubes: str | Iterable[str] = (),
    people: str | Iterable[str] = (),
    hops: int | None = None,
    policy: Rules = None,
    residents: Frame | str | os.PathLike[str] | None = None,
) -> pl.DataFrame:
    """Follow tubes and people outwards: who shared a tube, stood in the queue, lives with them, and was with them before.

    Parameters
    ----------
    day : Day, str or Path
        A concluded day, or the folder of a result. A folder keeps an index in `.trace-index`, made at the first call.
    tubes : str or iterable of str, optional
        Codes of tubes, in whatever round. Without tubes and people: every source of the day.
    people : str or iterable of str, optional
        Document numbers, or `type:number`: each tube in which one of them is.
    hops : int, optional
        Most links; by default the policy's, two.
    policy : Policy, str, Path or mapping, optional
        Look-back, queue and weights; `ten-in-one` by default.
    residents : frame, str or Path, optional
        The list of residents, for households; by default that of the day.

    Returns
    -------
    polars.DataFrame
        Columns and order of the table `traces` (docs/tables.md). The rows of a source of the day are those of its table, unless hops,
        policy or residents are given.

    Raises
    ------
    InputError
        If a tube or person is in no tube of the day.

    Examples
    --------
    >>> import poolpipe
    >>> day = poolpipe.run("data/samples/town/events")
    >>> source = day.recalls["tube"][0]
    >>> links = poolpipe.trace(day, tubes=source, hops=1)
    >>> links.filter(kind="member").height == day.pools.filter(tube=source)["people"][0]
    True
    """
    labels, numbers = _texts(tubes), _texts(people)  # an iterator can be read only once
    as_told = hops is None and policy is None and residents is None
    if as_told and isinstance(day, Day) and labels and not numbers:
        told = _of_table(day, labels)
        if told is not None:
            return told
    rules = _usual_policy() if policy is None else load_policy(policy)
    known = GivenResidents(day.people if residents is None and isinstance(day, Day) else residents)

    def follow(city: _City) -> pl.DataFrame:
        asked = _asked(city.index, labels, numbers) if labels or numbers else city.sources
        told = _among(asked, city.sources) if as_told else np.zeros(len(asked), np.bool_)
        most = rules.trace.hops if hops is None else hops
        if told.all():
            return city.rows(asked) if len(asked) else _no_rows()
        frame, source = _walk(city, asked[~told], most, rules, known)
        return _in_order(city, asked, told, frame, source) if told.any() else frame

    wells = rules.codes.plate_wells
    if isinstance(day, Day):
        return follow(_of_day(day, wells))
    try:
        return follow(_of_folder(Path(day), wells))
    except DamagedError as error:
        return follow(_of_folder(Path(day), wells, damaged=error.name))


def _of_table(day: Day, tubes: list[str]) -> pl.DataFrame | None:
    """Rows of tubes in the table `traces`, without an index; None where one of them is no source of the day."""
    collected = pl.col("tube").is_in(tubes) & pl.col("mode").is_not_null()
    asked = day.pools.filter(collected).select(source_round="round", source_tube="tube")
    rows = day.traces.join(asked, on=_SOURCE, how="semi", nulls_equal=True, maintain_order="left")
    if asked["source_tube"].n_unique() < len(set(tubes)) or rows.select(_SOURCE).n_unique() < asked.height:
        return None
    return rows


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema={column.name: column.dtype for column in TABLES["traces"]})


def _in_order(
    city: _City,
    asked: NDArray[np.int64],
    told: NDArray[np.bool_],
    walked: pl.DataFrame,
    source: NDArray[np.int64],
) -> pl.DataFrame:
    """Rows of the table and walked ones, each sorted by source: of tubes that stand together, together."""
    cuts = [0, *(np.flatnonzero(told[1:] != told[:-1]) + 1).tolist(), len(asked)]
    parts = []
    for begin, end in pairwise(cuts):
        if told[begin]:
            parts.append(city.rows(asked[begin:end]))
        else:
            first, last = np.searchsorted(source, [asked[begin], asked[end - 1] + 1]).tolist()
            parts.append(walked.slice(first, last - first))
    return pl.concat(parts, rechunk=True)


@cache
def _usual_policy() -> Policy:
    return load_policy()


def _texts(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _among(asked: NDArray[np.int64], sources: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each tube is a source; both are ascending."""
    if not len(sources):
        return np.zeros(len(asked), np.bool_)
    found: NDArray[np.bool_] = sources[np.searchsorted(sources, asked).clip(max=len(sources) - 1)] == asked
    return found


def _of_day(day: Day, plate_wells: int) -> _City:
    kept = _DAYS.setdefault(day, {})
    if plate_wells not in kept:
        index = index_city(code_day(day.pools, [day.members], day.recalls, day.cases, plate_wells))
        kept[plate_wells] = _City(index, lambda source: _rows_of(day.traces, source))
    return kept[plate_wells]


def _of_folder(folder: Path, plate_wells: int, damaged: str | None = None) -> _City:
    key, state = (str(folder.absolute()), plate_wells), state_of_index(folder)
    found = _FOLDERS.get(key)
    if found is not None and found[0] == state is not None and damaged is None:
        return found[1]
    kept = kept_index(folder, plate_wells, _usual_policy(), damaged)

    def keep(told: HomesOfList) -> None:
        keep_homes(folder, kept, told)
        _FOLDERS[key] = state_of_index(folder), city

    city = _City(kept.city, lambda source: _table_of(folder, source), kept.homes, keep)
    _FOLDERS.clear()
    _FOLDERS[key] = state_of_index(folder), city
    return city


def _table_of(folder: Path, source: tuple[str, str] | None) -> pl.DataFrame:
    with opened(folder, "traces") as written:
        path = written.path("traces")
        if source is not None and shown(path) == str(path):  # Polars takes no other
            rows = _rows_of(pl.scan_parquet(path, glob=False), source)
        else:
            rows = _rows_of(pl.read_parquet(path.read_bytes()), source)
        written.check()
    return rows


def _rows_of(table: pl.DataFrame | pl.LazyFrame, source: tuple[str, str] | None) -> pl.DataFrame:
    """The table, or the rows of one source."""
    if source is not None:
        table = table.filter(pl.col("source_round") == source[0], pl.col("source_tube") == source[1])
    return table.lazy().collect()


def _asked(index: CityIndex, tubes: list[str], people: list[str]) -> NDArray[np.int64]:
    """Numbers of the collected tubes that are named, or that hold a person who is, ascending."""
    codes, found = FlatTexts.of(index.tubes, "tube"), []
    for tube in tubes:
        rows = [
            row
            for begin, end in zip(index.round_tubes.tolist(), index.round_tubes[1:].tolist(), strict=False)
            if (row := codes.find(tube, begin, end)) is not None and _is_collected(index, row)
        ]
        if not rows:
            near = codes.take(np.arange(min(len(codes), 100_000))).series().to_list()
            raise InputError.of("tube_not_collected", where="tubes", tube=tube, hint=suggestion(tube, near))
        found += rows
    for person in people:
        rows = _tubes_of_person(index, person).tolist()
        if not rows:
            raise InputError.of("person_not_collected", where="people", person=mask(person))
        found += rows
    return np.array(sorted(set(found)), np.int64)


def _is_collected(index: CityIndex, row: int) -> bool:
    begin, end = index.tubes["seat_begins"].cut(row, row + 2).tolist()
    return bool(begin < end)


def _tubes_of_person(index: CityIndex, person: str) -> NDArray[np.int64]:
    """Tubes of the people of a document number, with a type before it or of any type."""
    kind, colon, number = person.partition(":")
    codes = city_dictionaries(index)
    others = codes.others.filter(pl.col("person") == person)["person_type"].to_list()
    kinds = [kind] if colon else ["RIC", *others]
    asked = pl.DataFrame({"person_type": kinds, "person": [number if colon else person] * len(kinds)})
    keys = codes.person_keys(asked).drop_nulls().to_numpy()
    return tubes_of_seats(index, seats_of_people(index, numbers_of_keys(index, keys)))


def _walk(
    city: _City, tubes: NDArray[np.int64], hops: int, rules: Policy, residents: GivenResidents
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Rows of some tubes, and the tube that each row is of."""
    homes = city.homes(residents)
    found = trace_city(city.index, tubes, hops, rules, city.hazards(rules, homes), homes)
    return city_traces(city.index, found, rules.codes.plate_wells), found.links.source
