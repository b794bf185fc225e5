"""Times as RFC 3339 and spreadsheets write them, and as columns count them: one instant, or a reason."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import poolpipe
from events.scans import POLICY, codes, column, read, read_text, tubes
from poolpipe.events.times import TIME_FAULTS, parse_times
from reference.times import clean_time

if TYPE_CHECKING:
    from poolpipe.policy import Policy

CASES = Path(__file__).parents[1] / "cases" / "torture"
EIGHT = datetime(2022, 4, 4, 0, 5, tzinfo=UTC)  # 8:05 in Shanghai


def _zone(name: str) -> Policy:
    return POLICY.model_copy(update={"time_zone": name})


def _moment(text: str, zone: str = "Asia/Shanghai") -> datetime | str:
    """The instant that a text is, or the rule that it breaks."""
    told = parse_times(pl.Series([text]), zone)
    if told.faults is not None:
        return str(TIME_FAULTS[told.faults[0]])
    assert not told.missing[0]
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(told.micros[0]))


@pytest.mark.parametrize(
    "text",
    [
        "2022-04-04T08:05:00+08:00", "2022-04-04T00:05:00Z", "2022-04-04T08:05:00",
        "2022/4/4 8:05", "2022-04-04 08:05", "2022年4月4日 8:05:00", "2022/04/04 08:05:00.000", "2022.4.4 8:05",
        "2022/4/4 上午 8:05", "2022/4/4 上午8:05", "2022/4/4上午8:05", "2022年4月4日8:05", "2022年4月4日 上午 8:05:00",
        "2022年04月04日 8时5分", "2022年4月4日8点05分0秒", "2022/4/4 8:05 AM", "2022/4/4 8:05:00 am", "2022/4/4 AM 8:05",
        "2022-04-04T08:05", "2022-04-04T08:05+08:00", "2022-04-04 00:05Z", "2022/4/4  8:05", " 2022/4/4 8:05\t",
        "２０２２／４／４　８：０５", "2022/4/4 8：05",
    ],
)  # fmt: skip
def test_text__year_first_is_the_moment(text: str) -> None:
    assert _moment(text) == EIGHT
    assert clean_time(text, "Asia/Shanghai") == EIGHT


@pytest.mark.parametrize(
    ("text", "hour"),
    [("上午 12:05", 0), ("上午 0:05", 0), ("上午 11:05", 11), ("下午 12:05", 12), ("下午 3:05", 15), ("下午 11:05", 23),
     ("下午 15:05", 15), ("12:05 AM", 0), ("12:05 PM", 12), ("3:05 pm", 15), ("0:05", 0), ("23:05", 23)],
)  # fmt: skip
def test_text__hours_of_the_morning_and_the_afternoon_run_from_twelve(text: str, hour: int) -> None:
    assert _moment(f"2022/4/4 {text}", "UTC") == datetime(2022, 4, 4, hour, 5, tzinfo=UTC)


RULES = {
    "year comes first": ["4/4/2022 8:05", "04-04-2022 08:05:00", "10.02.2022 08:00:00", "22/4/4 8:05", "4月4日 2022 8:05"],
    "year is missing": ["4月4日 08:03", "4月4日8:05", "4月4日", "4/4 8:05", "12-30 08:05:11", "4.4 下午 3:05", "4月4日8时5分"],
    "bare number": ["44655.3368055556", "44655", "1649030700", "1649030700000", "20220404080500", "4.4655E+4"],
    "no 24:00": ["2022-04-04T24:00:00Z", "2022/4/4 24:00", "2022年4月4日24时00分"],
    "no second 60": ["2022-12-31T23:59:60Z", "2016-12-31 23:59:60", "2022-04-04T08:30:60+08:00", "2022年4月4日8时30分60秒"],
    "without a time of day": ["2022-04-04", "2022/4/4", "2022年4月4日", "2022.4.4"],
    "1970 to 2199": [
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+08:00", "1970/1/1 7:59", "2200-01-01T00:00:00Z", "0001-01-01T00:00:00",
        "9999-12-31T23:59:59Z", "2199-12-31T23:00:00-08:00", "1900/1/0 8:05".replace("/0", "/1"), "2999/12/31 0:00",
    ],
    "error of a spreadsheet": ["#N/A", "#VALUE!", "########", "#FORMULA!", "#REF!"],
    "without its date": ["8:05", "08:05:30", "下午 3:05", "8时5分", "3:05 PM"],
    "no time: write": [
        "", "yesterday", "2022/4/4 上午 13:05", "2022/4/4 下午 0:05", "2022/13/4 8:05", "2022/2/30 8:05",
        "2022/4/4 8:5", "2022/4/4 8", "2022/4/48:05", "2022/4-4 8:05", "2022/4/4 8:60", "2022/4/4 25:05", "2022-04-04T08:00:00+08",
        "2022/4/4 下午 3:05 PM", "2022/4/4 8:05 CST", "２０２２", "2022年4/4 8:05",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in RULES.items() for text in texts if text]
)
def test_text__that_is_no_time_says_how_to_write_it(rule: str, text: str) -> None:
    told = _moment(text)
    if text == "２０２２":
        rule = "bare number"
    assert isinstance(told, str), told
    assert rule in told
    assert clean_time(text, "Asia/Shanghai") is None


def test_years__are_from_1970_to_2199_of_utc() -> None:
    assert _moment("1970-01-01T00:00:00Z") == datetime(1970, 1, 1, tzinfo=UTC)
    assert _moment("1970/1/1 8:00") == datetime(1970, 1, 1, tzinfo=UTC)
    assert _moment("2199-12-31T23:59:59.999999Z") == datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert _moment("2200/1/1 7:59") == datetime(2199, 12, 31, 23, 59, tzinfo=UTC)


def test_gap__of_summer_time_is_no_time_and_its_offset_is_the_way_out() -> None:
    for text in ("2022-03-27T02:30:00", "2022/3/27 2:30", "2022年3月27日 上午 2:30"):
        assert "set its clocks forward" in str(_moment(text, "Europe/Berlin"))
    assert _moment("2022-03-27T02:30:00+01:00", "Europe/Berlin") == datetime(2022, 3, 27, 1, 30, tzinfo=UTC)


def test_fold__of_summer_time_is_the_earlier_of_the_two() -> None:
    for text in ("2022-10-30T02:30:00", "2022/10/30 2:30"):
        assert _moment(text, "Europe/Berlin") == datetime(2022, 10, 30, 0, 30, tzinfo=UTC)


PARTS = st.sampled_from(["上午", "下午", "AM", "pm", "", " ", "  ", "T", "8:05", "15:05:30", "8:05:30.25", "12:00", "0:00", "24:00",
                         "8时5分", "8点05分30秒", "23:59:60", "Z", "+08:00", "-05:30", "+8", "CST"])  # fmt: skip
DAYS = st.sampled_from(["2022/4/4", "2022-04-04", "2022年4月4日", "2022.12.31", "2022/2/30", "1970/1/1", "2199-12-31", "2200-1-1",
                        "2022/4-4", "4/4/2022", "2022 / 4 / 4", "2022年4月", "0000-01-01", "2022-03-27", "2022-10-30"])  # fmt: skip


@settings(max_examples=150)
@example(["2022/4/4T 8:05", "2022/4/4t8:05", "2022/4/4T上午 8:05"], "UTC")
@given(
    st.lists(st.tuples(DAYS, PARTS, PARTS, PARTS, PARTS).map("".join), min_size=1, max_size=10),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"]),
)
def test_texts__of_every_kind_are_read_like_the_reference_reads_them(texts: list[str], zone: str) -> None:
    told = parse_times(pl.Series(texts), zone)
    faults = [0] * len(texts) if told.faults is None else told.faults.tolist()
    start = datetime(1970, 1, 1, tzinfo=UTC)
    got = [
        None if fault else start + timedelta(microseconds=micros)
        for fault, micros in zip(faults, told.micros.tolist(), strict=True)
    ]
    assert dict(zip(texts, got, strict=True)) == {text: clean_time(text, zone) for text in texts}


@settings(max_examples=60)
@given(st.integers(86_400, 7_258_032_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_moment__is_the_same_however_it_is_written(moment: datetime) -> None:
    hour, half = moment.hour % 12 or 12, "下午" if moment.hour >= 12 else "上午"
    day, clock = f"{moment:%Y}/{moment.month}/{moment.day}", f"{moment:%M:%S}"
    texts = [
        f"{moment:%Y-%m-%dT%H:%M:%S}Z",
        f"{day} {moment.hour}:{clock}",
        f"{day} {half} {hour}:{clock}",
        f"{day} {hour}:{clock} {'PM' if moment.hour >= 12 else 'AM'}",
        f"{moment:%Y}年{moment.month}月{moment.day}日{moment.hour}:{clock}",
    ]
    assert {_moment(text, "UTC") for text in texts} == {moment}


def _arrow(**columns: Any) -> bytes:
    table, stream = pa.table(columns), io.BytesIO()
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _read(at: pa.Array, folder: Path, policy: Policy = POLICY, **options: Any) -> Any:
    stream = io.BytesIO()
    names = [f"T{number}" for number in range(len(at))]
    pq.write_table(pa.table({"at": at, "tube": names, "person": names}), stream, **options)
    return read_text(folder, stream.getvalue(), "collect.parquet", policy=policy)


SENTINELS = {
    "s": (-62_135_596_800, 253_402_300_799, 7_258_118_400, -1, -(2**63) + 1, 2**63 - 1),
    "ms": (-62_135_596_800_000, 253_402_300_799_999, 7_258_118_400_000, -1, -(2**63) + 1, 2**63 - 1),
    "us": (
        -62_135_596_800_000_000,
        253_402_300_799_999_999,
        7_258_118_400_000_000,
        -1,
        -(2**63) + 1,
        2**63 - 1,
    ),
    "ns": (7_258_118_400_000_000_000, -1, -(2**63) + 1, 2**63 - 1),
}


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize("unit", SENTINELS)
def test_moments__of_sentinel_dates_are_bad_in_every_unit(
    unit: str, zone: str | None, tmp_path: Path
) -> None:
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    first, last = 0, 7_258_118_400 * per_second - 1
    if zone is None:  # of Shanghai's clock
        first, last = first + 8 * 3600 * per_second, last + 8 * 3600 * per_second
    far = [*SENTINELS[unit], first - 1, last + 1]
    far = [each for each in far if not first <= each <= last]
    at = pa.array([first, *far, last], pa.int64()).view(pa.timestamp(unit, zone))
    names = [f"T{number}" for number in range(len(at))]
    events = read_text(tmp_path, _arrow(at=at, tube=names, person=names), "collect.arrow")
    assert codes(events) == [(line, "bad_time") for line in range(2, 2 + len(far))]
    assert [f"{each:%Y}" for each in column(events, "at")] == ["1970", "2199"]


def test_dates__are_midnight_of_the_policys_zone(tmp_path: Path) -> None:
    days = pa.array([date(2022, 4, 4), None, date(1970, 1, 1), date(2199, 12, 31)], pa.date32())
    for kind in (pa.date32(), pa.date64()):
        events = _read(days.cast(kind), tmp_path)
        assert column(events, "at") == [
            datetime(2022, 4, 3, 16, tzinfo=UTC),
            datetime(2199, 12, 30, 16, tzinfo=UTC),
        ]
        assert codes(events) == [(2, "missing_value"), (3, "bad_time")]  # Shanghai's 1970 began in UTC's 1969
    berlin = _read(days.cast(pa.date64()), tmp_path, _zone("Europe/Berlin"))
    assert column(berlin, "at")[0] == datetime(2022, 4, 3, 22, tzinfo=UTC)
    far = pa.array([-(2**31), 2**31 - 1, 83_999, 84_100], pa.int32()).view(pa.date32())
    assert codes(_read(far, tmp_path)) == [(1, "bad_time"), (2, "bad_time"), (4, "bad_time")]


def test_int96__is_utc_and_beyond_nanoseconds_no_other_century(tmp_path: Path) -> None:
    given = [datetime(2022, 4, 4, 0, 5), datetime(9999, 12, 31), datetime(1, 1, 1), None]  # noqa: DTZ001
    at = pa.array(given, pa.timestamp("us"))
    events = _read(at, tmp_path, use_deprecated_int96_timestamps=True)
    assert column(events, "at") == [EIGHT]
    assert codes(events) == [(2, "bad_time"), (3, "bad_time"), (4, "missing_value")]
    plain = _read(at, tmp_path)
    assert column(plain, "at") == [EIGHT - timedelta(hours=8)]


def test_columns__of_one_moment_and_other_types_are_one_event(tmp_path: Path) -> None:
    local, text = datetime(2022, 4, 4, 8, 5), "2022/4/4 8:05"  # noqa: DTZ001
    written = {
        "text": pa.array([text]),
        "coded text": pa.array([text]).dictionary_encode(),
        "moment": pa.array([EIGHT], pa.timestamp("s", "UTC")),
        "local moment": pa.array([local], pa.timestamp("ns")),
    }
    for name, at in written.items():
        (tmp_path / "collect").mkdir(exist_ok=True)
        pq.write_table(
            pa.table({"at": at, "tube": ["T"], "person": ["H"]}), tmp_path / "collect" / f"{name}.parquet"
        )
    day = poolpipe.run(tmp_path)
    assert [file["accepted"] for file in day.summary["files"]].count(0) == 3
    assert day.summary["as_of"] == "2022-04-04T00:05:00Z"


@pytest.mark.parametrize("case", ["date-min", "date-max"])
def test_case__a_sentinel_date_is_refused_and_the_rest_goes_on(case: str) -> None:
    day = poolpipe.run(CASES / case)
    assert day.rejects["code"].to_list() == ["bad_time"]
    assert "1970 to 2199" in day.rejects["detail"][0]
    assert day.pools["tube"].to_list() == ["T1"]


def test_times__of_every_kind_of_event_and_of_sending_are_read_alike(tmp_path: Path) -> None:
    lines = [
        {
            "kind": "collect",
            "at": "2022年4月4日 8:05",
            "sent_at": "2022/4/4 下午 3:05",
            "tube": "T1",
            "person": "H",
        },
        {"kind": "seal", "at": "2022/4/4 8:05", "sent_at": "44655.5", "tube": "T1", "swabs": 1},
        {"kind": "report", "at": "2022/4/4 8:05", "sent_at": "", "tube": "T1", "call": "阴性"},
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    events = read_text(tmp_path, text, "scans.ndjson")
    assert codes(events) == [(2, "bad_time")]
    assert (column(events, "at"), column(events, "at", "report")) == ([EIGHT], [EIGHT])


def test_frames__of_dates_and_moments_are_read_like_files() -> None:
    frame = pl.DataFrame(
        {"at": [date(2022, 4, 4), date(9999, 12, 31)], "tube": ["T1", "T2"], "person": ["A", "B"]}
    )
    assert (tubes(read({"collect": frame})), codes(read({"collect": frame}))) == (["T1"], [(2, "bad_time")])
    far = frame.with_columns(at=pl.Series([2**62, 0]).cast(pl.Datetime("ms")))
    assert codes(read({"collect": far})) == [(1, "bad_time"), (2, "bad_time")]
