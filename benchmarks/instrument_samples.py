"""Sound sample files of machines and robots, and the texts, cells and archives they are made of."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from benchmarks.instrument_shapes import EDS, RDML, TEXTS, diomni, slan
from poolpipe.events.spreadsheets import sheet_rows, sheet_titles

if TYPE_CHECKING:
    from pathlib import Path


__all__ = [
    "Sample",
    "decimal_comma",
    "is_header",
    "kind_of",
    "of_another_plate",
    "other_value",
    "samples",
    "shown_as",
    "tables_in",
    "tables_of",
    "unzipped",
    "value_of",
    "workbook",
    "zipped",
]


@dataclass(frozen=True)
class Sample:
    """A sound file: its bytes, and of a text its encoding, delimiter and line end."""

    name: str
    content: bytes
    encoding: str = ""
    delimiter: str = ""
    end: str = "\n"
    member: str = ""  # of an archive: the text inside it
    ordered: bool = False  # the order of its lines says which belong together
    exchanges: bool = True  # its columns hold different things
    ragged: bool = False  # its rows have as many cells as their lists
    shortest: bool = False  # zeros at the ends of its numbers are left out

    def lines(self) -> list[str]:
        """The lines of the text, of an archive those of its text member."""
        text = unzipped(self.content)[self.member] if self.member else self.content
        return text.decode(self.encoding).removesuffix(self.end).split(self.end)

    def rendered(self, lines: list[str], *, end: str = "", encoding: str = "") -> bytes:
        """The file with other lines."""
        text = "".join(line + (end or self.end) for line in lines).encode(encoding or self.encoding)
        return zipped(unzipped(self.content) | {self.member: text}) if self.member else text


ORDERED = ("tecan", "rotor-gene")  # their lines belong to the lines above them

WIDE = """Plate,Well,Tube,ORF1ab Ct,N Ct,IC Ct,Result
P1,A1,T0001,25.10,26.25,24.05,Positive
P1,B1,T0002,,,24.11,Negative
P1,C1,T0003,,38.21,25.33,Suspect
P1,D1,T0004,,,26.42,Negative
P1,E1,T0005,,,24.93,Negative
P1,H11,NTC,,,,
P1,H12,PC,28.12,29.13,,
"""


def _plain_tables() -> dict[str, tuple[str, str]]:
    """Tables that the folder of samples has none of: text and delimiter by name."""
    wells = [f"{row}{column}" for row in "AB" for column in range(1, 5)]
    cts = [("ORF1ab", "FAM", "Undetermined"), ("N", "HEX", "3{}.{}41"), ("IC", "CY5", "24.{}{}7")]
    rows = [
        (i, well, f"T0{i:02}", target, dye, ct.format(i % 5, i))
        for i, well in enumerate(wells, 1)
        for target, dye, ct in cts
    ]
    readings = ["Plate,Well,Sample,Target,Ct", *(f"P1,{w},{s},{t},{ct}" for _, w, s, t, _, ct in rows)]
    slan = ["Instrument\tSLAN-96P", "Plate\tP1", "End Time\t2022-02-10 13:07:52", "",
            "Well\tSample ID\tSample Type\tChannel\tTarget\tCt",
            *(f"{w}\t{s}\tUnknown\t{d}\t{t}\t{ct}" for _, w, s, t, d, ct in rows)]  # fmt: skip
    return {
        "wide-table.csv": (WIDE, ","),
        "readings-table.csv": ("\n".join([*readings, ""]), ","),
        "slan-english.txt": ("\n".join([*slan, ""]), "\t"),
        **TEXTS,
    }


def _archives() -> dict[str, bytes]:
    return {
        "eds-7500.eds": zipped(EDS),
        "lightcycler96.rdml": zipped(RDML),
        "diomni4.xlsx": workbook(diomni()),
        "slan-merged.xlsx": _merged(*slan()),
        "diomni4-backslashes.xlsx": zipped(
            {name.replace("/", "\\"): member for name, member in unzipped(workbook(diomni())).items()}
        ),
    }


def _merged(rows: list[list[object]], ranges: list[str]) -> bytes:
    """A workbook of one sheet with merged cells."""
    cells = "".join(f'<mergeCell ref="{each}"/>' for each in ranges)
    end = b"</sheetData>"
    members = unzipped(workbook({"实验数据": rows}))
    return zipped(
        {
            name: text.replace(end, end + f"<mergeCells>{cells}</mergeCells>".encode())
            for name, text in members.items()
        }
    )


def samples(folder: Path) -> list[Sample]:
    """The samples of the project's folder of simulated files, and one of each plain table."""
    found = [
        Sample(
            name,
            text.encode(),
            "utf-8",
            mark,
            ordered=name.startswith(ORDERED),
            shortest="analysis-1" in name,
            ragged="lists" in name,
        )
        for name, (text, mark) in _plain_tables().items()
    ]
    found += [_sample(name, content) for name, content in _archives().items()]
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in ("make.py", "README.md", "truth.csv", "stamping.csv"):
            content = path.read_bytes()
            found.append(_sample(path.name, gzip.decompress(content) if path.suffix == ".gz" else content))
    return found


def _sample(name: str, content: bytes) -> Sample:
    if content.startswith(b"PK"):
        member = next((each for each in unzipped(content) if each.endswith("analysis_result.txt")), "")
        return Sample(name, content, "utf-8" if member else "", "\t", member=member)
    if content.startswith(b"\xd0\xcf"):
        return Sample(name, content)  # its bytes have no checksum, so they are only cut
    encoding = next(each for each in ("utf-8-sig", "utf-16", "gb18030") if _decodes(content, each))
    text = content.decode(encoding)
    end = "\r\n" if "\r\n" in text else "\n"
    mark = max("\t;,", key=lambda each: _regular(text, each))
    return Sample(
        name,
        content,
        encoding,
        mark,
        end,
        ordered=name.endswith((".gwl", "gene.csv")),
        exchanges="grid" not in name,
    )


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _regular(text: str, mark: str) -> int:
    """How many lines have the commonest number of delimiters."""
    counts = Counter(line.count(mark) for line in text.splitlines() if line.count(mark) > 1)
    return max(counts.values(), default=0)


def tables_in(lines: list[str], delimiter: str) -> list[list[int]]:
    """Line numbers of each table: runs of at least three lines of one width, or all lines of the commonest one."""
    widths = [line.count(delimiter) + 1 for line in lines]
    starts = [i for i, width in enumerate(widths) if i == 0 or width != widths[i - 1]]
    runs = [list(range(i, j)) for i, j in zip(starts, [*starts[1:], len(lines)], strict=True)]
    found = [run for run in runs if len(run) > 2 and widths[run[0]] > 2]
    commonest, count = next(iter(Counter(width for width in widths if width > 2).most_common(1)), (0, 0))
    return found or ([[i for i, width in enumerate(widths) if width == commonest]] if count > 2 else [])


def is_header(cells: list[str]) -> bool:
    return all(kind_of(cell) in ("word", "empty") for cell in cells)


def kind_of(text: str) -> str:
    if not text.strip():
        return "empty"
    if re.fullmatch(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?", text):
        return "number"
    return "well" if re.fullmatch(r"[A-P]\d{1,2}", text) else "word"


def decimal_comma(sample: Sample) -> bool:
    return bool(re.search(r"\d,\d{2}(?!\d)", "\n".join(sample.lines()))) and sample.delimiter != ","


def value_of(text: str, *, comma: bool) -> object:
    """What a spreadsheet of the right language makes of a text: a number, a truth, or the text."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    plain = text.replace(".", "").replace(",", ".") if comma else text
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain):
        plain = plain.replace(",", "")
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", plain) and not re.match(r"[+-]?0\d", plain):
        return float(plain)
    return text


def shown_as(value: object, language: str, mark: str) -> str:
    """What a spreadsheet writes for a value into a text: numbers in its language, long ones in scientific notation."""
    if isinstance(value, bool):
        return {"de": ("FALSCH", "WAHR")}.get(language, ("FALSE", "TRUE"))[value]
    text = str(value)
    if isinstance(value, float):
        text = f"{value:.5E}" if abs(value) >= 1e11 else f"{value:.10g}"
        text = text.replace(".", ",") if language == "de" else text
    return f'"{text}"' if mark in text else text


def of_another_plate(line: str, delimiter: str) -> str:
    return delimiter.join(str(other_value(cell)) for cell in line.split(delimiter))


def other_value(cell: object) -> object:
    """A cell of another plate: other Ct values and other tubes, the same wells and words."""
    if isinstance(cell, float) and 10 < cell < 45 and cell != int(cell):
        return round(cell + 3.5, 4)
    text = str(cell)
    if re.fullmatch(r"\d{2}[.,]\d{2,}", text):
        mark = "," if "," in text else "."
        return f"{float(text.replace(',', '.')) + 3.5:.{len(text) - 3}f}".replace(".", mark)
    if re.fullmatch(r"(?:22021000|T0|31)\w{2,}", text):
        return f"{text}9"
    return cell


def unzipped(content: bytes) -> dict[str, bytes]:
    """Members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tables_of(content: bytes) -> dict[str, list[list[object]]]:
    """Rows of every sheet of a workbook, numbers as numbers."""
    sheets: dict[str, list[list[object]]] = {}
    for title in sheet_titles(content):
        sheets[title] = [
            [float(cell) if i in numeric else cell for i, cell in enumerate(cells)]
            for cells, numeric in sheet_rows(content, title)
        ]
    return sheets


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A minimal xlsx: numbers as numbers, truths as truths, everything else as inline text."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbered = list(enumerate(sheets, 1))
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}" xmlns:r="{kind}"/>' for i, name in numbered
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{kind}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in numbered
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{sheet}.worksheet+xml"/>'
        for i, _ in numbered
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/'
        f'vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.'
        f'main+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" Type="{kind}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for i, name in numbered:
        rows = "".join(f"<row>{''.join(map(cell_xml, row))}</row>" for row in sheets[name])
        members[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
        )
    return zipped({name: text.encode() for name, text in members.items()})


def cell_xml(value: object) -> str:
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' if value != "" else "<c/>"
