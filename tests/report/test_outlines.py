"""The city's GeoJSON becomes outlines on a grid: names in either language, holes, bounds, and what is no map is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from poolpipe.errors import InputError
from poolpipe.report import outlines
from poolpipe.report.html_file import report_html
from poolpipe.report.outlines import read_outlines
from poolpipe.report.places import places_section
from poolpipe.report.tiles import ABSENT, HIDDEN, outline_svg
from report.nights import town, town_report, with_tables


def square(x, y, side=0.1):
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]


def city(tmp_path, *features):
    """A file of polygons: properties and rings."""
    told = [
        {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": rings}}
        for properties, rings in features
    ]
    path = tmp_path / "city.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": told}), encoding="utf-8")
    return path


def test_outlines__are_named_in_either_language(tmp_path):
    found = read_outlines(
        city(
            tmp_path,
            ({"township": "a", "community": "b"}, [square(116, 25)]),
            ({"乡镇": "c", "社区": "d"}, [square(116.1, 25)]),
            ({"街道": "e"}, [square(116.2, 25)]),
            ({"name": "nobody"}, [square(116.3, 25)]),
        )
    )
    assert [(each.township, each.community) for each in found.outlines] == [
        ("a", "b"),
        ("c", "d"),
        ("e", None),
    ]
    assert found.by_community


def test_outlines__keep_their_shape(tmp_path):
    """A square in degrees at 60 degrees north is half as wide as it is high."""
    found = read_outlines(city(tmp_path, ({"township": "a"}, [square(20, 60)])))
    assert math.isclose(found.width / found.height, 0.5, abs_tol=0.01)
    (ring,) = found.outlines[0].rings
    assert ring[0] == (0, found.height - 1)  # south-west: y runs downwards


def test_holes__are_rings(tmp_path):
    path = city(tmp_path, ({"township": "a"}, [square(116, 25, 0.3), square(116.1, 25.1)]))
    found = read_outlines(path)
    assert len(found.outlines[0].rings) == 2
    assert 'fill-rule="evenodd"' in outline_svg([(found.outlines[0], 1)], found.width, found.height)


def test_points__are_bounded(tmp_path, monkeypatch):
    circle = [[116 + math.cos(n / 1000) / 10, 25 + math.sin(n / 1000) / 10] for n in range(6283)]
    path = city(tmp_path, ({"township": "a"}, [circle]))
    monkeypatch.setattr(outlines, "_MOST_POINTS", 300)
    (ring,) = read_outlines(path).outlines[0].rings
    assert 50 < len(ring) <= 300


HUGE = (
    '{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Polygon", "coordinates": [[[1%s, 1]]]}}]}'
    % ("0" * 400)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json", "cannot be read as GeoJSON"),
        ("[]", "cannot be read as GeoJSON"),
        ('{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Polygon", "coordinates": [[["x", 1]]]}}]}', "cannot"),
        ('{"features": []}', "no polygon whose properties name a township"),
        ('{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}]}', "no polygon"),
        ('{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Polygon", "coordinates": [[[NaN, 1]]]}}]}', "cannot"),
        ('{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Polygon", "coordinates": [[[5e5, 4e6]]]}}]}', "500000.0"),
        ('{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Polygon", "coordinates": [[]]}}]}', "no polygon"),
        ('{"features": [{"properties": {"township": "a"}, "geometry": {"type": "Polygon", "coordinates": [[[1, 1]]]}}]}', "no polygon"),
        (HUGE, "cannot"),
        ('{"features": ' + "[" * 100_000, "cannot"),
    ],
)  # fmt: skip
def test_file__that_is_no_map_is_refused(text, why, tmp_path):
    path = tmp_path / "x.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=why):
        read_outlines(path)


def test_file__that_is_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "city.geojson"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(InputError, match=r"city\.geojson: has 100 MB; a map may have 64"):
        read_outlines(path)


def test_shades__are_those_of_the_marts(tmp_path):
    base = {"round": "r", "level": "community", "township": "t", "people": 100}
    coverage = [
        {**base, "community": "full", "collected": 100, "not_collected": 0, "share": 1.0, "is_hidden": False},
        {**base, "community": "poor", "collected": 50, "not_collected": 50, "share": 0.5, "is_hidden": False},
        {**base, "community": "few", "is_hidden": True},
    ]
    night = with_tables(town(), coverage=coverage, positivity=[], release=[])
    names = ("full", "poor", "few", "elsewhere")
    path = city(
        tmp_path,
        *(({"township": "t", "community": name}, [square(116 + n / 10, 25)]) for n, name in enumerate(names)),
    )
    found = read_outlines(path)
    section = places_section(night, found)
    (drawn,) = section.maps
    assert {outline.community: shade for outline, shade in drawn.outlines} == {
        "full": 0,
        "poor": 4,
        "few": HIDDEN,
        "elsewhere": ABSENT,
    }
    assert "nothing known: 1" in drawn.alt.english
    page = report_html(replace(town_report(), sections=[section]), city=found)
    assert '<div class="outlines" aria-hidden="true"><svg' in page
