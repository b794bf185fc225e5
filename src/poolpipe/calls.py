"""Calls: from read-outs to wells, from wells and controls to plates, from both to a tube's result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.codes import WELL_PLACES
from poolpipe.content import keys_of, largest_content
from poolpipe.tables import CALLS, ROLES, require
from poolpipe_kernels import wells as kernels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.codes import Codes
    from poolpipe.policy import Policy

__all__ = ["Calls", "call"]

_NEVER = int(kernels.NEVER)
_SAMPLE, _NEGATIVE_CONTROL, _POSITIVE_CONTROL = range(len(ROLES))
_LOOKUP = 1 << 27
_INVALID = CALLS.index("invalid")
_SUSPECT = CALLS.index("suspect")


@dataclass(frozen=True, slots=True)
class Calls:
    """Results, coded; times in microseconds since 1970, UTC.

    Attributes
    ----------
    tubes : DataFrame
        One row per tube that anything was said of or that was loaded as a sample, sorted: tube, call
        (place in `tables.CALLS`), called_at, opened_at (first positive or suspect), report_lab, by_slot
        (plate * 384 + well the call rests on, else null: a report), conflicting, set_aside, slots (how
        many wells it was loaded into).
    wells : DataFrame
        One row per well loaded or read: slot, read, loaded, sampled, shared, incomplete.
    plates : DataFrame
        One row per plate with a reading: plate, missing, failed (controls), last_reading.
    """

    tubes: pl.DataFrame
    wells: pl.DataFrame
    plates: pl.DataFrame


def call(frames: Mapping[str, pl.DataFrame], codes: Codes, policy: Policy) -> Calls:
    """Interpret every read-out and every report.

    Parameters
    ----------
    frames : mapping of DataFrame
        Coded load, read and report events, voided ones taken out.
    codes : Codes
        Which numbers the policy's targets have; decides ties by content.
    policy : Policy
        Targets, cut-offs and what controls must show.
    """
    for kind, columns in (("load", ("plate", "well", "role")), ("read", ("plate", "well", "target"))):
        if not frames[kind].is_empty():
            require(frames[kind], ("at", *columns), table=kind)
    wells = _Wells(frames["load"], frames["read"], codes)
    wells.read_out(frames["read"], codes, policy)
    wells.share(frames["load"])
    plates = _Plates(wells, frames["load"], frames["read"], codes, policy)
    said = _said_by_wells(wells, plates, frames["load"])
    return Calls(_tubes(said, frames["report"], codes), wells.table(), plates.table())


class _Wells:
    """Every well that was loaded or read, numbered in the order of plate and position."""

    def __init__(self, loads: pl.DataFrame, reads: pl.DataFrame, codes: Codes) -> None:
        slots = [_slots(frame) for frame in (loads, reads)]
        size = len(codes.entities["plate"]) * WELL_PLACES
        if size <= _LOOKUP:
            seen = np.zeros(size + 1, np.int32)
            for part in slots:
                seen[part] = 1
            self.slot = np.flatnonzero(seen)
            seen[self.slot] = np.arange(len(self.slot), dtype=np.int32)
            self.of_load, self.of_read = (seen[part].astype(np.uint32) for part in slots)
        else:
            self.slot = np.unique(np.concatenate(slots))
            self.of_load, self.of_read = (
                np.searchsorted(self.slot, part).astype(np.uint32) for part in slots
            )
        self.plate = self.slot // WELL_PLACES
        n = len(self.slot)
        self.loaded, self.read, self.sampled, self.shared = (np.zeros(n, np.bool_) for _ in range(4))
        self.loaded[self.of_load] = True
        self.read[self.of_read] = True

    def read_out(self, reads: pl.DataFrame, codes: Codes, policy: Policy) -> None:
        """What each well says by itself."""
        n = len(self.slot)
        assay = policy.assay
        names = (*assay.targets, assay.internal_control)
        since = np.full((n, len(names), 3), kernels.NEVER)
        if reads.height:
            known = np.full(len(codes.texts["target"]), -1, np.int8)
            for place, name in enumerate(names):
                number = codes.number("target", name)
                if number is not None:
                    known[number] = place
            ct = (
                reads["ct"].fill_null(np.nan).to_numpy()
                if "ct" in reads.columns
                else np.full(reads.height, np.nan)
            )
            kernels.collect_readings(
                self.of_read, known[keys_of(reads, "target")], ct, _micros(reads), assay.detected_ct,
                assay.grey_ct, assay.internal_control_ct, since,
            )  # fmt: skip
        self.since = since
        self.outcome, self.stood_at = np.empty(n, np.int8), np.empty(n, np.int64)
        self.first_sign, self.targets_at = np.empty(n, np.int64), np.empty(n, np.int64)
        self.incomplete = np.empty(n, np.bool_)
        kernels.judge_wells(
            since, self.outcome, self.stood_at, self.first_sign, self.incomplete, self.targets_at
        )

    def share(self, loads: pl.DataFrame) -> None:
        """Find wells that several tubes, or a tube and a control, were ever loaded into."""
        if loads.is_empty():
            return
        sample = loads["role"].to_numpy() == _SAMPLE
        control = np.zeros(len(self.slot), np.bool_)
        control[self.of_load[~sample]] = True
        well, tube = self.of_load[sample], keys_of(loads.filter(sample), "tube")
        self.sampled[well] = True
        first = np.zeros(len(self.slot), np.uint32)
        first[well] = tube
        self.shared[well[first[well] != tube]] = True
        self.shared |= control & self.sampled

    def table(self) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "slot": self.slot,
                "read": self.read,
                "loaded": self.loaded,
                "sampled": self.sampled,
                "shared": self.shared,
                "incomplete": self.incomplete,
            }
        )


class _Plates:
    """Plates with a reading, judged by their controls."""

    def __init__(
        self, wells: _Wells, loads: pl.DataFrame, reads: pl.DataFrame, codes: Codes, policy: Policy
    ) -> None:
        n = len(codes.entities["plate"])
        self.last_reading = np.full(n, -1, np.int64)
        if reads.height:
            np.maximum.at(self.last_reading, keys_of(reads, "plate"), _micros(reads))
        self.read = self.last_reading >= 0
        self.controls_at = np.zeros(n, np.int64)
        self.failed = np.zeros(n, np.bool_)
        counts = []
        targets = len(policy.assay.targets)
        for role in (_NEGATIVE_CONTROL, _POSITIVE_CONTROL):
            mine = loads["role"].to_numpy() == role if loads.height else np.zeros(0, np.bool_)
            control = np.unique(wells.of_load[mine])
            plate = wells.plate[control]
            counts.append(np.bincount(plate, minlength=n))
            since = wells.since[control][:, :targets]
            detected = since[:, :, kernels.DETECTED] != _NEVER
            grey = since[:, :, kernels.GREY] != _NEVER
            negative = (since[:, :, kernels.NOT_DETECTED] != _NEVER) & ~grey & ~detected
            good = (negative if role == _NEGATIVE_CONTROL else detected).all(axis=1)
            self.failed[plate[~good]] = True
            np.maximum.at(self.controls_at, plate, wells.targets_at[control])
        needed = policy.assay.negative_controls, policy.assay.positive_controls
        self.missing = (counts[0] < needed[0]) | (counts[1] < needed[1])
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


def _said_by_wells(wells: _Wells, plates: _Plates, loads: pl.DataFrame) -> pl.DataFrame:
    """Each tube's wells, and what each says of it: tube, slot, call (null: nothing), at, opened_at, set_aside."""
    schema = {"tube": pl.UInt32, "slot": pl.Int64, "call": pl.Int8, "at": pl.Int64, "opened_at": pl.Int64,
              "set_aside": pl.Boolean}  # fmt: skip
    if loads.is_empty():
        return pl.DataFrame(schema=schema)
    sample = loads["role"].to_numpy() == _SAMPLE
    tube, well = keys_of(loads.filter(sample), "tube"), wells.of_load[sample]
    plate = wells.plate[well]
    sign = (wells.outcome[well] == kernels.POSITIVE) | (wells.outcome[well] == kernels.SUSPECT)
    read, valid = plates.read[plate], plates.valid[plate]
    outcome = np.where(wells.shared[well], np.where(sign, _SUSPECT, kernels.NO_CALL), wells.outcome[well])
    outcome = np.where(valid, outcome, np.where(read, _INVALID, kernels.NO_CALL))
    stood_at = np.where(
        valid, np.maximum(wells.stood_at[well], plates.controls_at[plate]), plates.last_reading[plate]
    )
    opened_at = np.maximum(wells.first_sign[well], plates.controls_at[plate])
    said = pl.DataFrame(
        {
            "tube": tube,
            "slot": wells.slot[well],
            "call": outcome.astype(np.int8),
            "at": stood_at,
            "opened_at": np.where(valid & (wells.first_sign[well] != _NEVER), opened_at, _NEVER),
            "set_aside": read & ~valid & sign,
        },
        schema=schema,
    )
    several = np.bincount(tube, minlength=1).max(initial=0) > 1
    return said.unique(["tube", "slot"], maintain_order=True) if several else said


def _tubes(said: pl.DataFrame, reports: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """One result per tube: the gravest, since it first stood, and what it rests on."""
    n = len(codes.entities["tube"])
    tube, outcome, at = keys_of(said, "tube"), said["call"].to_numpy(), said["at"].to_numpy()
    spoken = outcome >= 0
    grave = np.full(n, -1, np.int8)
    np.maximum.at(grave, tube[spoken], outcome[spoken])
    calls_seen = np.zeros(n, np.uint8)
    np.bitwise_or.at(calls_seen, tube[spoken], (1 << outcome[spoken]).astype(np.uint8))
    reported = _Reports(reports)
    np.maximum.at(grave, reported.tube, reported.call)
    np.bitwise_or.at(calls_seen, reported.tube, (1 << reported.call).astype(np.uint8))

    called_at = np.full(n, kernels.NEVER)
    deciding = spoken & (outcome == grave[tube])
    np.minimum.at(called_at, tube[deciding], at[deciding])
    decides = reported.call == grave[reported.tube]
    np.minimum.at(called_at, reported.tube[decides], reported.at[decides])

    by_slot = np.full(n, kernels.NEVER)
    standing = deciding & (at == called_at[tube])
    np.minimum.at(by_slot, tube[standing], said["slot"].to_numpy()[standing])
    opened_at = np.full(n, kernels.NEVER)
    np.minimum.at(opened_at, tube, said["opened_at"].to_numpy())
    alarming = reported.call >= _SUSPECT
    np.minimum.at(opened_at, reported.tube[alarming], reported.at[alarming])
    set_aside = np.zeros(n, np.bool_)
    set_aside[tube[said["set_aside"].to_numpy()]] = True
    slots = np.bincount(tube, minlength=n)
    rows = np.flatnonzero((slots > 0) | (grave >= 0))
    without_invalid = calls_seen[rows] >> 1
    return pl.DataFrame(
        {
            "tube": rows.astype(np.uint32),
            "call": _null_below(grave[rows], pl.Int8()),
            "called_at": _null_never(called_at[rows]),
            "opened_at": _null_never(opened_at[rows]),
            "report_lab": _report_labs(reports, decides, codes).gather(rows),
            "by_slot": _null_never(by_slot[rows]),
            "conflicting": (without_invalid & (without_invalid - 1)) > 0,
            "set_aside": set_aside[rows] & (grave[rows] < _SUSPECT),
            "slots": slots[rows],
        }
    )


class _Reports:
    """Report events as flat arrays."""

    def __init__(self, reports: pl.DataFrame) -> None:
        self.tube = keys_of(reports, "tube") if reports.height else np.empty(0, np.uint32)
        self.call = reports["call"].to_numpy() if reports.height else np.empty(0, np.int8)
        self.at = _micros(reports)


def _report_labs(reports: pl.DataFrame, decides: NDArray[np.bool_], codes: Codes) -> pl.Series:
    """Per tube the lab of the earliest report that gives its call; a tie goes to the larger content."""
    labs = pl.Series("report_lab", [None], pl.UInt32).new_from_index(0, len(codes.entities["tube"]))
    if not decides.any() or "lab" not in reports.columns:
        return labs
    mine = reports.filter(decides)
    mine = mine.filter(pl.col("at") == pl.col("at").min().over("tube"))
    if mine["tube"].is_duplicated().any():
        mine = largest_content(mine, ["tube"], "report", codes)
    return labs.scatter(keys_of(mine, "tube"), mine["lab"])


def _slots(frame: pl.DataFrame) -> NDArray[np.int64]:
    if frame.is_empty():
        return np.empty(0, np.int64)
    slots: NDArray[np.int64] = (
        keys_of(frame, "plate").astype(np.int64) * WELL_PLACES + frame["well"].to_numpy()
    )
    return slots


def _micros(frame: pl.DataFrame) -> NDArray[np.int64]:
    return frame["at"].to_physical().to_numpy()


def _null_never(values: NDArray[np.int64]) -> pl.Series:
    return pl.select(pl.when(pl.Series(values) != _NEVER).then(pl.Series(values))).to_series()


def _null_below(values: NDArray[np.int8], dtype: pl.DataType) -> pl.Series:
    return pl.select(pl.when(pl.Series(values) >= 0).then(pl.Series(values)).cast(dtype)).to_series()
