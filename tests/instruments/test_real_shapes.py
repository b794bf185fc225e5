"""Files as machines really write them: the shapes that were refused or misread once, and the right answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

CASES = Path(__file__).parents[1] / "cases" / "instruments"


def case(name: str) -> bytes:
    return next(CASES.glob(f"{name}*")).read_bytes()


def cts(file: InstrumentFile) -> dict[tuple[str, str], float | None]:
    return {(row["well"], row["target"]): row["ct"] for row in file.readings.iter_rows(named=True)}


def loads(file: InstrumentFile) -> list[tuple[str, str | None, str]]:
    return file.loads.select("well", "tube", "role").rows()


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


DYES = {
    "slan-96p": "板号\tP1\n结束时间\t2022-02-10 13:07:52\n\n"
    "反应孔\t样本编号\t样本类型\t通道\tCt\nA1\tT1\t未知\tFAM\tNoCt\nA1\tT1\t未知\tVIC\t33.12\n",
    "quantstudio-classic": "[Results]\nWell Position\tSample Name\tTask\tReporter\tCT\n"
    "A1\tT1\tUNKNOWN\tFAM\tUndetermined\nA1\tT1\tUNKNOWN\tVIC\t33.12\n",
    "design-and-analysis": "Well Position,Omit,Sample,Reporter,Cq\nA1,false,T1,FAM,UNDETERMINED\nA1,false,T1,VIC,33.12\n",
}


@pytest.mark.parametrize("name", DYES)
def test_an_export_without_a_column_of_targets__names_its_dyes_and_asks(name: str) -> None:
    file = read(DYES[name].encode())
    assert file.recognised.format == name
    assert cts(file) == {("A01", "FAM"): None, ("A01", "VIC"): 33.12}
    assert {"target_is_dye", "target_not_expected"} <= asked(file)


@pytest.mark.parametrize("name", DYES)
@pytest.mark.parametrize("column", ["Assay", "Gene", "Detector ID", "靶标名称"])
def test_targets_under_a_name_that_is_not_known__are_not_replaced_by_dyes(name: str, column: str) -> None:
    mark = "," if "," in DYES[name] else "\t"
    head, *rows = DYES[name].rpartition("\n\n")[2].removeprefix("[Results]\n").splitlines()
    above = DYES[name][: DYES[name].index(head)]
    text = above + "\n".join([f"{head}{mark}{column}", *(f"{row}{mark}N" for row in rows), ""])
    assert recognise(text.encode()) == "refused"


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
