"""Maps of areas without a base map: a tile a community, township by township, or the outlines that the city gives; as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poolpipe.pages.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poolpipe.report.outlines import Outline

__all__ = ["ABSENT", "HIDDEN", "AreaMap", "Cell", "TileGroup", "outline_svg", "swatch_svg", "tile_svg"]

Cell = str | Words
"""A cell of a table, or a name of a map: a number or name as it is written, or a text in both languages."""

HIDDEN: Final = 5
ABSENT: Final = 6
"""Shades of areas whose count is hidden, and of which nothing is known; 0 to 4 are light to dark, the darker the worse."""

_FILLS: Final = ("#e8edf1", "#b9c7d2", "#8399a9", "#4d6577", "#14212b", "url(#hatch)", "#ffffff")
_STROKES: Final = ("#8399a9", "none", "none", "none", "none", "#5f6b76", "#5f6b76")
_HATCH: Final = (
    '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" fill="#fff"/>'
    '<path d="M0 4L4 0" stroke="#5f6b76" stroke-width="1"/></pattern></defs>'
)
_SIDE: Final = 16
_ACROSS: Final = 14


@dataclass(frozen=True, slots=True)
class TileGroup:
    """A township: what stands above its tiles, and a shade for each of its communities.

    Attributes
    ----------
    name, told : str or Words
    shades : sequence of int
        In the order of the communities' names.
    """

    name: Cell
    told: Cell
    shades: Sequence[int]


@dataclass(frozen=True, slots=True)
class AreaMap:
    """A map of one number.

    Attributes
    ----------
    title : Words
    alt : Words
        What is to be seen, for those who do not see it.
    legend : sequence of (shade, Words)
    groups : sequence of TileGroup
        Empty where outlines are drawn.
    outlines : sequence of (Outline, shade)
        Of the city's own map; else empty.
    left_out : int
        Communities that are not drawn.
    """

    title: Words
    alt: Words
    legend: Sequence[tuple[int, Words]]
    groups: Sequence[TileGroup] = ()
    outlines: Sequence[tuple[Outline, int]] = ()
    left_out: int = 0


def tile_svg(shades: Sequence[int]) -> str:
    """Draw the tiles of a township, one path a shade.

    Parameters
    ----------
    shades : sequence of int

    Returns
    -------
    str
        SVG with a pattern of its own, so that it can stand alone.
    """
    across = min(_ACROSS, max(1, len(shades)))
    down = max(1, -(-len(shades) // across))
    paths: dict[int, list[str]] = {}
    for number, shade in enumerate(shades):
        y, x = divmod(number, across)
        paths.setdefault(shade, []).append(
            f"M{x * _SIDE + 0.5:g} {y * _SIDE + 0.5:g}h{_SIDE - 2}v{_SIDE - 2}h-{_SIDE - 2}z"
        )
    return _drawn({shade: "".join(path) for shade, path in paths.items()}, across * _SIDE, down * _SIDE)


def swatch_svg(shade: int) -> str:
    """Draw one tile of a shade, for the legend."""
    return tile_svg([shade])


def outline_svg(outlines: Sequence[tuple[Outline, int]], width: int, height: int) -> str:
    """Draw outlines, one path a shade; width and height are the extent of their points."""
    paths: dict[int, list[str]] = {}
    for outline, shade in outlines:
        for ring in outline.rings:
            (x, y), *more = ring
            steps = []
            for at in more:
                steps.append(f"l{at[0] - x} {at[1] - y}")
                x, y = at
            paths.setdefault(shade, []).append(f"M{ring[0][0]} {ring[0][1]}{''.join(steps)}z")
    return _drawn({shade: "".join(path) for shade, path in paths.items()}, width, height, outline="#ffffff")


def _drawn(paths: Mapping[int, str], width: int, height: int, outline: str | None = None) -> str:
    hatch = _HATCH if HIDDEN in paths else ""
    drawn = "".join(
        f'<path d="{paths[shade]}" fill="{_FILLS[shade]}" stroke="{_line(shade, outline)}" fill-rule="evenodd"/>'
        for shade in sorted(paths)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{hatch}{drawn}</svg>'
    )


def _line(shade: int, outline: str | None) -> str:
    return _STROKES[shade] if outline is None or shade in {0, HIDDEN, ABSENT} else outline
