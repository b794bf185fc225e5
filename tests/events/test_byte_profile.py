"""What a column's texts are made of says the same as looking at each."""

from __future__ import annotations

import re

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.coding.cleaning import clean_codes, code_faults
from poolpipe.events.byte_profile import ByteProfile
from poolpipe.policy import load_policy

TUBE = load_policy().codes.tube
CODES = st.text(st.sampled_from("0123456789AZaz._/-]{[+ \u3000\uff11é#"), max_size=6)


@settings(max_examples=200)
@given(st.lists(CODES, min_size=1, max_size=4))
def test_plain__are_texts_that_cleaning_leaves_alone(texts: list[str]) -> None:
    profile = ByteProfile.of(pa.array(texts))
    assert profile is not None
    if profile.is_plain():
        assert clean_codes(pl.Series(texts)).to_list() == texts
        assert code_faults(pl.Series(texts)) is None
    else:
        assert not all(re.fullmatch(r"[^\]{\[# \u3000\uff11é][^.+ \u3000\uff11é]*", text) for text in texts)


@settings(max_examples=200)
@given(st.lists(CODES, min_size=1, max_size=4), st.sampled_from([TUBE, "[0-9]{3,5}", "[A-Za-z-]{1,2}"]))
def test_fits__is_what_the_pattern_says_of_every_text(texts: list[str], pattern: str) -> None:
    profile = ByteProfile.of(pa.array(texts, pa.large_string()))
    assert profile is not None
    assert profile.fits(pattern) == all(re.fullmatch(pattern, text) for text in texts)


@pytest.mark.parametrize("pattern", [r"\d{10}", "T[0-9]{3}", "[0-9]+", "[^0-9]{1,3}", "(a|b)", "[é]{1,2}"])
def test_fits__leaves_other_patterns_to_be_asked_of_each(pattern: str) -> None:
    profile = ByteProfile.of(pa.array(["1234567890"]))
    assert profile is not None
    assert not profile.fits(pattern)


def test_alphabet__of_a_column_with_gaps_is_none() -> None:
    assert ByteProfile.of(pa.array(["T1", None])) is None
    assert ByteProfile.of(pa.array([], pa.string())) is None
    part = ByteProfile.of(pa.array(["é", "T1", "T22"]).slice(1))
    assert part is not None
    assert (part.shortest, part.longest, part.is_plain()) == (2, 3, True)
