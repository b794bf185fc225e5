"""What times of arrival tell: wrong clocks and silent sources, against a naive reference and simulated feeds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.arrival_policy import Arriving
from poolpipe.coding.quarters import QUARTER_US, SOURCES, Heard, heard_in_quarters, joined_quarters
from poolpipe.errors import PolicyError
from poolpipe.simulate.feeds import Feed, simulate_feed
from poolpipe.stages.anomalies import of_arrivals
from reference import arrivals as naive

Event = dict[str, Any]
MINUTE = 60_000_000
DAY = 96 * QUARTER_US
BEGIN = 1_646_092_800_000_000  # 2022-03-01, UTC
SMALL = Arriving(
    skew_quarters=3, skew_peers=3, silence_quarters=2, silence_days=2, look_back_days=3, late_h=1
)
SMALL_RULES = {name: float(value) for name, value in SMALL.model_dump().items()}


def _folded(events: pl.DataFrame) -> Heard:
    """Events, their times in microseconds, as the store folds a part of them."""
    sources = {}
    for name in SOURCES:
        if events[name].null_count() < events.height:
            names = events[name].drop_nulls().unique().sort()
            rows = events[name].replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int32)
            sources[name] = rows.fill_null(-1).to_numpy(), names
    at, arrived, sent = (events[name].fill_null(-1).to_numpy() for name in ("at", "arrived", "sent"))
    return heard_in_quarters(sources, at, arrived, None if (sent < 0).all() else sent)


def _frame(events: list[Event]) -> pl.DataFrame:
    texts = dict.fromkeys(SOURCES, pl.String())
    return pl.DataFrame(events, {**texts, **dict.fromkeys(("at", "arrived", "sent"), pl.Int64())})


def _micros(feed: Feed) -> pl.DataFrame:
    times = {"at": "at", "sent_at": "sent", "arrived": "arrived"}
    return feed.events.select(*SOURCES, **{new: pl.col(old).to_physical() for old, new in times.items()})


def _rows(heard: Heard) -> list[tuple[Any, ...]]:
    """Each row with the names of its sources, sorted."""
    names = [
        [None if row < 0 else heard.names[source][row] for row in heard.sources[source].tolist()]
        for source in SOURCES
    ]
    return sorted(
        zip(*names, heard.quarters.tolist(), heard.known.tolist(), *heard.times.T.tolist(), strict=True),
        key=repr,
    )


def _found(heard: Heard, rules: Arriving, asked: datetime | None = None) -> pl.DataFrame:
    return of_arrivals(heard, rules, asked).sort("code", "subject_kind", "subject")


def _clocks(found: pl.DataFrame) -> dict[str, float]:
    """Device to minutes, positive ahead, as the details tell."""
    minutes = pl.col("detail").str.extract(r"^([0-9.]+) min").cast(pl.Float64)
    sign = pl.when(pl.col("detail").str.contains(" min ahead: ")).then(1).otherwise(-1)
    rows = found.filter(code="clock_skew").select("subject", minutes * sign).rows()
    return dict(rows)


def _silent(found: pl.DataFrame) -> set[tuple[str, str]]:
    return set(found.filter(code="source_silent").select("subject_kind", "subject").rows())


# Moments near each other on few days, few sources: quarters, ties, gaps and rhythms collide.
_days = st.integers(0, 4)
_quarters = st.integers(30, 42)
_seconds = st.sampled_from([0, 1, 450, 899])
_delays = st.sampled_from([-40 * MINUTE, -20 * MINUTE, -6 * MINUTE, -5 * MINUTE, 0, MINUTE, 5 * MINUTE, 6 * MINUTE,
                           20 * MINUTE, 21 * MINUTE, 50 * MINUTE])  # fmt: skip


_runs = st.tuples(_quarters, st.integers(1, 9)).map(lambda run: list(range(run[0], run[0] + run[1])))
_devices, _sites, _labs = (
    st.sampled_from([None, *names]) for names in (("D1", "D2", "D3"), ("S1",), ("L1",))
)


@st.composite
def _events(draw: st.DrawFn) -> list[Event]:
    made = []
    crew = [("C1", None, None), ("C2", None, None), ("C3", None, None)] if draw(st.booleans()) else []
    for source in [*crew, *draw(st.lists(st.tuples(_devices, _sites, _labs), max_size=10))]:
        device, site, lab = source
        is_crew = source in crew
        delay = draw(st.sampled_from([0, 0, MINUTE, 6 * MINUTE]) if is_crew else st.none() | _delays)
        age = draw(st.sampled_from([0, MINUTE, 61 * MINUTE, -30 * MINUTE]))
        days = draw(st.lists(_days, min_size=1, max_size=4, unique=True))
        quarters = (
            range(30, 50)
            if is_crew
            else draw(_runs | st.lists(_quarters, min_size=1, max_size=6, unique=True))
        )
        for day in days:
            for quarter in quarters:
                came = BEGIN + day * DAY + quarter * QUARTER_US + draw(_seconds) * 1_000_000
                sent = None if delay is None else came - delay
                made.append(
                    {
                        "device": device,
                        "site": site,
                        "lab": lab,
                        "at": came - age,
                        "arrived": came,
                        "sent": sent,
                    }
                )
    return made


def _agrees(events: list[Event], rules: Arriving, asked: int | None) -> None:
    moment = None if asked is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=asked)
    found = _found(joined_quarters([_folded(_frame(events))]), rules, moment)
    told = {name: float(value) for name, value in rules.model_dump().items()}
    seen = naive.up_to(events, asked)
    clocks = {name: round(error / MINUTE, 1) for name, (error, _) in naive.wrong_clocks(seen, told).items()}
    assert _clocks(found) == clocks
    named = [event for event in seen if any(event[name] for name in SOURCES)]
    assert _silent(found) == naive.silent_sources(named, told)


@settings(max_examples=250)
@given(_events(), st.none() | st.tuples(_days, _quarters, _seconds))
def test_found__is_what_the_reference_finds(events: list[Event], asked: tuple[int, int, int] | None) -> None:
    moment = None
    if asked is not None:
        moment = BEGIN + asked[0] * DAY + asked[1] * QUARTER_US + asked[2] * 1_000_000
    _agrees(events, SMALL, moment)


@settings(max_examples=60)
@given(_events(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_repetition_and_cut__change_nothing(events: list[Event], rng: Any, files: int) -> None:
    again = [*events, *(rng.choice(events) for _ in range(3) if events)]
    rng.shuffle(again)
    joined = joined_quarters([_folded(_frame(again[one::files])) for one in range(files)])
    assert _rows(joined) == _rows(joined_quarters([_folded(_frame(events))]))
    for source, names in joined.names.items():
        assert names.to_list() == sorted({event[source] for event in events if event[source]})


@pytest.mark.parametrize("seed", range(30))
def test_feed__planted_troubles_are_found_and_nothing_else(seed: int) -> None:
    feed = simulate_feed(seed)
    found = _found(joined_quarters([_folded(_micros(feed))]), Arriving())
    assert _silent(found) == feed.silent
    clocks = _clocks(found)
    assert clocks.keys() == feed.clocks.keys()
    assert {name: told for name, told in feed.clocks.items() if abs(told - clocks[name]) > 1.0} == {}


@pytest.mark.parametrize("seed", range(4))
def test_feed__at_no_hour_is_anybody_accused_who_has_a_line_and_the_right_time(seed: int) -> None:
    feed = simulate_feed(seed)
    heard = joined_quarters([_folded(_micros(feed))])
    sites = feed.events.filter(pl.col("device").is_in(list(feed.offline)))["site"].drop_nulls()
    may_be = feed.silent | {("device", each) for each in feed.offline} | {("site", each) for each in sites}
    for hour in range(24, 5 * 24):
        moment = datetime(2022, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
        found = _found(heard, Arriving(), moment)
        assert _clocks(found).keys() <= feed.clocks.keys()
        assert _silent(found) <= may_be


@pytest.mark.parametrize("seed", range(3))
def test_feed__agrees_with_the_reference(seed: int) -> None:
    feed = simulate_feed(seed, sites=7, gap_minutes=15)
    _agrees(_micros(feed).to_dicts(), Arriving(), None)
    _agrees(_micros(feed).to_dicts(), Arriving(), BEGIN + 3 * DAY + 50 * QUARTER_US + 1)


def _every_quarter(device: str, delay: int, *, days: int = 1, site: str | None = None) -> list[Event]:
    """A device that uploads each quarter from 8 to 18 o'clock."""
    came = [BEGIN + day * DAY + quarter * QUARTER_US for day in range(days) for quarter in range(32, 72)]
    return [
        {"device": device, "site": site, "lab": None, "at": each, "arrived": each, "sent": each - delay}
        for each in came
    ]


def test_files_of_one_time__accuse_nobody() -> None:
    late = [
        {**event, "arrived": BEGIN + 9 * DAY}
        for device in range(9)
        for event in _every_quarter(f"D{device}", device * MINUTE, days=5, site=f"S{device}")
    ]
    assert _found(joined_quarters([_folded(_frame(late))]), Arriving()).is_empty()


def test_clock_of_the_store__accuses_no_device() -> None:
    everybody = [each for device in range(9) for each in _every_quarter(f"D{device}", -30 * MINUTE)]
    assert _found(joined_quarters([_folded(_frame(everybody))]), Arriving()).is_empty()
    one = _every_quarter("D0", -30 * MINUTE)
    assert _clocks(_found(joined_quarters([_folded(_frame(one))]), Arriving())) == {"D0": 30.0}


def test_clock_behind__is_said_only_beside_others_in_time() -> None:
    slow = _every_quarter("D0", 30 * MINUTE)
    others = [each for device in range(1, 5) for each in _every_quarter(f"D{device}", 0)]
    assert _clocks(_found(joined_quarters([_folded(_frame(slow + others))]), Arriving())) == {"D0": -30.0}
    assert _found(joined_quarters([_folded(_frame(slow + others[40:]))]), Arriving()).is_empty()


def _each(device: str, delays: list[int]) -> list[Event]:
    """A device that uploads each quarter from 8 o'clock on, with these delays one after the other."""
    came = [BEGIN + (32 + number) * QUARTER_US for number in range(len(delays))]
    return [
        {"device": device, "site": None, "lab": None, "at": at, "arrived": at, "sent": at - delay}
        for at, delay in zip(came, delays, strict=True)
    ]


def _clocks_of(*events: list[Event]) -> dict[str, float]:
    return _clocks(
        _found(joined_quarters([_folded(_frame([each for some in events for each in some]))]), Arriving())
    )


def test_error_of_the_tolerance__is_none() -> None:
    others = [each for device in range(1, 5) for each in _every_quarter(f"D{device}", 0)]
    second = 1_000_000
    for delay in (5 * MINUTE, -5 * MINUTE):
        assert _clocks_of(_every_quarter("D0", delay), others) == {}
    assert _clocks_of(_every_quarter("D0", -5 * MINUTE - second), others) == {"D0": 5.0}


def test_delays_that_differ__are_a_queue_and_no_clock() -> None:
    others = [each for device in range(1, 5) for each in _every_quarter(f"D{device}", 0)]
    slow = [*_every_quarter("D0", 30 * MINUTE), *_every_quarter("D0", 35 * MINUTE)]
    assert _clocks_of(slow, others) == {"D0": -30.0}
    assert _clocks_of(slow, _every_quarter("D0", 36 * MINUTE), others) == {}


def test_clock_that_jumps__is_told_by_its_last_stretch() -> None:
    assert _clocks_of(_each("D0", [-30 * MINUTE] * 9 + [-60 * MINUTE] * 4)) == {"D0": 60.0}
    assert _clocks_of(_each("D0", [-30 * MINUTE] * 9 + [-60 * MINUTE] * 3)) == {"D0": 30.0}
    assert _clocks_of(_each("D0", [-30 * MINUTE, -35 * MINUTE] * 2)) == {"D0": 35.0}
    assert _clocks_of(_each("D0", [-30 * MINUTE, -36 * MINUTE] * 9)) == {}
    assert _clocks_of(_each("D0", [-30 * MINUTE] * 3 + [0] + [-30 * MINUTE] * 3)) == {}


def test_source_known_for_as_many_days_as_are_asked__is_judged() -> None:
    others = _every_quarter("D2", 0, days=4)
    for first, silent in ((48, {("device", "D1")}), (49, set())):
        begin, end = BEGIN + first * QUARTER_US, BEGIN + 3 * DAY + 48 * QUARTER_US
        mine = [each for each in _every_quarter("D1", 0, days=4) if begin <= each["arrived"] < end]
        assert _silent(_found(joined_quarters([_folded(_frame(mine + others))]), Arriving())) == silent


def test_detail__tells_the_estimate_its_evidence_and_the_way_out() -> None:
    found = _found(joined_quarters([_folded(_frame(_every_quarter("D0", -30 * MINUTE)))]), Arriving())
    assert found.drop("at", "severity").rows() == [
        ("clock_skew", "", "device", "D0",
         ("30.0 min ahead: what it sent came before it was sent, alike within 0.0 min in 40 quarters of an hour, "
          "2022-03-01T08:00:00Z to 2022-03-01T17:45:00Z; set the device's clock; 设备时钟偏差：校准设备时钟"))
    ]  # fmt: skip
    assert found["at"].to_list() == [datetime(2022, 3, 1, 8, tzinfo=UTC)]


def test_silence__is_against_its_own_days_and_is_forgotten() -> None:
    site = _every_quarter("D1", 0, days=4, site="S1")
    stopped = [each for each in site if each["arrived"] < BEGIN + 3 * DAY + 48 * QUARTER_US]
    others = _every_quarter("D2", 0, days=8, site="S2")
    heard = joined_quarters([_folded(_frame(stopped + others))])

    def silent_at(day: int, hour: float) -> set[tuple[str, str]]:
        return _silent(
            _found(heard, Arriving(), datetime(2022, 3, 1, tzinfo=UTC) + timedelta(days=day, hours=hour))
        )

    both = {("device", "D1"), ("site", "S1")}
    assert silent_at(3, 12) == set()
    assert (
        silent_at(3, 14) == set()
    )  # seven quarters are over in which others were heard, and an eighth has begun
    assert silent_at(3, 14.25) == both
    assert silent_at(3, 23) == both
    assert silent_at(4, 9) == both
    assert silent_at(5, 11) == both
    assert silent_at(5, 13) == set()


_CHANGED = {
    "skew_minutes": 60, "skew_quarters": 70, "skew_peers": 9, "silence_quarters": 30, "silence_days": 6,
    "silence_share": 0.9, "look_back_days": 4, "late_h": 0.01, "forget_days": 0.05,
}  # fmt: skip
"""Another value of every setting but `future_h`, whose effect tests/store/test_arrivals.py shows."""


@pytest.fixture(scope="module")
def six_days() -> Heard:
    """D1 is ahead, D2 behind; S1 was not heard on the second day, and falls silent on the sixth at noon."""
    clocks = {"D1": -30 * MINUTE, "D2": 30 * MINUTE} | dict.fromkeys(("D3", "D4", "D5", "D6"), 0)
    events = [each for device, delay in clocks.items() for each in _every_quarter(device, delay, days=1)]
    others = _every_quarter("D7", 0, days=6)
    site = [
        {**each, "device": None, "site": "S1", "sent": None, "at": each["at"] - MINUTE} for each in others
    ]
    off = (BEGIN + DAY, BEGIN + 2 * DAY), (BEGIN + 5 * DAY + 48 * QUARTER_US, BEGIN + 9 * DAY)
    heard = [each for each in site if not any(first <= each["arrived"] < last for first, last in off)]
    return joined_quarters([_folded(_frame([*events, *others, *heard]))])


@pytest.mark.parametrize("setting", _CHANGED)
def test_setting__has_an_effect(setting: str, six_days: Heard) -> None:
    usual, rules = _found(six_days, Arriving()), Arriving.model_validate({setting: _CHANGED[setting]})
    assert (_clocks(usual), _silent(usual)) == ({"D1": 30.0, "D2": -30.0}, {("site", "S1")})
    found = _found(six_days, rules)
    assert (_clocks(found), _silent(found)) != (_clocks(usual), _silent(usual))


def _silent_sites(days: int, hours: tuple[float, ...], devices: str, asked: tuple[int, float]) -> bool:
    """Whether a site is silent on the last day, on which it is heard for the first hours alone; others are always heard."""
    always = [{**each, "device": "D9", "arrived": BEGIN + number * QUARTER_US, "at": BEGIN + number * QUARTER_US}
              for number, each in enumerate(_every_quarter("D9", 0, days=20)[: 96 * 8])]  # fmt: skip
    mine = []
    for device in devices:
        for each in _every_quarter(device, 0, days=days, site="S1"):
            day, hour = divmod((each["arrived"] - BEGIN) / QUARTER_US / 4, 24)
            shifts = list(zip(hours[::2], hours[1::2], strict=True))
            if any(first <= hour < last for first, last in (shifts if day < days - 1 else shifts[:1])):
                mine.append(each)
    moment = datetime(2022, 3, 1, tzinfo=UTC) + timedelta(days=asked[0], hours=asked[1])
    return ("site", "S1") in _silent(
        _found(joined_quarters([_folded(_frame(always + mine))]), Arriving(), moment)
    )


def test_time_not_worked_on_other_days__is_no_silence() -> None:
    assert not _silent_sites(4, (8, 12, 16, 18), "1", (3, 15.75))
    assert not _silent_sites(4, (8, 12, 16, 18), "1", (3, 18))
    assert _silent_sites(4, (8, 12, 16, 18), "1", (3, 18.25))


def test_several_devices_in_one_quarter__are_heard_once() -> None:
    assert not _silent_sites(4, (8, 12, 16, 17), "12", (3, 20))
    assert _silent_sites(4, (8, 12, 16, 18), "12", (3, 20))


def test_silence__is_told_for_two_days_to_the_quarter() -> None:
    assert _silent_sites(4, (8, 12, 13, 18), "1", (5, 12))
    assert not _silent_sites(4, (8, 12, 13, 18), "1", (5, 12.25))


def test_nothing_heard__finds_nothing() -> None:
    assert _found(Heard.nothing(), Arriving()).is_empty()
    assert _found(Heard.nothing(), Arriving(), datetime(2022, 3, 1, tzinfo=UTC)).is_empty()


def test_days_asked_for__must_lie_within_the_look_back() -> None:
    with pytest.raises(PolicyError, match="look_back_days 2 lies below silence_days 3"):
        Arriving(look_back_days=2)
