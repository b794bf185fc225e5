"""Every question says which places it concerns, what can be meant, how it was decided, and what decides it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from instruments.told_files import (
    GRID,
    cfx,
    channel,
    quantstudio,
    rdml,
    reaction,
    table,
    worklist,
    written_codes,
)
from poolpipe.instruments import ImportPolicy, read

LEFT_UNKNOWN = "left unknown: no events until it is given"
ROTOR = "<rows>1</rows><columns>72</columns>"
PANTHER = (
    "Specimen Barcode\tAnalyte\tInterpretation 1\tInterpretation 2\tInterpretation 3\tCompletion Time UTC\n"
)
END = "[end]168a88c5\n"
SDS = "Well\tWell Position\tSample Name\tTarget Name\tTask\tCT\n"
NAMED = "Well Position\tSample Name\tTarget Name\tTask\tCT\n"
SETUP = "ID,P1\nRun Ended,{}"
TIME_ZONES = ("Asia/Shanghai", "UTC", "another zone")
ORDERS = ("month first (mdy)", "day first (dmy)")

Told = tuple[str, tuple[str, ...], tuple[str, ...], str, str]

QUESTIONS: dict[str, tuple[str | bytes, dict[str, Any], list[Told]]] = {
    "text that is not Unicode": (
        "反应孔\t样本编号\t检测项目\tCt\nA1\t样本一\tN\t20.5\n".encode("gb18030"), {},
        [("encoding", ("x.csv",), ("gb18030", "cp1252"), "gb18030", "encoding"),
         ("plate_missing", ("x.csv",), ("--plate", "plate_file_name"), LEFT_UNKNOWN, "plate"),
         ("sample_is_no_tube", ("样本一",), ("tube_pattern", "a plate map"), "not loaded", "tube_pattern"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "a channel without any Ct": (
        channel("FAM", "30.1", "_") + channel("VIC", "_", "_"), {"targets": {"FAM": "N", "VIC": "ORF1ab"}},
        [("target_is_channel", ("FAM",), ("channel", "targets"), "N", "targets"),
         ("target_is_channel", ("VIC",), ("channel", "targets"), "ORF1ab", "targets"),
         ("target_without_ct", ("VIC",), ("undetermined", "not analysed"), "undetermined", "omit the run")],
    ),
    "times of which day or month comes first": (
        PANTHER + "".join(f"T00{i}\tSARSCoV2\t300\tValid\tNegative\t2/10/2022 13:1{i}\n" for i in range(3)) + END, {},
        [("date_order", ("line 2", "line 3", "line 4"), ORDERS, "left unknown", "date_order")],
    ),
    "a time that is none": (
        PANTHER + "T1\tSARSCoV2\t300\tValid\tNegative\t2/13/2022 13:10\nT2\tSARSCoV2\t300\tValid\tNegative\t2/1\n" + END, {},
        [("bad_time", ("line 3",), (), "left unknown", "at")],
    ),
    "other analytes": (
        PANTHER + "".join(f"T{i}\t{analyte}\t300\tValid\tNegative\t2/13/2022 13:10\n"
                          for i, analyte in enumerate(("SARSCoV2", "FluA", "SARS-CoV-2", "RSV"))) + END, {},
        [("other_analyte", ("FluA", "RSV"), ("targets",), "not reported", "targets")],
    ),
    "two tubes in a well": (
        table("Plate Well Tube", "P1 A1 T1", "P1 B1 T2", "P1 C1 T3", "P1 B1 T5", "P1 A1 T4"), {},
        [("well_loaded_twice", ("P1:A01: T1, T4", "P1:B01: T2, T5"), ("import them as a file each", "void the wrong load"),
          "kept: the run finds well_shared", "one file a plate")],
    ),
    "a sample that is no tube": (
        table("Plate Well Tube", "P1 A1 T001", "P1 A2 -", "P1 A3 T003", "P1 A4 T004"), {},
        [("sample_is_no_tube", ("-",), ("tube_pattern", "a plate map"), "not loaded", "tube_pattern")],
    ),
    "a time of a run in which day or month comes first": (
        cfx(SETUP.format("03/02/2022 13:07:52")), {},
        [("date_order", ("run_end",), ORDERS, "left unknown", "date_order")],
    ),
    "a time without a zone": (
        cfx(SETUP.format("2022-02-10 13:07:52")), {},
        [("time_without_zone", ("run_end",), TIME_ZONES, "Asia/Shanghai", "zone")],
    ),
    "a zone of two meanings": (
        quantstudio("1 _ T1 20.5").replace("12:00:00", "12:00:00 PM CST"), {},
        [("zone_ambiguous", ("run_end",), ("+08:00 (China)", "-06:00 (US Central)"), "as in Asia/Shanghai", "zone_abbreviations")],
    ),
    "a plate in the file's name": (
        quantstudio("1 _ T1 20.5").replace("= P1", "= NA"), {"plate_file_name": r"^(?P<plate>x)\."},
        [("plate_from_file_name", ("x.csv",), ("file name", "none"), "x", "plate_file_name"),
         ("time_without_zone", ("run_end",), TIME_ZONES, "Asia/Shanghai", "zone")],
    ),
    "a drawn plate of numbers": (
        GRID.format("1,2,3,4,5,6,7,8,,,,"), {"plate": "P1"},
        [("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "an omitted well": (
        quantstudio("1 true T1 18.2", "2 _ T2 20.5"), {},
        [("omitted_well", ("A01 (line 7): 18.2",), ("leave_out", "keep"), "leave_out", "omitted_wells")],
    ),
    "an omitted well that is kept": (
        quantstudio("1 true T1 18.2", "2 _ T2 20.5"), {"omitted_wells": "keep"},
        [("omitted_well", ("A01 (line 7): 18.2",), ("leave_out", "keep"), "keep", "omitted_wells")],
    ),
    "flagged wells": (
        quantstudio("1 _ T1 18.2 _ _ Y", "2 _ T2 20.5", "3 _ T3 21.5 _ _ Y"), {},
        [("flagged_well", ("A01 (line 7): HIGHSD", "A03 (line 9): HIGHSD"), ("keep", "leave_out"), "keep", "flagged_wells")],
    ),
    "a word that is neither yes nor no": (
        quantstudio("1 vielleicht T1 18.2", "2 _ T2 20.5"), {},
        [("yes_or_no", ("A01 (line 7): vielleicht",), ("yes_words", "no_words"), "left out", "yes_words")],
    ),
    "an empty Ct": (
        quantstudio("1 _ T1 _", "2 _ T2 20.5"), {},
        [("empty_ct", ("A01 (line 7)",), ("leave_out", "undetermined"), "leave_out", "empty_ct")],
    ),
    "a Ct of zero": (
        quantstudio("1 _ T1 0", "2 _ T2 20.5"), {},
        [("ct_is_zero", ("A01 (line 7)",), ("leave_out", "undetermined", "number"), "leave_out", "zero_ct")],
    ),
    "a Ct of forty": (
        quantstudio("1 _ T1 40", "2 _ T2 20.5", "3 _ T3 40"), {},
        [("ct_may_be_no_call", ("A01 (line 7)", "A03 (line 9)"), ("number", "undetermined"), "40 is a number", "no_call_ct")],
    ),
    "two columns that differ": (
        table("Plate Well Target Ct Ct", "P1 A1 N 20.5 20.5", "P1 A2 N 21.5 31.5"), {"duplicate_columns": "last"},
        [("duplicate_columns_differ", ("line 3",), ("first", "last", "refuse"), "last", "duplicate_columns"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "targets in other spelling, and strangers": (
        table("Plate Well Target Ct", "P1 A1 ORF1AB 20.5", "P1 A1 E 21.5", "P1 A1 N 22.5"), {},
        [("target_spelling", ("ORF1AB",), ("ORF1ab", "ORF1AB"), "ORF1ab", "targets"),
         ("target_not_expected", ("E",), ("targets", "expected_targets"), "kept as it is named", "targets"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "a file that names the dye only": (
        "Well\tFluor\tContent\tSample\tCq\nA01\tFAM\tUnkn\tT1\t20.5\n", {"targets": {"FAM": "N"}, "plate": "P1"},
        [("target_is_dye", ("FAM",), ("dye", "targets"), "N", "targets"), ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "a file that names the channel only": (
        channel("VIC", "20.5", "21.5"), {"expected_targets": ["VIC"]},
        [("target_is_channel", ("VIC",), ("channel", "targets"), "VIC", "targets")],
    ),
    "a worklist": (
        worklist("A;R;;T;1;T1;200", "D;P;P1;96 Well;1;;200"), {},
        [("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at"),
         ("worklist_not_log", ("x.csv",), ("take", "use the log instead"), "taken", "--loads")],
    ),
    "a worklist whose labware has no id": (
        worklist("A;R;;;1;T1;10", "D;384 Well[001];;;9;;10"), {},
        [("plate_missing", ("384 Well[001]",), ("--plate", "a worklist with rack ids"), LEFT_UNKNOWN, "plate"),
         ("plate_size", ("384 Well[001]",), ("96", "384"), "384", "the rack's type"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at"),
         ("worklist_not_log", ("x.csv",), ("take", "use the log instead"), "taken", "--loads")],
    ),
    "a worklist whose label is the plate": (
        worklist("A;R;;;1;T1;10", "D;P0001;;;9;;10"), {},
        [("plate_is_label", ("P0001",), ("P0001", "--plate"), "P0001", "plate"),
         ("plate_size", ("P0001",), ("96", "384"), "96", "plate_wells"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at"),
         ("worklist_not_log", ("x.csv",), ("take", "use the log instead"), "taken", "--loads")],
    ),
    "a number and a name of a well that differ": (
        SDS + "".join(f"{i}\tA{7 if i == 3 else i}\tT{i}\tN\tUNKNOWN\t2{i}.5\n" for i in range(1, 10)), {"plate": "P1"},
        [("well_disagrees", ("number 3, name A7 (line 4)",), ("majority", "name", "leave_out"), "leave_out", "well_disagrees"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "numbers of wells from zero": (
        "Well\tSample Name\tTarget Name\tTask\tCT\n0\tT1\tN\tUNKNOWN\t20.5\n12\tT2\tN\tUNKNOWN\t21.5\n", {"plate": "P1"},
        [("wells_from_zero", ("all wells",), ("0", "1"), "0: the file proves it", "the layout"),
         ("plate_size", ("all wells",), ("96", "384"), "96", "plate_wells"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "tasks of a sample and of a control in a well": (
        NAMED + "A1\tT1\tN\tUNKNOWN\t20.5\nA1\tT1\tORF1ab\tNTC\t21.5\nA2\tT2\tN\tUNKNOWN\t22.5\n", {"plate": "P1"},
        [("task_disagrees", ("A1 (line 2)",), ("correct the plate's set-up", "--loads"), "no load is made of the well", "a plate map"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "a sample that is named like a control": (
        NAMED + "A1\tPC\tN\tUNKNOWN\t20.5\nA2\tT2\tN\tUNKNOWN\t20.5\n", {"plate": "P1"},
        [("control_has_sample_task", ("A1",), ("trust", "over_task"), "sample", "control_names"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "a sample that is named like a control, and the name decides": (
        NAMED + "A1\tPC\tN\tUNKNOWN\t20.5\nA2\tT2\tN\tUNKNOWN\t20.5\n", {"plate": "P1", "control_names": "over_task"},
        [("control_has_sample_task", ("A1",), ("trust", "over_task"), "positive_control", "control_names"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "a control by its name": (
        table("Plate Well Tube", "P1 A01 T20220000", "P1 A02 T20220001", "P1 B04 NTC"), {},
        [("control_by_name", ("B04",), ("trust", "over_task", "ignore"), "trust", "control_names")],
    ),
    "RDML without a date": (
        rdml(reaction(12, "20.5")), {"plate": "P1"}, [("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML of rotors": (
        rdml(reaction(13, "20.5"), shape=ROTOR), {"plate": "P1"},
        [("rotor_positions", ("run r1",), ("row", "column"), "row", "rotor_order"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML of a plate without format": (
        rdml(reaction(13, "20.5"), shape="").replace("<pcrFormat></pcrFormat>", ""), {"plate": "P1"},
        [("plate_size", ("run r1",), ("96", "384"), "96", "plate_wells"), ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML with an excluded value": (
        rdml(reaction(1, "30.5", more="<excl/>"), reaction(12, "20.5")), {"plate": "P1"},
        [("omitted_well", ("A01 N: 30.5 (no reason given)",), ("leave_out", "keep"), "leave_out", "omitted_wells"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML with a Cq of zero": (
        rdml(reaction(1, "0"), reaction(12, "20.5")), {"plate": "P1"},
        [("ct_is_zero", ("A01 N",), ("leave_out", "undetermined", "number"), "leave_out", "zero_ct"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML with a Cq of forty": (
        rdml(reaction(1, "40"), reaction(12, "20.5")), {"plate": "P1"},
        [("ct_may_be_no_call", ("A01 N",), ("number", "undetermined"), "40 is a number", "no_call_ct"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML with reactions from zero": (
        rdml(reaction(0, "30.5"), reaction(12, "20.5")), {"plate": "P1"},
        [("wells_from_zero", ("run r1",), ("0", "1"), "0: the file proves it", "the layout"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
    "RDML with samples of no known type": (
        rdml(reaction(1, "30.5", sample="T0"), reaction(2, "31.5", sample="T1"),
             head='<sample id="T0"><type>weird</type></sample><sample id="T1"/>'), {"plate": "P1"},
        [("sample_without_type", ("A01 T0 weird", "A02 T1"), ("type unkn, ntc or pos", "a plate map"), "no load is made of them",
          "--loads"),
         ("time_missing", ("x.csv",), ("--at",), LEFT_UNKNOWN, "at")],
    ),
}  # fmt: skip
"""What a file is, its content, the import policy, and every question that comes of it, in order."""
TOLD_ELSEWHERE = {"time_missing", "plate_missing", "time_without_zone"}
"""Questions that nearly every short file raises; each has a file of its own above."""


@pytest.mark.parametrize(("content", "policy", "expected"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_question__says_where_what_and_how(
    content: str | bytes, policy: dict[str, Any], expected: list[Told]
) -> None:
    given = ImportPolicy.model_validate({"lab": "L1"} | policy)
    file = read(content if isinstance(content, bytes) else content.encode(), policy=given, name="x.csv")
    asked = [(each.code, each.where, each.options, each.decided, each.setting) for each in file.questions]
    named = {code for code, *_ in expected}
    assert [each for each in asked if each[0] in named or each[0] not in TOLD_ELSEWHERE] == expected


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (worklist("A;R;;;1;T1;10", "D;384 Well[001];;;9;;10"), "plate_size", "label"),
        (worklist("A;R;;;1;T1;10", "D;P0001;;;9;;10"), "plate_size", "no plate size"),
        (
            rdml(reaction(12, "20.5"), head="<dateMade>2022-02-10T08:00:00</dateMade>"),
            "time_missing",
            "2022-02-10",
        ),
        (rdml(reaction(12, "20.5")), "time_missing", "no run has a date$"),
    ],
)
def test_a_question__says_which_of_its_reasons_it_is(content: str, code: str, words: str) -> None:
    file = read(content.encode(), policy=ImportPolicy(lab="L1"))
    (asked,) = [each.what for each in file.questions if each.code == code]
    assert re.search(words, asked), asked


ELSEWHERE = {"barcode_is_number"}
"""Codes of questions that workbooks raise."""


def test_every_code__has_a_file_here() -> None:
    told_of = {code for *_, expected in QUESTIONS.values() for code, *_ in expected}
    assert written_codes("ask") - told_of - ELSEWHERE == set(), "add a file that raises it to QUESTIONS"
