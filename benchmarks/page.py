"""docs/benchmarks.md, its picture and the figures in the READMEs, from what the comparison measured.

``python -m benchmarks.page`` writes them again from benchmarks/measured.json without measuring anything.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import readme, targets, trace_page
from benchmarks.contenders import ALL, FLOOR, OURS
from benchmarks.measuring import ROOT
from benchmarks.peers.events import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "images" / "benchmarks.png"
HEAD = """\
This page and its picture are written by `python -m benchmarks.compare` (`make bench`). Every figure was measured
on {measured} on the machine below, the contenders taking turns, each run in a process of its own. Wall time is the
fastest of the runs, with the slowest beside it; CPU time is of all cores; memory is the peak resident size. "Others"
is the CPU time that everything else on the machine took meanwhile: where it is not small, the cores were shared, wall
times are upper bounds and CPU times tell more. Small files and traces have days of their own. All people are simulated."""
STEPS = """\
As `poolpipe run` takes them, on the largest city, one run. Where two steps run at the same time the time is given at the
one that ends later: the members are being written from `probabilities` on, `write` is what is then left to write. `voids`
includes putting together what was read: repeated events out, codes numbered in their order. Time in the system is
nearly all for memory that is touched for the first time: little on a machine of its own, seconds a gigabyte in a virtual
machine whose host backs memory only then, and that befalls every contender by its peak."""
SUITE = """\
`python -m pytest -c benchmarks/pytest.ini benchmarks` times every kernel and stage on a city of 100,000 people beside
a library's or a naive way of doing the same; results are compared where both give them. It runs in CI, with
`python -m benchmarks.guard`, which runs the main job on this commit and on its base in turn and fails when the
fastest run is more than 1.25 times slower than the base's slowest."""
SMALL_FILES = """\
Files of {scans} scans each, in one folder, from start to end of the process; measured on {measured} on {processor}, on shared
cores, by `python -m benchmarks.small_files`. poolpipe decides the format and encoding of each file by its bytes, checks every value, and
writes all tables, with file and line of every reject. Polars and DuckDB read a pattern (`scan_csv`, `read_csv`,
`scan_ndjson`, `read_ndjson`) and write all rows with their file's name into one Parquet file, and do nothing else.
Of several runs the one that took least CPU time is shown; peers are stopped after 300 s."""
VIEWED = "the tables pools, recalls, cases, ledger and anomalies"
WHO = {
    FLOOR: "the floor: the same files copied by Polars' streaming engine",
    OURS: "**poolpipe run**, every table, all anomalies",
    "Polars": "peer in Polars, lazy, streaming engine",
    "DuckDB": "peer in DuckDB SQL",
    "pandas": "peer in pandas",
}

FILES = {
    OURS: "**poolpipe run**",
    "Polars": "Polars, all rows into one file",
    "DuckDB": "DuckDB, all rows into one file",
    "poolpipe, one file": "`poolpipe run`, the same scans in one file",
}


def write(figures: dict[str, Any]) -> None:
    """Write the page, the picture and the READMEs' blocks."""
    from benchmarks import picture

    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    picture.draw(figures["cities"], PICTURE)
    PAGE.write_text(page(figures), encoding="utf-8")
    for name, block in (("README.md", readme.english(figures)), ("README.zh.md", readme.chinese(figures))):
        readme.fill(ROOT / name, block)


def page(figures: dict[str, Any]) -> str:
    """The whole page as Markdown."""
    largest = max(figures["cities"], key=int)
    return "\n\n".join(
        [
            "# Benchmarks",
            HEAD.format(measured=figures["measured"]),
            _machine(figures["machine"]),
            f"## One day of {int(largest):,} people",
            _day(figures, largest),
            "## Time against the size of the city",
            f"![time against city size](images/{PICTURE.name})",
            "Wall time of the fastest run (its CPU time), peak memory.",
            _sizes(figures),
            "## Targets",
            _table(("target", "asked", "measured", ""), targets.rows(figures)),
            "## Start and changed views",
            _small(figures, largest),
            "## Where the time goes",
            _steps(figures["cities"][largest].get("steps", [])),
            *_small_files(figures),
            *trace_page.section(figures, _table),
            "## The peers",
            _peers(figures),
            "## Every part",
            _suite(figures.get("suite", [])),
        ]
    ) + "\n"  # fmt: skip


def _machine(machine: dict[str, str]) -> str:
    return _table(("machine", ""), list(machine.items()))


def _day(figures: dict[str, Any], people: str) -> str:
    city = figures["cities"][people]
    ours, floor = (targets.fastest(city, name) for name in (OURS, FLOOR))
    rows = []
    for name in ALL:
        runs = [run for run in city["runs"].get(name, []) if run["ended"] == "done"]
        if not runs:
            rows.append((WHO[name], _why_not(figures, name, people), *[""] * 5))
            continue
        quick = min(runs, key=lambda run: run["wall_s"])
        slowest = max(run["wall_s"] for run in runs)
        rows.append(
            (
                WHO[name],
                f"{quick['wall_s']:.1f} ({slowest:.1f})",
                f"{quick['cpu_s']:.1f}",
                f"{max(run['peak_bytes'] for run in runs) / 1e9:.2f}",
                f"{quick['wall_s'] / floor['wall_s']:.1f}" if floor else "",
                f"{quick['wall_s'] / ours['wall_s']:.1f}" if ours else "",
                f"{quick.get('others_s', 0.0):.1f}",
            )
        )
    events = f"{city['events']:,} events in {city['bytes'] / 1e6:,.0f} MB of Parquet"
    made = f"made by `poolpipe simulate --preset shanghai` in {city['simulated']['wall_s']:.0f} s"
    head = ("who", "wall, s (slowest)", "CPU, s", "peak, GB", "x floor", "x poolpipe", "others' CPU, s")
    return f"{events}, {made}; {len(city['runs'][OURS])} runs of poolpipe.\n\n{_table(head, rows)}"


def _why_not(figures: dict[str, Any], name: str, people: str) -> str:
    """Why a contender has no time for this city: what stopped it here or on the smaller city before."""
    limits = figures["limits"]
    for size in sorted((size for size in figures["cities"] if int(size) <= int(people)), key=int):
        for run in figures["cities"][size]["runs"].get(name, []):
            if run["ended"] != "done":
                limit = {
                    "out of time": f"stopped after {limits['seconds']:.0f} s",
                    "out of memory": f"stopped above {limits['gigabytes']:.0f} GB, after {run['wall_s']:.0f} s",
                }.get(run["ended"], "failed")
                return limit if size == people else f"not tried: {limit} at {int(size):,}"
    return "not tried"


def _sizes(figures: dict[str, Any]) -> str:
    rows = []
    for size in sorted(figures["cities"], key=int):
        city = figures["cities"][size]
        cells = []
        for name in ALL:
            quick = targets.fastest(city, name)
            cells.append(
                f"{quick['wall_s']:.2f} s ({quick['cpu_s']:.2f}), {quick['peak_bytes'] / 1e9:.2f} GB"
                if quick
                else _why_not(figures, name, size)
            )
        rows.append((f"{int(size):,}", *cells))
    return _table(("people", *ALL), rows)


def _small(figures: dict[str, Any], largest: str) -> str:
    small, views = figures["small"], figures["cities"][largest].get("views", {})
    rows = [
        ("`poolpipe --help`", f"{small['help']['wall_s']:.2f}"),
        (
            "`poolpipe run` on a town of 5,000 (two rounds, every column), warm",
            f"{small['town']['wall_s']:.2f}",
        ),
        (f"`poolpipe run` on {small['people']:,} people, warm", f"{small['warm']['wall_s']:.2f}"),
        (
            "the same, first run after an install: every kernel compiled, on two cores",
            f"{small['cold']['wall_s']:.2f}",
        ),
    ]
    if views:
        rows += [
            (
                f"`poolpipe.run` in Python on {int(largest):,} people, nothing written",
                f"{views['run_s']:.2f}",
            ),
            ("`day.view(as_of=...)`, three hours earlier", f"{views['as_of_s']:.2f}"),
            ("`day.view(policy=...)`, other cut-offs", f"{views['policy_s']:.2f}"),
        ]
    return _table(("what", "seconds"), rows)


def _steps(taken: list[list[Any]]) -> str:
    total = sum(step[1] for step in taken)
    rows = [
        (step, f"{wall:.2f}", f"{wall / total:.0%}", f"{user + system:.2f}", f"{system:.2f}")
        for step, wall, user, system in taken
    ]
    return f"{STEPS}\n\n" + _table(("step", "wall, s", "share", "CPU, s", "of it in the system, s"), rows)


def _small_files(figures: dict[str, Any]) -> list[str]:
    """Many small files beside the peers' readers of a pattern; nothing where they were not measured."""
    if "small_files" not in figures:
        return []
    rows = []
    for form, sizes in figures["small_files"]["runs"].items():
        for files, runs in sizes.items():
            for place, (name, taken) in enumerate(runs.items()):
                quick = targets.least_cpu(taken)
                cells = [f"{form.upper()}, {int(files):,}" if not place else "", FILES[name]]
                if quick is None:
                    rows.append((*cells, taken[-1]["ended"], *[""] * 4))
                    continue
                ours = targets.least_cpu(runs[OURS]) or quick
                rows.append(
                    (
                        *cells,
                        f"{1000 * quick['cpu_s'] / int(files):.3f}",
                        f"{quick['cpu_s']:.1f}",
                        f"{quick['wall_s']:.1f}",
                        f"{max(run['peak_bytes'] for run in taken) / 1e9:.2f}",
                        f"{quick['cpu_s'] / ours['cpu_s']:.2f}",
                        f"{quick['others_s']:.1f}",
                    )
                )
    told = SMALL_FILES.format(**figures["small_files"])
    head = (
        "files",
        "who",
        "CPU, ms a file",
        "CPU, s",
        "wall, s",
        "peak, GB",
        "x poolpipe's CPU",
        "others' CPU, s",
    )
    return ["## Many small files", f"{told}\n\n{_table(head, rows)}"]


def _peers(figures: dict[str, Any]) -> str:
    equality = figures["equality"]
    verdicts = ", ".join(
        f"{name} {'equal' if told['equal'] else '**not equal**'}" for name, told in equality["tables"].items()
    )
    compared = next(iter(equality["tables"].values()))
    rows = {
        name: ", ".join(
            line.split(",")[0].replace(":", "") for line in compared[name]["said"] if line[:1] != " "
        )
        for name in ("shanghai", "town")
    }
    left_out = "\n".join(f"- {each}" for each in LEFT_OUT)
    return (
        "`benchmarks/peers/` holds the day as a data engineer would write it. Each peer gives `pools`, `members`, "
        "`recalls`, `cases` and the anomaly `person_in_two_tubes`, row for row and column for column equal to the "
        f"worked examples (in the tests) and to poolpipe's own tables on {equality['people']:,} people of a "
        f"Shanghai day ({rows['shanghai']}) and on a town full of troubles, voids and two rounds ({rows['town']}): "
        f"{verdicts}.\n\nThe input favours them: clean and typed Parquet, a folder for each kind. "
        f"What all three leave out, and poolpipe does in the time above:\n\n{left_out}"
    )


def _suite(timed: list[dict[str, Any]]) -> str:
    rows = []
    for group in dict.fromkeys(each["group"] for each in timed):
        ways = [each for each in timed if each["group"] == group]
        for place, each in enumerate(ways):
            times = ways[0]["rows_per_s"] / each["rows_per_s"]
            rate = f"{each['rows_per_s'] / 1e6:.1f}"
            rows.append((group if not place else "", each["way"], f"{each['rows']:,}", rate, f"{times:.1f}"))
    return SUITE + "\n\n" + _table(("what", "by", "rows", "million rows/s", "x the first's time a row"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    write(
        json.loads(
            Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "benchmarks" / "measured.json").read_text()
        )
    )
