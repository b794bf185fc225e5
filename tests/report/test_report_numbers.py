"""The numbers of a report are those of the marts, read here by a plain query; what is not known is not shown as a number."""

from __future__ import annotations

import pytest

from nightly.town_night import first_mart
from pages.reading import Reading
from poolpipe.report.composing import compose_report
from poolpipe.report.html_file import report_html
from poolpipe.report.measures import measures
from report.nights import nothing, town, town_page, with_tables


@pytest.fixture(scope="module")
def page():
    return Reading(town_page(), "en")


def rows(name, **wanted):
    """Rows of a mart of the day with these values."""
    return [row for row in first_mart(name) if all(row[key] == value for key, value in wanted.items())]


def percent(part, whole):
    tenths = 1000 * part // whole
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10} %"


def headline(page, name):
    """The value, and all that stands below it."""
    return page.headlines[name]


def test_recalls__are_those_in_time_of_all(page):
    (told,) = rows("recall_steps", level="city", step="all")
    value, note = headline(page, "Recalled and closed within 6 h")
    assert value == percent(told["in_time"], told["people"])
    assert f"{told['breaches']} late or overdue" in note
    assert "off target" in note
    assert "recall_steps" in note


@pytest.mark.parametrize(
    ("span", "name", "limit"),
    [
        ("result", "Result after receipt in time", "within 12 h, priority 6 h"),
        ("result_never_beyond", "Result after the swab in time", "within 24 h"),
        ("room_temperature", "Delivered after the swab in time", "within 4 h"),
    ],
)
def test_clocks__are_tubes_within_their_limit(page, span, name, limit):
    (told,) = rows("turnaround", level="city", kind="clock", span=span)
    value, note = headline(page, name)
    assert value == percent(told["tubes"] - told["over_limit"], told["tubes"])
    assert f"{told['over_limit']} of {told['tubes']} tubes" in note
    assert f"Target: all {limit}" in note


def test_positives__are_those_of_the_city(page):
    for mode, name in (("pool", "Pools positive or suspect"), ("single", "Singles positive or suspect")):
        (told,) = rows("positivity", level="city", mode=mode)
        value, note = headline(page, name)
        assert value == str(told["positive"])
        assert f"{100 * told['lower']:.2f} to {100 * told['upper']:.2f}" in note
        assert "no target" in note


def test_losses__are_tubes_without_a_result(page):
    lost = sum(row["tubes"] for row in rows("losses") if row["outcome"] in ("no_result", "invalid"))
    assert lost > 0
    value, note = headline(page, "Tubes without a result")
    assert value == str(lost)
    assert f"{sum(row['tubes'] for row in rows('losses', outcome='orphan'))} more tubes nobody" in note


def test_residents__are_of_the_newest_round(page):
    (told,) = rows("city_clocks")
    value, note = headline(page, "Residents with a result")
    assert value == percent(told["reported"], told["people"])
    assert f"{told['reported']:,} of {told['people']:,} residents" in note


def test_curve__has_every_half_hour_of_the_mart(page):
    told = [row for row in rows("recall_curve") if row["minutes"] % 30 == 0]
    wanted = [[str(row[name]) for name in ("minutes", "people", "recollected", "closed")] for row in told]
    assert page.rows("recalls")[:25] == wanted


def test_hours__are_sums_over_points_and_laboratories(page):
    shown = {row[0]: row[1:] for row in page.rows("flow") if "–" in row[0] and row[0][:2].isdigit()}
    assert len(shown) == 24
    for hour in range(24):
        swabs, work = rows("throughput", hour=hour), rows("laboratory_load", hour=hour)
        wanted = [sum(row[name] for row in swabs) for name in ("people", "plan_people", "tubes")]
        wanted += [sum(row[name] for row in work) for name in ("received", "loaded", "reported", "waiting")]
        assert shown[f"{hour:02d}–{hour + 1:02d}"] == [f"{number:,.0f}" for number in wanted]


def test_laboratories__have_their_sums_and_their_share_of_capacity(page):
    shown = {row[0]: row[1:] for row in page.rows("laboratories-1")}
    labs = {row["lab"] for row in rows("laboratory_load")}
    assert set(shown) == labs
    for lab in labs:
        own = rows("laboratory_load", lab=lab)
        received, loaded, reported = (
            sum(row[name] for row in own) for name in ("received", "loaded", "reported")
        )
        capacity = 24 * own[0]["capacity"]
        assert shown[lab][:3] == [f"{number:,}" for number in (received, loaded, reported)]
        assert shown[lab][4:6] == [f"{capacity:,.0f}", f"{100 * loaded / capacity:,.0f} %"]


def test_tomorrow__is_the_sum_of_the_hours(page):
    shown = {row[0]: row[1] for row in page.rows("forecast-1")}
    for lab in {row["lab"] for row in rows("forecast")}:
        assert shown[lab] == f"{sum(row['received'] for row in rows('forecast', lab=lab)):,.0f}"


def test_nothing__is_no_zero_and_no_hundred_per_cent():
    told = measures(nothing())
    assert {each.value for each in told} == {"–"}
    assert {each.verdict for each in told} == {"unknown"}
    assert all(each.note.english and each.note.chinese for each in told)


def test_empty_day__says_what_is_absent():
    page = report_html(compose_report(nothing()))
    for text in ("Nobody was to be recalled", "Nothing was collected", "No laboratory worked", "No tube was collected",
                 "nothing is forecast", "no round of the list was under way"):  # fmt: skip
        assert text in page
    assert "<img" not in page
    assert ">0 %" not in page


@pytest.mark.parametrize(
    ("change", "verdict"),
    [({"breaches": 0, "in_time": 90}, "running"), ({"breaches": 0, "in_time": 100}, "met"), ({}, "missed")],
)
def test_recalls__that_still_run_are_neither_met_nor_missed(change, verdict):
    row = {
        "level": "city",
        "step": "all",
        "people": 100,
        "tubes": 10,
        "done": 90,
        "in_time": 90,
        "breaches": 10,
    }
    told = measures(with_tables(town(), recall_steps=[{**row, **change}]))
    assert [each.verdict for each in told if each.source == "recall_steps"] == [verdict]


def test_drift__is_unknown_without_a_chart_and_met_without_an_alarm():
    quiet = measures(town())
    blind = measures(with_tables(town(), control_charts=[]))
    assert [(each.value, each.verdict) for each in quiet if each.source == "lab_drift"] == [("0", "met")]
    assert [(each.value, each.verdict) for each in blind if each.source == "lab_drift"] == [("–", "unknown")]
