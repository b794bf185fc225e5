"""Every finding says its place and how grave it is: code, severity, sheet, line, column and the cell's text."""

from __future__ import annotations

import re

import pytest

from instruments.told_files import (
    GRID,
    cfx,
    channel,
    quantstudio,
    rdml,
    reaction,
    table,
    told,
    worklist,
    written_codes,
)
from poolpipe.instruments import ImportPolicy, read

RUN = reaction(12, "20.5")
HAMILTON = "SourceBarcode TargetPlateBarcode TargetWell"
POOLS = "Pooled Sample Barcode,Source Sample Barcode,Source Sample Volume\n"
WIDE = "Plate Well Tube ORF1ab N IC"
TASKS = "Plate Well Tube Role"
ROTOR = '"Quantitative analysis of channel Cycling A.{} (Page 1)"\n"No.","Color","Name","Type","Ct"\n'


def rotor(channel: str, *rows: tuple[int, str, str]) -> str:
    return ROTOR.format(channel) + "".join(
        f'"{well}","255","{name}","Unknown","{ct}"\n' for well, name, ct in rows
    )


def dyes(rows: int, *others: int) -> str:
    """Rows of one target in FAM, but for some."""
    lines = quantstudio(*(f"{i} _ S{i} {20 + i}.5" for i in range(1, rows + 1))).split("\n")
    for other in others:
        lines[other + 5] = lines[other + 5].replace("FAM", "CY5")
    return "\n".join(lines)


FINDINGS: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "a tube is aspirated and dispensed nowhere": (
        worklist("A;R;;Tube;1;T001;9;;;", "A;R;;Tube;2;T002;9;;;", "W;", "A;R;;Tube;3;T003;9;;;",
                 "D;PCR;P1;96 Well;1;;9;;;", "W;", "A;R;;Tube;4;T004;9;;;"),
        [("aspirate_without_dispense", "warning", "", 1, "", "T001"),
         ("aspirate_without_dispense", "warning", "", 2, "", "T002"),
         ("aspirate_without_dispense", "warning", "", 7, "", "T004")],
    ),
    "several tubes were aspirated before": (
        worklist("A;R;;Tube;1;T001;9;;;", "D;PCR;P1;96 Well;1;;9;;;", "W;", "A;R;;Tube;2;T002;9;;;", "A;R;;Tube;3;T003;9;;;",
                 "D;PCR;P1;96 Well;2;;9;;;"),
        [("aspirate_without_dispense", "warning", "", 4, "", "T002"), ("two_aspirations", "error", "", 6, "", "T002, T003")],
    ),
    "reagents are distributed": (
        worklist("A;R;;Tube;1;T001;9;;;", "D;PCR;P1;96 Well;1;;9;;;", "W;", "R;Src;;Trough;1;8;PCR;P1;96 Well;1;96;10;;"),
        [("reagent_distribution", "info", "", 4, "", "R;Src;;Trough;1;8;PCR;P1;96 Well;1;96;10;;")],
    ),
    "a well of the worklist was not filled": (
        worklist("A;R;;Tube;1;T001;9;;;", "D;PCR;P1;96 Well;1;;9;;;", "W;", "A;R;;Tube;2;T002;9;;;",
                 "D;PCR;P1;96 Well;2;;0;;;", "W;"),
        [("not_transferred", "warning", "", 5, "volume", "0")],
    ),
    "nothing was aspirated": (
        worklist("A;R;;Tube;1;T001;9;;;", "D;PCR;P1;96 Well;1;;9;;;", "W;", "D;PCR;P1;96 Well;2;;9;;;", "W;"),
        [("dispense_without_aspirate", "error", "", 4, "", "")],
    ),
    "a well that no plate has": (
        worklist("A;R;;Tube;1;T001;9;;;", "D;PCR;P1;96 Well;1;;9;;;", "W;", "A;R;;Tube;2;T002;9;;;",
                 "D;PCR;P1;96 Well;97;;9;;;", "W;"),
        [("bad_well", "error", "", 5, "", "PCR;P1;96 Well;97")],
    ),
    "an aspirated tube without id": (
        worklist("A;R;;T;1;T1;200", "D;P;P1;96 Well;1;;200", "A;R;;T;2;;200", "D;P;P1;96 Well;2;;200"),
        [("no_tube_id", "warning", "", 3, "", "")],
    ),
    "a row above its header": (
        table("T3 P1 A3 OK", f"{HAMILTON} Status", "T1 P1 A1 OK", "T2 P1 A2 OK", "T4 P1 A4 OK"),
        [("above_table", "error", "", 1, "", "T3 P1 A3 OK")],
    ),
    "a volume of none": (
        table(f"{HAMILTON} Volume Status", "T001 P1 A1 200 OK", "T002 P1 A2 0 OK", "T003 P1 A3 200 OK"),
        [("not_transferred", "warning", "", 3, "volume", "0")],
    ),
    "a status that stands for no transfer": (
        table(f"{HAMILTON} Status", "T1 P1 A1 OK", "T2 P1 A2 Clot"),
        [("not_transferred", "warning", "", 3, "status", "Clot")],
    ),
    "a status that is not known": (
        table(f"{HAMILTON} Status", "T1 P1 A1 OK", "T2 P1 A2 Warp"),
        [("unknown_status", "error", "", 3, "status", "Warp")],
    ),
    "a tube's barcode as a float": (
        table("Plate Well Tube", "P1 A1 2.2021E+11", "P1 A2 220210000002"),
        [("barcode_damaged", "error", "", 2, "tube", "2.2021E+11")],
    ),
    "two tubes in a cell": (
        table("Plate Well Tube", "P1 A1 T001", "P1 A2 220210000001/220210000002", "P1 A3 T003"),
        [("two_tubes_in_cell", "error", "", 3, "tube", "220210000001/220210000002")],
    ),
    "pools without volume, or of themselves": (
        POOLS + table("P001 T001 20", "P001 T002 0", "P001 T003 -4", "P001 P001 20", "P001 T004 20"),
        [("bad_pool", "error", "", 3, "", "P001 | T002 | 0"), ("bad_pool", "error", "", 4, "", "P001 | T003 | -4"),
         ("bad_pool", "error", "", 5, "", "P001 | P001 | 20")],
    ),
    "two samples in a well": (
        rotor("ORF1ab", *((i, f"T{i}", f"2{i}.5") for i in range(1, 6)))
        + rotor("N", (1, "T1", "31.5"), (3, "T2", "32.5"), (3, "T3", "33.5"), (4, "T4", "34.5"), (5, "T5", "35.5")),
        [("two_samples_in_well", "error", "", 11, "sample", "T2"), ("two_samples_in_well", "error", "", 12, "sample", "T3")],
    ),
    "a value that was cut": (
        table("Plate Well Tube", *(f"P1 A0{i} T2022000{i}" for i in range(1, 8)), "P1 B04 T202"),
        [("cut_value", "error", "", 9, "", "T202")],
    ),
    "a plate's barcode as a float": (
        cfx("ID,2.2021E+11"), [("barcode_damaged", "error", "", 0, "plate", "2.2021E+11")],
    ),
    "rows below a drawn plate": (
        GRID.format("T001,T002,NEG,POS,,,,,,,,") + "I,T003,,,,,,,,,,,\n",
        [("below_table", "warning", "", 10, "", "I T003")],
    ),
    "a channel of other numbers": (
        table(WIDE, *(f"P1 A{i} T00{i} {i} 3{i}.1 25.1" for i in range(1, 7))),
        [("bad_ct", "error", "", 1, "ORF1ab", "")],
    ),
    "one cell of other numbers": (
        table(WIDE, *(f"P1 A{i} T00{i} {0.9 if i == 3 else 31.5} 3{i}.1 25.1" for i in range(1, 7))),
        [("bad_ct", "error", "", 4, "ct", "0.9")],
    ),
    "a well that amplified without a Ct": (
        quantstudio("1 _ S1 20.5", "2 _ S2 Undetermined _ Amp"),
        [("amplified_without_ct", "warning", "Results", 8, "", "N")],
    ),
    "two rows of a target": (
        quantstudio("1 _ S1 20.5", "1 _ S1 Undetermined"),
        [("repeated_reading", "warning", "Results", 7, "", "20.5"),
         ("repeated_reading", "warning", "Results", 8, "", "Undetermined")],
    ),
    "means of other values": (
        quantstudio(*(f"{i} _ S{i} 31.000 2{i}.500" for i in range(1, 8))), [("means_of_others", "info", "", 0, "mean", "")],
    ),
    "a mean that disagrees": (
        quantstudio("1 _ S 20.100 20.200", "2 _ S 35.300 20.200"),
        [("mean_disagrees", "warning", "Results", 7, "mean", "20.200")],
    ),
    "wells that were set up and have no row": (
        "[Sample Setup]\nWell\tWell Position\tSample Name\tTarget Name\n1\tA1\tS1\tN\n2\tA2\tS2\tN\n3\tA3\t\t\n\n"
        + quantstudio("1 _ S1 20.5"),
        [("rows_missing", "warning", "Sample Setup", 0, "", "")],
    ),
    "RDML of another version": (rdml(RUN, version="2.0"), [("rdml_version", "warning", "", 0, "", "")]),
    "a position that no plate has": (rdml(RUN, reaction(97, "30.5")), [("bad_well", "error", "", 0, "", "97")]),
    "a Cq that is no number": (rdml(RUN, reaction(1, "abc")), [("bad_ct", "error", "", 2, "cq", "abc")]),
    "a Cq without target": (rdml(RUN, reaction(1, "30.5", target="")), [("no_target", "error", "", 2, "", "30.5")]),
    "a task that is not known": (
        table(TASKS, "P1 A1 T1 UNKNOWN", "P1 A2 T2 UNKNOWN", "P1 A3 T3 UN"),
        [("unknown_task", "warning", "", 4, "task", "UN")],
    ),
    "a row that lost a cell": (
        table("Plate Well Sample Target Ct", *(f"P1 A{i} T{i} N 2{i}.5" for i in range(1, 6)), "P1 A6 N 26.5", "P1 A7 T7 N 27.5"),
        [("short_row", "error", "", 7, "", "P1 A6 N 26.5")],
    ),
    "a row with a cell too many": (
        table("Plate Well Sample Target Ct", *(f"P1 A{i} T{i} N 2{i}.5" for i in range(1, 6)), "P1 A6 T6 x N 26.5", "P1 A7 T7 N 27.5"),
        [("too_many_cells", "error", "", 7, "", "P1 A6 T6 x N 26.5")],
    ),
    "rows that name no plate": (
        table("Plate Well Tube", "P1 A1 T001", "_ A2 T002", "_ A3 T003"),
        [("no_plate", "error", "", 3, "plate", "A2"), ("no_plate", "error", "", 4, "plate", "A3")],
    ),
    "a plate that is a spreadsheet's error": (
        table("Plate Well Tube", "#N/A A1 T001", *(f"P1 A{i} T00{i}" for i in range(2, 6))),
        [("barcode_damaged", "error", "", 2, "plate", "#N/A")],
    ),
    "a well that is a spreadsheet's error": (
        table("Plate Well Tube", "P1 #REF! T001", *(f"P1 A{i} T00{i}" for i in range(2, 6))),
        [("bad_well", "error", "", 2, "", "#REF!")],
    ),
    "a target that is a spreadsheet's error": (
        table("Plate Well Sample Target Ct", "P1 A1 T1 #NAME? 21.5", *(f"P1 A{i} T{i} N 2{i}.5" for i in range(2, 6))),
        [("error_value", "error", "", 2, "target", "#NAME?")],
    ),
    "one of ten rows of a target in another dye": (dyes(10, 3), [("dye_disagrees", "error", "Results", 9, "dye", "CY5")]),
    "two of twelve rows in another dye, which is no edit": (dyes(12, 3, 4), []),
    "one of nine rows in another dye, too few to tell": (dyes(9, 3), []),
    "wells without a row of a target": (
        table("Plate Well Sample Target Ct", *(f"P1 A{i} T{i} {n} 2{i}.5" for i in range(1, 10) for n in ("N", "IC")
              if (i, n) != (4, "IC"))),
        [("rows_missing", "warning", "", 0, "", "A04")],
    ),
    "a well that is none": (
        table("Plate Well Sample Target Ct", *(f"P1 {w} T{i} N 2{i}.5" for i, w in enumerate(("A1", "A2", "Z9", "A4"), 1))),
        [("bad_well", "error", "", 4, "", "Z9")],
    ),
    "a channel without target": (channel("FAM", "20.5", "21.5"), []),
}  # fmt: skip
"""What a file is, its content, and all that is found in it."""


@pytest.mark.parametrize(("content", "found"), FINDINGS.values(), ids=FINDINGS)
def test_a_finding__says_where_and_how_grave(content: str, found: list[tuple[object, ...]]) -> None:
    policy = ImportPolicy(lab="L1", plate="P1") if content.startswith(",1,2") else ImportPolicy(lab="L1")
    assert told(read(content.encode(), policy=policy).not_understood) == found


REASONS = {
    "a pool of itself": (POOLS + table("P1 T1 20", "P1 P1 20"), "itself"),
    "no volume": (POOLS + table("P1 T1 20", "P1 T2 0"), "volume"),
    "a pool's barcode as a float": (POOLS + table("P1 T1 20", "2.2E+11 T2 20"), "spreadsheet"),
    "a pool without code": (POOLS + table("P1 T1 20", "P1 ? 20"), "both be barcodes"),
    "an error value": (
        table("Plate Well Sample Target Ct", "P1 A1 T1 #NAME? 21.5", "P1 A2 T2 N 22.5"),
        "error value",
    ),
    "a plate's barcode as a float": (
        table("Plate Well Tube", "2.2E+11 A1 T1", "P1 A2 T2"),
        "lost its digits",
    ),
    "a status of no transfer": (
        table(f"{HAMILTON} Status", "T1 P1 A1 OK", "T2 P1 A2 Clot"),
        r"not filled \(Clot\)",
    ),
    "a status that is not known": (
        table(f"{HAMILTON} Status", "T1 P1 A1 OK", "T2 P1 A2 Warp"),
        "'Warp' is not known",
    ),
    "a mean of no value": (quantstudio("1 _ S Undetermined 20.200"), "20.200.*no Ct"),
    "a mean of two values": (quantstudio("1 _ S 20.1 20.2", "2 _ S 35.3 20.2"), r"20\.2,.*27\.7000"),
}
"""One code may have several reasons: the words that tell which."""


@pytest.mark.parametrize(("content", "words"), REASONS.values(), ids=REASONS)
def test_a_finding__says_which_of_its_reasons_it_is(content: str, words: str) -> None:
    (found,) = read(content.encode(), policy=ImportPolicy(lab="L1")).not_understood
    assert re.search(words, found.what), found.what


ELSEWHERE = {
    "broken_row", "stray_quote", "shifted_row", "duplicate_column", "merged_ct", "other_table", "unassigned_well", "unknown_call",
    "below_table", "no_result",
}  # fmt: skip
"""Codes of findings that files need which are no short text; their tests stand beside those of these files."""


def test_every_code__has_a_file_here() -> None:
    told_of = {code for _, found in FINDINGS.values() for code, *_ in found}
    assert written_codes("found") - told_of - ELSEWHERE == set(), "add a file that raises it to FINDINGS"
