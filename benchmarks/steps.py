"""Where the time of `poolpipe run` goes, step by step.  ``python -m benchmarks.steps EVENTS OUT``.

Prints one JSON list of [step, wall seconds, CPU seconds of user and of system]. Steps that run in two threads
beside each other are counted where they end: members are being written from `beliefs` on, `write` is what is then left.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

BEGUN = time.perf_counter()


class Steps:
    """Collects what passed since the last step ended; the pipeline tells it when one has."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}
        self._last = [BEGUN, 0.0, 0.0]

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:  # noqa: ARG002 - the pipeline's callback
        used = os.times()
        now = [time.perf_counter(), used.user, used.system]
        spent = self.taken.setdefault(step, [0.0, 0.0, 0.0])
        self.taken[step] = [
            before + end - start for before, end, start in zip(spent, now, self._last, strict=True)
        ]
        self._last = now


def main(events: str, out: str) -> None:
    from poolpipe import pipeline  # loads numba and the stages, as the command does
    from poolpipe.results.writing import Writing

    steps = Steps()
    steps("start")
    with Writing(Path(out)) as writing:
        pipeline.run(events, progress=steps, out=writing, views=False)
    steps("write")
    print(json.dumps([[step, *spent] for step, spent in steps.taken.items()]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
