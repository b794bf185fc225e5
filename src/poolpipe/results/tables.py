"""Decode the stages' integer frames into the result tables (docs/tables.md), with texts for integers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.arrow_arrays import validity_bitmap
from poolpipe.coding.dictionaries import WELL_PLACES, large_texts, text_bytes, well_names
from poolpipe.results.record_batches import BatchedTable, all_alike, constant, dictionary, in_batches
from poolpipe.results.traces import traces_batch
from poolpipe.stages.recalls import OPEN_STATUS
from poolpipe.stages.retention import count_by_lab
from poolpipe.tables import CALLS, MODES, RETENTION, SORT_KEYS, STATES, TABLES, as_table
from poolpipe_kernels import texts as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.results.members import Members
    from poolpipe.results.record_batches import BufferPool
    from poolpipe.tracing.sources import Traces

__all__ = ["EncodedTables"]


@dataclass(frozen=True, slots=True)
class EncodedTables:
    """The stages' results as coded frames, with the dictionaries that turn them into the result tables.

    Attributes
    ----------
    members : Members
        All seats.
    pools, recalls, cases, ledger : DataFrame
        Coded; see the stages.
    anomalies, rejects : DataFrame
        Texts, not coded.
    readings : DataFrame
        Coded, in order; see `readings`.
    retention, workload, boxes : DataFrame
        Coded; see the stages.
    false_alarms : DataFrame
        Texts, not coded.
    traces : Traces, optional
        Links from the positives; None where there is none.
    clusters : DataFrame
        Coded; see `clusters.growing`.
    """

    codes: Dictionaries
    plate_wells: int
    members: Members
    pools: pl.DataFrame
    recalls: pl.DataFrame
    cases: pl.DataFrame
    ledger: pl.DataFrame
    anomalies: pl.DataFrame
    rejects: pl.DataFrame
    readings: pl.DataFrame
    retention: pl.DataFrame
    workload: pl.DataFrame
    boxes: pl.DataFrame
    false_alarms: pl.DataFrame
    clusters: pl.DataFrame
    traces: Traces | None = None

    def heights(self) -> dict[str, int]:
        """Rows per table."""
        traced = 0 if self.traces is None else self.traces.rows.height
        return {table: traced if table == "traces" else getattr(self, table).height for table in TABLES}

    def table(self, name: str) -> pl.DataFrame:
        """One of the result tables (docs/tables.md), sorted."""
        return as_table(pl.DataFrame(next(self.batched(name).batches(max(1, self.heights()[name])))), name)

    def tubes_by(self, column: str) -> dict[str | None, int]:
        """Count tubes by `mode` or `call` in the coded frame."""
        words = {"mode": MODES, "call": CALLS}[column]
        counted = self.pools.group_by(column).len()
        return {
            None if number is None else words[number]: count
            for number, count in zip(counted[column], counted["len"], strict=True)
        }

    def unreported(self) -> pl.DataFrame:
        """The rows of `pools` that are collected tubes without a result."""
        waits = pl.col("mode").is_not_null() & (pl.col("state") != STATES.index("reported"))
        return replace(self, pools=self.pools.filter(waits)).table("pools")

    def kept_by_lab(self) -> pl.DataFrame:
        """Kept tubes counted by lab; see `retention.count_by_lab`."""
        labs = count_by_lab(self.retention)
        return labs.with_columns(self.codes.text("lab", labs["lab"]))

    def full_boxes(self, capacity: int) -> pl.DataFrame:
        """Journeys of boxes with more than `capacity` tubes, the fullest first: round, box, tubes, people, times, lab."""
        full = self.boxes.filter(pl.col("tubes") > capacity)
        rounds, names = self.codes.entity("box", full["box"])
        lab = self.codes.text("lab", full["box_lab"]).alias("lab")
        order = ("tubes", "round", "box", "picked_up_at", "received_at")
        return full.drop("box_lab").with_columns(rounds, names.alias("box"), lab).sort(
            *order, descending=[True, False, False, False, False]
        )  # fmt: skip

    def batched(self, name: str) -> BatchedTable:
        """Give the same table in batches; tables with a row per tube or more are decoded batch by batch only."""
        if name == "members":
            return self.members.batched()
        if name in _BATCH_MAKERS:
            return BatchedTable(
                self.heights()[name], self.members.rounds(), partial(_BATCH_MAKERS[name], self)
            )
        return in_batches(as_table(_MAKERS[name](self), name), self.members.rounds())


def _pools(coded: EncodedTables, rows: range, buffers: BufferPool) -> pa.Table:
    """Decode some rows of `pools`."""
    codes, pools = coded.codes, coded.pools.slice(rows.start, len(rows))
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
        **_tubes_named(codes, pools, buffers),
        "called_by": _called_by(coded, pools, wells, buffers),
        **{name: dictionary(numbers, values, buffers) for name, (numbers, values) in numbered.items()},
    }
    return _declared("pools", pools, columns)


def _retention(coded: EncodedTables, rows: range, buffers: BufferPool) -> pa.Table:
    """Decode some rows of `retention`."""
    codes, kept = coded.codes, coded.retention.slice(rows.start, len(rows))
    numbered = {
        "lab": (kept["lab"], codes.texts["lab"]),
        "call": (kept["call"], pl.Series(CALLS)),
        "status": (kept["status"], pl.Series(RETENTION)),
    }
    columns: dict[str, pa.Array] = {
        **_tubes_named(codes, kept, buffers),
        **{name: dictionary(numbers, values, buffers) for name, (numbers, values) in numbered.items()},
    }
    return _declared("retention", kept, columns)


def _tubes_named(codes: Dictionaries, frame: pl.DataFrame, buffers: BufferPool) -> dict[str, pa.Array]:
    """Decode round and tube of rows with distinct tubes."""
    tubes, known = frame["tube"].to_numpy(), codes.entities["tube"]
    rounds = known.rounds[tubes]
    return {
        "round": constant(codes.texts["round"][int(rounds[0])], len(tubes), buffers)
        if all_alike(rounds)
        else dictionary(pl.Series(rounds), codes.texts["round"], buffers),
        # Each occurs once: a dictionary would be as long as the table.
        "tube": codes.texts["tube"].gather(known.texts[tubes]).to_arrow(),
    }


def _declared(table: str, frame: pl.DataFrame, columns: dict[str, pa.Array]) -> pa.Table:
    """Select the table's declared columns: the decoded ones, and the others as the frame has them."""
    return pa.table(
        {
            column.name: columns[column.name]
            if column.name in columns
            else frame[column.name].cast(column.dtype).to_arrow()
            for column in TABLES[table]
        }
    )


def _readings(coded: EncodedTables, rows: range, buffers: BufferPool) -> pa.Table:
    """Decode some rows of `readings`."""
    codes, readings = coded.codes, coded.readings.slice(rows.start, len(rows))
    rounds = codes.entities["plate"].rounds[readings["plate"].to_numpy()]
    wells = well_names(pl.Series(range(coded.plate_wells)), coded.plate_wells)
    numbered = {
        "round": (pl.Series(rounds), codes.texts["round"]),
        "plate": (_code_of(codes, "plate", readings["plate"]), codes.texts["plate"]),
        "well": (readings["well"], wells),
        "target": (readings["target"], codes.texts["target"]),
    }
    columns: dict[str, pa.Array] = {}
    for column in TABLES["readings"]:
        if column.name in numbered:
            columns[column.name] = dictionary(*numbered[column.name], buffers)
        else:
            columns[column.name] = readings[column.name].cast(column.dtype).to_arrow()
    return pa.table(columns)


def _code_of(codes: Dictionaries, column: str, numbers: pl.Series) -> pl.Series:
    """Number of the code, without the round, of boxes or plates."""
    return pl.Series(codes.entities[column].texts).gather(numbers)


def _called_by(coded: EncodedTables, pools: pl.DataFrame, wells: pl.Series, buffers: BufferPool) -> pa.Array:
    """The column called_by: the well or the lab's report that each call rests on."""
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
    offsets = buffers.empty(pools.height + 1, np.int64)
    kernels.joined_offsets(head, head_offsets, tail, tail_offsets, offsets)
    text = buffers.empty(int(offsets[-1]), np.uint8)
    kernels.join_texts(head, head_text, head_offsets, tail, tail_text, tail_offsets, offsets, text)
    return large_texts(offsets, text, validity_bitmap(head >= 0))


def _sorted(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    return frame.sort(SORT_KEYS[table], nulls_last=False)


def _tube(
    codes: Dictionaries, frame: pl.DataFrame, column: str = "tube", prefix: str = ""
) -> list[pl.Series]:
    rounds, names = codes.entity("tube", frame[column])
    return [rounds.alias(f"{prefix}round"), names.alias(f"{prefix}tube")]


def _person(codes: Dictionaries, frame: pl.DataFrame) -> list[pl.Series]:
    return list(codes.person(frame["person"]))


def _words(words: tuple[str, ...], frame: pl.DataFrame, column: str) -> pl.Series:
    return pl.Series(column, words, pl.String).gather(frame[column])


def _recalls(coded: EncodedTables) -> pl.DataFrame:
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


def _cases(coded: EncodedTables) -> pl.DataFrame:
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


def _traces(coded: EncodedTables, rows: range, buffers: BufferPool) -> pa.Table:
    """Decode some rows of `traces`."""
    if coded.traces is None:
        nothing = pl.DataFrame(schema={column.name: column.dtype for column in TABLES["traces"]})
        return nothing.to_arrow(compat_level=pl.CompatLevel.oldest())
    return traces_batch(coded.traces, coded.plate_wells, rows, buffers)


def _clusters(coded: EncodedTables) -> pl.DataFrame:
    codes, found = coded.codes, coded.clusters.with_row_index("row")
    asked = found.select("row", "asked").explode("asked").drop_nulls()
    types, numbers = codes.person(asked["asked"])
    asked = asked.select("row", (types + ":" + numbers).alias("ask_first"))
    placed = found.select("row", "places").explode("places").drop_nulls().unnest("places")
    place = pl.concat_str(
        codes.text("site", placed["site"]).fill_null("-"),
        pl.coalesce("/" + codes.text("point", placed["point"]), pl.lit("")),
        pl.format(" ({})", "positives"),
    )
    placed = placed.select("row", place.alias("places"))
    told = [
        rows.group_by("row").agg(pl.col(name).str.join("; "))
        for rows, name in ((asked, "ask_first"), (placed, "places"))
    ]
    found = found.drop("asked", "places")
    for texts in told:
        found = found.join(texts, on="row", how="left", maintain_order="left")
    return _sorted(
        found.with_columns(*_tube(codes, found), (1.0 / pl.col("p")).alias("recurrence_days")), "clusters"
    )


def _ledger(coded: EncodedTables) -> pl.DataFrame:
    codes, ledger = coded.codes, coded.ledger
    return _sorted(
        ledger.with_columns(
            codes.text("round", ledger["round"]),
            codes.text("site", ledger["site"]),
            codes.entity("box", ledger["box"])[1],
        ),
        "ledger",
    )


def _workload(coded: EncodedTables) -> pl.DataFrame:
    return _sorted(coded.workload.with_columns(coded.codes.text("lab", coded.workload["lab"])), "workload")


def _anomalies(coded: EncodedTables) -> pl.DataFrame:
    return _sorted(coded.anomalies, "anomalies")


def _false_alarms(coded: EncodedTables) -> pl.DataFrame:
    return _sorted(coded.false_alarms, "false_alarms")


def _rejects(coded: EncodedTables) -> pl.DataFrame:
    return coded.rejects.sort(*SORT_KEYS["rejects"], "detail", "raw", nulls_last=False)


_BATCH_MAKERS: dict[str, Callable[[EncodedTables, range, BufferPool], pa.Table]] = {
    "pools": _pools,
    "readings": _readings,
    "retention": _retention,
    "traces": _traces,
}
_MAKERS: dict[str, Callable[[EncodedTables], pl.DataFrame]] = {
    "recalls": _recalls,
    "cases": _cases,
    "clusters": _clusters,
    "ledger": _ledger,
    "anomalies": _anomalies,
    "rejects": _rejects,
    "workload": _workload,
    "false_alarms": _false_alarms,
}
