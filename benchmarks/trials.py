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
TOWN_TROUBLE = 0.02
STARTS = 5


def equality(place: Path, people: int, *, seed: int) -> dict[str, dict[str, Any]]:
    """Each peer's tables against poolpipe's, on a Shanghai day and on a town with twenty times the troubles."""
    cities = {
        "shanghai": contenders.city(place / "equal-shanghai", people, seed=seed),
        "town": contenders.city(place / "equal-town", TOWN, seed=seed, preset="town", trouble=TOWN_TROUBLE),
    }
    verdicts: dict[str, dict[str, Any]] = {}
    for name, making in cities.items():
        _required(measure(making))
        events, ours = place / f"equal-{name}" / "events", place / f"equal-{name}-poolpipe"
        _required(measure(contenders.command(contenders.OURS, events, ours)))
        for peer in contenders.PEERS:
            theirs = place / f"equal-{name}-{peer}"
            _required(measure(contenders.command(peer, events, theirs)))
            verdicts.setdefault(peer, {})[name] = _compared(ours, theirs)
            print(f"{peer}, {name}: {verdicts[peer][name]}", file=sys.stderr)
        for folder in place.glob(f"equal-{name}*"):
            shutil.rmtree(folder)
    return {
        peer: {"equal": all(told["equal"] for told in cities.values()), **cities}
        for peer, cities in verdicts.items()
    }


def _compared(ours: Path, theirs: Path) -> dict[str, Any]:
    """Whether two folders' tables are equal, and the comparison's own words."""
    command = [sys.executable, "-m", "benchmarks.equality", str(ours), str(theirs)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return {"equal": told.returncode == 0, "said": told.stdout.splitlines() + told.stderr.splitlines()[-3:]}


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
    seconds: dict[str, float] = _told("benchmarks.views", events) or {}
    return seconds


def steps(events: Path, out: Path) -> list[list[Any]]:
    """Step, wall seconds, CPU seconds of user and system; empty if it could not be done."""
    taken: list[list[Any]] = _told("benchmarks.steps", events, out) or []
    shutil.rmtree(out, ignore_errors=True)
    return taken


def _told(module: str, *places: Path) -> Any:
    """What a module of this folder prints as JSON, run in a process of its own; None if it failed."""
    command = [sys.executable, "-m", module, *map(str, places)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stderr[-2000:], file=sys.stderr)
        return None
    return json.loads(run.stdout.splitlines()[-1])


def suite(place: Path) -> list[dict[str, Any]]:
    """Run the suite once and give the fastest round of every way: group, way, rows, rows_per_s."""
    told = place / "suite.json"
    run = measure(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            "benchmarks/pytest.ini",
            "benchmarks",
            f"--benchmark-json={told}",
        ]
    )
    if not run.done:
        print(f"the suite failed: {run.said}", file=sys.stderr)
    if not told.exists():
        return []
    timed = json.loads(told.read_text(encoding="utf-8"))["benchmarks"]
    return [
        {"group": each["group"], **each["extra_info"]} for each in timed if "rows_per_s" in each["extra_info"]
    ]


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
