"""How soon the charts of laboratories find a shift, and how often they ring for nothing; written into docs/drift.md.

    python -m benchmarks.drift_rates --weeks 24 --write

A city of 100 laboratories, 260 plates and 134 positives each a day, whose control has a spread of one cycle (1 to 0.54 in
practice: the hardest case). Charts of Ct go through `find_drift`; the chart of positives, which needs more weeks, is given the
counts of each place, laboratory and hour from which `find_drift` makes it.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from scipy.stats import binom, chi2

from benchmarks.marked import DOCS, put_between
from poolpipe.drift import find_drift
from poolpipe.drift.finding import positives_chart, rang
from poolpipe.drift.series import expected_positives
from poolpipe.drift_policy import DriftRules
from poolpipe.policy import load_policy

START = datetime(2022, 3, 1, tzinfo=UTC)
ASSAY = load_policy(None).assay
FEW = 10  # laboratories that change where others tell what is usual
RULES = DriftRules(least_wells=1)  # the internal controls of a plate are one row here, their mean
PLATES_A_DAY, POSITIVES_A_DAY, PLACES = 260, 134, 16
TUBES_A_DAY = 24_000
CALL_LIMITS = (7.0, 7.5, 8.0, 8.5)
NO_CALLS = pl.DataFrame(
    schema=dict.fromkeys(("lab", "place"), pl.String)
    | {"at": pl.Datetime("us", "UTC"), "is_positive": pl.Boolean}
)
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


def cells_of_calls(rng: np.random.Generator, labs: int, days: int) -> pl.DataFrame:
    """Tubes and positives by place, laboratory and hour; laboratories share places of unlike prevalence."""
    share = np.geomspace(0.5, 2, PLACES)
    share *= POSITIVES_A_DAY / TUBES_A_DAY / share.mean()
    tubes = TUBES_A_DAY // 24 // PLACES
    chance = np.broadcast_to(share, (labs, days * 24, PLACES))
    hits = rng.binomial(tubes, chance)
    lab, hour, place = (index.ravel() for index in np.indices(hits.shape))
    cells = pl.DataFrame({"lab": lab, "hour": hour, "place": place, "found": hits.ravel()})
    at = (pl.lit(START) + pl.duration(hours="hour")).cast(pl.Datetime("us", "UTC"))
    return cells.select(
        pl.format("C{}", "place").alias("place"),
        pl.format("L{}", "lab").alias("lab"),
        at.alias("at"),
        pl.lit(tubes).alias("tubes"),
        "found",
    )


def false_alarms(weeks: int, seed: int) -> dict[str, int]:
    """City-wide false alarms of each chart of Ct in so many weeks."""
    counted: dict[str, int] = {}
    for week in range(weeks):
        wells = readings(np.random.default_rng([seed, week]), 100, 7, 1e9)
        for chart in find_drift(wells, NO_CALLS, NO_REPORTS, ASSAY, RULES).alarms["chart"]:
            counted[chart] = counted.get(chart, 0) + 1
    return counted


def delays(seed: int) -> dict[str, np.ndarray]:
    """Plates or positives until a planted shift is found, of each laboratory that changed."""
    return {
        name: np.concatenate([
            _late(name, np.random.default_rng([seed, city])) for city in range(5 if name == "single_target" else 1)
        ])
        for name in PLANTED if name != "positivity"
    }  # fmt: skip


def _late(name: str, rng: np.random.Generator) -> np.ndarray:
    """Values of a chart from a planted shift on until it rings, of each laboratory that changed."""
    changed = 2 * 86_400.0
    drift = find_drift(readings(rng, 100, 4, changed, name), NO_CALLS, NO_REPORTS, ASSAY, RULES)
    late = _until(drift.charts.filter(chart=name), drift.alarms.filter(chart=name), changed)
    return late[: FEW if name == "single_target" else None]


def _until(charts: pl.DataFrame, alarms: pl.DataFrame, changed: float) -> np.ndarray:
    """Values of each laboratory, in the order of their numbers, from a moment on until its first alarm after it."""
    after = pl.col("at") >= START + timedelta(seconds=changed)
    first = alarms.filter(after).group_by("lab").agg(pl.col("at").min().alias("rang"))
    late = charts.filter(after).join(first, on="lab").filter(pl.col("at") <= pl.col("rang"))
    number = pl.col("lab").str.slice(1).cast(pl.Int64)
    return late.group_by("lab").len().sort(number)["len"].to_numpy()


def of_positives(weeks: int, cities: int, seed: int) -> list[tuple[float, int, np.ndarray]]:
    """For each limit of the chart of positives: the limit, false alarms in so many weeks, and hours until a third lost is found.

    Every laboratory loses them by itself: what is expected of it is of the others, who lose nothing.
    """
    rules = [RULES.model_copy(update={"call_limit": limit}) for limit in CALL_LIMITS]
    rang_in, found = [0] * len(rules), [list[np.ndarray]() for _ in rules]
    for week in range(weeks):
        cells = cells_of_calls(np.random.default_rng([seed, 1, week]), 100, 7)
        chart = positives_chart(expected_positives(cells), RULES)
        rang_in = [count + rang(chart, each).height for count, each in zip(rang_in, rules, strict=True)]
    changed = 2 * 86_400.0
    for city in range(cities):
        rng = np.random.default_rng([seed, 2, city])
        hours = expected_positives(cells_of_calls(rng, 100, 8))
        late = (hours["at"] >= START + timedelta(seconds=changed)).to_numpy()
        kept = rng.binomial(hours["found"].to_numpy().astype(int), np.where(late, 1 - RULES.lost, 1.0))
        chart = positives_chart(hours.with_columns(found=pl.Series(kept, dtype=pl.Float64)), RULES)
        for told, each in zip(found, rules, strict=True):
            told.append(_until(chart, rang(chart, each), changed))
    return [
        (limit, count, np.concatenate(late))
        for limit, count, late in zip(CALL_LIMITS, rang_in, found, strict=True)
    ]


def _weekly(count: int, weeks: int) -> str:
    """A rate a week with its exact interval (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(0.975, 2 * count + 2)) / 2
    return f"{count / weeks:.2f} ({low / weeks:.2f}–{high / weeks:.2f})"


def _median(late: np.ndarray) -> str:
    """A median with its interval from order statistics."""
    ends = np.sort(late)[
        np.asarray(binom.ppf([0.025, 0.975], len(late), 0.5)).astype(int).clip(0, len(late) - 1)
    ]
    return f"{np.median(late):.0f} ({ends[0]:.0f}–{ends[1]:.0f})"


_FALSE_ALARMS = (
    "\nFalse alarms of 100 laboratories in a week: {ct} of the charts of Ct together ({weeks} weeks: {each}), and of `positivity` by "
    "its limit ({many} weeks; a third lost in each of {labs:,} laboratories):\n"
)
_FALSE_ALARMS_ZH = (
    "\n100 个实验室每周误报：各 Ct 图合计 {ct}（{weeks} 周：{each}）；`positivity` 随控制限而变"
    "（{many} 周；{labs:,} 个实验室各丢失三分之一阳性）：\n"
)


def tables(weeks: int, seed: int) -> tuple[str, str]:
    """The figures in English and Chinese."""
    found, counted = delays(seed), false_alarms(weeks, seed)
    many, cities = 8 * weeks, 10
    limits = of_positives(many, cities, seed)
    found["positivity"] = next(late for limit, _, late in limits if limit == RULES.call_limit)
    english = ["| planted | found after, median | 95 % | of |", "| --- | ---: | ---: | ---: |"]
    chinese = ["| 植入 | 发现所需，中位 | 95 % | 实验室数 |", "| --- | ---: | ---: | ---: |"]
    for name, (what, what_zh, unit, unit_zh) in PLANTED.items():
        late = found[name]
        row = f"{_median(late)} {{}} | {np.quantile(late, 0.95):.0f} | {len(late):,} |"
        english.append(f"| {what} | {row.format(unit)}")
        chinese.append(f"| {what_zh} | {row.format(unit_zh)}")
    ct, names = (
        sum(counted.values()),
        ("control_ct", "internal_control", "target_difference", "single_target"),
    )
    each = ", ".join(f"{name} {counted.get(name, 0)}" for name in names)
    english += [
        _FALSE_ALARMS.format(
            ct=_weekly(ct, weeks), weeks=weeks, each=each, many=many, labs=len(found["positivity"])
        ),
        "| `call_limit` | false alarms a week | hours until a third lost is found, median | 95 % | within 18 h |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    chinese += [
        _FALSE_ALARMS_ZH.format(
            ct=_weekly(ct, weeks), weeks=weeks, each=each, many=many, labs=len(found["positivity"])
        ),
        "| `call_limit` | 每周误报 | 发现丢失三分之一所需小时，中位 | 95 % | 18 小时内 |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    rows = [
        f"| {limit:g} | {_weekly(count, many)} | {_median(late)} | {np.quantile(late, 0.95):.0f} | {100 * np.mean(late <= 18):.0f} % |"
        for limit, count, late in limits
    ]
    return "\n".join(english + rows), "\n".join(chinese + rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=24)
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
