"""Texts are numbered in their order, whatever their hashes are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.events import assemble


@settings(deadline=None, max_examples=100)
@given(st.lists(st.none() | st.text(max_size=3), max_size=30), st.integers(1, 4))
def test_texts__are_numbered_in_their_order(texts: list[str | None], parts: int) -> None:
    chunks = [pl.Series("values", texts[part::parts], pl.String) for part in range(parts)]
    values = pl.concat(chunks, rechunk=False)
    distinct, numbers = assemble._numbered(values)
    assert distinct.to_list() == sorted({text for text in texts if text is not None}, key=str.encode)
    told = [None if number < 0 else distinct[int(number)] for number in numbers]
    assert told == values.to_list()


@pytest.mark.parametrize("hashes", [[7, 7, 7, 7, 7, 7], [1, 2, 1, 3, 2, 1]], ids=["one", "some"])
def test_texts__of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch, hashes: list[int]) -> None:
    values = pl.Series("values", ["b", "a", None, "b", "c", "a"])
    monkeypatch.setattr(pl.Series, "hash", lambda *_, **__: pl.Series(hashes, dtype=pl.UInt64))
    distinct, numbers = assemble._numbered(values)
    assert distinct.to_list() == ["a", "b", "c"]
    assert np.array_equal(numbers, [1, 0, -1, 1, 2, 0])
