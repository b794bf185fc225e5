"""Whom to re-collect and who answered: by hand and against the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from poolpipe.policy import Policy
from poolpipe.stages.recalls import (
    OPEN_STATUS,
    answers_to,
    find_cases,
    open_recalls,
    rank_recalls,
    recalled_people,
)
from poolpipe.tables import TIME
from stages import drawn
from stages.coded import Event, collect, event, minute, resident
from stages.concluded import Row, concluded, expected

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL = [collect(0, "T1", 1), collect(1, "T1", 2)]


def report(at: float, tube: str, call: str, **facts: Any) -> Event:
    return event("report", at, tube=tube, call=call, lab="L1", **facts)


def single(at: float, tube: str, person: int | str, **facts: Any) -> Event:
    return collect(at, tube, person, mode="single", **facts)


def recalls(events: list[Event], as_of: float = 100) -> list[Row]:
    found = concluded(events)
    recalled = recalled_people(found.pools, found.links, Policy())
    answers = answers_to(recalled, found.pools, found.links, found.made.frames["collect"], found.made.codes)
    rows = open_recalls(recalled, answers, minute(as_of))
    return [row | {"status": OPEN_STATUS[row["status"]]} for row in found.texts(rows)]


def cases(events: list[Event]) -> list[Row]:
    found = concluded(events)
    return found.texts(find_cases(found.pools, found.links, found.made.frames["collect"], found.made.codes))


def first(*events: Event, as_of: float = 100) -> Row:
    """The recall of the first person of a pool that was positive at minute 10."""
    rows = recalls([*POOL, report(10, "T1", "positive"), *events], as_of)
    return next(row for row in rows if row["tube"] == "T1")


@pytest.mark.parametrize(
    ("mode", "call", "recalled"),
    [("pool", "positive", 1), ("pool", "suspect", 1), ("single", "suspect", 1), ("single", "positive", 0),
     ("pool", "negative", 0), ("pool", "invalid", 0)],
)  # fmt: skip
def test_recall__is_of_positive_pools_and_whatever_is_suspect(mode, call, recalled):
    """A positive single is a case instead."""
    events = [collect(0, "T1", 1, mode=mode), report(10, "T1", call)]
    assert len(recalls(events)) == recalled
    assert len(cases(events)) == (mode == "single" and call == "positive")


def test_recall__has_a_row_for_every_member_due_in_six_hours():
    rows = recalls([*POOL, report(10, "T1", "suspect"), report(30, "T1", "positive")])
    assert [row["person"] for row in rows] == [resident(1), resident(2)]
    assert {(row["opened_at"], row["due_at"], row["status"], row["lab"]) for row in rows} == {
        (minute(10), minute(10 + 360), "open", "L1")
    }


def test_answer__is_the_persons_other_single_at_or_after_the_opening():
    """Any round; recollected_at is the first answer's collection, and single_tube the first answer."""
    row = first(single(9, "S0", 1), single(20, "S2", 1), single(10, "S1", 1, round="2"), single(5, "S3", 2))
    assert (row["status"], row["recollected_at"], row["single_round"], row["single_tube"]) == (
        "recollected", minute(10), "2", "S1",
    )  # fmt: skip


def test_answer__from_before_the_opening_counts_where_it_names_the_tube():
    """Naming this tube in recall_of, whatever the round."""
    assert first(single(9, "S0", 1, recall_of="T1"))["single_tube"] == "S0"
    assert first(single(9, "S0", 1, recall_of="T9"))["status"] == "open"
    assert first(single(9, "S0", 2, recall_of="T1"))["status"] == "open", "another member's answer"


def test_recall__is_closed_by_the_earliest_positive_else_the_earliest_negative():
    """Ties go by round and tube; suspect and invalid close nothing."""
    answers = [single(20, "S1", 1), single(21, "S2", 1), single(22, "S3", 1)]
    negatives = [report(40, "S1", "negative"), report(30, "S2", "negative"), report(30, "S3", "negative")]
    row = first(*answers, *negatives)
    assert (row["status"], row["outcome"], row["single_tube"], row["closed_at"]) == (
        "closed",
        "negative",
        "S2",
        minute(30),
    )
    row = first(*answers, *negatives[1:], report(90, "S1", "positive"))
    assert (row["outcome"], row["single_tube"], row["closed_at"]) == ("positive", "S1", minute(90))
    row = first(*answers, report(30, "S2", "suspect"), report(31, "S3", "invalid"))
    assert (row["status"], row["single_tube"]) == ("recollected", "S1")


def test_recall__is_overdue_while_open_and_late_once_closed():
    """Overdue: as_of > due_at while not closed; late: closed after due_at."""
    answer = single(20, "S1", 1)
    assert not first(as_of=370)["overdue"]
    assert first(as_of=370.5)["overdue"]
    assert first(answer, as_of=400)["overdue"], "re-collected is not yet closed"
    for at, late in ((370, False), (371, True)):
        row = first(answer, report(at, "S1", "negative"), as_of=500)
        assert (row["overdue"], row["late"]) == (False, late)


def test_case__names_the_recall_that_its_first_collect_names():
    """A case's recall_of is what its first collect that has one says."""
    events = [single(1, "S1", 1), single(3, "S1", 1, recall_of="T2"), single(2, "S1", 1, recall_of="T1"),
              report(5, "S1", "positive"), *POOL, collect(0, "T2", 9)]  # fmt: skip
    (row,) = cases(events)
    assert (row["tube"], row["person"], row["collected_at"], row["called_at"]) == (
        "S1",
        resident(1),
        minute(1),
        minute(5),
    )
    assert row["recall_of"] == "T1"


def ranks(rows: Sequence[tuple[str, float, float, int | None]]) -> list[int]:
    """Ranks of recalls given as (status, due minute, p_infected, household)."""
    frame = pl.DataFrame(
        {
            "person": range(len(rows)),
            "status": [OPEN_STATUS.index(status) for status, *_ in rows],
            "due_at": pl.Series([minute(due) for _, due, _, _ in rows], dtype=TIME),
            "p_infected": [p for _, _, p, _ in rows],
        }
    )
    homes = pl.DataFrame(
        [(person, home) for person, (*_, home) in enumerate(rows) if home is not None],
        {"person": pl.Int64, "household": pl.UInt32},
        orient="row",
    )
    ranked = rank_recalls(frame, homes)
    assert (
        ranked["rank"].to_list()
        == rank_recalls(frame, homes.sample(fraction=1, shuffle=True, seed=1))["rank"].to_list()
    )
    return ranked["rank"].to_list()


def test_rank__puts_what_is_not_closed_first_then_due_time_then_the_likeliest():
    assert ranks([("closed", 1, 0.9, None), ("open", 5, 0.1, None), ("recollected", 5, 0.4, None), ("open", 3, 0.1, None)]) == [
        4, 3, 2, 1,
    ]  # fmt: skip


def test_rank__keeps_the_people_of_a_household_together():
    """The likeliest of a household, its people together: they stand where its likeliest member stands."""
    rows = [
        ("open", 5, 0.2, 7),
        ("open", 5, 0.5, None),
        ("open", 5, 0.9, 7),
        ("open", 5, 0.7, 8),
        ("open", 6, 1.0, 7),
    ]
    assert ranks(rows) == [2, 4, 1, 3, 5]


@given(events=drawn.some(drawn.collects, drawn.reports), as_of=drawn.moments)
def test_recalls_and_cases__agree_with_the_reference(events, as_of):
    known = [each for each in events if each["at"] <= minute(as_of)]
    day = expected(known, minute(as_of))
    rows = recalls(known, as_of)
    assert [
        {name: row[name] for name in other} for row, other in zip(rows, day.recalls, strict=True)
    ] == day.recalls
    found, wanted = cases(known), day.cases()
    assert [{name: row[name] for name in other} for row, other in zip(found, wanted, strict=True)] == wanted


@pytest.mark.parametrize("seed", range(20))
def test_ranks__are_those_of_households_of_one_where_none_is_known(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, few = int(rng.integers(0, 60)), int(rng.integers(1, 6))
    of_tube = np.sort(rng.integers(0, 8, n))
    recalls = pl.DataFrame(
        {
            "person": np.arange(n),
            "status": pl.Series(rng.integers(0, 3, n), dtype=pl.Int8),
            "due_at": pl.Series(rng.integers(0, few, 8)[of_tube] * 1_000_000, dtype=pl.Int64).cast(TIME),
            "p_infected": rng.integers(0, few, n) / 7,
        }
    )
    nobody = pl.DataFrame(schema={"person": pl.Int64, "household": pl.UInt32})
    ranked = rank_recalls(recalls, None)
    assert ranked.equals(rank_recalls(recalls, nobody).select(ranked.columns))


def test_recalls__of_nobody_have_the_columns_of_all_others() -> None:
    """Nobody is looked for where no tube alarms: the frames are what they would be without their rows."""
    alarming = [*POOL, report(10, "T1", "positive"), single(20, "T2", 1), report(30, "T2", "positive")]
    schemas = []
    for events in (alarming, [*POOL, report(10, "T1", "negative")]):
        found = concluded(events)
        recalled = recalled_people(found.pools, found.links, Policy())
        answers = answers_to(
            recalled, found.pools, found.links, found.made.frames["collect"], found.made.codes
        )
        opened = open_recalls(recalled, answers, minute(100))
        of_cases = find_cases(found.pools, found.links, found.made.frames["collect"], found.made.codes)
        heights = recalled.height, answers.height, opened.height, of_cases.height
        schemas.append([heights, *(list(each.schema.items()) for each in (answers, opened, of_cases))])
    assert [each[0] for each in schemas] == [(2, 1, 2, 1), (0, 0, 0, 0)]
    assert schemas[0][1:] == schemas[1][1:]
