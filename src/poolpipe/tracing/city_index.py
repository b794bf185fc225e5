"""The index of a city: compressed sparse rows from people, tubes, places, boxes and plates; a round is added without the others."""

from __future__ import annotations

import hashlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES, Dictionaries, people_renumbered, text_bytes
from poolpipe.coding.distinct import distinct
from poolpipe.coding.numbering import number_by_first
from poolpipe.tables import CALLS
from poolpipe.tracing.flat_arrays import FlatArray, narrowed
from poolpipe.tracing.index import places_of
from poolpipe.tracing.sources import source_tubes
from poolpipe_kernels.grouped_rows import group_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from poolpipe.tracing.coded_day import CodedDay

__all__ = ["CityIndex", "RoundSeats", "index_city", "rows_by_number"]

_UNKNOWN = -1


class RoundSeats(NamedTuple):
    """The seats of one round, which do not change when other rounds come.

    Attributes
    ----------
    digest : str
        SHA-256 of the people of each tube, their keys and times; empty in an index that is not kept.
    tube : (seats,) uint32
        Tube of each seat within the round.
    person : (seats,) int32
        Number of the person, in the order in which people came into the index.
    at : (seats,) int64
        Microseconds.
    begins, rows : (people + 1,) and (seats,) uint32
        The seats of each of the people who were known when the round came.
    """

    digest: str
    tube: FlatArray
    person: FlatArray
    at: FlatArray
    begins: FlatArray
    rows: FlatArray


@dataclass(frozen=True, slots=True)
class CityIndex:
    """Tubes and people of a day as flat arrays; a tube's number is its row in the table of tubes.

    Attributes
    ----------
    rounds : list of str
        Sorted.
    round_tubes, round_seats : (rounds + 1,) int64
        Where each round's tubes and seats begin.
    seats : list of RoundSeats
        One a round.
    people : list of FlatArray
        int64 keys of people by number, in parts; other documents than resident IDs are -1, -2, … by their rows in `others`.
    tubes : dict of FlatArray
        What `_tubes`, `_loads` and `_others` list.
    """

    rounds: list[str]
    round_tubes: NDArray[np.int64]
    round_seats: NDArray[np.int64]
    seats: list[RoundSeats]
    people: list[FlatArray]
    tubes: dict[str, FlatArray]


def rows_by_number(numbers: NDArray[np.int32], groups: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Lay rows out by number.

    Parameters
    ----------
    numbers : (n,) int32
        Below `groups`, -1 for a row in no group.
    groups : int
        How many there are.

    Returns
    -------
    begins, rows : (groups + 1,) and (rows in a group,) uint32
    """
    begins, rows = np.zeros(groups + 1, np.uint32), np.empty(len(numbers), np.uint32)
    group_rows(numbers, begins, rows)
    return begins, rows[: int(begins[-1])]


def index_city(
    day: CodedDay, before: CityIndex | None = None, others: pl.DataFrame | None = None, *, keep: bool = False
) -> CityIndex:
    """Index a day; rounds that are as in an earlier index are taken from there.

    Parameters
    ----------
    day : CodedDay
        As `coded_day.code_day` gives it.
    before : CityIndex, optional
        An index of the same city, kept.
    others : DataFrame, optional
        Its `others`: person_type and person in the order in which they came into it.
    keep : bool
        Whether digests of rounds are wanted, as an index has them that is kept.

    Returns
    -------
    CityIndex
        Whoever is no longer in any tube is not in it: where somebody of the earlier index has gone, it is made anew.
    """
    known = day.codes.others.clear() if others is None else others
    listed, keys_of = _others_in_order(day.codes.others, known)
    pools, offsets = day.pools, _seat_begins(day.pools)
    of_round = day.codes.entities["tube"].rounds
    rounds = day.codes.texts["round"].to_list()
    round_tubes = np.searchsorted(of_round, np.arange(len(rounds) + 1, dtype=of_round.dtype)).astype(np.int64)
    round_seats = offsets[round_tubes]
    people = list(before.people) if before else []
    spans = zip(round_seats.tolist(), round_seats[1:].tolist(), round_tubes.tolist(), strict=False)
    parts = [_round(day.members[begin:end], tube, keys_of, keep=keep) for begin, end, tube in spans]
    seats = _seats(parts, people, {part.digest: part for part in before.seats} if before else {})
    if before and _somebody_is_gone(seats, sum(map(len, people))):
        return index_city(day, keep=keep)
    columns = _tubes(day, offsets, of_round) | _loads(day, pools.height) | _others(day.codes, listed, keys_of)
    columns["answers"] = _answers(day)
    columns["sources"] = source_tubes(pools).astype(np.int64)
    columns["p"] = day.members["p_infected"].to_numpy()
    return CityIndex(
        rounds, round_tubes, round_seats, seats, people,
        {name: FlatArray(np.ascontiguousarray(values)) for name, values in columns.items()},
    )  # fmt: skip


def _seat_begins(pools: pl.DataFrame) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(pools["people"].fill_null(0).cast(pl.Int64).to_numpy())])


def _digest(*columns: NDArray[Any]) -> str:
    told = hashlib.sha256()
    for column in columns:
        told.update(np.ascontiguousarray(column).data)
    return told.hexdigest()


class _Round(NamedTuple):
    """Columns of a round that is to be indexed: its digest, tubes within it, keys of people, and microseconds."""

    digest: str
    tubes: NDArray[np.uint32]
    keys: NDArray[np.int64]
    at: NDArray[np.int64]


def _round(members: pl.DataFrame, tube: int, keys_of: NDArray[np.int64], *, keep: bool) -> _Round:
    keys = people_renumbered(members["person"].to_numpy(), keys_of)
    tubes = members["tube"].to_numpy() - np.uint32(tube)
    at = members["collected_at"].to_physical().to_numpy()
    return _Round(_digest(tubes, keys, at) if keep else "", tubes, keys, at)


def _seats(
    rounds: Sequence[_Round], people: list[FlatArray], kept: dict[str, RoundSeats]
) -> list[RoundSeats]:
    """Seats of each round, those that are kept as they are; the keys of people who were not known are put to `people`."""
    new, told = [], set(kept)
    for each in rounds:
        if not each.digest or each.digest not in told:
            new.append(each)
            told.add(each.digest)
    made = {}
    if new:
        numbered = number_by_first([*(part.whole() for part in people), *(each.keys for each in new)])
        numbers = itertools.islice(numbered, len(people), None)
        with ThreadPoolExecutor(1) as pool:  # seats of a round are laid out while the next is numbered
            for each, (number, first) in zip(new, numbers, strict=True):
                people.append(FlatArray(each.keys[first]))
                rows = pool.submit(rows_by_number, number, sum(map(len, people)))
                made[id(each)] = each, number, rows
    laid_out = {
        name: RoundSeats(
            each.digest, *(FlatArray(values) for values in (each.tubes, number, each.at, *rows.result()))
        )
        for name, (each, number, rows) in made.items()
    }
    kept = kept | {seats.digest: seats for seats in laid_out.values()}
    return [laid_out[id(each)] if id(each) in laid_out else kept[each.digest] for each in rounds]


def _somebody_is_gone(seats: Sequence[RoundSeats], people: int) -> bool:
    there = np.zeros(people, np.bool_)
    for part in seats:
        begins = part.begins.whole()
        there[: len(begins) - 1] |= begins[1:] > begins[:-1]
    return not there.all()


def _others_in_order(others: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Other documents, those that are known first; the key of each of a day's."""
    columns = ["person_type", "person"]
    new = others.select(columns).join(known, on=columns, how="anti", maintain_order="left")
    listed = pl.concat([known.select(columns), new]).with_row_index("row")
    rows = others.select(columns).join(listed, on=columns, how="left", maintain_order="left")["row"]
    return listed.drop("row"), -1 - rows.cast(pl.Int64).to_numpy()


def _others(codes: Dictionaries, listed: pl.DataFrame, keys_of: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Other documents as they came: type, number, the least resident ID behind each, and its place among them in order."""
    bounds = np.zeros(listed.height, np.int64)
    ranks = np.zeros(listed.height, np.int64)
    bounds[-1 - keys_of] = codes.person_bounds() if len(keys_of) else bounds
    ranks[-1 - keys_of] = np.arange(len(keys_of))
    return {
        "other_bound": bounds,
        "other_rank": ranks,
        **_texts("other_type", listed["person_type"]),
        **_texts("other_number", listed["person"]),
    }


def _texts(name: str, texts: pl.Series) -> dict[str, NDArray[Any]]:
    content, offsets = text_bytes(texts.rechunk())
    begins = narrowed(offsets - offsets[0])
    return {f"{name}_offsets": begins, f"{name}_bytes": content[offsets[0] : offsets[-1]]}


def _tubes(
    day: CodedDay, offsets: NDArray[np.int64], of_round: NDArray[np.uint32]
) -> dict[str, NDArray[Any]]:
    """Columns of tubes: seats, place and box, each also as rows by number; times; codes."""
    pools, codes = day.pools, day.codes
    collected = pools["mode"].is_not_null().to_numpy()
    places = np.where(collected, places_of(pools, of_round), -1)
    number, _ = next(number_by_first([places]))
    place = np.where(places >= 0, number, np.int32(-1))
    place_begins, place_tubes = rows_by_number(place, int(place.max(initial=-1)) + 1)
    box = pools["box"].cast(pl.Int32).fill_null(-1).to_numpy()
    box_begins, box_tubes = rows_by_number(np.ascontiguousarray(box), len(codes.entities["box"]))
    alarming = (pl.col("call") >= CALLS.index("suspect")) & pl.col("called_at").is_not_null()
    alarms = pools.filter(alarming).sort("tube")
    times = {
        name: pools[name].to_physical().cast(pl.Int64).fill_null(_UNKNOWN).to_numpy()
        for name in ("first_collected", "last_collected", "packed_at", "picked_up_at", "received_at")
    }
    return {
        "seat_begins": narrowed(offsets),
        "place": place,
        "place_begins": place_begins,
        "place_tubes": place_tubes,
        "box": box,
        "box_begins": box_begins,
        "box_tubes": box_tubes,
        "alarm_tubes": alarms["tube"].cast(pl.Int64).to_numpy(),
        "alarm_at": alarms["called_at"].to_physical().to_numpy(),
        **times,
        **{
            key: values
            for name in ("tube", "box", "plate")
            for key, values in _texts(name, codes.texts[name].gather(codes.entities[name].texts)).items()
        },
    }


def _loads(day: CodedDay, tubes: int) -> dict[str, NDArray[Any]]:
    """Loads as a sample by tube, with those of each plate."""
    loads = day.loads
    if not loads["tube"].is_sorted() or loads["tube"].n_unique() < len(loads):
        loads = loads.sort("tube", "at", "plate", "well")
    plate = loads["plate"].cast(pl.Int32).to_numpy()
    begins, _ = rows_by_number(loads["tube"].cast(pl.Int32).to_numpy(), tubes)
    plate_begins, plate_loads = rows_by_number(np.ascontiguousarray(plate), len(day.codes.entities["plate"]))
    return {
        "load_begins": begins,
        "load_tube": loads["tube"].to_numpy(),
        "load_slot": narrowed(plate.astype(np.int64) * WELL_PLACES + loads["well"].cast(pl.Int64).to_numpy()),
        "load_at": loads["at"].to_physical().to_numpy(),
        "plate_begins": plate_begins,
        "plate_loads": plate_loads,
    }


def _answers(day: CodedDay) -> NDArray[np.int64]:
    """``tube << 32 | seat`` of singles that answer the recall of a tube, ascending."""
    seats = day.members.select(pl.col("tube").alias("answer"), "person").with_row_index("seat")
    wanted = seats.filter(pl.col("answer").is_in(day.answers["answer"].unique().implode()))
    found = day.answers.join(wanted, on=["answer", "person"])
    return distinct((found["tube"].cast(pl.Int64) * (1 << 32) + found["seat"]).to_numpy())
