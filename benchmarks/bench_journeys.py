"""Joining on codes and time: the last packing of each tube, and its box's scan after that, against as-of joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from poolpipe_kernels import journeys as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

DAY_S = 86_400


class Packings(NamedTuple):
    """Tubes packed into boxes, and the boxes' scans."""

    tube: NDArray[np.uint32]
    box: NDArray[np.uint32]
    at: NDArray[np.int64]
    scan_box: NDArray[np.int64]
    scan_at: NDArray[np.int64]


@pytest.fixture(scope="module")
def packings(rows: int) -> Packings:
    """One tube in a hundred packed twice; thirty tubes a box, a box used four times."""
    rng = np.random.default_rng(4)
    boxes = rows // 120
    tube = np.r_[np.arange(rows - rows // 100), rng.integers(0, rows - rows // 100, rows // 100)].astype(
        np.uint32
    )
    scan_box = np.repeat(np.arange(boxes), 4)
    scan_at = np.sort(rng.integers(0, DAY_S, (boxes, 4)), axis=1).ravel()
    box = rng.integers(0, boxes, rows, np.uint32)
    return Packings(tube, box, rng.integers(0, DAY_S, rows), scan_box, scan_at)


def latest(packings: Packings) -> NDArray[np.int32]:
    tubes = int(packings.tube.max()) + 1
    rows, tied = np.full(tubes, -1, np.int32), np.zeros(tubes, np.bool_)
    kernels.latest_rows(packings.tube, packings.at, rows, tied)
    return rows


@pytest.mark.benchmark(group="journeys: the last packing of each tube")
class BenchLatest:
    def bench_kernel(self, speed: Callable[..., Any], packings: Packings) -> None:
        speed("kernel", len(packings.tube), lambda: latest(packings))

    def bench_polars(self, speed: Callable[..., Any], packings: Packings) -> None:
        frame = pl.DataFrame({"tube": packings.tube, "at": packings.at}).with_row_index("row").lazy()
        query = frame.group_by("tube").agg(pl.col("row").max_by("at"), pl.col("at").max())
        found = speed("polars group_by", len(packings.tube), query.collect).sort("tube")
        assert np.array_equal(found["at"].to_numpy(), packings.at[latest(packings)])


def scans_after(packings: Packings) -> NDArray[np.int32]:
    offsets = np.arange(0, len(packings.scan_at) + 1, 4)
    packed = np.arange(len(packings.box), dtype=np.int32)
    scans = np.empty(len(packed), np.int32)
    kernels.scans_after(packed, packings.box, packings.at, offsets, packings.scan_at, scans)
    return scans


@pytest.mark.benchmark(group="journeys: the box's scan after a packing, else the last before")
class BenchScansAfter:
    def bench_kernel(self, speed: Callable[..., Any], packings: Packings) -> None:
        speed("kernel", len(packings.box), lambda: scans_after(packings))

    def bench_polars(self, speed: Callable[..., Any], packings: Packings) -> None:
        packed = (
            pl.DataFrame({"box": packings.box, "at": packings.at}).with_row_index("row").lazy().sort("at")
        )
        scans = (
            pl.DataFrame({"box": packings.scan_box.astype(np.uint32), "scan": packings.scan_at})
            .lazy()
            .sort("scan")
        )
        options: dict[str, Any] = {"left_on": "at", "right_on": "scan", "by": "box", "coalesce": False}
        packed = packed.join_asof(scans, strategy="forward", check_sortedness=False, **options)
        packed = packed.join_asof(
            scans, strategy="backward", suffix="_before", check_sortedness=False, **options
        )
        query = packed.select("row", scan=pl.coalesce("scan", "scan_before"))
        found = speed("polars as-of joins", len(packings.box), query.collect).sort("row")
        assert np.array_equal(found["scan"].to_numpy(), packings.scan_at[scans_after(packings)])
