"""Make the simulated instrument files beside this script: one plate, read by every machine, each with its traps.

Everything is invented: no file here comes from an instrument or a person. Run it again and nothing changes:

    python data/samples/instruments/make.py
"""

from __future__ import annotations

import io
import random
import sys
import zipfile
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

PLATE, LAB = "P220210A", "CDC1"
TARGETS = {"ORF1ab": "FAM", "N": "VIC", "IC": "CY5"}
WELLS = [f"{row}{column}" for row in "AB" for column in range(1, 13)]
NEGATIVE, POSITIVE = "B11", "B12"
STAMP = (2022, 2, 10, 8, 0, 0)  # of every archive member, so that archives are the same every time
Row = tuple[str, str, str, float | None]  # well, sample, target, ct


def truth() -> list[Row]:
    """Well, sample, target and Ct (None: no amplification) of the plate; seeded."""
    chance = random.Random(20220210)  # noqa: S311 -- a sample, no secret
    rows: list[Row] = []
    for i, well in enumerate(WELLS):
        sample = {NEGATIVE: "NTC", POSITIVE: "PC"}.get(well, f"22021000{i + 1:04d}")
        infected = well in ("A3", "B7", POSITIVE)
        for target in TARGETS:
            detected = (target == "IC" and well != NEGATIVE) or infected
            ct = round(chance.uniform(22, 31) if target == "IC" else chance.uniform(18, 36), 2)
            rows.append((well, sample, target, ct + 0.0 if detected else None))
    return rows


def task(well: str) -> str:
    """The task of a well, in Applied Biosystems' words."""
    return {NEGATIVE: "NTC", POSITIVE: "PC"}.get(well, "UNKNOWN")


def number(well: str) -> int:
    """The number of a well, from 1 along the rows."""
    return "ABCDEFGH".index(well[0]) * 12 + int(well[1:])


def text(ct: float | None, nothing: str, mark: str = ".") -> str:
    """A Ct as text, or the machine's word for none."""
    return nothing if ct is None else f"{ct:.2f}".replace(".", mark)


def archive(members: dict[str, str]) -> bytes:
    """A zip that is the same every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(zipfile.ZipInfo(name, STAMP), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A minimal xlsx: numbers as numbers, everything else as inline text."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    names = list(sheets)
    entries = "".join(
        f'<sheet name="{n}" sheetId="{i}" r:id="r{i}" xmlns:r="{kind}"/>' for i, n in enumerate(names, 1)
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{kind}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in enumerate(names, 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{content}.worksheet+xml"/>'
        for i, _ in enumerate(names, 1)
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{content}.sheet.main+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" '
        f'Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for i, name in enumerate(names, 1):
        lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
        members[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'
        )
    return archive(members)


def cell(value: object) -> str:
    """A cell of a worksheet."""
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def quantstudio_classic() -> bytes:
    """Text with sections; the T of `Cт` is Cyrillic, quantities have thousands commas, another section follows."""
    lines = ["* Block Type = 96-Well Block (0.2mL)", "* Calibration ROI performed on = 01-15-2022",
             f"* Experiment Barcode = {PLATE}", "* Experiment Name = simulated",
             "* Experiment Run End Time = 2022-02-10 13:07:52 PM CST", "* Instrument Serial Number = 278800001",
             "* Instrument Type = QuantStudio(TM) 7 Flex System", "* Quantification Cycle Method = Ct", "",
             "[Sample Setup]", "Well\tWell Position\tSample Name\tTarget Name\tTask\tReporter"]  # fmt: skip
    lines += [f"{number(w)}\t{w}\t{s}\t{t}\t{task(w)}\t{TARGETS[t]}" for w, s, t, _ in truth()]
    lines += ["", "[Results]",
              "Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tReporter\tCт\tCт Mean\tQuantity\tCт Threshold"]  # fmt: skip
    for w, s, t, ct in truth():
        mean = text(ct, "")
        lines.append(f"{number(w)}\t{w}\tfalse\t{s}\t{t}\t{task(w)}\t{TARGETS[t]}\t{text(ct, 'Undetermined')}\t{mean}"
                     "\t118,248.200\t0.137")  # fmt: skip
    lines += ["", "[Melt Curve Raw Data]", "Well\tWell Position\tReading"]
    return "\n".join([*lines, ""]).encode()


def abi7500() -> bytes:
    """Tab-separated UTF-16 text that calls itself .xls; wells are A1; the last sample well is empty, not negative."""
    lines = ["Block Type\t96fast", "Chemistry\tTAQMAN", f"Experiment Barcode\t{PLATE}",
             "Experiment Run End Time\t2022-02-10 05:07:52 AM UTC", "Instrument Type\tsds7500", "",
             "Well\tSample Name\tTarget Name\tTask\tReporter\tCт"]  # fmt: skip
    for w, s, t, ct in truth():
        shown = "" if w == "B10" else text(ct, "Undetermined")
        lines.append(f"{w}\t{s}\t{t}\t{task(w)}\t{TARGETS[t]}\t{shown}")
    return "\r\n".join([*lines, ""]).encode("utf-16")


def design_and_analysis() -> bytes:
    """Many sheets, UNDETERMINED, numbers as numbers, one omitted well (A5), one re-analysis time."""
    preamble: list[list[object]] = [
        ["File Name", "simulated.eds"], ["Barcode", PLATE], ["Instrument Type", "QuantStudio™ 7 Pro System"],
        ["Block Type", "96-Well 0.2-mL Block"], ["Instrument Serial Number", "2778700001"],
        ["Run End Data/Time", "2022-02-10 01:07:52 PM CST"], ["Analysis Date/Time", "2022-02-11 09:30:00 AM +08:00"],
        ["Software Name and Version", "Design & Analysis Software v2.7.0"], [""],
    ]  # fmt: skip
    head: list[object] = ["Well", "Well Position", "Omit", "Sample", "Target", "Task", "Reporter", "Amp Status", "Cq",
                          "Cq Mean"]  # fmt: skip
    rows: list[list[object]] = [
        [number(w), w, "TRUE" if w == "A5" else "FALSE", s, t, task(w), TARGETS[t], "NO_AMP" if ct is None else "AMP",
         "UNDETERMINED" if ct is None else ct, "" if ct is None else ct]
        for w, s, t, ct in truth()
    ]  # fmt: skip
    amplification: list[list[object]] = [
        *preamble,
        ["Well", "Well Position", "Cycle Number", "Target", "Rn"],
        [1, "A1", 1, "N", 0.5],
    ]
    return workbook({"Results": [*preamble, head, *rows], "Amplification Data": amplification})


def diomni() -> bytes:
    """The same table as CSV with a commented preamble; a time without zone."""
    lines = ["# Software Name and Version: Diomni Design and Analysis (RUO) v3.0.0", f"# Barcode: {PLATE}",
             "# Block Type: 96-Well Block", "# Run End Date/Time: 2022-02-10 13:07:52", "",
             "Well,Well Position,Omit,Sample,Target,Task,Reporter,Amp Status,Cq"]  # fmt: skip
    lines += [f"{number(w)},{w},false,{s},{t},{task(w)},{TARGETS[t]},{'No Amp' if ct is None else 'Amp'},"
              f"{text(ct, 'Undetermined')}" for w, s, t, ct in truth()]  # fmt: skip
    return "\n".join([*lines, ""]).encode()


def eds() -> bytes:
    """Wells count from zero; 40.0 stands where nothing amplified; curves between the rows."""
    lines = ["Session Name\t", "Well\tSample Name\tDetector\tTask\tCt\tAvg Ct\tCt SD"]
    for w, s, t, ct in truth():
        lines += [f"{number(w) - 1}\t{s}\t{t}\t{'NTC' if w == NEGATIVE else 'UNKNOWN'}\t{text(ct, '40.0')}\t\t",
                  "Rn values\t0.82\t0.83\t0.9", "Delta Rn values\t0.0\t1.2E-4\t0.1"]  # fmt: skip
    return archive({
        "apldbio/sds/analysis_result.txt": "\n".join([*lines, ""]),
        "apldbio/sds/experiment.xml": "<Experiment><InstrumentTypeId>sds7500</InstrumentTypeId>"
        "<RunEndTime>1644469672000</RunEndTime></Experiment>",
        "apldbio/sds/plate_setup.xml": f"<Plate><BarCode>{PLATE}</BarCode><Rows>8</Rows><Columns>12</Columns></Plate>",
    })  # fmt: skip


def cfx() -> bytes:
    """Semicolons and decimal commas, as on a German or Chinese-European desktop; NaN; a day-first date."""
    lines = ["File Name;simulated.pcrd", f"ID;{PLATE}", "Run Started;10.02.2022 11:30:00 UTC",
             "Run Ended;10.02.2022 13:07:52 UTC", "Base Serial Number;CT000001", "CFX Maestro Version;5.3", "",
             ";Well;Fluor;Target;Content;Sample;Cq;Cq Mean;Starting Quantity (SQ)"]  # fmt: skip
    content = {"NTC": "NTC", "PC": "Pos Ctrl", "UNKNOWN": "Unkn"}
    lines += [f";{w[0]}{int(w[1:]):02d};{TARGETS[t]};{t};{content[task(w)]};{s};{text(ct, 'NaN', ',')};"
              f"{text(ct, '0', ',')};1.234,50" for w, s, t, ct in truth()]  # fmt: skip
    return "\r\n".join([*lines, ""]).encode("utf-8-sig")


def lightcycler480() -> bytes:
    """One channel a file; empty is no call; Include is False for one well; no plate and no time."""
    lines = ["Experiment: simulated 2022-02-10  Selected Filter: FAM (465-510)",
             "Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus"]  # fmt: skip
    lines += [
        f"{w != 'A5'}\t255\t{w}\t{s}\t{text(ct, '')}\t\t0\t" for w, s, t, ct in truth() if t == "ORF1ab"
    ]
    return "\r\n".join([*lines, ""]).encode()


def lightcycler96() -> bytes:
    """`-` is no Cq; two columns for the Cq's mean and error beside it."""
    lines = [f"Plate ID\t{PLATE}", "Run End\t2022-02-10T13:07:52+08:00", "",
             "Color\tPosition\tSample Name\tGene Name\tCq\tCq Mean\tCq Error\tExcluded\tSample Type\tDye\tFailure"]  # fmt: skip
    types = {"NTC": "Negative control", "PC": "Positive control", "UNKNOWN": "Unknown"}
    lines += [f"255\t{w}\t{s}\t{t}\t{text(ct, '-')}\t{text(ct, '-')}\t-\t\t{types[task(w)]}\t{TARGETS[t]}\t"
              for w, s, t, ct in truth()]  # fmt: skip
    return "\n".join([*lines, ""]).encode()


def rotor_gene() -> bytes:
    """Three channel tables in one file; rotor positions are numbers; empty is no Ct."""
    lines = ['"Quantitation Report"', '"Run Name","simulated"', '"Run Finish","2022/02/10 13:07:52"',
             '"Run On Software Version","Rotor-Gene Q Software 2.3.1"', f'"Run ID","{PLATE}"']  # fmt: skip
    for target in TARGETS:
        lines += ["", f'"Quantitative analysis of channel Cycling A.{target} (Page 1)"', '"Threshold","0.03"', "",
                  '"No.","Colour","Name","Type","Ct","Ct Comment"']  # fmt: skip
        kinds = {"NTC": "NTC", "PC": "Positive Control", "UNKNOWN": "Unknown"}
        lines += [f'"{number(w)}","255","{s}","{kinds[task(w)]}","{text(ct, "")}",""'
                  for w, s, t, ct in truth() if t == target]  # fmt: skip
    return "\r\n".join([*lines, ""]).encode("ascii")


def slan96p() -> bytes:
    """Chinese headers in GB 18030, NoCt, full-width letters in one header. After the manual: no real file was at hand."""
    kinds = {"NTC": "阴性对照", "PC": "阳性对照", "UNKNOWN": "未知"}
    lines = ["仪器型号\tSLAN-96P", "仪器编号\tSL000001", f"板号\t{PLATE}", "结束时间\t2022年2月10日 13:07:52", "",
             "反应孔\t样本编号\t样本类型\t通道\t目标\tＣｔ"]  # fmt: skip
    lines += [f"{w}\t{s}\t{kinds[task(w)]}\t{TARGETS[t]}\t{t}\t{text(ct, 'NoCt')}" for w, s, t, ct in truth()]
    return "\r\n".join([*lines, ""]).encode("gb18030")


def rdml() -> bytes:
    """RDML 1.2, one run a dye; no cq and cq -1.0 both mean no amplification; one datum is excluded."""
    samples = {s: {"NTC": "ntc", "PC": "pos"}.get(s, "unkn") for _, s, _, _ in truth()}
    parts = ['<?xml version="1.0" encoding="UTF-8"?><rdml version="1.2" xmlns="http://www.rdml.org">']
    parts += [f'<sample id="{s}"><type>{kind}</type></sample>' for s, kind in samples.items()]
    parts.append('<experiment id="simulated">')
    for target, dye in TARGETS.items():
        parts.append(f'<run id="{dye}"><instrument>simulated</instrument><pcrFormat><rows>8</rows><columns>12</columns>'
                     "</pcrFormat><runDate>2022-02-10T13:07:52+08:00</runDate>")  # fmt: skip
        for w, s, t, ct in truth():
            if t == target:
                none = "" if int(w[1:]) % 2 else "<cq>-1.0</cq>"
                cq = none if ct is None else f"<cq>{ct:.2f}</cq>"
                excluded = "<excl>drop at the wall</excl>" if w == "A5" and t == "N" else ""
                parts.append(
                    f'<react id="{number(w)}"><sample id="{s}"/><data><tar id="{t}"/>{cq}{excluded}</data></react>'
                )
        parts.append("</run>")
    return archive({"simulated.xml": "".join([*parts, "</experiment></rdml>"])})


def robots() -> dict[str, bytes]:
    """Maps, worklists, logs and results of labs."""
    tubes = [(w, s) for w, s, t, _ in truth() if t == "N"]
    long = ["Plate,Well,Tube,Role"] + [
        f"{PLATE},{w},{'' if task(w) != 'UNKNOWN' else s},{task(w)}" for w, s in tubes
    ]
    log = ["SourceBarcode,TargetPlateBarcode,TargetWell,Volume,Status,Type"]
    kinds = {"NTC": "NTC", "PC": "PC", "UNKNOWN": "Sample"}
    for w, s in tubes:
        status = {"A4": "Skipped", "A6": "Clot detected"}.get(w, "OK")
        log.append(f"{s},{PLATE},{w},200,{status},{kinds[task(w)]}")
    report = ["SrcRackID;SrcPos;SrcTubeID;DestRackID;DestPos;Volume;Status;TimeStamp"]
    for i, (w, s) in enumerate(tubes):
        down = (int(w[1:]) - 1) * 8 + "ABCDEFGH".index(w[0]) + 1
        status = "No liquid" if w == "A4" else "OK"
        report.append(f"Rack1;{i + 1};{s};{PLATE};{down};200;{status};2022-02-10 10:{i:02d}:00 +08:00")
    grid = [f"板号,{PLATE}", ",".join(["", *map(str, range(1, 13))])]
    by_well = dict(tubes)
    grid += [",".join([row, *(by_well.get(f"{row}{c}", "") for c in range(1, 13))]) for row in "ABCDEFGH"]
    gwl = ["C;simulated"]
    for i, (w, s) in enumerate(tubes, 1):
        down = (int(w[1:]) - 1) * 8 + "ABCDEFGH".index(w[0]) + 1
        gwl += [f"A;Rack1;;Tube 24;{i};{s};200;;;", f"D;PCR;{PLATE};96 Well PCR;{down};;200;;;", "W;"]
    pools = ["Pooled Sample Barcode,Source Sample Barcode,Source Sample Volume"]
    pools += [f"2202100009{i // 5:02d},31{i:06d},40" for i in range(15)]
    results = [
        "Specimen Barcode\tAnalyte\tInterpretation 1\tInterpretation 2\tInterpretation 3\tCompletion Time UTC"
    ]
    calls = ("Negative", "POSITIVE", "Negative", "Negative")
    results += [
        f"2202100009{i:02d}\tSARSCoV2\t300\tValid\t{call}\t2/10/2022 13:{10 + i}"
        for i, call in enumerate(calls)
    ]
    body = "\r\n".join([*results, ""])
    lis = body + f"[end]{zlib.crc32(body.encode()):08x}"
    lighthouse = [
        "Root Sample ID,RNA ID,Result,Date Tested,Lab ID,CH1-Target,CH1-Cq,CH2-Target,CH2-Cq,CH3-Target,CH3-Cq"
    ]
    cts = {(w, t): ct for w, _, t, ct in truth()}
    for w, s in tubes:
        if task(w) == "UNKNOWN":
            channels = ",".join(f"{t},{text(cts[w, t], '')}" for t in TARGETS)
            call = "Positive" if cts[w, "N"] else "Negative"
            lighthouse.append(
                f"{s},{PLATE}_{w[0]}{int(w[1:]):02d},{call},2022-02-10 13:07:52 UTC,LH1,{channels}"
            )
    stamping = ["source_plate,quadrant,plate", f"{PLATE},2,Q384"]
    return {
        "plate-map.csv": "\n".join([*long, ""]).encode(), "hamilton-log.csv": "\r\n".join([*log, ""]).encode(),
        "tecan-log.csv": "\r\n".join([*report, ""]).encode(),
        "plate-grid.csv": "\n".join([*grid, ""]).encode(), "tecan.gwl": "\r\n".join([*gwl, ""]).encode(),
        "sample-pool-map.csv": "\n".join([*pools, ""]).encode(), "panther.lis.xls": lis.encode(),
        "lighthouse.csv": "\r\n".join([*lighthouse, ""]).encode("utf-8-sig"),
        "stamping.csv": "\n".join([*stamping, ""]).encode(),
    }  # fmt: skip


def files() -> dict[str, bytes]:
    """Name and content of every sample, and the truth they all tell."""
    told = ["well,sample,target,ct"] + [
        f"{w[0]}{int(w[1:]):02d},{s},{t},{text(ct, '')}" for w, s, t, ct in truth()
    ]
    return {
        "quantstudio-classic.txt": quantstudio_classic(), "abi7500.xls": abi7500(),
        "design-and-analysis.xlsx": design_and_analysis(), "diomni.csv": diomni(), "classic.eds": eds(),
        "cfx.csv": cfx(), "lightcycler480.txt": lightcycler480(), "lightcycler96.txt": lightcycler96(),
        "rotor-gene.csv": rotor_gene(), "slan96p.xls": slan96p(), "plate.rdml": rdml(), **robots(),
        "truth.csv": "\n".join([*told, ""]).encode(),
    }  # fmt: skip


if __name__ == "__main__":
    here = Path(__file__).parent
    for name, content in files().items():
        (here / name).write_bytes(content)
    sys.stdout.write(f"{len(files())} files in {here}\n")
