"""Tables that ask of the whole city are made anew beside the batches: they are the run's, and nobody waits for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from live.batches import batches, followed, unlike
from poolpipe.live import Live, state
from poolpipe.live.localising import localised
from poolpipe.live.tables import BULK
from poolpipe.pipeline import conclude
from poolpipe.policy import Policy

LONG_S = 60.0


@pytest.mark.parametrize(("seed", "size"), [(9200, "small"), (9201, "small"), (9202, "tiny")])
def test_refresh__gives_the_tables_of_the_run_after_every_batch(seed: int, size: str) -> None:
    for _, tables, day in followed(batches(seed, size), whole=True):
        assert tables.bulk_version == tables.version
        assert unlike(tables, day) == []


def test_refresh__holds_up_neither_batches_nor_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = batches(9210, "small")
    live = Live(cut.some(0, 1), Policy())
    begun, goes_on = Event(), Event()

    def waiting(*given: Any) -> Any:
        if not begun.is_set():  # the first is that of the refresh
            begun.set()
            assert goes_on.wait(LONG_S)
        return localised(*given)

    monkeypatch.setattr(state, "localised", waiting)
    with ThreadPoolExecutor(2) as threads:
        refreshed = threads.submit(live.refresh)
        try:
            assert begun.wait(LONG_S)
            applied = threads.submit(live.apply, cut.some(1, cut.count))
            applied.result(LONG_S)
            assert unlike(live.tables, conclude(cut.some(0, cut.count), Policy())) == []
        finally:
            goes_on.set()
        refreshed.result(LONG_S)
    # it is of the version with which it began, whatever came meanwhile
    assert live.tables.bulk_version == live.tables.version - 1
    then = conclude(cut.some(0, 1), Policy())
    assert [name for name in BULK if not live.tables.table(name).equals(then.table(name))] == []
    assert unlike(live.tables, conclude(cut.some(0, cut.count), Policy())) == []
