"""Size, power and discoveries of the tests of false alarms on planted days and cities, written into docs/false-alarms.md.

PYTHONPATH=tests python -m benchmarks.false_alarm_rates [days] [cities]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import poolpipe
from poolpipe.alarm_rules import AlarmRules
from poolpipe.simulate import TROUBLES, Spread, simulate
from poolpipe.stages.false_alarms.exact import false_discovery_rates
from poolpipe.stages.false_alarms.join_counts import join_counts
from poolpipe.stages.false_alarms.queue_bracket import queue_bracket
from poolpipe.stages.false_alarms.splash import cycle_law, splash_posteriors
from poolpipe.stages.false_alarms.stratified import stratified_tests, thinned
from stages.lab_days import infections, lab_city, runs_of_city, splashed, wells_of

DOCS = Path(__file__).parents[1] / "docs"
RULES = AlarmRules()
SAMPLES = 94
MARK = "<!-- figures -->"
OTHER_DAYS: list[tuple[float, dict[str, float]]] = [
    (0.0, {"prevalence": 0.0001}),
    (0.0, {"prevalence": 0.001}),
    (0.0, {"prevalence": 0.01}),
    (0.0, {"prevalence": 0.03}),
    (0.0, {"attack": 0.1}),
    (0.0, {"attack": 0.6}),
    (0.0, {"reach": 10.0}),
    (0.05, {}),
    (0.1, {}),
    (0.4, {}),
    (0.2, {"prevalence": 0.01}),
    (0.2, {"attack": 0.6}),
]
"""Splash, and what is not as on the days of the first table: first cases a tube 0.006, attack 0.3, reach 4 tubes."""

LOTS = (
    (0.0, 0.002),
    (0.0, 0.008),
    (0.0, 0.03),
    (0.01, 0.002),
    (0.02, 0.008),
    (0.01, 0.008),
    (0.02, 0.03),
    (0.05, 0.03),
)
RUNS: list[tuple[tuple[int, float] | tuple[()], float, int]] = [
    ((), 0.0005, 30), ((), 0.002, 30), ((), 0.008, 30), ((), 0.03, 30), ((), 0.002, 10),
    ((94, 0.1), 0.002, 10), ((94, 0.2), 0.002, 10), ((188, 0.1), 0.002, 10), ((188, 0.1), 0.008, 10), ((94, 0.2), 0.002, 30),
    ((188, 0.1), 0.002, 30), ((188, 0.1), 0.008, 30),
]  # fmt: skip
SPREADS: list[tuple[str, str, Spread]] = [
    ("as published", "同文献", Spread()),
    ("households 0.8", "同户 0.8", Spread(household=0.8)),
    ("households 0.1", "同户 0.1", Spread(household=0.1)),
    ("queue 0.2", "排队 0.2", Spread(queue=0.2)),
    ("building 0.05", "楼栋 0.05", Spread(building=0.05)),
]


def main() -> None:
    """Measure, and write the figures into the page in both languages."""
    days, cities = (int(each) for each in (*sys.argv[1:], "300", "100")[:2])
    splash = [splash_row(days, rate) for rate in (0.0, 0.08, 0.2)]
    others = [
        [
            "; ".join(f"{name} {value:g}" for name, value in law.items()) or "–",
            *splash_row(days // 3, rate, **law),
        ]
        for rate, law in OTHER_DAYS
    ]
    lots = [lot_row(cities, rate, prevalence) for rate, prevalence in LOTS]
    runs = [run_row(cities, *each) for each in RUNS]
    spread = [spread_row(max(cities // 10, 2), each) for _, _, each in SPREADS]
    for name, heads, column in (("false-alarms.md", ENGLISH, 0), ("false-alarms.zh.md", CHINESE, 1)):
        named = [[(each[0], each[1])[column], *row] for each, row in zip(SPREADS, spread, strict=True)]
        told = "\n".join(
            [
                heads[0].format(days=days, cities=cities) + "\n",
                grid(heads[1], splash), grid((heads[5], *heads[1]), others), grid(heads[2], lots),
                heads[6] + "\n", grid(heads[3], runs), heads[7] + "\n", grid(heads[4], named),
            ]
        )  # fmt: skip
        page = (DOCS / name).read_text(encoding="utf-8")
        before, _, after = page.split(MARK)
        page = f"{before}{MARK}\n{told}{MARK}{after}"
        (DOCS / name).write_text(page, encoding="utf-8")


def splash_row(days: int, rate: float, **law: float) -> list[str]:
    """Days flagged, wells flagged and how many of them rightly, plates flagged, at a rate of splash."""
    p, plates, flagged, true, false, positives = [], 0, 0, 0, 0, 0
    for seed in range(days):
        rng = np.random.default_rng([seed, 7])
        ct, planted = splashed(infections(260 * SAMPLES, rng, **law), rng, rate=rate)
        wells = wells_of(ct)
        p.append(queue_bracket(wells, RULES).p[0])
        found = splash_posteriors(wells, RULES, cycle_law(wells, 40.0, (29.3, 5.0)))
        chosen = found.well[found.posterior >= RULES.posterior]
        flagged, true, false = (
            flagged + len(chosen),
            true + int(planted[chosen].sum()),
            false + int(planted.sum()),
        )
        positives += int(wells.positive.sum())
        plates += int((false_discovery_rates(join_counts(wells).p) <= RULES.discovery_rate).sum())
    at = [np.mean(np.array(p) <= level) for level in (0.01, 0.05)]
    return [
        f"{rate:g}", *(f"{share:.1%}" for share in at), f"{flagged / max(positives, 1):.2%}",
        f"{true / flagged:.0%}" if flagged and rate else "–", f"{true / false:.0%}" if false else "–", str(plates),
    ]  # fmt: skip


def lot_row(cities: int, rate: float, prevalence: float) -> list[str]:
    """Cities whose bad lot is found, false discoveries, and the size of each kind's test."""
    found = discoveries = wrong = 0
    p: dict[str, list[float]] = {}
    for seed in range(cities):
        bad = seed % 8 if rate else None
        site, position, positive, units, _, _ = lab_city(seed, bad=bad, rate=rate, prevalence=prevalence)
        tests = stratified_tests(site, thinned(positive, site, position, 20), units, RULES.discovery_rate)
        spoilt = {"lot": {bad}, "plate": set(units["plate"][units["lot"] == bad].tolist() if rate else ())}
        for kind, each in tests.items():
            flagged = np.flatnonzero(each.flagged).tolist()
            right = sum(unit in spoilt.get(kind, ()) for unit in flagged)
            discoveries, wrong = discoveries + len(flagged), wrong + len(flagged) - right
            found += kind == "lot" and right
            p.setdefault(kind, []).extend(each.p.tolist())
    size = max(float(np.mean(np.array(each) <= 0.01)) for each in p.values())
    return [
        f"{rate:g}", f"{prevalence:g}", f"{found / cities:.0%}" if rate else "–", str(discoveries), str(wrong),
        "–" if rate else f"{size:.2%}",
    ]  # fmt: skip


def run_row(cities: int, run: tuple[int, float] | tuple[()], prevalence: float, box: int) -> list[str]:
    """Size of the scan for runs where none is planted, else how many are found."""
    p: list[float] = []
    found = wrong = 0
    for seed in range(cities):
        runs, hit = runs_of_city(lab_city(seed, prevalence=prevalence, box=box), run, seed=seed)
        p += runs.p.tolist()
        flagged = np.flatnonzero(runs.q <= RULES.discovery_rate)
        right = sum(bool(hit[runs.tubes[day]].mean() > 0.2 * (run[1] if run else 1)) for day in flagged)
        found, wrong = found + min(right, 1), wrong + len(flagged) - right
    at = [f"{np.mean(np.array(p) <= level):.1%}" for level in (0.01, 0.05)]
    planted = (f"{run[0]}", f"{run[1]:g}") if run else ("–", "–")
    return [
        *planted, f"{prevalence:g}", f"{box}", *(("–", "–") if run else at), f"{found / cities:.0%}" if run else "–", str(wrong),
    ]  # fmt: skip


def spread_row(cities: int, spread: Spread) -> list[str]:
    """Suspicions in whole simulated cities whose laboratories make no mistake."""
    tubes = days = 0
    alarms: list[pl.DataFrame] = []
    calm = dict.fromkeys(TROUBLES, 0.0)
    with tempfile.TemporaryDirectory() as name:
        for seed in range(cities):
            options: dict[str, Any] = {
                "people": 60_000,
                "preset": "ruijin",
                "rounds": 3,
                "troubles": calm,
                "force": True,
            }
            simulate(name, seed=seed, spread=spread, **options)
            day = poolpipe.run(Path(name) / "events", views=False, progress=False)
            positive = day.pools.filter(pl.col("call").is_in(["positive", "suspect"]))
            tubes, days = tubes + positive.height, days + positive.select("lab", "round").n_unique()
            alarms.append(day.false_alarms)
    kinds = pl.concat(alarms)["statistic"]
    runs = int(kinds.str.starts_with("run_").sum())
    each = [str((kinds == kind).sum()) for kind in ("queue_bracket", "splash", "join_count", "stratified")]
    return [str(cities), str(days), f"{tubes:,}", *each, str(runs)]


def grid(head: tuple[str, ...], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


ENGLISH = (
    """{days} lab days a row: 260 plates each, infections that follow the queue up to 20 tubes away, about 16 strong wells;
{cities} cities a row: 12 labs of 30 plates, outbreaks of different size from site to site.""",
    (
        "splash", "lab days flagged at 0.01", "at 0.05", "positives flagged as splash", "of these rightly", "of all splash",
        "plates flagged by joins",
    ),
    (
        "positives made by the bad lot", "first cases a tube", "bad lot found", "discoveries", "false ones",
        "largest size at 0.01, of all kinds",
    ),
    (
        "tubes of the run", "spoilt", "first cases a tube", "tubes of a box", "labs' days flagged at 0.01", "at 0.05", "run found",
        "false ones",
    ),
    (
        "rates", "cities", "labs' days", "positive tubes", "`queue_bracket`", "`splash`", "`join_count`", "`stratified`", "runs",
    ),
    "other than above, a third of the days",
    "Runs, in cities as those of the lots, a run in one of the 12 labs:",
    """Suspicions in whole simulated cities of 60,000 people and three rounds ([`--spread`](simulate.md#who-infects-whom)), whose
laboratories make no mistake:""",
)  # fmt: skip
CHINESE = (
    (
        "每行 {days} 个检测日：各 260 块板，感染沿队列聚集至 20 管，强阳性孔约 16 个；"
        "每行 {cities} 个城市：12 家检测机构，各 30 块板，各采样点疫情轻重不同。"
    ),
    ("溅入率", "0.01 水平下被提示的检测日", "0.05 水平", "被提示为溅入的阳性", "其中属实", "占全部溅入", "相邻计数提示的板"),
    ("不合格批号造成的阳性", "每管首发病例", "找出不合格批号", "提示数", "其中误报", "0.01 水平下的最大实际水平"),
    ("连续管数", "其中受污染", "每管首发病例", "每箱管数", "0.01 水平下被提示的检测日", "0.05 水平", "找出该段", "误报"),
    ("传播率", "城市", "检测日", "阳性管", "`queue_bracket`", "`splash`", "`join_count`", "`stratified`", "连续样本管"),
    "与上表不同之处（天数为三分之一）",
    "连续样本管，城市与批号一表相同，段落在 12 家检测机构之一：",
    "完整模拟的城市，各 60,000 人、三轮（[`--spread`](simulate.md#who-infects-whom)），检测机构没有差错，所得提示：",
)  # fmt: skip

if __name__ == "__main__":
    main()
