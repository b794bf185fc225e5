"""Framing delimited text: the kernel, which reports every broken record, against Python's csv reader."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from poolpipe_kernels import framing as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = '2022-04-04T08:00:00+08:00,310101202204040001,310101198501100019,"Yard, east",1,10\r\n'


@pytest.fixture(scope="module")
def text(people: int) -> str:
    return LINE * people


def frame(text: str) -> int:
    flat = np.frombuffer(text.encode(), np.uint8)
    n = text.count("\n")
    starts, ends, lines = (np.empty(n, np.int64) for _ in range(3))
    final, skipping = True, False
    outputs = (starts, ends, lines, np.empty(n, np.int32), np.empty(n, np.uint8))
    records, _, _, _ = kernels.frame(flat, ord(","), final, skipping, 1 << 16, 1 << 22, *outputs)
    return records


@pytest.mark.benchmark(group="records: lines of CSV to records")
class BenchFrame:
    def bench_kernel(self, speed: Callable[..., Any], text: str, people: int) -> None:
        assert speed("kernel", people, lambda: frame(text)) == people

    def bench_csv(self, speed: Callable[..., Any], text: str, people: int) -> None:
        read = lambda: sum(1 for _ in csv.reader(io.StringIO(text, newline="")))  # noqa: E731 - one call, timed
        assert speed("python csv reader", people, read) == people
