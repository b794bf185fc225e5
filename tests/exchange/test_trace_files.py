"""A trace in the formats of other programs is read by them as it was written."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import igraph
import networkx as nx
import polars as pl
import pytest

from charts.test_traces import LINKS
from poolpipe.charts.trace_graph import trace_graph
from poolpipe.errors import InputError
from poolpipe.exchange.trace_files import contact_files, gexf, graphml, write_trace

if TYPE_CHECKING:
    from pathlib import Path

EDGES = sorted(trace_graph(LINKS).edges.select("source", "target", "kind").rows())


def _collected() -> pl.DataFrame:
    times = pl.Series(["2022-04-04T00:00:00"] * 2).str.to_datetime(time_zone="UTC")
    return pl.DataFrame({"round": ["R1", "R0"], "tube": ["S", "T"], "site": "一小", "call": "positive"}).with_columns(
        first_collected=times
    )  # fmt: skip


def test_graphml__is_the_same_graph_in_networkx_and_igraph(tmp_path: Path) -> None:
    path = tmp_path / "t.graphml"
    path.write_bytes(graphml(trace_graph(LINKS, _collected())))
    read = nx.read_graphml(path, force_multigraph=True)
    assert sorted((a, b, told["kind"]) for a, b, told in read.edges(data=True)) == EDGES
    assert read.nodes["tube R1/S"]["site"] == "一小"
    opened = igraph.Graph.Read_GraphML(str(path))
    names = opened.vs["id"]
    assert sorted((names[edge.source], names[edge.target], edge["kind"]) for edge in opened.es) == EDGES


def test_gexf__has_times_and_is_the_same_graph(tmp_path: Path) -> None:
    path = tmp_path / "t.gexf"
    path.write_bytes(gexf(trace_graph(LINKS, _collected())))
    read = nx.read_gexf(path)
    assert sorted((a, b, told["kind"]) for a, b, told in read.edges(data=True)) == EDGES
    assert read.nodes["tube R0/T"]["start"] == "2022-04-04T00:00:00Z"


def test_contact_files__have_the_columns_that_microbetrace_and_epicontacts_ask_for() -> None:
    nodes, links = (
        list(csv.DictReader(io.StringIO(text))) for text in contact_files(trace_graph(LINKS)).values()
    )
    assert sorted((row["source"], row["target"], row["kind"]) for row in links) == EDGES
    assert all((row["from"], row["to"]) == (row["source"], row["target"]) for row in links)
    assert {row["source"] for row in links} | {row["target"] for row in links} == {row["id"] for row in nodes}


@pytest.mark.parametrize("name", ["t.svg", "t.png", "t.graphml", "t.gexf"])
def test_files__are_their_owners_alone_and_replaced(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        write_trace(LINKS, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_folder__is_replaced_but_never_with_files_of_others_in_it(tmp_path: Path) -> None:
    for _ in range(2):
        write_trace(LINKS, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["links.csv", "nodes.csv"]
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(InputError, match="mine"):
        write_trace(LINKS, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "rows", "told"), [("t.pdf", LINKS, "end in .svg"), ("t.svg", LINKS.clear(), "no link")]
)
def test_what_cannot_be_written__is_refused_with_the_way_out(
    tmp_path: Path, name: str, rows: pl.DataFrame, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        write_trace(rows, tmp_path / name)
