"""What differs between two days, against plain dicts, on random cities at two moments and under two policies."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import Rules, frames_of
from pipeline.test_against_reference import POLICIES
from poolpipe.results.diff import compare

Row = dict[str, Any]
TUBE = ("round", "tube")
PERSON = (*TUBE, "person_type", "person")
GRAVITY = {"positive": 2, "suspect": 1}


def _by(rows: list[Row], keys: tuple[str, ...]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[key] for key in keys): row for row in rows}


def _pairs(
    before: list[Row], after: list[Row], keys: tuple[str, ...]
) -> list[tuple[tuple[Any, ...], Row, Row]]:
    old, new = _by(before, keys), _by(after, keys)
    return [(key, old.get(key, {}), new.get(key, {})) for key in sorted({*old, *new})]


def _known(old: Row, new: Row) -> str:
    return "both" if old and new else "before" if old else "after"


def _days(seed: int, second: Rules) -> tuple[poolpipe.Day, poolpipe.Day]:
    day = poolpipe.run(frames_of(city(seed, size="medium")))
    moments = sorted(day.pools["called_at"].drop_nulls())  # late enough for a case that is in both
    return day.view(as_of=moments[len(moments) * 3 // 4]), day.view(policy=second.policy)


@pytest.mark.parametrize("seed", range(8900, 8903))
def test_compare__agrees_with_plain_dicts(seed: int) -> None:
    before, after = _days(seed, POLICIES["other cut-offs"] if seed % 2 else Rules())
    for one, other in ((before, after), (after, before)):
        difference = compare(one, other)
        calls = [
            (
                *key,
                _known(old, new),
                old.get("call"),
                new.get("call"),
                old.get("called_at"),
                new.get("called_at"),
            )
            for key, old, new in _pairs(one.pools.to_dicts(), other.pools.to_dicts(), TUBE)
            if _known(old, new) != "both" or old["call"] != new["call"]
        ]
        assert difference.calls.rows() == calls
        words = {"before": "vanished", "after": "appeared", "both": "changed"}
        recalls = [
            (
                *key,
                words[_known(old, new)],
                *(side.get(name) for name in ("status", "outcome") for side in (old, new)),
            )
            for key, old, new in _pairs(one.recalls.to_dicts(), other.recalls.to_dicts(), PERSON)
            if any(old.get(name) != new.get(name) for name in ("status", "outcome"))
        ]
        assert difference.recalls.rows() == recalls
        cases = [
            (*key, words[_known(old, new)])
            for key, old, new in _pairs(one.cases.to_dicts(), other.cases.to_dicts(), PERSON)
            if _known(old, new) != "both"
        ]
        assert difference.cases.rows() == cases
        old, new = (Counter(day.anomalies["code"]) for day in (one, other))
        codes = [(code, old[code], new[code]) for code in sorted({*old, *new}) if old[code] != new[code]]
        assert difference.anomalies.rows() == codes
        kinds = Counter(row[4] for row in recalls)
        assert difference.counts() == {
            "calls": len(calls),
            "calls_raised": sum(GRAVITY.get(row[4], 0) > GRAVITY.get(row[3], 0) for row in calls),
            **{f"recalls_{word}": kinds[word] for word in ("appeared", "vanished", "changed")},
            "cases_appeared": sum(row[-1] == "appeared" for row in cases),
            "cases_vanished": sum(row[-1] == "vanished" for row in cases),
            "anomaly_codes": len(codes),
        }
        assert calls
        assert not difference.is_empty
        assert difference.headers["as_of"] == (one.summary["as_of"], other.summary["as_of"])
