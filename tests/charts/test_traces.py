"""A trace as a graph and as a drawing: nothing is lost, every node once, and what is too much is counted in groups."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.charts.looks import png_of, svg_of
from poolpipe.charts.trace_graph import trace_graph
from poolpipe.charts.traces import MOST_NODES, trace_chart, trace_layout
from poolpipe.tables import TABLES

SCHEMA = {column.name: column.dtype for column in TABLES["traces"]}
SOURCE = {"source_round": "R1", "source_tube": "S"}


def link(kind: str, **columns: Any) -> dict[str, Any]:
    """One row of `traces`."""
    usual: dict[str, Any] = dict.fromkeys(SCHEMA) | SOURCE | {
        "round": "R1", "tube": "S", "kind": kind, "hops": 1, "lag_s": 0.0, "score": 0.5,
    }  # fmt: skip
    return usual | columns


def traces(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


def person(number: str, **columns: Any) -> dict[str, Any]:
    return {"person_type": "RIC", "person": number} | columns


LINKS = traces(
    link("member", hops=0, score=1.0, **person("A")),
    link("queue", tube="Q", lag_s=60.0, via="RIC:A", **person("B")),
    link("household", round=None, tube=None, lag_s=None, via="RIC:A", **person("C")),
    link("again", round="R0", tube="T", lag_s=-200_000.0, via="RIC:A", **person("A")),
    link("tube", round="R0", tube="T", hops=2, lag_s=-200_000.0, via="RIC:A", **person("D")),
    link("box", tube="X", lag_s=500.0, via="B1"),
    link("well", tube="X", lag_s=5.0, via="P1:A02"),
)


def test_graph__has_each_link_as_an_edge_between_those_it_connects() -> None:
    edges = trace_graph(LINKS, show_ids=True).edges
    assert {(row["source"], row["target"], row["kind"]) for row in edges.iter_rows(named=True)} == {
        ("tube R1/S", "RIC:A", "member"), ("RIC:A", "RIC:B", "queue"), ("RIC:A", "RIC:C", "household"),
        ("RIC:A", "tube R0/T", "again"), ("tube R0/T", "RIC:D", "tube"), ("tube R1/S", "tube R1/X", "box"),
        ("tube R1/S", "tube R1/X", "well"),
    }  # fmt: skip


def test_graph__has_every_node_once_and_knows_its_tubes() -> None:
    tubes = pl.DataFrame(
        {"round": ["R1", "R0"], "tube": ["S", "T"], "site": ["一小", None], "call": ["positive", "negative"],
         "first_collected": [None, None]},
        schema_overrides={"first_collected": pl.Datetime("us", "UTC")},
    )  # fmt: skip
    nodes = trace_graph(LINKS, tubes).nodes
    told = {row["id"]: (row["what"], row["kind"], row["call"]) for row in nodes.iter_rows(named=True)}
    assert len(told) == nodes.height == 7
    assert told["tube R1/S"] == ("tube", "source", "positive")
    assert told["tube R0/T"] == ("tube", "again", "negative")
    assert {told[each][0] for each in ("P1", "P2", "P3", "P4")} == {"person"}


def test_people__are_masked_and_still_apart() -> None:
    numbers = [f"11010519491231{number:04}" for number in range(40)]
    links = traces(*(link("member", hops=0, **person(number)) for number in numbers))
    hidden = trace_graph(links)
    assert hidden.nodes.filter(what="person").height == 40
    text = hidden.nodes.write_csv() + hidden.edges.write_csv()
    assert not [number for number in numbers if number in text]
    shown = trace_graph(links, show_ids=True).nodes
    assert {f"RIC:{number}" for number in numbers} < set(shown["id"])


ROWS = st.lists(
    st.builds(
        lambda kind, number, tube, lag, score: link(
            kind, tube=tube, lag_s=lag, score=score, via="RIC:0",
            hops={"member": 0, "tube": 2}.get(kind, 1), **(person(str(number)) if kind not in ("box", "well") else {}),
        ),
        st.sampled_from(["member", "queue", "household", "again", "tube", "box", "well"]),
        st.integers(0, 9), st.sampled_from("ABCDEF"), st.floats(-1e6, 1e6), st.floats(0, 1),
    ), min_size=1, max_size=60,
)  # fmt: skip


@settings(max_examples=50)
@given(ROWS, st.integers(3, 40))
def test_layout__draws_everything_once_whatever_the_order_and_nothing_on_top_of_another(
    rows: list[dict[str, Any]], most: int
) -> None:
    links = traces(link("member", hops=0, **person("0")), *rows)
    graph = trace_graph(links)
    layout = trace_layout(graph, most=most)
    assert layout.nodes["count"].sum() == graph.nodes.height
    if graph.nodes.height <= most:
        assert layout.nodes.select("x", "y").is_unique().all()
    assert (layout.nodes["y"] <= layout.height).all()
    again = trace_layout(trace_graph(links.sample(fraction=1.0, shuffle=True, seed=1)), most=most)
    assert layout.nodes.equals(again.nodes)
    assert layout.edges.sort(pl.all()).equals(again.edges.sort(pl.all()))


def test_drawing__of_more_than_can_be_read_shows_groups_with_their_counts() -> None:
    many = MOST_NODES + 100
    queue = [link("queue", tube=f"Q{n}", lag_s=60.0, via="RIC:A", **person(f"B{n:03}")) for n in range(many)]
    layout = trace_layout(trace_graph(traces(link("member", hops=0, **person("A")), *queue)), language="zh")
    assert layout.nodes.filter(kind="queue")["label"].to_list() == [f"{many}人"]
    assert layout.nodes.height == 3


@pytest.mark.parametrize("language", ["en", "zh"])
def test_chart__is_a_picture_in_both_languages(language: Any) -> None:
    chart = trace_chart(trace_graph(LINKS), language=language)
    svg = svg_of(chart)
    assert ("前后排队" in svg) == (language == "zh")
    assert ("within 10 minutes" in svg) == (language == "en")
    assert "NaN" not in json.dumps(chart.to_dict())
    assert png_of(chart, scale=0.5).startswith(b"\x89PNG")
