"""A board beside a service: folds by a thread, answers meanwhile, and changes as they come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from poolpipe.errors import InputError
from poolpipe.events import read_events
from poolpipe.events.outcomes import outcomes
from poolpipe.live import Live
from poolpipe.live.board import FoldFailedError, LiveBoard
from poolpipe.policy import Policy
from poolpipe.store.event_tables import EventTables, to_tables
from poolpipe.store.keys import DataKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

SEALING = DataKeys.new()
COLLECTS = {"at": ["2022-02-10T08:00:00Z"], "tube": ["T1"], "person_type": ["PASSPORT"], "person": ["E1"]}
POSITIVE = {"at": ["2022-02-10T12:00:00Z"], "tube": ["T1"], "call": ["positive"]}


def _tables(kind: str, rows: dict[str, list[str]]) -> list[EventTables]:
    """Events as a service has them before it commits them."""
    import numpy as np

    found = []
    with outcomes({kind: pl.DataFrame(rows)}, Policy()) as reading:
        for taken in reading.taken:
            for events, _ in taken.pieces:
                n = len(events.at)
                found.append(to_tables(events, SEALING, 96, events.at + 60_000_000, np.zeros(n, np.int32)))
    return found


@pytest.fixture
def board() -> Iterator[LiveBoard]:
    nothing = read_events({"collect": pl.DataFrame(COLLECTS).clear()}, Policy())
    made = LiveBoard(Live(nothing, Policy()), SEALING, 96)
    yield made
    made.close()


def test_board__answers_with_what_was_folded(board: LiveBoard) -> None:
    board.fold(_tables("collect", COLLECTS))
    board.fold(_tables("report", POSITIVE))
    assert board.settle(60)
    media, body = board.answer("recalls", {"status": "open", "rows": "5"})
    told = json.loads(body)
    assert media == "application/json"
    assert [row["person"] for row in told["rows"]] == ["E1"]
    assert board.answer("recalls", {}, "text/html, text/csv;q=0.9")[0] == "text/csv"


def test_board__tells_changes_to_who_follows(board: LiveBoard) -> None:
    board.fold(_tables("collect", COLLECTS))
    assert board.settle(60)
    quiet = board.changes()
    next(quiet)  # somebody follows
    followed = board.changes(since=board.live.tables.version, tables=["recalls"], beat_s=60)
    board.fold(_tables("report", POSITIVE))
    assert next(followed).startswith("retry:")
    event = dict(line.split(": ", 1) for line in next(followed).strip().splitlines())
    told = json.loads(event["data"])
    assert (event["event"], told["table"], told["change"]) == ("row", "recalls", "new")
    assert told["key"]["person"] == "E1"
    quiet = board.changes(beat_s=0.01)
    next(quiet)
    assert next(quiet).startswith(":")


def test_board__refuses_what_nobody_can_ask(board: LiveBoard) -> None:
    with pytest.raises(InputError, match="site"):
        board.answer("pools", {"sites": "S1"})
    with pytest.raises(InputError, match="rows"):
        board.answer("pools", {"rows": "-1"})


def test_board__shows_nothing_old_after_a_failure(board: LiveBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board.live, "apply", lambda _: 1 / 0)
    board.fold(_tables("collect", COLLECTS))
    with pytest.raises(FoldFailedError):
        board.settle(60)
    with pytest.raises(FoldFailedError):
        board.answer("pools", {})


def test_results__before_any_scan_are_orphans_until_the_scans_come(board: LiveBoard) -> None:
    board.fold(_tables("report", POSITIVE))
    assert board.settle(60)
    assert json.loads(board.answer("anomalies", {})[1])["rows"][0]["code"] == "orphan_tube"
    board.fold(_tables("collect", COLLECTS))
    assert board.settle(60)
    assert [row["person"] for row in json.loads(board.answer("recalls", {})[1])["rows"]] == ["E1"]


def test_tables_of_the_whole_city__say_which_request_they_have(board: LiveBoard) -> None:
    board.fold(_tables("collect", COLLECTS), position=3)
    board.fold(_tables("report", POSITIVE), position=8)
    told = json.loads(board.answer("traces", {"after": "8"})[1])
    assert (told["request"], [row["person"] for row in told["rows"]]) == (8, ["E1"])
    later = {name: [value[0].replace("T1", "T2").replace("08:", "09:")] for name, value in COLLECTS.items()}
    board.fold(_tables("collect", later), position=12)
    assert board.settle(60)
    old = json.loads(board.answer("traces", {})[1])
    # it may have been made anew already: then it says so
    assert old["request"] == (12 if old["position"] == old["newest"] else 8)
    assert json.loads(board.answer("pools", {})[1])["request"] == 12
