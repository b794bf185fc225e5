"""The report as PDF: PDF/UA-1 by typst, Chinese and English in one file, the same bytes for the same report."""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from poolpipe.charts.looks import known_language
from poolpipe.display import visible
from poolpipe.errors import InputError
from poolpipe.pages.words import Words, shortened
from poolpipe.report.document import VERDICTS
from poolpipe.report.tiles import outline_svg, swatch_svg, tile_svg

if TYPE_CHECKING:
    from poolpipe.charts.looks import Language
    from poolpipe.pages.pictures import Picture
    from poolpipe.report.document import Cell, Measure, NightReport, ReportTable
    from poolpipe.report.font_files import ReportFonts
    from poolpipe.report.outlines import CityOutlines
    from poolpipe.report.tiles import AreaMap

__all__ = ["missing_characters", "report_pdf"]

_ROWS: Final = 40
"""The longest table on paper; the page and the marts have more."""

_SIZES: Final = ((6, 8.5), (8, 7.5), (99, 6.8))
"""Up to how many columns a table is set in so many points."""

_REGIONS: Final[dict[Language, str]] = {"zh": "CN", "en": "GB"}


def report_pdf(
    report: NightReport, fonts: ReportFonts, *, city: CityOutlines | None = None, language: str = "zh"
) -> bytes:
    """Write a report as PDF.

    Parameters
    ----------
    report : NightReport
    fonts : ReportFonts
        A character that none of them has is written as its code, as [U+2B8B5], and a note says so.
    city : CityOutlines, optional
        The city's map that its outlines are of.
    language : str
        Language that comes first, `zh` or `en`; the other follows.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If the language is another, or typst refuses.
    """
    import typst

    first = known_language(language)
    second: Language = "en" if first == "zh" else "zh"
    parts = [_part(report, each, city) for each in (first, second)]
    missing = _without_font(parts, fonts)
    if missing:
        for part in parts:
            part["notes"].append(_missing_note(missing)[part["lang"] == "zh"])
    told = {
        "title": f"混采筛查日报 Pooled screening {report.day}",
        "footer": f"poolpipe · {report.database} · {report.day}",
        "fonts": list(fonts.families),
        "parts": parts,
    }
    text = _coded(json.dumps(told, ensure_ascii=False), missing)
    text = text.replace(
        'font-family=\\"',
        f'font-family=\\"{", ".join(fonts.families[1:])}{", " if fonts.families[1:] else ""}',
    )
    book = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(each) for each in fonts.folders],
    )
    template = resources.files("poolpipe.report").joinpath("templates/report.typ").read_bytes()
    try:
        made, doubts = typst.compile_with_warnings(
            template, font_paths=book, sys_inputs={"report": text}, pdf_standards=["ua-1"], timestamp=0
        )
    except typst.TypstError as error:
        raise InputError.of("report_pdf_failed", where=report.day, why=visible(str(error))) from error
    if doubts:  # a family that typst does not know would leave the page without a letter
        raise InputError.of("report_pdf_failed", where=report.day, why=visible(str(doubts[0])))
    return bytes(made)


def missing_characters(report: NightReport, fonts: ReportFonts) -> str:
    """Characters of a report that none of the fonts has, in their order."""
    return _without_font([_part(report, each, None) for each in ("zh", "en")], fonts)


def _without_font(parts: list[dict[str, Any]], fonts: ReportFonts) -> str:
    text = json.dumps(parts, ensure_ascii=False)
    return "".join(
        sorted(each for each in set(text) if ord(each) >= 0x20 and ord(each) not in fonts.characters)
    )


def _missing_note(missing: str) -> Words:
    codes = " ".join(f"U+{ord(each):04X}" for each in missing[:20])
    return Words(
        f"{len(missing)} characters are not in the font of this PDF and are written as their codes ({codes}); --font FILE takes "
        "one that has them. The HTML shows them.",
        f"本 PDF 的字体缺少 {len(missing)} 个字，以编码代替（{codes}）；可用 --font FILE 指定含有这些字的字体。HTML 中可正常显示。",
    )


def _coded(text: str, missing: str) -> str:
    return text.translate({ord(each): f"[U+{ord(each):04X}]" for each in missing})


def _part(report: NightReport, language: Language, city: CityOutlines | None) -> dict[str, Any]:
    """The report in one language, as the template reads it."""
    one = language == "zh"

    def of(cell: Cell) -> str:
        return shortened(cell[one] if isinstance(cell, Words) else cell)

    return {
        "lang": language,
        "region": _REGIONS[language],
        "title": of(Words(f"Pooled screening, {report.day}", f"混采筛查日报 {report.day}")),
        "facts": of(report.facts),
        "notes-title": of(Words("What is missing, or to be borne in mind", "缺少的资料与注意事项")),
        "notes": [of(note) for note in report.notes],
        "measures": [_measure(each, of) for each in report.measures],
        "sections": [
            {
                "title": of(section.title),
                "texts": [of(text) for text in section.texts],
                "pictures": [_picture(each, language) for each in section.pictures],
                "maps": [_map(each, of, city) for each in section.maps],
                "tables": [_table(each, of, report.database) for each in section.tables],
            }
            for section in report.sections
        ],
    }


def _source(name: str, of: Any) -> str:
    return f"{of(Words('mart', '统计表'))} {name}"


def _measure(it: Measure, of: Any) -> dict[str, Any]:
    return {
        "name": of(it.name),
        "value": of(it.value),
        "verdict": of(VERDICTS[it.verdict]),
        "target": None if it.target is None else of(Words("Target: {it}", "目标：{it}").both(it.target)),
        "note": of(it.note),
        "source": _source(it.source, of),
    }


def _picture(picture: Picture, language: Language) -> dict[str, str]:
    """The drawing as SVG; `data:` and its kind stand before the comma."""
    svg = base64.b64decode(picture.wide[language].partition(",")[2]).decode()
    return {"svg": svg, "alt": picture.alt.chinese if language == "zh" else picture.alt.english}


def _map(it: AreaMap, of: Any, city: CityOutlines | None) -> dict[str, Any]:
    outlines = None
    if it.outlines and city is not None:
        outlines = {"svg": outline_svg(it.outlines, city.width, city.height), "alt": of(it.alt)}
    more = Words("{n} communities are not drawn.", "另有 {n} 个社区未绘出。").filled(n=it.left_out)
    groups = []
    for group in it.groups:
        svg = tile_svg(group.shades)
        height = int(svg.partition('height="')[2].partition('"')[0])
        name, told = of(group.name), of(group.told)
        groups.append({"svg": svg, "alt": f"{name} {told}", "name": name, "told": told, "height": height})
    return {
        "title": of(it.title),
        "alt": f"{of(it.alt)} {of(more)}" if it.left_out else of(it.alt),
        "legend": [
            {"svg": swatch_svg(shade), "alt": of(told), "told": of(told)} for shade, told in it.legend
        ],
        "outlines": outlines,
        "groups": groups,
    }


def _table(it: ReportTable, of: Any, database: str) -> dict[str, Any]:
    left = it.left_out + max(0, len(it.rows) - _ROWS)
    more = Words("{left} more rows: {file}, {it}", "其余 {left} 行：{file}，{it}").filled(
        left=left, file=database, it=it.source
    )
    return {
        "title": of(it.title),
        "source": _source(it.source, of),
        "heads": [of(head) for head in it.heads],
        "rows": [[of(cell) for cell in row] for row in it.rows[:_ROWS]] or [[of(Words("Nothing.", "无。"))]],
        "texts": it.texts,
        "columns": [0 for _ in it.heads],
        "size": next(points for most, points in _SIZES if len(it.heads) <= most),
        "more": of(more) if left else None,
    }
