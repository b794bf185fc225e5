"""Laboratories that drift, while tables are live: the night's own charts, of which each plate is drawn again when it is read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import well_names
from poolpipe.coding.distinct import distinct, distinct_of_all
from poolpipe.drift.evidence import contradictions_of, readings_of
from poolpipe.drift.finding import ALARMS, drift_of_series
from poolpipe.drift.series import PlateSeries, call_cells, expected_positives, joined_series, plate_series
from poolpipe.nightly.days import bounds_of_day
from poolpipe.stages.anomalies.rows import NOTHING, facts, rows
from poolpipe.tables import CALLS, KINDS, ROLES, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.live.held_rows import HeldRows
    from poolpipe.live.state import Live
    from poolpipe.live.tables import LiveTables
    from poolpipe.policy import Policy

__all__ = ["DriftWatch", "drift_anomalies"]

_PLATES: Final = 256
"""Plates that are taken out at once: so long folds wait."""

_READ: Final = ("plate", "well", "target", "ct", "at", "instrument")
_LOADED: Final = ("plate", "well", "role", "lab", "at")
_NO_READINGS: Final = pl.DataFrame(
    schema={
        **dict.fromkeys(("lab", "round", "plate", "well", "role", "target"), pl.String()), "ct": pl.Float64(), "at": TIME,
        "instrument": pl.String(),
    }
)  # fmt: skip
_COUNTED: Final = [CALLS.index(call) for call in ("positive", "suspect", "negative")]
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass
class _ChartedDay:
    """A day of the night: when its charts begin, when it begins and ends, and what was drawn of its plates."""

    since: datetime
    begins: datetime
    ends: datetime
    series: PlateSeries
    is_drawn: bool = False

    @classmethod
    def of(cls, day: date, policy: Policy) -> _ChartedDay:
        begins, ends = bounds_of_day(day, policy)
        nothing = plate_series(_NO_READINGS, policy.assay, policy.drift)
        return cls(begins - timedelta(days=policy.drift.lookback_days), begins, ends, nothing)


@dataclass
class _Drawn:
    """What was looked at so far."""

    held: HeldRows
    heights: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    days: dict[date, _ChartedDay] = field(default_factory=dict)


class DriftWatch:
    """Charts of the laboratories of the latest event's day and of the day before, each as its night draws them.

    Parameters
    ----------
    live : Live
        Batches may go on being taken in.
    """

    def __init__(self, live: Live) -> None:
        self._live, self._policy = live, live.policy
        self._drawn: _Drawn | None = None
        self._rows = rows("lab_drift", NOTHING)

    def look(self) -> pl.DataFrame:
        """Draw what is new, and tell which laboratories drift; one thread at a time.

        Returns
        -------
        DataFrame
            As `drift_anomalies`.
        """
        try:
            while not self._looked():
                self._drawn = None
        except BaseException:
            self._drawn = None  # half of a look is none
            raise
        return self._rows

    def _looked(self) -> bool:
        """Look once; False where all was concluded anew meanwhile."""
        with self._live.held() as (held, tables):
            heights = {kind: held.frames[kind].height for kind in KINDS}
            if (
                self._drawn is None or self._drawn.held is not held
            ):  # all was concluded anew, with other numbers
                self._drawn = _Drawn(held)
            drawn = self._drawn
            if tables.as_of is None or drawn.heights == heights:
                return True
            before, drawn.heights = drawn.heights, heights
            changed = _plates_since(held, before)
            today = tables.as_of.astimezone(ZoneInfo(self._policy.time_zone)).date()
            days = {
                day: drawn.days.get(day) or _ChartedDay.of(day, self._policy)
                for day in (today - timedelta(days=1), today)
            }
            drawn.days = days
            asked = [changed if each.is_drawn else _plates_of(held, each) for each in days.values()]
            reports = [_reports_of(held, tables, each.ends) for each in days.values()]
        if not all(self._is_drawn(held, *each) for each in zip(days.values(), asked, strict=True)):
            return False
        alarms = [self._alarms(each, tables, told) for each, told in zip(days.values(), reports, strict=True)]
        self._rows = drift_anomalies(pl.concat(alarms))
        return True

    def _is_drawn(self, held: HeldRows, day: _ChartedDay, plates: NDArray[np.uint32]) -> bool:
        """Draw some plates of a day; False where the events are others meanwhile."""
        parts, keys = [], []
        for first in range(0, len(plates), _PLATES):
            some = plates[first : first + _PLATES]
            with self._live.held() as (now_held, tables):
                if now_held is not held:
                    return False
                told = _events_of(held, tables.codes, some, day, self._policy)
            keys.append(_named(tables.codes, pl.Series("plate", some)))
            parts.append(plate_series(readings_of(*told), self._policy.assay, self._policy.drift))
        if parts:
            new = PlateSeries(*(pl.concat(each) for each in zip(*parts, strict=True)))
            day.series = joined_series(day.series, pl.concat(keys), new)
        day.is_drawn = True
        return True

    def _alarms(self, day: _ChartedDay, tables: LiveTables, reports: pl.DataFrame) -> pl.DataFrame:
        """What rang on a day."""
        rules = self._policy.drift
        alarms = drift_of_series(day.series, _hours(tables, day), reports, rules).alarms
        return alarms.filter(pl.col("at").is_between(day.begins, day.ends, closed="left"))


def drift_anomalies(alarms: pl.DataFrame) -> pl.DataFrame:
    """Make an anomaly `lab_drift` of what rang of each laboratory.

    Parameters
    ----------
    alarms : DataFrame
        As `drift.finding.ALARMS`.

    Returns
    -------
    DataFrame
        As `tables.TABLES["anomalies"]`, one row a laboratory: `at` is when its first chart rang, and the detail tells of that
        chart and names all that rang.
    """
    if alarms.is_empty():
        return rows("lab_drift", NOTHING)
    order = ["lab", "at", "chart", "direction", "detail"]
    first = alarms.sort(order).group_by("lab", maintain_order=True)
    told = first.agg(
        pl.col("chart").unique(maintain_order=True).str.join(", ").alias("charts"),
        *(pl.col(name).first() for name in ALARMS if name != "lab"),
    )
    arrow = pl.when(pl.col("direction") == "up").then(pl.lit("↑")).otherwise(pl.lit("↓"))
    text = facts(
        "lab_drift",
        charts="charts",
        at=pl.col("at").dt.strftime(_MOMENT),
        direction=arrow,
        since=pl.col("since").dt.strftime(_MOMENT),
        count="count",
        shift=pl.col("shift").round(2).cast(pl.String).fill_null("-"),
    )
    return rows(
        "lab_drift",
        told.select(pl.lit("").alias("round"), pl.col("lab").alias("subject"), "at", text.alias("facts")),
    )


def _plates_since(held: HeldRows, before: dict[str, int]) -> NDArray[np.uint32]:
    """Plates of which something was read, loaded or withdrawn since, ascending."""
    new = {kind: np.arange(before[kind], held.frames[kind].height) for kind in ("read", "load", "void")}
    named = held.distinct("void", "event", new["void"]) if len(new["void"]) else np.empty(0, np.uint64)
    found = []
    for kind in ("read", "load"):
        touched = distinct_of_all(new[kind], held.find(kind, "event_id", named))
        found.append(held.column(kind, "plate", touched).to_numpy().astype(np.uint32))
    return distinct(np.concatenate(found))


def _plates_of(held: HeldRows, day: _ChartedDay) -> NDArray[np.uint32]:
    """Plates that were read while a day's charts are drawn, ascending."""
    every = np.arange(held.frames["read"].height)
    if not len(every):
        return np.empty(0, np.uint32)
    within = held.column("read", "at", every).is_between(day.since, day.ends, closed="left")
    return distinct(held.column("read", "plate", np.flatnonzero(within.to_numpy())).to_numpy())


def _events_of(
    held: HeldRows, codes: Dictionaries, plates: NDArray[np.uint32], day: _ChartedDay, policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Standing read-outs and loads of some plates, in words, as a day's charts take them."""
    reads, loads = (
        _standing(held, kind, held.find(kind, "plate", plates), columns, day.ends)
        for kind, columns in (("read", _READ), ("load", _LOADED))
    )
    reads = reads.filter(pl.col("at") >= pl.lit(day.since, TIME))
    wells = policy.codes.plate_wells
    named = [
        frame.drop("plate", "well").with_columns(
            *_named(codes, frame["plate"]).get_columns(),
            well_names(frame["well"], wells) if frame.height else pl.Series("well", [], pl.String),
        )
        for frame in (reads, loads)
    ]
    target, lab = codes.text("target", reads["target"]), codes.text("lab", loads["lab"])
    role = (
        pl.Series("role", ROLES)[loads["role"].fill_null(0)]
        if loads.height
        else pl.Series("role", [], pl.String)
    )
    return (
        named[0].with_columns(target, pl.col("ct").cast(pl.Float64), pl.col("instrument").cast(pl.String)),
        named[1].with_columns(lab, role),
    )


def _named(codes: Dictionaries, plates: pl.Series) -> pl.DataFrame:
    """round, plate of plates by their numbers."""
    rounds, texts = codes.entity("plate", plates)
    return pl.DataFrame([rounds.alias("round").fill_null(""), texts.alias("plate")])


def _standing(
    held: HeldRows, kind: str, found: NDArray[np.int64], columns: tuple[str, ...], ends: datetime
) -> pl.DataFrame:
    """Some events before a moment without those that are withdrawn before it; columns that none has are null."""
    frame = held.frames[kind].gather(found)
    numbers = {"plate", "target", "lab", "tube"}
    lacking = [
        pl.lit(None, pl.UInt32 if name in numbers else None).alias(name)
        for name in columns
        if name not in frame.columns
    ]
    frame = frame.with_columns(lacking)
    if frame.is_empty():
        return frame.select(columns)
    frame = frame.filter(pl.col("at") < pl.lit(ends, TIME))
    voids = held.frames["void"]
    if voids.height and "event_id" in frame.columns:
        withdrawn = voids.gather(np.arange(voids.height)).filter(pl.col("at") < pl.lit(ends, TIME))
        ids = withdrawn.select(pl.col("event").cast(pl.String).alias("event_id"))
        frame = frame.with_columns(pl.col("event_id").cast(pl.String)).join(ids, on="event_id", how="anti")
    return frame.select(columns)


def _reports_of(held: HeldRows, tables: LiveTables, ends: datetime) -> pl.DataFrame:
    """Reports that are not what the laboratory's own read-outs say, as `find_drift` takes them."""
    anomalies = tables.anomalies.whole().filter(pl.col("code") == "conflicting_calls")
    anomalies = anomalies.with_columns(pl.lit("").alias("detail"))
    tubes = held.codes.find_entity("tube", anomalies["round"], anomalies["subject"])
    own = distinct(tubes[tubes >= 0].astype(np.uint32))
    reports = _standing(held, "report", held.find("report", "tube", own), ("tube", "lab", "at", "call"), ends)
    rounds, texts = tables.codes.entity("tube", reports["tube"])
    words = reports.with_columns(
        rounds.alias("round"),
        texts.alias("tube"),
        tables.codes.text("lab", reports["lab"]),
        pl.Series("call", CALLS)[reports["call"]] if reports.height else pl.Series("call", [], pl.String),
        pl.col("at").cast(TIME),
    )
    return contradictions_of(words, anomalies)


def _hours(tables: LiveTables, day: _ChartedDay) -> pl.DataFrame:
    """Positives of each laboratory and hour, as `series.hourly_calls` gives them; a site is its own place."""
    counted = tables.pools.select("lab", "site", "call", "called_at").filter(
        pl.col("lab").is_not_null(),
        pl.col("call").is_in(_COUNTED),
        pl.col("called_at").is_between(day.since, day.ends, closed="left"),
    )
    positive = CALLS.index("positive")
    cells = call_cells(
        counted.select(
            "lab",
            pl.col("called_at").alias("at"),
            pl.col("site").alias("place"),
            (pl.col("call") == positive).alias("is_positive"),
        )
    )
    lab, place = tables.codes.text("lab", cells["lab"]), tables.codes.text("site", cells["place"])
    return expected_positives(cells.with_columns(lab, place.alias("place").fill_null("")))
