"""Scores of links: each kind's weight, nearer people of a queue more, further links less."""

from __future__ import annotations

import polars as pl
import pytest

from poolpipe.tables import LINKS
from poolpipe.trace_policy import Tracing
from poolpipe.tracing.scores import score_links


def scores(links, **settings):
    """Scores of links given as (kind, hops, seconds between)."""
    rows = [(LINKS.index(kind), hops, None if lag is None else lag * 1_000_000) for kind, hops, lag in links]
    schema = {"kind": pl.Int8, "hops": pl.Int8, "lag": pl.Int64}
    return score_links(pl.DataFrame(rows, schema, orient="row"), Tracing(**settings)).to_list()


@pytest.mark.parametrize("kind", ["member", "queue", "household", "again", "tube", "box", "well"])
def test_scores__are_the_weight_of_their_kind(kind):
    links = [(each, 1, 0) for each in LINKS]
    told = dict(zip(LINKS, scores(links, **{kind: 0.77}), strict=True))
    usual = dict(zip(LINKS, scores(links), strict=True))
    assert told == usual | {kind: 0.77}


def test_scores__fade_in_a_queue_with_the_time_between():
    near, later, before, last = scores(
        [("queue", 1, 0), ("queue", 1, 300), ("queue", 1, -300), ("queue", 1, 600)]
    )
    assert near > later == before > last == 0
    assert scores([("queue", 1, 300)], queue_minutes=5) == [0]


def test_scores__fade_with_every_link_after_the_second():
    told = scores([("tube", hops, 0) for hops in (2, 4)], decay=0.1, tube=0.5)
    assert told == pytest.approx([0.5, 0.005])


def test_scores__need_no_time():
    assert scores([("household", 1, None)], household=0.3) == [0.3]
