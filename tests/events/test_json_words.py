"""NaN, Infinity and nesting in lines of JSON, texts aside: against Python's own parser of JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.events.json_words import depth, has_infinity, mended

TEXTS = st.text(st.sampled_from('NaN Infinity-,:[]{}"\\'), max_size=12) | st.sampled_from(
    ["NaN", "a:NaN,", "[Infinity]"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([math.nan, math.inf, -math.inf]) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
LINES = st.lists(
    st.lists(VALUES, min_size=1, max_size=3) | st.dictionaries(TEXTS, VALUES, max_size=3),
    min_size=1,
    max_size=3,
)


def without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def nested(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(nested, inner), default=0)


def infinite(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(map(infinite, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and math.isinf(value)


@given(lines=LINES, tight=st.booleans())
def test_words__are_found_outside_of_texts(lines: list[Any], tight: bool) -> None:
    written = [json.dumps(line, separators=(",", ":") if tight else None) for line in lines]
    assert list(map(json.loads, mended(pl.Series(written)).to_list())) == list(map(without_nan, lines))
    assert has_infinity(pl.Series(written)).tolist() == list(map(infinite, lines))
    assert list(map(depth, written)) == list(map(nested, lines))


def test_lines_without_such_words__are_left_as_they_are() -> None:
    lines = pl.Series(['{"a": "NaN"}', '{"NaN": 1}', "", "{", '{"a": NaNa}'])
    assert mended(lines).to_list() == lines.to_list()
    assert has_infinity(pl.Series(['{"a": "x: Infinity,"}', '{"a": Infinity}', '{"a": [1,-Infinity ]}', "Infinity"])).tolist() == [
        False, True, True, False,
    ]  # fmt: skip
