"""Who runs: the floor, the three peers and poolpipe, each as a command on a folder of events."""

from __future__ import annotations

import sys
from pathlib import Path

FLOOR = "floor"
OURS = "poolpipe"
PEERS = ("Polars", "DuckDB", "pandas")
ALL = (FLOOR, OURS, *PEERS)

MODULES = {
    FLOOR: "benchmarks.floor",
    "Polars": "benchmarks.peers.polars_peer",
    "DuckDB": "benchmarks.peers.duckdb_peer",
    "pandas": "benchmarks.peers.pandas_peer",
}
# Troubles that leave a line nobody can read: the peers are given clean input only.
CLEAN = ("--trouble", "unreadable=0", "--trouble", "messy_codes=0")


def poolpipe(*arguments: str) -> list[str]:
    """The command a user types, of this environment."""
    return [str(Path(sys.executable).with_name("poolpipe")), *arguments]


def command(name: str, events: Path, out: Path) -> list[str]:
    """What a contender is started with."""
    if name == OURS:
        return poolpipe("run", str(events), "--out", str(out))
    return [sys.executable, "-m", MODULES[name], str(events), str(out)]


def city(
    folder: Path, people: int, *, seed: int, preset: str = "shanghai", trouble: float | None = None
) -> list[str]:
    """The command that makes a city in `folder`; its events are in ``folder/events``.

    `trouble` is the rate of every trouble, where it is to be other than a real city's.
    """
    rate = () if trouble is None else ("--trouble", f"all={trouble}")
    options = ("--preset", preset, "--people", str(people), "--seed", str(seed), *rate, *CLEAN)
    return poolpipe("simulate", str(folder), *options)
