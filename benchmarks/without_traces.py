"""The main job without traces, clusters and false alarms, to see what these cost.

Run as ``python -m benchmarks.without_traces EVENTS OUT``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from poolpipe import pipeline
from poolpipe.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable


def without(find: Callable[..., Any], emptied: Callable[[Any], Any]) -> Callable[..., Any]:
    """Call a stage on nothing."""
    return lambda given, *rest: find(emptied(given), *rest)


def run(events: str, out: str) -> None:
    """Run the day; its tables of traces, clusters and false alarms are empty."""
    stages: Any = pipeline
    stages.trace_sources = lambda *_, **__: None
    stages.find_clusters = without(stages.find_clusters, lambda pools: pools.clear())
    stages.find_false_alarms = without(
        stages.find_false_alarms, lambda evidence: replace(evidence, pools=evidence.pools.clear())
    )
    sys.argv = ["poolpipe", "run", events, "--out", out]
    main()


if __name__ == "__main__":
    run(*sys.argv[1:])
