"""Files as machines really write them: the shapes that were refused or misread once, and the right answers."""

from __future__ import annotations

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


@pytest.mark.parametrize("end", ["30", "3", ""])
def test_a_last_ct_without_decimals__is_left_out_or_refused(end: str) -> None:
    text = case("11").removesuffix(b"30.1\n") + end.encode() + b"\n"
    file = read(text)
    assert ("A04", "RP") not in cts(file)
    assert "cut_value" in {finding.code for finding in file.not_understood} or "empty_ct" in asked(file)
    with pytest.raises(DamagedFileError, match="cut short"):
        read(text.rstrip(b"\n"))
