"""With the day loaded: what a changed moment and a changed policy cost.  ``python -m benchmarks.views EVENTS``.

Prints one JSON object of seconds: the run from Python, then each view of the same day.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import poolpipe
from poolpipe.policy import CallRules, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.results.day import Day

STRICTER = Policy(name="stricter", assay=CallRules(detected_ct=35.0, grey_ct=38.0))


def main(events: str) -> None:
    _, first_s = timed(lambda: poolpipe.run(events))
    day, run_s = timed(lambda: poolpipe.run(events))
    earlier = datetime.fromisoformat(day.summary["as_of"]) - timedelta(hours=3)
    _, as_of_s = timed(lambda: day.view(as_of=earlier))
    _, policy_s = timed(lambda: day.view(policy=STRICTER))
    print(json.dumps({"first_run_s": first_s, "run_s": run_s, "as_of_s": as_of_s, "policy_s": policy_s}))


def timed(conclude: Callable[[], Day]) -> tuple[Day, float]:
    """A day, and the seconds until its tables can be read; members, the one that is long, is not asked for."""
    begun = time.perf_counter()
    day = conclude()
    for name in ("pools", "recalls", "cases", "ledger", "anomalies"):
        day.table(name)
    return day, time.perf_counter() - begun


if __name__ == "__main__":
    main(sys.argv[1])
