"""Two plates in one file, damaged plate codes, wells that were not filled, dates with the year first: nothing is guessed."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from poolpipe.instruments import ImportPolicy, InstrumentError, read
from poolpipe.instruments.errors import AmbiguousFileError, LayoutError, RefusedFormatError
from poolpipe.instruments.layouts import load_layouts, parse_layout
from poolpipe.instruments.notes import Notes
from poolpipe.instruments.targets import target_name
from poolpipe.instruments.times import date_order_evidence, moment

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT = """format = "acme"
required = ["well", "target", "ct"]
[columns]
well = ["Position"]
target = ["Assay"]
ct = ["Threshold cycle"]
"""


def run(name: str, cqs: list[float], *, first: int = 1, tubes: int = 0) -> str:
    reacts = "".join(
        f'<react id="{i + first}"><sample id="T{i + tubes}"/><data><tar id="N"/><cq>{cq}</cq></data></react>'
        for i, cq in enumerate(cqs)
    )
    form = "<pcrFormat><rows>8</rows><columns>12</columns></pcrFormat>"
    return f'<run id="{name}">{form}<runDate>2022-02-10T08:00:00</runDate>{reacts}</run>'


def rdml(*experiments: str, samples: str = "") -> bytes:
    samples = samples or "".join(f'<sample id="T{i}"><type>unkn</type></sample>' for i in range(12))
    runs = "".join(f'<experiment id="e{i}">{each}</experiment>' for i, each in enumerate(experiments))
    return f'<rdml version="1.2">{samples}<target id="N"/>{runs}</rdml>'.encode()


def table(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def loads(content: bytes) -> list[tuple[str | None, str, str | None]]:
    return read(content, policy=ImportPolicy(plate_wells=96)).loads.select("plate", "well", "tube").rows()


def named(content: bytes) -> list[tuple[str, str]]:
    return [(f.code, f.text) for f in read(content).not_understood]


@pytest.mark.parametrize("runs", ["one_plate", "run_is_plate"])
def test_two_experiments_whose_runs_have_one_id__are_refused_where_they_differ(runs: str) -> None:
    content = rdml(run("1", [30.1, 31.2]), run("1", [20.1, 22.2], tubes=5))
    with pytest.raises(AmbiguousFileError, match="two runs both read N in A01 and differ"):
        read(content, policy=ImportPolicy.model_validate({"runs": runs}))


def test_a_reaction_that_stands_twice_in_a_run__is_refused_where_it_differs() -> None:
    content = rdml(run("1", [30.1]).replace("</run>", run("1", [20.1], tubes=5).partition("</runDate>")[2]))
    with pytest.raises(AmbiguousFileError, match="run '1' reads twice N in A01"):
        read(content)


def test_two_rdml_files_in_one_archive__are_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("rdml_data.xml", rdml(run("1", [30.1])))
        archive.writestr("other.xml", rdml(run("1", [20.1])))
    with pytest.raises(AmbiguousFileError, match="2 RDML files"):
        read(content.getvalue())


def test_a_reaction_0__proves_that_the_run_counts_from_0() -> None:
    file = read(rdml(run("1", [30.1, 31.2], first=0)))
    assert file.readings["well"].to_list() == ["A01", "A02"]
    assert "wells_from_zero" in {q.code for q in file.questions}


def test_samples_without_a_type__are_told() -> None:
    samples = '<sample id="T0"><type>weird</type></sample><sample id="T1"/><sample id="T2"><type>unkn</type></sample>'
    file = read(rdml(run("1", [30.1, 31.2, 32.3]), samples=samples))
    assert file.loads["tube"].to_list() == ["T2"]
    assert next(q.where for q in file.questions if q.code == "sample_without_type") == (
        "A01 T0 weird",
        "A02 T1",
    )


@pytest.mark.parametrize("plate", ["2.2021E+11", "2E+11", "#N/A"])
def test_a_damaged_plate__is_left_out_row_by_row(plate: str) -> None:
    content = table(
        "Plate,Well,Tube", f"{plate},A1,T001", "P1,A2,T002", "P1,A3,T003", "P1,A4,T004", "P1,A5,T005"
    )
    assert [well for _, well, _ in loads(content)] == ["A02", "A03", "A04", "A05"]
    assert named(content) == [("barcode_damaged", plate)]


def test_a_damaged_plate_above_the_table__is_asked() -> None:
    rows = [f",A0{i},FAM,N,Unkn,T00{i},3{i}.12" for i in range(1, 6)]
    file = read(table("ID,2.2021E+11\n\n,Well,Fluor,Target,Content,Sample,Cq", *rows))
    assert file.recognised.plate is None
    assert "plate_missing" in {q.code for q in file.questions}
    assert [f.code for f in file.not_understood] == ["barcode_damaged"]


ROBOT = "SourceBarcode,TargetPlateBarcode,TargetWell,Volume,Status"


def test_an_empty_status_beside_others__is_no_success() -> None:
    content = table(ROBOT, "T001,P1,A1,200,OK", "T002,P1,A2,200,", "T003,P1,A3,200,OK", "T004,P1,A4,200,OK")
    assert [well for _, well, _ in loads(content)] == ["A01", "A03", "A04"]
    assert named(content) == [("unknown_status", "")]


@pytest.mark.parametrize("volume", ["0", "0.0", "-5"])
def test_a_volume_of_0_or_less__loads_nothing(volume: str) -> None:
    content = table(
        ROBOT, "T001,P1,A1,200,OK", f"T002,P1,A2,{volume},OK", "T003,P1,A3,200,OK", "T004,P1,A4,20,OK"
    )
    assert [well for _, well, _ in loads(content)] == ["A01", "A03", "A04"]
    assert named(content) == [("not_transferred", volume)]
    worklist = "A;R;;Tube;1;T001;9;;;\nD;PCR;P1;96 Well;1;;9;;;\nW;\nA;R;;Tube;2;T002;9;;;\nD;PCR;P1;96 Well;2;;{};;;\nW;\n"
    assert [tube for _, _, tube in loads(worklist.format(volume).encode())] == ["T001"]
    assert named(worklist.format(volume).encode()) == [("not_transferred", volume)]


def test_a_pool_map__takes_no_volume_of_0_and_no_pool_of_itself() -> None:
    head = "Pooled Sample Barcode,Source Sample Barcode,Source Sample Volume"
    content = table(head, "P001,T001,20", "P001,T002,0", "P001,T003,-4", "P001,P001,20", "P001,T004,20")
    assert read(content).pools["sample"].to_list() == ["T001", "T004"]
    assert [code for code, _ in named(content)] == ["bad_pool"] * 3


@pytest.mark.parametrize(
    "word", ["-", "N/A", "0", "NULL", "none", "H2O", "BLANK", "POSITIVE", "NegCtrl", "NTC001", "PosCtrl1"]
)
def test_a_placeholder__is_no_tube(word: str) -> None:
    content = table("Plate,Well,Tube", "P1,A1,T001", f"P1,A2,{word}", "P1,A3,T003", "P1,A4,T004")
    file = read(content)
    assert file.loads["tube"].to_list() == ["T001", "T003", "T004"]
    assert next(q.where for q in file.questions if q.code == "sample_is_no_tube") == (word,)


def test_two_barcodes_in_one_cell__are_no_tube() -> None:
    content = table("Plate,Well,Tube", "P1,A1,T001", "P1,A2,220210000001/220210000002", "P1,A3,T003")
    assert [tube for _, _, tube in loads(content)] == ["T001", "T003"]
    assert named(content) == [("two_tubes_in_cell", "220210000001/220210000002")]


@pytest.mark.parametrize("text", ["22/02/10 13:07:52", "22.2.10 13:07", "22-02-21 13:07"])
def test_a_year_of_two_digits_that_may_stand_first__is_asked(text: str) -> None:
    said = moment(text, ImportPolicy())
    assert said.at is None
    assert [code for code, *_ in said.doubts] == ["date_order"]
    assert moment(text, ImportPolicy(date_order="dmy")).at is not None


def test_a_lot__proves_no_order_of_day_and_month() -> None:
    assert date_order_evidence(["Lot 13-05-22", "run 13-05-22 plate", "22/02/10"]) is None
    assert date_order_evidence(["15/02/2022 13:07"]) == "dmy"


def test_a_layout_that_was_edited__is_read_again(tmp_path: Path) -> None:
    place = tmp_path / "acme.toml"
    place.write_text(LAYOUT, "utf-8")
    assert "acme" in {each.format for each in load_layouts(tmp_path)}
    place.write_text(LAYOUT.replace("acme", "acme2"), "utf-8")
    assert {"acme", "acme2"} & {each.format for each in load_layouts(tmp_path)} == {"acme2"}


@pytest.mark.parametrize("part", ["roles", "calls", "facts"])
def test_an_unknown_key_of_a_layout__is_refused(part: str) -> None:
    with pytest.raises(LayoutError, match="unknown keys"):
        parse_layout(f'{LAYOUT}[{part}]\nnegative_contro = ["NTC"]\n', "acme.toml")
    assert issubclass(LayoutError, InstrumentError)


WIDE = "Plate,Well,Tube,ORF1ab Ct,N Ct,IC Ct,结果,结论"


def test_two_columns_of_results_that_differ__are_refused() -> None:
    rows = [f"P1,A{i},T00{i},NoCt,NoCt,25.{i},阴性,{'阳性' if i == 3 else '阴性'}" for i in range(1, 7)]
    with pytest.raises(AmbiguousFileError, match=r"line 4.*columns for the call differ: 阴性 \| 阳性"):
        read(table(WIDE, *rows))
    agreed = read(table(WIDE, *(row.replace("阳性", "阴性") for row in rows)))
    assert agreed.reports["call"].to_list() == ["negative"] * 6


def test_a_fault_beside_a_status_of_success__loads_nothing() -> None:
    content = table(f"{ROBOT},Error", "T001,P1,A1,200,OK,", "T002,P1,A2,200,OK,Clot", "T003,P1,A3,200,OK,0")
    assert [tube for _, _, tube in loads(content)] == ["T001", "T003"]
    assert named(content) == [("not_transferred", "Clot")]


def test_two_columns_of_roles_that_differ__are_refused() -> None:
    content = table("Plate,Well,Tube,Role,Type", "P1,A1,T001,sample,sample", "P1,A2,T002,sample,NTC")
    with pytest.raises(AmbiguousFileError, match=r"line 3.*columns for the role differ"):
        read(content)


def test_a_report_of_another_analyte__is_left_out_and_named() -> None:
    head = (
        "Specimen Barcode\tAnalyte\tInterpretation 1\tInterpretation 2\tInterpretation 3\tCompletion Time UTC"
    )
    analytes = ["SARSCoV2", "FluA", "SARS-CoV-2", "Internal Control", "RSV"]
    rows = [f"T00{i}\t{analyte}\t300\tValid\tPOSITIVE\t2/13/2022 13:10" for i, analyte in enumerate(analytes)]
    file = read(table(head, *rows, "[end]168a88c5"))
    assert file.reports["tube"].to_list() == ["T000", "T002"]
    asked = next(q.where for q in file.questions if q.code == "other_analyte")
    assert asked == ("FluA", "Internal Control", "RSV")


def test_racks_of_two_sizes__have_a_size_each() -> None:
    head = "SrcRackID;SrcPos;SrcTubeID;DestRackID;DestPos;Volume;Status;TimeStamp"
    places = [("P96", 9), ("P96", 96), ("P384", 300)]
    rows = [
        f"R;{i};T00{i};{plate};{place};200;OK;2022-02-10 10:00:00 +08:00"
        for i, (plate, place) in enumerate(places)
    ]
    assert loads(table(head, *rows)) == [
        ("P96", "A02", "T000"),
        ("P96", "H12", "T001"),
        ("P384", "L19", "T002"),
    ]


def test_rows_without_a_plate__are_named_or_of_the_plate_that_is_given() -> None:
    content = table("Plate,Well,Tube", "P1,A1,T001", ",A2,T002", ",A3,T003")
    assert [tube for _, _, tube in loads(content)] == ["T001"]
    assert named(content) == [("no_plate", "A2"), ("no_plate", "A3")]
    assert read(content, plate="P1").loads["plate"].to_list() == ["P1"] * 3


def drawn(cells: list[str]) -> bytes:
    padded = cells + [""] * (96 - len(cells))
    lines = [",".join([row, *padded[i * 12 : i * 12 + 12]]) for i, row in enumerate("ABCDEFGH")]
    return table(",".join(["", *map(str, range(1, 13))]), *lines)


@pytest.mark.parametrize(
    "cells",
    [["NEG", "POS"] * 48, ["NEG."] * 50 + ["POS"] * 46, ["N", "P"] * 9, [str(i) for i in range(20, 28)]],
)
def test_results_drawn_as_a_plate__are_refused(cells: list[str]) -> None:
    with pytest.raises(RefusedFormatError, match="results drawn as a plate"):
        read(drawn(cells), plate="P1")


def test_tubes_drawn_as_a_plate__are_read_and_what_is_below_is_named() -> None:
    assert read(drawn([str(i) for i in range(1, 9)]), plate="P1").loads.height == 8
    content = drawn(["T001", "T002", "NEG", "POS"]) + b"I,T003,,,,,,,,,,,\n"
    file = read(content, plate="P1")
    assert file.loads.height == 4
    assert [(f.code, f.severity) for f in file.not_understood] == [("below_table", "warning")]


@pytest.mark.parametrize(("name", "cells"), [("Finding", ["POS", "NEG", "NEG"]), ("FAM", ["33", "21", "30"])])
def test_results_beside_a_plate_map__are_refused(name: str, cells: list[str]) -> None:
    rows = [f"P1,A{i},T00{i},{cell}" for i, cell in enumerate(cells, 1)]
    with pytest.raises(RefusedFormatError, match=f"column '{name}' holds results"):
        read(table(f"Plate,Well,Sample,{name}", *rows))


def test_a_filter__is_the_dye_that_the_import_names() -> None:
    policy = ImportPolicy(targets={"FAM": "ORF1ab"})
    notes = Notes()
    assert target_name("FAM (465-510)", policy, notes) == "ORF1ab"
    assert notes.questions == ()


def test_a_reagent_distribution__is_named() -> None:
    record = (
        "A;R;;Tube;1;T001;9;;;\nD;PCR;P1;96 Well;1;;9;;;\nW;\nR;Src;;Trough;1;8;PCR;P1;96 Well;1;96;10;;\n"
    )
    assert [code for code, _ in named(record.encode())] == ["reagent_distribution"]


@pytest.mark.parametrize("values", ["0.91 0.92 0.9 1.1 0.8 1.2", "1 2 3 4 5 6", "3.1 1.2 33.1 2.5 0.9 1.1"])
def test_a_column_of_counts_or_fluorescence__is_no_ct_of_a_wide_table(values: str) -> None:
    rows = [f"P1,A{i},T00{i},{value},3{i}.1,25.1" for i, value in enumerate(values.split(), 1)]
    file = read(table("Plate,Well,Tube,ORF1ab,N,IC", *rows))
    assert set(file.readings["target"]) == {"N", "IC"}
    assert [(f.code, f.column) for f in file.not_understood] == [("bad_ct", "ORF1ab")]


def test_a_number_below_5__is_no_ct_of_a_wide_table() -> None:
    rows = [f"P1,A{i},T00{i},{'0.9' if i == 3 else 31.5},3{i}.1,25.1" for i in range(1, 7)]
    file = read(table("Plate,Well,Tube,ORF1ab,N,IC", *rows))
    assert file.readings.height == 17
    assert [(f.code, f.text) for f in file.not_understood] == [("bad_ct", "0.9")]


def test_a_difference_of_ct__is_no_target() -> None:
    rows = [f"P1,A{i},T00{i},3{i}.1,25.1,7.5,8.5" for i in range(1, 7)]
    file = read(table("Plate,Well,Tube,ORF1ab Ct,IC Ct,dCt,ORF1ab (dCt)", *rows))
    assert set(file.readings["target"]) == {"ORF1ab", "IC"}


@pytest.mark.parametrize(("cts", "asked"), [(("", ""), ("VIC (533-580)",)), (("", "30.1"), None)])
def test_a_channel_without_any_ct__is_asked(cts: tuple[str, str], asked: tuple[str, ...] | None) -> None:
    def channel(name: str, *values: str) -> str:
        rows = "".join(f"True\t255\tA{i}\tT00{i}\t{ct}\t\t0\t\n" for i, ct in enumerate(values, 1))
        return f"Experiment: x  Selected Filter: {name}\nInclude\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus\n{rows}"

    text = channel("FAM (465-510)", "30.1", "") + channel("VIC (533-580)", *cts)
    questions = {q.code: q.where for q in read(text.encode()).questions}
    assert questions.get("target_without_ct") == asked


@pytest.mark.parametrize(
    ("line", "asked"),
    [("Lot,13-05-2022", True), ("Notes,Lot 13-05-22", True), ("Run Started,13/02/2022 12:00:00", False),
     ("* Date = 13/02/2022 12:00:00", False)],
)  # fmt: skip
def test_only_times_of_the_preamble__prove_the_order_of_day_and_month(line: str, asked: bool) -> None:
    rows = [f",A0{i},FAM,N,Unkn,T00{i},3{i}.12" for i in range(1, 6)]
    text = f"ID,P1\n{line}\nRun Ended,03/02/2022 13:07:52\n\n,Well,Fluor,Target,Content,Sample,Cq"
    file = read(table(text, *rows))
    assert ("date_order" in {q.code for q in file.questions}) is asked
