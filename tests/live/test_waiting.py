"""What waits to be folded: scans gather for a while, results do not, and nothing gathers up to what a reader waits for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa

from poolpipe.events.rejected_loads import PLATES
from poolpipe.events.taking import REJECTS
from poolpipe.live.waiting import WaitingEvents

NOTHING = pl.DataFrame(schema=REJECTS), pl.DataFrame(schema=PLATES)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _waiting() -> tuple[WaitingEvents, _Clock]:
    clock = _Clock()
    return WaitingEvents(10, patience_s=0.5, clock=clock), clock


def _put(waiting: WaitingEvents, position: int, *kinds: str) -> None:
    tables: list[Any] = [SimpleNamespace(kind=kind, clear=pa.table({"at": [position]})) for kind in kinds]
    waiting.put(position, tables, *NOTHING)


def _taken(waiting: WaitingEvents) -> list[tuple[str, int]]:
    return [(each.kind, each.clear["at"][0].as_py()) for each in waiting.take().events]


def test_scans__gather_and_results_do_not() -> None:
    waiting, clock = _waiting()
    _put(waiting, 12, "seal")
    assert waiting.due_in() == 0.5
    _put(waiting, 13, "read", "pack")
    assert (waiting.due_in(), waiting.settled) == (0.0, 11)
    assert _taken(waiting) == [("read", 13)]
    clock.now = 0.5
    assert waiting.due_in() == 0.0
    assert _taken(waiting) == [("seal", 12), ("pack", 13)]
    assert (waiting.due_in(), waiting.settled) == (None, 13)


def test_reader_who_waits__is_given_all_up_to_his_request_in_one_fold() -> None:
    waiting, _ = _waiting()
    _put(waiting, 12, "seal")
    waiting.hurry(14)  # acknowledged, and not cleaned yet: a fold of what is here would hold it up
    assert waiting.due_in() == 0.5
    _put(waiting, 15, "read", "pack")
    assert waiting.due_in() == 0.0
    assert _taken(waiting) == [("read", 15), ("seal", 12), ("pack", 15)]
    _put(waiting, 17, "seal")
    assert waiting.due_in() == 0.5
    waiting.hurry(12)
    assert waiting.due_in() == 0.5
    waiting.hurry(16)
    assert _taken(waiting) == [("seal", 17)]
