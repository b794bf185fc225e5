"""Compare two results: which tubes, people and recalls changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl
import polars.selectors as cs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Difference", "Result", "compare"]

_TUBE = ("round", "tube")
_PERSON = ("person_type", "person")


class Result(Protocol):
    """A result to compare: `poolpipe.Day`, or any object that has these tables with the columns of docs/tables.md."""

    @property
    def pools(self) -> pl.DataFrame:
        """The table of tubes, one row each."""

    @property
    def recalls(self) -> pl.DataFrame:
        """The table of people to re-collect, one row per person and tube."""

    @property
    def cases(self) -> pl.DataFrame:
        """The table of positive people."""

    @property
    def anomalies(self) -> pl.DataFrame:
        """The table of anomalies."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """The content of `summary.json`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences of two results; every table holds only rows that differ.

    Attributes
    ----------
    calls : polars.DataFrame
        Tubes whose call differs: round, tube, before, after, called_before, called_after. A null call is
        no result; a tube that is in one result only has `known` "before" or "after", else "both".
    recalls : polars.DataFrame
        Recalls that `appeared`, `vanished` or whose status or outcome differs: round, tube, person_type, person,
        change, status_before, status_after, outcome_before, outcome_after.
    cases : polars.DataFrame
        Cases that `appeared` or `vanished`: round, tube, person_type, person, change.
    anomalies : polars.DataFrame
        Codes whose number differs: code, before, after.
    headers : dict
        `as_of` and `policy` of either result, as a pair before and after.
    """

    calls: pl.DataFrame
    recalls: pl.DataFrame
    cases: pl.DataFrame
    anomalies: pl.DataFrame
    headers: dict[str, tuple[Any, Any]]

    @property
    def is_empty(self) -> bool:
        """Whether the two results are equal, whatever their policies and times."""
        return not any(frame.height for frame in (self.calls, self.recalls, self.cases, self.anomalies))

    def counts(self) -> dict[str, int]:
        """Numbers of changes, under the names that `poolpipe diff` prints."""
        return {
            "calls": self.calls.height,
            "calls_raised": _raised(self.calls),
            "recalls_appeared": self.recalls.filter(change="appeared").height,
            "recalls_vanished": self.recalls.filter(change="vanished").height,
            "recalls_changed": self.recalls.filter(change="changed").height,
            "cases_appeared": self.cases.filter(change="appeared").height,
            "cases_vanished": self.cases.filter(change="vanished").height,
            "anomaly_codes": self.anomalies.height,
        }

    def as_json(self) -> dict[str, Any]:
        """All differences as plain values, times as RFC 3339 text in UTC."""
        tables = {
            name: getattr(self, name)
            .with_columns(cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
            .to_dicts()
            for name in ("calls", "recalls", "cases", "anomalies")
        }
        headers = {name: {"before": before, "after": after} for name, (before, after) in self.headers.items()}
        return {"schema": "poolpipe.diff/1", **headers, "counts": self.counts(), **tables}


def compare(before: Result, after: Result) -> Difference:
    """Compare two results table by table.

    Parameters
    ----------
    before, after : Day
        Results of `poolpipe.run` or `Day.read`. Tubes are matched by round and tube, people by document.

    Returns
    -------
    Difference
        Rows are sorted by their keys, so that two runs give the same answer byte for byte.
    """
    return Difference(
        calls=_calls(before.pools, after.pools),
        recalls=_recalls(before.recalls, after.recalls),
        cases=_appeared_or_vanished(before.cases, after.cases, (*_TUBE, *_PERSON)),
        anomalies=_anomalies(before.anomalies, after.anomalies),
        headers={name: (before.summary.get(name), after.summary.get(name)) for name in ("as_of", "policy")},
    )


def _calls(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    both = _paired(before, after, _TUBE, ("call", "called_at"))
    return both.filter(
        pl.col("call_before").ne_missing(pl.col("call_after")) | (pl.col("known") != "both")
    ).select(
        *_TUBE,
        "known",
        before="call_before",
        after="call_after",
        called_before="called_at_before",
        called_after="called_at_after",
    )


def _recalls(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    both = _paired(before, after, (*_TUBE, *_PERSON), ("status", "outcome"))
    differs = pl.any_horizontal(
        pl.col(f"{name}_before").ne_missing(pl.col(f"{name}_after")) for name in ("status", "outcome")
    )
    change = pl.col("known").replace_strict({"before": "vanished", "after": "appeared", "both": "changed"})
    return both.filter(differs).select(
        *_TUBE,
        *_PERSON,
        change.alias("change"),
        "status_before",
        "status_after",
        "outcome_before",
        "outcome_after",
    )


def _appeared_or_vanished(before: pl.DataFrame, after: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    change = pl.col("known").replace_strict({"before": "vanished", "after": "appeared"})
    return (
        _paired(before, after, keys, ())
        .filter(pl.col("known") != "both")
        .select(*keys, change.alias("change"))
    )


def _anomalies(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    both = _paired(
        before.group_by("code").len("count"), after.group_by("code").len("count"), ("code",), ("count",)
    )
    return both.select(
        "code", before=pl.col("count_before").fill_null(0), after=pl.col("count_after").fill_null(0)
    ).filter(pl.col("before") != pl.col("after"))


def _paired(
    before: pl.DataFrame, after: pl.DataFrame, keys: tuple[str, ...], values: tuple[str, ...]
) -> pl.DataFrame:
    """Join both results by key; `known` is where the key occurs: before, after or both."""
    sides = [
        frame.select(
            *keys, *(pl.col(name).alias(f"{name}_{side}") for name in values), pl.lit(value=True).alias(side)
        )
        for frame, side in ((before, "before"), (after, "after"))
    ]
    known = (
        pl.when(pl.col("after").is_null())
        .then(pl.lit("before"))
        .when(pl.col("before").is_null())
        .then(pl.lit("after"))
        .otherwise(pl.lit("both"))
    )
    joined = sides[0].join(sides[1], on=keys, how="full", coalesce=True, nulls_equal=True)
    return joined.with_columns(known.alias("known")).drop("before", "after").sort(keys)


def _raised(calls: pl.DataFrame) -> int:
    """Select tubes that became positive or suspect, and suspect tubes that became positive."""
    gravity = {"positive": 2, "suspect": 1}
    before, after = (
        pl.col(name).replace_strict(gravity, default=0, return_dtype=pl.Int8) for name in ("before", "after")
    )
    return calls.filter(after > before).height
