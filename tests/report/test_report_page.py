"""A report's page holds all it shows, asks for nothing, hides what the marts hide, stays small, and is the same again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from nightly.town_night import first_mart, rows
from pages.reading import Reading, drawings
from poolpipe.languages import has_chinese
from poolpipe.pages import pictures
from poolpipe.report import curves, laboratories, leftovers
from poolpipe.report.composing import compose_report
from poolpipe.report.font_files import report_fonts
from poolpipe.report.html_file import report_html
from poolpipe.report.leftovers import losses_section
from poolpipe.report.night_tables import _masked
from poolpipe.report.pdf_file import report_pdf
from poolpipe.report.places import places_section
from poolpipe.report.tiles import HIDDEN
from report.nights import DAY, big_city, town, town_page, town_report, with_tables

_LOADING = {
    "src",
    "srcset",
    "poster",
    "data",
    "background",
    "action",
    "formaction",
    "manifest",
    "ping",
    "xlink:href",
}


class Requests(HTMLParser):
    """Everything in a page that a browser would fetch, every script, and heads of tables without a scope."""

    def __init__(self, page):
        super().__init__()
        self.found, self.scripts, self.scopeless, self.policy, self.pictures = [], [], 0, "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag in {"script", "link", "iframe", "object", "embed", "base"} or any(
            name.startswith("on") for name in told
        ):
            self.scripts.append(tag)
        for name, value in told.items():
            asks = name in _LOADING or (name == "href" and tag != "a")
            if asks and not (value or "").startswith(("data:", "#")):
                self.found.append((tag, name, value))
        if tag == "a" and not told["href"].startswith("#"):
            self.found.append((tag, "href", told["href"]))
        if tag == "th" and told.get("scope") not in {"col", "row"}:
            self.scopeless += 1
        if tag == "img":
            self.pictures.append(told.get("alt"))
        if tag == "meta" and told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"]


@pytest.fixture(scope="module")
def city_page():
    return report_html(compose_report(big_city()))


@pytest.mark.parametrize("which", ["town", "city"])
def test_page__asks_for_nothing(which, city_page):
    page = town_page() if which == "town" else city_page
    read = Requests(page)
    assert read.found == []
    assert read.scripts == []
    assert read.policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"@import|url\(\s*[\"']?(?!#)", style)
    for drawing in drawings(page):
        assert not re.search(r'(?:href|src)="(?!#)', drawing)
        assert "url(http" not in drawing


def test_pictures__have_texts_and_tables_have_heads():
    read = Requests(town_page())
    assert len(read.pictures) >= 10
    assert all(read.pictures)
    assert read.scopeless == 0


def test_page__of_a_large_city_is_small_and_says_what_is_left_out(city_page):
    assert len(city_page.encode()) <= 3_000_000
    shown = Reading(city_page, "en")
    assert len(shown.rows("places-2")) == 300
    text = " ".join(shown.texts)
    assert "2,900 more rows are left out" in text
    assert "coverage, positivity, release" in text
    assert city_page.count('<span aria-hidden="true"><svg') == 32


def test_page__is_the_same_again():
    assert report_html(compose_report(town())) == town_page()


def test_drawing__is_the_same_again_and_its_chart_holds_to_the_schema(monkeypatch, draw):
    """Every kind of chart, drawn anew in two ways: with Altair's checks, which the report leaves out, and without."""
    charts, picture_of = [], pictures.picture_of

    def kept(alt_text, chart):
        charts.append(chart)
        return picture_of(alt_text, chart)

    for module in (curves, laboratories, leftovers):
        monkeypatch.setattr(module, "picture_of", kept)
    shown = drawings(report_html(compose_report(town())))
    assert len(charts) == 5
    for chart in charts:
        checked = chart("zh", 720).to_dict(validate=True)
        assert draw(checked, allowed_base_urls=[]) in shown


def test_hidden_counts__stay_hidden():
    """Of the town every township is hidden: none has a share, a count or a shade of its own, in either language."""
    hidden = [row for row in first_mart("coverage") if row["is_hidden"] and row["level"] != "building"]
    assert len(hidden) >= 6
    for language, word in (("en", "hidden"), ("zh", "隐去")):
        told = Reading(town_page(), language).tables
        cells = {row[0]: row for row in [*told["places-1"], *told["places-2"]]}
        for row in hidden:
            if row["level"] != "city":
                shown = cells[row["community"] or row["township"]]
                assert shown.count(word) >= 2
    (places,) = [each for each in town_report().sections if each.name == "places"]
    coverage = places.maps[0]
    assert [group.shades for group in coverage.groups] == [[HIDDEN]] * 3
    assert {group.told for group in coverage.groups} == {("hidden", "隐去")}


def test_order__of_hidden_communities_tells_nothing():
    """Hidden rows come after those that are shown, by name: nothing about their counts is in their place."""
    base = {"round": "r", "level": "community", "township": "t", "people": 100}
    shown = {**base, "community": "z", "collected": 50, "not_collected": 50, "share": 0.5, "is_hidden": False}
    hidden = [{**base, "community": name, "is_hidden": True} for name in ("c", "a", "b")]
    places = places_section(with_tables(town(), coverage=[*hidden, shown], positivity=[], release=[]))
    assert [row[0] for row in places.tables[1].rows] == ["z", "a", "b", "c"]


def test_identities__are_not_in_it():
    people = {row["person"] for row in rows("members")} | {row["person"] for row in rows("people")}
    assert len(people) > 1000
    page = town_page()
    assert not [person for person in people if person in page]


def test_names__that_hold_a_number_are_masked():
    """A site called after somebody's telephone, as files have them."""
    lost = {
        "site": "13812345678家",
        "state": "collected",
        "outcome": "no_result",
        "tubes": 9,
        "people": 90,
        "oldest_h": 1.0,
    }
    night = with_tables(town(), losses=[lost])
    night = with_tables(night, losses=_masked(night["losses"]).to_dicts())
    cells = [cell for table in losses_section(night).tables for row in table.rows for cell in row]
    assert not [cell for cell in cells if "13812345678" in str(cell)]
    assert [cell for cell in cells if "家" in str(cell)]


def test_texts__from_files_are_escaped():
    lost = {
        "site": "<script>x</script>",
        "state": "collected",
        "outcome": "no_result",
        "tubes": 9,
        "people": 90,
    }
    section = losses_section(with_tables(town(), losses=[lost]))
    page = report_html(replace(town_report(), sections=[section]))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


HOSTILE = (
    "甲" * 300, "<script>alert(1)</script>" * 12, '#eval("1") $x^2$ *b* @ref <l> \\ [x] //c /*d*/ `r` = h',
    "\u202egnp.\u2066abc\u2069\u200f", "a\x00b\x07\n\tc", " ", "<!--", "&amp;&lt;", "-", "e\u0301" * 150,
    "乙" * 299 + "a", "乙" * 299 + "b",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile():
    """A night in which every township, community, site and laboratory is called so; two names differ at their very end."""
    places = {
        "round": "r",
        "level": "community",
        "people": 90,
        "collected": 80,
        "not_collected": 10,
        "share": 8 / 9,
        "is_hidden": False,
    }
    begins = datetime(2022, 4, 3, 16, tzinfo=UTC)
    night = with_tables(
        town(), positivity=[], release=[], city_clocks=[],
        coverage=[{**places, "township": name, "community": name} for name in HOSTILE],
        losses=[{"site": name, "lab": name, "state": "packed", "outcome": "no_result", "tubes": 9, "people": 9} for name in HOSTILE],
        laboratory_load=[{"lab": name, "hour": 9, "received": 9, "loaded": 9, "reported": 9, "waiting": 0.0} for name in HOSTILE],
        control_charts=[{"chart": "control_ct", "lab": name, "place": 1, "stratum": "", "charted_at": begins, "up": 3.0, "down": 0.0}
                        for name in HOSTILE],
        forecast=[{"for_date": DAY, "lab": name, "hour": 9, "days": 1, "received": 9.0, "least": 9, "most": 9} for name in HOSTILE],
    )  # fmt: skip
    return compose_report(night)


def test_hostile_names__are_texts_on_the_page_and_in_the_pdf(hostile):
    page = report_html(hostile)
    read = Requests(page)
    assert (read.found, read.scripts) == ([], [])
    assert not {*"\u202e\u2066\x00\x07"} & {*page}
    assert len(page.encode()) < 3_000_000
    with report_fonts() as fonts:
        assert report_pdf(hostile, fonts).startswith(b"%PDF-1.7")


def test_names__that_differ_at_their_end_are_apart_in_a_picture(hostile):
    """Cut to fit they would be one bar of the forecast, and one row of the strip."""
    named = [len(re.findall(">乙{3,}", drawing)) for drawing in drawings(report_html(hostile))]
    assert sorted({*named}) == [0, 2]
    assert named.count(2) == 8


def test_languages__are_both_whole():
    chinese, english = (Reading(town_page(), language) for language in ("zh", "en"))
    assert len(chinese.headlines) == len(english.headlines) == 12
    assert set(chinese.tables) == set(english.tables)
    for section, rows_ in english.tables.items():
        assert [len(row) for row in rows_] == [len(row) for row in chinese.tables[section]]
    assert not [name for name in english.headlines if has_chinese(name)]
    assert all(map(has_chinese, chinese.headlines))
    heads = [cell for table in english.tables.values() for cell in table[0]]
    assert not [head for head in heads if has_chinese(head)]


@pytest.mark.parametrize(("language", "checked"), [("zh", "in-zh"), ("en", "in-en")])
def test_page__opens_in_a_language(language, checked):
    page = report_html(town_report(), language=language)
    assert re.findall(r'id="(in-\w\w)" checked', page) == [checked]


def test_verdicts__are_words_and_not_colours_alone():
    page = Reading(town_page(), "zh")
    words = ("达标", "未达标", "尚未结束", "隐去", "未知", "无目标值")
    for name, (_, note) in page.headlines.items():
        assert any(note.startswith(word) for word in words), name
