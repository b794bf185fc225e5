"""Files that were answered wrongly once, and the right answers; each stands for a kind of fault."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, RefusedFormatError

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

CASES = Path(__file__).parents[1] / "cases" / "instruments"
MAKER = Path(__file__).parents[2] / "data" / "samples" / "instruments" / "make.py"


def case(name: str, policy: ImportPolicy | None = None) -> InstrumentFile:
    return read(next(CASES.glob(f"{name}-*")), policy=policy)


def cts(file: InstrumentFile) -> dict[tuple[str, str], float | None]:
    return {(row["well"], row["target"]): row["ct"] for row in file.readings.iter_rows(named=True)}


def errors(file: InstrumentFile) -> list[tuple[str, int]]:
    return [(finding.code, finding.line) for finding in file.not_understood if finding.severity == "error"]


def test_a_line_break_in_a_name__leaves_the_row_out_and_names_both_halves() -> None:
    file = case("01")
    assert cts(file) == {("A02", "ORF1ab"): 31.07, ("B01", "ORF1ab"): None}
    assert errors(file) == [("stray_quote", 2), ("stray_quote", 3)]


def test_a_row_that_ends_before_its_ct__is_no_undetermined() -> None:
    file = case("03")
    assert cts(file) == {("A02", "ORF1ab"): 31.07, ("B01", "ORF1ab"): None}
    assert errors(file) == [("short_row", 2)]
    assert "A01" not in file.loads["well"].to_list()


def test_a_suspect_pool_that_lost_its_ct__is_not_negative() -> None:
    whole, short = cts(case("03a")), case("03b")
    assert whole["A03", "N"] == 34.9
    del whole["A03", "N"]
    assert cts(short) == whole
    assert errors(short) == [("short_row", 9)]
    assert [(f.code, f.text) for f in short.not_understood if f.severity == "warning"] == [
        ("rows_missing", "A03")
    ]


def test_a_file_cut_inside_a_ct__is_damaged_with_a_line_break_too() -> None:
    with pytest.raises(DamagedFileError, match=r"line 3: .*fewer cells.* cut short"):
        case("29")


def test_two_exports_with_other_columns__are_refused() -> None:
    with pytest.raises(AmbiguousFileError, match="line 4: the table's header stands here again"):
        case("06")


def test_barcodes_like_controls__are_samples_where_the_file_says_so() -> None:
    loads = case("07").loads.select("well", "tube", "role").rows()
    assert loads == [
        ("A01", None, "negative_control"), ("A02", None, "positive_control"),
        ("A03", "PC20220404", "sample"), ("A04", "T0000002", "sample"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("yes", "no"),
    [("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("真", "假"), ("是", "否"), ("ИСТИНА", "ЛОЖЬ"), ("Sì", "No"), ("1", "0"),
     ("VERDADERO", "FALSO"), ("true", "false"), ("PRAWDA", "FAŁSZ")],
)  # fmt: skip
def test_omit_in_any_language__leaves_the_well_out(yes: str, no: str) -> None:
    text = next(CASES.glob("08-*")).read_text("utf-8").replace("WAHR", yes).replace("FALSCH", no)
    file = read(text.encode())
    assert sorted(set(file.readings["well"])) == ["A01", "A02", "A04"]
    assert [q.code for q in file.questions] == ["omitted_well"]


def test_an_omit_that_is_neither_yes_nor_no__is_asked_and_left_out() -> None:
    text = next(CASES.glob("08-*")).read_text("utf-8").replace("WAHR", "vielleicht")
    file = read(text.encode())
    assert sorted(set(file.readings["well"])) == ["A01", "A02", "A04"]
    asked = next(q for q in file.questions if q.code == "yes_or_no")
    assert asked.where[0] == "A03 (line 12): vielleicht"
    told = read(text.encode(), policy=ImportPolicy(no_words=("vielleicht",)))
    assert cts(told)["A03", "IC"] == 26.0


@pytest.mark.parametrize(
    ("name", "columns"),
    [("12", "Call, Assessment"), ("13", "Cycle Number, Rn, dRn"), ("25", "Cq")],
)
def test_results_that_no_layout_reads__are_refused_by_their_columns(name: str, columns: str) -> None:
    with pytest.raises(RefusedFormatError, match=f"no layout reads: columns {columns}"):
        case(name)
    assert recognise(next(CASES.glob(f"{name}-*"))) == "refused"


def test_ct_values_drawn_as_a_plate__are_no_plate_map() -> None:
    with pytest.raises(RefusedFormatError, match="results drawn as a plate"):
        case("15")
    assert recognise(next(CASES.glob("15-*"))) == "refused"
    words = next(CASES.glob("15-*")).read_text("utf-8")
    for word in ("Undetermined", "NaN", "Positive", "阴性"):
        grid = "\n".join([words.splitlines()[0], *(f"{row}" + f",{word}" * 12 for row in "ABCDEFGH"), ""])
        with pytest.raises(RefusedFormatError, match="results drawn as a plate"):
            read(grid.encode())


def test_a_second_sheet_with_another_plate__is_refused() -> None:
    with pytest.raises(AmbiguousFileError, match="Results 2: a second table"):
        case("23")


def test_workbooks_of_any_size__are_recognised_and_read() -> None:
    assert recognise(next(CASES.glob("24a-*"))) == "design-and-analysis"
    spec = importlib.util.spec_from_file_location("make_instrument_samples", MAKER)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    chance = random.Random(24)
    raw = [[row, *(chance.uniform(1e3, 1e5) for _ in range(12))] for row in range(2200)]
    results = [
        ["Barcode", "P0001"],
        ["Run End Data/Time", "2022-04-04 02:39:53 PM UTC"],
        ["Well", "Well Position", "Omit", "Sample", "Target", "Task", "Cq"],
        [1, "A1", "false", "T0000001", "ORF1ab", "UNKNOWN", 24.5],
    ]
    content = maker.workbook({"Results": results, "Raw Data": raw})
    assert len(content) > 256 * 1024
    assert recognise(content) == "design-and-analysis"
    assert cts(read(content)) == {("A01", "ORF1ab"): 24.5}


def test_a_pcr_file_without_any_reading__is_an_error() -> None:
    content = next(CASES.glob("10-*")).read_bytes().replace(b"27.49", b"n.a.")
    with pytest.raises(DamagedFileError, match="no row that could be read"):
        read(content)


def test_a_negative_number__is_undetermined_where_the_policy_says_so() -> None:
    asked = case("17")
    assert cts(asked) == {("A01", "IC"): 24.3}
    assert [f.what.endswith("no_call_ct = [-1]") for f in asked.not_understood[:2]] == [True, True]
    told = case("17", ImportPolicy(no_call_ct=(-1.0,)))
    assert cts(told) == {("A01", "ORF1ab"): None, ("A01", "N"): None, ("A01", "IC"): 24.3}


def test_one_ct_column_a_gene__is_read_with_the_labs_result() -> None:
    english = read(CASES / "09-wide-lab-en.csv")
    assert cts(english) == {
        ("A01", "ORF1ab"): 25.1, ("A01", "N"): 26.2, ("A01", "IC"): 24.0,
        ("B01", "ORF1ab"): None, ("B01", "N"): None, ("B01", "IC"): 24.0,
    }  # fmt: skip
    assert english.reports.select("tube", "call").rows() == [("T0001", "positive"), ("T0002", "negative")]
    assert english.loads.select("plate", "well", "tube").rows() == [
        ("PL1", "A01", "T0001"),
        ("PL1", "B01", "T0002"),
    ]


def test_one_ct_column_a_gene__is_read_in_chinese_and_asks_where_the_lab_gave_no_result() -> None:
    chinese = read(CASES / "09-wide-lab-zh.csv", plate="PL1")
    found = cts(chinese)
    assert [sum(well == row for row, _ in found) for well in ("A01", "B01", "H11", "H12")] == [3, 3, 0, 2]
    assert (found["B01", "N"], found["B01", "IC"], found["H12", "ORF1ab"]) == (None, 24.0, 28.0)
    assert chinese.reports.select("tube", "call").rows() == [("T0001", "positive"), ("T0002", "negative")]
    assert next(q.where for q in chinese.questions if q.code == "empty_ct") == (
        "H11 (line 4)",
        "H12 (line 5)",
    )
    assert chinese.loads.select("well", "tube", "role").rows()[2:] == [
        ("H11", None, "negative_control"), ("H12", None, "positive_control"),
    ]  # fmt: skip
