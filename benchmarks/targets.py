"""What the Shanghai day is asked to be, and what was measured."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import FLOOR, OURS, PEERS

FLOORS_CPU, FLOORS_WALL, PEAK_GB, COLD_S = 1.35, 1.45, 2.0, 15.0
TIMES_PEER, TENFOLD = 4.0, 11.0
SWEEP, SWEEP_NS = "decode: belief propagation, a seat and sweep", 25.0
HELP_S, TOWN_S, VIEW_SHARE = 0.3, 2.0, 1 / 3
SMALL_FILES = 20_000
SMALL_FILE_MS = {"csv": 0.25, "ndjson": 0.5}
SMALL_FILES_GB = 0.5


def fastest(city: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The quickest finished run of a contender on a city; None if there is none."""
    done = [run for run in city["runs"].get(name, []) if run["ended"] == "done"]
    return min(done, key=lambda run: run["wall_s"], default=None)


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Target, what is asked, what was measured, met or not; a target that could not be measured is left out."""
    largest = max(figures["cities"], key=int)
    city, small = figures["cities"][largest], figures["small"]
    ours, floor = fastest(city, OURS), fastest(city, FLOOR)
    found = []
    if ours and floor:
        for kind, most in (("CPU", FLOORS_CPU), ("wall", FLOORS_WALL)):
            times = ours[f"{kind.lower()}_s"] / floor[f"{kind.lower()}_s"]
            what = f"the day of {int(largest):,} against the floor, {kind} time"
            found.append((what, f"<= {most} x", f"{times:.2f} x", times <= most))
        peak = max(run["peak_bytes"] for run in city["runs"][OURS]) / 1e9
        found.append(("its peak memory", f"<= {PEAK_GB:.0f} GB", f"{peak:.2f} GB", peak <= PEAK_GB))
    added = small["cold"]["wall_s"] - small["warm"]["wall_s"]
    found.append(("a cold start adds, once", f"<= {COLD_S:.0f} s", f"{added:.1f} s", added <= COLD_S))
    lead = against_peers(figures)
    if lead:
        people, peer, times, cpu = lead
        found.append(
            (
                f"faster than the fastest peer ({peer}, {people:,} people)",
                f">= {TIMES_PEER:.0f} x",
                f"{times:.1f} x; by CPU time {cpu:.1f} x",
                times >= TIMES_PEER,
            )
        )
    found += _growth(figures, largest)
    found.append(
        (
            "`poolpipe --help`",
            f"< {HELP_S} s",
            f"{small['help']['wall_s']:.2f} s",
            small["help"]["wall_s"] < HELP_S,
        )
    )
    found.append(
        (
            "a town, warm",
            f"< {TOWN_S:.0f} s",
            f"{small['town']['wall_s']:.2f} s",
            small["town"]["wall_s"] < TOWN_S,
        )
    )
    views = city.get("views")
    if views and ours:
        for what, seconds in (("an earlier moment", views["as_of_s"]), ("another policy", views["policy_s"])):
            share = seconds / ours["wall_s"]
            found.append(
                (f"a loaded day under {what}, share of the run", "< 0.33", f"{share:.2f}", share < VIEW_SHARE)
            )
    found += _small_files(figures)
    for row in figures["suite"]:
        if row["group"] == SWEEP:
            ns = 1e9 / row["rows_per_s"]
            found.append((SWEEP, f"<= {SWEEP_NS:.0f} ns", f"{ns:.1f} ns", ns <= SWEEP_NS))
    return [(what, asked, told, "met" if met else "**not met**") for what, asked, told, met in found]


def least_cpu(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The finished run that took least CPU time; None if there is none."""
    return min((run for run in runs if run["ended"] == "done"), key=lambda run: run["cpu_s"], default=None)


def _small_files(figures: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    found: list[tuple[str, str, str, bool]] = []
    for form, most in SMALL_FILE_MS.items():
        runs = figures.get("small_files", {}).get("runs", {}).get(form, {}).get(str(SMALL_FILES), {})
        ours = least_cpu(runs.get(OURS, []))
        if ours is None:
            continue
        cpu, wall = (1000 * ours[kind] / SMALL_FILES for kind in ("cpu_s", "wall_s"))
        peak = max(run["peak_bytes"] for run in runs[OURS]) / 1e9
        what = f"each of {SMALL_FILES:,} {form.upper()} files of ten scans, by CPU time"
        found.append((what, f"<= {most} ms", f"{cpu:.2f} ms; wall {wall:.2f} ms", cpu <= most))
        if form == "csv":
            found.append(
                ("their peak memory", f"<= {SMALL_FILES_GB} GB", f"{peak:.2f} GB", peak <= SMALL_FILES_GB)
            )
    return found


def against_peers(figures: dict[str, Any]) -> tuple[int, str, float, float] | None:
    """People, name and ratios (wall, CPU) of the fastest peer on the largest city that poolpipe and any peer finished."""
    for size in sorted(figures["cities"], key=int, reverse=True):
        city = figures["cities"][size]
        ours = fastest(city, OURS)
        peers = {name: run for name in PEERS if (run := fastest(city, name))}
        if ours and peers:
            name = min(peers, key=lambda peer: peers[peer]["wall_s"])
            ratios = [peers[name][kind] / ours[kind] for kind in ("wall_s", "cpu_s")]
            return int(size), name, ratios[0], ratios[1]
    return None


def _growth(figures: dict[str, Any], largest: str) -> list[tuple[str, str, str, bool]]:
    tenth = "2500000"
    if tenth not in figures["cities"] or int(largest) < 10 * int(tenth):
        return []
    pair = [fastest(figures["cities"][size], OURS) for size in (largest, tenth)]
    if pair[0] is None or pair[1] is None:
        return []
    return [
        (
            f"{what} at {int(largest):,} / at {int(tenth):,}",
            f"<= {TENFOLD:.0f}",
            f"{ratio:.1f}",
            ratio <= TENFOLD,
        )
        for what, ratio in (
            ("time", pair[0]["wall_s"] / pair[1]["wall_s"]),
            ("memory", pair[0]["peak_bytes"] / pair[1]["peak_bytes"]),
        )
    ]
