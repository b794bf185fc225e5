"""`poolpipe recalls STORE --watch`: a board, or lines of changes, after every commit of anybody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest
from click.testing import CliRunner

from poolpipe.cli import poolpipe as command
from poolpipe.commands.watching import watch_boards, watch_changes
from poolpipe.errors import InputError
from poolpipe.live.following import FollowedStore
from poolpipe.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poolpipe.live import LiveTables

COLLECTS = {"at": ["2022-02-10T08:00:00Z"], "tube": ["T1"], "person_type": ["PASSPORT"], "person": ["E1"]}
POSITIVE = {"at": ["2022-02-10T12:00:00Z"], "tube": ["T1"], "call": ["positive"]}


@pytest.fixture
def city(tmp_path: Path) -> Path:
    with Store(tmp_path / "city") as store:
        store.ingest({"collect": pl.DataFrame(COLLECTS)})
    return tmp_path / "city"


def _someone_ingests(city: Path) -> Callable[[], None]:
    """At the first look somebody takes a result in; at the second the reader goes away."""
    looks = iter(range(2))

    def pause() -> None:
        if next(looks):
            raise KeyboardInterrupt
        with Store(city) as store:
            store.ingest({"report": pl.DataFrame(POSITIVE)})

    return pause


def test_watch__writes_each_change_as_a_line(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FollowedStore(city) as followed, pytest.raises(KeyboardInterrupt):
        watch_changes(followed, _someone_ingests(city))
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["change"], told["recall"]["person"], told["recall"]["status"]) == ("new", "E1", "open")


@pytest.mark.parametrize("comes_another", [False, True])
def test_watch__ends_when_the_store_is_gone(city: Path, comes_another: bool) -> None:
    def pause() -> None:
        city.rename(city.with_name("elsewhere"))
        if comes_another:
            Store(city).close()

    with FollowedStore(city) as followed, pytest.raises(InputError, match="not there any more"):
        watch_changes(followed, pause)


def test_watch__draws_the_board_of_every_version(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn: list[LiveTables] = []

    def board(tables: LiveTables) -> str:
        drawn.append(tables)
        return f"{len(drawn)}"

    with FollowedStore(city) as followed, pytest.raises(KeyboardInterrupt):
        watch_boards(followed, board, _someone_ingests(city))
    assert [tables.table("recalls").height for tables in drawn] == [0, 1]
    assert capsys.readouterr().out.split() == ["1", "2"]


def test_watch__is_of_a_store_by_its_own_policy(city: Path) -> None:
    for given in (["--as-of", "2022-02-10 12:00"], ["--policy", "ten-in-one"], ["--at-version", "1"]):
        told = CliRunner().invoke(command, ["recalls", str(city), "--watch", *given])
        assert told.exit_code == 2
        assert "--watch" in told.output
