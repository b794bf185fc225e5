"""Texts are numbered in their order, whether they fit an integer or not, and whatever their hashes are."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.coding.sort_keys import sort_keys
from poolpipe.events.numbering import numbered

TEXTS = st.lists(st.none() | st.text(max_size=3) | st.text("0OI9", max_size=12), max_size=30)


def _check(texts: list[str | None], parts: int) -> None:
    chunks = [pl.Series("values", texts[part::parts], pl.String) for part in range(parts)]
    distinct, numbers = numbered(chunks)
    assert distinct.to_list() == sorted({text for text in texts if text is not None}, key=str.encode)
    told = [None if number < 0 else distinct[int(number)] for number in numbers]
    assert told == pl.concat(chunks).to_list()


@settings(max_examples=100)
@given(TEXTS, st.integers(1, 4))
def test_texts__are_numbered_in_their_order(texts: list[str | None], parts: int) -> None:
    _check(texts, parts)


@pytest.mark.parametrize("hashes", [None, [7, 7, 7, 7, 7], [1, 2, 1, 2, 2]], ids=["own", "one", "some"])
@pytest.mark.parametrize(("times", "rest"), [(1, "-" * 64), (50, "")], ids=["too long", "too various"])
def test_texts__that_fit_no_integer_are_numbered_by_hashes_and_told_apart(
    monkeypatch: pytest.MonkeyPatch, times: int, rest: str, hashes: list[int] | None
) -> None:
    texts = [letter * times + rest for letter in "babca"]
    assert sort_keys([pl.Series(texts)]) is None
    if hashes:
        monkeypatch.setattr(pl.Series, "hash", lambda *_, **__: pl.Series(hashes, dtype=pl.UInt64))
    _check([*texts, None], 1)


@settings(max_examples=100)
@given(st.lists(st.text(max_size=4), max_size=20), st.integers(1, 3))
def test_spellings__compare_as_the_texts_do(texts: list[str], parts: int) -> None:
    chunks = [texts[part::parts] for part in range(parts)]
    keys = sort_keys([pl.Series(chunk, dtype=pl.String) for chunk in chunks])
    assert keys is not None
    pairs = list(zip(keys.tolist(), [text for chunk in chunks for text in chunk], strict=True))
    for (key, text), (other, another) in itertools.combinations(pairs, 2):
        assert (key < other) == (text.encode() < another.encode())
        assert (key == other) == (text == another)
