"""Members and other tubes of sources as matrices and as a graph: scipy.sparse, and rustworkx where it is installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.tracing.city_index import CityIndex

__all__ = ["graph", "products"]

EDGES = 1 << 20
"""Edges that are handed over at once: a tuple of Python takes some 120 bytes."""


def products(index: CityIndex, chosen: NDArray[np.int64]) -> Callable[[], dict[str, int]]:
    """The matrix of tubes and people with its transpose, and that of tubes and boxes with its own.

    It knows no times: answers to a recall are among the other tubes, and other journeys of a box among its tubes.
    """
    person, begins = index.seats[0].person.values, index.tubes["seat_begins"].values.astype(np.int64)
    box = index.tubes["box"].values
    boxed = np.flatnonzero(box >= 0)

    def count() -> dict[str, int]:
        shape = len(begins) - 1, sum(map(len, index.people))
        held = sparse.csr_array((np.ones(len(person), np.int32), person, begins), shape=shape)
        packed = sparse.csr_array(
            (np.ones(len(boxed), np.int32), (boxed, box[boxed])),
            shape=(len(box), int(box.max(initial=0)) + 1),
        )
        members = int(held[chosen].sum())
        shared = int((held[chosen] @ held.T.tocsr()).sum())
        beside = int((packed[chosen] @ packed.T.tocsr()).sum())
        return {"member": members, "again": shared - members, "box": beside - int(packed[chosen].sum())}

    return count


def graph(index: CityIndex, chosen: NDArray[np.int64]) -> Callable[[], dict[str, int]] | None:
    """A graph of tubes, people and boxes, and the neighbours of neighbours of each source; None where there is no rustworkx.

    It knows no times, either.
    """
    if find_spec("rustworkx") is None:
        return None
    rustworkx: Any = import_module("rustworkx")
    person, begins = index.seats[0].person.values, index.tubes["seat_begins"].values.astype(np.int64)
    box, people = index.tubes["box"].values, sum(map(len, index.people))
    tubes = len(begins) - 1
    boxes = int(box.max(initial=-1)) + 1

    def count() -> dict[str, int]:
        city = rustworkx.PyGraph(multigraph=True, node_count_hint=tubes + people + boxes)
        city.add_nodes_from([None] * (tubes + people + boxes))
        tube_of = np.repeat(np.arange(tubes), np.diff(begins))
        boxed = np.flatnonzero(box >= 0)
        for ends in ((tube_of, person + tubes), (boxed, box[boxed].astype(np.int64) + tubes + people)):
            for first in range(0, len(ends[0]), EDGES):
                part = slice(first, first + EDGES)
                city.extend_from_edge_list(
                    list(zip(ends[0][part].tolist(), ends[1][part].tolist(), strict=True))
                )
        found = {"member": 0, "again": 0, "box": 0}
        for tube in chosen.tolist():
            for other in city.neighbors(tube):
                beside = len(city.neighbors(other)) - 1
                if other < tubes + people:
                    found["member"] += 1
                    found["again"] += beside
                else:
                    found["box"] += beside
        return found

    return count
