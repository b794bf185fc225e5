"""Charts of a day in notebooks: Altair charts that draw themselves, and frames equal to a naive count."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import vl_convert

import poolpipe
from poolpipe.charts.looks import FONT_FAMILY, labelled, shipped_font, svg_of
from poolpipe.charts.recalls import recall_curve
from poolpipe.errors import InputError


@pytest.fixture(scope="module")
def town():
    return poolpipe.run("data/samples/town/events")


@pytest.mark.parametrize("name", ["recalls", "funnel", "positives"])
@pytest.mark.parametrize(("language", "word"), [("en", "reported"), ("zh", "已报告")])
def test_plot__is_a_chart_in_the_language_asked_for(town, name, language, word):
    drawn = svg_of(getattr(town.plot, name)(language=language))
    assert drawn.startswith("<svg")
    assert (word in drawn) == (name != "positives")


def test_plot__of_another_language_is_refused(town):
    with pytest.raises(InputError, match="language"):
        town.plot.funnel(language="fr")


def test_drawing__is_the_same_alone_and_after_others(town, draw):
    """A process that draws its first chart lays it out as one in which another part has loaded the font of the PDF."""
    alone = (
        "import poolpipe, sys; from poolpipe.charts.looks import svg_of;"
        "sys.stdout.write(svg_of(poolpipe.run('data/samples/town/events').plot.recalls(language='zh')))"
    )
    first = subprocess.run(
        [sys.executable, "-c", alone], capture_output=True, encoding="utf-8", check=True
    ).stdout
    vl_convert.register_font_directory(str(shipped_font().parent))
    drawn = draw(town.plot.recalls(language="zh").to_dict(), allowed_base_urls=[])
    assert drawn == first
    assert f'font-family="{FONT_FAMILY}, sans-serif"' in drawn


@pytest.mark.parametrize("points", [10, 72])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu", "America/New_York", "UTC"])
def test_curve__is_a_naive_count_in_every_zone(zone, points):
    start = datetime(2022, 3, 12, 20, 7, tzinfo=UTC)  # across New York's change of clocks
    opened = [start + timedelta(minutes=97 * number) for number in range(20)]
    recalls = pl.DataFrame({
        "opened_at": opened, "due_at": [each + timedelta(hours=6) for each in opened],
        "recollected_at": [*opened[:5], *[None] * 15], "closed_at": [None] * 20,
    }, schema_overrides=dict.fromkeys(("opened_at", "due_at", "recollected_at", "closed_at"), pl.Datetime("us", "UTC")))  # fmt: skip
    as_of = opened[-1] + timedelta(minutes=3)
    curve = recall_curve(recalls.lazy(), as_of, zone=zone, points=points)
    assert curve.height <= points + 3
    assert curve["at"].is_sorted()
    for row in curve.to_dicts():
        if row["at"] == as_of:
            assert row == {
                "at": as_of,
                "opened": 20,
                "due": sum(each + timedelta(hours=6) <= as_of for each in opened),
                "recollected": 5,
                "reported": 0,
            }
            continue
        behind = row["at"] > as_of
        assert row["due"] == sum(each + timedelta(hours=6) < row["at"] for each in opened)
        assert row["opened"] == (None if behind else sum(each < row["at"] for each in opened))
    assert curve["due"][-1] == 20


def test_labels__stay_distinct_when_they_are_cut():
    names = ["x" * 50 + "1", "x" * 50 + "2", None, "none", "a\u202eb"]
    labels = labelled(names, "none")
    assert len(set(labels)) == len(names)
    assert labels[2] == "none"
    assert "\u202e" not in "".join(labels)
