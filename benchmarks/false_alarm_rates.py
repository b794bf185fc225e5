"""Size, power and discoveries of the tests of false alarms on planted days and cities, written into docs/false-alarms.md.

PYTHONPATH=tests python -m benchmarks.false_alarm_rates [days] [cities]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from poolpipe.alarm_rules import AlarmRules
from poolpipe.stages.false_alarms.exact import false_discovery_rates
from poolpipe.stages.false_alarms.join_counts import join_counts
from poolpipe.stages.false_alarms.queue_bracket import queue_bracket
from poolpipe.stages.false_alarms.splash import cycle_law, splash_posteriors
from poolpipe.stages.false_alarms.stratified import stratified_tests, thinned
from stages.lab_days import infections, lab_city, splashed, wells_of

DOCS = Path(__file__).parents[1] / "docs"
RULES = AlarmRules()
SAMPLES = 94
MARK = "<!-- figures -->"


def main() -> None:
    """Measure, and write the figures into the page in both languages."""
    days, cities = (int(each) for each in (*sys.argv[1:], "300", "100")[:2])
    splash = [splash_row(days, rate) for rate in (0.0, 0.08, 0.2)]
    lots = [
        lot_row(cities, rate, prevalence) for rate, prevalence in ((0.0, 0.002), (0.01, 0.002), (0.02, 0.008))
    ]
    for name, heads in (("false-alarms.md", ENGLISH), ("false-alarms.zh.md", CHINESE)):
        told = heads[0].format(days=days, cities=cities) + "\n\n"
        told += grid(heads[1], splash) + "\n" + grid(heads[2], lots)
        page = (DOCS / name).read_text(encoding="utf-8")
        before, _, after = page.split(MARK)
        page = f"{before}{MARK}\n{told}{MARK}{after}"
        (DOCS / name).write_text(page, encoding="utf-8")


def splash_row(days: int, rate: float) -> list[str]:
    """Days flagged, wells flagged and how many of them rightly, plates flagged, at a rate of splash."""
    p, plates, flagged, true, false, positives = [], 0, 0, 0, 0, 0
    for seed in range(days):
        rng = np.random.default_rng([seed, 7])
        ct, planted = splashed(infections(260 * SAMPLES, rng), rng, rate=rate)
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
        f"{rate:g}", *(f"{share:.1%}" for share in at), f"{flagged / positives:.2%}",
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
)  # fmt: skip
CHINESE = (
    ("每行 {days} 个检测日：各 260 块板，感染沿队列聚集至 20 管，强阳性孔约 16 个；"
    "每行 {cities} 个城市：12 家检测机构，各 30 块板，各采样点疫情轻重不同。"),
    (
        "溅入率", "0.01 水平下被提示的检测日", "0.05 水平", "被提示为溅入的阳性", "其中属实", "占全部溅入",
        "相邻计数提示的板",
    ),
    ("不合格批号造成的阳性", "每管首发病例", "找出不合格批号", "提示数", "其中误报", "0.01 水平下的最大实际水平"),
)  # fmt: skip

if __name__ == "__main__":
    main()
