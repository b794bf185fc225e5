"""People sort by document type and number, whatever integers stand for them."""

from __future__ import annotations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from poolpipe.coding.dictionaries import RESIDENT, Dictionaries

KEYS = st.integers(0, 11 * 10**17 - 1)
NEAR = st.text("0129XYAz/:", min_size=0, max_size=19)
"""Texts around the digits and the check character of a resident ID."""


@given(
    st.lists(st.tuples(st.sampled_from(["HKM", RESIDENT, "SHE"]), NEAR), min_size=1, max_size=6, unique=True),
    st.lists(KEYS, min_size=1, max_size=20),
)
@example([(RESIDENT, "1XA")], [10**16 * 11, 2 * 10**16 * 11])
@example([(RESIDENT, "1A0")], [10**16 * 11, 2 * 10**16 * 11])
def test_bounds__part_residents_before_and_behind_every_other_document(others, keys):
    """The naive side compares the texts themselves."""
    frame = pl.DataFrame(others, schema={"person_type": pl.String, "person": pl.String}, orient="row")
    frame = frame.sort("person_type", "person")
    codes = Dictionaries({}, {}, frame, pl.DataFrame())
    bounds = codes.person_bounds()
    numbers = codes.person_numbers(pl.Series(keys, dtype=pl.Int64))
    for (kind, text), bound in zip(frame.rows(), bounds.tolist(), strict=True):
        for key, number in zip(keys, numbers.to_list(), strict=True):
            assert (key >= bound) == ((RESIDENT, number) > (kind, text)), (kind, text, number)
