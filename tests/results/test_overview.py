"""A day at a glance: every count and every next step, word for word."""

from __future__ import annotations

import polars as pl

from poolpipe.findings import ANOMALIES
from poolpipe.results.overview import Overview

ONE_OF = {anomaly.severity: code for code, anomaly in ANOMALIES.items()}
SUMMARY = {
    "as_of": "2022-02-10T12:00:00Z",
    "policy": {"name": "ten-in-one", "version": "3"},
    "anomalies": {ONE_OF["error"]: 2, ONE_OF["warning"]: 3, ONE_OF["info"]: 1, "not_a_code": 4},
    "unregistered": {"positive": 1, "suspect": 0},
    "warnings": ["one"],
}
ROWS = {"cases": 1_234, "rejects": 2}
CALLS = {"positive": 3, "negative": 1_000, None: 7, "suspect": 0}
RECALLS = pl.DataFrame(
    {
        "status": ["open", "open", "closed", "recollected", "open"],
        "overdue": [True, False, False, False, True],
    }
)


def test_overview__counts_by_kind_and_says_what_to_do_next() -> None:
    lines = Overview.of(SUMMARY, ROWS, CALLS, RECALLS).text().split("\n")
    assert lines[:6] == [
        "Day as of 2022-02-10T12:00:00Z, policy ten-in-one 3",
        "  tubes     1,010: 3 positive, 1,000 negative, 7 no call",
        "  recalls   5: 3 open, 1 recollected, 1 closed, 2 overdue",
        "  cases     1,234",
        "  anomalies 10: 2 error, 3 warning, 5 info",
        "  rejects   2",
    ]
    assert lines[6:8] == [
        "next:",
        "  re-collect 3 people, the most urgent first: day.recalls.filter(status='open')",
    ]
    assert lines[8].startswith("  find the people of 1 positive tube that nobody is registered for: day.sql(")
    assert lines[9:] == [
        "  look into 2 anomalies of severity error: day.anomalies.filter(severity='error')",
        "  correct and send again 2 rejected events: day.rejects",
        "  heed 1 warning: day.summary['warnings']",
    ]


def test_overview__of_nothing_has_noughts_and_nothing_to_do() -> None:
    empty = Overview.of({}, {}, {}, pl.DataFrame())
    assert empty.text().split("\n") == [
        "Day as of no event", "  tubes     0", "  recalls   0", "  cases     0", "  anomalies 0", "  rejects   0",
    ]  # fmt: skip
    assert "next:" not in empty.html()
    one = Overview.of({"policy": {"name": "x"}}, {"rejects": 1}, {}, RECALLS.head(1))
    assert one.title == "as of no event, policy x"
    assert [what for what, _ in one.todo] == [
        "re-collect 1 person, the most urgent first",
        "correct and send again 1 rejected event",
    ]
    assert [how for _, how in Overview.of({}, {}, {}, RECALLS.slice(2, 2)).todo] == []


def test_overview__is_the_same_in_a_notebook_with_every_text_escaped() -> None:
    html = Overview.of(SUMMARY | {"as_of": "<b>"}, ROWS, CALLS, RECALLS).html()
    assert html.startswith("<div><p><b>Day</b> as of &lt;b&gt;, policy ten-in-one 3</p><table><tr><th")
    assert html.count("<tr>") == 5
    assert "<li>correct and send again 2 rejected events: <code>day.rejects</code></li>" in html
    assert html.endswith("</ul></div>")
