"""How soon the charts of laboratories find a shift, and how often they ring for nothing; written into docs/drift.md.

    python -m benchmarks.drift_rates --weeks 8 --write

A city of 100 laboratories, 260 plates and 134 positives each a day, whose control has a spread of one cycle (1 to 0.54 in
practice: the hardest case). Everything goes through `find_drift`.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.marked import DOCS, put_between
from poolpipe.drift import find_drift
from poolpipe.drift_policy import DriftRules
from poolpipe.policy import load_policy

START = datetime(2022, 3, 1, tzinfo=UTC)
ASSAY = load_policy(None).assay
FEW = 10  # laboratories that change where others tell what is usual
RULES = DriftRules(least_wells=1)  # the internal controls of a plate are one row here, their mean
PLATES_A_DAY, POSITIVES_A_DAY, PLACES = 260, 134, 16
TUBES_A_DAY = 24_000
NO_REPORTS = pl.DataFrame(
    schema=dict.fromkeys(("lab", "tube", "reported", "read"), pl.String) | {"at": pl.Datetime("us", "UTC")}
)
PLANTED = {
    "control_ct": ("controls +2.7 cycles", "质控 +2.7 个循环", "plates", "块板"),
    "target_difference": ("one target +2.7 cycles", "单一靶标 +2.7 个循环", "positives", "个阳性"),
    "single_target": ("one target alone in half of the positives", "半数阳性仅单靶标", "positives", "个阳性"),
    "positivity": ("a third of the positives lost", "丢失三分之一阳性", "hours", "小时"),
}


def _times(rng: np.random.Generator, labs: int, days: int, per_day: int) -> tuple[np.ndarray, pl.Series]:
    """Laboratory and time of so many things a day, even over the day."""
    count = labs * days * per_day
    lab = np.repeat(np.arange(labs), days * per_day)
    at = np.sort(rng.integers(0, days * 86_400, (labs, days * per_day)), axis=1).ravel()
    assert len(lab) == count
    return lab, pl.Series(at).cast(pl.Int64) * 1_000_000 + int(START.timestamp() * 1e6)


def readings(
    rng: np.random.Generator, labs: int, days: int, changed: float, planted: str = ""
) -> pl.DataFrame:
    """Controls, internal controls (one mean a plate) and positives; laboratories change at a time, in seconds from the start."""
    lab, at = _times(rng, labs, days, PLATES_A_DAY)
    after = (at.to_numpy() >= changed * 1e6 + START.timestamp() * 1e6).astype(float)
    plate = pl.Series(np.arange(len(lab)))
    base = pl.DataFrame({"lab": lab, "plate": plate, "at": at.cast(pl.Datetime("us", "UTC"))})
    shift = 2.7 * after * (planted == "control_ct")
    control = base.with_columns(well=pl.lit("H12"), role=pl.lit("positive_control"), target=pl.lit(ASSAY.targets[0]),
                                ct=pl.Series(rng.normal(28, 1, len(lab)) + shift))  # fmt: skip
    internal = base.with_columns(well=pl.lit("A1"), role=pl.lit("sample"), target=pl.lit(ASSAY.internal_control),
                                 ct=pl.Series(rng.normal(26, 0.2, len(lab))))  # fmt: skip
    lab, at = _times(rng, labs, days, POSITIVES_A_DAY)
    after = (at.to_numpy() >= changed * 1e6 + START.timestamp() * 1e6).astype(float)
    ct = rng.normal(29, 2, len(lab))
    alone = rng.random(len(lab)) < np.where(
        (after > 0) & (planted == "single_target") & (lab < FEW), 0.5, 0.08
    )
    other = ct + rng.normal(0.3, 0.5, len(lab)) + 2.7 * after * (planted == "target_difference")
    base = pl.DataFrame(
        {"lab": lab, "plate": np.arange(len(lab)) + len(plate), "at": at.cast(pl.Datetime("us", "UTC"))}
    )
    sample = base.with_columns(well=pl.lit("B2"), role=pl.lit("sample"))
    first = sample.with_columns(target=pl.lit(ASSAY.targets[0]), ct=pl.Series(ct))
    second = sample.with_columns(
        target=pl.lit(ASSAY.targets[1]), ct=pl.Series(np.where(alone, np.nan, other)).fill_nan(None)
    )
    told = pl.concat([control, internal, first, second])
    return told.with_columns(
        pl.format("L{}", "lab").alias("lab"), pl.format("P{}", "plate").alias("plate"),
        pl.lit("R").alias("round"), pl.lit(None, pl.String).alias("instrument"),
    )  # fmt: skip


def calls(rng: np.random.Generator, labs: int, days: int, changed: float, lost: float) -> pl.DataFrame:
    """Positives, and negatives by the hundred (a row stands for many): laboratories share places of unlike prevalence."""
    hours = days * 24
    share = np.geomspace(0.5, 2, PLACES)
    share *= POSITIVES_A_DAY / TUBES_A_DAY / share.mean()
    tubes = TUBES_A_DAY // 24 // PLACES
    late = np.arange(hours) * 3600 >= changed
    chance = share[None, None, :] * np.where(late, 1 - lost, 1)[None, :, None] * np.ones((labs, 1, 1))
    if lost:  # the other laboratories tell what is expected
        chance[FEW:] = share
    hits = rng.binomial(tubes, chance)
    lab, hour, place = (index.ravel() for index in np.indices(hits.shape))
    cells = pl.DataFrame({"lab": lab, "hour": hour, "place": place, "hits": hits.ravel()})
    rows = pl.concat(
        [
            cells.with_columns(is_positive=pl.lit(value), count=count)
            for value, count in ((True, pl.col("hits")), (False, tubes - pl.col("hits")))
        ]
    ).select(pl.all().exclude("hits", "count").repeat_by("count").explode())
    at = (pl.lit(START) + pl.duration(hours="hour")).cast(pl.Datetime("us", "UTC"))
    return rows.select(
        pl.format("L{}", "lab").alias("lab"),
        at.alias("at"),
        pl.format("C{}", "place").alias("place"),
        "is_positive",
    )


def false_alarms(weeks: int, seed: int) -> dict[str, float]:
    """City-wide false alarms a week of each chart."""
    counted: dict[str, float] = {}
    for week in range(weeks):
        rng = np.random.default_rng([seed, week])
        hourly = calls(rng, 100, 7, 1e9, 0.0)
        told = find_drift(readings(rng, 100, 7, 1e9), hourly, NO_REPORTS, ASSAY, RULES)
        for chart in told.alarms["chart"]:
            counted[chart] = counted.get(chart, 0) + 1 / weeks
    return counted


def delays(seed: int) -> dict[str, tuple[float, float, int]]:
    """Plates, positives or hours until a planted shift is found: median, 95 %, laboratories that were looked at."""
    told = {}
    for name in PLANTED:
        cities = 5 if name in ("single_target", "positivity") else 1
        counts = np.concatenate([_late(name, np.random.default_rng([seed, city])) for city in range(cities)])
        told[name] = float(np.median(counts)), float(np.quantile(counts, 0.95)), len(counts)
    return told


def _late(name: str, rng: np.random.Generator) -> np.ndarray:
    """Values of a chart from a planted shift on until it rings, of each laboratory that changed."""
    changed, is_calls = 2 * 86_400.0, name == "positivity"
    nothing = calls(rng, 2, 1, 1e9, 0.0).clear()
    hourly = calls(rng, 100, 6, changed, 1 / 3) if is_calls else nothing
    wells = readings(rng, 2, 1, 1e9).clear() if is_calls else readings(rng, 100, 4, changed, name)
    drift = find_drift(wells, hourly, NO_REPORTS, ASSAY, RULES)
    after = (pl.col("chart") == name) & (pl.col("at") >= START + timedelta(seconds=changed))
    first = drift.alarms.filter(after).group_by("lab").agg(pl.col("at").min().alias("rang"))
    late = (
        drift.charts.filter(after)
        .join(first, on="lab")
        .filter(pl.col("at") <= pl.col("rang"))
        .group_by("lab")
        .len()
    )
    if name in ("single_target", "positivity"):
        late = late.filter(pl.col("lab").str.slice(1).cast(pl.Int64) < FEW)
    return late["len"].to_numpy()


def tables(weeks: int, seed: int) -> tuple[str, str]:
    """The figures in English and Chinese."""
    found, rang = delays(seed), false_alarms(weeks, seed)
    english = ["| planted | found after, median | 95 % | of |", "| --- | ---: | ---: | ---: |"]
    chinese = ["| 植入 | 发现所需，中位 | 95 % | 实验室数 |", "| --- | ---: | ---: | ---: |"]
    for name, (what, what_zh, unit, unit_zh) in PLANTED.items():
        median, most, labs = found[name]
        english.append(f"| {what} | {median:.0f} {unit} | {most:.0f} | {labs} |")
        chinese.append(f"| {what_zh} | {median:.0f} {unit_zh} | {most:.0f} | {labs} |")
    each = ", ".join(f"{name} {count:.2f}" for name, count in sorted(rang.items())) or "none"
    total = sum(rang.values())
    english.append(
        f"\nFalse alarms of 100 laboratories in a week, {weeks} weeks simulated: {total:.2f} ({each})."
    )
    chinese.append(f"\n100 个实验室每周误报（模拟 {weeks} 周）：{total:.2f}（{each}）。")
    return "\n".join(english), "\n".join(chinese)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help="write the figures into docs/drift.md and .zh.md"
    )
    options = parser.parse_args()
    for name, text in zip(("drift.md", "drift.zh.md"), tables(options.weeks, options.seed), strict=True):
        print(text)
        if options.write:
            put_between("rates", DOCS / name, text)


if __name__ == "__main__":
    main()
