"""The single questions of the comparison: are the tables equal, how cold is a cold start, what does a view cost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.measuring import ROOT, Measured, best, measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOWN = 5_000
STARTS = 5


def equality(place: Path, people: int, *, seed: int) -> dict[str, dict[str, Any]]:
    """Each peer's tables against poolpipe's on one city: equal or not, and what was compared."""
    folder, ours = place / "equal", place / "equal-poolpipe"
    _required(measure(contenders.city(folder, people, seed=seed)))
    _required(measure(contenders.command(contenders.OURS, folder / "events", ours)))
    verdicts = {}
    for peer in contenders.PEERS:
        theirs = place / f"equal-{peer}"
        _required(measure(contenders.command(peer, folder / "events", theirs)))
        compared = subprocess.run(
            [sys.executable, "-m", "benchmarks.equality", str(ours), str(theirs)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"{peer}:\n{compared.stdout}{compared.stderr}", file=sys.stderr)
        verdicts[peer] = {"equal": compared.returncode == 0, "said": compared.stdout.splitlines()}
        shutil.rmtree(theirs)
    shutil.rmtree(folder)
    shutil.rmtree(ours)
    return verdicts


def small(place: Path, people: int, *, seed: int) -> dict[str, Any]:
    """Start-up: the help text, the town, and a first run that has to compile every kernel."""
    town, city = place / "town", place / "start"
    _required(measure(contenders.city(town, TOWN, seed=seed, preset="town")))
    _required(measure(contenders.city(city, people, seed=seed)))
    cache = {"NUMBA_CACHE_DIR": str(place / "kernels")}
    run = contenders.command(contenders.OURS, city / "events", place / "start-out")
    cold = _required(measure(run, environment=cache))
    return {
        "people": people,
        "cold": cold.as_dict(),
        "warm": _fastest(run, environment=cache).as_dict(),
        "help": _fastest(contenders.poolpipe("--help")).as_dict(),
        "town": _fastest(contenders.command(contenders.OURS, town / "events", place / "town-out")).as_dict(),
    }


def views(events: Path) -> dict[str, float]:
    """Seconds of a run from Python and of changed views of the day it loaded; empty if it could not be done."""
    looked = subprocess.run(
        [sys.executable, "-m", "benchmarks.views", str(events)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if looked.returncode:
        print(looked.stderr[-2000:], file=sys.stderr)
        return {}
    seconds: dict[str, float] = json.loads(looked.stdout.splitlines()[-1])
    return seconds


def rows(events: Path) -> int:
    """Rows of all Parquet files below a folder, counted in another process to keep this one small."""
    counting = (
        "import sys, pathlib, pyarrow.parquet as pq; "
        "print(sum(pq.read_metadata(file).num_rows for file in pathlib.Path(sys.argv[1]).rglob('*.parquet')))"
    )
    return int(
        subprocess.run([sys.executable, "-c", counting, str(events)], capture_output=True, check=True).stdout
    )


def _fastest(command: Sequence[str], environment: dict[str, str] | None = None) -> Measured:
    runs = [_required(measure(command, environment=environment)) for _ in range(STARTS)]
    return best(runs) or runs[0]


def _required(run: Measured) -> Measured:
    if not run.done:
        raise SystemExit(f"the comparison stops, a run it needs ended {run.ended}: {run.said}")
    return run
