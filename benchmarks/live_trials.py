"""Hold live tables against runs for as long as wanted: `python -m benchmarks.live_trials --seeds 1000`.

Every seed is a random small city that comes in batches; after each batch every table is compared with the run's, byte for byte.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

SIZES = ("tiny", "small", "small", "medium")


@click.command()
@click.option("--seeds", default=100, help="How many cities.")
@click.option("--first", default=0, help="The first seed.")
@click.option("--size", type=click.Choice(sorted({*SIZES, "large"})), help="Of all cities; by default drawn.")
@click.option("--cut", is_flag=True, help="Cut every neighbourhood, as in a city of many rounds.")
@click.option("--seconds", default=0.0, help="Stop after so long; 0 does not.")
def main(seeds: int, first: int, size: str | None, *, cut: bool, seconds: float) -> None:
    """Compare, and say which seeds differ; the exit status is 1 if any does."""
    from live.batches import batches, followed, unlike
    from poolpipe.live.neighbourhood import NeighbourhoodLimits

    began, steps, wrong, done = time.monotonic(), 0, [], 0
    for seed in range(first, first + seeds):
        if seconds and time.monotonic() - began > seconds:
            break
        drawn = size or random.Random(seed).choice(SIZES)
        try:
            for changes, tables, day in followed(
                batches(seed, drawn), NeighbourhoodLimits(closed=-1) if cut else None, whole=True
            ):
                steps += 1
                found = unlike(tables, day)
                if found:
                    wrong.append(seed)
                    print(f"seed {seed} ({drawn}), version {changes.version}: {found}", flush=True)
                    break
        except Exception:  # noqa: BLE001  # the other seeds are tried, too
            wrong.append(seed)
            print(f"seed {seed} ({drawn}):", flush=True)
            traceback.print_exc(limit=-6)
        done += 1
    print(f"{done} cities, {steps} batches, {len(wrong)} wrong {wrong}, {time.monotonic() - began:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
