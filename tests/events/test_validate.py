"""Cleaning and rejecting, event by event, against the naive reference and the rules of docs/tables.md."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import POLICY, codes, column, counts, read, read_text, tubes
from poolpipe.events.clean import canonical_numbers
from poolpipe.tables import EVENTS, KINDS, REJECTS
from reference.cleaning import DEFAULT_POLICY, clean, clean_well
from reference.codes import clean_code
from reference.times import clean_time

if TYPE_CHECKING:
    from pathlib import Path

AT = "2022-02-10T08:00:00Z"
GOOD: dict[str, dict[str, str]] = {
    "collect": {"tube": "T1", "person": "H1"},
    "seal": {"tube": "T1", "swabs": "10"},
    "pack": {"tube": "T1", "box": "B1"},
    "pickup": {"box": "B1", "giver": "Li", "receiver": "Wang"},
    "receive": {"box": "B1", "giver": "Wang", "receiver": "Xu", "lab": "L1"},
    "load": {"tube": "T1", "plate": "P1", "well": "A1", "lab": "L1"},
    "read": {"plate": "P1", "well": "A1", "target": "N"},
    "report": {"tube": "T1", "call": "negative"},
    "void": {"event": "e1", "reason": "误扫"},
}


def _frame(*events: dict[str, Any]) -> pl.DataFrame:
    names = sorted({name for event in events for name in event})
    rows = {name: [event.get(name) for event in events] for name in names}
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def _codes_of(kind: str, *events: dict[str, Any]) -> list[str | None]:
    """The code each event is rejected with; None: accepted."""
    found = read({kind: _frame(*({"at": AT} | event for event in events))})
    told = dict(found.rejects.select("line", "code").rows())
    return [told.get(line) for line in range(1, len(events) + 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_column__that_must_be_there_and_is_not_refuses_rows_and_never_the_run(
    kind: str, tmp_path: Path
) -> None:
    whole = {"at": AT, **GOOD[kind]}
    for name in whole:
        left = {key: value for key, value in whole.items() if key != name}
        text = f"{','.join(left)}\n{','.join(left.values())}\n"
        assert codes(read_text(tmp_path, text, f"{kind}.csv")) == [(2, "missing_value")], name
    assert _codes_of(kind, GOOD[kind]) == [None]
    assert codes(read_text(tmp_path, "device\nD1\n", f"{kind}.csv")) == [(2, "missing_value")]


@pytest.mark.parametrize("kind", KINDS)
def test_cell__that_must_be_filled_and_is_blank_is_missing(kind: str) -> None:
    for name, blank in itertools.product(GOOD[kind], ("", " ", "\t", "\u3000", "\x02")):
        if name in ("giver", "receiver", "reason") and blank == "\x02":
            continue  # free text keeps what is no blank
        assert _codes_of(kind, GOOD[kind] | {name: blank}) == ["missing_value"], (name, blank)


def test_tube__is_asked_of_samples_and_not_of_controls() -> None:
    load = {name: value for name, value in GOOD["load"].items() if name != "tube"}
    roles = ["", "sample", "negative_control", "positive_control", "blank"]
    told = _codes_of(
        "load", *(load | {"role": role, "well": f"A{n}"} for n, role in enumerate(roles, start=1))
    )
    assert told == ["missing_value", "missing_value", None, None, "missing_value"]


def test_tube__of_a_control_may_be_its_name__and_the_plate_keeps_its_control() -> None:
    for name in ("阴性对照", "NTC 1", "H₂O", "空白", "管" * 65):
        told = [
            GOOD["load"] | {"tube": name, "role": role}
            for role in ("negative_control", "阳性对照", "sample", "")
        ]
        assert _codes_of("load", *told) == [None, None, "bad_code", "bad_code"], name
        for event in told[:2]:
            kept, code = clean({"kind": "load", "at": AT, **event}, DEFAULT_POLICY)
            assert (code, kept and kept["tube"]) == ("", None)
    found = read({"load": _frame({"at": AT, **told[0]}, {"at": AT, **GOOD["load"], "well": "A2"})})
    assert tubes(found, "load") == [None, "T1"]


ORDER = {
    "missing_value": {"lab": ""},
    "bad_time": {"at": "yesterday"},
    "bad_code": {"plate": "P 1"},
    "bad_well": {"well": "Z9"},
    "unknown_role": {"role": "blank"},
}


@pytest.mark.parametrize("several", list(itertools.combinations(ORDER, 2)))
def test_code__is_the_first_that_applies_in_the_contracts_order(several: tuple[str, str]) -> None:
    event = GOOD["load"] | ORDER[several[0]] | ORDER[several[1]]
    assert _codes_of("load", event) == [min(several, key=list(REJECTS).index)]


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("collect", {"tube": "T 1"}, "bad_code"),
        ("collect", {"tube": "T" * 65}, "bad_code"),
        ("collect", {"tube": "T" * 64}, None),
        ("collect", {"tube": "]C1"}, "bad_code"),
        ("collect", {"tube": "]C1T1"}, None),
        ("collect", {"tube": "ａｂ１"}, None),
        ("collect", {"tube": "管1"}, "bad_code"),
        ("collect", {"recall_of": "T 2"}, "bad_code"),
        ("collect", {"recall_of": " "}, None),
        ("collect", {"person": "X" * 65}, "bad_code"),
        ("collect", {"site": "镇" * 65}, "bad_code"),
        ("collect", {"site": "镇" * 64}, None),
        ("collect", {"event_id": "e" * 65}, "bad_code"),
        ("collect", {"mode": "pool"}, None),
        ("collect", {"mode": "Pool"}, "unknown_mode"),
        ("collect", {"capacity": "-1"}, "bad_number"),
        ("collect", {"capacity": "0"}, None),
        ("collect", {"capacity": "10.5"}, "bad_number"),
        ("collect", {"sent_at": "soon"}, "bad_time"),
        ("collect", {"sent_at": ""}, None),
        ("collect", {"at": "2022-02-10"}, "bad_time"),
        ("collect", {"at": "2022-02-30T08:00:00Z"}, "bad_time"),
        ("collect", {"at": "2022-02-10T08:00:00+08"}, "bad_time"),
        ("collect", {"at": "2022-02-10t08:00:00z"}, None),
        ("collect", {"at": "2022-02-10 08:00:00.123456789+08:00"}, None),
        ("collect", {"at": "２０２２-02-10T08:00:00Z"}, None),
        ("seal", {"swabs": "1e1"}, None),
        ("seal", {"swabs": "ten"}, "bad_number"),
        ("read", {"ct": "100"}, None),
        ("read", {"ct": "100.01"}, "bad_number"),
        ("read", {"ct": "-0.01"}, "bad_number"),
        ("read", {"ct": "31,5"}, "bad_number"),
        ("read", {"ct": "inf"}, "bad_number"),
        ("read", {"ct": "no CT"}, None),
        ("read", {"ct": "NoCt"}, None),
        ("read", {"well": "A001"}, "bad_well"),
        ("read", {"well": "A0"}, "bad_well"),
        ("read", {"well": "A00"}, "bad_well"),
        ("read", {"well": "H12"}, None),
        ("read", {"well": "H13"}, "bad_well"),
        ("read", {"well": "I1"}, "bad_well"),
        ("read", {"well": "１A"}, "bad_well"),
        ("read", {"well": " ｂ０２ "}, None),
        ("read", {"target": " "}, "missing_value"),
        ("report", {"call": "maybe"}, "unknown_call"),
        ("report", {"call": " invalid "}, None),
        ("void", {"event": "e" * 65}, "bad_code"),
        ("receive", {"tubes": "x"}, "bad_number"),
        ("receive", {"temperature_c": "warm"}, None),
    ],
)
def test_event__is_refused_as_the_contract_says(kind: str, changes: dict[str, str], code: str | None) -> None:
    event = GOOD[kind] | changes
    assert clean({"kind": kind, "at": AT} | event, DEFAULT_POLICY)[1] == (code or "")
    assert _codes_of(kind, event) == [code]


def test_rejects__name_the_column_the_value_and_the_rule() -> None:
    told = read({"read": _frame({"at": AT, **GOOD["read"], "ct": "31,5"})}).rejects["detail"][0]
    assert told.startswith("ct '31,5': not a number of cycles from 0 to 100: write 31.5")


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("read", {"ct": "31,5"}),
        ("load", {"well": "Z99"}),
        ("collect", {"tube": "T 1"}),
        ("collect", {"person": "9" * 65}),
        ("collect", {"person": ""}),
        ("seal", {"swabs": "ten"}),
        ("report", {"call": "perhaps"}),
        ("collect", {"at": "soon"}),
    ],
)
def test_rejects__are_told_in_chinese_too(kind: str, changes: dict[str, str]) -> None:
    rejects = read({kind: _frame({"at": AT, **GOOD[kind], **changes})}).rejects
    assert rejects["detail"].str.contains(r"\p{Han}{3}").to_list() == [True]


@pytest.mark.parametrize("text", ['[{"tube": "T1"}]', '[\n{"tube": "T1"}\n]', "words", '{"ct": Infinity}'])
def test_rejected_json__is_told_in_chinese_too_with_the_way_out(text: str, tmp_path: Path) -> None:
    (tmp_path / "collect.ndjson").write_text(text)
    rejects = read(tmp_path).rejects
    assert len(rejects)
    assert rejects.filter(pl.col("code") == "not_parseable")["detail"].str.contains(r"\p{Han}{3}").all()


TRICKY = st.text(st.sampled_from("AT1. -/]C\t\n\x02\x1d\u3000Ａ１．－\xa0x管\x00\x7f\x85"), max_size=8)


@settings(max_examples=60)
@given(st.lists(TRICKY, min_size=1, max_size=12))
def test_codes__are_cleaned_like_the_reference_cleans_them(values: list[str]) -> None:
    events = [{"at": AT, **GOOD["collect"], "person_type": "PASSPORT", "tube": f"T{n}", "site": value}
              for n, value in enumerate(values)]  # fmt: skip
    told = read({"collect": _frame(*events)})
    expected = {f"T{n}": clean(event | {"kind": "collect"}, DEFAULT_POLICY) for n, event in enumerate(events)}
    assert dict(zip(tubes(told), column(told, "site"), strict=True)) == {
        tube: event["site"] for tube, (event, _) in expected.items() if event is not None
    }
    assert sorted(told.rejects["code"]) == sorted(code for event, code in expected.values() if event is None)


@pytest.mark.parametrize("mark", ["\u200b", "\u200e", "\u200f", "\u2060", "\ufeff"])
def test_codes__lose_marks_nobody_can_see(mark: str) -> None:
    """Copied out of a chat or a web page: no blank and no control character, and still not the code's."""
    event = {"at": AT, **GOOD["collect"], "tube": f"{mark}T1{mark}", "site": mark}
    events = read({"collect": _frame(event)})
    assert (tubes(events), column(events, "site")) == (["T1"], [None])


@settings(max_examples=60)
@given(
    st.lists(
        st.from_regex(r"\A[ \u3000]?(19|20)\d\d-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{0,9})?"
                      r" ?(Z|z|[+-][0-2]\d:[0-6]\d)?\Z")
        | st.text("0123456789-:TZ+. ", max_size=26),
        min_size=1, max_size=12,
    ),
    st.sampled_from(["Asia/Shanghai", "Europe/Lisbon", "America/New_York"]),
)  # fmt: skip
def test_times__are_read_like_the_reference_reads_them(values: list[str], zone: str) -> None:
    policy = POLICY.model_copy(update={"time_zone": zone})
    events = [{"at": value, **GOOD["collect"], "event_id": f"e{n}"} for n, value in enumerate(values)]
    told = read({"collect": _frame(*events)}, policy)
    got = dict(zip(column(told, "event_id"), column(told, "at"), strict=True))
    for number, value in enumerate(values):
        expected = clean_time(value, zone) if clean_code(value) else None
        local = clean_time(value, "UTC")
        if expected is not None and expected != local:
            assert local is not None
            wall = local.replace(tzinfo=ZoneInfo(zone))
            if wall.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall.replace(
                tzinfo=None
            ):
                expected = None  # the clocks of that zone jumped over it: no moment at all
        assert got.get(f"e{number}") == expected, value


def test_times__that_a_zone_shows_twice_are_the_earlier(tmp_path: Path) -> None:
    lisbon = POLICY.model_copy(update={"time_zone": "Europe/Lisbon"})
    events = read({"collect": _frame({"at": "2021-10-31T01:30:00", **GOOD["collect"]})}, lisbon)
    assert column(events, "at") == [datetime(2021, 10, 31, 0, 30, tzinfo=UTC)]


@pytest.mark.parametrize("wells", [96, 384])
def test_wells__of_every_spelling_are_places_on_the_plate(wells: int) -> None:
    rng = random.Random(wells)
    spellings = [
        row + number
        for row in "AaHhIiPpQ1管"
        for number in ("0", "1", "01", "9", "12", "13", "024", "24", "25", "")
    ]
    policy = POLICY.model_copy(update={"codes": POLICY.codes.model_copy(update={"plate_wells": wells})})
    plate: dict[str, Any] = {
        "rows": "ABCDEFGHIJKLMNOP"[: 8 if wells == 96 else 16],
        "columns": 12 if wells == 96 else 24,
    }
    rng.shuffle(spellings)
    frame = _frame(
        *({"at": AT, **GOOD["read"], "well": well, "event_id": f"e{n}"} for n, well in enumerate(spellings))
    )
    told = read({"read": frame}, policy)
    got = dict(zip(column(told, "event_id", "read"), column(told, "well", "read"), strict=True))
    for number, well in enumerate(spellings):
        expected = clean_well(well, plate)
        place = (
            None if expected is None else (ord(expected[0]) - 65) * plate["columns"] + int(expected[1:]) - 1
        )
        assert got.get(f"e{number}") == place, well


def test_check_characters__that_a_policy_asks_for_refuse_misread_codes() -> None:
    rules = POLICY.model_copy(update={"codes": POLICY.codes.model_copy(update={"tube_check": "luhn"})})
    collects = [{"at": AT, "tube": tube, "person": "H1"} for tube in ("79927398713", "79927398712", "T1")]
    events = read({"collect": _frame(*collects)}, rules)
    assert tubes(events) == ["79927398713"]
    assert codes(events) == [(2, "bad_code"), (3, "bad_code")]
    assert "luhn check character" in events.rejects["detail"][0]


def test_pattern__of_the_policy_must_match_the_whole_code() -> None:
    rules = POLICY.model_copy(update={"codes": POLICY.codes.model_copy(update={"tube": "T[0-9]{3}|X"})})
    collects = [{"at": AT, "tube": tube, "person": "H1"} for tube in ("T001", "T0011", "aT001", "X", "XX")]
    events = read({"collect": _frame(*collects)}, rules)
    assert tubes(events) == ["T001", "X"]


def test_duplicates__are_equal_in_everything_but_the_time_of_sending() -> None:
    event: dict[str, Any] = {
        "at": AT,
        **GOOD["collect"],
        "device": "D1",
        "name": "张三",
        "capacity": "10",
        "sent_at": AT,
    }
    others = [
        event | {"sent_at": "2022-02-11T00:00:00Z"},
        event
        | {"at": "2022-02-10T16:00:00+08:00", "tube": "]C1Ｔ1", "capacity": "10.0", "person_type": "RIC"},
        event | {"name": " 张三 "},
        event | {"name": "李四"},
        event | {"device": None},
        event | {"round": "2"},
        event | {"person_type": "HKM"},
    ]
    assert counts(read({"collect": _frame(event, *others)})) == (8, 5, 3, 0)


def test_events__of_every_kind_have_the_columns_of_the_contract() -> None:
    for kind in KINDS:
        every = {name: "1" for name in EVENTS[kind].columns if name not in ("at", "sent_at")}
        every |= {"at": AT, "sent_at": AT, "well": "A1", "mode": "pool", "role": "sample", "call": "positive"}
        told = read({kind: _frame({name: every[name] for name in EVENTS[kind].columns})})
        assert (counts(told), told.left_out) == ((1, 1, 0, 0), {}), kind


def test_temperatures__written_in_two_ways_are_one_and_words_are_kept() -> None:
    written = ["36.5", "36.50", "3.65e1", "+36.5", "36.51", "cold", "", None]
    numbers = canonical_numbers(pl.Series(written, dtype=pl.String))
    assert numbers.to_list() == ["36.5"] * 4 + ["36.51", "cold", "", None]
