"""When a device sent an event is kept with it, whatever is done to the store; it makes no event another one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

import poolpipe
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = ("11010519491231002X", "E7", "E8", "E9")
SENT = ("2022-02-10 08:01:30.25", None, "2022-02-10T00:05:00Z", "2022-02-10 09:00")
SENT_UTC = (
    datetime(2022, 2, 10, 0, 1, 30, 250_000, UTC),
    None,
    datetime(2022, 2, 10, 0, 5, tzinfo=UTC),
    datetime(2022, 2, 10, 1, 0, tzinfo=UTC),
)


@pytest.fixture
def scans() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "at": [f"2022-02-10 08:0{minute}" for minute in range(4)],
            "tube": ["T1", "T1", "T2", "T2"],
            "person_type": ["RIC", *["PASSPORT"] * 3],
            "person": PEOPLE,
            "device": ["D1", "D1", "D2", None],
            "sent_at": SENT,
        }
    )


def _sent(store: Store) -> list[datetime | None]:
    return store.events("collect").sort("at").collect()["sent_at"].to_list()


def test_sent_at__is_kept_to_the_microsecond_and_null_where_it_is_not_said(
    scans: pl.DataFrame, tmp_path: Path
) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest({"collect": scans})
        assert _sent(store) == list(SENT_UTC)
        store.ingest(
            {"report": pl.DataFrame({"at": ["2022-02-10 10:00"], "tube": ["T1"], "call": ["negative"]})}
        )
        assert store.events("report").collect()["sent_at"].to_list() == [None]


def test_sent_at__outlasts_compaction_other_keys_and_erasure(scans: pl.DataFrame, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        for row in range(4):
            store.ingest({"collect": scans[row : row + 1]})
        store.compact(keep_days=0)
        assert len(store.files("collect")) == 1
        assert _sent(store) == list(SENT_UTC)
        store.rotate_key(data=True)
        assert _sent(store) == list(SENT_UTC)
        assert store.erase(PEOPLE[0]) == 1
        assert _sent(store) == list(SENT_UTC)
        assert store.check() == []


def test_sent_at__alone_makes_no_other_event(scans: pl.DataFrame, tmp_path: Path) -> None:
    later = scans.with_columns(sent_at=pl.lit("2022-02-10 23:00"))
    with Store(tmp_path / "city") as store:
        store.ingest({"collect": scans})
        told = store.ingest({"collect": later})
        assert told["duplicates"].to_list() == [4]
        assert _sent(store) == list(SENT_UTC)
        assert store.run().members.equals(poolpipe.run({"collect": scans}).members)
