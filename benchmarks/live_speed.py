"""How soon a plate's results are in the recalls, and how many collects a second live tables take: `python -m benchmarks.live_speed STORE`.

All of a store but the results of some plates, drawn by a seed, is concluded; then these come plate by plate. The time is from
the batch as coded events to the table `recalls` at the version that has them, sorted, as it is given to a reader. Then collects that
were held back come in batches of several sizes. What is told is of this process alone: no door, no disk.
"""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import polars as pl

from poolpipe.events import read_events
from poolpipe.live import Live
from poolpipe.live.held_rows import HeldRows
from poolpipe.live.localising import localised
from poolpipe.live.tables import LIVE
from poolpipe.policy import Policy
from poolpipe.store import Store
from poolpipe.store.ledger import is_store

SIZES = (100, 1_000, 10_000, 50_000)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.events.reading import Events
    from poolpipe.live.held_rows import Rows


@click.command()
@click.argument("given", type=click.Path(exists=True, path_type=Path), metavar="STORE|FOLDER")
@click.option("--plates", default=200, help="How many plates' results come one by one.")
@click.option("--collects", default=200_000, help="How many collects come in batches.")
@click.option("--seed", default=1)
@click.option("--check", is_flag=True, help="At the end conclude everything, and compare every live table.")
def main(given: Path, plates: int, collects: int, seed: int, *, check: bool) -> None:
    """Measure, and print the figures."""
    began = time.perf_counter()
    events = Store(given, create=False).read_events() if is_store(given) else read_events(given, Policy())
    print(
        f"read {sum(f.height for f in events.frames.values()):,} events in {time.perf_counter() - began:.1f} s"
    )
    rng = np.random.default_rng(seed)
    reads = events.frames["read"]
    chosen = rng.permutation(reads["plate"].unique().to_numpy())[:plates]
    seats = events.frames["collect"].height
    last = rng.permutation(seats)[: min(collects, seats // 4)]
    late = np.zeros(seats, np.bool_)
    # whole tubes come late: their scans stand together
    late[_scans_of_tubes(events.frames["collect"], last)] = True
    held_back = pl.Series(late)
    is_late = reads["plate"].is_in(pl.Series(chosen).implode())
    base = replace(
        events,
        frames={
            **events.frames,
            "read": reads.filter(~is_late),
            "collect": events.frames["collect"].filter(~held_back),
        },
    )
    began = time.perf_counter()
    live = Live(base, Policy())
    print(f"concluded in {time.perf_counter() - began:.1f} s, {_gigabytes():.1f} GB at most so far")
    held = HeldRows()
    rows = held.add(
        {"read": reads.filter(is_late), "collect": events.frames["collect"].filter(held_back)}, events.codes
    )
    of_plate = [
        held.find("read", "plate", np.array([plate], np.uint32))
        for plate in held.distinct("read", "plate", rows["read"])
    ]
    _results(live, [_only(events, held, {"read": each}) for each in of_plate])
    _collects(live, events, held, rows["collect"])
    print(f"{_gigabytes():.1f} GB at most")
    if check:
        _check(live)


def _scans_of_tubes(collects: pl.DataFrame, rows: np.ndarray) -> np.ndarray:
    tubes = collects["tube"].gather(rows[: max(1, len(rows) // 10)]).unique()
    found = collects["tube"].is_in(tubes.implode()).arg_true().to_numpy()
    return np.asarray(found)


def _results(live: Live, plates: list[Events]) -> None:
    taken, spent, alarms = [], [], 0
    for batch in plates:
        began, cpu = time.perf_counter(), time.process_time()
        before = live.tables.recalls.select("tube").height
        live.apply(batch)
        live.tables.table("recalls")
        taken.append(time.perf_counter() - began)
        spent.append(time.process_time() - cpu)
        alarms += live.tables.recalls.select("tube").height != before
    print(f"{len(taken)} plates, {alarms} with new recalls")
    for name, each in (("elapsed", taken), ("processor", spent)):
        told = np.quantile(np.array(each[min(5, len(each) - 1) :]) * 1000, [0.5, 0.9, 0.99])
        print(f"  {name}: median {told[0]:.0f} ms, p90 {told[1]:.0f} ms, p99 {told[2]:.0f} ms")


def _collects(live: Live, events: Events, held: HeldRows, collects: NDArray[np.int64]) -> None:
    first = 0
    for size in SIZES:
        some = [collects[first + n * size : first + (n + 1) * size] for n in range(3)]
        first += 3 * size
        given = [_only(events, held, {"collect": each}) for each in some if len(each)]
        began, cpu = time.perf_counter(), time.process_time()
        for each in given:
            live.apply(each)
        spent, cpu = time.perf_counter() - began, time.process_time() - cpu
        if given:
            rows = sum(map(len, some))
            print(
                f"collects in batches of {size:,}: {rows / spent:,.0f} a second, {spent / len(given) * 1000:.0f} ms a batch"
            )


def _check(live: Live) -> None:
    before = live.tables
    live.rebase()
    for name in LIVE:
        same = before.table(name).equals(live.tables.table(name))
        print(f"{name}: {'equal' if same else 'NOT EQUAL'}, {live.tables.table(name).height:,} rows")
    print(f"{len(before.doubtful):,} tubes had probabilities of a cut neighbourhood")


def _only(events: Events, held: HeldRows, rows: Rows) -> Events:
    """A batch as it comes: only its own texts are in its dictionaries."""
    local = localised(held, rows)
    return replace(events, frames=local.frames, codes=local.codes, rejects=events.rejects.clear(),
                   rejected_loads=events.rejected_loads.clear(), files=[])  # fmt: skip


def _gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
