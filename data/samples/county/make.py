"""Make the files of an invented county hospital beside this script, as a laboratory that works with WPS and Excel has them.

Nobody in them exists: names are put together at random, and the resident IDs begin with 990100, a region that no register
has. Run it again and nothing changes:

    python data/samples/county/make.py
"""

from __future__ import annotations

import io
import random
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

DAY = datetime(2022, 4, 4)  # noqa: DTZ001 -- a local day of the county
STAMP = (2022, 4, 4, 8, 0, 0)  # of every archive member, so that archives are the same every time
LAB, PLATE = "县人民医院检验科", "P20220404A"
SITES = ("实验小学", "人民广场")
COMMUNITIES = ("城北社区", "河东社区", "新村")
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫", "一二三四五六七八九十甲乙丙丁"
TARGETS = {"ORF1ab": "FAM", "N": "VIC", "IC": "CY5"}
POSITIVE, SUSPECT, LOST, UNBOXED = 3, 8, 11, 12
"""Numbers of the tubes with a result to act on, of one that never came to the laboratory, and of one in no box."""

Cell = str | float | datetime | None


class Resident(NamedTuple):
    """An invented person."""

    name: str
    document: str
    number: str
    phone: str
    community: str
    building: str
    household: str


def check_character(digits: str) -> str:
    """The check character of a resident ID (GB 11643, ISO 7064 MOD 11-2)."""
    rest = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(digits)) % 11
    return "10X98765432"[rest]


def residents(count: int = 136) -> list[Resident]:
    """People in households of four; seeded."""
    chance = random.Random(20220404)  # noqa: S311 -- a sample, no secret
    made: list[Resident] = []
    for number in range(count):
        born = datetime(1940, 1, 1) + timedelta(days=chance.randrange(29_000))  # noqa: DTZ001
        digits = f"990100{born:%Y%m%d}{number:03}"
        document, code = "居民身份证", digits + check_character(digits)
        if number == 17:
            document, code = "护照", "E99010017"
        if number == 42:
            document, code = "港澳居民来往内地通行证", "H0099010042"
        home = number // 4
        name = chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)
        community = COMMUNITIES[home % len(COMMUNITIES)]
        made.append(
            Resident(
                name,
                document,
                code,
                f"1990000{number:04}",
                community,
                f"{home % 7 + 1} 栋",
                f"H{home + 1:03}",
            )
        )
    return made


def tube(number: int) -> str:
    """The barcode of a pool tube."""
    return f"22040400{number:03}"


def registrations(people: list[Resident]) -> list[list[Cell]]:
    """A line for each person: ten a tube, one every 40 seconds; two lines with what clerks do."""
    rows: list[list[Cell]] = []
    for number, each in enumerate(people):
        at = DAY + timedelta(hours=8, seconds=40 * number)
        site = SITES[number // 70]
        rows.append([number + 1, each.name, each.document, each.number, each.phone, tube(number // 10 + 1), at, site,
                     "采样员甲" if number < 70 else "采样员乙"])  # fmt: skip
    rows[55][3] = float(people[55].number[:17] + "0")  # typed as a number: Excel has rounded it
    rows[101][6] = "04/04/2022 09:07"  # day or month first
    return rows


def workbook(sheets: dict[str, list[list[Cell]]]) -> bytes:
    """A small xlsx: numbers as numbers, times as date cells, everything else as text."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbered = list(enumerate(sheets, 1))
    listed = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="r{i}" xmlns:r="{kind}"/>' for i, name in numbered
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{kind}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in numbered
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{content}.worksheet+xml"/>'
        for i, _ in numbered
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{content}.sheet.main+xml"/><Override PartName="/xl/styles.xml" '
        f'ContentType="{content}.styles+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" '
        f'Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}'
        f'<Relationship Id="s" Type="{kind}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts count="1"><numFmt numFmtId="164" '
        'formatCode="yyyy/m/d\\ h:mm:ss"/></numFmts><fonts count="1"><font/></fonts><fills count="1"><fill>'
        '<patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    for i, name in numbered:
        lines = "".join(
            f'<row r="{row}">{"".join(cell(value, f"{chr(65 + column)}{row}") for column, value in enumerate(values))}</row>'
            for row, values in enumerate(sheets[name], 1)
        )
        members[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in members.items():
            out.writestr(zipfile.ZipInfo(name, STAMP), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def cell(value: Cell, place: str) -> str:
    """A cell of a worksheet; an empty one is left out."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def register(people: list[Resident]) -> bytes:
    """采样登记.xlsx: the day's registrations, the singles of the first re-sampling, and a sheet of notes."""
    header: list[Cell] = [
        "序号",
        "姓名",
        "证件类型",
        "身份证号",
        "手机号",
        "采样管条码",
        "采样时间",
        "采样点",
        "采样人",
    ]
    again: list[list[Cell]] = [
        [number + 1, each.name, each.document, each.number, each.phone, f"22040409{number + 1:03}",
         DAY + timedelta(hours=15, minutes=40 + 6 * number), "应急小分队", "单采", tube(POSITIVE), "采样员丙"]
        for number, each in enumerate(people[10 * (POSITIVE - 1) : 10 * (POSITIVE - 1) + 4])
    ]  # fmt: skip
    single: list[Cell] = [*header[:8], "采样方式", "原管条码", "采样人"]
    return workbook({
        "4月4日": [["某县全员核酸采样登记表（示例，人员均为虚构）"], header, *registrations(people)],
        "复采": [single, *again],
        "填表说明": [["本表为示例，人员均为虚构。Invented: nobody here exists."], ["身份证号请以文本格式填写"]],
    })  # fmt: skip


def boxes() -> bytes:
    """装箱.csv as WPS saves it: GB18030; tube 12 was forgotten."""
    lines = ["序号,采样管条码,转运箱码,装箱时间,采样点"]
    packed = [number for number in range(1, 15) if number != UNBOXED]
    for place, number in enumerate(packed, 1):
        box, site = ("ZY0401", SITES[0]) if number <= 7 else ("ZY0402", SITES[1])
        lines.append(f"{place},{tube(number)},{box},2022/4/4 {9 + (number > 7)}:{40 + place % 10}:00,{site}")
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def wells() -> dict[str, str]:
    """Well to tube; controls in H11 and H12."""
    tubes = [tube(number) for number in range(1, 15) if number != LOST]
    return {f"{'ABCDEFGH'[place % 8]}{place // 8 + 1}": each for place, each in enumerate(tubes)}


def plate_map() -> bytes:
    """板图.xlsx: what is in each well."""
    at = DAY + timedelta(hours=12, minutes=30)
    header: list[Cell] = ["板号", "孔位", "采样管条码", "样本类型", "上样时间", "检测机构"]
    rows: list[list[Cell]] = [[PLATE, well, each, "样本", at, LAB] for well, each in wells().items()]
    rows += [[PLATE, "H11", None, "阴性对照", at, LAB], [PLATE, "H12", None, "阳性对照", at, LAB]]
    return workbook({"板图": [["反应板布局表（示例）"], header, *rows]})


def read_outs() -> bytes:
    """qPCR.xls as a SLAN-96P exports it: tab-separated GB18030 text, whatever its name says."""
    chance = random.Random(40422)  # noqa: S311 -- a sample, no secret
    lines = [
        "仪器型号\tSLAN-96P",
        "仪器编号\tSL990100",
        f"板号\t{PLATE}",
        "结束时间\t2022年4月4日 14:52:00",
        "",
    ]
    lines.append("反应孔\t样本编号\t样本类型\t通道\t目标\tCt")
    for well, each in [*wells().items(), ("H11", "NTC"), ("H12", "PC")]:
        for target, dye in TARGETS.items():
            found = each in (tube(POSITIVE), "PC") or (each == tube(SUSPECT) and target == "N")
            inner = target == "IC" and each != "NTC"
            ct = f"{chance.uniform(22, 34):.2f}" if found or inner else "NoCt"
            lines.append(f"{well}\t\t未知\t{dye}\t{target}\t{ct}")
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def roster(people: list[Resident]) -> bytes:
    """居民名册.xlsx: everybody on the list, four of them not sampled."""
    header: list[Cell] = [
        "序号",
        "姓名",
        "证件类型",
        "身份证号",
        "手机号",
        "乡镇",
        "社区",
        "楼栋",
        "户号",
        "批次",
    ]
    rows: list[list[Cell]] = [
        [
            number,
            each.name,
            each.document,
            each.number,
            each.phone,
            "城关镇",
            each.community,
            each.building,
            each.household,
            4,
        ]
        for number, each in enumerate(people, 1)
    ]
    return workbook({"名册": [["居民名册（示例，人员均为虚构）"], header, *rows]})


def files() -> dict[str, bytes]:
    """Name to content of every file."""
    people = residents()
    return {
        "采样登记.xlsx": register(people[:132]),
        "装箱.csv": boxes(),
        "板图.xlsx": plate_map(),
        "qPCR.xls": read_outs(),
        "reference/居民名册.xlsx": roster(people),
    }


def main(folder: Path) -> None:
    """Write every file."""
    for name, content in files().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
