"""The table of pools: each number where it is known, null elsewhere."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from poolpipe.decode.assays import INVALID, NEGATIVE, NO_CALL, POSITIVE, SUSPECT
from poolpipe.decode.layout import PoolLayout
from poolpipe.decode.verdicts import table_of_pools


def test_pools__have_what_is_known_of_them() -> None:
    pools = [[0, 1], [1, 2], [2], [0], [], [0, 2], [1]]
    codes = np.array([POSITIVE, NEGATIVE, SUSPECT, INVALID, NO_CALL, NEGATIVE, POSITIVE], np.int8)
    layout = PoolLayout(
        offsets=np.cumsum([0, *map(len, pools)]), members=np.array([i for pool in pools for i in pool], np.int32),
        rows=np.zeros(7, np.int64), table=np.ones((1, 2)), prior=np.full(3, 0.1), codes=codes,
        names=pl.Series(list("ABCDEFG")), counts_matter=False,
    )  # fmt: skip
    nobody = np.array([0.1, 0.8, 0.3, 0.4, math.nan, 0.7, 0.6])
    hopeless = np.array([False, False, False, False, False, True, True])
    component = np.array([0, 0, 1, -1, -1, 2, 2], np.int32)
    found = table_of_pools(layout, nobody, np.array([0.5, 0.25, 0.125]), component, hopeless)
    assert found.columns[:3] == ["pool", "call", "people"]
    told = [tuple(None if each is None else round(each, 9) for each in row[3:]) for row in found.rows()]
    assert found.select("pool", "call", "people").rows() == [
        ("A", "positive", 2), ("B", "negative", 2), ("C", "suspect", 1), ("D", "invalid", 1), ("E", None, 0),
        ("F", "negative", 2), ("G", "positive", 1),
    ]  # fmt: skip
    assert told == [  # p_nobody, expected_infected, p_missed, p_false_alarm, component
        (0.1, 0.75, None, 0.1, 0),
        (0.8, 0.375, 0.2, None, 0),
        (0.3, 0.125, None, 0.3, 1),
        (0.4, 0.5, None, None, None),
        (None, 0.0, None, None, None),
        (None, 0.625, None, None, 2),
        (None, 0.25, None, None, 2),
    ]
