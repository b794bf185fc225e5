"""CSV: what each cell says, read back by Python's csv; what a spreadsheet would do to it."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.frames import FIRST, LATER, SECOND, members, person, pools, reading, readings, tube
from poolpipe.exchange.city_csv import HEADERS, csv_files, csv_rows
from poolpipe.exchange.statements import first_told, revised, statements


def told(*tubes, people=(), read=()):
    return first_told(statements(pools(*tubes), members(*people), readings(*read)))


def cells(frame, **options):
    """The rows as a reader of the file has them."""
    text = csv_rows(frame, **options).write_csv(line_terminator="\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("call", "english", "chinese"),
    [
        ("positive", "detected", "阳性"),
        ("suspect", "inconclusive", "可疑"),
        ("negative", "not detected", "阴性"),
        ("invalid", "invalid", "无效"),
    ],
)
def test_each_call__has_its_word_in_both_languages(call, english, chinese):
    frame = told(tube("T1", call), people=[person("T1", FIRST)])
    (row,), (reihe,) = cells(frame), cells(frame, language="zh")
    assert (row["call"], row["status"]) == (english, "final")
    assert (reihe["检测结果"], reihe["状态"]) == (chinese, "终报")


def test_row__says_everything_there_is_to_say():
    read = [reading("N", 31.5, reagent="kit", instrument="PCR7"), reading("ORF1ab", None)]
    frame = told(tube("T1", "suspect", round="2"), people=[person("T1", FIRST, round="2"), person("T1", SECOND, 2, round="2")],
                 read=[{**each, "round": "2"} for each in read])  # fmt: skip
    first, second = csv_rows(frame).rows()
    assert first == ("2", "T1", "2:1 mixed", "2", "RIC", FIRST, "1", "2022-02-10T09:02:03+08:00", "CDC1", "inconclusive",
                     "2022-02-10T12:05:06+08:00", "N 31.5; ORF1ab Undetermined", "kit", "PCR7", None, "final",
                     "2022-02-10T12:05:06+08:00")  # fmt: skip
    assert second[5:8] == (SECOND, "2", "2022-02-10T09:02:44+08:00")
    assert csv_rows(frame).columns == list(HEADERS["en"])
    assert csv_rows(frame, language="zh").columns == list(HEADERS["zh"])
    assert csv_rows(frame, language="zh").row(0)[:8] == (*first[:2], "2:1 混采", *first[3:8])
    assert csv_rows(frame, zone="UTC").row(0)[7] == "2022-02-10T01:02:03+00:00"


def test_headers__name_the_same_in_both_languages():
    assert list(zip(HEADERS["en"], HEADERS["zh"], strict=True)) == [
        ("round", "轮次"), ("tube", "管号"), ("sampling", "采样方式"), ("people", "人数"), ("person_type", "证件类型"),
        ("person", "证件号码"), ("position", "序号"), ("collected_at", "采样时间"), ("lab", "检测机构"), ("call", "检测结果"),
        ("called_at", "报告时间"), ("ct", "Ct值"), ("reagent", "试剂"), ("instrument", "仪器"), ("remark", "备注"),
        ("status", "状态"), ("stated_at", "状态时间"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "word", "chinese"),
    [("pool", "0:1 mixed", "0:1 混采"), ("single", "single", "单采"), (None, "not registered", "未登记")],
)
def test_sampling__is_said_in_the_language_asked_for(mode, word, chinese):
    frame = told(tube("T1", "negative", mode=mode, lab=None))
    (row,), (reihe,) = cells(frame), cells(frame, language="zh")
    assert (row["sampling"], reihe["采样方式"]) == (word, chinese)
    assert (row["person"], row["position"], row["lab"], row["people"]) == ("", "", "", "0")


def test_shared_well__is_remarked_where_there_is_a_result():
    frame = told(tube("T1", "suspect"), people=[person("T1", FIRST)], read=[reading("N", 20.0, shared=True)])
    assert cells(frame, language="zh")[0]["备注"] == "一孔多样：Ct 值属于同孔各管"
    assert cells(frame)[0]["remark"] == "several tubes in one well: its Ct values are those of all of them"
    gone = revised(statements(pools(), members()), frame, LATER)
    assert cells(gone)[0]["remark"] == "sent before, and does not stand"
    assert cells(gone, language="zh")[0]["备注"] == "此前报告的结果已撤回"


def test_chinese__has_no_english_words_but_those_of_the_files():
    frame = told(tube("T1", "suspect"), tube("T2", "negative", mode="single"), tube("T3", "invalid", mode=None),
                 people=[person("T1", FIRST), person("T2", SECOND)], read=[reading("N", 20.0, shared=True)])  # fmt: skip
    gone = revised(statements(pools(), members()), frame, LATER)
    for row in (*cells(frame, language="zh"), *cells(gone, language="zh")):
        ours = [row[name] for name in ("采样方式", "检测结果", "备注", "状态")]
        assert not re.search("[a-z]{2,}", " ".join(ours)), ours


def test_correction_and_withdrawal__are_told_by_status():
    before = told(tube("T1", "positive"), tube("T2", "positive"), people=[person("T1", FIRST), person("T2", SECOND)],
                  read=[reading("N", 20.0)])  # fmt: skip
    after = revised(statements(pools(tube("T1", "negative")), members(person("T1", FIRST))), before, LATER)
    columns = ("tube", "person", "call", "called_at", "ct", "status", "stated_at")
    assert [tuple(row[name] for name in columns) for row in cells(after)] == [
        (
            "T1",
            FIRST,
            "not detected",
            "2022-02-10T12:05:06+08:00",
            "",
            "corrected",
            "2022-02-11T15:08:09+08:00",
        ),
        ("T2", SECOND, "", "", "", "withdrawn", "2022-02-11T15:08:09+08:00"),
    ]
    assert [row["状态"] for row in cells(after, language="zh")] == ["更正", "撤回"]


# law: the first apostrophe of a cell taken away, every text comes back, and no cell starts a formula
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
STARTS = st.sampled_from(
    ["", "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'", "''=", '"', ","]
)


@settings(max_examples=8)
@given(said=st.lists(st.builds("".join, st.tuples(STARTS, ANY_TEXT)), min_size=1, max_size=60, unique=True))
def test_texts__come_back_exactly_and_start_no_formula(said):
    frame = told(
        *(tube(text, "suspect", lab=text, round=text) for text in said),
        people=[person(text, text, person_type=text, round=text) for text in said],
        read=[reading(text, 20.0, round=text, reagent=text, instrument=text) for text in said],
    )
    found = cells(frame)
    for column in ("round", "tube", "person_type", "person", "lab", "reagent", "instrument"):
        assert sorted(row[column].removeprefix("'") for row in found) == sorted(said)
    assert sorted(row["ct"].removeprefix("'") for row in found) == sorted(f"{text} 20" for text in said)
    assert not any(cell and cell[0] in "=+-@\t\r\n＝＋－＠" for row in found for cell in row.values())


def opened_and_saved(cell):
    """What a spreadsheet makes of a cell when it opens a CSV file and saves it: numbers, texts and text formulas."""
    if formula := re.fullmatch(r'="((?:[^"]|"")*)"', cell, re.DOTALL):
        return formula.group(1).replace('""', '"')
    if re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", cell):
        number = float(cell)
        return f"{number:.0f}" if abs(number) < 1e11 else f"{number:.5E}"
    assert not cell.startswith(("=", "+", "-", "@")), "runs a formula"
    return cell


def test_spreadsheet__loses_the_digits_of_a_plain_file():
    (row,) = cells(told(tube("0012", "negative"), people=[person("0012", FIRST)]))
    assert (row["tube"], row["person"]) == ("0012", FIRST), "exact for machines"
    assert (opened_and_saved(row["tube"]), opened_and_saved(row["person"])) == ("12", "1.10101E+17")


STARTS_OF_NUMBERS = st.sampled_from(["", "0", "00", "1E", "=", "+", "-", "'", '"'])
LIKE_NUMBERS = st.builds("{}{}".format, STARTS_OF_NUMBERS, st.integers(0, 10**18) | ANY_TEXT)
KNOWN = (FIRST, SECOND, "0012", "1-2", "3/4", "TRUE", "1E5", "=1+1", "'=1")


@settings(max_examples=8)
@given(drawn=st.sets(LIKE_NUMBERS, max_size=60))
def test_file_for_spreadsheets__is_opened_and_saved_without_loss(drawn):
    codes = sorted({*drawn, *KNOWN})
    frame = told(
        *(tube(code, "negative", round=code, lab=code) for code in codes),
        people=[person(code, code, person_type=code, round=code) for code in codes],
    )
    found = cells(frame, for_spreadsheet=True)
    for column in ("round", "tube", "person_type", "person", "lab"):
        saved = [opened_and_saved(row[column]) for row in found]
        assert sorted(cell.removeprefix("'") for cell in saved) == codes
        assert not any(cell[0] in "=+-@" for cell in saved), "opened again it runs nothing"


def test_file_for_spreadsheets__leaves_empty_cells_times_and_words_alone():
    (row,) = cells(told(tube("T1", "negative", lab=None)), for_spreadsheet=True)
    assert (row["lab"], row["person"], row["call"], row["called_at"]) == (
        "",
        "",
        "not detected",
        "2022-02-10T12:05:06+08:00",
    )
    assert row["tube"] == '="T1"'


@pytest.mark.parametrize(
    ("heights", "rows", "files"),
    [([5], 2, [[2], [2], [1]]), ([2, 2], 2, [[2], [2]]), ([1, 1, 1, 2], 3, [[1, 1, 1], [2]]), ([3, 3], 4, [[3, 1], [2]]),
     ([], 2, [[]]), ([0, 0], 2, [[]]), ([2], 2, [[2]])],
)  # fmt: skip
def test_rows__are_cut_before_a_spreadsheet_would_cut_them(heights, rows, files):
    whole = csv_rows(told(*(tube(f"T{n:02d}", "negative") for n in range(sum(heights)))))
    starts = [sum(heights[:n]) for n in range(len(heights))]
    stretches = [whole.slice(start, height) for start, height in zip(starts, heights, strict=True)]
    cut = list(csv_files(stretches, rows_per_file=rows))
    assert [[part.height for part in file] for file in cut] == files
    tubes = [code for file in cut for part in file for code in part["tube"]]
    assert tubes == whole["tube"].to_list()


def test_tube_of_no_round__has_an_empty_cell():
    frame = told(tube("T1", "negative"))
    assert (
        csv_rows(frame)["round"].to_list()
        == csv_rows(frame, for_spreadsheet=True)["round"].to_list()
        == [None]
    )
