"""Live tables of a store are those that its newest version concludes, whoever writes into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cities.random_city import city
from live.batches import unlike
from pipeline.naive import frames_of
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.live import following
from poolpipe.live.following import FollowedStore
from poolpipe.store import Store
from poolpipe.store.event_tables import to_events

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.events.valid_events import ValidEvents
    from poolpipe.store.event_tables import EventTables
    from poolpipe.store.keys import DataKeys


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


def test_tables_of_a_kind__are_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def reading(tables: EventTables, sealing: DataKeys, wells: int) -> ValidEvents:
        read.append(tables.kind)
        return to_events(tables, sealing, wells)

    monkeypatch.setattr(following, "to_events", reading)
    scans = [
        {"at": f"2022-02-10 08:0{place}", "tube": f"T{place}", "person_type": "PASSPORT", "person": f"E{place}", "site": site}
        for place, site in enumerate(("S1", "S2", None, "S1"))
    ]  # fmt: skip
    with Store(tmp_path / "city") as store, store.serving() as taking:
        cleaned = [
            taking.clean([Posted(1644451200000000, "gun", kind, PostedForm.OBJECT, json.dumps(scan).encode(), False, place)])
            for place, (kind, scan) in enumerate([("collect", each) for each in scans] + [("seal", {**scans[0], "swabs": 1})], 1)
        ]  # fmt: skip
        every = [each for came in cleaned for each in came.events]
        with FollowedStore(tmp_path / "city") as followed:
            events = following.events_of_tables(
                every, cleaned[0].rejects, cleaned[0].rejected_loads, followed.sealing, 96
            )
    assert read == ["collect", "seal"]
    assert events.frames["collect"].height == 4
    assert sorted(events.codes.texts["site"].to_list()) == ["S1", "S2"]
