"""The PDF says what the report says, in letters that can be read and searched, by the shipped font or by none."""

from __future__ import annotations

import io
import shutil

import pytest

from poolpipe.charts.looks import shipped_font
from poolpipe.errors import InputError
from poolpipe.pages.words import Words
from poolpipe.report import font_files
from poolpipe.report.font_files import font_characters, report_fonts
from poolpipe.report.pdf_file import missing_characters, report_pdf
from report.nights import town, town_pdf, town_report, with_tables


def text_of(pdf):
    """The text of a PDF by pypdf, without blanks, which lines and cells are full of."""
    pypdf = pytest.importorskip("pypdf")
    return "".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def test_pdf__is_the_same_again():
    with report_fonts() as fonts:
        assert report_pdf(town_report(), fonts) == town_pdf()


def test_pdf__is_for_screen_readers():
    """PDF/UA-1 says so in its metadata, and typst holds it: texts for pictures, heads of tables, a title, a language."""
    assert b"pdfuaid:part" in town_pdf()
    pypdf = pytest.importorskip("pypdf")
    root = pypdf.PdfReader(io.BytesIO(town_pdf())).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("zh")


def test_text__can_be_searched_in_both_languages():
    text = text_of(town_pdf())
    for each in town_report().measures:
        for language in (0, 1):
            name = each.name[language]
            value = each.value[language] if isinstance(each.value, Words) else each.value
            assert "".join(name.split()) in text
            assert "".join(value.split()) in text
    for section in town_report().sections:
        assert "".join(section.title.english.split()) in text
        assert "".join(section.title.chinese.split()) in text


def test_text__of_pictures_is_text():
    text = text_of(town_pdf())
    assert "采样管" in text
    assert "tubescollected" in text


def test_large_tables__end_and_say_so():
    lost = [
        {"site": f"S{n:03d}", "state": "packed", "outcome": "no_result", "tubes": 200 - n, "people": 1}
        for n in range(120)
    ]
    from poolpipe.report.document import NightReport
    from poolpipe.report.leftovers import losses_section

    base = town_report()
    section = losses_section(with_tables(town(), losses=lost))
    with report_fonts() as fonts:
        pdf = report_pdf(NightReport(base.day, base.facts, base.database, (), (), [section]), fonts)
    text = text_of(pdf)
    assert "S039" in text
    assert "S040" not in text
    assert "80morerows:first.duckdb,losses" in text


def _named(name):
    """A report with a laboratory of this name."""
    from poolpipe.report.document import NightReport, ReportSection, ReportTable

    base = town_report()
    table = ReportTable(Words("Table", "表"), [Words("Laboratory", "检测机构")], [[name]], "losses")
    section = ReportSection("x", Words("Section", "部分"), tables=[table])
    return NightReport(base.day, base.facts, base.database, (), (), [section])


def test_rare_character__is_written_as_its_code_and_told():
    report = _named("\U0002b8b5村")
    with report_fonts() as fonts:
        assert missing_characters(report, fonts) == "\U0002b8b5"
        text = text_of(report_pdf(report, fonts))
    assert "[U+2B8B5]村" in text
    assert "--fontFILE" in text


def test_common_characters__are_all_in_the_font():
    with report_fonts() as fonts:
        assert missing_characters(town_report(), fonts) == ""
        assert missing_characters(_named("塅岽垇堖圫镕喆"), fonts) == ""


def test_font__is_read_as_fonttools_reads_it(tmp_path):
    ttlib = pytest.importorskip("fontTools.ttLib")
    pyplot = pytest.importorskip("matplotlib.font_manager")
    for path in (str(shipped_font()), pyplot.findfont("DejaVu Sans")):
        copy = tmp_path / "font.ttf"
        shutil.copyfile(path, copy)
        assert font_characters(copy) == set(ttlib.TTFont(path).getBestCmap())


def test_other_font__has_what_the_shipped_one_lacks():
    pyplot = pytest.importorskip("matplotlib.font_manager")
    from pathlib import Path

    other = Path(pyplot.findfont("DejaVu Sans"))
    report = _named("\u0531")  # an Armenian letter
    with report_fonts() as fonts:
        assert missing_characters(report, fonts) == "\u0531"
    with report_fonts(other) as fonts:
        assert fonts.families == ["Poolpipe Sans SC", "DejaVu Sans"]
        assert missing_characters(report, fonts) == ""
        assert "\u0531" in text_of(report_pdf(report, fonts))


@pytest.mark.parametrize(
    "content", [b"", b"no font at all", b"OTTO\x00\x01" + bytes(60), b"ttcf" + b"\xff" * 40]
)
def test_file__that_is_no_font_is_refused(content, tmp_path):
    path = tmp_path / "x.otf"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no OpenType or TrueType font"), report_fonts(path):
        pass


def test_font__that_is_gone_is_told_and_no_page_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(font_files, "shipped_font", lambda: tmp_path / "gone.otf")
    with pytest.raises(InputError, match="did not come with this installation"), report_fonts():
        pass


def test_family__that_typst_does_not_find_is_an_error_and_no_empty_page():
    with report_fonts() as fonts:
        strange = type(fonts)(fonts.folders, ["No Such Family"], fonts.characters)
        with pytest.raises(InputError, match="could not be set"):
            report_pdf(town_report(), strange)


def test_licence__stands_beside_the_font():
    text = (shipped_font().parent / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Copyright 2014-2021 Adobe" in text
