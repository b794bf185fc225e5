"""Outlines of townships or communities from the city's GeoJSON (RFC 7946), on a grid that is small enough for a page."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from poolpipe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["CityOutlines", "Outline", "read_outlines"]

_TOWNSHIP: Final = ("township", "乡镇", "街道", "乡镇街道")
_COMMUNITY: Final = ("community", "社区", "村", "村居")
_WIDTH: Final = 900
_MOST_POINTS: Final = 40_000
"""Points of all outlines together; of more the grid is made coarser, until they suffice."""

_MOST_BYTES: Final = 64_000_000
"""Of the file: 25 times the outlines of 300 communities, and a gigabyte of memory once it is read."""

_Ring = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Outline:
    """A township or community.

    Attributes
    ----------
    township : str
    community : str or None
        None: the outline is a township's.
    rings : sequence of sequence of (x, y)
        Closed rings on the grid, y downwards; holes are rings, too (even-odd rule).
    """

    township: str
    community: str | None
    rings: Sequence[Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class CityOutlines:
    """The city's map.

    Attributes
    ----------
    outlines : sequence of Outline
    width, height : int
        Extent of the grid.
    """

    outlines: Sequence[Outline]
    width: int
    height: int

    @property
    def by_community(self) -> bool:
        """Whether outlines are communities'; else they are townships'."""
        return any(outline.community is not None for outline in self.outlines)


def read_outlines(path: Path) -> CityOutlines:
    """Read a GeoJSON file of polygons whose properties name a township, and a community where there is one.

    Parameters
    ----------
    path : Path
        A feature collection in degrees; properties `township` and `community`, or 乡镇 and 社区.

    Returns
    -------
    CityOutlines

    Raises
    ------
    InputError
        If it is no such file, or larger than 64 MB.
    """
    where = str(path)
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            megabytes, most = f"{size / 1e6:.0f}", f"{_MOST_BYTES / 1e6:.0f}"
            raise InputError.of("report_map_large", where=where, size=megabytes, most=most)
        told = json.loads(path.read_text(encoding="utf-8-sig"))
        found = [
            (names[0], names[1], rings)
            for feature in told["features"]
            if (names := _names(feature.get("properties") or {})) is not None
            and (rings := list(_rings(feature.get("geometry") or {})))
        ]
    except (
        OSError,
        UnicodeDecodeError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        raise InputError.of("report_map_unreadable", where=where, why=error) from error
    if not found:
        raise InputError.of("report_map_empty", where=where)
    xs = [x for *_, rings in found for ring in rings for x, _ in ring]
    ys = [y for *_, rings in found for ring in rings for _, y in ring]
    narrower = math.cos(
        math.radians((min(ys) + max(ys)) / 2)
    )  # a degree of longitude, in degrees of latitude
    wide, high = max((max(xs) - min(xs)) * narrower, 1e-9), max(max(ys) - min(ys), 1e-9)
    scale = _WIDTH / max(wide, high)
    step = 1
    while True:
        outlines = [
            Outline(township, community, grid)
            for township, community, rings in found
            if (grid := _on_grid(rings, min(xs), max(ys), narrower, scale, step))
        ]
        if not outlines:  # every polygon is a point or a line
            raise InputError.of("report_map_empty", where=where)
        if step >= 64 or sum(len(ring) for each in outlines for ring in each.rings) <= _MOST_POINTS:
            return CityOutlines(outlines, math.ceil(wide * scale) + 1, math.ceil(high * scale) + 1)
        step *= 2


def _names(properties: dict[str, Any]) -> tuple[str, str | None] | None:
    township = next((str(properties[name]) for name in _TOWNSHIP if properties.get(name)), None)
    community = next((str(properties[name]) for name in _COMMUNITY if properties.get(name)), None)
    return None if township is None else (township, community)


def _rings(geometry: dict[str, Any]) -> Iterator[list[tuple[float, float]]]:
    polygons = {"Polygon": [geometry.get("coordinates")], "MultiPolygon": geometry.get("coordinates")}
    for polygon in polygons.get(str(geometry.get("type")), ()) or ():
        for ring in polygon or ():
            points = [(float(point[0]), float(point[1])) for point in ring]
            for east, north in points:
                if not (abs(east) <= 180 and abs(north) <= 90):  # metres of a grid, or no number
                    raise ValueError((east, north))
            if points:
                yield points


def _on_grid(
    rings: list[list[tuple[float, float]]],
    west: float,
    north: float,
    narrower: float,
    scale: float,
    step: int,
) -> list[_Ring]:
    """Round points to the grid, and drop those that fall on the one before; a ring of fewer than three is too small to see."""
    kept = []
    for ring in rings:
        points: _Ring = []
        for x, y in ring:
            at = (
                round((x - west) * narrower * scale / step) * step,
                round((north - y) * scale / step) * step,
            )
            if not points or points[-1] != at:
                points.append(at)
        if len(points) > 1 and points[0] == points[-1]:
            points.pop()
        if len(points) > 2:
            kept.append(points)
    return kept
