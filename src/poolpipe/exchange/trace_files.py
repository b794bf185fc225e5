"""A trace as a file: a drawing, GraphML, GEXF with times, or two CSV files that MicrobeTrace and epicontacts read as they are."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.charts.looks import png_of, svg_of
from poolpipe.charts.trace_graph import trace_graph
from poolpipe.charts.traces import trace_chart
from poolpipe.errors import InputError
from poolpipe.results.replacing import replaced_file, replaced_folder

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.charts.looks import Language
    from poolpipe.charts.trace_graph import TraceGraph

__all__ = ["TRACE_FORMATS", "contact_files", "gexf", "graphml", "write_trace"]

TRACE_FORMATS: Final = (".svg", ".png", ".graphml", ".gexf")
"""Endings of files that a trace can be written to; a name without ending is a folder of two CSV files."""

NODES, LINKS = "nodes.csv", "links.csv"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def write_trace(
    links: pl.DataFrame,
    out: Path,
    tubes: pl.DataFrame | None = None,
    *,
    language: Language = "en",
    show_ids: bool = False,
) -> None:
    """Write a trace as a drawing, as a graph or as two CSV files, in one step and readable by its owner alone.

    Parameters
    ----------
    links : DataFrame
        Rows of the table `traces`, one at least.
    out : Path
        Ends in .svg, .png, .graphml or .gexf; without an ending a folder for `nodes.csv` and `links.csv`. What is there
        is replaced, but a folder with other files is not.
    tubes : DataFrame, optional
        round, tube, site, call, first_collected of the tubes.
    language : {"en", "zh"}
        Of the drawing.
    show_ids : bool
        Name people by type and number; otherwise they are P1, P2, … with masked labels.

    Raises
    ------
    InputError
        If there is no link, the ending is another, or it cannot be written.
    """
    ending = out.suffix.lower()
    if ending and ending not in TRACE_FORMATS:
        raise InputError.of("trace_ending", where=str(out), endings=", ".join(TRACE_FORMATS))
    if links.is_empty():
        raise InputError.of("trace_empty", where=str(out))
    graph = trace_graph(links, tubes, show_ids=show_ids)
    if not ending:
        with replaced_folder(out, _check_own) as stage:
            for name, text in contact_files(graph).items():
                (stage / name).write_text(text, encoding="utf-8")
        return
    write = {".graphml": graphml, ".gexf": gexf}.get(ending) or partial(
        _drawn, language=language, ending=ending
    )
    with replaced_file(out, lambda _: None) as path:
        path.write_bytes(write(graph))


def graphml(graph: TraceGraph) -> bytes:
    """Write a graph as GraphML (Brandes et al. 2002), as igraph, Gephi, Cytoscape and networkx read it.

    Parameters
    ----------
    graph : TraceGraph

    Returns
    -------
    bytes
        UTF-8.
    """
    import networkx as nx

    written = io.BytesIO()
    nx.write_graphml_xml(_network(graph), written)
    return written.getvalue()


def gexf(graph: TraceGraph) -> bytes:
    """Write a graph as GEXF 1.2, each tube from its first swab on; a person from that of the tube that they were found in.

    Parameters
    ----------
    graph : TraceGraph

    Returns
    -------
    bytes
        UTF-8.
    """
    import networkx as nx

    network = _network(graph)
    network.graph["mode"] = "dynamic"
    for _, node in network.nodes(data=True):
        if "collected" in node:
            node["start"] = node["collected"]
    written = io.BytesIO()
    nx.write_gexf(network, written, version="1.2draft")
    return written.getvalue()


def contact_files(graph: TraceGraph) -> dict[str, str]:
    """Write a graph as a list of nodes and a list of links.

    Parameters
    ----------
    graph : TraceGraph

    Returns
    -------
    dict of str to str
        File name to CSV. Nodes have `id`; links have `source,target` (MicrobeTrace) and `from,to` (epicontacts).
    """
    ends = [pl.col("source").alias("from"), pl.col("target").alias("to")]
    links = graph.edges.select("source", "target", *ends, pl.exclude("source", "target"))
    return {
        NODES: graph.nodes.write_csv(datetime_format=_TIME),
        LINKS: links.write_csv(datetime_format=_TIME),
    }


def _drawn(graph: TraceGraph, *, language: Language, ending: str) -> bytes:
    chart = trace_chart(graph, language=language)
    return svg_of(chart).encode() if ending == ".svg" else png_of(chart)


def _check_own(folder: Path) -> None:
    foreign = sorted({path.name for path in folder.iterdir()} - {NODES, LINKS})
    if foreign:
        raise InputError.of("outbox_of_others", where=str(folder), names=", ".join(foreign[:5]))


def _network(graph: TraceGraph) -> Any:
    """A networkx graph; it has no nulls, so what is unknown is left out."""
    import networkx as nx

    network = nx.MultiDiGraph()
    for row in _texts(graph.nodes).iter_rows(named=True):
        network.add_node(row.pop("id"), **_known(row))
    for row in _texts(graph.edges).iter_rows(named=True):
        network.add_edge(row.pop("source"), row.pop("target"), **_known(row))
    return network


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with times as texts."""
    return frame.with_columns(pl.col(pl.Datetime).dt.strftime(_TIME))


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
