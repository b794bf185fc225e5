"""Draw the pictures of docs/trace.md from the sample town: one positive tube, and all of a day's."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import poolpipe
from poolpipe.exchange.trace_files import write_trace

ROOT = Path(__file__).parents[1]
TOWN = ROOT / "data" / "samples" / "town"


def main() -> None:
    """Run the town and write both pictures."""
    day = poolpipe.run(TOWN / "events", people=TOWN / "reference" / "people.parquet")
    kinds = day.traces.group_by("source_round", "source_tube").agg(pl.col("kind").n_unique(), pl.len())
    chosen = kinds.filter(pl.col("len") < 100).sort("kind", "len", "source_tube").row(-1, named=True)
    one = day.traces.filter(source_round=chosen["source_round"], source_tube=chosen["source_tube"])
    for name, links in (("trace", one), ("trace-groups", day.traces)):
        path = ROOT / "docs" / "images" / f"{name}.svg"
        write_trace(links, path, day.pools)
        path.chmod(0o644)


if __name__ == "__main__":
    main()
