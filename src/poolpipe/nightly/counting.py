"""Count one day: run the SQL files in their order on one connection, and what Python adds between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.nightly.days import bounds_of_day
from poolpipe.nightly.expected import lay_out_fit
from poolpipe.nightly.frames import frame_of, put
from poolpipe.nightly.hiding import hidden_coverage, hidden_faults, hidden_positives, hidden_visits
from poolpipe.nightly.intervals import exact_intervals
from poolpipe.nightly.marts import MartFile, in_order, mart_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Set

    import duckdb

    from poolpipe.events.reference import Reference
    from poolpipe.nightly.swabs import ListedPeople
    from poolpipe.policy import Policy

__all__ = [
    "ABOUT_PEOPLE",
    "LAID_OUT",
    "DayAsked",
    "begin_day",
    "count_day",
    "lay_out_reference",
    "needed_for",
]

_SITES: Mapping[str, pl.DataType] = {
    "site": pl.String(),
    "point": pl.String(),
    "township": pl.String(),
    "community": pl.String(),
    "priority": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class DayAsked:
    """A day as the SQL files know it, by DuckDB variables.

    Attributes
    ----------
    day : date
        Local.
    policy : Policy
    as_of : datetime
        The moment that the tables are of.
    """

    day: date
    policy: Policy
    as_of: datetime

    def variables(self) -> dict[str, Any]:
        """Every variable that the SQL files read but `has_devices`, which is of the tables."""
        rules, clocks = self.policy.nightly, self.policy.clocks
        begins, ends = bounds_of_day(self.day, self.policy)
        return {
            "date": self.day,
            "zone": self.policy.time_zone,
            "begins": begins,
            "ends": ends,
            "since": ends - timedelta(hours=clocks.city_all),
            "as_of": self.as_of,
            "pickup_limit": float(clocks.pickup),
            "room_temperature_limit": float(clocks.room_temperature),
            "cold_store_limit": float(clocks.cold_store),
            "result_limit": float(clocks.result),
            "result_priority_limit": float(clocks.result_priority),
            "result_never_beyond_limit": float(clocks.result_never_beyond),
            "city_half_limit": float(clocks.city_half),
            "city_all_limit": float(clocks.city_all),
            "plan_people": rules.samplers_per_point * rules.people_per_sampler_h,
            "shift_h": rules.shift_h,
            "small_cell": rules.small_cell,
            "forecast_days": rules.forecast_days,
        }


def lay_out_reference(connection: duckdb.DuckDBPyConnection, known: Reference) -> list[str]:
    """Put the tables of sites and laboratories where the SQL files read them, empty where they are not given.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    known : Reference

    Returns
    -------
    list of str
        Codes of messages: what is not there.
    """
    codes = {"sites": "nightly_no_sites", "labs": "nightly_no_labs"}
    missing = [code for name, code in codes.items() if getattr(known, name) is None]
    put(connection, "sites", _sites(known))
    put(connection, "labs", known.listed_labs())
    return missing


def begin_day(connection: duckdb.DuckDBPyConnection, asked: DayAsked) -> None:
    """Set the variables of a day."""
    for name, value in asked.variables().items():
        connection.execute(f"set variable {name} = ?", [value])
    rules = asked.policy
    told = {"policy_version": [rules.version], "name": [rules.name], "rules": [rules.model_dump_json()]}
    put(connection, "policy", pl.DataFrame(told))


def count_day(
    connection: duckdb.DuckDBPyConnection,
    asked: DayAsked,
    listed: ListedPeople | None,
    write: Callable[[MartFile], None],
    progress: Callable[[str, int, int], None] | None = None,
    wanted: Set[str] | None = None,
    before: Callable[[str], pl.DataFrame] | None = None,
) -> None:
    """Run every SQL file for a day: tables in between stay temporary, marts and dimensions are written.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With what `lay_out_views`, `lay_out_reference` and `lay_out_people` make.
    asked : DayAsked
    listed : ListedPeople or None
        As `lay_out_people` gives them; None where nothing wanted is made of `ABOUT_PEOPLE`.
    write : callable
        Called with each mart and dimension in turn; it runs `select` and keeps the rows.
    progress : callable, optional
        As in `poolpipe.run`.
    wanted : set of str, optional
        As `needed_for` gives them; no other file is run. Every one by default.
    before : callable, optional
        Gives a mart's rows of this day in the file before, which a reader may have kept; None where the day is not in it.
    """
    begin_day(connection, asked)
    limit = asked.policy.nightly.small_cell
    every = mart_files()
    wanted = needed_for(every) if wanted is None else wanted
    files = [each for name, each in every.items() if name in wanted]
    base = [each for each in files if each.folder == "base"]
    shown = in_order(each for each in files if each.folder != "base")
    early = needed_for(LAID_OUT["round_residents"])
    first = in_order(each for each in base if each.name in early)
    second = in_order(each for each in base if each.name not in early)
    done = count()

    def told() -> None:
        if progress:
            progress("counting", next(done), len(base) + len(shown))

    def lay_out(files: Iterable[MartFile]) -> None:
        for each in files:
            told()
            connection.execute(f"create or replace temp {each.kind} {each.name} as {each.select}")

    lay_out(first)
    if listed is not None and "round_residents" in wanted:
        listed.lay_out_rounds(connection)
    lay_out(second)
    if "fit" in wanted:
        lay_out_fit(connection, asked.policy)
    _hide(connection, limit, wanted, before)
    for each in shown:
        told()
        write(each)
    told()


def needed_for(marts: Iterable[str]) -> set[str]:
    """Names of everything that some marts are made of: SQL files, and what Python lays out between them; themselves too."""
    files, found, waiting = mart_files(), set[str](), list(marts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += files[name].reads if name in files else LAID_OUT.get(name, ())
    return found


LAID_OUT: Mapping[str, tuple[str, ...]] = {
    "round_residents": ("round_tubes", "residents", "swabs"),
    "hidden_positives": ("positive_counts",),
    "hidden_levels": ("positive_counts",),
    "hidden_coverage": ("coverage_counts",),
    "hidden_faults": ("fault_counts",),
    "hidden_visits": ("visit_counts",),
    "intervals": ("positive_groups",),
    "fit": ("pools_by_size", "retested_pools", "pools_of_found"),
}
"""What Python computes between SQL files, and from which of them."""

ABOUT_PEOPLE = frozenset({"areas", "residents", "round_residents", "swabs"})
"""What `lay_out_people` lays out, and what follows from it."""


def _hide(
    connection: duckdb.DuckDBPyConnection,
    limit: int,
    wanted: Set[str],
    before: Callable[[str], pl.DataFrame] | None,
) -> None:
    """Lay out which counts are hidden, and the exact intervals, as far as they are wanted."""
    if wanted & {"hidden_positives", "hidden_levels"}:
        rows, levels = hidden_positives(
            frame_of(connection, "positive_counts"), limit, before and before("positivity")
        )
        put(connection, "hidden_positives", rows)
        put(connection, "hidden_levels", levels)
    if "hidden_coverage" in wanted:
        counts = frame_of(connection, "coverage_counts")
        put(connection, "hidden_coverage", hidden_coverage(counts, limit, before and before("coverage")))
    if "hidden_visits" in wanted:
        visits = frame_of(connection, "visit_counts")
        earlier = (
            visits.head(0).with_columns(is_hidden=pl.lit(value=False))
            if before is None
            else before("home_visits")
        )
        put(connection, "hidden_visits", hidden_visits(visits, earlier, limit))
    if "hidden_faults" in wanted:
        faults = frame_of(connection, "fault_counts")
        put(connection, "hidden_faults", hidden_faults(faults, limit, before and before("scan_errors")))
    if "intervals" not in wanted:
        return
    pairs = frame_of(connection, "(select distinct positive, tubes from positive_groups order by all)")
    lower, upper = exact_intervals(
        pairs["positive"].to_numpy().astype(np.int64), pairs["tubes"].to_numpy().astype(np.int64)
    )
    told = pairs.rename({"positive": "successes", "tubes": "trials"})
    put(connection, "intervals", told.with_columns(pl.Series("lower", lower), pl.Series("upper", upper)))


def _sites(known: Reference) -> pl.DataFrame:
    """Sites with the columns that the SQL files read; null where the table has none, or a priority is no truth value."""
    if known.sites is None:
        return pl.DataFrame(schema=dict(_SITES))
    from poolpipe.coding.vocabulary import yes_or_no

    sites = known.sites
    if "priority" in sites.columns:
        sites = sites.with_columns(yes_or_no(sites["priority"]).alias("priority"))
    return sites.select(
        (pl.col(name) if name in sites.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in _SITES.items()
    )
