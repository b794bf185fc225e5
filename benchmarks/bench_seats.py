"""Who sits in which tube: the kernel, in one thread and in two, against a table engine's groups and sort."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from poolpipe_kernels import groups, seats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SCANS_PER_TUBE = 10


class Scans(NamedTuple):
    """Scans of people into tubes, one in a thousand a second scan of the same person."""

    tube: NDArray[np.uint32]
    at: NDArray[np.int64]
    person: NDArray[np.int64]
    offsets: NDArray[np.int64]


@pytest.fixture(scope="module")
def scans(rows: int) -> Scans:
    rng = np.random.default_rng(6)
    tube = (np.arange(rows) // SCANS_PER_TUBE).astype(np.uint32)
    at = tube.astype(np.int64) * 60 + rng.integers(0, 600, rows)
    person = rng.permutation(rows).astype(np.int64) + 10**17
    again = rng.integers(0, rows // SCANS_PER_TUBE, rows // 1000) * SCANS_PER_TUBE
    person[again] = person[again + 1]
    order = rng.permutation(rows)
    tube, at, person = tube[order], at[order], person[order]
    counts = np.zeros(rows // SCANS_PER_TUBE + 1, np.int64)
    groups.count_keys(tube, counts[1:])
    return Scans(tube, at, person, np.cumsum(counts))


def seat(scans: Scans, threads: int) -> NDArray[np.int64]:
    """People of each tube; moving the scans beside the others of their tube is part of it."""
    tubes, n = len(scans.offsets) - 1, len(scans.tube)
    tube, at, person = scans.tube.copy(), np.empty(n, np.int64), np.empty(n, np.int64)
    attributes_id, same, nobody = np.zeros(n, np.uint32), np.zeros(1, np.uint32), np.empty(0, np.int64)
    seats.place_scans(scans.offsets[:-1].copy(), tube)
    seats.move(tube, scans.at, at)
    seats.move(tube, scans.person, person)
    marks = np.empty(n, np.uint8)

    def some(first: int, last: int) -> None:
        seats.order_scans(first, last, scans.offsets, same, nobody, at, person, attributes_id, marks)

    edges = [tubes * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, edges[:-1], edges[1:]))
    people = np.empty(tubes, np.int64)
    repeated = np.empty(np.count_nonzero(marks == seats.REPEATED), np.uint32)
    seats.part_scans(scans.offsets, marks, same, at, person, attributes_id, tube, people, repeated)
    return people


@pytest.mark.benchmark(group="seats: distinct people of each tube in queue order")
class BenchSeats:
    def bench_kernel_twice(self, speed: Callable[..., Any], scans: Scans) -> None:
        speed("kernel, two threads", len(scans.tube), lambda: seat(scans, 2))

    def bench_kernel(self, speed: Callable[..., Any], scans: Scans) -> None:
        people = speed("kernel, one thread", len(scans.tube), lambda: seat(scans, 1))
        assert np.array_equal(people, seat(scans, 2))

    def bench_polars(self, speed: Callable[..., Any], scans: Scans) -> None:
        frame = pl.DataFrame({"tube": scans.tube, "at": scans.at, "person": scans.person}).lazy()
        members = frame.group_by("tube", "person").agg(pl.col("at").min()).sort("tube", "at", "person")
        query = members.with_columns(position=pl.int_range(1, pl.len() + 1).over("tube"))
        found = speed("polars group_by and sort", len(scans.tube), query.collect)
        counted = found.group_by("tube").len().sort("tube")["len"]
        assert np.array_equal(counted.to_numpy(), seat(scans, 1))
