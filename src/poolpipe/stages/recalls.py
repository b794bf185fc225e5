"""Recalls: who must be re-collected within six hours, and which single sample answered; cases: who is positive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.spans import spread_spans
from poolpipe.coding.tie_breaks import largest_of_ties
from poolpipe.tables import CALLS, MODES, TIME

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy
    from poolpipe.stages.links import Links

__all__ = [
    "OPEN_STATUS",
    "answers_to",
    "find_cases",
    "open_recalls",
    "overdue_at",
    "rank_recalls",
    "recalled_people",
    "urgency_order",
]

OPEN_STATUS = ("open", "recollected", "closed")
_POOL, _SINGLE = range(len(MODES))
_ALONE = 1 << 32
"""Numbers from here on stand for people without a known household, each a household of one."""
_POSITIVE, _SUSPECT, _NEGATIVE = (CALLS.index(call) for call in ("positive", "suspect", "negative"))


def recalled_people(pools: pl.DataFrame, links: Links, policy: Policy) -> pl.DataFrame:
    """List every person who has to give a single sample.

    Every member of a `pool` tube that is positive or suspect, and of a `single` tube that is suspect, is recalled.

    Parameters
    ----------
    pools : DataFrame
        Coded.
    links : Links
        Members of each tube.
    policy : Policy
        Gives the time limit, 6 h by default.

    Returns
    -------
    DataFrame
        Coded: recall (its row), tube, opened_at, lab, person, collected_at, seat (row among the members), due_at; sorted by tube and
        position.
    """
    call, mode = pl.col("call"), pl.col("mode")
    alarming = pools.filter((call == _SUSPECT) | ((call == _POSITIVE) & (mode == _POOL)))
    limit = pl.duration(microseconds=int(policy.clocks.recall * 3_600_000_000))
    return (
        alarming.select("tube", "opened_at", "lab")
        .join(links.members_of(alarming["tube"]), on="tube", maintain_order="left_right")
        .with_columns((pl.col("opened_at") + limit).alias("due_at"))
        .with_row_index("recall")
    )


def open_recalls(recalled: pl.DataFrame, answers: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Tell how far each recall got.

    Parameters
    ----------
    recalled : DataFrame
        As `recalled_people` gives it.
    answers : DataFrame
        As `answers_to` gives it.
    as_of : datetime
        The time for which `overdue` is computed.

    Returns
    -------
    DataFrame
        Coded: tube, person, seat (row among the members), collected_at, opened_at, due_at, status, overdue, late, recollected_at,
        single_tube, outcome, closed_at, lab; sorted by tube and position.
    """
    if recalled.is_empty():
        return _none_opened(recalled, answers)
    first = answers.sort("recall", "answered_at", "answer").unique(
        "recall", keep="first", maintain_order=True
    )
    closing = (
        answers.filter(pl.col("call").is_in([_POSITIVE, _NEGATIVE]))
        .sort("recall", pl.col("call") != _POSITIVE, "called_at", "answer")
        .unique("recall", keep="first", maintain_order=True)
    )
    told = recalled.join(
        first.select("recall", pl.col("answered_at").alias("recollected_at"), pl.col("answer").alias("first_single")),
        on="recall", how="left", maintain_order="left",
    ).join(
        closing.select("recall", pl.col("answer").alias("closing_single"), pl.col("call").alias("outcome"),
                       pl.col("called_at").alias("closed_at")),
        on="recall", how="left", maintain_order="left",
    )  # fmt: skip
    closed = pl.col("outcome").is_not_null()
    status = pl.when(closed).then(2).when(pl.col("first_single").is_not_null()).then(1).otherwise(0)
    return told.with_columns(
        status.cast(pl.Int8).alias("status"),
        overdue_at(as_of).alias("overdue"),
        (closed & (pl.col("closed_at") > pl.col("due_at"))).fill_null(value=False).alias("late"),
        pl.coalesce("closing_single", "first_single").alias("single_tube"),
    ).drop("recall", "first_single", "closing_single")


def overdue_at(as_of: datetime) -> pl.Expr:
    """Expression over recalls with `outcome` and `due_at`: whether one is not closed and its time has passed."""
    return pl.col("outcome").is_null() & (pl.lit(as_of, TIME) > pl.col("due_at"))


def answers_to(
    recalled: pl.DataFrame, pools: pl.DataFrame, links: Links, collects: pl.DataFrame, codes: Dictionaries
) -> pl.DataFrame:
    """Find the single samples that answer each recall.

    Answers are the person's other single tubes collected at or after the recall was opened, or naming the recalled tube
    in `recall_of`.

    Parameters
    ----------
    recalled : DataFrame
        As `recalled_people` gives it.
    pools, collects : DataFrame
        Coded.
    links : Links
        Members of each tube.
    codes : Dictionaries
        Give the codes that collects name.

    Returns
    -------
    DataFrame
        recall, tube, person, answer (tube), answered_at, call, called_at, among others.
    """
    if recalled.is_empty():  # as around most plates
        return _no_answers(recalled, pools)
    singles = pools.filter(pl.col("mode") == _SINGLE).select("tube", "call", "called_at")
    people = recalled.select("person").unique()
    seats = (
        links.members_of(singles["tube"])
        .join(singles, on="tube", how="inner")
        .join(people, on="person", how="semi")
        .select(
            pl.col("tube").alias("answer"),
            "person",
            pl.col("collected_at").alias("answered_at"),
            "call",
            "called_at",
        )
    )
    candidates = recalled.select("recall", "tube", "person", "opened_at").join(
        seats, on="person", how="inner"
    )
    candidates = candidates.filter(pl.col("answer") != pl.col("tube"))
    in_time = pl.col("answered_at") >= pl.col("opened_at")
    said = codes.with_attribute("recall_of", collects)
    if said.is_empty():
        return candidates.filter(in_time)
    said = said.select(pl.col("tube").alias("answer"), "person", "recall_of").unique()
    texts = pl.Series("recall_of", codes.entities["tube"].texts)
    named = candidates.with_columns(texts[candidates["tube"]].alias("recall_of")).join(
        said.with_columns(pl.lit(value=True).alias("named")), on=["answer", "person", "recall_of"], how="left"
    )
    return named.filter(in_time | pl.col("named").fill_null(value=False))


def _no_answers(recalled: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """As `answers_to`, of nobody."""
    of_recall = {name: recalled.schema[name] for name in ("recall", "tube", "person", "opened_at")}
    of_single = {"answer": pools.schema["tube"], "answered_at": recalled.schema["collected_at"]}
    return pl.DataFrame(
        schema=of_recall | of_single | {name: pools.schema[name] for name in ("call", "called_at")}
    )


def _none_opened(recalled: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """As `open_recalls`, of nobody."""
    told = answers.schema
    own = {name: dtype for name, dtype in recalled.schema.items() if name != "recall"}
    closed = {"recollected_at": told["answered_at"], "outcome": told["call"], "closed_at": told["called_at"]}
    flags = {
        "status": pl.Int8(),
        "overdue": pl.Boolean(),
        "late": pl.Boolean(),
        "single_tube": told["answer"],
    }
    return pl.DataFrame(schema=own | closed | flags)


def _no_cases(pools: pl.DataFrame, links: Links) -> pl.DataFrame:
    """As `find_cases`, of nobody."""
    own = {name: pools.schema[name] for name in ("tube", "called_at", "lab")}
    return pl.DataFrame(schema=own | links.members.schema | {"seat": pl.Int64(), "recall_of": pl.UInt32()})


def find_cases(
    pools: pl.DataFrame, links: Links, collects: pl.DataFrame, codes: Dictionaries
) -> pl.DataFrame:
    """List every member of a single tube called positive.

    Parameters
    ----------
    pools, collects : DataFrame
        Coded.
    links : Links
        Members of each tube.
    codes : Dictionaries
        Decide ties by content.

    Returns
    -------
    DataFrame
        Coded: tube, person, collected_at, called_at, lab, recall_of (number of a tube's code).
    """
    positive = pools.filter((pl.col("mode") == _SINGLE) & (pl.col("call") == _POSITIVE))
    if positive.is_empty():
        return _no_cases(pools, links)
    members = links.members_of(positive["tube"])
    cases = positive.select("tube", "called_at", "lab").join(members, on="tube", maintain_order="left_right")
    told = codes.having_attribute("recall_of", collects)
    if told.is_empty() or cases.is_empty():
        return cases.with_columns(pl.lit(None, pl.UInt32).alias("recall_of"))
    said = told.join(cases, on=["tube", "person"], how="semi")
    said = codes.with_attributes(said.filter(pl.col("at") == pl.col("at").min().over("tube", "person")))
    first = largest_of_ties(said, ["tube", "person"], "collect", codes).select("tube", "person", "recall_of")
    return cases.join(first, on=["tube", "person"], how="left", maintain_order="left")


def rank_recalls(recalls: pl.DataFrame, households: pl.DataFrame | None) -> pl.DataFrame:
    """Order recalls by urgency and number them from 1 in `rank`.

    Closed recalls come last. The others are sorted by due time, then probability; people of one known household come
    together, at the place of its most urgent member.

    Parameters
    ----------
    recalls : DataFrame
        As `open_recalls`, with p_infected.
    households : DataFrame, optional
        person, household: numbers of both.
    """
    if households is None:
        rank = np.empty(recalls.height, np.uint32)
        rank[urgency_order(recalls)] = np.arange(1, recalls.height + 1)
        return recalls.with_columns(pl.Series("rank", rank))
    placed = recalls.with_row_index("row")
    placed = placed.join(households.unique("person"), on="person", how="left", maintain_order="left")
    closed = pl.col("status") == OPEN_STATUS.index("closed")
    placed = placed.with_columns(
        closed.alias("done"),
        pl.coalesce(pl.col("household").cast(pl.Int64), pl.col("row").cast(pl.Int64) + _ALONE).alias("home"),
    )
    together = ["done", "due_at", "home"]
    placed = placed.with_columns(pl.col("p_infected").max().over(together).alias("likeliest"))
    order = placed.sort(
        "done", "due_at", "likeliest", "home", "p_infected", "row",
        descending=[False, False, True, False, True, False],
    )  # fmt: skip
    ranked = order.with_row_index("rank", offset=1).sort("row")
    return ranked.drop("row", "household", "done", "home", "likeliest")


def urgency_order(recalls: pl.DataFrame) -> NDArray[np.int64]:
    """Order recalls by urgency where no household is known: closed ones last, by due time, the likeliest first.

    Parameters
    ----------
    recalls : DataFrame
        (n,) rows with status, due_at, p_infected, none of them null.

    Returns
    -------
    (n,) int64
        Their rows.
    """
    done = (recalls["status"] == OPEN_STATUS.index("closed")).to_numpy()
    due, likely = recalls["due_at"].to_physical().to_numpy(), recalls["p_infected"].to_numpy()
    # most people of a tube are alike, and stay together: 20,000 stretches are sorted instead of 180,000 recalls
    differs = (done[1:] != done[:-1]) | (due[1:] != due[:-1]) | (likely[1:] != likely[:-1])
    begins = np.flatnonzero(np.append(np.ones(min(len(done), 1), np.bool_), differs))
    ends = np.append(begins[1:], len(done))
    order = np.lexsort((-likely[begins], due[begins], done[begins]))
    return spread_spans(begins[order], ends[order])
