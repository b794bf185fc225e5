"""The tables of a version as the night's SQL sees them: one view each over the Parquet files, or an empty table and a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from poolpipe.nightly.sources import TableFiles

__all__ = ["lay_out_views"]

_TYPES = {
    pl.String: "varchar",
    pl.Int64: "bigint",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Datetime: "timestamptz",
}

_NO_COLLECTS = (
    "select null::varchar as round, null::varchar as tube, null::varchar as site, null::varchar as device, "
    "null::timestamptz as scanned_at where false"
)

_KITS = (
    "select round, plate, string_agg(distinct reagent, '+' order by reagent) as kit from {readings} "
    "where reagent is not null group by round, plate"
)
"""Reagents of each plate; a void withdraws a reading that it names."""


def lay_out_views(connection: duckdb.DuckDBPyConnection, source: TableFiles) -> list[str]:
    """Make the views that the SQL files read.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    source : TableFiles

    Returns
    -------
    list of str
        Codes of messages: what is not there, so that marts are empty or lack a column.
    """
    missing = []
    for name in ("pools", "recalls", "readings", "retention", "workload", "false_alarms"):
        files = source.tables.get(name)
        rows = _scan(files) if files else _empty(name)
        if name == "false_alarms":  # `at` is a word of SQL's own
            rows = f'select * exclude ("at"), "at" as loaded_at from ({rows})'  # noqa: S608
        if name == "recalls" and source.is_sealed and files:  # a pseudonym is of no type
            rows = f"select *, '' as person_type from ({rows})"  # noqa: S608
        connection.execute(f"create temp view {name} as {rows}")
        if files is None and name == "false_alarms":
            missing.append("nightly_no_false_alarms")
    _numbered_pools(connection, source)
    _people(connection, source)
    return missing + _events(connection, source)


def _numbered_pools(connection: duckdb.DuckDBPyConnection, source: TableFiles) -> None:
    """Pools with the number of their row, `pool`: members stand in the same order, tube by tube."""
    parts, begin = list[str](), 0
    for path in source.tables.get("pools") or ():
        rows = _scan([path], "file_row_number = true")
        parts.append(f"select * exclude (file_row_number), file_row_number + {begin} as pool from ({rows})")  # noqa: S608
        begin += connection.execute(f"select count(*) from ({rows})").fetchall()[0][0]  # noqa: S608
    numbered = " union all ".join(parts) or f"select *, null::bigint as pool from ({_empty('pools')})"  # noqa: S608
    connection.execute(f"create temp view numbered_pools as {numbered}")


def _people(connection: duckdb.DuckDBPyConnection, source: TableFiles) -> None:
    """Members, and anomalies with the person that they are about; a pseudonym is of no type."""
    members = source.tables.get("members")
    scanned = _scan(members) if members else _empty("members")
    kind = "'' as person_type" if source.is_sealed and members else "person_type"
    connection.execute(
        f"create temp view members as select round, tube, {kind}, person, collected_at from ({scanned})"  # noqa: S608
    )
    anomalies = source.tables.get("anomalies")
    if source.is_sealed and anomalies:
        subject = "subject, '' as person_type, person"
        found = _scan(anomalies)
    else:
        subject = (
            "case when subject_kind <> 'person' then subject end as subject, "
            "case when subject_kind = 'person' then split_part(subject, ':', 1) end as person_type, "
            "case when subject_kind = 'person' then substr(subject, instr(subject, ':') + 1) end as person"
        )
        found = _scan(anomalies) if anomalies else _empty("anomalies")
    connection.execute(
        f"create temp view anomalies as select code, round, subject_kind, {subject} from ({found})"  # noqa: S608
    )


def _events(connection: duckdb.DuckDBPyConnection, source: TableFiles) -> list[str]:
    """Scans with their devices, and reagents of plates: both only where events are kept, or all readings are."""
    missing = []
    collects = source.events.get("collect")
    wanted = _NO_COLLECTS
    if collects:
        wanted = f'select round, tube, site, device, "at" as scanned_at from ({_scan(collects)})'  # noqa: S608
    connection.execute(f"create temp view collects as {wanted}")
    connection.execute("set variable has_devices = ?", [bool(collects)])
    if not collects:
        missing.append("nightly_no_devices")
    reads = source.events.get("read")
    if reads:
        voids = source.events.get("void")
        standing = f"({_scan(reads)})"
        if voids:
            standing = (
                f"(select * from {standing} where event_id_hash is null or event_id_hash not in "  # noqa: S608
                f"(select event_hash from ({_scan(voids)}) where event_hash is not null))"
            )
        connection.execute(f"create temp view plate_kits as {_KITS.format(readings=standing)}")
    elif source.summary.get("readings") == "all":
        connection.execute(f"create temp view plate_kits as {_KITS.format(readings='readings')}")
    else:
        missing.append("nightly_no_kits")
        connection.execute(f"create temp view plate_kits as {_KITS.format(readings='readings')} having false")
    return missing


def _scan(files: list[Path] | None, *options: str) -> str:
    """Read files as one table; a quote in a path is doubled, which ends no text."""
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files or ())
    return f"select * from read_parquet({', '.join([f'[{paths}]', *options])})"  # noqa: S608


def _empty(table: str) -> str:
    columns = ", ".join(f'null::{_TYPES[each.dtype.base_type()]} as "{each.name}"' for each in TABLES[table])
    return f"select {columns} where false"
