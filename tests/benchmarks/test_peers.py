"""The peers are honest: each gives poolpipe's tables, on the worked examples and on a simulated city."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks import equality
from cities.compare import differences, normalised
from reference.cleaning import accept, records_of
from reference.reading import read_files

EXAMPLES = Path(__file__).parents[1] / "examples"
PEERS = ("polars_peer", "duckdb_peer", "pandas_peer")
TABLES = ("pools", "members", "recalls", "cases", "anomalies")
TYPES: dict[str, Any] = {
    "at": pl.Datetime("us", "UTC"),
    "sent_at": pl.Datetime("us", "UTC"),
    "capacity": pl.Int64,
    "swabs": pl.Int64,
    "tubes": pl.Int64,
    "ct": pl.Float64,
}


def write_typed(events: list[dict[str, Any]], folder: Path) -> None:
    """Accepted events as the clean, typed Parquet the peers read: a folder per kind that occurs."""
    for kind in sorted({event["kind"] for event in events}):
        rows = [event for event in events if event["kind"] == kind]
        schema = {
            name: TYPES.get(name, pl.String) for name in rows[0] if name not in ("kind", "temperature_c")
        }
        (folder / kind).mkdir(parents=True)
        pl.DataFrame(rows, schema=schema).write_parquet(folder / kind / "part-0.parquet")


def tied_tubes(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Tubes with several scans of a kind at the same moment: which one counts the peers leave to their engine."""
    scans = Counter((e["kind"], e["round"], e["tube"], e["at"]) for e in events if e.get("tube") is not None)
    return {(round_, tube) for (_, round_, tube, _), times in scans.items() if times > 1}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("[0-9]*")), ids=lambda folder: folder.name)
def test_peers__give_the_tables_of_the_worked_examples(example: Path, peer: str, tmp_path: Path) -> None:
    accepted, _, _ = accept(records_of(read_files(example / "events")))
    write_typed(accepted, tmp_path / "events")

    import_module(f"benchmarks.peers.{peer}").main(tmp_path / "events", tmp_path / "out")

    for table in TABLES:
        lines = (example / "expected" / f"{table}.ndjson").read_text().splitlines()
        expected = [json.loads(line) for line in lines]
        found = pl.read_parquet(tmp_path / "out" / f"{table}.parquet").to_dicts()
        if table == "anomalies":
            expected = [row for row in expected if row["code"] == "person_in_two_tubes"]
        if table == "pools":
            tied = tied_tubes(accepted)
            expected, found = (
                [r for r in rows if (r["round"], r["tube"]) not in tied] for rows in (expected, found)
            )
        assert differences(normalised(expected, table), normalised(found, table)) == "", table


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated town full of troubles, but with lines that can be read, and poolpipe's tables of it."""
    import poolpipe
    from poolpipe.simulate import TROUBLES, simulate

    folder = tmp_path_factory.mktemp("town")
    troubles = dict.fromkeys(TROUBLES, 0.02) | {"unreadable": 0.0, "messy_codes": 0.0}
    simulate(folder / "city", preset="town", people=1_500, seed=7, troubles=troubles)
    poolpipe.run(folder / "city" / "events").write(folder / "ours")
    return folder


@pytest.mark.parametrize("peer", PEERS)
def test_peers__agree_with_poolpipe_on_a_town_full_of_troubles(town: Path, peer: str, tmp_path: Path) -> None:
    import_module(f"benchmarks.peers.{peer}").main(town / "city" / "events", tmp_path)

    for table in TABLES:
        only_ours, only_theirs, rows = equality.compare(town / "ours", tmp_path, table)
        assert rows > 0, f"the town has no {table}: the comparison says nothing"
        assert (only_ours.rows(), only_theirs.rows()) == ([], []), table
