"""A run of 384 wells and three targets as text: the reader with all its checks, beside the bare table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from poolpipe.instruments import read, recognise

if TYPE_CHECKING:
    from collections.abc import Callable

WELLS = [f"{row}{column}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]
HEAD = "* Block Type = 384-Well Block\n* Experiment Barcode = P1\n* Experiment Run End Time = 2022-02-10 12:00:00\n\n"
COLUMNS = "Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tReporter\tCT\tCt Mean\n"


@pytest.fixture(scope="module")
def table() -> str:
    return COLUMNS + "".join(
        f"{i}\t{well}\tfalse\tS{i}\t{target}\tUNKNOWN\tFAM\t{20 + i / 100:.3f}\t{20 + i / 100:.3f}\n"
        for i, well in enumerate(WELLS, 1)
        for target in ("ORF1ab", "N", "IC")
    )


@pytest.fixture(scope="module")
def export(table: str) -> bytes:
    curves = "".join(
        f"{i}\t{well}\t{cycle}\t36,431.130\n" for cycle in range(40) for i, well in enumerate(WELLS, 1)
    )
    return (
        HEAD + "[Raw Data]\nWell\tWell Position\tCycle\tx1-m1\n" + curves + "\n[Results]\n" + table
    ).encode()


@pytest.mark.benchmark(group="instruments: a QuantStudio text of 384 wells")
class BenchQuantStudio:
    def bench_read(self, speed: Callable[..., Any], export: bytes) -> None:
        file = speed("read, with every check", 1152, lambda: read(export))
        assert file.readings.height == 1152

    def bench_bare_table(self, speed: Callable[..., Any], table: str) -> None:
        text = table.encode()
        speed("polars, the bare table", 1152, lambda: pl.read_csv(io.BytesIO(text), separator="\t"))


@pytest.mark.benchmark(group="instruments: is it one at all")
class BenchRecognise:
    def bench_instrument(self, speed: Callable[..., Any], export: bytes) -> None:
        assert speed("an instrument's file", 1, lambda: recognise(export)) == "quantstudio-classic"

    def bench_event_file(self, speed: Callable[..., Any]) -> None:
        events = ("at,tube,person\n" + "2022-02-10T08:00:00+08:00,T1,P1\n" * 5_000).encode()
        assert speed("an event file", 1, lambda: recognise(events)) is None
