"""The day: every concluded table as a polars frame, with its summary; written to a folder and read again."""

from __future__ import annotations

import difflib
import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.errors import InputError, UnknownTableError
from poolpipe.results.overview import Overview
from poolpipe.results.queries import query_tables
from poolpipe.results.record_batches import in_batches
from poolpipe.results.tables import EncodedTables
from poolpipe.results.writing import Writing
from poolpipe.results.written import read_written
from poolpipe.stages.retention import count_by_lab
from poolpipe.tables import RETENTION, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from poolpipe.charts.plots import Plots
    from poolpipe.policy import Policy
    from poolpipe.results.record_batches import BatchedTable

__all__ = ["Day"]


class Day:
    """Every table of a campaign as of one moment.

    Parameters
    ----------
    tables : mapping of str to DataFrame, or EncodedTables
        The tables by name, each taken when it is first asked for; or integers from which each is made then.
    summary : mapping
        As the attribute.
    reconclude : callable, optional
        Concludes again under a policy and as of a moment; None for a day that holds no events.
    people : DataFrame, optional
        The reference table of residents.

    Attributes
    ----------
    pools, members, recalls, cases, traces, anomalies, ledger, rejects, retention,
    workload, readings, false_alarms : DataFrame
        The tables, sorted; times in UTC. Each is made when it is first asked for.
    summary : dict
        as_of, policy, files, rows per table, anomalies per code, columns left out, files skipped.
    people : DataFrame or None
        The reference table of residents, where one was given.

    Examples
    --------
    >>> import poolpipe
    >>> day = poolpipe.run("data/samples/town/events")
    >>> day  # what there is, and what to do next  # doctest: +ELLIPSIS
    Day as of 2022-04-08T09:13:07Z, policy ten-in-one ...
      tubes     1,899: 64 positive, 2 suspect, 1,813 negative, 20 no call
      recalls   270: 2 open, 268 closed, 2 overdue
      ...
    next:
      re-collect 2 people, the most urgent first: day.recalls.filter(status='open')
      ...
    >>> day["recalls"].equals(day.recalls)
    True
    >>> day.recals
    Traceback (most recent call last):
    AttributeError: a day has no 'recals': did you mean 'recalls'?
    """

    def __init__(
        self,
        tables: Mapping[str, pl.DataFrame] | EncodedTables,
        summary: Mapping[str, Any],
        reconclude: Callable[[Policy | str | Path | None, datetime | str | None], Day] | None = None,
        *,
        people: pl.DataFrame | None = None,
    ) -> None:
        self._tables: dict[str, pl.DataFrame] = {}
        self._coded = tables if isinstance(tables, EncodedTables) else None
        self._given: Mapping[str, pl.DataFrame] = {} if isinstance(tables, EncodedTables) else tables
        self._reconclude = reconclude
        self.people = people
        self.summary = dict(summary)

    def __repr__(self) -> str:
        return self._overview().text()

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        return self._overview().html()

    def _overview(self) -> Overview:
        there = self.names()
        rows = {name: int(count) for name, count in self.summary.get("rows", {}).items()}
        rows |= {name: self.table(name).height for name in there if name not in rows}
        recalls = self.recalls if "recalls" in there else pl.DataFrame()
        return Overview.of(self.summary, rows, self.tubes_by("call") if "pools" in there else {}, recalls)

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.table(name)

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    if not TYPE_CHECKING:  # a type checker names a misspelt attribute itself

        def __getattr__(self, name: str) -> NoReturn:
            # Names with an underscore get no suggestion: protocols ask for them, and users do not.
            raise AttributeError(
                f"a day has no {name!r}" + ("" if name.startswith("_") else f": {_near(name)}")
            )

    def sql(self, query: str) -> pl.DataFrame:
        """Answer a SELECT over the day's tables by their names, in DuckDB.

        Parameters
        ----------
        query : str
            Only the tables that it names are made. Times are UTC.

        Returns
        -------
        polars.DataFrame

        Raises
        ------
        InputError
            If DuckDB refuses the query, or it is not one SELECT.

        Examples
        --------
        >>> import poolpipe
        >>> day = poolpipe.run("data/samples/town/events")
        >>> day.sql("select mode, count(*) as tubes from pools group by mode order by tubes desc").rows()
        [('pool', 956), ('single', 935), (None, 8)]
        """
        return query_tables(query, self.names(), self.table)

    def table(self, name: str) -> pl.DataFrame:
        """Give one table by its name; `day["recalls"]` and `day.recalls` are the same.

        Raises
        ------
        UnknownTableError
            If there is no table of that name; it is a KeyError, too.
        InputError
            If this day was read from a folder that was written before there was such a table.
        """
        if name not in self._tables:
            if name not in TABLES:
                raise _no_table(name)
            if self._coded is None and name not in self._given:
                raise InputError.of("table_not_held", where="day", name=name)
            self._tables[name] = self._given[name] if self._coded is None else self._coded.table(name)
        return self._tables[name]

    @property
    def pools(self) -> pl.DataFrame:
        """The table of tubes, one row each."""
        return self.table("pools")

    @property
    def members(self) -> pl.DataFrame:
        """The table of people in tubes, one row per seat."""
        return self.table("members")

    @property
    def recalls(self) -> pl.DataFrame:
        """The table of people to re-collect, most urgent first."""
        return self.table("recalls")

    @property
    def cases(self) -> pl.DataFrame:
        """The table of positive people."""
        return self.table("cases")

    @property
    def traces(self) -> pl.DataFrame:
        """The table of links from a positive to other people."""
        return self.table("traces")

    @property
    def clusters(self) -> pl.DataFrame:
        """The table of positives that hang together."""
        return self.table("clusters")

    @property
    def anomalies(self) -> pl.DataFrame:
        """The table of anomalies, one row per code and subject."""
        return self.table("anomalies")

    @property
    def ledger(self) -> pl.DataFrame:
        """The table of tubes counted by round, site and box."""
        return self.table("ledger")

    @property
    def rejects(self) -> pl.DataFrame:
        """The table of rejected records."""
        return self.table("rejects")

    @property
    def readings(self) -> pl.DataFrame:
        """The table of read-outs that calls rest on."""
        return self.table("readings")

    @property
    def retention(self) -> pl.DataFrame:
        """The table of kept tubes."""
        return self.table("retention")

    @property
    def workload(self) -> pl.DataFrame:
        """The table of labs' hours."""
        return self.table("workload")

    @property
    def false_alarms(self) -> pl.DataFrame:
        """The table of positives that the laboratory may explain."""
        return self.table("false_alarms")

    @property
    def encoded(self) -> EncodedTables | None:
        """The tables as integers, from which each is made; None for a day that was read from a folder."""
        return self._coded

    def tubes_by(self, column: str) -> dict[str | None, int]:
        """Count tubes by `mode` or `call`; None is an orphan, or no call. Another column is an InputError."""
        check_choice("column", column, ("mode", "call"), InputError)
        if self._coded is not None:
            return self._coded.tubes_by(column)
        counted = self.pools.group_by(column).len()
        return dict(zip(counted[column], counted["len"], strict=True))

    def sampled(self) -> int:
        """Number of seats: people sampled, each once in a tube."""
        return self._coded.members.height if self._coded is not None else int(self.pools["people"].sum())

    def unreported(self) -> pl.DataFrame:
        """The rows of `pools` that are collected tubes without a result."""
        if self._coded is not None:
            return self._coded.unreported()
        return self.pools.filter(pl.col("mode").is_not_null() & (pl.col("state") != "reported"))

    def kept_by_lab(self) -> pl.DataFrame:
        """Tubes of the table `retention` per lab: lab, keep, again, may_discard, overdue, and `next`, the earliest keep_until."""
        if self._coded is not None:
            return self._coded.kept_by_lab()
        words = self.table("retention")
        places = pl.col("status").replace_strict(RETENTION, range(len(RETENTION)), return_dtype=pl.Int8)
        return count_by_lab(words.with_columns(places.alias("status")))

    def full_boxes(self) -> pl.DataFrame:
        """Journeys of boxes with more tubes than their capacity, the fullest first; empty for a day read from a folder."""
        capacity = self.summary.get("boxes", {}).get("capacity")
        if self._coded is None or capacity is None:
            return pl.DataFrame()
        return self._coded.full_boxes(capacity)

    @property
    def plot(self) -> Plots:
        """Charts for notebooks: `day.plot.recalls()`, `day.plot.funnel()`, `day.plot.positives()`.

        Examples
        --------
        >>> import poolpipe
        >>> day = poolpipe.run("data/samples/town/events")
        >>> type(day.plot.funnel()).__name__
        'LayerChart'
        """
        from poolpipe.charts.plots import Plots

        moment = self.summary["as_of"]
        return Plots(self.table, datetime.fromisoformat(moment) if isinstance(moment, str) else moment)

    def view(self, *, as_of: datetime | str | None = None, policy: Policy | str | Path | None = None) -> Day:
        """Conclude again from the same events, as of another moment or under another policy.

        Nothing is read again: code patterns, plate size and time zone, which decide what is accepted,
        stay those of the run.

        Parameters
        ----------
        as_of : datetime or str, optional
            As in `run`; by default the latest time of the accepted events.
        policy : Policy, str or Path, optional
            As in `run`; by default the policy of this day.

        Returns
        -------
        Day
            A new day; this one stays as it is.

        Raises
        ------
        InputError
            If this day was read from a folder, which holds no events.

        Examples
        --------
        >>> import poolpipe
        >>> day = poolpipe.run("data/samples/town/events")
        >>> day.view(as_of="2022-04-04T12:00:00+08:00").pools.height < day.pools.height
        True
        """
        if self._reconclude is None:
            raise InputError.of("no_events_held", where="day")
        return self._reconclude(policy, as_of)

    def names(self) -> list[str]:
        """Names of the tables; of a day read from a folder, those that it was written with."""
        return [table for table in TABLES if self._coded is not None or table in self._given]

    def batched(self, name: str) -> BatchedTable:
        """Give one table in batches of rows as Arrow tables: the texts of a city need more memory than its numbers."""
        if self._coded is not None:  # also of tables already made, so that batches are always the same
            return self._coded.batched(name)
        return in_batches(self.table(name), self.rounds())

    def finish(self, writing: Writing) -> None:
        """Give every table that is not being written yet to an open `Writing`."""
        writing.finish(self.summary, {name: partial(self.batched, name) for name in self.names()})

    def rounds(self) -> int:
        """How many rounds occur in the events."""
        return self._coded.members.rounds() if self._coded is not None else self.pools["round"].n_unique()

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write every table as Parquet, and `summary.json`, into `folder`, in one atomic step.

        Raises
        ------
        InputError
            If the folder cannot be made or written to, or another run is writing into it.
        """
        with Writing(folder) as writing:
            self.finish(writing)
        return Path(folder)

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Day:
        """Read a day that `write` wrote.

        The files are verified first: every table is the one that the summary names, by its size and SHA-256 or,
        in results of earlier versions, by its number of rows.

        Raises
        ------
        InputError
            If it holds no result of poolpipe, or tables and summary are of different runs.

        Examples
        --------
        >>> import tempfile
        >>> import poolpipe
        >>> day = poolpipe.run("data/samples/town/events")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = poolpipe.Day.read(day.write(folder))
        >>> again.pools.equals(day.pools)
        True
        """
        if not isinstance(folder, str | os.PathLike):
            raise InputError.of("no_path", where="folder", given=repr(folder))
        summary, tables = read_written(Path(folder))
        return cls(tables, summary)


def _near(name: object) -> str:
    """Suggest the table that was meant, or list them all."""
    alike = difflib.get_close_matches(str(name), TABLES, n=1)
    return f"did you mean {alike[0]!r}?" if alike else f"the tables are {', '.join(TABLES)}"


def _no_table(name: str) -> UnknownTableError:
    alike = difflib.get_close_matches(str(name), TABLES, n=1)
    if alike:
        return UnknownTableError.of("table_misspelt", where="day", name=name, near=alike[0])
    return UnknownTableError.of("no_such_table", where="day", name=name, tables=", ".join(TABLES))
