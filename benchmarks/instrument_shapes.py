"""Sound files in the shapes that machines and robots really write, as texts, tables and archives; everything in them is invented."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EDS", "RDML", "TEXTS", "diomni", "slan"]

WELLS = [f"{row}{column}" for row in "AB" for column in range(1, 5)]
NUMBERS = range(1, len(WELLS) + 1)


def _ct(target: int, well: int, decimals: int) -> str:
    """A Ct, or nothing, of a target in a well: some of each, with so many decimals and none of them a zero."""
    if (target + well) % 3 == 0:
        return ""
    return (
        f"{20 + 2 * target + well}.{''.join(str((well * 3 + target + i) % 9 + 1) for i in range(decimals))}"
    )


def _rotor_gene() -> Iterator[str]:
    yield from (
        "Excel Analysed Data Export;;;;", "File;run.rex;;;;", "Date;2/24/2022;;;;", "Time;10:34:20 AM;;;;",
        "Machine Serial No;000001;;;;",
    )  # fmt: skip
    for target, name in enumerate(("Green (ORF1ab)", "Yellow (N)"), 1):
        yield from (
            ";;;;",
            f"Quantitative analysis of Cycling A.{name};;;;",
            ";;;;",
            "No.;Color;Name;Type;Ct",
        )
        yield from (f"{i};255;T0000{i:02};Unknown;{_ct(target, i, 2)}" for i in NUMBERS)


def _target_call() -> Iterator[str]:
    yield from (
        "# Barcode: P0001", "# Instrument Type: QuantStudio 7 System", "# Block Type: 384-Well Block",
        "# Plate Run End Date/Time: 2022-02-10 01:07:52 PM EST", "", "[Target Call]",
        "Well Position,Sample,Target,Cq",
    )  # fmt: skip
    for i, well in enumerate(WELLS, 1):
        for target, name in enumerate(("N", "ORF1ab"), 1):
            yield f"{well},T0000{i:02},{name},{_ct(target, i, 3 - i % 3) or 'Undetermined'}"


def _lighthouse() -> Iterator[str]:
    yield "Root Sample ID,Viral Prep ID,RNA ID,RNA-PCR ID,Result,Date Tested,Lab ID"
    for i, well in enumerate(WELLS, 1):
        call = ("Negative", "Positive", "Void")[i % 3]
        yield f"T0000{i:02},{i},PL1234_{well[0]}{i:02},PC1_{well},{call},2022-02-10 14:30:4{i} UTC,AP"


def _by_label() -> Iterator[str]:
    for i in NUMBERS:
        yield f"A;Tubes[001];;;{i};T0000{i:02};10;;;"
        yield f"D;384 Well[001];P384-1;;{8 + i};;10;;;"
        yield "W;"


def _lists(*, brackets: bool) -> Iterator[str]:
    left, right = ("[", "]") if brackets else ("", "")
    yield "SourceBarcode,TargetPlateBarcode,TargetWell,Status,Channels"
    for i, well in enumerate(WELLS, 1):
        channels = ",".join(str(k) for k in range(1, 2 + i % 3))
        yield f"T0000{i:02},P1,{well},{'Clot' if i == 5 else 'OK'},{left}{channels}{right}"


def _sds() -> Iterator[str]:
    yield from (
        "SDS 2.3\tAQ Results\t1.0", "Filename\tx", "PlateID\t", "Run DateTime\t2/24/22 12:10:33 PM", "Operator\t", "",
        "Sample Information", "",
        "Well\tSample Name\tDetector Name\tReporter\tTask\tCt\tQuantity\tBaseline Type\tThreshold\t",
    )  # fmt: skip
    for i in NUMBERS:
        for target, name in enumerate(("ORF1ab", "N"), 1):
            ct = _ct(target, i, 6) or "Undetermined"
            yield f"{100 + i}\tT0000{i:02}\t{name}\t{'FAM' if target == 1 else 'VIC'}\tUnknown\t{ct}\t\tManual\t0.1\t"


def _analysis_result() -> Iterator[str]:
    yield "Session Name\t"
    yield "Well\tSample Name\tDetector\tTask\tCt\tAvg Ct\tCt SD\tDelta Ct\tQty\tAvg Qty\tQty SD"
    for i in range(len(WELLS)):
        for target, name in enumerate(("ORF1ab", "N"), 1):
            ct = _ct(target, i + 1, 3) or "Undetermined"
            yield f"{i}\tT0000{i:02}\t{name}\tTarget\t{ct}\t\t\t\t\t\t"
            yield "Rn values\t1.0\t1.1\t1.2"
            yield "Delta Rn values\t0.0\t0.1\t0.2"
            yield f"Std Curve Results\t{name}\t0\t0"
            yield f"DDCT Values\t{i}\t\tT0000{i:02}\t{name}\tTarget\t{ct}\t\t\t\t\t\t\t\t\tfalse\t"


def _text(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


TEXTS: dict[str, tuple[str, str]] = {
    "rotor-gene-real.csv": (_text(_rotor_gene()), ";"),
    "design-and-analysis-1.csv": (_text(_target_call()), ","),
    "lighthouse-without-channels.csv": (_text(_lighthouse()), ","),
    "tecan-by-label.gwl": (_text(_by_label()), ";"),
    "hamilton-lists.csv": (_text(_lists(brackets=True)), ","),
    "hamilton-bare-lists.csv": (_text(_lists(brackets=False)), ","),
    "sds-2.3.txt": (_text(_sds()), "\t"),
}
"""Text and delimiter of each."""

EDS: dict[str, bytes] = {
    "apldbio/sds/analysis_result.txt": _text(_analysis_result()).encode(),
    "apldbio/sds/plate_setup.xml": b"<Plate><Rows>8</Rows><Columns>12</Columns></Plate>",
    "xl/worksheets/sheet1.xml": b"<worksheet><sheetData/></worksheet>",
    "xl/workbook.xml": b"<workbook/>",
}
"""Members of an archive of the 7500: results, set-up and an empty workbook."""


def _rdml() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield '<rdml xmlns="http://www.rdml.org" version="1.1"><dateMade>2022-02-10T10:00:00</dateMade>'
    yield f'<sample id="{_guid(0)}"><description /><type>ntp</type></sample>'
    for i in NUMBERS:
        yield f'<sample id="{_guid(i)}"><description>T0000{i:02}</description><type>unkn</type></sample>'
    for dye, target in (("FAM", "ORF1ab"), ("HEX", "N")):
        yield f'<target id="{dye}@{target}"><type>toi</type><dyeId id="{dye}"/></target>'
    yield '<experiment id="e"><run id="r"><pcrFormat><rows>8</rows><columns>12</columns></pcrFormat>'
    yield "<runDate>2022-02-10T10:00:00</runDate>"
    for i in [*NUMBERS, 0]:
        reads = "".join(
            f'<data><tar id="{tar}"/><cq>{_ct(k, i, 2) or -1}</cq></data>'
            for k, tar in ((1, "FAM@ORF1ab"), (2, "HEX@N"))
        )
        yield f'<react id="{i or 96}"><sample id="{_guid(i)}"/>{reads}</react>'
    yield "</run></experiment></rdml>"


def _guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


RDML: dict[str, bytes] = {"rdml_data.xml": _text(_rdml()).encode()}
"""The member of an archive of a LightCycler 96."""


def diomni() -> dict[str, list[list[object]]]:
    """Sheets of Diomni 4: the results and the calls of the wells, each with the facts of the run above."""
    facts: list[list[object]] = [
        ["Barcode", "P0001"], ["Block Type", "96-Well Block"], ["Run End Data/Time", "2022-02-10 02:39:53 PM UTC"],
        ["Software name", "Diomni"], ["Software version", "4.3.0"], [],
    ]  # fmt: skip
    results: list[list[object]] = [["Well", "Omit", "Sample", "Target", "Task", "Reporter", "Cq"]]
    calls: list[list[object]] = [["Well", "Sample", "Call", "Assessment"]]
    for i, well in enumerate(WELLS, 1):
        tube = f"T0000{i:02}"
        for target, (name, dye) in enumerate((("ORF1ab", "FAM"), ("N", "VIC")), 1):
            ct = _ct(target, i, 2)
            results.append([well, "FALSE", tube, name, "UNKNOWN", dye, float(ct) if ct else "UNDETERMINED"])
        calls.append([well, tube, "NEGATIVE", ""])
    return {"Primary_result": [*facts, *results], "Well Call": [*facts, *calls]}


def slan() -> tuple[list[list[object]], list[str]]:
    """Rows of a SLAN-96P's sheet, and its merged cells: well, sample and type over the rows of their channels."""
    rows: list[list[object]] = [
        ["仪器型号", "SLAN-96P"], ["板号", "P1"], ["结束时间", "2022-02-10 13:07:52"], [],
        ["反应孔", "样本编号", "样本类型", "通道", "目标", "Ct"],
    ]  # fmt: skip
    merged = []
    for i, well in enumerate(WELLS, 1):
        for target, (name, dye) in enumerate((("ORF1ab", "FAM"), ("N", "VIC"), ("IC", "CY5")), 1):
            ct = _ct(target, i, 2)
            first = [well, f"T0000{i:02}", "待测样品"] if target == 1 else ["", "", ""]
            rows.append([*first, dye, name, float(ct) if ct else "NoCt"])
        merged += [f"{column}{len(rows) - 2}:{column}{len(rows)}" for column in "ABC"]
    return rows, merged
