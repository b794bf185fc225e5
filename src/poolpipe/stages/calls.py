"""Calls: readings become wells, wells and controls become plates, both become each tube's result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.arrow_arrays import nullable_column, values_and_validity
from poolpipe.coding.tie_breaks import keys_of, largest_of_ties
from poolpipe.tables import CALLS, ROLES, TIME, require
from poolpipe_kernels import well_index
from poolpipe_kernels import wells as kernels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import CallRules, Policy

__all__ = ["Calls", "call", "with_collected_controls"]

_SAMPLE = ROLES.index("sample")
_SUSPECT = CALLS.index("suspect")


@dataclass(frozen=True, slots=True)
class Calls:
    """Results, coded.

    Attributes
    ----------
    tubes : DataFrame
        One row per tube of the dictionaries, in the order of their numbers: known (whether it was reported or
        loaded as a sample), call (index into `tables.CALLS`), called_at, opened_at (first positive or
        suspect), report_lab, by_slot (plate * 384 + well the call rests on, else null: a report), conflicting,
        set_aside, slots (how many wells it was loaded into).
    wells : DataFrame
        One row per well that anomalies are about: slot, shared (by several tubes, or a tube and a control),
        incomplete (a sample without a reading of some target), unloaded (but read).
    plates : DataFrame
        One row per plate with a reading: plate, missing, failed (controls), last_reading (microseconds since
        1970, UTC).
    """

    tubes: pl.DataFrame
    wells: pl.DataFrame
    plates: pl.DataFrame


def with_collected_controls(frames: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    """Turn a load as a control whose name is a collected tube's code into a load of that tube, and mark it.

    Controls have names like PC02, and some cities' tubes do, too. Only loads that are controls by their name alone
    (`role_from`) are considered, and collects are searched only where there is one.

    Parameters
    ----------
    frames : mapping of DataFrame
        Coded events, voided ones taken out.

    Returns
    -------
    mapping of DataFrame
        The same frames; where there is such a load, `load` with role sample for it and a column of the anomaly's name.
    """
    loads = frames["load"]
    if not {"tube", "role_from"} <= set(loads.columns) or frames["collect"].is_empty():
        return frames
    named = (pl.col("role") != _SAMPLE) & (pl.col("role_from") == "name") & pl.col("tube").is_not_null()
    wanted = loads.filter(named)["tube"].unique()
    if wanted.is_empty():
        return frames
    tubes = frames["collect"]["tube"]
    collected = tubes.filter(tubes.is_in(wanted.implode())).unique()
    if collected.is_empty():
        return frames
    mark = "control_was_collected"
    marked = loads.with_columns((named & pl.col("tube").is_in(collected.implode())).alias(mark))
    role = pl.when(mark).then(pl.lit(_SAMPLE, marked.schema["role"])).otherwise("role")
    return {**frames, "load": marked.with_columns(role.alias("role"))}


def call(frames: Mapping[str, pl.DataFrame], codes: Dictionaries, policy: Policy) -> Calls:
    """Interpret every read-out and every report.

    Parameters
    ----------
    frames : mapping of DataFrame
        Coded load, read and report events, voided ones taken out.
    codes : Dictionaries
        Give the numbers of the policy's targets; decide ties by content.
    policy : Policy
        Targets, cut-offs and requirements for controls.
    """
    for kind, columns in (("load", ("plate", "well", "role")), ("read", ("plate", "well", "target"))):
        if not frames[kind].is_empty():
            require(frames[kind], ("at", *columns), table=kind)
    loads, reads = _Loads.of(frames["load"]), _Reads.of(frames["read"], codes, policy.assay)
    wells = _WellColumns(loads, reads, len(codes.entities["plate"]))
    plates = _JudgedPlates(wells, reads, policy.assay)
    tubes = _tubes(wells, plates, loads, frames["report"], codes)
    return Calls(tubes, wells.table(), plates.table())


class _Loads(NamedTuple):
    """Load events as flat arrays; the tube of a control is arbitrary."""

    plate: NDArray[np.uint32]
    well: NDArray[np.int32]
    role: NDArray[np.int8]
    tube: NDArray[np.uint32]

    @classmethod
    def of(cls, loads: pl.DataFrame) -> _Loads:
        if loads.is_empty():
            return cls(
                np.empty(0, np.uint32), np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.uint32)
            )
        plate, well, role = keys_of(loads, "plate"), loads["well"].to_numpy(), loads["role"].to_numpy()
        tube = keys_of(loads, "tube") if "tube" in loads.columns else np.zeros(loads.height, np.uint32)
        return cls(plate, well, role, tube)


class _Reads(NamedTuple):
    """Read events as flat arrays; places: index of each name among the policy's targets, -1 for none."""

    plate: NDArray[np.uint32]
    well: NDArray[np.int32]
    target: NDArray[np.uint32]
    ct: NDArray[np.float64]
    determined: NDArray[np.uint8]
    at: NDArray[np.int64]
    places: NDArray[np.int8]

    @classmethod
    def of(cls, reads: pl.DataFrame, codes: Dictionaries, assay: CallRules) -> _Reads:
        places = np.full(len(codes.texts["target"]), -1, np.int8)
        for place, name in enumerate((*assay.targets, assay.internal_control)):
            number = codes.number("target", name)
            if number is not None:
                places[number] = place
        if reads.is_empty():
            names, at = np.empty(0, np.uint32), np.empty(0, np.int64)
            return cls(names, np.empty(0, np.int32), names, np.empty(0), np.empty(0, np.uint8), at, places)
        if "ct" not in reads.columns:
            reads = reads.with_columns(pl.lit(None, pl.Float64).alias("ct"))
        plate, target = keys_of(reads, "plate"), keys_of(reads, "target")
        return cls(
            plate, reads["well"].to_numpy(), target, *values_and_validity(reads["ct"]), _micros(reads), places
        )


class _WellColumns:
    """Every well that was loaded or read, numbered in the order of plate and position."""

    def __init__(self, loads: _Loads, reads: _Reads, plates: int) -> None:
        self.bits, self.ranks = (
            np.zeros((plates, well_index.WORDS), kind) for kind in (np.uint64, np.uint32)
        )
        for events in (loads, reads):
            well_index.mark_slots(events.plate, events.well, self.bits)
        n = well_index.rank_slots(self.bits, self.ranks)
        self.slot, self.marks = np.empty(n, np.int64), np.zeros(n, np.uint8)
        well_index.list_slots(self.bits, self.slot)
        self.of_load = np.empty(len(loads.plate), np.uint32)
        well_index.number_slots(loads.plate, loads.well, self.bits, self.ranks, self.of_load)
        kernels.note_loads(self.of_load, loads.role, loads.tube, np.empty(n, np.uint32), self.marks)

    def read_out(
        self, reads: _Reads, assay: CallRules, last_reading: NDArray[np.int64], controls_at: NDArray[np.int64]
    ) -> None:
        """Outcome of each well by itself, and of each plate the last reading and the time since which its controls are read."""
        n = len(self.slot)
        begins, rows = np.zeros(n + 2, np.uint32), np.empty(len(reads.plate), np.uint32)
        well_index.group_readings(reads.plate, reads.well, self.bits, self.ranks, begins, rows)
        self.outcome = np.empty(n, np.int8)
        self.stood_at, self.first_sign = np.empty(n, np.int64), np.empty(n, np.int64)
        cut_offs = np.array([assay.detected_ct, assay.grey_ct, assay.internal_control_ct])
        kernels.judge_wells(
            self.slot, begins, rows, reads.target, reads.places, reads.ct, reads.determined, reads.at,
            cut_offs, len(assay.targets),
            self.marks, self.outcome, self.stood_at, self.first_sign, last_reading, controls_at,
        )  # fmt: skip

    def table(self) -> pl.DataFrame:
        marks = self.marks
        unanswered = kernels.SAMPLED | kernels.INCOMPLETE
        shared = (marks & kernels.SHARED) > 0
        incomplete = (marks & unanswered) == unanswered
        unloaded = (marks & (kernels.READ | kernels.LOADED)) == kernels.READ
        odd = np.flatnonzero(shared | incomplete | unloaded)
        told = {"shared": shared[odd], "incomplete": incomplete[odd], "unloaded": unloaded[odd]}
        return pl.DataFrame({"slot": self.slot[odd], **told})


class _JudgedPlates:
    """Plates with a reading, judged by their controls."""

    def __init__(self, wells: _WellColumns, reads: _Reads, assay: CallRules) -> None:
        n = len(wells.bits)
        self.last_reading, self.controls_at = np.full(n, -1, np.int64), np.zeros(n, np.int64)
        wells.read_out(reads, assay, self.last_reading, self.controls_at)
        controls, self.failed = np.zeros((n, 2), np.int32), np.zeros(n, np.bool_)
        kernels.judge_plates(wells.slot, wells.marks, controls, self.failed)
        self.missing = (controls[:, 0] < assay.negative_controls) | (controls[:, 1] < assay.positive_controls)
        self.read = self.last_reading >= 0
        self.valid = self.read & ~self.missing & ~self.failed

    def table(self) -> pl.DataFrame:
        plate = np.flatnonzero(self.read)
        return pl.DataFrame(
            {
                "plate": plate.astype(np.uint32),
                "missing": self.missing[plate],
                "failed": self.failed[plate],
                "last_reading": self.last_reading[plate],
            }
        )


def _tubes(
    wells: _WellColumns, plates: _JudgedPlates, loads: _Loads, reports: pl.DataFrame, codes: Dictionaries
) -> pl.DataFrame:
    """Result of each tube: the gravest call, since when it holds, and the well or report it rests on."""
    n = len(codes.entities["tube"])
    gravest, calls_seen = np.full(n, kernels.NO_CALL, np.int8), np.zeros(n, np.uint8)
    called_at, by_slot, opened_at = (np.full(n, kernels.NEVER) for _ in range(3))
    set_aside, loaded = np.zeros(n, np.bool_), np.zeros(n, np.uint32)
    kernels.weigh_loads(
        wells.of_load, loads.role, loads.tube, wells.slot, wells.marks, wells.outcome, wells.stood_at,
        wells.first_sign, plates.valid, plates.last_reading, plates.controls_at,
        gravest, calls_seen, called_at, by_slot, opened_at, set_aside, loaded,
    )  # fmt: skip
    if reports.height:
        kernels.weigh_reports(
            keys_of(reports, "tube"), reports["call"].to_numpy(), _micros(reports),
            gravest, calls_seen, called_at, by_slot, opened_at,
        )  # fmt: skip
    _count_wells_once(wells, loads, loaded)
    without_invalid = calls_seen >> 1
    return pl.DataFrame(
        [
            pl.Series("known", (loaded > 0) | (gravest >= 0)),
            nullable_column("call", gravest, gravest >= 0),
            _times("called_at", called_at),
            _times("opened_at", opened_at),
            _report_labs(reports, gravest, codes),
            nullable_column("by_slot", by_slot, by_slot != kernels.NEVER),
            pl.Series("conflicting", (without_invalid & (without_invalid - 1)) > 0),
            pl.Series("set_aside", set_aside & (gravest < _SUSPECT)),
            pl.Series("slots", loaded),
        ]
    )


def _count_wells_once(wells: _WellColumns, loads: _Loads, loaded: NDArray[np.uint32]) -> None:
    """Where a tube was loaded several times, count its wells in `loaded` and not its loads."""
    if loaded.max(initial=0) < 2:
        return
    rows = np.flatnonzero(loads.role == _SAMPLE)
    rows = rows[loaded[loads.tube[rows]] > 1]
    pairs = pl.DataFrame({"tube": loads.tube[rows], "well": wells.of_load[rows]}).unique()
    counted = pairs.group_by("tube").len()
    loaded[counted["tube"].to_numpy()] = counted["len"].to_numpy()


def _report_labs(reports: pl.DataFrame, gravest: NDArray[np.int8], codes: Dictionaries) -> pl.Series:
    """Find for each tube the lab of the earliest report that gives its call; a tie goes to the larger content."""
    labs = pl.Series("report_lab", [None], pl.UInt32).new_from_index(0, len(gravest))
    if reports.is_empty() or "lab" not in reports.columns:
        return labs
    mine = reports.filter(reports["call"].to_numpy() == gravest[keys_of(reports, "tube")])
    mine = mine.filter(pl.col("at") == pl.col("at").min().over("tube"))
    if mine["tube"].is_duplicated().any():
        mine = largest_of_ties(mine, ["tube"], "report", codes)
    return labs.scatter(keys_of(mine, "tube"), mine["lab"])


def _micros(frame: pl.DataFrame) -> NDArray[np.int64]:
    return frame["at"].to_physical().to_numpy()


def _times(name: str, values: NDArray[np.int64]) -> pl.Series:
    return nullable_column(name, values, values != kernels.NEVER).cast(TIME)
