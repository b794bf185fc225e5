"""Planted shifts are found and named, the other laboratories are left alone, and the order of rows says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from poolpipe.drift import Drift, find_drift
from poolpipe.drift.westgard import broken_rules_of
from poolpipe.drift_policy import DriftRules
from poolpipe.policy import load_policy

ASSAY = load_policy().assay
START = datetime(2022, 2, 10, tzinfo=UTC)
FIRST, SECOND = ASSAY.targets[:2]
LABS, PLATES, BEGINS = 6, 90, 60
NOTHING = pl.DataFrame(
    schema={
        "lab": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "tube": pl.String,
        "reported": pl.String,
        "read": pl.String,
    }
)
NO_CALLS = pl.DataFrame(
    schema={"lab": pl.String, "at": pl.Datetime("us", "UTC"), "place": pl.String, "is_positive": pl.Boolean}
)


def readings(
    seed: int, *, control: float = 0.0, internal: float = 0.0, second: float = 0.0, single: float = 0.05
) -> pl.DataFrame:
    """Plates of six laboratories, those of L0 changed from the sixtieth plate on."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for lab in range(LABS):
        for plate in range(PLATES):
            changed = lab == 0 and plate >= BEGINS
            at = START + timedelta(minutes=6 * plate + lab)
            key = (f"L{lab}", "R1", f"P{lab}-{plate}")
            for target in (FIRST, SECOND):
                ct = 28 + rng.normal(0, 0.7) + (control if changed else 0)
                rows.append((*key, "H12", "positive_control", target, ct, at, None))
            for well in range(24):
                ct = 26 + rng.normal(0, 0.5) + (internal if changed else 0)
                rows.append((*key, f"A{well}", "sample", ASSAY.internal_control, ct, at, None))
            ct = rng.normal(28, 2)
            alone = rng.random() < (single if changed else 0.05)
            rows.append((*key, "A0", "sample", FIRST, ct, at, None))
            other = ct + 0.3 + rng.normal(0, 0.5) + (second if changed else 0)
            rows.append((*key, "A0", "sample", SECOND, None if alone else other, at, None))
    schema: dict[str, type[pl.DataType] | pl.DataType]
    schema = {"lab": pl.String, "round": pl.String, "plate": pl.String, "well": pl.String, "role": pl.String, "target": pl.String,
              "ct": pl.Float64, "at": pl.Datetime("us", "UTC"), "instrument": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")


def found(
    told: pl.DataFrame, calls: pl.DataFrame = NO_CALLS, contradictions: pl.DataFrame = NOTHING
) -> Drift:
    return find_drift(told, calls, contradictions, ASSAY, DriftRules())


def test_steady_laboratories__ring_nowhere() -> None:
    for seed in range(3):
        assert found(readings(seed)).alarms.is_empty()


@pytest.mark.parametrize(
    ("planted", "chart"),
    [
        ({"control": 2.7}, "control_ct"),
        ({"internal": 1.0}, "internal_control"),
        ({"second": 2.7}, "target_difference"),
    ],
)
def test_planted_shift__is_found_where_it_is(planted: dict[str, float], chart: str) -> None:
    (size,) = planted.values()
    alarms = found(readings(7, **planted)).alarms
    assert alarms.select("chart", "lab", "direction").unique().rows() == [(chart, "L0", "up")]
    first = alarms.row(0, named=True)
    assert START + timedelta(minutes=6 * (BEGINS - 3)) <= first["since"] <= first["at"]
    assert first["count"] <= 10
    assert first["shift"] == pytest.approx(size, rel=0.35)


def test_one_target_shift__is_seen_within_three_positives() -> None:
    late = []
    for seed in range(12):
        told = found(readings(seed, second=2.7))
        at = told.alarms.filter(chart="target_difference").row(0, named=True)["at"]
        since = told.charts.filter(
            (pl.col("chart") == "target_difference") & (pl.col("lab") == "L0") & (pl.col("at") <= at)
            & (pl.col("at") >= START + timedelta(minutes=6 * BEGINS))
        )  # fmt: skip
        late.append(since.height)
    assert max(late) <= 3


def test_single_targets__are_noticed() -> None:
    alarms = found(readings(3, single=0.9)).alarms
    assert ("single_target", "L0") in alarms.select("chart", "lab").rows()


def calls(seed: int, lost: float, hours: int = 72) -> pl.DataFrame:
    """Six laboratories that share four places; from hour 24 on L0 loses a share of its positives."""
    rng, rows = np.random.default_rng(seed), []
    for hour in range(hours):
        at = START + timedelta(hours=hour, minutes=30)
        for lab in range(LABS):
            for place, share in enumerate((0.01, 0.02, 0.04, 0.002)):
                hits = rng.binomial(100, share * (1 - lost if lab == 0 and hour >= 24 else 1))
                rows += [(f"L{lab}", at, f"C{place}", rank < hits) for rank in range(100)]
    return pl.DataFrame(rows, NO_CALLS.schema, orient="row")


def test_lost_positives__are_seen_by_calls_alone() -> None:
    nothing = readings(1).clear()
    alarms = found(nothing, calls(2, lost=0.67)).alarms
    assert alarms.select("chart", "lab").rows() == [("positivity", "L0")]
    first = alarms.row(0, named=True)
    assert first["shift"] == pytest.approx(-0.67, abs=0.25)
    assert first["at"] - START <= timedelta(hours=24 + 12)
    assert found(nothing, calls(2, lost=0)).alarms.is_empty()


def test_first_contradicting_report__rings_at_once() -> None:
    told = pl.DataFrame(
        [("L1", START + timedelta(hours=place), f"T{place}", "negative", "positive") for place in (5, 3, 4)],
        NOTHING.schema,
        orient="row",
    )
    alarm = found(readings(1).clear(), NO_CALLS, told).alarms.row(0, named=True)
    assert (alarm["lab"], alarm["at"], alarm["count"]) == ("L1", START + timedelta(hours=3), 3)
    assert alarm["detail"] == "T3: negative ≠ positive"


def test_order_of_rows__says_nothing() -> None:
    told, shared = readings(7, control=2.7), calls(2, lost=0.5, hours=40)
    once, again = found(told, shared), found(told.sample(fraction=1, shuffle=True, seed=1), shared.reverse())
    assert once.alarms.drop("statistic", "shift").equals(again.alarms.drop("statistic", "shift"))
    assert once.charts["up"].to_numpy() == pytest.approx(again.charts["up"].to_numpy(), abs=1e-9)


def test_westgard__tells_each_rule() -> None:
    z = [0.1, 3.2, 2.1, 2.2, 0.5, -0.1, *[1.2] * 4, *[-0.2] * 10]
    charts = pl.DataFrame({"chart": "control_ct", "lab": "L1", "at": range(len(z)), "plate": [f"P{place}" for place in range(len(z))],
                           "value": z, "z": z})  # fmt: skip
    told = broken_rules_of(charts)
    assert told.filter(rule="1-3s")["plate"].to_list() == ["P1"]
    assert told.filter(rule="2-2s")["plate"].to_list() == ["P2", "P3"]
    assert told.filter(rule="4-1s")["plate"].to_list() == ["P9"]
    assert told.filter(rule="10x")["plate"].to_list() == ["P19"]
