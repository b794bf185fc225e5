"""What readers ask that cannot be answered, and readers that stop reading: told why, and nothing is kept for them without bound."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from poolpipe.live.answers import media_type
from poolpipe.live.changes import ANNOUNCED
from poolpipe.serve import board_answers
from poolpipe.serve.board_answers import BoardAnswers
from poolpipe.serve.reader_pace import ReaderPace
from serve.services import Service, body, new_store, scan, serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
NOT_UNDERSTOOD = [
    "/tables/pools?first=18446744073709551616", "/tables/pools?rows=1" + "0" * 5000, f"/tables/pools?rows={quote('٣')}",
    "/tables/pools?rows=1&rows=2", "/tables/pools?site=S1&site=S2", "/tables/pools?after=2", "/tables/pools?after=" + "9" * 5000,
    "/changes?since=" + "9" * 5000, f"/changes?since={quote('٣')}", "/changes?since=1&since=1", "/changes?tables=" + "x" * 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, dict[str, str]]]:
    store = tmp_path_factory.mktemp("hostile") / "city"
    tokens = new_store(store, gun={"rate": 1e6}, office={"reads": "tables", "rate": 1e6})
    with serving(store, tables=True) as service:
        assert service.post(tokens["gun"], body(scan(1))).body == {"position": 1}
        service.wait_for_tables()
        yield service, tokens
        assert service.end() == 0


@pytest.mark.parametrize("path", NOT_UNDERSTOOD, ids=range(len(NOT_UNDERSTOOD)))
def test_question_that_cannot_be_answered__is_refused_with_what_is_wrong(
    service: tuple[Service, dict[str, str]], path: str
) -> None:
    told = service[0].get(path, service[1]["office"])
    assert (told.status, told.body["error"]) == (400, "query_not_understood")
    assert len(told.body["detail"]) < 1000


def test_question_that_is_too_long__is_refused(service: tuple[Service, dict[str, str]]) -> None:
    for path in (f"/tables/pools?why={'x' * 40_000}", f"/tables/pools?site={'%ff' * 10_000}"):
        told = service[0].get(path, service[1]["office"])
        assert (told.status, told.body["error"]) == (400, "query_too_long")


def test_request_that_was_acknowledged__is_waited_for(service: tuple[Service, dict[str, str]]) -> None:
    assert len(service[0].read("/tables/pools?after=1", service[1]["office"]).body["rows"]) == 1


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("Text/CSV", CSV),
        ("text/csv;q=0", "application/json"),
        (f"application/json;q=0.1, {ARROW} ; q=0.9, text/csv;q=0.5", ARROW),
        ("text/csv, application/json", CSV),
        ("text/csv;q=x,;;;,=", "application/json"),
    ],
)
def test_media_type__is_the_one_that_the_reader_prefers(accept: str, expected: str) -> None:
    assert media_type(accept) == expected


_SIZES = {"members": 6_000_000, "recalls": 1_000_000}


class _Board:
    """A board that fails, and says which tables are followed."""

    followed: list[str]

    def answer(self, table: str, *_: object) -> tuple[str, bytes]:
        if table in _SIZES:
            return CSV, bytes(_SIZES[table])
        raise ZeroDivisionError("110105194912310021")

    def changes(self, _: int | None, tables: Iterable[str], **__: object) -> Iterator[str]:
        self.followed = list(tables)
        yield ": hello\n\n"
        raise ZeroDivisionError("110105194912310021")


def _line(path: str, query: list[list[str]] | None = None) -> bytes:
    """A question as the door asks it."""
    told = {
        "path": path,
        "query": query or [],
        "accept": "",
        "last": "",
        "name": "office",
        "reader": ["", "", False],
    }
    return json.dumps(told).encode() + b"\n"


def _asked(path: Path, asked: dict[str, Any]) -> bytes:
    with socket.socket(socket.AF_UNIX) as reader:
        reader.connect(str(path))
        reader.sendall(_line(**asked))
        with reader.makefile("rb") as answer:
            return answer.read()


def test_failure__is_told_and_logged_without_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = _Board()
    BoardAnswers(board, tmp_path, tmp_path / "board").start()  # type: ignore[arg-type] # what is asked of a board
    told = _asked(tmp_path / "board", {"path": "/tables/pools"})
    assert json.loads(told.partition(b"\n")[0])["status"] == 500
    assert b'"answer_failed"' in told
    told = _asked(tmp_path / "board", {"path": "/changes"})
    assert told.endswith(b": hello\n\n")
    assert b"110105194912310021" not in told
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["event"], each["why"]) for each in logged] == [("answer_failed", "ZeroDivisionError")] * 2
    assert "110105194912310021" not in str(logged)


def test_large_answers_that_nobody_takes__are_refused_to_others_and_small_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_answers, "_MOST_BYTES", 10_000_000)
    BoardAnswers(_Board(), tmp_path, tmp_path / "board").start()  # type: ignore[arg-type] # as above
    with socket.socket(socket.AF_UNIX) as stalled:
        stalled.connect(str(tmp_path / "board"))
        stalled.sendall(_line("/tables/members"))
        stalled.recv(1)
        assert b'"too_many_readers"' in _asked(tmp_path / "board", {"path": "/tables/members"})
        assert len(_asked(tmp_path / "board", {"path": "/tables/recalls"})) > _SIZES["recalls"]
    until = time.monotonic() + 60
    while b'"too_many_readers"' in _asked(tmp_path / "board", {"path": "/tables/members"}):
        assert time.monotonic() < until  # the other is gone: there is room


def test_followed_tables__are_told_once_in_one_order(tmp_path: Path) -> None:
    board = _Board()
    BoardAnswers(board, tmp_path, tmp_path / "board").start()  # type: ignore[arg-type] # as above
    _asked(tmp_path / "board", {"path": "/changes", "query": [["tables", "cases,pools,cases,pools"]]})
    assert board.followed == [each for each in ANNOUNCED if each in ("cases", "pools")]


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_reader_that_stops__is_waited_for_and_then_let_go(family: socket.AddressFamily) -> None:
    with socket.create_server(("", 0), family=family) as listening:
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        reader = socket.create_connection((host, listening.getsockname()[1]))
        ours, _ = listening.accept()
    client = f"{host}:{reader.getsockname()[1]}"

    async def hand_on() -> list[bool]:
        pace = ReaderPace(client, stalled_s=0.3)
        takes = [await pace.takes_more(1 << 19)]
        _fill(ours)
        takes.append(await pace.takes_more(1))  # so little is handed on freely
        takes.append(await pace.takes_more(1 << 19))
        pace.close()
        return takes

    with reader, ours:
        ours.setblocking(False)
        assert asyncio.run(hand_on()) == [True, True, False]
        with pytest.raises(BrokenPipeError, match=r"Broken pipe"):
            ours.send(b"x")


def test_reader_that_is_slow__is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        reader = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()

    async def hand_on() -> bool:
        pace = ReaderPace(f"127.0.0.1:{reader.getsockname()[1]}", stalled_s=60)
        _fill(ours)
        more = asyncio.ensure_future(pace.takes_more(1 << 19))
        await asyncio.sleep(0.1)
        assert not more.done()
        await asyncio.to_thread(_read_all, reader)
        told = await more
        pace.close()
        return told

    with reader, ours:
        ours.setblocking(False)
        assert asyncio.run(hand_on())


def test_reader_that_is_not_found__is_believed_to_read() -> None:
    for client in ("", "nowhere", "127.0.0.1:1", "[::1]:1"):
        assert asyncio.run(ReaderPace(client).takes_more(1 << 20))


def _fill(connection: socket.socket) -> None:
    """Send until the connection takes no more."""
    with suppress(BlockingIOError):
        while True:
            connection.send(bytes(1 << 16))


def _read_all(connection: socket.socket) -> None:
    """Read what has come, until nothing comes for a moment."""
    connection.settimeout(0.1)
    with suppress(TimeoutError):
        while connection.recv(1 << 20):
            pass
