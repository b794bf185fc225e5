"""Words of laboratories stand for the values of docs/tables.md wherever they come in: events, reference tables, every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from events.scans import codes, column, counts, read, read_text
from poolpipe.coding.targets import policy_target
from poolpipe.coding.vocabulary import NO, WORDS, YES, known_words, yes_or_no
from poolpipe.events.naming import Naming
from poolpipe.tables import CALLS, MODES, ROLES
from reference.cleaning import WORDS as REFERENCE_WORDS

if TYPE_CHECKING:
    from pathlib import Path

AT = "2022-02-10T08:00:00Z"
VALUES = {"mode": MODES, "call": CALLS, "role": ROLES}


def _frame(**columns: list[Any]) -> pl.DataFrame:
    height = max(map(len, columns.values()))
    return pl.DataFrame({"at": [f"2022-02-10T08:00:{n:02}Z" for n in range(height)]} | columns)


def test_words__stand_for_values_of_the_contract_and_the_reference_has_the_same() -> None:
    for name, words in WORDS.items():
        assert words == REFERENCE_WORDS[name]
        assert set(words.values()) == set(VALUES.get(name, ("RIC", "PASSPORT", "HKM", "TW")))


@pytest.mark.parametrize("wrap", ["{}", " {}\t", "\u3000{}\u3000"])
def test_events__in_chinese_are_those_in_english(wrap: str) -> None:
    for name, kind in (("mode", "collect"), ("call", "report"), ("role", "load")):
        rest = {
            "collect": {"tube": ["T"], "person": ["H"]},
            "report": {"tube": ["T"]},
            "load": {"plate": ["P"], "well": ["A1"], "lab": ["L"], "tube": ["T"]},
        }[kind]
        for word, value in WORDS[name].items():
            both = [pl.DataFrame({"at": [AT], **rest, name: [each]}) for each in (wrap.format(word), value)]
            assert counts(read({kind: pl.concat(both)})) == (2, 1, 1, 0), word


def test_controls__named_in_chinese_need_no_tube() -> None:
    load = _frame(
        plate=["P"] * 3, well=["A1", "A2", "A3"], lab=["L"] * 3, role=["阴性对照", "阳性对照", "样本"]
    )
    assert codes(read({"load": load})) == [(3, "missing_value")]


@pytest.mark.parametrize("place", range(3))
def test_header__with_one_word_of_a_kind_is_of_that_kind(place: int) -> None:
    header = ["tube", "person"]
    header.insert(place, "采样时间")
    told = Naming().read(header)
    assert told.kind == "collect"
    assert told.names[place] == "at"
    assert sorted(told.names) == ["at", "person", "tube"]


def test_words__that_nobody_knows_are_refused_as_before() -> None:
    assert codes(read({"report": _frame(tube=["T"] * 3, call=["弱阳性", "+", "positiv"])})) == [
        (line, "unknown_call") for line in (1, 2, 3)
    ]
    assert codes(read({"collect": _frame(tube=["T"], person=["H"], mode=["十混一"])})) == [
        (1, "unknown_mode")
    ]


@pytest.mark.parametrize(
    ("word", "kind"),
    [("居民身份证", "RIC"), ("身份证", "RIC"), ("", "RIC"), ("护照", "PASSPORT"), ("港澳居民来往内地通行证", "HKM"),
     ("港澳通行证", "HKM"), ("台湾居民来往大陆通行证", "TW"), ("台湾居民居住证", "TW"), ("军官证", "军官证"),
     ("外国人永久居留身份证", "外国人永久居留身份证"), ("Passport", "Passport")],
)  # fmt: skip
def test_document__of_one_type_and_number_is_one_person(word: str, kind: str) -> None:
    number = "11010519491231002x"
    frame = _frame(tube=["T", "T"], person=[number, number], person_type=[word, kind])
    members = poolpipe.run({"collect": frame}).members
    assert members["person_type"].to_list() == [kind]
    assert members["person"].to_list() == [number.upper() if kind == "RIC" else number]


def test_words__come_in_from_every_format(tmp_path: Path) -> None:
    rows = [{"at": AT, "tube": "T", "person": "1", "person_type": "护照", "mode": "单采", "call": "阳性"}]
    frame = pl.DataFrame(rows).drop("call")
    for name in ("collect.csv", "collect.ndjson", "collect.parquet", "collect.arrow"):
        path = tmp_path / name
        write: dict[str, Any] = {".csv": frame.write_csv, ".ndjson": frame.write_ndjson, ".parquet": frame.write_parquet,
         ".arrow": frame.write_ipc}  # fmt: skip
        write[path.suffix](path)
        members = poolpipe.run(path).members
        assert members["person_type"].to_list() == ["PASSPORT"], name
    gbk = "at,tube,call\n2022/2/10 8:00,T,阳性\n".encode("gb18030")
    assert column(read_text(tmp_path, gbk, "report.csv"), "call", "report") == [CALLS.index("positive")]


def test_summary__says_which_words_were_understood_how() -> None:
    collect = _frame(
        tube=["T"] * 3,
        person=["1", "2", "3"],
        mode=["混采", "pool", "混采"],
        person_type=["港澳通行证", "护照", "军官证"],
    )
    report = _frame(tube=["T", "T"], call=["阴性", "maybe"])
    day = poolpipe.run({"collect": collect, "report": report})
    assert day.summary["words"] == {
        "call": {"阴性": "negative"},
        "mode": {"混采": "pool"},
        "person_type": {"护照": "PASSPORT", "港澳…": "HKM"},
    }
    assert poolpipe.run({"collect": collect.drop("mode", "person_type")}).summary["words"] == {}


def test_known_words__leave_other_columns_and_texts_alone() -> None:
    values = pl.Series("site", ["阳性", None, "身份证"])
    assert known_words("site", values).to_list() == values.to_list()
    assert known_words("call", pl.Series(["a", None])).to_list() == ["a", None]


def test_yes_or_no__is_neither_for_what_is_neither() -> None:
    assert yes_or_no(pl.Series([*YES, "Yes", "TRUE"])).to_list() == [True] * (len(YES) + 2)
    assert yes_or_no(pl.Series([*NO, "No", "FALSE"])).to_list() == [False] * (len(NO) + 2)
    assert yes_or_no(pl.Series(["√", "high", "优先", "2", None])).to_list() == [None] * 5


def test_targets__spelled_otherwise_are_those_of_the_policy() -> None:
    """内标 once was a target of its own, so that its tubes stayed without result."""
    wells, names = ["A1", "A2", "A3"], (("orf1ab", "N基因", "内标"), ("ORF1ab", "ｎ", "Internal Control"))
    load = _frame(plate=["P"] * 3, well=wells, lab=["L"] * 3, tube=["T", "", ""],
                  role=["sample", "negative_control", "positive_control"])  # fmt: skip
    for each in names:
        ct = {"A1": ("", "", "28"), "A2": ("", "", ""), "A3": ("25", "25", "25")}
        rows = [(well, name, ct[well][place]) for well in wells for place, name in enumerate(each)]
        read_outs = _frame(plate=["P"] * 9, well=[row[0] for row in rows], target=[row[1] for row in rows],
                           ct=[row[2] for row in rows])  # fmt: skip
        day = poolpipe.run({"load": load, "read": read_outs})
        assert day.pools["call"].to_list() == ["negative"]
        assert set(day.summary["words"]["target"].values()) <= {"ORF1ab", "N", "IC"}


def test_targets__of_several_meanings_are_never_merged() -> None:
    assert policy_target("内标", ("N", "n", "IC", "内标"), "IC") == "内标"
    assert policy_target("Ｎ", ("N", "n", "IC"), "IC") is None
    assert policy_target("内参", ("N", "IC"), "IC") is None  # a kit may have both
    assert policy_target("RP", ("N", "IC"), "IC") is None
