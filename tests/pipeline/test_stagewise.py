"""Stage functions: a table and the rejects, and a TableError where a column is missing."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import poolpipe

AT = "2022-02-10T08:00:00+08:00"
COLLECTS = pl.DataFrame(
    {"at": [AT, "24:00"], "tube": ["T1", "T1"], "person_type": "PASSPORT", "person": ["E1", "E2"]}
)
STAGES = ("links", "custody", "calls", "recalls", "ledger", "anomalies")


@pytest.mark.parametrize("stage", STAGES)
def test_stage__gives_its_rejects_back(stage):
    given = COLLECTS if stage == "links" else {"collect": COLLECTS}
    table, rejects = getattr(poolpipe, stage)(given)
    assert isinstance(table, pl.DataFrame)
    assert rejects.select("file", "line", "kind", "code").rows() == [("collect", 2, "collect", "bad_time")]


@pytest.mark.parametrize("stage", STAGES)
def test_stage__names_a_missing_column_and_the_likely_one(stage):
    frame = COLLECTS.rename({"tube": "tubes"})
    given = frame if stage == "links" else {"collect": frame}
    with pytest.raises(poolpipe.TableError, match=r"collect: column tube is missing; .*did you mean 'tubes'"):
        getattr(poolpipe, stage)(given)


def test_links__knows_columns_by_their_case_as_run_does():
    frame = COLLECTS.rename({"tube": " Tube ", "person": "PERSON"}).head(1)
    assert_frame_equal(poolpipe.links(frame).table, poolpipe.links(COLLECTS).table)


def test_calls__refuse_readings_without_a_column_of_ct():
    """A frame whose Ct column is misspelt is not a plate on which nothing was found."""
    reads = pl.DataFrame({"at": [AT], "plate": ["P"], "well": ["A1"], "target": ["N"], "Ct value": [22.5]})
    with pytest.raises(poolpipe.TableError, match=r"read: column ct is missing; there is .*Ct value"):
        poolpipe.calls({"read": reads})


def test_stage__refuses_a_kind_that_is_none():
    with pytest.raises(poolpipe.InputError, match="no such kind of event: reports"):
        poolpipe.calls({"reports": pl.DataFrame({"at": [AT]})})


def test_stages__agree_with_run():
    reports = pl.DataFrame({"at": ["2022-02-10T09:00:00+08:00"], "tube": ["T1"], "call": ["positive"]})
    packs = pl.DataFrame({"at": ["2022-02-10T08:30:00+08:00"], "tube": ["T1"], "box": ["B1"]})
    events = {"collect": COLLECTS, "report": reports, "pack": packs}
    day = poolpipe.run(events)
    for name in ("recalls", "ledger", "anomalies"):
        assert_frame_equal(getattr(poolpipe, name)(events).table, day.table(name))
    members = poolpipe.links(COLLECTS.to_pandas()).table
    assert_frame_equal(members, day.members.select(members.columns), check_dtypes=False)
    called = poolpipe.calls({"report": pd.DataFrame(reports.to_dict(as_series=False))}).table
    assert_frame_equal(called, day.pools.select(called.columns), check_dtypes=False)
    held = poolpipe.custody({"pack": packs}).table
    assert_frame_equal(held, day.pools.select(held.columns), check_dtypes=False)


def test_void__withdraws_an_event_of_a_stage():
    reports = pl.DataFrame({"at": [AT], "tube": ["T1"], "call": ["positive"], "event_id": ["r1"]})
    voids = pl.DataFrame({"at": [AT], "event": ["r1"], "reason": ["wrong tube"]})
    assert poolpipe.calls({"report": reports}).table.height == 1
    assert poolpipe.calls({"report": reports, "void": voids}).table.is_empty()


def test_events_of_several_kinds_in_one_frame__need_kind_and_at():
    with pytest.raises(poolpipe.TableError, match="events: column kind is missing"):
        poolpipe.calls(COLLECTS)


def test_links__takes_a_mapping_like_its_sisters():
    collects = pl.DataFrame(
        {"at": ["2022-02-10T08:00:00Z"], "tube": ["T1"], "person_type": ["HKM"], "person": ["H1"]}
    )
    assert poolpipe.links({"collect": collects}).table.equals(poolpipe.links(collects).table)


def test_missing_column__is_never_suggested_to_be_one_that_is_needed_and_there():
    reads = pl.DataFrame({"at": ["2022-02-10T08:00:00Z"], "plate": ["P"], "well": ["A1"], "target": ["N"]})
    with pytest.raises(poolpipe.TableError, match="column ct is missing") as caught:
        poolpipe.calls({"read": reads})
    assert "did you mean" not in str(caught.value)
