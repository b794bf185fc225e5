"""The one comparison: floor, peers and poolpipe side by side on simulated Shanghai days.

``python -m benchmarks.compare --people 25665000 --repeats 3`` makes the cities, runs every contender in turn in
a process of its own, checks the peers' tables against poolpipe's, and writes docs/benchmarks.md, its picture and
the figures in the two READMEs. A contender that does not finish within the limits is not tried on a larger city.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import contenders, machine, small_files, trials
from benchmarks.measuring import NO_LIMIT, ROOT, Measured, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

LADDER = (100_000, 1_000_000, 2_500_000, 5_000_000)
MEASURED = ROOT / "benchmarks" / "measured.json"


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    figures: dict[str, Any] = json.loads(options.results.read_text(encoding="utf-8")) if options.add else {}
    figures |= {
        "measured": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine.describe(),
        "seed": options.seed,
        "limits": {"seconds": options.peer_seconds, "gigabytes": options.peer_gigabytes},
    }
    with tempfile.TemporaryDirectory(dir=options.work, prefix="poolpipe-bench-") as work:
        place = Path(work)
        if not options.add:
            tables = trials.equality(place, options.equality_people, seed=options.seed)
            figures["equality"] = {"people": options.equality_people, "tables": tables}
            figures["small"] = trials.small(place, options.equality_people, seed=options.seed)
            figures["suite"] = trials.suite(place)
            figures["small_files"] = small_files.trial(place)
        for people, city in ladder(place, options):
            figures.setdefault("cities", {})[str(people)] = city
            options.results.write_text(
                json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
    if options.page:
        from benchmarks import page

        page.write(figures)
    unequal = [name for name, verdict in figures["equality"]["tables"].items() if not verdict["equal"]]
    if unequal:
        print(f"not equal to poolpipe's tables: {', '.join(unequal)}", file=sys.stderr)
    return 1 if unequal else 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.compare", description=__doc__)
    parser.add_argument("--people", type=int, default=25_665_000, help="people of the largest city")
    parser.add_argument("--sizes", type=_sizes, help="smaller cities, as 100000,1000000; default: the ladder")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each contender on each city")
    parser.add_argument("--large-repeats", type=int, help="runs on the largest city; default: as the others")
    parser.add_argument("--seed", type=int, default=20220404)
    parser.add_argument("--peer-seconds", type=float, default=300, help="a peer is stopped after so long")
    parser.add_argument(
        "--peer-gigabytes", type=float, default=20, help="a peer is stopped above so much memory"
    )
    parser.add_argument(
        "--equality-people", type=int, default=100_000, help="the city the tables are compared on"
    )
    parser.add_argument(
        "--work", type=Path, help="where cities and tables are put; default: the temporary folder"
    )
    parser.add_argument("--results", type=Path, default=MEASURED, help="where the figures go")
    parser.add_argument(
        "--add", action="store_true", help="only measure cities, and add them to the results file's others"
    )
    parser.add_argument("--peer-repeats", type=int, default=1000, help="at most so many runs of each peer")
    parser.add_argument(
        "--no-page", dest="page", action="store_false", help="leave docs and READMEs as they are"
    )
    options = parser.parse_args(arguments)
    if options.sizes is None:
        options.sizes = [size for size in LADDER if size < options.people]
    return options


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",") if size]


def ladder(place: Path, options: argparse.Namespace) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every size in turn; within a size the contenders take turns, so that a slow minute befalls all alike."""
    running = list(contenders.ALL)
    for people in sorted({*options.sizes, options.people}):
        folder = place / f"city-{people}"
        made = measure(contenders.city(folder, people, seed=options.seed))
        if not made.done:
            raise SystemExit(f"the city of {people} people could not be made: {made.said}")
        events = folder / "events"
        repeats = options.large_repeats if people == options.people else options.repeats
        runs = take_turns(events, place / "out", running, repeats or options.repeats, options)
        running = [name for name in running if all(run.done for run in runs[name])]
        yield (
            people,
            {
                "events": trials.rows(events),
                "bytes": sum(file.stat().st_size for file in events.rglob("*.parquet")),
                "simulated": made.as_dict(),
                "runs": {name: [run.as_dict() for run in taken] for name, taken in runs.items()},
                "views": trials.views(events),
                "steps": trials.steps(events, place / "out"),
            },
        )
        shutil.rmtree(folder)


def take_turns(
    events: Path, out: Path, names: list[str], repeats: int, options: argparse.Namespace
) -> dict[str, list[Measured]]:
    runs: dict[str, list[Measured]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names:
            peer = name in contenders.PEERS
            if (peer and turn >= options.peer_repeats) or (runs[name] and not runs[name][-1].done):
                continue
            shutil.rmtree(out, ignore_errors=True)
            run = measure(
                contenders.command(name, events, out),
                seconds=options.peer_seconds if peer else NO_LIMIT,
                gigabytes=options.peer_gigabytes if peer else NO_LIMIT,
            )
            runs[name].append(run)
            print(
                f"{events.parent.name} {name}: {run.ended} {run.wall_s:.2f} s, cpu {run.cpu_s:.2f} s, "
                f"{run.peak_bytes / 1e9:.2f} GB, others {run.others_s:.2f} s {run.said}",
                file=sys.stderr,
                flush=True,
            )
    shutil.rmtree(out, ignore_errors=True)
    return runs


if __name__ == "__main__":
    sys.exit(main())
