"""Old events are withdrawn by their time and arrival, and every count says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.store import Store
from poolpipe.store.expiry import withdraw_older

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _withdraw(store: Store, limit: datetime) -> int:
    with store._writing() as ledger:
        return withdraw_older(ledger, store._files, store._keys.required(), int(limit.timestamp() * 1e6))


def _moved(monkeypatch: pytest.MonkeyPatch, arrived: datetime) -> None:
    monkeypatch.setattr("poolpipe.store.ingesting._now_us", lambda: int(arrived.timestamp() * 1e6))


def test_events__are_as_old_as_the_later_of_time_and_arrival(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(5, size="small"), tmp_path / "scans", 5)
    with Store(tmp_path / "city") as store:
        _moved(monkeypatch, datetime(2022, 3, 1, tzinfo=UTC))
        store.ingest(tmp_path / "scans")
        late = tmp_path / "report-late.csv"
        late.write_text("at,tube,call\n1970-01-02 00:00,T1,negative\nnever,T2,negative\n")
        _moved(monkeypatch, datetime(2022, 3, 9, tzinfo=UTC))
        store.ingest(late)
        everything = store.run()
        held = store.inputs()
        assert _withdraw(store, datetime(2022, 2, 1, tzinfo=UTC)) == 0
        assert _withdraw(store, datetime(2022, 3, 5, tzinfo=UTC)) == (
            held.head(-1).select("accepted", "rejected").sum_horizontal().sum()
        )
        assert store.check() == []
        day = poolpipe.run(late)
        assert store.run().rejects.equals(day.rejects)
        assert store.run().ledger.equals(day.ledger)
        assert store.run(version=held["version"].to_list()[-1]).pools.equals(everything.pools)
        assert store.inputs()["withdrawn"].to_list()[-1] == 0


def test_part_of_several_days__keeps_the_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"2022-02-{day:02d} 08:00,T{day},negative" for day in range(1, 11)]
    (tmp_path / "report.csv").write_text("\n".join(["at,tube,call", *rows]))
    with Store(
        tmp_path / "city", policy={"store": {"events_days": 1}, "arrivals": {"future_h": 240}}
    ) as store:
        _moved(monkeypatch, datetime(2022, 2, 4, tzinfo=UTC))
        store.ingest(tmp_path / "report.csv")
        assert _withdraw(store, datetime(2022, 2, 5, 12, tzinfo=UTC)) == 5
        assert store.events("report").collect()["tube"].to_list() == [f"T{day}" for day in range(6, 11)]
        assert store.check() == []
        assert store.compact(keep_days=0)["withdrawn"] == 5
        assert store.events("report").collect().height == 0
        assert store.check() == []
        assert store.inputs()["withdrawn"].to_list() == [10]
        assert not any((tmp_path / "city" / "tables" / "report").glob("*.parquet"))


def test_policy_version__does_not_depend_on_what_is_kept() -> None:
    assert poolpipe.load_policy({"store": {"events_days": 9}}).version == poolpipe.load_policy().version
    assert timedelta(days=poolpipe.load_policy().store.versions_days) == timedelta(days=7)
