"""After every batch every live table is, byte for byte, what a run concludes from the events so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from live.batches import batches, followed, unlike
from poolpipe.live.changes import ANNOUNCED
from poolpipe.live.neighbourhood import NeighbourhoodLimits

if TYPE_CHECKING:
    from poolpipe.live import LiveTables


@pytest.mark.parametrize(
    ("seed", "size"), [(9000, "tiny"), (9001, "small"), (9002, "small"), (9003, "medium")]
)
def test_live__is_the_run_after_every_batch(seed: int, size: str) -> None:
    for _, tables, day in followed(batches(seed, size)):
        assert unlike(tables, day) == []


@pytest.mark.parametrize("seed", [9010, 9011, 9012])
def test_live__tells_which_people_wait_for_a_run_where_too_many_hang_together(seed: int) -> None:
    for _, tables, day in followed(batches(seed, "small"), NeighbourhoodLimits(closed=-1)):
        assert unlike(tables, day) == []


@pytest.mark.parametrize("seed", [9020, 9021])
def test_live__concludes_everything_where_a_neighbourhood_is_too_large(seed: int) -> None:
    for changes, tables, day in followed(batches(seed, "small"), NeighbourhoodLimits(closed=-1, most=-1)):
        assert changes.is_whole
        assert unlike(tables, day) == []


@pytest.mark.parametrize("seed", [9030, 9031, 9032])
def test_changes__lead_from_each_version_to_the_next(seed: int) -> None:
    for changes, tables, _ in followed(batches(seed, "small")):
        assert changes.after is tables
        for name in () if changes.is_whole else ANNOUNCED:
            gone, new = changes.of(name)
            before, after = (_told(each, name) for each in (changes.before, changes.after))
            kept = before.join(gone, on=before.columns, how="anti", nulls_equal=True)
            assert pl.concat([kept, new]).sort(pl.all()).equals(after.sort(pl.all())), name


def _told(tables: LiveTables, name: str) -> pl.DataFrame:
    """The rows whose changes are told as they come: without rank, and without what time alone changes."""
    if name == "anomalies":
        return tables.anomalies.whole().drop("owner")
    return tables.table(name).drop("rank", strict=False)
