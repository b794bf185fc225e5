"""Marts in the memory of a connection: each is counted when it is first read, with no more than it is made of."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from poolpipe.nightly.database import NightDatabase, tables_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import date

    from poolpipe.events.reference import Reference
    from poolpipe.nightly.sources import TableFiles

__all__ = ["MartsOnDemand", "mart_types"]


class MartsOnDemand:
    """The marts of a version, for SQL that may read any of them.

    Parameters
    ----------
    opening : callable
        Opens the tables of the version.
    days : iterable of date, optional
        Days that are counted; all on which somebody was swabbed by default.
    reference : Reference, optional
        Residents, sites and laboratories.
    """

    def __init__(
        self,
        opening: Callable[[], AbstractContextManager[TableFiles]],
        days: Iterable[date] | None = None,
        reference: Reference | None = None,
    ) -> None:
        self._opening, self._reference = opening, reference
        self._days = None if days is None else sorted({*days})
        self._counted: dict[str, pa.Table] = {}
        self._lock = Lock()

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a view of each table of a night; no mart is counted yet."""
        for name in tables_shown():
            connection.register(name, _MartStream(self, name))

    def table(self, name: str) -> pa.Table:
        """Give a table of a night, counted at the first call."""
        with self._lock:
            if name not in self._counted:
                self._counted[name] = self._count(name)
            return self._counted[name]

    def _count(self, name: str) -> pa.Table:
        from poolpipe.events.reference import Reference
        from poolpipe.nightly.days import days_swabbed
        from poolpipe.nightly.night import count_days
        from poolpipe.policy import load_policy

        known = Reference() if self._reference is None else self._reference
        with (
            duckdb.connect(config={"python_enable_replacements": False}) as connection,
            self._opening() as tables,
        ):
            connection.execute("set TimeZone = 'UTC'")
            rules = tables.policy or load_policy(None)
            days = days_swabbed(tables, rules) if self._days is None else self._days
            database = NightDatabase(connection, days, has_before=False)
            if days and tables.as_of is not None:
                wanted = None if name in {"nights", "notes"} else {name}
                count_days(database, tables, rules, known, wanted=wanted)
                found = connection.sql(f"select * from main.{name} order by all").to_arrow_table()  # noqa: S608 -- one of our own names
                return found.cast(mart_types(name))
        return mart_types(name).empty_table()


class _MartStream:
    """A table as Arrow gives it to whoever asks: its columns at once, its rows when they are read."""

    def __init__(self, marts: MartsOnDemand, name: str) -> None:
        self._marts, self._name = marts, name

    def __arrow_c_schema__(self) -> Any:
        return mart_types(self._name).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        def batches() -> Iterator[pa.RecordBatch]:
            yield from self._marts.table(self._name).to_batches()

        return pa.RecordBatchReader.from_batches(mart_types(self._name), batches()).__arrow_c_stream__()


@cache
def mart_types(name: str) -> pa.Schema:
    """The columns of a table of a night, which a connection must know before it is counted.

    scripts/write_mart_types.py writes them down, and a test compares them with a night's file.
    """
    told = json.loads(
        resources.files("poolpipe.nightly").joinpath("mart_types.json").read_text(encoding="utf-8")
    )
    return pa.schema([(column, _ARROW[kind]) for column, kind in told[name].items()])


_ARROW = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(), "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
}  # fmt: skip
