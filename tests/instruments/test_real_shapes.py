"""Files as machines really write them: the shapes that were refused or misread once, and the right answers."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, RefusedFormatError

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

CASES = Path(__file__).parents[1] / "cases" / "instruments"
MAKER = Path(__file__).parents[2] / "data" / "samples" / "instruments" / "make.py"


def case(name: str) -> bytes:
    return next(CASES.glob(f"{name}*")).read_bytes()


def cts(file: InstrumentFile) -> dict[tuple[str, str], float | None]:
    return {(row["well"], row["target"]): row["ct"] for row in file.readings.iter_rows(named=True)}


def loads(file: InstrumentFile) -> list[tuple[str, str | None, str]]:
    return file.loads.select("well", "tube", "role").rows()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    spec = importlib.util.spec_from_file_location("make_instrument_samples", MAKER)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    made: bytes = maker.workbook(sheets)
    return made


def asked(file: InstrumentFile) -> set[str]:
    return {question.code for question in file.questions}


# Rotor-Gene: the target in brackets, day and clock on a line each.


def test_rotor_gene__names_its_target_in_brackets() -> None:
    file = read(case("10"))
    assert cts(file) == {("A01", "ORF1ab"): 27.49, ("A02", "ORF1ab"): None, ("A03", "ORF1ab"): None}
    assert loads(file) == [
        ("A01", "T000001", "sample"), ("A02", "T000002", "sample"), ("A03", None, "negative_control"),
    ]  # fmt: skip
    assert "target_is_channel" not in asked(file)


def test_rotor_gene__has_day_and_clock_on_two_lines() -> None:
    recognised = read(case("10")).recognised
    assert (recognised.run_time, recognised.time_of) == (
        datetime(2022, 4, 24, 2, 34, 20, tzinfo=UTC),
        "start of run",
    )
    early = read(case("10").replace(b"4/24/2022", b"4/3/2022"))
    assert early.recognised.run_time is None
    assert "date_order" in asked(early)


@pytest.mark.parametrize(
    ("heading", "target", "by_channel"),
    [
        ("Quantitative analysis of channel Cycling A.Green (Page 1)", "Green", True),
        ("Quantitative analysis of Cycling A.Green", "Green", True),
        ("Quantitative analysis of Cycling A.Yellow (N)", "N", False),
        ("Quantitative analysis of channel Green (N) (Page 2)", "N", False),
    ],
)
def test_rotor_gene__tells_a_target_from_a_channel(heading: str, target: str, by_channel: bool) -> None:
    written = b"Quantitative analysis of Cycling A.Green (ORF1ab)"
    file = read(case("10").replace(written, heading.encode()))
    assert set(file.readings["target"]) == {target}
    assert ("target_is_channel" in asked(file)) is by_channel


def test_rotor_gene__reads_a_table_a_target() -> None:
    lines = case("10").decode().splitlines()
    second = (
        "\n".join([*lines[6:], ""])
        .replace("ORF1ab", "N")
        .replace("Green", "Yellow")
        .replace("27.49", "28.50")
    )
    file = read(("\n".join([*lines, ";;;;", ""]) + second).encode())
    assert {key: ct for key, ct in cts(file).items() if key[0] == "A01"} == {
        ("A01", "ORF1ab"): 27.49,
        ("A01", "N"): 28.5,
    }
    again = ("\n".join([*lines, ";;;;", ""]) + second.replace("(N)", "(ORF1ab)")).encode()
    with pytest.raises(AmbiguousFileError, match="several plates in one file"):
        read(again)


@pytest.mark.parametrize("at", ["Green", "(ORF", "Cycling A."])
def test_rotor_gene__has_no_target_where_a_line_break_tore_its_heading(at: str) -> None:
    text = case("10").replace(at.encode(), at.encode() + b"\n")
    with pytest.raises(DamagedFileError, match="a Ct without target"):
        read(text)


# Diomni 4: another sheet, the well's name under `Well`, the software's name and version on two lines.


def test_diomni_4__is_read_as_diomni() -> None:
    assert recognise(case("22")) == "diomni"
    file = read(case("22"))
    assert cts(file) == {
        ("A01", "ORF1ab"): 24.54, ("A01", "N"): None, ("C03", "ORF1ab"): None, ("O23", "ORF1ab"): 25.1,
    }  # fmt: skip
    assert loads(file) == [
        ("A01", "T0000001", "sample"), ("C03", None, "negative_control"), ("O23", None, "positive_control"),
    ]  # fmt: skip
    told = file.recognised
    assert (told.plate, told.plate_wells, told.software) == ("P0001", 384, "Diomni 4.3.0")
    assert told.run_time == datetime(2022, 4, 4, 14, 39, 53, tzinfo=UTC)


# 7500 .eds: an empty workbook beside the results, standard curves and relative quantities between the rows.


def test_an_eds_of_the_7500__is_no_workbook() -> None:
    assert recognise(case("20")) == "eds"
    file = read(case("20"))
    assert cts(file) == {("A01", "ORF1ab"): 22.1, ("A02", "ORF1ab"): 50.0}
    assert file.not_understood == ()
    assert "ct_may_be_no_call" in asked(file)
    told = read(case("20"), policy=ImportPolicy(no_call_ct=(50.0,)))
    assert cts(told)["A02", "ORF1ab"] is None


def test_an_eds_with_a_workbook_and_no_results__is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(case("20"))) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if not name.endswith("analysis_result.txt"):
                new.writestr(name, old.read(name))
    with pytest.raises(RefusedFormatError, match="was not analysed"):
        read(made.getvalue())


# LightCycler 96: names in descriptions, `dye@target`, and `ntp` for a well without anything.


def test_lightcycler_96_rdml__names_samples_by_their_description() -> None:
    file = read(case("19"))
    assert cts(file) == {("A01", "ORF1ab"): 22.1, ("A02", "ORF1ab"): 100.0}
    assert loads(file) == [("A01", "T0000001", "sample"), ("A02", "T0000001", "sample")]
    assert file.readings["sample"].to_list() == ["T0000001", "T0000001"]
    assert "ct_may_be_no_call" in asked(file)
    assert [(f.code, f.severity, f.text) for f in file.not_understood] == [
        ("unassigned_well", "warning", "33.5")
    ]


def test_a_target_without_a_name__is_its_dye_and_asked() -> None:
    file = read(_all_assigned())
    assert cts(file)["A03", "FAM"] == 33.5
    assert "target_is_dye" in asked(file)
    named = read(_all_assigned(), policy=ImportPolicy(targets={"FAM": "N"}))
    assert cts(named)["A03", "N"] == 33.5


def _all_assigned() -> bytes:
    with zipfile.ZipFile(io.BytesIO(case("19"))) as archive:
        text = archive.read("rdml_data.xml")
    return text.replace(b"<description /><type>ntp", b"<description>T2</description><type>unkn")


def test_two_targets_of_one_name__stay_two() -> None:
    text = _all_assigned().replace(b"FAM@00000000-0000-0000-0000-0000000000aa", b"HEX@ORF1ab")
    text = text.replace(b'<type>ref</type><dyeId id="FAM"/>', b'<type>ref</type><dyeId id="HEX"/>')
    assert set(cts(read(text))) == {("A01", "FAM@ORF1ab"), ("A02", "FAM@ORF1ab"), ("A03", "HEX@ORF1ab")}


# Workbooks: backslashes in the archive, merged cells.


def with_backslashes(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("/", "\\"), old.read(name))
    return made.getvalue()


CFX: list[list[object]] = [
    ["", "Well", "Fluor", "Target", "Content", "Sample", "Cq"],
    ["", "A01", "FAM", "ORF1ab", "Unkn", "T0001", 25.12],
    ["", "A02", "FAM", "ORF1ab", "Unkn", "T0002", "NaN"],
]


@pytest.mark.parametrize("name", ["diomni-4", "cfx"])
def test_a_workbook_packed_with_backslashes__is_the_same_workbook(name: str) -> None:
    content = case("22") if name == "diomni-4" else workbook({"0": CFX})
    packed = with_backslashes(content)
    assert recognise(packed) == recognise(content) is not None
    assert read(packed).readings.equals(read(content).readings)


def test_a_member_that_stands_twice__is_damage() -> None:
    made = io.BytesIO(workbook({"0": CFX}))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("xl\\workbook.xml", archive.read("xl/workbook.xml"))
    with pytest.raises(DamagedFileError, match=r"holds xl/workbook\.xml twice"):
        read(made.getvalue())


SLAN: list[list[object]] = [
    ["仪器型号", "SLAN-96P"], ["板号", "P1"], ["结束时间", "2022-02-10 13:07:52"], [],
    ["反应孔", "样本编号", "样本类型", "通道", "目标", "Ct"],
    ["A1", "T0001", "未知", "FAM", "ORF1ab", -1], ["", "", "", "VIC", "N", -1], ["", "", "", "CY5", "IC", 24.3],
    ["A2", "T0002", "未知", "FAM", "ORF1ab", 25.1], ["", "", "", "VIC", "N", 26.33], ["", "", "", "CY5", "IC", 24.9],
]  # fmt: skip
WELLS = ["A6:A8", "B6:B8", "C6:C8", "A9:A11", "B9:B11", "C9:C11"]
NO_CALL = ImportPolicy(no_call_ct=(-1.0,))


def merged(rows: list[list[object]], ranges: list[str]) -> bytes:
    """A workbook of one sheet with merged cells."""
    made, cells = io.BytesIO(), "".join(f'<mergeCell ref="{each}"/>' for each in ranges)
    with zipfile.ZipFile(io.BytesIO(workbook({"Sheet1": rows}))) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, text.replace("</sheetData>", f"</sheetData><mergeCells>{cells}</mergeCells>"))
    return made.getvalue()


def test_merged_cells__are_of_every_row_that_they_reach_into() -> None:
    file = read(merged(SLAN, WELLS), policy=NO_CALL)
    assert cts(file) == {
        ("A01", "ORF1ab"): None, ("A01", "N"): None, ("A01", "IC"): 24.3,
        ("A02", "ORF1ab"): 25.1, ("A02", "N"): 26.33, ("A02", "IC"): 24.9,
    }  # fmt: skip
    assert loads(file) == [("A01", "T0001", "sample"), ("A02", "T0002", "sample")]
    assert file.not_understood == ()


def test_empty_cells_that_are_not_merged__are_of_no_well() -> None:
    file = read(workbook({"Sheet1": SLAN}), policy=NO_CALL)
    assert set(cts(file)) == {("A01", "ORF1ab"), ("A02", "ORF1ab")}
    assert [f.code for f in file.not_understood if f.severity == "error"] == ["bad_well"] * 4


def test_a_ct_merged_over_rows__is_of_none_of_them() -> None:
    rows = [*SLAN[:8], SLAN[8], [*SLAN[9][:5], ""], [*SLAN[10][:5], ""]]
    file = read(merged(rows, [*WELLS, "F9:F11"]), policy=NO_CALL)
    assert {well for well, _ in cts(file)} == {"A01"}
    assert [(f.code, f.line) for f in file.not_understood] == [
        ("merged_ct", 9), ("merged_ct", 10), ("merged_ct", 11),
    ]  # fmt: skip


def test_minus_one__is_asked_until_the_policy_says_no_call() -> None:
    told = [f.what for f in read(merged(SLAN, WELLS)).not_understood]
    assert [what.endswith("no_call_ct = [-1]") for what in told] == [True, True]


# SDS 2.x of the 7900HT: numbers for wells, an empty PlateID, a blank cell at each line's end, two digits for the year.

SDS = [
    "SDS 2.3\tAQ Results\t1.0", "Filename\tx", "PlateID\t", "Run DateTime\t8/23/21 12:10:33 PM", "",
    "Sample Information", "",
    "Well\tSample Name\tDetector Name\tReporter\tTask\tCt\tQuantity\tThreshold\t",
    *(f"{well}\t{tube}\tORF1ab\tFAM\tUnknown\t{ct}\t\t0.1\t" for well, tube, ct in (
        (268, "T0001", "28.283926"), (269, "T0002", "Undetermined"), (100, "T0003", "32.26884"))),
    "", "Slope\t-3.3\t", "Y-Intercept\t38.2\t", "",
]  # fmt: skip


def test_sds_2_3__is_read_with_its_numbered_wells() -> None:
    content = "\r\n".join(SDS).encode()
    file = read(content)
    assert recognise(content) == "abi-sds"
    assert cts(file) == {("L04", "ORF1ab"): 28.283926, ("L05", "ORF1ab"): None, ("E04", "ORF1ab"): 32.26884}
    assert (file.recognised.plate, file.recognised.plate_wells) == (None, 384)
    assert file.recognised.run_time == datetime(2021, 8, 23, 4, 10, 33, tzinfo=UTC)
    assert {f.code for f in file.not_understood} == {"below_table"}


# Exports that name only the dye, and sections that follow the results.


def test_a_dye_without_target__is_asked_for() -> None:
    text = b"Well,Fluor,Target,Content,Sample,Cq\nA01,FAM,,Unkn,T0001,25.12\nA01,HEX,,Unkn,T0001,26.12\n"
    file = read(text)
    assert set(file.readings["target"]) == {"FAM", "HEX"}
    assert {"target_is_dye", "target_not_expected"} <= asked(file)
    told = read(text, policy=ImportPolicy(targets={"FAM": "ORF1ab", "HEX": "N"}))
    assert cts(told) == {("A01", "ORF1ab"): 25.12, ("A01", "N"): 26.12}
    assert "target_not_expected" not in asked(told)


def test_standard_curves_and_relative_quantities__are_no_errors() -> None:
    text = """* Experiment Barcode = P1
* Experiment Run End Time = 2022-04-04 10:00:00 AM UTC

[Results]
Well\tWell Position\tSample Name\tTarget Name\tTask\tReporter\tCT
1\tA1\tT0001\tORF1ab\tUNKNOWN\tFAM\t25.12
2\tA2\tT0002\tORF1ab\tUNKNOWN\tFAM\tUndetermined

Analysis Type\tSinglePlex
Endogenous Control\tRP

[Standard Curve]
Target\tSlope\tY-Intercept
ORF1ab\t-3.3\t38

[DDCT]
Sample Name\tTarget Name\tRQ\tDelta Ct\tDDCT
T0001\tORF1ab\t1\t2\t3
"""
    file = read(text.encode())
    assert cts(file) == {("A01", "ORF1ab"): 25.12, ("A02", "ORF1ab"): None}
    assert {f.severity for f in file.not_understood} == {"info"}


# Lighthouse plate maps of laboratories that give no Ct.


def test_a_lighthouse_map_without_channels__gives_loads_and_reports() -> None:
    file = read(case("16"))
    assert file.loads.select("plate", "well", "tube").rows() == [
        ("PL1234", "A09", "T000001"),
        ("PL1234", "A08", "T000002"),
    ]
    assert file.reports.select("tube", "call", "lab").rows() == [
        ("T000001", "negative", "AP"),
        ("T000002", "positive", "AP"),
    ]
    assert file.readings.is_empty()


@pytest.mark.parametrize("column", ["CH1-Cq", "CH2-Target", "Ct", "ORF1ab Ct"])
def test_a_lighthouse_map_with_half_a_channel__is_refused(column: str) -> None:
    lines = case("16").decode().splitlines()
    text = "\n".join([f"{lines[0]},{column}", *(f"{line},30.1" for line in lines[1:]), ""])
    assert recognise(text.encode()) in (None, "refused")


# Design & Analysis 1: a commented preamble and the section [Target Call].


def test_design_and_analysis_1__is_read_from_its_target_calls() -> None:
    assert recognise(case("11")) == "design-and-analysis-1"
    file = read(case("11"))
    assert cts(file) == {
        ("A01", "N1"): 25.489, ("A01", "RP"): 27.469, ("A03", "N1"): 37.394, ("A03", "RP"): 33.374,
        ("A04", "N1"): None, ("A04", "RP"): 30.1,
    }  # fmt: skip
    assert (file.recognised.plate, file.recognised.plate_wells) == ("P0001", 384)
    assert file.recognised.run_time == datetime(2022, 4, 4, 21, 25, 46, tzinfo=UTC)


def test_controls_without_a_task__go_by_their_names() -> None:
    assert loads(read(case("11"))) == [
        ("A01", None, "positive_control"), ("A03", "T000001", "sample"), ("A04", "T000002", "sample"),
    ]  # fmt: skip
    assert "control_by_name" in asked(read(case("11")))


@pytest.mark.parametrize("end", ["30", "3", ""])
def test_a_last_ct_without_decimals__is_left_out_or_refused(end: str) -> None:
    text = case("11").removesuffix(b"30.1\n") + end.encode() + b"\n"
    file = read(text)
    assert ("A04", "RP") not in cts(file)
    assert "cut_value" in {finding.code for finding in file.not_understood} or "empty_ct" in asked(file)
    with pytest.raises(DamagedFileError, match="cut short"):
        read(text.rstrip(b"\n"))
