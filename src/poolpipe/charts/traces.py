"""Draw a trace: rows are times before and after the positive's swab, nodes are people and tubes; too many are drawn in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from poolpipe.charts.looks import BLUE, GREEN, GREY, INK, ORANGE, finished
from poolpipe.words import LINK_WORDS

if TYPE_CHECKING:
    import altair as alt

    from poolpipe.charts.looks import Language
    from poolpipe.charts.trace_graph import TraceGraph

__all__ = ["MOST_NODES", "TraceLayout", "trace_chart", "trace_layout"]

MOST_NODES: Final = 300
"""Nodes that can be told apart and read; more are drawn in groups of one kind and row."""

_COLOURS: Final = {
    "source": INK, "member": ORANGE, "household": GREEN, "queue": BLUE, "again": "#CC79A7", "tube": "#56B4E9",
    "well": "#E69F00", "box": GREY,
}  # fmt: skip
"""Okabe and Ito 2008."""

_LEFT: Final = 130
"""Pixels of the names of rows."""

_UPRIGHT: Final = 16
"""Pixels between two nodes with upright labels, and height of a letter's line."""

_FLAT: Final = 150
"""Pixels that a level label takes."""

_ROW: Final = {"level": 52, "upright": 128}
_HOUR, _DAY, _NEAR = 3600, 86_400, 600


class TraceLayout(NamedTuple):
    """Where everything is drawn, pixels from the upper left.

    Attributes
    ----------
    nodes : DataFrame
        id, label, what, kind, score, count (of a group), x, y.
    edges : DataFrame
        x, y, x2, y2, kind, score.
    rows : DataFrame
        label, y: the names of the rows, from the earliest.
    height : int
    upright : bool
        Whether labels stand upright, because level ones would overlap.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    rows: pl.DataFrame
    height: int
    upright: bool


def trace_layout(
    graph: TraceGraph, *, language: Language = "en", width: int = 1000, most: int = MOST_NODES
) -> TraceLayout:
    """Place the nodes of a graph: a row a stretch of time, in it a line for each number of links.

    Parameters
    ----------
    graph : TraceGraph
        With a node at least.
    language : str
        `en` or `zh`.
    width : int
        Pixels; nodes that one node leads to stand together.
    most : int
        Nodes; where there are more, those of one kind and row are one.
    """
    depth = pl.when("is_source").then(0).otherwise(pl.col("hops") + 1).alias("depth")
    placed = graph.nodes.with_columns(_row().alias("row"), depth)
    nodes, edges = (placed.with_columns(count=pl.lit(1)), _told_once(graph.edges))
    if placed.height > most:
        nodes, edges = _grouped(placed, edges, chinese=language == "zh")
    nodes = _in_turn(nodes, edges)
    room = width - _LEFT
    fullest = nodes.group_by("row", "depth").len()["len"].max()
    upright = placed.height <= most and fullest * _FLAT > room  # type: ignore[operator]  # not empty
    a_line = max(1, room // (_UPRIGHT if upright else _FLAT))
    own = ("row", "depth")
    nodes = nodes.with_columns((pl.col("row").cum_count().over(own) - 1).alias("place")).with_columns(
        (pl.col("place") // a_line).alias("line")
    )
    lines = nodes.select(*own, "line").unique().sort(*own, "line").with_row_index("level")
    nodes = nodes.join(lines, on=[*own, "line"], maintain_order="left").with_columns(
        pl.len().over("level").alias("of_line")
    )
    step = _ROW["upright" if upright else "level"]
    if placed.height > most:  # a column a kind, so that lines between groups part
        kinds = [kind for kind in _COLOURS if kind in set(nodes["kind"])]
        column = pl.col("kind").replace_strict({kind: place for place, kind in enumerate(kinds)})
        x = _LEFT + (column + 0.5) * room / len(kinds)
    else:
        x = _LEFT + (pl.col("place") % a_line + 0.5) * room / pl.col("of_line")
    nodes = nodes.with_columns(x.alias("x"), (pl.col("level") * step + 24.0).alias("y"))
    at = nodes.select("id", "x", "y")
    drawn = edges.join(at, left_on="source", right_on="id").join(
        at, left_on="target", right_on="id", suffix="2"
    )
    rows = nodes.group_by("row").agg(pl.min("y")).sort("row")
    named = rows.select(
        pl.col("row").map_elements(lambda row: _named(row, language), return_dtype=pl.String).alias("label"),
        "y",
    )
    shown = nodes.select("id", "label", "what", "kind", "score", "count", "x", "y")
    return TraceLayout(
        shown, drawn.select("x", "y", "x2", "y2", "kind", "score"), named, lines.height * step, bool(upright)
    )


def trace_chart(graph: TraceGraph, *, language: Language = "en", width: int = 1000) -> alt.LayerChart:
    """Draw a graph of a trace.

    Parameters
    ----------
    graph : TraceGraph
        With a node at least.
    language : str
        `en` or `zh`.
    width : int
        Pixels.

    Returns
    -------
    altair.LayerChart
    """
    import altair as alt

    layout = trace_layout(graph, language=language, width=width)
    kinds = [kind for kind in _COLOURS if kind in set(layout.nodes["kind"])]
    words = {kind: _word(kind, language) for kind in kinds}
    colour = alt.Color(
        "told:N", scale=alt.Scale(domain=list(words.values()), range=[_COLOURS[kind] for kind in kinds]),
        legend=alt.Legend(title=None, orient="top", columns=8, symbolOpacity=1),
    )  # fmt: skip
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[layout.height, 0], nice=False))
    told = {"told": pl.col("kind").replace_strict(words, default="")}
    lines = alt.Chart(_data(layout.edges.with_columns(**told))).mark_rule(opacity=0.35).encode(
        x=x, y=y, x2="x2:Q", y2="y2:Q", color=colour
    )  # fmt: skip
    nodes = alt.Chart(_data(layout.nodes.with_columns(**told))).mark_point(filled=True, opacity=1).encode(
        x=x, y=y, color=colour, size=alt.Size("count:Q", legend=None, scale=alt.Scale(range=[70, 900], domain=[1, 400])),
        shape=alt.Shape("what:N", legend=None, scale=alt.Scale(domain=["person", "tube"], range=["circle", "square"])),
    )  # fmt: skip
    turned: dict[str, Any] = {"angle": 90, "align": "left", "dx": 8} if layout.upright else {"dy": 16}
    labels = (
        alt.Chart(_data(layout.nodes))
        .mark_text(fontSize=9, color=INK, **turned)
        .encode(x=x, y=y, text="label:N")
    )
    rows = alt.Chart(_data(layout.rows)).mark_text(align="left", fontSize=12, color=GREY).encode(
        x=alt.value(0), y=y, text="label:N"
    )  # fmt: skip
    return finished(alt.layer(lines, nodes, labels, rows), width=width, height=layout.height + 40)


def _data(frame: pl.DataFrame) -> alt.Data:
    import altair as alt

    return alt.Data(values=frame.to_dicts())


def _word(kind: str, language: Language) -> str:
    if kind == "source":
        return "阳性管" if language == "zh" else "positive tube"
    word = LINK_WORDS[kind]
    return word.chinese if language == "zh" else word.english


def _row() -> pl.Expr:
    """The row of a node: 0 for moments near the positive's swab, signed hours and days before and after, last what has no time."""
    lag = pl.col("lag_s").abs()
    far = (
        pl.when(lag <= _NEAR).then(0).when(lag < _HOUR).then(1).when(lag < _DAY).then(2)
        .otherwise(2 + lag // _DAY)
    )  # fmt: skip
    signed = far * pl.when(pl.col("lag_s") < 0).then(-1).otherwise(1)
    return pl.when(pl.col("lag_s").is_null()).then(_UNTIMED).otherwise(signed).cast(pl.Int64)


_UNTIMED: Final = 10**9


def _named(row: int, language: Language) -> str:
    """The name of a row."""
    chinese = language == "zh"
    if row == _UNTIMED:
        return "未采样" if chinese else "not swabbed"
    if row == 0:
        return "同时（10 分钟内）" if chinese else "within 10 minutes"
    side = ("前" if row < 0 else "后") if chinese else ("before" if row < 0 else "after")
    far = abs(row)
    if far == 1:
        return f"{side} 1 小时内" if chinese else f"up to 1 hour {side}"
    if far == 2:
        return f"{side} 1 天内" if chinese else f"up to 1 day {side}"
    days = far - 2
    return f"{side} {days} 天" if chinese else f"{days} day{'s' if days > 1 else ''} {side}"


def _told_once(edges: pl.DataFrame) -> pl.DataFrame:
    """The likeliest of the links between two nodes."""
    best = edges.sort("score", descending=True, maintain_order=True).unique(
        ["source", "target"], keep="first", maintain_order=True
    )
    return best.select("source", "target", "kind", "score")


def _grouped(nodes: pl.DataFrame, edges: pl.DataFrame, *, chinese: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One node for all of a kind in a row, and the links between these; sources stay alone where they are few."""
    alone = pl.col("is_source") & (pl.col("is_source").sum() <= _FEW)
    group = pl.when(alone).then("id").otherwise(
        pl.concat_str("kind", "what", pl.col("row", "depth").cast(pl.String), separator=" ")
    )  # fmt: skip
    told = nodes.with_columns(group.alias("group"))
    people, of_tubes = ("人", "管") if chinese else (" people", " tubes")
    counted = pl.when(pl.col("what") == "person").then(pl.format("{}" + people, "count")).otherwise(
        pl.format("{}" + of_tubes, "count")
    )  # fmt: skip
    grouped = (
        told.group_by("group", maintain_order=True)
        .agg(
            pl.len().alias("count"),
            pl.first("label", "what", "kind", "hops", "row", "depth", "is_source"),
            pl.max("score"),
        )
        .with_columns(pl.when(pl.col("count") > 1).then(counted).otherwise("label").alias("label"))
        .rename({"group": "id"})
    )
    group_of = told.select("id", "group")
    between = edges.join(group_of.rename({"id": "source", "group": "from"}), on="source").join(
        group_of.rename({"id": "target", "group": "to"}), on="target"
    )
    return grouped, (
        between.group_by("from", "to", "kind").agg(pl.max("score")).sort("from", "to", "kind")
        .rename({"from": "source", "to": "target"})
    )  # fmt: skip


_FEW: Final = 20


def _in_turn(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Nodes by row, and in it by the node that leads to them, then kind: lines cross less."""
    ordered = nodes.with_columns(pl.lit(None, pl.Int64).alias("turn"))
    most = int(nodes["hops"].max() or 0)  # type: ignore[arg-type]  # a count
    for hops in range(most + 1):
        turns = ordered.sort("turn", "kind", "id", nulls_last=True).with_row_index("own").select("id", "own")
        led = (
            edges.join(turns, left_on="source", right_on="id")
            .group_by("target").agg(pl.min("own").cast(pl.Int64).alias("led"))
        )  # fmt: skip
        ordered = ordered.join(led, left_on="id", right_on="target", how="left", maintain_order="left").with_columns(
            pl.when(pl.col("hops") >= hops).then(pl.coalesce("led", "turn")).otherwise("turn").alias("turn")
        ).drop("led")  # fmt: skip
    return ordered.sort("row", "depth", "turn", "kind", "id", nulls_last=True)
