"""The marts of one day as the report reads them: frames of the night's file, without what is as large as the day itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import duckdb
import polars as pl

from poolpipe.display import mask_identities
from poolpipe.errors import InputError
from poolpipe.nightly.days import check_counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

__all__ = ["NightTables", "read_night"]

_SELECTS: Final[dict[str, str]] = {
    "coverage": "* exclude (building) from main.coverage where date = $day and level <> 'building'",
    "positivity": "* exclude (plate, kit) from main.positivity where date = $day and level not in ('plate', 'kit', 'hour')",
    "throughput": "hour, sum(tubes)::bigint as tubes, sum(people)::bigint as people, sum(plan_people)::bigint as plan_people, "
    "count(*) as points from main.throughput where date = $day group by hour",
    "losses": "site, lab, state, outcome, sum(tubes)::bigint as tubes, sum(people)::bigint as people, max(oldest_h) as oldest_h "
    "from main.losses where date = $day group by site, lab, state, outcome",
    "breaches": "clock, guilty_step, max(limit_h) as limit_h, sum(tubes)::bigint as tubes, sum(people)::bigint as people, "
    "sum(running)::bigint as running, max(worst_h) as worst_h from main.breaches where date = $day group by clock, guilty_step",
    "retention_due": "lab, status, sum(tubes)::bigint as tubes from main.retention_due where date = $day and is_due "
    "group by lab, status",
    "control_charts": "chart, lab, stratum, place, charted_at, up, down from main.control_charts where date = $day",
    "dim_laboratory": "* from main.dim_laboratory",
}
"""Tables that are added up, or lose rows, before they leave the database; of the others all rows of the day are read."""

_WHOLE: Final = (
    "city_clocks", "expected_positives", "forecast", "home_visits", "lab_drift", "laboratory_load", "notes", "recall_curve",
    "recall_steps", "reconciliation", "release", "suspected_false_alarms", "turnaround", "unexplained_pools", "westgard",
)  # fmt: skip

_NAMES: Final = ("site", "lab", "township", "community", "subject")
"""Columns of names from files, in which a number of a person is masked."""


@dataclass(frozen=True, slots=True)
class NightTables:
    """The marts of a day.

    Attributes
    ----------
    day : date
    file : str
        Name of the database.
    version, policy_version : str
        Of the tables, and of the rules, that the day was counted from.
    as_of : datetime
        The moment of the tables, UTC.
    small_cell : int
        Counts from 1 to this are hidden by place; 0 hides none.
    policy : str
        Name of the rules.
    rules : mapping
        All settings of the rules.
    tables : mapping of str to DataFrame
        The marts by name, without the column `date`; in a fixed order.
    """

    day: date
    file: str
    version: str
    policy_version: str
    as_of: datetime
    small_cell: int
    policy: str
    rules: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]

    def __getitem__(self, name: str) -> pl.DataFrame:
        """A mart by its name."""
        return self.tables[name]

    @property
    def zone(self) -> str:
        """The rules' time zone."""
        return str(self.rules["time_zone"])

    @property
    def noted(self) -> frozenset[str]:
        """Codes of what is missing (table `notes`)."""
        return frozenset(self["notes"]["code"].to_list())


def read_night(path: Path, day: date, name: str | None = None) -> NightTables:
    """Read what a report of a day shows.

    Parameters
    ----------
    path : Path
        The file that `run_night` wrote.
    day : date
        A day that was counted.
    name : str, optional
        What the report calls the file; its own name by default.

    Returns
    -------
    NightTables

    Raises
    ------
    InputError
        If there is no such file, or the day was not counted.
    """
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise InputError.of("nightly_no_database", where=str(path)) from error
    with connection:
        try:
            counted = _frame(connection, "* from main.nights order by date", None)
        except duckdb.CatalogException as error:
            raise InputError.of("nightly_no_database", where=str(path)) from error
        check_counted(counted["date"], day, path)
        told = counted.filter(pl.col("date") == day)
        connection.execute("set TimeZone = 'UTC'")
        selects = {name: f"* from main.{name} where date = $day" for name in _WHOLE} | _SELECTS
        frames = {
            name: _masked(_frame(connection, f"{select} order by all", day))
            for name, select in selects.items()
        }
        night = told.row(0, named=True)
        rules = connection.execute(
            "select name, rules from main.dim_policy where policy_version = ?", [night["policy_version"]]
        ).fetchall()[0]
    return NightTables(
        day, path.name if name is None else name, night["version"], night["policy_version"], night["as_of"], night["small_cell"],
        rules[0], json.loads(rules[1]), frames,
    )  # fmt: skip


def _frame(connection: duckdb.DuckDBPyConnection, select: str, day: date | None) -> pl.DataFrame:
    given = {"day": day} if "$day" in select else {}
    found = pl.DataFrame(connection.sql(f"select {select}", params=given or None).to_arrow_table())
    return found if day is None else found.drop("date", strict=False)


def _masked(frame: pl.DataFrame) -> pl.DataFrame:
    """Mask what in a name from a file may be a person's number."""
    names = [name for name in _NAMES if name in frame.columns]
    shown = []
    for name in names:
        told = frame[name].unique().drop_nulls()
        masked = pl.Series([mask_identities(text) for text in told.to_list()], dtype=pl.String)
        shown.append(pl.col(name).replace(told, masked) if told.len() else pl.col(name))
    return frame.with_columns(shown)
