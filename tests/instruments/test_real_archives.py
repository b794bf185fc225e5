"""Archives and workbooks as machines really write them: what was refused or misread once, and the right answers."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.instrument_samples import workbook

from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.errors import DamagedFileError, RefusedFormatError

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


@pytest.mark.parametrize(("wells", "left"), [("", 2), ("1", 1), ("7", 2)])
def test_wells_that_the_set_up_omits__are_left_out_of_an_eds(wells: str, left: int) -> None:
    marked = "".join(
        f"<Well><Index>{i}</Index><IsOmit>{str(i == wells).lower()}</IsOmit></Well>" for i in "01234567"
    )
    content = with_setup(case("20"), marked)
    file = read(content)
    assert file.readings.height == left
    assert ("omitted_well" in asked(file)) is (left == 1)
    assert read(content, policy=ImportPolicy(omitted_wells="keep")).readings.height == 2


def test_an_eds_of_omitted_wells_only__is_refused() -> None:
    every = "".join(f"<Well><Index>{i}</Index><IsOmit>true</IsOmit></Well>" for i in "01")
    with pytest.raises(DamagedFileError, match="omitted every well"):
        read(with_setup(case("20"), every))


def with_setup(content: bytes, wells: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("plate_setup.xml"):
                text = text.replace(b"</Plate>", f"<Wells>{wells}</Wells></Plate>".encode())
            new.writestr(name, text)
    return made.getvalue()


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


def test_a_sample_of_a_key_alone__is_no_tube() -> None:
    bare = _all_assigned().replace(b"<description>T2</description><type>unkn</type>", b"")
    file = read(bare)
    assert file.readings.filter(well="A03")["sample"].to_list() == [None]
    assert [well for well, _, _ in loads(file)] == ["A01", "A02"]


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


def test_a_dye_before_the_target__is_none_of_its_name_in_files_of_roche() -> None:
    text = _all_assigned().replace(b'<dyeId id="FAM"/>', b"")
    assert ("A01", "FAM@ORF1ab") in cts(read(text))
    roche = text.replace(b"<dateMade>", b"<id><publisher>Roche Diagnostics</publisher></id><dateMade>", 1)
    assert set(cts(read(roche))) == {("A01", "ORF1ab"), ("A02", "ORF1ab"), ("A03", "FAM")}


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
