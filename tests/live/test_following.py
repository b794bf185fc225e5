"""Live tables of a store are those that its newest version concludes, whoever writes into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cities.random_city import city
from live.batches import unlike
from pipeline.naive import frames_of
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.live.following import FollowedStore
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", [9100, 9101])
def test_follow__is_the_store_after_every_commit(seed: int, tmp_path: Path) -> None:
    events = city(seed, size="small")
    cut = len(events) // 3
    with Store(tmp_path / "city") as store:
        store.ingest(frames_of(events[:cut]))
        with FollowedStore(tmp_path / "city") as followed:
            assert unlike(followed.live.tables, store.run()) == []
            for some in (events[: 2 * cut], events[cut:]):  # some of it again
                store.ingest(frames_of(some))
                changes = followed.follow()
                assert changes
                assert changes[-1].version <= followed.live.tables.version == store.version
                assert unlike(followed.live.tables, store.run()) == []
            assert followed.follow() == []


def test_follow__reads_again_where_a_version_has_other_events(tmp_path: Path) -> None:
    events = city(9102, size="tiny")
    with Store(tmp_path / "city") as store:
        store.ingest(frames_of(events))
        with FollowedStore(tmp_path / "city") as followed:
            store.compact(keep_days=0, keep_events=1)  # all of it is of 2022, but came now
            store.rotate_key(data=True)
            assert followed.follow() is None
            assert unlike(followed.live.tables, store.run()) == []


def test_follow__of_compacted_and_concluded_versions_changes_nothing(tmp_path: Path) -> None:
    events = city(9103, size="tiny")
    with Store(tmp_path / "city") as store:
        store.ingest(frames_of(events[::2]))
        store.ingest(frames_of(events[1::2]))
        with FollowedStore(tmp_path / "city") as followed:
            store.conclude()
            store.compact()
            assert followed.follow() == []
            assert followed.live.tables.version == store.version
            assert unlike(followed.live.tables, store.run()) == []


def test_follow__takes_in_what_a_service_commits(tmp_path: Path) -> None:
    scans = [event for event in city(9104, size="tiny") if "kind" in event]
    with Store(tmp_path / "city") as store:
        with FollowedStore(tmp_path / "city") as followed, store.serving() as taking:
            for position, some in enumerate((scans[::2], scans[1::2]), taking.done + 1):
                lines = "\n".join(json.dumps(event, ensure_ascii=False) for event in some).encode()
                arrived = 1_700_000_000_000_000 + position
                taking.clean([Posted(arrived, "D1", None, PostedForm.TEXT, lines, position=position)])
                taking.commit()
                changes = followed.follow()
                assert changes
                assert len(changes) == 1
        assert unlike(followed.live.tables, store.run()) == []
