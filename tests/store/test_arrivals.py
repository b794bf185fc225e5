"""Times of arrival in a store: what they tell, what they leave as it is, and events dated ahead of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.cli import poolpipe as command
from poolpipe.store import Store, ingesting
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BEGIN = datetime(2022, 3, 1, tzinfo=UTC)
OF_ARRIVALS = ["clock_skew", "source_silent"]
TIME = "%Y-%m-%dT%H:%M:%SZ"
POLICY = """
[arrivals]
skew_quarters = 3
silence_quarters = 2
silence_days = 2
"""

SHOWN = {
    "en": (
        "set the device's clock", "min ahead: what it sent came before",
        "nothing since 2022-03-03T10:00:00Z; on 2 of 2",
    ),
    "zh": ("校准设备时钟", "快 24.0 分钟：上传时间晚于到达时间", "此前 2 天中有 2 天在同一时段收到数据"),
}  # fmt: skip
"""What the board of anomalies says of them, by language."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the store's clock."""

    def set_to(moment: datetime) -> None:
        micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        monkeypatch.setattr(ingesting, "_now_us", lambda: micros)

    return set_to


def _collects(moment: datetime, devices: dict[str, int], *, says: bool = True) -> pl.DataFrame:
    """A scan of each device, sent a minute before it comes at a moment; the minutes that its clock is ahead."""
    rows = []
    for device, ahead in devices.items():
        sent = moment + timedelta(minutes=ahead - 1)
        row = {"at": f"{sent - timedelta(minutes=2):{TIME}}", "tube": f"{device}.{moment:%d%H%M}", "device": device,
               "person": f"{device}.{moment:%d%H%M}", "site": f"site {device}"}  # fmt: skip
        rows.append(row | ({"sent_at": f"{sent:{TIME}}"} if says else {}))
    return pl.DataFrame(rows).with_columns(person_type=pl.lit("PASSPORT"))


def _days(last_hour: float = 12) -> Iterator[tuple[datetime, dict[str, int]]]:
    """Three days, four devices, an upload each half hour from ten; D1 is ahead, D2 silent from 10:15 of the third day on."""
    for day in range(3):
        for half in range(round(2 * (last_hour - 10)) + 1):
            moment = BEGIN + timedelta(days=day, hours=10, minutes=30 * half)
            yield moment, {"D1": 25, "D3": 0, "D4": 1} | ({} if day == 2 and half else {"D2": 0})


def _fed(store: Store, clock: Callable[[datetime], None], *, says: bool = True) -> None:
    for moment, devices in _days():
        clock(moment)
        store.ingest({"collect": _collects(moment, devices, says=says)})


def _told(day: poolpipe.Day) -> list[tuple[str, str, str]]:
    return (
        day.anomalies.filter(pl.col("code").is_in(OF_ARRIVALS))
        .select("code", "subject_kind", "subject")
        .rows()
    )


FOUND = [
    ("clock_skew", "device", "D1"),
    ("source_silent", "device", "D2"),
    ("source_silent", "site", "site D2"),
]


@pytest.fixture
def fed(tmp_path: Path, clock: Callable[[datetime], None]) -> Iterator[Store]:
    policy = tmp_path / "rules.toml"
    policy.write_text(POLICY)
    with Store(tmp_path / "city", policy=policy) as store:
        _fed(store, clock)
        yield store


def test_arrivals__tell_wrong_clocks_and_silent_sources_whatever_is_done_to_the_store(fed: Store) -> None:
    day = fed.run()
    assert _told(day) == FOUND
    assert day.summary["anomalies"]["clock_skew"] == 1
    fed.compact(keep_days=0)
    fed.rotate_key(data=True)
    fed.erase("D1.011000", "PASSPORT")
    assert (
        fed.run()
        .anomalies.filter(pl.col("code").is_in(OF_ARRIVALS))
        .equals(day.anomalies.filter(pl.col("code").is_in(OF_ARRIVALS)))
    )
    assert fed.check() == []


def test_as_of__only_what_came_up_to_it_counts(fed: Store) -> None:
    assert _told(fed.run(as_of="2022-03-03T11:00:00Z")) == [("clock_skew", "device", "D1")]
    assert _told(fed.run(as_of="2022-03-01T10:45:00Z")) == []
    assert _told(fed.run().view(as_of="2022-03-03T12:30:00Z")) == FOUND
    assert _told(fed.run(policy={"arrivals": {"skew_minutes": 60, "silence_quarters": 96}})) == []


def test_without_sent_at__only_silence_is_told(tmp_path: Path, clock: Callable[[datetime], None]) -> None:
    with Store(tmp_path / "city", policy={"arrivals": {"silence_quarters": 2, "silence_days": 2}}) as store:
        _fed(store, clock, says=False)
        assert _told(store.run()) == FOUND[1:]


def test_same_files_at_one_time__tell_nothing(tmp_path: Path, clock: Callable[[datetime], None]) -> None:
    for moment, devices in _days():
        _collects(moment, devices).write_parquet(tmp_path / f"collect-{moment:%d%H%M}.parquet")
    clock(BEGIN + timedelta(days=30))
    files = sorted(tmp_path.glob("collect-*"))
    with Store(tmp_path / "city", policy={"arrivals": {"silence_quarters": 2, "silence_days": 2}}) as store:
        for file in files:
            store.ingest(file)
        assert store.run().anomalies.equals(poolpipe.run(files).anomalies)


@pytest.mark.parametrize("seed", [6200, 6201, 6202])
def test_store_fed_for_days__equals_the_files_but_for_what_arrivals_tell(
    seed: int, tmp_path: Path, clock: Callable[[datetime], None]
) -> None:
    scans = tmp_path / "scans"
    write_city(city(seed, size="small"), scans, seed)
    files = sorted(path for path in scans.rglob("*") if path.is_file())
    expected = poolpipe.run(files)
    last = max(expected.pools[name].max() or BEGIN for name in ("last_collected", "called_at", "loaded_at"))
    assert isinstance(last, datetime)
    with Store(tmp_path / "city", policy={"arrivals": {"future_h": 8760}}) as store:
        for number, file in enumerate(files):
            clock(last + timedelta(minutes=20 * number))
            store.ingest(file)
        day = store.run(policy="ten-in-one")
    for table in TABLES:
        mine, yours = day.table(table), expected.table(table)
        if table == "anomalies":
            mine = mine.filter(~pl.col("code").is_in(OF_ARRIVALS))
        if table == "rejects":
            mine, yours = (each.drop("file").sort(pl.all()) for each in (mine, yours))
        assert mine.equals(yours), table


def _dated(hours: float) -> pl.DataFrame:
    at = [f"{BEGIN + timedelta(hours=each):{TIME}}" for each in (0, hours)]
    return pl.DataFrame(
        {"at": at, "tube": ["T1", "T2"], "person_type": ["PASSPORT"] * 2, "person": ["E1", "E2"]}
    )


def test_event_dated_ahead_of_its_arrival__is_refused_kept_and_taken_when_it_comes_again(
    tmp_path: Path, clock: Callable[[datetime], None]
) -> None:
    _dated(2).write_csv(tmp_path / "collect.csv")
    with Store(tmp_path / "city") as store:
        clock(BEGIN + timedelta(minutes=59))
        told = store.ingest(tmp_path / "collect.csv")
        assert told.select("read", "accepted", "duplicates", "rejected").rows() == [(2, 1, 0, 1)]
        refused = store.run().rejects.select("line", "kind", "code", "detail").rows()
        assert refused == [
            (
                3,
                "collect",
                "future_time",
                "at '2022-03-01T02:00:00Z': over 1 h after its arrival 晚于到达时间 1 小时以上",
            )
        ]
        assert store.run().summary["as_of"] == "2022-03-01T00:00:00Z"
        told = store.ingest(tmp_path / "collect.csv")
        assert told.select("accepted", "duplicates", "rejected", "again").rows() == [(0, 2, 0, None)]
        clock(BEGIN + timedelta(hours=1))
        told = store.ingest(tmp_path / "collect.csv")
        assert told.select("accepted", "duplicates", "rejected", "again").rows() == [(1, 1, 0, None)]
        told = store.ingest(tmp_path / "collect.csv")
        assert told.select("accepted", "again").rows() == [(0, "collect.csv")]
        assert store.run().members["person"].to_list() == ["E1", "E2"]
        assert store.check() == []


def test_repair__judges_events_by_their_first_arrival(
    tmp_path: Path, clock: Callable[[datetime], None]
) -> None:
    _dated(2).write_csv(tmp_path / "collect.csv")
    with Store(tmp_path / "city") as store:
        clock(BEGIN)
        store.ingest(tmp_path / "collect.csv")
        before, events = store.run(), store.events("collect").collect()
        (part,) = store.files("collect")
        part.write_bytes(part.read_bytes()[:-1])
        clock(BEGIN + timedelta(days=1))
        store.repair(tmp_path / "collect.csv")
        assert store.run().rejects.equals(before.rejects)
        assert store.events("collect").collect().drop("input").equals(events.drop("input"))
        assert store.check() == []


def test_event_as_far_ahead_as_the_policy_allows__is_taken(
    tmp_path: Path, clock: Callable[[datetime], None]
) -> None:
    clock(BEGIN)
    with Store(tmp_path / "city", policy={"arrivals": {"future_h": 2}}) as store:
        assert store.ingest({"collect": _dated(2)})["rejected"].to_list() == [0]
        assert store.ingest({"collect": _dated(2.001)})["rejected"].to_list() == [1]
    assert poolpipe.run({"collect": _dated(9000)}).rejects.is_empty()  # files do not tell when they came


def test_commands__show_what_arrivals_tell(
    tmp_path: Path, clock: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "rules.toml").write_text(POLICY)

    def typed(*arguments: Any) -> str:
        told = CliRunner().invoke(command, [str(each) for each in arguments])
        assert told.exit_code == 0, told.output
        return told.stdout

    for moment, devices in _days():
        clock(moment)
        file = tmp_path / f"collect-{moment:%d%H%M}.csv"
        _collects(moment, devices).write_csv(file)
        typed("ingest", tmp_path / "city", file, "--quiet")
        file.unlink()
    typed(
        "run", tmp_path / "city", "--policy", tmp_path / "rules.toml", "--out", tmp_path / "result", "--quiet"
    )
    counted = json.loads((tmp_path / "result" / "summary.json").read_text())["anomalies"]
    assert (counted["clock_skew"], counted["source_silent"]) == (1, 2)
    asked = ("show", tmp_path / "result", "anomalies", "--columns", "subject,detail", "--rows", 500)
    for language, words in SHOWN.items():
        shown = typed("--language", language, *asked)
        assert [each for each in words if each not in shown] == []


def test_kept_tables__are_not_shown_for_a_moment_before_arrivals(
    tmp_path: Path, clock: Callable[[datetime], None]
) -> None:
    with Store(tmp_path / "city", policy={"arrivals": {"silence_quarters": 2, "silence_days": 2}}) as store:
        for moment, devices in _days():
            clock(moment + timedelta(hours=2))
            store.ingest({"collect": _collects(moment, dict.fromkeys(devices, 0), says=False)})
        day = store.conclude()
        asked = day.summary["as_of"]
        expected = store.run(as_of=asked)
        assert (_told(day), _told(expected)) == (FOUND[1:], [])
        kept = store.kept(as_of=asked)
        assert kept is None or _told(kept) == []
