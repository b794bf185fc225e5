"""The least anybody must pay: the same Parquet files copied by Polars' streaming engine, kind by kind.

Run as ``python -m benchmarks.floor EVENTS OUT``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl


def main(folder: Path, out: Path) -> None:
    """Copy every Parquet file below `folder` to the same place below `out`."""
    for file in sorted(folder.rglob("*.parquet")):
        copy = out / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        pl.scan_parquet(file).sink_parquet(copy, engine="streaming")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
