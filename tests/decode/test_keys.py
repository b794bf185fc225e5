"""Codes of a caller's own tables are cleaned like all codes, and whatever cannot be used is named."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.commands.decode import decode as decode_command
from poolpipe.commands.design import design
from poolpipe.decode import Dynamics, decode, decode_over_time, priors
from poolpipe.design import comp, dd, prevalence, scomp, screen_doubts
from poolpipe.errors import TableError

CASE = Path(__file__).parents[1] / "cases" / "scans" / "15-decode-blank-behind-code"
SEATS = pl.DataFrame({"pool": ["A", "A", "A", "B", "B"], "person": ["001", "002", "003", "003", "004"]})
POOLS = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
PEOPLE = pl.DataFrame({"person": ["001", "002", "003", "004"], "prior": [0.01] * 4})


def _named(doubts: pl.DataFrame) -> list[tuple[str, str]]:
    return doubts.select("code", "pool").rows()


def test_decode__a_blank_behind_a_code_frees_nobody() -> None:
    files = [str(CASE / f"{name}.csv") for name in ("seats", "pools", "people")]
    done = CliRunner().invoke(decode_command, [*files, "--json"], catch_exceptions=False)
    told = json.loads(done.stdout)
    found = {each["person"]: each["p_infected"] for each in told["people"]}
    # By hand, sensitivity 0.95 and specificity 0.999: see the expected answer of the case.
    assert found == pytest.approx({"001": 0.4666, "002": 0.4666, "003": 0.0238, "004": 0.0007}, abs=5e-5)
    assert told["doubts"] == []
    assert done.stderr == ""


def test_decode__names_pools_without_people_and_pools_without_a_call() -> None:
    files = [str(CASE / f"{name}.csv") for name in ("seats", "pools-c", "people")]
    done = CliRunner().invoke(decode_command, [*files, "--json"], catch_exceptions=False)
    doubts = json.loads(done.stdout)["doubts"]
    assert [(each["code"], each["pool"]) for each in doubts] == [
        ("pool_without_people", "C"),
        ("pool_without_call", "A"),
    ]
    assert "pool_without_people: 'C'" in done.stderr
    assert "pool_without_call: 'A'" in done.stderr
    shown = CliRunner().invoke(design, ["screen", *files[:2], "--json"], catch_exceptions=False)
    assert "pool_without_people: 'C'" in shown.stderr
    assert [each["why"] for each in json.loads(shown.stdout)] == ["no_call", "no_call", "cleared", "cleared"]


def test_decode__names_every_pool_of_a_contradiction() -> None:
    perfect = {"sensitivity": 1.0, "specificity": 1.0}
    seats = pl.DataFrame({"pool": [1, 2, 3], "person": [1, 1, 2]})
    pools = pl.DataFrame({"pool": [1, 2, 3], "call": ["positive", "negative", "positive"]})
    found = decode(seats, pools, pl.DataFrame({"person": [1, 2], "prior": [0.1, 0.1]}), assay=perfect)
    assert _named(found.doubts) == [("contradiction", "1"), ("contradiction", "2")]
    assert found.people["error"].to_list() == [None, 0]


def test_screen__says_why_and_names_what_contradicts() -> None:
    seats = pl.DataFrame({"pool": list("AABBCDDE"), "person": list("uvvwwxyz")})
    pools = pl.DataFrame({"pool": list("ABCDF"), "call": ["阴性", "positive", "阴性", "可疑", "阳性"]})
    assert _named(screen_doubts(seats, pools)) == [
        ("pool_without_people", "F"),
        ("pool_without_call", "E"),
        ("contradiction", "A"),
        ("contradiction", "B"),
        ("contradiction", "C"),
    ]
    why = {
        "u": "cleared",
        "v": "contradiction",
        "w": "contradiction",
        "x": "possible",
        "y": "possible",
        "z": "no_call",
    }
    for decoder in (comp, dd, scomp):
        assert dict(decoder(seats, pools).select("person", "why").rows()) == why
    alone = pl.DataFrame({"pool": ["A", "B", "B"], "person": ["x", "x", "y"]})
    told = comp(alone, pl.DataFrame({"pool": ["A", "B"], "call": ["negative", "positive"]}))
    assert told["why"].to_list() == ["cleared", "proven"]


WRAPPED = st.sampled_from(["{}", " {}", "{}\t", "\u3000{}", "]C1{}", "\x02{}\r\n"])


def _wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


@settings(max_examples=40)
@given(data=st.data())
def test_decode__spelling_of_codes_changes_no_probability(data: st.DataObject) -> None:
    def spelled(column: pl.Series) -> pl.Series:
        texts = [data.draw(WRAPPED).format(text) for text in column]
        return pl.Series(column.name, [_wide(t) if data.draw(st.booleans()) else t for t in texts])

    found = decode(
        SEATS.with_columns(spelled(SEATS["pool"]), spelled(SEATS["person"])),
        POOLS.with_columns(spelled(POOLS["pool"])),
        PEOPLE.with_columns(spelled(PEOPLE["person"])),
    )
    assert found.people.equals(decode(SEATS, POOLS, PEOPLE).people)
    assert found.doubts.is_empty()


NUMBERS: list[tuple[list[Any], pl.DataType]] = [
    ([1, 2], pl.Int64()),
    ([1, 2], pl.UInt64()),
    ([1.0, 2.0], pl.Float64()),
    ([Decimal("1.00"), Decimal("2.00")], pl.Decimal(20, 2)),
    (["1", "2"], pl.String()),
    (["1.0", "2.00"], pl.String()),
    (["1", "2"], pl.Categorical()),
    (["1", "2"], pl.Enum(["1", "2"])),
]


@pytest.mark.parametrize("in_seats", NUMBERS, ids=lambda each: str(each[1]))
@pytest.mark.parametrize("in_pools", NUMBERS, ids=lambda each: str(each[1]))
def test_keys__numbers_of_any_type_are_their_digits(
    in_seats: tuple[list[Any], pl.DataType], in_pools: tuple[list[Any], pl.DataType]
) -> None:
    seats = pl.DataFrame({"pool": pl.Series(*_series(in_seats)), "person": ["x", "y"]})
    pools = pl.DataFrame({"pool": pl.Series(*_series(in_pools)), "call": ["positive", "negative"]})
    people = pl.DataFrame({"person": ["x", "y"], "prior": [0.5, 0.5]})
    found = decode(seats, pools, people, assay={"sensitivity": 0.9, "specificity": 0.9})
    assert found.people["p_infected"].to_list() == pytest.approx([0.9, 0.1])
    assert found.doubts.is_empty()


def _series(column: tuple[list[Any], pl.DataType]) -> tuple[str, list[Any], pl.DataType]:
    return "pool", *column


LOST: list[tuple[pl.Series, str]] = [
    (pl.Series([9.9010019900101e17, 1.0]), "digits are lost"),
    (pl.Series([2.0**24, 1.0], dtype=pl.Float32), "digits are lost"),
    (pl.Series(["9.90100E+17", "1"]), "digits are lost"),
    (pl.Series(["990100199001010012.0", "1"]), "digits are lost"),
    (pl.Series([{"id": "1"}, {"id": "2"}]), "no code"),
    (pl.Series([["1"], ["2"]]), "no code"),
    (pl.Series(["#N/A", "1"]), "spreadsheet"),
    (pl.Series(["", "1"]), "empty entries"),
    (pl.Series(["]C1", "1"]), "empty entries"),
]


@pytest.mark.parametrize(("keys", "message"), LOST, ids=lambda each: str(each)[:20])
@pytest.mark.parametrize("table", ["seats", "pools", "people"])
def test_keys__that_are_none_are_refused_with_their_row(keys: pl.Series, message: str, table: str) -> None:
    tables = {"seats": SEATS.head(2), "pools": POOLS, "people": PEOPLE.head(2)}
    column = "pool" if table == "pools" else "person"
    tables[table] = tables[table].with_columns(keys.alias(column))
    with pytest.raises(TableError, match=message) as raised:
        decode(tables["seats"], tables["pools"], tables["people"])
    assert "row 1" in str(raised.value)
    assert raised.value.where == table


def test_keys__that_are_one_after_cleaning_are_refused_with_their_rows() -> None:
    pools = pl.DataFrame({"pool": ["A", "B", "Ａ "], "call": ["positive", "negative", "negative"]})
    with pytest.raises(TableError, match=r"pool 'A' has two rows: 1, 3"):
        decode(SEATS, pools, PEOPLE)
    people = pl.DataFrame({"person": ["001", "002", "003", "004", " 004"], "prior": [0.01] * 5})
    with pytest.raises(TableError, match=r"person 004 has two rows: 4, 5"):
        decode(SEATS, POOLS, people)


@pytest.mark.parametrize("kind", [pl.String(), pl.Categorical(), pl.Enum(["阳性", "negative ", "positive"])])
def test_calls__of_any_type_of_text_and_in_chinese_are_understood(kind: pl.DataType) -> None:
    pools = POOLS.with_columns(pl.Series("call", ["阳性", "negative "], dtype=kind))
    assert decode(SEATS, pools, PEOPLE).people.equals(decode(SEATS, POOLS, PEOPLE).people)


def test_decode_over_time__cleans_codes_alike() -> None:
    dated, rates = POOLS.with_columns(day=pl.Series([0, 2])), Dynamics(clearance_per_day=0.1)
    odd = dated.with_columns(pl.col("pool") + " ")
    assert decode_over_time(SEATS, odd, PEOPLE, rates).equals(decode_over_time(SEATS, dated, PEOPLE, rates))


def test_priors__households_of_one_code_are_one() -> None:
    people = pl.DataFrame({"person": ["a", "b"], "household": ["H1", "Ｈ１ "], "p_known": [1.0, None]})
    assert priors(people, 0.0, household_attack=0.2)["prior"].to_list() == pytest.approx([1.0, 0.2])


def _pools(**columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"people": [10.0] * 4} | columns)


def test_prevalence__of_a_result_counts_pools_and_not_the_singles_of_its_recalls() -> None:
    calls = ["positive", "negative", "negative", "positive"]
    told = prevalence(_pools(call=calls, mode=["pool", "混采", None, "单采"])).row(0, named=True)
    assert (told["pools"], told["positive"], told["singles"]) == (3, 1, 1)
    every = prevalence(_pools(call=calls, mode=["pool", "混采", None, "单采"]), singles=True).row(
        0, named=True
    )
    assert (every["pools"], every["positive"], every["singles"]) == (4, 2, 0)


def test_prevalence__counts_what_it_leaves_out_by_stratum() -> None:
    pools = _pools(call=["阳性", "无效", None, "阴性"], site=["S1", "S1 ", "S2", "Ｓ1"]).with_columns(
        people=pl.Series([10.0, 10.0, 10.0, 0.0])
    )
    told = {row["site"]: row for row in prevalence(pools, by="site").to_dicts()}
    counts = ("pools", "positive", "no_result", "no_people")
    assert {site: tuple(row[name] for name in counts) for site, row in told.items()} == {
        "S1": (1, 1, 1, 1),
        "S2": (0, 0, 1, 0),
    }
    assert told["S2"]["prevalence"] is None


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"call": ["positive", "negative", "negative", "pos"]}, "unknown call 'pos'"),
        ({"call": ["positive"] * 4, "mode": ["pool", "pool", "pool", "?"]}, r"column 'mode' holds '\?'"),
        ({"positive": ["1", "0", "否", "√"]}, "column 'positive' holds '√'"),
    ],
)
def test_prevalence__a_word_it_does_not_know_is_no_silent_blank(
    columns: dict[str, list[Any]], message: str
) -> None:
    with pytest.raises(TableError, match=message):
        prevalence(_pools(**columns))


def test_prevalence__yes_and_no_are_understood_as_they_are_written() -> None:
    told = prevalence(_pools(positive=["1.0", "否", "TRUE", None])).row(0, named=True)
    assert (told["pools"], told["positive"], told["no_result"]) == (3, 2, 1)


def test_prevalence_command__takes_a_result_folder(tmp_path: Path) -> None:
    _pools(
        call=["positive", "negative", "negative", "positive"], mode=["pool"] * 3 + ["single"]
    ).write_parquet(tmp_path / "pools.parquet")
    asked = ["prevalence", str(tmp_path), "--json"]
    pools = json.loads(CliRunner().invoke(design, asked, catch_exceptions=False).stdout)
    tubes = json.loads(CliRunner().invoke(design, [*asked, "--singles"], catch_exceptions=False).stdout)
    assert (pools[0]["pools"], tubes[0]["pools"]) == (3, 4)


def test_doubts__name_repeated_seats_and_ct_that_no_call_supports() -> None:
    seats = pl.DataFrame({"pool": list("ABBCD"), "person": ["001", "002", "002 ", "003", "004"]})
    pools = pl.DataFrame(
        {
            "pool": list("ABCD"),
            "call": ["negative", "invalid", "suspect", "negative"],
            "ct": [20.0, 30.0, 30.0, 41.0],  # D's is later than the limit of 40
        }
    )
    found = decode(seats, pools, PEOPLE, assay={"cycles": {}})
    assert _named(found.doubts) == [
        ("seat_repeated", "B"),
        ("ct_without_positive", "A"),
        ("ct_without_positive", "B"),
    ]
    assert _named(decode(seats, pools, PEOPLE).doubts) == [("seat_repeated", "B")]  # Ct do not count
    assert _named(screen_doubts(seats, pools)) == [("seat_repeated", "B")]
