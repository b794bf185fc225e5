"""Damage and edit the samples of every format for a while, and count what comes of it.

    python -m benchmarks.fuzz_instruments --minutes 30

Prints how many variants of each kind gave the same facts, fewer facts that were named, or a refusal, and every variant
that gave another fact, with the seed that makes it again. The exit status is 1 where there is one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.instrument_facts import POLICY, Facts, facts_of, verdict
from benchmarks.instrument_samples import Sample, samples
from benchmarks.instrument_variants import mishaps_of
from poolpipe.instruments import read

FOLDER = Path(__file__).parents[1] / "data" / "samples" / "instruments"


def main() -> int:
    """Run for so many minutes from a seed, or make one variant again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of a sample's name")
    parser.add_argument("--kind", default="", help="one kind of mishap")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="sound files of one's own")
    options = parser.parse_args()
    chosen = [sample for sample in samples(options.folder) if options.only in sample.name]
    whole = {
        sample.name: facts_of(read(sample.content, name=sample.name, policy=POLICY)) for sample in chosen
    }
    counts: Counter[tuple[str, str]] = Counter()
    wrong: set[str] = set()
    seed, until = options.seed, time.monotonic() + 60 * options.minutes
    while time.monotonic() < until:
        for sample in chosen:
            for kind in mishaps_of(sample):
                if options.kind in ("", kind):
                    _try(sample, kind, seed, whole[sample.name], counts, wrong)
        seed += 1
    _report(counts)
    return 1 if wrong else 0


def _try(
    sample: Sample, kind: str, seed: int, whole: Facts, counts: Counter[tuple[str, str]], wrong: set[str]
) -> None:
    chance = random.Random(f"{sample.name} {kind} {seed}")
    variant = mishaps_of(sample)[kind](sample, chance)
    found = verdict(whole, variant)
    counts[kind, found.split(":")[0]] += 1
    if found.startswith("wrong"):
        wrong.add(sample.name)
        print(f"{sample.name}: {variant.kind} (seed {seed}): {variant.what}\n    {found}", flush=True)


def _report(counts: Counter[tuple[str, str]]) -> None:
    kinds = sorted({kind for kind, _ in counts})
    outcomes = ("same", "fewer", "told", "refused", "wrong")
    print(f"{'kind':16}" + "".join(f"{outcome:>10}" for outcome in ("tried", *outcomes)))
    for kind in kinds:
        found = [counts[kind, outcome] for outcome in outcomes]
        print(f"{kind:16}" + "".join(f"{number:10,}" for number in (sum(found), *found)))
    total = [sum(counts[kind, outcome] for kind in kinds) for outcome in outcomes]
    print(f"{'all':16}" + "".join(f"{number:10,}" for number in (sum(total), *total)))


if __name__ == "__main__":
    sys.exit(main())
