"""Ct values of 24 bits are their shortest decimal."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import poolpipe
from poolpipe.events.clean import exact_floats


def test_exact_floats__are_what_python_reads_from_the_shortest_decimal():
    rng = np.random.default_rng(7)
    given = np.concatenate(
        [rng.uniform(0, 100, 2_000), np.round(rng.uniform(0, 100, 2_000), 2), [0, 1e-7, 37, 40]]
    )
    narrow = given.astype(np.float32)
    assert exact_floats(pl.Series(narrow)).to_list() == [float(str(each)) for each in narrow]


def test_exact_floats__keep_what_is_missing_and_what_is_no_number():
    told = exact_floats(pl.Series([None, math.nan, math.inf, 27.37], dtype=pl.Float32)).to_list()
    assert told[0] is None
    assert math.isnan(told[1])
    assert told[2:] == [math.inf, 27.37]


@pytest.mark.parametrize("kind", [pl.Float32, pl.Float64])
def test_reading__of_a_float_column_is_the_same_in_both_widths(kind: type[pl.DataType]):
    read = {"at": "2022-02-10T12:00:00Z", "plate": "P", "well": "A1", "target": "N"}
    frame = pl.DataFrame([read | {"ct": 27.37}]).with_columns(pl.col("ct").cast(kind))
    load = {"at": "2022-02-10T11:00:00Z", "plate": "P", "well": "A1", "lab": "L", "tube": "T1"}
    day = poolpipe.run({"read": frame, "load": pl.DataFrame([load])})
    assert day.readings["ct"].to_list() == [27.37]
