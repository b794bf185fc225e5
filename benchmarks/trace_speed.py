"""Traces of a city of 25 million: its index, walks from 13,000 sources and from one, beside what finds the same links.

``python -m benchmarks.trace_speed`` makes the city with one round and with three, runs it, and writes the figures into
benchmarks/measured.json and docs/benchmarks.md. ``--one`` and ``--three`` name folders that `poolpipe run --out` wrote before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import poolpipe
from benchmarks import bench_trace, contenders, machine, trace_peers
from benchmarks.measuring import ROOT, Measured, best, measure
from poolpipe.coding.dictionaries import Entities
from poolpipe.policy import load_policy
from poolpipe.results.kept_index import coded_result
from poolpipe.tables import LINKS
from poolpipe.tracing.city_index import index_city
from poolpipe.tracing.city_walk import city_hazards, trace_city

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.tracing.city_index import CityIndex
    from poolpipe.tracing.city_walk import CityLinks
    from poolpipe.tracing.coded_day import CodedDay

MEASURED = ROOT / "benchmarks" / "measured.json"
PEOPLE, SOURCES, ONE_BY_ONE, REPEATS, OFTEN = 25_665_000, 13_000, 2_000, 3, 10
WIDE_MINUTES, WIDE_SCANS = 360, {1: 300, 3: 700}
"""With queues as wide as these, by rounds, the sources of this city have some 300 links each."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, and put the figures among the others."""
    parser = argparse.ArgumentParser(prog="benchmarks.trace_speed", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--sources", type=int, default=SOURCES, help="at most so many positive tubes")
    parser.add_argument("--one", type=Path, help="a result of one round")
    parser.add_argument("--three", type=Path, help="a result of three rounds")
    parser.add_argument("--events", type=Path, help="the events of one round")
    parser.add_argument("--residents", type=Path, help="the list of residents, for households")
    parser.add_argument(
        "--only", nargs="*", default=["1", "3", "run"], help="what is measured; the rest stays as it was"
    )
    parser.add_argument("--work", type=Path, help="where cities are put; default: the temporary folder")
    parser.add_argument("--results", type=Path, default=MEASURED, help="where the figures go")
    parser.add_argument("--no-page", dest="page", action="store_false", help="leave the docs as they are")
    parser.add_argument(
        "--part", choices=("in_memory", "one_by_one", "with_homes"), help="one part, as JSON on stdout"
    )
    options = parser.parse_args(arguments)
    if options.part:
        if options.part == "with_homes":
            print(json.dumps(with_homes(options.one, options.residents)))
        else:
            part = {"in_memory": in_memory, "one_by_one": one_by_one}[options.part]
            print(json.dumps(part(options.one, options.sources)))
        return 0
    figures = json.loads(options.results.read_text(encoding="utf-8")) if options.results.exists() else {}
    found: dict[str, Any] = {
        **figures.get("trace", {}),
        "measured": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine.describe(),
        "people": options.people,
    }
    with tempfile.TemporaryDirectory(dir=options.work, prefix="poolpipe-bench-") as work:
        place = Path(work)
        for rounds, given in ((1, options.one), (3, options.three)):
            if str(rounds) in options.only:
                result = given or _result(place, options.people, rounds)
                residents = options.residents or place / f"city-{rounds}" / "reference" / "people.parquet"
                found[str(rounds)] = _figures(result, options.sources, residents)
        if "run" in options.only:
            events = options.events or _city(place, options.people, 1)
            found["run"] = _run(events, place / "out")
    figures["trace"] = found
    options.results.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.page:
        from benchmarks import page

        page.write(figures)
    return 0


def _city(place: Path, people: int, rounds: int) -> Path:
    """Events of a city, made once."""
    city = place / f"city-{rounds}"
    if not city.exists():
        _done([*contenders.city(city, people, seed=20220404), "--rounds", str(rounds)])
    return city / "events"


def _result(place: Path, people: int, rounds: int) -> Path:
    out = place / f"result-{rounds}"
    _done(contenders.command(contenders.OURS, _city(place, people, rounds), out))
    return out


def _done(command: list[str]) -> Measured:
    made = measure(command)
    if not made.done:
        raise SystemExit(f"{command}: {made.said}")
    return made


def _run(events: Path, out: Path) -> dict[str, Any]:
    """What the main job takes with traces, clusters and false alarms, and without, in turns; the least CPU time of each."""
    commands = {
        "with": contenders.command(contenders.OURS, events, out),
        "without": [sys.executable, "-m", "benchmarks.without_traces", str(events), str(out)],
    }
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(REPEATS):
        for name, command in commands.items():
            runs[name].append(_done(command))
    return {
        name: {
            "cpu_s": min(run.cpu_s for run in taken),
            "wall_s": min(run.wall_s for run in taken),
            "peak_bytes": max(run.peak_bytes for run in taken),
            "others_s": max(run.others_s for run in taken),
        }
        for name, taken in runs.items()
    }


def _figures(result: Path, sources: int, residents: Path) -> dict[str, Any]:
    """Every part of one city; each in a process of its own."""
    negative, positive = _two_tubes(result)
    kept = result / ".trace-index"
    for path in kept.glob("*"):
        path.unlink()
    first = _done(contenders.poolpipe("trace", str(result), "--tube", negative))
    found: dict[str, Any] = {
        "first": first.as_dict(),
        "bytes": sum(path.stat().st_size for path in kept.iterdir()),
    }
    for name, tube in (("tube", negative), ("source", positive)):
        runs = [measure(contenders.poolpipe("trace", str(result), "--tube", tube)) for _ in range(REPEATS)]
        quick = best(runs)
        found[name] = quick.as_dict() if quick else None
    for part in ("one_by_one", "in_memory", "with_homes"):
        found[part] = _part(part, result, sources, residents)
    return found


def _part(part: str, result: Path, sources: int, residents: Path) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.trace_speed",
        "--part",
        part,
        "--one",
        str(result),
        "--sources",
        str(sources),
        "--residents",
        str(residents),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _two_tubes(result: Path) -> tuple[str, str]:
    """A negative tube and a recalled one."""
    pools = pl.scan_parquet(result / "pools.parquet").filter(pl.col("people") > 0)
    tubes = [
        pools.filter(pl.col("call") == call).select("tube").collect()["tube"]
        for call in ("negative", "positive")
    ]
    negative, positive = (each[len(each) // 2] for each in tubes)
    return str(negative), str(positive)


def one_by_one(result: Path, _: int) -> dict[str, Any]:
    """Milliseconds of `poolpipe.trace` of one tube after the other, from a kept index: tubes that are no source, then sources."""
    pools = pl.read_parquet(result / "pools.parquet", columns=["tube", "people"])
    tubes = pools.filter(pl.col("people") > 0)["tube"].sample(ONE_BY_ONE, seed=1).to_list()
    recalls = pl.read_parquet(result / "recalls.parquet", columns=["tube"])["tube"].unique().sort()
    positives = recalls.sample(min(ONE_BY_ONE, len(recalls)), seed=1).to_list()
    poolpipe.trace(result, tubes=positives[:50])
    poolpipe.trace(result, tubes=tubes[0])
    found: dict[str, Any] = {}
    for name, asked in (("tube", tubes), ("source", positives)):
        first, rows = _milliseconds(result, asked)  # the first look at a stretch of the index proves it
        # Of several times the least of each tube: the system gives others the processor for milliseconds.
        again = np.minimum.reduce([_milliseconds(result, asked)[0] for _ in range(OFTEN)])
        for turn, taken in (("first", first), ("again", again)):
            quantiles = {f"p{q}": float(np.quantile(taken, q / 100)) for q in (50, 90, 99, 100)}
            found[f"{name} {turn}"] = {**quantiles, "rows": rows / len(asked), "tubes": len(asked)}
    return found


def with_homes(result: Path, residents: Path) -> dict[str, Any]:
    """Households of a list: the seconds of the first call, which keeps them, and milliseconds of one tube after the other."""
    pools = pl.read_parquet(result / "pools.parquet", columns=["tube", "people"])
    tubes = pools.filter(pl.col("people") > 0)["tube"].sample(ONE_BY_ONE, seed=1).to_list()
    poolpipe.trace(result, tubes=tubes[0])
    begin = time.perf_counter()
    poolpipe.trace(result, tubes=tubes[0], residents=residents)
    first_s = time.perf_counter() - begin
    _milliseconds(result, tubes, residents)
    turns = [_milliseconds(result, tubes, residents) for _ in range(REPEATS)]
    taken = np.minimum.reduce([turn[0] for turn in turns])
    files = (result / ".trace-index").glob("homes*")
    quantiles = {f"p{q}": float(np.quantile(taken, q / 100)) for q in (50, 90, 99)}
    return {
        "first_s": first_s, "bytes": sum(path.stat().st_size for path in files), "rows": turns[0][1] / len(tubes), **quantiles
    }  # fmt: skip


def _milliseconds(
    result: Path, tubes: list[str], residents: Path | None = None
) -> tuple[NDArray[np.float64], int]:
    """What each tube takes, and how many rows all have."""
    taken, rows = np.empty(len(tubes)), 0
    for place, tube in enumerate(tubes):
        begin = time.perf_counter()
        rows += poolpipe.trace(result, tubes=tube, residents=residents).height
        taken[place] = 1000 * (time.perf_counter() - begin)
    return taken, rows


def in_memory(result: Path, sources: int) -> dict[str, Any]:
    """Seconds of the index and of walks from many sources, beside peers on the same coded frames."""
    day, rules = coded_result(result, 96), load_policy()
    found: dict[str, Any] = {"seats": len(day.members), "tubes": len(day.pools)}
    found["index_s"], index = _least(lambda: index_city(day), OFTEN)
    found["index_bytes"] = _bytes(index, day)
    if len(index.rounds) > 1:
        earlier = index_city(_without_last_round(day), keep=True)
        found["extended_s"], _ = _least(lambda: index_city(day, earlier, day.codes.others, keep=True))
        del earlier
    found["hazards_s"], hazards = _least(lambda: city_hazards(index, rules), 1)
    positive = index.tubes["sources"].whole()
    chosen = np.sort(np.random.default_rng(1).choice(positive, min(sources, len(positive)), replace=False))
    found["sources"] = len(chosen)
    for hops in (1, 2):
        found |= _walked(f"hops_{hops}", partial(trace_city, index, chosen, hops, rules, hazards))
    scans = WIDE_SCANS.get(len(index.rounds), WIDE_SCANS[3])
    wide = load_policy({"trace": {"queue_scans": scans, "queue_minutes": WIDE_MINUTES}})
    found |= _walked("wide", partial(trace_city, index, chosen, 2, wide, city_hazards(index, wide)))
    if len(index.rounds) == 1:
        kinds = np.bincount(trace_city(index, chosen, 1, rules, hazards).links.kind, minlength=len(LINKS))
        ours = {kind: int(kinds[LINKS.index(kind)]) for kind in bench_trace.KINDS}
        found["peers"] = _peers(day, index, chosen, ours)
    return found


def _walked(name: str, work: Callable[[], CityLinks]) -> dict[str, Any]:
    """Seconds and CPU seconds of a walk, and how many links it finds."""
    before = time.process_time()
    seconds, traced = _least(work, OFTEN)
    cpu_s = (time.process_time() - before) / OFTEN
    return {f"{name}_s": seconds, f"{name}_cpu_s": cpu_s, f"{name}_links": len(traced.links.kind)}


def _without_last_round(day: CodedDay) -> CodedDay:
    tubes = int(day.codes.entities["tube"].rounds.searchsorted(len(day.codes.texts["round"]) - 1))
    known = day.codes.entities["tube"]
    kept = Entities(known.rounds[:tubes], known.texts[:tubes])
    codes = replace(day.codes, entities={**day.codes.entities, "tube": kept})
    pools = day.pools.head(tubes)
    members = day.members.head(int(pools["people"].sum()))
    return replace(
        day, codes=codes, pools=pools, members=members, answers=day.answers.filter(pl.col("answer") < tubes)
    )


def _peers(
    day: CodedDay, index: CityIndex, chosen: NDArray[np.int64], ours: dict[str, int]
) -> dict[str, Any]:
    """Seconds in which libraries find members, queues, other tubes and boxes of the same sources."""
    place = pl.Series("site", index.tubes["place"].values, dtype=pl.Int32)
    asked = pl.Series(
        "call", np.isin(np.arange(len(day.pools)), chosen) * bench_trace.ALARMING, dtype=pl.Int8
    )
    wanted = ["tube", "mode", "first_collected", "box", "picked_up_at", "received_at"]
    given = {
        "pools": day.pools.select(wanted).with_columns(
            asked, place.set(place < 0, None), pl.lit(None, pl.Int32).alias("point")
        ),
        "members": day.members.select("tube", "person", "collected_at").with_columns(
            pl.int_range(pl.len()).alias("position")
        ),
        "answers": day.answers,
    }
    peers: dict[str, Callable[[], dict[str, int]]] = {
        "Polars": partial(bench_trace.polars, given),
        "DuckDB": partial(bench_trace.sql, given),
        "scipy.sparse": trace_peers.products(index, chosen),
    }
    graph = trace_peers.graph(index, chosen)
    if graph is None:
        print("rustworkx is not installed: left out", file=sys.stderr)
    else:
        peers["rustworkx"] = graph
    found = {}
    for name, work in peers.items():
        seconds, told = _least(work, 1)
        kinds = ", ".join(kind for kind in bench_trace.KINDS if kind in told)
        found[name] = {
            "wall_s": seconds,
            "kinds": kinds,
            "equal": all(ours[kind] == told[kind] for kind in told),
        }
    return found


def _bytes(index: CityIndex, day: CodedDay) -> int:
    """Bytes of the arrays of an index that are not those of the coded day."""
    arrays = [*index.people, *index.tubes.values()]
    for seats in index.seats:
        arrays += [seats.tube, seats.person, seats.begins, seats.rows]
    shared = day.members["p_infected"].to_numpy()
    return sum(each.values.nbytes for each in arrays if not np.shares_memory(each.values, shared))


def _least(work: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    """The fastest of several times, and what the last gave."""
    taken, given = [], None
    for _ in range(repeats):
        given = None
        begin = time.perf_counter()
        given = work()
        taken.append(time.perf_counter() - begin)
    return min(taken), given


if __name__ == "__main__":
    sys.exit(main())
