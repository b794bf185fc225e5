"""Many small files as DuckDB and Polars read them by a pattern: all rows, with the name of their file, into one Parquet file.

Run as ``python -m benchmarks.peers.pattern_readers Polars|DuckDB FOLDER OUT``. Columns are texts; a line that does not fit
the header ends the run, and nothing is checked, counted or concluded.
"""

from __future__ import annotations

import sys
from pathlib import Path


def polars(folder: Path, form: str, out: Path) -> None:
    import polars as pl

    pattern = folder / f"*.{form}"
    if form == "csv":
        rows = pl.scan_csv(pattern, infer_schema=False, include_file_paths="file")
    else:
        rows = pl.scan_ndjson(pattern, include_file_paths="file")
    rows.sink_parquet(out / "scans.parquet")


def duckdb(folder: Path, form: str, out: Path) -> None:
    import duckdb

    read = "read_csv($1, all_varchar = true, header = true, filename = true)"
    if form == "ndjson":
        read = "read_ndjson($1, filename = true)"
    into = out / "scans.parquet"
    duckdb.execute(f"COPY (FROM {read}) TO '{into}' (FORMAT parquet)", [str(folder / f"*.{form}")])


def main(who: str, folder: Path, out: Path) -> None:
    form = next(folder.iterdir()).suffix.removeprefix(".")
    {"Polars": polars, "DuckDB": duckdb}[who](folder, form, out)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
