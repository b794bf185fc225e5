"""Townships and communities: maps of coverage and positivity, and the tables behind them; what the marts hide stays hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.pages.words import Words, masked_text, share_text
from poolpipe.report.document import NOT_KNOWN, NUMBER_HIDDEN, Cell, ReportSection, ReportTable, bounded
from poolpipe.report.measures import no_residents
from poolpipe.report.tiles import ABSENT, HIDDEN, AreaMap, TileGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.report.night_tables import NightTables
    from poolpipe.report.outlines import CityOutlines

__all__ = ["name_cell", "places_section"]

_TOWNSHIPS: Final = 60
_COMMUNITIES: Final = 300
_TILES: Final = 8000
_GROUPS: Final = 250
"""The most rows, tiles and townships that a report shows; what is left out is counted."""

_COVERED: Final = ((1.0, "100 %"), (0.995, "99.5 %"), (0.98, "98 %"), (0.95, "95 %"))
_FOUND: Final = ((0.0, "0"), (0.01, "1 %"), (0.03, "3 %"), (0.1, "10 %"))
"""From a share of residents sampled, and up to a share of pools positive or suspect, and how it is written."""

_NAMELESS: Final = Words("(not given)", "（未填）")
_ANSWERS: Final = {True: Words("yes", "是"), False: Words("no", "否")}

_Area = tuple[str, str | None]
_Areas = dict[_Area, dict[str, Any]]


def name_cell(name: str | None) -> Cell:
    """A name from a file as a cell: masked, and a word where there is none."""
    return masked_text(name, show_ids=False) if name else _NAMELESS


def places_section(night: NightTables, city: CityOutlines | None = None) -> ReportSection:
    """Make the section of townships and communities.

    Parameters
    ----------
    night : NightTables
    city : CityOutlines, optional
        The city's own map; without it a tile stands for a community.
    """
    rounds = night["coverage"]["round"].unique().sort()
    last = rounds[-1] if rounds.len() else None
    of_round = pl.col("round") == pl.lit(last, pl.String)
    covered = _areas(night["coverage"].filter(of_round))
    found = _areas(night["positivity"].filter(pl.col("mode") == "pool"))
    released = _areas(night["release"].filter(of_round).with_columns(level=pl.lit("community")))
    texts = []
    if not covered:
        texts.append(Words("Coverage is not known: {it}.", "覆盖率未知：{it}。").both(no_residents(night)))
    elif rounds.len() > 1:
        told = Words(
            "Of the newest round, {it}; the others are in the mart coverage.",
            "为最近一轮（{it}）；其余各轮见统计表 coverage。",
        )
        texts.append(told.both(Words(str(last), str(last))))
    if not found:
        texts.append(Words("No pool of this day has a result.", "当日没有混管出结果。"))
    if night.small_cell:
        texts.append(
            Words(
                "Counts from 1 to {n} by place are hidden, and others with them, so that no difference gives them back.",
                "按地点的计数为 1 至 {n} 的予以隐去，并同时隐去其他数字，使其无法由差额推出。",
            ).filled(n=night.small_cell)
        )
    maps = []
    if covered:
        maps.append(_map(_COVERAGE, covered, _covered_shade, city))
    if found:
        maps.append(_map(_POSITIVITY, found, _found_shade, city))
    tables = []
    if covered or found:
        tables = [_townships(covered, found, released), _communities(covered, found, released)]
    return ReportSection(
        "places", Words("By township and community", "按乡镇与社区"), texts, (), maps, tables
    )


def _areas(frame: pl.DataFrame) -> _Areas:
    """Rows of townships and communities by their names; a township's community is None."""
    rows = frame.filter(pl.col("level").is_in(["township", "community"])).sort(
        "township", "community", nulls_last=False
    )
    return {
        (row["township"] or "", (row["community"] or "") if row["level"] == "community" else None): row
        for row in rows.to_dicts()
    }


def _covered_shade(row: Mapping[str, Any] | None) -> int:
    if row is None:
        return ABSENT
    if row["is_hidden"]:
        return HIDDEN
    return next((shade for shade, (least, _) in enumerate(_COVERED) if row["share"] >= least), len(_COVERED))


def _found_shade(row: Mapping[str, Any] | None) -> int:
    if row is None:
        return ABSENT
    if row["is_hidden"]:
        return HIDDEN
    return next((shade for shade, (most, _) in enumerate(_FOUND) if row["share"] <= most), len(_FOUND))


_COVERAGE: Final = (
    Words("Residents sampled, by community of residence", "居民采样覆盖率（按居住社区）"),
    [
        *(
            (shade, Words("100 %", "100 %") if not shade else Words(f"from {told}", f"{told} 起"))
            for shade, (_, told) in enumerate(_COVERED)
        ),
        (len(_COVERED), Words(f"below {_COVERED[-1][1]}", f"低于 {_COVERED[-1][1]}")),
    ],
)
_POSITIVITY: Final = (
    Words("Pools positive or suspect, by community of the site", "阳性或可疑混管占比（按采样点所在社区）"),
    [
        *(
            (shade, Words("none", "无") if not shade else Words(f"up to {told}", f"至 {told}"))
            for shade, (_, told) in enumerate(_FOUND)
        ),
        (len(_FOUND), Words(f"above {_FOUND[-1][1]}", f"高于 {_FOUND[-1][1]}")),
    ],
)


def _map(
    what: tuple[Words, list[tuple[int, Words]]], areas: _Areas, shade: Any, city: CityOutlines | None
) -> AreaMap:
    """A map of one number, and in its text for the blind how many areas have each shade."""
    title, legend = what
    outlines = []
    groups: list[TileGroup] = []
    left_out = 0
    if city is not None:
        outlines = [(each, shade(areas.get((each.township, each.community)))) for each in city.outlines]
        shades = [each for _, each in outlines]
    else:
        by_township: dict[str, list[int]] = {}
        for (township, community), row in areas.items():
            if community is not None:
                by_township.setdefault(township, []).append(shade(row))
        drawn = 0
        for number, (township, tiles) in enumerate(by_township.items()):
            kept = tiles[: max(0, _TILES - drawn)] if number < _GROUPS else []
            drawn += len(kept)
            left_out += len(tiles) - len(kept)
            if kept:
                groups.append(TileGroup(name_cell(township), _told(areas.get((township, None))), kept))
        shades = [each for group in groups for each in group.shades]
    full = [*legend, (HIDDEN, NUMBER_HIDDEN), (ABSENT, Words("nothing known", "无数据"))]
    counted = [(told, shades.count(number)) for number, told in full if shades.count(number)]
    english = "; ".join(f"{told.english}: {number:,}" for told, number in counted)
    chinese = "；".join(f"{told.chinese}：{number:,}" for told, number in counted)
    alt = Words(f"{title.english}. Areas: {english}.", f"{title.chinese}。区域数：{chinese}。")
    return AreaMap(
        title,
        alt,
        [each for each in full if each[0] < HIDDEN or each[0] in shades],
        groups,
        outlines,
        left_out,
    )


def _told(row: Mapping[str, Any] | None) -> Cell:
    """What stands above a township's tiles: its share, which is null where it is hidden."""
    if row is None:
        return NOT_KNOWN
    if row["is_hidden"]:
        return NUMBER_HIDDEN
    return _share(row)


def _share(row: Mapping[str, Any]) -> str:
    if "collected" in row:
        return share_text(row["collected"], row["people"])
    return f"{100 * row['share']:.2f} %"


def _townships(covered: _Areas, found: _Areas, released: _Areas) -> ReportTable:
    names = sorted({township for areas in (covered, found) for township, _ in areas})
    rows = []
    for township in names:
        own = [row for (of, _), row in released.items() if of == township]
        done = f"{sum(row['is_released'] for row in own):,} / {len(own):,}" if own else NOT_KNOWN
        rows.append([name_cell(township), *_counts(covered, found, (township, None)), done])
    shown, left = bounded(rows, _TOWNSHIPS)
    heads = [Words("Township", "乡镇"), *_HEADS, Words("Communities that can be released", "可解除社区")]
    return ReportTable(Words("Townships", "各乡镇"), heads, shown, "coverage, positivity, release", left)


_HEADS: Final = (
    Words("Residents", "居民"),
    Words("Sampled", "已采样"),
    Words("Not sampled", "未采样"),
    Words("Pools with a result", "混管出结果"),
    Words("Positive or suspect", "阳性或可疑"),
)


def _communities(covered: _Areas, found: _Areas, released: _Areas) -> ReportTable:
    """Communities, those with the least coverage first; a hidden one stands with the names alone, behind those that are shown."""
    keys = {key for areas in (covered, found) for key in areas if key[1] is not None}

    def order(key: _Area) -> tuple[float, float, str, str]:
        sampled, positive = covered.get(key), found.get(key)
        share = 2.0 if sampled is None or sampled["is_hidden"] else float(sampled["share"])
        part = 0.0 if positive is None or positive["is_hidden"] else -float(positive["share"])
        return share, part, key[0], key[1] or ""

    shown, left = bounded(sorted(keys, key=order), _COMMUNITIES)
    rows: list[list[Cell]] = []
    for key in shown:
        state = released.get(key)
        freed: Cell = NOT_KNOWN if state is None else _ANSWERS[bool(state["is_released"])]
        rows.append([name_cell(key[1]), name_cell(key[0]), *_counts(covered, found, key), freed])
    heads = [
        Words("Community", "社区"),
        Words("Township", "乡镇"),
        *_HEADS,
        Words("Can be released", "可解除"),
    ]
    title = Words("Communities, the least sampled first", "各社区（覆盖率低者在前）")
    return ReportTable(title, heads, rows, "coverage, positivity, release", left, texts=2)


def _counts(covered: _Areas, found: _Areas, key: _Area) -> list[Cell]:
    sampled, positive = covered.get(key), found.get(key)
    told: list[Cell] = [NOT_KNOWN, NOT_KNOWN, NOT_KNOWN]
    if sampled is not None:
        counts: list[Cell] = (
            [_share(sampled), f"{sampled['not_collected']:,}"]
            if not sampled["is_hidden"]
            else [NUMBER_HIDDEN] * 2
        )
        told = [f"{sampled['people']:,}", *counts]
    if positive is None:
        return [*told, NOT_KNOWN, NOT_KNOWN]
    number: Cell = NUMBER_HIDDEN if positive["is_hidden"] else f"{positive['positive']:,}"
    return [*told, f"{positive['tubes']:,}", number]
