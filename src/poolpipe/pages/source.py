"""Where a page gets its tables from: a day in memory, or a result's files, of which only what is asked for is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poolpipe.results.day import Day
    from poolpipe.results.written import Written

__all__ = ["PageSource", "source_of_day", "source_of_result"]


@dataclass(frozen=True, slots=True)
class PageSource:
    """A day's summary and its tables.

    Attributes
    ----------
    summary : mapping
        As in `Day.summary`.
    table : callable
        Gives a table by its name as a lazy frame.
    """

    summary: Mapping[str, Any]
    table: Callable[[str], pl.LazyFrame]

    @property
    def as_of(self) -> datetime | None:
        """The day's moment; None where no event was accepted."""
        moment = self.summary["as_of"]
        return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def source_of_day(day: Day) -> PageSource:
    """Take the tables of a day in memory."""
    return PageSource(day.summary, lambda name: day.table(name).lazy())


def source_of_result(written: Written) -> PageSource:
    """Take the tables of a verified result; the caller calls `written.check()` after the page is made."""
    return PageSource(written.summary, lambda name: pl.scan_parquet(written.path(name), glob=False))
