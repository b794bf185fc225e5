"""A feed as a store receives it for days: uploads of devices with their times of arrival, what goes wrong, and the truth.

Devices upload every few minutes of their shift. Some were offline for hours, some lose time over lunch, one laboratory's
files are handed on every hour, an old file comes days late: none of that is wrong. Some clocks are wrong from the start,
some jump, and a site, a laboratory and a device fall silent on the last day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.tables import TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Feed", "simulate_feed"]

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_BEGIN: Final = 1_646_092_800_000_000
"""2022-03-01, UTC."""

_END_HOUR: Final = 16.5
"""Time of the last day at which the feed ends: all shifts last longer."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What came, and what is wrong.

    Attributes
    ----------
    events : DataFrame
        kind, at, sent_at, arrived, device, site, lab, tube, person_type, person, call: one row an event, by arrival.
    clocks : dict of str to float
        Devices whose clock is wrong at the end, and by how many minutes; positive is ahead.
    silent : set of (str, str)
        device, site or lab, and its name, of the sources that fell silent.
    offline : set of str
        Devices that have no line for two to four hours of each day, and catch up; none of them is silent at the end.
    """

    events: pl.DataFrame
    clocks: dict[str, float] = field(default_factory=dict)
    silent: set[tuple[str, str]] = field(default_factory=set)
    offline: set[str] = field(default_factory=set)


def simulate_feed(seed: int, *, days: int = 5, sites: int = 10, gap_minutes: float = 4) -> Feed:
    """Simulate the feed of a small campaign.

    Parameters
    ----------
    seed : int
        Equal seeds give equal feeds.
    days : int
        Days that it lasts; at least four.
    sites : int
        Sites, each with two devices; at least seven. There are three laboratories with two devices each, too.
    gap_minutes : float
        Mean time between two uploads of a device, minutes.
    """
    rng = np.random.default_rng(seed)
    planted = _Planted(rng, days, sites)
    uploads = [
        _uploads(rng, planted, device, site, lab, gap_minutes) for device, site, lab in planted.devices
    ]
    frame = pl.concat([*uploads, _old_file(rng, planted)]).filter(pl.col("arrived") <= planted.end)
    return Feed(
        _as_events(frame.sort("arrived", "device", "at")), planted.clocks, planted.silent, planted.offline
    )


class _Planted:
    """Who there is, and what goes wrong with whom."""

    def __init__(self, rng: np.random.Generator, days: int, sites: int) -> None:
        self.days = days
        self.end = _BEGIN + (days - 1) * _DAY + round(_END_HOUR * _HOUR)
        of_sites = [(f"D{site:02d}{one}", f"S{site:02d}", None) for site in range(sites) for one in "ab"]
        of_labs = [(f"L{lab}{one}", None, f"LAB{lab}") for lab in range(3) for one in "ab"]
        self.devices = [*of_sites, *of_labs]
        names = [
            device for device, *_ in of_sites[10:]
        ]  # those of the first five sites are right and may fall silent
        wrong = rng.choice(names, 4, replace=False).tolist()
        minutes = np.round(rng.uniform(8, 50, 4), 1) * (1, -1, 1, -1)
        self.clocks: dict[str, float] = dict(zip(wrong, minutes.tolist(), strict=True))
        self.jumping = set(wrong[2:])
        self.jump = _BEGIN + round(rng.uniform(1, days - 2) * _DAY)
        self.stop = _BEGIN + (days - 1) * _DAY + round(rng.uniform(9, 11) * _HOUR)
        self.silent = {("site", "S00"), ("device", "D00a"), ("device", "D00b"), ("device", "D01a"),
                       ("lab", "LAB0"), ("device", "L0a"), ("device", "L0b")}  # fmt: skip
        self.new_site, self.closed_site = "S02", "S03"
        self.offline = set(rng.choice([device for device, *_ in of_sites[8:]], 6, replace=False).tolist())
        self.handed_on = "LAB1"


def _uploads(
    rng: np.random.Generator, plan: _Planted, device: str, site: str | None, lab: str | None, gap: float
) -> pl.DataFrame:
    """All uploads of a device: when they happened, were sent and came."""
    parts = [_shift(rng, day, gap, lunch=rng.random() < 0.5) for day in range(plan.days)]
    at = np.concatenate(parts)
    if site == plan.new_site:  # opened too late to have a rhythm, and stops
        at = at[(at > _BEGIN + (plan.days - 2) * _DAY) & (at < plan.stop)]
    if site == plan.closed_site:  # closed for good, long ago
        at = at[at < _BEGIN + _DAY]
    if {("device", device), ("site", site), ("lab", lab)} & plan.silent:
        at = at[at < plan.stop]
    sent = at + rng.integers(1, 60, len(at)) * _SECOND
    came = sent + np.minimum(rng.lognormal(1.5, 1.0, len(at)), 120).astype(np.int64) * _SECOND
    if device in plan.offline:
        at, sent, came = _offline(rng, plan, at, sent, came)
    if lab == plan.handed_on:
        came = (came // _HOUR + 1) * _HOUR + 20 * _MINUTE
    error = np.full(len(at), round(plan.clocks.get(device, rng.uniform(-1, 1)) * _MINUTE))
    if device in plan.jumping:
        error[at < plan.jump] = 0
    return pl.DataFrame(
        {"device": device, "site": site, "lab": lab, "at": at + error, "sent": sent + error, "arrived": came},
        _COLUMNS,
    )


_COLUMNS: Final = {
    **dict.fromkeys(("device", "site", "lab"), pl.String),
    **dict.fromkeys(("at", "sent", "arrived"), pl.Int64),
}


def _shift(rng: np.random.Generator, day: int, gap: float, *, lunch: bool) -> NDArray[np.int64]:
    """When a device scans on a day: from morning to evening, half an hour more or less, perhaps not over lunch."""
    begin, end = 7 + rng.uniform(0, 1), 17.5 + rng.uniform(0, 1)
    count = round((end - begin) * 60 / gap)
    hours = np.sort(rng.uniform(begin, end, count))
    if lunch:
        hours = hours[(hours < 12) | (hours > 13)]
    scans: NDArray[np.int64] = _BEGIN + day * _DAY + (hours * _HOUR).astype(np.int64)
    return scans


def _offline(
    rng: np.random.Generator,
    plan: _Planted,
    at: NDArray[np.int64],
    sent: NDArray[np.int64],
    came: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Two to four hours of each day without a line: all of them come at its end, some devices say when they tried first."""
    sent, came = sent.copy(), came.copy()
    says_first_try = rng.random() < 0.5
    for day in range(plan.days):
        begin = _BEGIN + day * _DAY + round(rng.uniform(8, 12) * _HOUR)
        end = begin + round(rng.uniform(2, 4) * _HOUR)
        queued = (sent >= begin) & (sent < end)
        came[queued] = end + 5 * _SECOND
        if not says_first_try:
            sent[queued] = end
    return at, sent, came


def _old_file(rng: np.random.Generator, plan: _Planted) -> pl.DataFrame:
    """A file of the week before, of all devices, that comes on the third day."""
    at = _BEGIN - np.sort(rng.integers(_DAY, 7 * _DAY, 40 * len(plan.devices)))
    who = rng.integers(0, len(plan.devices), len(at))
    named = pl.DataFrame(plan.devices, dict.fromkeys(("device", "site", "lab"), pl.String), orient="row")[who]
    times = {"at": at, "sent": at + _MINUTE, "arrived": np.full(len(at), _BEGIN + 2 * _DAY + 10 * _HOUR)}
    return named.with_columns(pl.Series(name, each) for name, each in times.items())


def _as_events(frame: pl.DataFrame) -> pl.DataFrame:
    number = pl.int_range(pl.len())
    is_collect = pl.col("site").is_not_null()
    return frame.select(
        pl.when(is_collect).then(pl.lit("collect")).otherwise(pl.lit("report")).alias("kind"),
        pl.col("at").cast(TIME),
        pl.col("sent").cast(TIME).alias("sent_at"),
        pl.col("arrived").cast(TIME),
        "device",
        "site",
        "lab",
        pl.format("T{}", number).alias("tube"),
        pl.when(is_collect).then(pl.lit("PASSPORT")).alias("person_type"),
        pl.when(is_collect).then(pl.format("E{}", number)).alias("person"),
        pl.when(~is_collect).then(pl.lit("negative")).alias("call"),
    )
