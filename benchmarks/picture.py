"""The chart: seconds against people, every contender, both axes logarithmic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from benchmarks.contenders import ALL, FLOOR, OURS
from benchmarks.targets import fastest

if TYPE_CHECKING:
    from pathlib import Path

STYLES: dict[str, dict[str, Any]] = {
    FLOOR: {"color": "#888888", "linestyle": ":", "marker": "."},
    OURS: {"color": "#b3261e", "linewidth": 2.5, "marker": "o"},
    "Polars": {"color": "#0075ff", "marker": "s"},
    "DuckDB": {"color": "#b58900", "marker": "^"},
    "pandas": {"color": "#150458", "marker": "D"},
}


def draw(cities: dict[str, Any], file: Path) -> None:
    """Draw a line for every contender, ending where it was stopped."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    for name in ALL:
        points = [
            (int(size), run["wall_s"])
            for size in sorted(cities, key=int)
            if (run := fastest(cities[size], name))
        ]
        axes.plot(*zip(*points, strict=True), label=name, **STYLES[name])
        stopped = [
            (int(size), run["wall_s"])
            for size in cities
            for run in cities[size]["runs"].get(name, [])
            if run["ended"] != "done"
        ]
        if stopped:
            axes.scatter(stopped[0][0], stopped[0][1], marker="x", s=70, color=STYLES[name]["color"])
    axes.set(
        xscale="log", yscale="log", xlabel="people", ylabel="seconds, fastest run (x: stopped at a limit)"
    )
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(file, dpi=130)
    plt.close(figure)
