"""Do a peer's tables say the same as poolpipe's?  ``python -m benchmarks.equality POOLPIPE PEER``.

Every row and every column of docs/tables.md that the peer gives, as sets; exit status 1 and the first
differences when they are not the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

COLUMNS = {
    "pools": "round tube mode capacity people swabs site point first_collected last_collected box packed_at "
    "picked_up_at received_at lab plate well loaded_at call called_at state",
    "members": "round tube person_type person collected_at position",
    "recalls": "round tube person_type person opened_at due_at status overdue late recollected_at single_round "
    "single_tube outcome closed_at lab",
    "cases": "round tube person_type person collected_at called_at lab recall_of",
    "anomalies": "code severity round subject_kind subject",
}


def main(ours: Path, theirs: Path) -> int:
    """Print one line a table; 0 when all are equal."""
    unequal = 0
    for table in COLUMNS:
        only_ours, only_theirs, rows = compare(ours, theirs, table)
        unequal += bool(len(only_ours) or len(only_theirs))
        print(f"{table}: {rows} rows, {len(only_ours)} only in poolpipe, {len(only_theirs)} only in the peer")
        for name, rest in (("poolpipe", only_ours), ("peer", only_theirs)):
            for row in rest.head(3).rows(named=True):
                print(f"  only in {name}: {row}")
    return min(unequal, 1)


def compare(ours: Path, theirs: Path, table: str) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Rows only in the first folder's table, rows only in the second's, and rows of the first."""
    left, right = (_rows(folder, table) for folder in (ours, theirs))
    names = left.columns
    counted = [frame.group_by(names).len() for frame in (left, right)]
    return (
        counted[0].join(counted[1], on=[*names, "len"], how="anti", nulls_equal=True),
        counted[1].join(counted[0], on=[*names, "len"], how="anti", nulls_equal=True),
        len(left),
    )


def _rows(folder: Path, table: str) -> pl.DataFrame:
    frame = pl.read_parquet(folder / f"{table}.parquet").select(COLUMNS[table].split())
    if table == "anomalies":
        frame = frame.filter(pl.col("code").cast(pl.String) == "person_in_two_tubes")
    return frame.select(_plain(name, dtype) for name, dtype in frame.schema.items())


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """One spelling of a value, whatever type an engine wrote it in."""
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        moments = column.dt.cast_time_unit("us")
        return (moments.dt.convert_time_zone("UTC") if dtype.time_zone else moments).dt.replace_time_zone(
            None
        )
    if dtype.is_numeric():
        return column.cast(pl.Int64)
    if dtype == pl.Boolean:
        return column
    text = column.cast(pl.String)
    return text.fill_null("") if name == "round" else text


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
