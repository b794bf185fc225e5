"""Few values are parsed one by one, and are what whole columns of them would be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.events import clean
from poolpipe.events.clean import parse_ct, plain_ct, well_positions

_CT = st.one_of(
    st.none(),
    st.sampled_from(["Undetermined", "", "NaN", "N/A", "-", "no ct", "40", "99.999999999", "0", "100", "1e1", " 3", "5."]),
    st.decimals(0, 99, places=4).map(str),
)  # fmt: skip


@given(st.lists(_CT, max_size=8))
def test_plain_ct__is_what_a_column_would_be(texts: list[str | None]) -> None:
    plain = plain_ct(texts)
    if plain is None:
        return
    values, good = parse_ct(pl.Series(texts, dtype=pl.String))
    assert good.fill_null(value=True).all()
    assert plain.to_list() == values.to_list()


@pytest.mark.parametrize("text", ["100.5", "-1", "1e1", " 3", "5.", "cold", "27,5", "101"])
def test_plain_ct__leaves_all_else_to_the_column(text: str) -> None:
    assert plain_ct(["27.37", text]) is None


@pytest.mark.parametrize("wells", [96, 384])
def test_well_positions__one_by_one_are_those_of_a_column(
    wells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = "ABHIPQabhipq1"
    names = [
        f"{letter}{column}"
        for letter in letters
        for column in ("0", "1", "01", "12", "13", "24", "25", "001", "")
    ]
    each = [well_positions(pl.Series([name], dtype=pl.String), wells)[0] for name in [*names, None]]
    together = pl.Series([*names, None] * 9, dtype=pl.String)
    monkeypatch.setattr(clean, "_FEW", 0)
    np.testing.assert_array_equal(well_positions(together, wells), np.array(each * 9, np.int32))
