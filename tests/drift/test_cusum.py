"""Control charts against the textbook: written out by hand, and by the run lengths that theory gives."""

from __future__ import annotations

import math
import statistics

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from poolpipe.drift.cusum import average_run_length, self_starting, summed


def by_hand(
    values: list[float], baseline: int, recent: int, clip: float, slack: float
) -> list[tuple[float | None, float, float]]:
    told, up, down = [], 0.0, 0.0
    for place, value in enumerate(values):
        before = values[: max(0, place - recent)]
        z = None
        if len(before) >= baseline:
            spread = statistics.stdev(before) * math.sqrt(1 + 1 / len(before))
            t = (value - statistics.mean(before)) / spread if spread > 0 else 0.0
            tail = stats.norm.isf(max(stats.t.sf(abs(t), len(before) - 1), 1e-300))
            z = max(-clip, min(clip, math.copysign(tail, t)))
            allowed = slack + 1 / math.sqrt(len(before))
            up, down = max(0.0, up + z - allowed), max(0.0, down - z - allowed)
        told.append((z, up, down))
    return told


@given(
    st.lists(
        st.lists(st.integers(-50, 50).map(lambda tenths: 28 + tenths / 10), max_size=40),
        min_size=1,
        max_size=3,
    ),
    st.integers(3, 8),
    st.integers(0, 6),
)
def test_charts__are_those_written_out_by_hand(labs: list[list[float]], baseline: int, recent: int) -> None:
    rows = [(f"L{place}", value) for place, values in enumerate(labs) for value in values]
    series = pl.DataFrame(rows, {"lab": pl.String, "value": pl.Float64}, orient="row")
    told = summed(
        self_starting(series, ["lab"], baseline=baseline, recent=recent, clip=5), ["lab"], slack=0.5
    )
    expected = [row for values in labs for row in by_hand(values, baseline, recent, 5, 0.5)]
    for (z, up, down), (z0, up0, down0) in zip(
        told.select("z", "up", "down").iter_rows(), expected, strict=True
    ):
        assert (z is None) == (z0 is None)
        assert z is None or z == pytest.approx(z0, abs=1e-6)
        assert (up, down) == (pytest.approx(up0, abs=1e-6), pytest.approx(down0, abs=1e-6))


@pytest.mark.parametrize(("shift", "published"), [(1, 24), (2, 8.6), (3, 5.2)])
def test_run_length__is_siegmunds(shift: float, published: float) -> None:
    assert average_run_length(shift, 0.5, 12) == pytest.approx(published, rel=0.06)


def test_run_length__without_shift_is_a_million() -> None:
    assert average_run_length(0, 0.5, 12) == pytest.approx(1.04e6, rel=0.01)


def test_shift__is_found_in_six_plates_and_rarely_later_than_ten() -> None:
    rng = np.random.default_rng(5)
    labs, plates, begins = 400, 160, 120
    ct = rng.normal(28, 1, (labs, plates))
    ct[:, begins:] += 2.7
    series = pl.DataFrame(
        {
            "lab": np.repeat(np.arange(labs), plates),
            "plate": np.tile(np.arange(plates), labs),
            "value": ct.ravel(),
        }
    )
    told = summed(self_starting(series, ["lab"], baseline=30, recent=12, clip=5), ["lab"], slack=0.5)
    rang = told.filter(pl.col("up") >= 12).group_by("lab").agg(pl.col("plate").min())["plate"] - begins + 1
    assert len(rang) == labs
    assert np.median(rang.to_numpy()) <= 6
    assert np.quantile(rang.to_numpy(), 0.95) <= 10
