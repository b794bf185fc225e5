"""Texts once, at the end: coded conclusions written as the contract's tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.codes import RESIDENT, WELL_PLACES, large_texts, text_bytes, well_names
from poolpipe.recalls import OPEN_STATUS
from poolpipe.tables import CALLS, MODES, SORT_KEYS, STATES, TABLES, as_table
from poolpipe_kernels import texts as kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from poolpipe.beliefs import Beliefs
    from poolpipe.codes import Codes

__all__ = ["Coded", "queue_positions"]

_Scalar = TypeVar("_Scalar", bound=np.generic)

_ROWS = 1 << 19
"""Rows of a piece, which becomes a row group: twice as many save two hundredths of the file for twice the memory."""


@dataclass(frozen=True, slots=True)
class Coded:
    """What the stages conclude, with what is needed to write it as text.

    Attributes
    ----------
    pools, members, recalls, cases, ledger : DataFrame
        Coded; see the stages.
    beliefs : Beliefs
        P(infected) of the members.
    anomalies, rejects : DataFrame
        Texts already.
    """

    codes: Codes
    plate_wells: int
    pools: pl.DataFrame
    members: pl.DataFrame
    beliefs: Beliefs
    recalls: pl.DataFrame
    cases: pl.DataFrame
    ledger: pl.DataFrame
    anomalies: pl.DataFrame
    rejects: pl.DataFrame

    def heights(self) -> dict[str, int]:
        """Rows per table."""
        return {table: getattr(self, table).height if table != "traces" else 0 for table in TABLES}

    def table(self, name: str) -> pl.DataFrame:
        """One of the contract's tables, sorted."""
        return as_table(pl.DataFrame(next(self.pieces(name, max(1, self.heights()[name])))), name)

    def tubes_by(self, column: str) -> dict[str | None, int]:
        """Count tubes by `mode` or `call` without writing any as text."""
        words = {"mode": MODES, "call": CALLS}[column]
        counted = self.pools.group_by(column).len().iter_rows()
        return {None if number is None else words[number]: count for number, count in counted}

    def unreported(self) -> pl.DataFrame:
        """The rows of `pools` that are collected tubes without a result."""
        waits = pl.col("mode").is_not_null() & (pl.col("state") != STATES.index("reported"))
        return replace(self, pools=self.pools.filter(waits)).table("pools")

    def pieces(self, name: str, rows: int | None = None) -> Iterator[pa.Table]:
        """The same table piece by piece, as Arrow tables of one schema; at least one piece.

        A piece is good until the next but one is asked for: they are written into the same memory.
        """
        if name in _PIECEMEAL:
            height, room, rows = self.heights()[name], _Room(), rows or _ROWS
            for start in range(0, max(1, height), rows):
                room.turn()
                yield _PIECEMEAL[name](self, range(start, min(start + rows, height)), room)
        else:
            yield as_table(_MAKERS[name](self), name).to_arrow(compat_level=pl.CompatLevel.oldest())


class _Room:
    """Memory that pieces are written into: two in turn, so that one can be encoded while the next is made.

    Memory touched for the first time is dearer than what is written into it.
    """

    def __init__(self) -> None:
        self._ours: list[NDArray[np.uint8]] = []
        self._other: list[NDArray[np.uint8]] = []
        self._taken = 0
        self._zeros = np.zeros(0, np.int32)

    def turn(self) -> None:
        """Begin the next piece."""
        self._ours, self._other = self._other, self._ours
        self._taken = 0

    def empty(self, size: int, dtype: type[_Scalar]) -> NDArray[_Scalar]:
        """An array like `numpy.empty`, the piece's own."""
        n_bytes = size * np.dtype(dtype).itemsize
        if self._taken == len(self._ours):
            self._ours.append(np.empty(n_bytes, np.uint8))
        elif len(self._ours[self._taken]) < n_bytes:
            self._ours[self._taken] = np.empty(n_bytes, np.uint8)
        self._taken += 1
        return self._ours[self._taken - 1][:n_bytes].view(dtype)

    def zeros(self, size: int) -> NDArray[np.int32]:
        """Zeros that nobody writes to: all pieces share them."""
        if len(self._zeros) < size:
            self._zeros = np.zeros(size, np.int32)
        return self._zeros[:size]


def _dictionary(numbers: pl.Series, values: pl.Series, room: _Room) -> pa.Array:
    """Texts by number; each distinct one once, which is what Parquet wants, too.

    Texts that do not occur are left out: what was rejected, voided or came later leaves no trace in a table.
    """
    places = room.empty(len(numbers), np.int32)
    np.copyto(places, numbers.cast(pl.Int32).fill_null(-1).to_numpy())
    valid = _bitmap(places >= 0) if numbers.null_count() else None
    order = np.zeros(len(values), np.int32)
    occurring = order[: kernels.renumber(places, order)]
    return pa.DictionaryArray.from_arrays(_numbers(places, valid), values.gather(occurring).to_arrow())


def _constant(text: str, rows: int, room: _Room) -> pa.Array:
    """One text in every row."""
    return pa.DictionaryArray.from_arrays(_numbers(room.zeros(rows)), pl.Series([text]).to_arrow())


def _numbers(values: NDArray[Any], valid: pa.Buffer | None = None) -> pa.Array:
    """Numbers as Arrow sees them, nothing copied; `pyarrow.array` would first load pandas to ask it."""
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)]
    )


def _bitmap(valid: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _queues(tubes: pl.Series, rows: range, room: _Room) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of some rows of sorted tubes: each tube once, the place of each row's among them and in its queue.

    The rows may begin in the middle of a tube.
    """
    seats = tubes.slice(rows.start, len(rows)).to_numpy()
    before = rows.start - int(tubes.search_sorted(int(seats[0]))) if len(rows) else 0
    distinct = room.empty(len(rows), np.uint32)
    places, positions = room.empty(len(rows), np.int32), room.empty(len(rows), np.int64)
    return distinct[: kernels.number_queues(seats, before, distinct, places, positions)], places, positions


def queue_positions(tubes: pl.Series) -> pl.Series:
    """Place of each member in the queue of its tube, from 1, of members sorted by tube and queue."""
    return pl.Series("position", _queues(tubes, range(len(tubes)), _Room())[2])


def _members(coded: Coded, rows: range, room: _Room) -> pa.Table:
    """Some members as text."""
    tubes, places, positions = _queues(coded.members["tube"], rows, room)
    members = coded.members.slice(rows.start, len(rows))
    people = members["person"].to_numpy()
    rounds, codes = _seated(coded.codes, tubes, places, room)
    table = pa.table(
        {
            "round": rounds,
            "tube": codes,
            "person_type": _person_types(coded.codes, people, room),
            "person": coded.codes.documents(people, room.empty),
            "collected_at": members["collected_at"].to_arrow(),
            "position": _numbers(positions),
            "p_infected": _numbers(
                coded.beliefs.stretch(rows.start, rows.stop, room.empty(len(rows), np.float64))
            ),
        }
    )
    # What is never null need not say so row by row: an eighth of the time this table takes to encode.
    return table.cast(pa.schema([field.with_nullable(nullable=False) for field in table.schema]))


def _seated(
    codes: Codes, tubes: NDArray[Any], places: NDArray[Any], room: _Room
) -> tuple[pa.Array, pa.Array]:
    """Round and code of seats, from each tube once and the place of each seat's.

    A code used in several rounds stands once: of a dictionary with repeated values pyarrow 26 writes as
    many uninitialised bytes into the file, other ones at every run.
    """
    known = codes.entities["tube"]
    rounds, names = known.rounds[tubes], known.texts[tubes]
    if _same(rounds):
        of_seats = _constant(codes.texts["round"][int(rounds[0])], len(places), room)
    else:
        of_seats = _dictionary(pl.Series(rounds[places]), codes.texts["round"], room)
        names, again = np.unique(names, return_inverse=True)
        places = again.astype(np.int32)[places]
    texts = codes.texts["tube"].gather(names).to_arrow()
    return of_seats, pa.DictionaryArray.from_arrays(_numbers(places), texts)


def _same(ascending: NDArray[Any]) -> bool:
    return len(ascending) > 0 and bool(ascending[0] == ascending[-1])


def _person_types(codes: Codes, people: NDArray[np.int64], room: _Room) -> pa.Array:
    """Kinds of document; in most pieces everybody has the default one."""
    others = np.flatnonzero(people < 0)
    if not len(others):
        return _constant(RESIDENT, len(people), room)
    types = codes.others["person_type"]
    distinct = pl.concat([types, pl.Series([RESIDENT])]).unique().sort()
    kinds = np.full(len(people), distinct.search_sorted(RESIDENT), np.int32)
    kinds[others] = distinct.search_sorted(types).to_numpy()[-1 - people[others]]
    return _dictionary(pl.Series(kinds), distinct, room)


def _pools(coded: Coded, rows: range, room: _Room) -> pa.Table:
    """Some pools as text."""
    codes, pools = coded.codes, coded.pools.slice(rows.start, len(rows))
    tubes, known = pools["tube"].to_numpy(), codes.entities["tube"]
    rounds = known.rounds[tubes]
    wells = well_names(pl.Series(range(coded.plate_wells)), coded.plate_wells)
    numbered = {
        "mode": (pools["mode"], pl.Series(MODES)),
        "site": (pools["site"], codes.texts["site"]),
        "point": (pools["point"], codes.texts["point"]),
        "box": (_code_of(codes, "box", pools["box"]), codes.texts["box"]),
        "lab": (pools["lab"], codes.texts["lab"]),
        "plate": (_code_of(codes, "plate", pools["plate"]), codes.texts["plate"]),
        "well": (pools["well"], wells),
        "call": (pools["call"], pl.Series(CALLS)),
        "state": (pools["state"], pl.Series(STATES)),
    }
    columns: dict[str, pa.Array] = {
        "round": _constant(codes.texts["round"][int(rounds[0])], len(rows), room)
        if _same(rounds)
        else _dictionary(pl.Series(rounds), codes.texts["round"], room),
        # Each stands once: a dictionary would be as long as the table.
        "tube": codes.texts["tube"].gather(known.texts[tubes]).to_arrow(),
        "called_by": _called_by(coded, pools, wells, room),
        **{name: _dictionary(numbers, values, room) for name, (numbers, values) in numbered.items()},
    }
    declared = TABLES["pools"]
    return pa.table(
        {
            column.name: columns[column.name]
            if column.name in columns
            else pools[column.name].cast(column.dtype).to_arrow()
            for column in declared
        }
    )


def _code_of(codes: Codes, column: str, numbers: pl.Series) -> pl.Series:
    """Number of the code alone of boxes or plates."""
    return pl.Series(codes.entities[column].texts).gather(numbers)


def _called_by(coded: Coded, pools: pl.DataFrame, wells: pl.Series, room: _Room) -> pa.Array:
    """What each call rests on: the well, or a lab's report."""
    codes = coded.codes
    plates = codes.texts["plate"].gather(codes.entities["plate"].texts)
    labs = pl.concat([codes.texts["lab"], pl.Series([""])])
    heads = pl.concat(["well " + plates + ":", ("report " + labs).str.strip_chars()])
    report = len(plates) + pl.col("report_lab").cast(pl.Int64).fill_null(len(labs) - 1)
    called = pl.col("call").is_not_null()
    halves = pools.select(
        pl.when(called).then((pl.col("by_slot") // WELL_PLACES).fill_null(report)).alias("head"),
        pl.when(called).then(pl.col("by_slot") % WELL_PLACES).alias("tail"),
    ).select(pl.all().cast(pl.Int32).fill_null(-1))
    head, tail = halves["head"].to_numpy(), halves["tail"].to_numpy()
    (head_text, head_offsets), (tail_text, tail_offsets) = text_bytes(heads), text_bytes(wells)
    offsets = room.empty(pools.height + 1, np.int64)
    kernels.joined_offsets(head, head_offsets, tail, tail_offsets, offsets)
    text = room.empty(int(offsets[-1]), np.uint8)
    kernels.join_texts(head, head_text, head_offsets, tail, tail_text, tail_offsets, offsets, text)
    return large_texts(offsets, text, _bitmap(head >= 0))


def _sorted(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    return frame.sort(SORT_KEYS[table], nulls_last=False)


def _tube(codes: Codes, frame: pl.DataFrame, column: str = "tube", prefix: str = "") -> list[pl.Series]:
    rounds, names = codes.entity("tube", frame[column])
    return [rounds.alias(f"{prefix}round"), names.alias(f"{prefix}tube")]


def _person(codes: Codes, frame: pl.DataFrame) -> list[pl.Series]:
    return list(codes.person(frame["person"]))


def _words(words: tuple[str, ...], frame: pl.DataFrame, column: str) -> pl.Series:
    return pl.Series(column, words, pl.String).gather(frame[column])


def _recalls(coded: Coded) -> pl.DataFrame:
    codes, recalls = coded.codes, coded.recalls
    return _sorted(
        recalls.with_columns(
            *_tube(codes, recalls),
            *_person(codes, recalls),
            *_tube(codes, recalls, "single_tube", "single_"),
            _words(OPEN_STATUS, recalls, "status"),
            _words(CALLS, recalls, "outcome"),
            codes.text("lab", recalls["lab"]),
        ),
        "recalls",
    )


def _cases(coded: Coded) -> pl.DataFrame:
    codes, cases = coded.codes, coded.cases
    return _sorted(
        cases.with_columns(
            *_tube(codes, cases),
            *_person(codes, cases),
            codes.text("lab", cases["lab"]),
            codes.text("recall_of", cases["recall_of"]),
        ),
        "cases",
    )


def _traces(_: Coded) -> pl.DataFrame:
    return pl.DataFrame(schema={column.name: column.dtype for column in TABLES["traces"]})


def _ledger(coded: Coded) -> pl.DataFrame:
    codes, ledger = coded.codes, coded.ledger
    return _sorted(
        ledger.with_columns(
            codes.text("round", ledger["round"]),
            codes.text("site", ledger["site"]),
            codes.entity("box", ledger["box"])[1],
        ),
        "ledger",
    )


def _anomalies(coded: Coded) -> pl.DataFrame:
    return _sorted(coded.anomalies, "anomalies")


def _rejects(coded: Coded) -> pl.DataFrame:
    return coded.rejects.sort(*SORT_KEYS["rejects"], "detail", "raw", nulls_last=False)


_MAKERS: dict[str, Callable[[Coded], pl.DataFrame]] = {
    "recalls": _recalls,
    "cases": _cases,
    "traces": _traces,
    "ledger": _ledger,
    "anomalies": _anomalies,
    "rejects": _rejects,
}

_PIECEMEAL: dict[str, Callable[[Coded, range, _Room], pa.Table]] = {"pools": _pools, "members": _members}
"""Tables of millions of rows: coded in the order they are written in, made into text piece by piece."""
