"""A trace as a graph: tubes and people are its nodes, links its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from poolpipe.display import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TraceGraph", "trace_graph"]

_FROM_SOURCE: Final = ("member", "box", "well")
_TO_TUBE: Final = ("again", "box", "well")


class TraceGraph(NamedTuple):
    """Nodes and edges, each once.

    Attributes
    ----------
    nodes : DataFrame
        id, label, what (`tube`, `person`), round and tube (a person's: where the shortest link found them), kind and hops
        of the shortest link, lag_s of the nearest moment, score (the best), is_source; and of tubes site, call and
        collected (UTC) where these are known. Sorted by hops, kind, id.
    edges : DataFrame
        source and target (ids of nodes), kind, hops, lag_s, score, source_round, source_tube, round, tube.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame


def trace_graph(
    links: pl.DataFrame, tubes: pl.DataFrame | None = None, *, show_ids: bool = False
) -> TraceGraph:
    """Make a graph of links.

    A source leads to its members and to the tubes beside it; a member to people of the queue, of the household, and to
    their own other tubes; and such a tube to its people.

    Parameters
    ----------
    links : DataFrame
        Rows of the table `traces`.
    tubes : DataFrame, optional
        round, tube, site, call, first_collected of the tubes, as in the table `pools`.
    show_ids : bool
        Name people by type and number. Otherwise they are P1, P2, … in the order of these, with masked labels.

    Returns
    -------
    TraceGraph
    """
    people = _people(links, show_ids=show_ids)
    told = links.with_columns(
        _tube_id("source_round", "source_tube").alias("of_source"),
        _tube_id("round", "tube").alias("of_tube"),
        pl.concat_str("person_type", "person", separator=":").alias("who"),
    )
    told = told.join(people.select(who="who", of_person="id"), on="who", how="left", maintain_order="left")
    told = told.join(people.select(via="who", of_via="id"), on="via", how="left", maintain_order="left")
    ends = told.with_columns(
        pl.when(pl.col("kind").is_in(_FROM_SOURCE)).then("of_source").when(pl.col("kind") == "tube").then("of_tube")
        .otherwise("of_via").alias("source"),
        pl.when(pl.col("kind").is_in(_TO_TUBE)).then("of_tube").otherwise("of_person").alias("target"),
    )  # fmt: skip
    kept = (
        "source",
        "target",
        "kind",
        "hops",
        "lag_s",
        "score",
        "source_round",
        "source_tube",
        "round",
        "tube",
    )
    edges = ends.select(kept).sort(kept)
    return TraceGraph(_nodes(ends, people, tubes), edges)


def _tube_id(round_: str, tube: str) -> pl.Expr:
    """Round and tube in one text; null without tube."""
    return pl.when(pl.col(tube).is_not_null()).then(
        pl.concat_str(pl.lit("tube "), pl.col(round_).fill_null(""), pl.lit("/"), pl.col(tube))
    )


def _people(links: pl.DataFrame, *, show_ids: bool) -> pl.DataFrame:
    """Everybody in the links, whom others are reached by too: who (type:number), id, label."""
    via = links.filter(~pl.col("kind").is_in(("member", "box", "well"))).select(
        pl.col("via").str.split_exact(":", 1).struct.rename_fields(["person_type", "person"]).alias("via")
    )
    every = pl.concat([links.select("person_type", "person"), via.unnest("via")]).drop_nulls().unique()
    every = every.sort("person_type", "person").with_row_index("place", 1)
    who = pl.concat_str("person_type", "person", separator=":")
    shown = pl.col("person") if show_ids else pl.col("person").map_elements(mask, return_dtype=pl.String)
    return every.select(
        who.alias("who"),
        (who if show_ids else pl.format("P{}", "place")).alias("id"),
        pl.when(pl.col("person_type") == "RIC").then(shown)
        .otherwise(pl.concat_str(pl.col("person_type"), pl.lit(" "), shown)).alias("label"),
    )  # fmt: skip


def _nodes(ends: pl.DataFrame, people: pl.DataFrame, tubes: pl.DataFrame | None) -> pl.DataFrame:
    """Each node once, by its shortest link: of equally short ones the likeliest, then the nearest."""
    where = ("round", "tube", "kind", "hops", "lag_s", "score")
    sources = ends.select(
        pl.col("of_source").alias("id"),
        pl.col("source_round").alias("round"), pl.col("source_tube").alias("tube"), pl.lit("source").alias("kind"),
        pl.lit(0, ends.schema["hops"]).alias("hops"), pl.lit(0.0).alias("lag_s"), pl.lit(1.0).alias("score"),
        pl.lit(value=True).alias("is_source"),
    )  # fmt: skip
    reached = ends.select(pl.col("target").alias("id"), *where, pl.lit(value=False).alias("is_source"))
    nearest = ("hops", "score", pl.col("lag_s").abs(), "kind", "round", "tube")
    every = pl.concat([sources, reached]).sort(
        ~pl.col("is_source"), *nearest, descending=[False, False, True, False, False, False, False], nulls_last=True
    )  # fmt: skip
    nodes = every.unique("id", keep="first", maintain_order=True)
    nodes = nodes.join(people.select("id", "label"), on="id", how="left", maintain_order="left")
    nodes = nodes.with_columns(
        pl.when(pl.col("label").is_null()).then(pl.lit("tube")).otherwise(pl.lit("person")).alias("what"),
        pl.coalesce("label", "tube").alias("label"),
    )
    known = _known(tubes)
    nodes = nodes.join(known, on=["round", "tube"], how="left", nulls_equal=True, maintain_order="left")
    of_tube = [pl.when(pl.col("what") == "tube").then(name).alias(name) for name in ("site", "call")]
    order = (
        "id",
        "label",
        "what",
        "round",
        "tube",
        "kind",
        "hops",
        "lag_s",
        "score",
        "is_source",
        "site",
        "call",
        "collected",
    )
    return nodes.with_columns(of_tube).select(order).sort("hops", "kind", "id")


def _known(tubes: pl.DataFrame | None) -> pl.DataFrame:
    columns: Sequence[pl.Expr] = [
        pl.col("round"), pl.col("tube"), pl.col("site"), pl.col("call"), pl.col("first_collected").alias("collected"),
    ]  # fmt: skip
    if tubes is None:
        schema = dict.fromkeys(("round", "tube", "site", "call"), pl.String)
        return pl.DataFrame(schema=schema | {"collected": pl.Datetime("us", "UTC")})
    return tubes.select(columns)
