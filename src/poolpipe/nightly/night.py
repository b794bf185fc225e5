"""A night: count the days asked for from the tables of a version into a DuckDB file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from poolpipe.errors import InputError
from poolpipe.events.reference import Reference
from poolpipe.messages import in_both, message
from poolpipe.nightly.counting import ABOUT_PEOPLE, DayAsked, count_day, lay_out_reference, needed_for
from poolpipe.nightly.database import NightDatabase, being_written
from poolpipe.nightly.days import DAYS_NAMED, bounds_of_day, days_with_events, has_events
from poolpipe.nightly.laboratories import DRIFT, lay_out_drift
from poolpipe.nightly.marts import mart_files
from poolpipe.nightly.sources import opened_tables
from poolpipe.nightly.swabs import lay_out_people
from poolpipe.nightly.views import lay_out_views
from poolpipe.policy import Policy, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set
    from contextlib import AbstractContextManager
    from pathlib import Path

    import polars as pl

    from poolpipe.nightly.sources import TableFiles
    from poolpipe.nightly.swabs import ListedPeople
    from poolpipe.policy import Rules

__all__ = ["count_days", "run_night"]

_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""Days between which arithmetic of times cannot leave the calendar."""


def run_night(
    source: Path,
    day: date,
    out: Path,
    *,
    days: int = 1,
    policy: Rules = None,
    reference: Reference | None = None,
    people: Path | None = None,
    key: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    beside: Callable[[Path], AbstractContextManager[object]] | None = None,
) -> dict[str, Any]:
    """Count the marts of a day, or of several, into a DuckDB file; other days in it stay as they are.

    Parameters
    ----------
    source : Path
        A result, or a store.
    day : date
        The last day, in the policy's time zone.
    out : Path
        The database.
    days : int
        How many days up to `day` are counted anew, from 1: results that came late change earlier days.
    policy : Policy, str, Path or mapping, optional
        Limits of clocks, plan and small counts. Of a store its own by default, of a result `ten-in-one`.
    reference : Reference, optional
        Residents, sites and labs.
    people : Path, optional
        File of the residents, where `reference` has none; a city's is read in less time and memory than `read_reference` takes.
    key : str, optional
        File of a store's key: without it no list of residents can be compared with its pseudonyms.
    progress : callable, optional
        As in `poolpipe.run`.
    beside : callable, optional
        As in `being_written`: what puts files of the same night in place with the database, as `report_beside` does.

    Returns
    -------
    dict
        date, days, version, as_of, policy, rows (of each table, for these days), notes.

    Raises
    ------
    InputError
        As `opened_tables` and `being_written`; or if no event was accepted, nothing happened on any of these days
        (`nightly_quiet`), or a day is none of the calendar's years 1900 to 2999.
    """
    known = Reference() if reference is None else reference
    if not (_FIRST_DAY + timedelta(days=days) <= day <= _LAST_DAY):
        raise InputError.of("nightly_day_beyond", where=str(day))
    asked = [day - timedelta(days=back) for back in reversed(range(days))]
    with opened_tables(source, key, progress) as tables:
        rules = (tables.policy if policy is None else None) or load_policy(policy)
        if tables.as_of is None:
            raise InputError.of("nightly_no_events", where=str(source))
        if not any(has_events(tables, rules, each) for each in reversed(asked)):
            raise _quiet(source, asked, days_with_events(tables, rules))
        with being_written(out, asked, beside=beside) as database:
            notes = count_days(database, tables, rules, known, people=people, progress=progress)
            return {
                "date": day.isoformat(),
                "days": days,
                "version": tables.version,
                "as_of": tables.as_of,
                "policy": {"name": rules.name, "version": rules.version},
                "rows": _rows(database),
                "notes": notes,
            }


def count_days(
    database: NightDatabase,
    tables: TableFiles,
    rules: Policy,
    known: Reference,
    *,
    people: Path | None = None,
    wanted: Set[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[str]:
    """Count the days of a database, one after the other.

    Parameters
    ----------
    database : NightDatabase
    tables : TableFiles
        With a moment.
    rules : Policy
    known : Reference
    people : Path, optional
        As in `run_night`.
    wanted : set of str, optional
        Marts that are counted, with what they are made of; every one, and `nights` and `notes`, by default.
    progress : callable, optional
        As in `poolpipe.run`.

    Returns
    -------
    list of str
        Codes of messages: what the last day lacks.
    """
    connection, as_of = database.connection, tables.as_of or datetime.now(UTC)
    needed = None if wanted is None else needed_for(wanted)
    missing = lay_out_views(connection, tables)
    listed: ListedPeople | None = None
    if needed is None or needed & ABOUT_PEOPLE:
        connection.execute("set variable asked_begins = ?", [bounds_of_day(database.days[0], rules)[0]])
        connection.execute("set variable asked_ends = ?", [bounds_of_day(database.days[-1], rules)[1]])
        listed, why = lay_out_people(connection, tables, known, people)
        missing += why
    missing += lay_out_reference(connection, known)
    notes: list[str] = []
    for day in database.days:
        asked = DayAsked(day, rules, as_of)
        charts: list[str] = []
        if needed is None or needed & DRIFT:
            charts = lay_out_drift(connection, tables, known, asked)
        before = database.rows_before(day)
        notes = [*missing, *charts, *_doubts(day, tables, rules)]
        if before is not None and _is_revised(before, tables.version):
            notes.append(_AGAIN)
        count_day(connection, asked, listed, database.write, progress, needed, before)
        if wanted is None:
            if not has_events(tables, rules, day):
                notes.append("nightly_quiet_day")
            _note(day, database, tables, rules, notes)
    return notes


def _quiet(source: Path, asked: Sequence[date], busy: Sequence[date]) -> InputError:
    """Say that nothing happened, and name the days nearest to the one asked for on which something did."""
    near = sorted(sorted(busy, key=lambda each: (abs(each - asked[-1]), each))[:DAYS_NAMED])
    day = f"{asked[-1]}" if len(asked) == 1 else f"{asked[0]}/{asked[-1]}"
    days = ", ".join(map(str, near)) or "-"
    return InputError.of("nightly_quiet", where=str(source), day=day, days=days, count=len(busy))


def _note(day: date, database: NightDatabase, tables: TableFiles, rules: Policy, notes: list[str]) -> None:
    told = {
        "version": tables.version,
        "as_of": tables.as_of,
        "policy_version": rules.version,
        "small_cell": rules.nightly.small_cell,
    }
    texts = [(code, in_both(message(code, {}))) for code in notes]
    database.note(day, told, [(code, both.english, both.chinese) for code, both in texts])


_AGAIN = "nightly_counted_again"


def _is_revised(before: Callable[[str], pl.DataFrame], version: str) -> bool:
    """Whether a day that stands in the file is of other tables, or was when it was counted last."""
    return before("nights")["version"].item() != version or _AGAIN in before("notes")["code"].to_list()


def _doubts(day: date, tables: TableFiles, rules: Policy) -> list[str]:
    """What to bear in mind of a day: it had not ended, or the tables are of another policy."""
    found = []
    _, ends = bounds_of_day(day, rules)
    if tables.as_of is not None and tables.as_of < ends:
        found.append("nightly_unfinished_day")
    if tables.summary["policy"]["version"] != rules.version:
        found.append("nightly_other_policy")
    return found


def _rows(database: NightDatabase) -> dict[str, int]:
    """Rows of each mart for the days counted, and of each dimension."""
    rows = {}
    for mart in mart_files().values():
        if mart.folder == "base":
            continue
        counted = f"select count(*) from main.{mart.name}"  # noqa: S608 -- one of our own names
        given: list[Any] = []
        if mart.by_day:
            counted, given = f"{counted} where list_contains(?, date)", [list(database.days)]
        rows[mart.name] = int(database.connection.execute(counted, given).fetchall()[0][0])
    return rows
