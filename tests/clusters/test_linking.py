"""What shares a household, a tube or a site in time hangs together, whatever the order of the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.clusters.linking import label_linked
from reference.space_time import groups

START = datetime(2022, 4, 4, tzinfo=UTC)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 12), st.integers(0, 200), st.none() | st.integers(0, 4), st.none() | st.integers(0, 4)
    ),
    max_size=14,
)


def _frame(rows):
    return pl.DataFrame(
        [(tube, START + timedelta(hours=hour), site, home) for tube, hour, site, home in rows],
        schema={"tube": pl.UInt32, "at": pl.Datetime("us", "UTC"), "site": pl.UInt32, "household": pl.UInt32},
        orient="row",
    )


@given(ROWS, st.randoms(use_true_random=False))
def test_label_linked__is_the_reference_in_any_order(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    labels = label_linked(_frame([rows[place] for place in order]), 24 * 3_600_000_000)
    found: dict[int, set[int]] = {}
    for place, label in zip(order, labels.tolist(), strict=True):
        found.setdefault(label, set()).add(place)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, groups(rows, 24)))


def test_label_linked__follows_long_chains():
    rows = [
        (number, number, None if number % 2 else number // 2, (number + 1) // 2) for number in range(2000)
    ]
    assert set(label_linked(_frame(rows), 3_600_000_000).tolist()) != {0}
    assert set(label_linked(_frame([(row[0], row[1], 7, None) for row in rows]), 3_600_000_000).tolist()) == {
        0
    }
