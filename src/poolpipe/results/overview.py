"""The display of a day in Python and in notebooks: counts, and what to do next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from poolpipe.display import number_of, visible
from poolpipe.findings import ANOMALIES
from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__ = ["Overview"]

_SEVERITIES: Final = ("error", "warning", "info")
_STATUSES: Final = ("open", "recollected", "closed")
_UNKNOWN: Final = "day.sql(\"from pools where mode is null and call in ('positive', 'suspect')\")"
"""The expression that lists the positive and suspect tubes without a collect."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A day at a glance, as text and as HTML.

    Attributes
    ----------
    title : str
        Moment and policy.
    counts : tuple of (str, str)
        What is counted, and how many.
    todo : tuple of (str, str)
        What to do next, and the expression that lists it; empty where nothing is left to do.
    """

    title: str
    counts: tuple[tuple[str, str], ...]
    todo: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        summary: Mapping[str, Any],
        rows: Mapping[str, int],
        calls: Mapping[str | None, int],
        recalls: pl.DataFrame,
    ) -> Overview:
        """Make the overview of a day.

        Parameters
        ----------
        summary : mapping
            The day's.
        rows : mapping of str to int
            Name of each table to its rows.
        calls : mapping of str or None to int
            Call to the number of tubes that have it; None is no call.
        recalls : polars.DataFrame
            The table, or a frame without columns where the day has none.
        """
        policy = summary.get("policy", {})
        name = " ".join(str(policy[key]) for key in ("name", "version") if key in policy)
        title = f"as of {summary.get('as_of') or 'no event'}" + (f", policy {name}" if name else "")
        status, overdue = _recalled(recalls)
        severe = Counter[str]()
        for code, count in summary.get("anomalies", {}).items():
            severe[ANOMALIES[code].severity if code in ANOMALIES else "info"] += count
        tubes = {call or "no call": calls.get(call, 0) for call in (*reversed(CALLS), None)}
        late = {"overdue": overdue} if overdue else {}
        counts = [
            ("tubes", _listed(sum(calls.values()), tubes)),
            ("recalls", _listed(recalls.height, {**{each: status[each] for each in _STATUSES}, **late})),
            ("cases", f"{rows.get('cases', 0):,}"),
            ("anomalies", _listed(sum(severe.values()), {each: severe[each] for each in _SEVERITIES})),
            ("rejects", f"{rows.get('rejects', 0):,}"),
        ]
        waiting, unknown = status["open"], summary.get("unregistered", {})
        todo = [
            (f"re-collect {waiting:,} {_people(waiting)}, the most urgent first", "day.recalls.filter(status='open')"),
            (f"find the people of {_tubes(unknown)} that nobody is registered for", _UNKNOWN),
            (f"look into {number_of(severe['error'], 'anomaly')} of severity error", "day.anomalies.filter(severity='error')"),
            (f"correct and send again {number_of(rows.get('rejects', 0), 'rejected event')}", "day.rejects"),
            (f"heed {number_of(len(summary.get('warnings', ())), 'warning')}", "day.summary['warnings']"),
        ]  # fmt: skip
        due = (
            waiting,
            sum(unknown.values()),
            severe["error"],
            rows.get("rejects", 0),
            len(summary.get("warnings", ())),
        )
        return cls(title, tuple(counts), tuple(each for each, count in zip(todo, due, strict=True) if count))

    def text(self) -> str:
        """Lines for a terminal, control characters escaped."""
        lines = [f"Day {self.title}", *(f"  {what:<9} {count}" for what, count in self.counts)]
        if self.todo:
            lines += ["next:", *(f"  {what}: {how}" for what, how in self.todo)]
        return "\n".join(map(visible, lines))

    def html(self) -> str:
        """A table and a list for a notebook; every text in them is escaped."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(what)}</th><td style='text-align:left'>{escape(count)}</td></tr>"
            for what, count in self.counts
        )
        items = "".join(f"<li>{escape(what)}: <code>{escape(how)}</code></li>" for what, how in self.todo)
        following = f"<p>next:</p><ul>{items}</ul>" if items else ""
        title = escape(visible(self.title))
        return f"<div><p><b>Day</b> {title}</p><table>{rows}</table>{following}</div>"


def _recalled(recalls: pl.DataFrame) -> tuple[Counter[str], int]:
    """Recalls by status, and how many are overdue."""
    if "status" not in recalls.columns:
        return Counter(), 0
    counted = recalls.group_by("status").len()
    return Counter(dict(zip(counted["status"], counted["len"], strict=True))), int(recalls["overdue"].sum())


def _listed(total: int, parts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
    return f"{total:,}" + (f": {told}" if told else "")


def _tubes(calls: Mapping[str, int]) -> str:
    """Numbers of tubes by call, as `2 positive tubes`."""
    told = " and ".join(f"{count:,} {call}" for call, count in calls.items() if count)
    return f"{told} tube{'s' if sum(calls.values()) != 1 else ''}"


def _people(count: int) -> str:
    return "person" if count == 1 else "people"
