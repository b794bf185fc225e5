"""What was heard in many batches is what was heard in all of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from poolpipe.coding.quarters import Heard, heard_in_quarters, joined_quarters
from poolpipe.live.heard_parts import HeardParts

QUARTER_US = 900_000_000


def _heard(rng: np.random.Generator, count: int) -> Heard:
    names = pl.Series([f"gun-{each}" for each in range(6)])
    at = rng.integers(0, 40, count) * QUARTER_US
    return heard_in_quarters(
        {"device": (rng.integers(-1, 6, count).astype(np.int32), names)},
        at,
        at + rng.integers(0, 9, count),
        None,
    )


def _rows(heard: Heard) -> pl.DataFrame:
    told = heard.of("device")
    names = heard.names["device"][told["source"]].alias("source")
    return told.with_columns(names).sort("source", "quarter")


@pytest.mark.parametrize(("seed", "first"), [(1, 2_000), (2, 5), (3, 0)])
def test_parts__are_what_all_batches_are(seed: int, first: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [_heard(rng, first), *(_heard(rng, int(rng.integers(0, 9))) for _ in range(120))]
    so_far = HeardParts((parts[0],))
    for each in parts[1:]:
        so_far = so_far.with_more(each)
        assert len(so_far.parts) <= 24
    assert _rows(so_far.whole).equals(_rows(joined_quarters(parts)))
