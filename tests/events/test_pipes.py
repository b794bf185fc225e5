"""What comes through pipes is read whole, once and safely; what is no file is refused or named, and never waited for."""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import polars as pl
import pytest

from events.scans import TUBES, counts, csv_text, read, tubes
from poolpipe.errors import InputError
from poolpipe.events import read_events
from poolpipe.events.pipes import Spool
from poolpipe.events.sources import find_sources
from poolpipe.policy import load_policy

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")

CONTENT = csv_text().encode()


def _fed(path: Path, content: bytes) -> threading.Thread:
    """A named pipe into which somebody writes as soon as somebody reads."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    writer.start()
    return writer


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pipes are kept while they are read."""
    folder = tmp_path / "copies"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _parquet() -> bytes:
    stream = io.BytesIO()
    pl.read_csv(CONTENT, infer_schema=False).write_parquet(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content", [CONTENT, gzip.compress(CONTENT), _parquet()], ids=["csv", "gzip", "parquet"]
)
def test_pipe__given_by_itself_is_read_like_a_file_and_its_copy_goes(
    content: bytes, tmp_path: Path, copies: Path
) -> None:
    writer = _fed(tmp_path / "collect.pipe", content)
    events = read([tmp_path / "collect.pipe", tmp_path / "collect.pipe"])
    writer.join()
    assert (tubes(events), [file["file"] for file in events.files]) == (TUBES, ["collect.pipe"])
    assert not list(copies.iterdir())


def test_pipe__larger_than_it_can_hold_is_read_to_its_end(tmp_path: Path, copies: Path) -> None:
    rows = [f"2022-02-10T08:00:00Z,T{row},H{row}\n" for row in range(20_000)]
    writer = _fed(tmp_path / "collect", ("at,tube,person\n" + "".join(rows)).encode())
    assert counts(read(tmp_path / "collect")) == (20_000, 20_000, 0, 0)
    writer.join()


def test_pipe__into_which_nobody_writes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poolpipe.events.pipes._PATIENCE_S", 0.1)
    os.mkfifo(tmp_path / "collect")
    with pytest.raises(InputError, match="nobody writes into this pipe"):
        read(tmp_path / "collect")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list a process's files")
def test_pipes__are_closed_when_they_are_read(tmp_path: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    for number in range(2):
        if number:
            before = opened()
        _fed(tmp_path / f"collect-{number}.csv", CONTENT)
        assert counts(read([tmp_path / f"collect-{number}.csv"])) == (4, 4, 0, 0)
    assert opened() == before


@pytest.mark.parametrize("given", ["-", "/dev/stdin"])
def test_stdin__is_read_under_the_kind_that_is_given(
    given: str, monkeypatch: pytest.MonkeyPatch, copies: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CONTENT)))
    events = read_events(given, load_policy(), kind="collect")
    assert (tubes(events), events.files[0]["file"]) == (TUBES, "stdin")
    assert not list(copies.iterdir())


def test_stdin__without_a_kind_keeps_every_record_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CONTENT)))
    events = read("-")
    assert counts(events) == (4, 0, 0, 4)
    assert "or give --kind" in events.rejects["detail"][0]


def test_stdin__that_is_a_terminal_or_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal.buffer, "isatty", lambda: True, raising=False)
    for stdin, message in ((None, "there is no standard input"), (terminal, "is a terminal")):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(InputError, match=message):
            read("-")


def test_kind__that_there_is_not_is_an_error() -> None:
    with pytest.raises(InputError, match="no such kind of event: swab"):
        read_events("-", load_policy(), kind="swab")


@pytest.mark.parametrize("what", ["device", "socket"])
def test_input__that_is_no_file_is_refused_with_words(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path("/dev/zero")
    if what == "socket":
        monkeypatch.chdir(tmp_path)  # the path of a socket has room for a hundred bytes
        path = Path("collect.csv")
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    with pytest.raises(InputError, match=f"a {what}, not a file"):
        find_sources(path)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="files without a name cannot be opened again")
def test_copy__has_no_name_so_that_a_killed_run_leaves_nothing(tmp_path: Path, copies: Path) -> None:
    _fed(tmp_path / "collect.pipe", CONTENT)
    with Spool() as spool:
        kept = spool.keep(str(tmp_path / "collect.pipe"))
        assert kept.read_bytes() == kept.read_bytes() == CONTENT
        named = [path for path in copies.rglob("*") if not path.is_symlink() and path.is_file()]
        assert not named
    assert not list(copies.iterdir())


def test_run__that_is_killed_while_it_reads_a_pipe_leaves_no_copy(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from poolpipe.cli import main; main()",
               "run", "-", "--kind", "collect", "--out", str(tmp_path / "out"), "--quiet"]  # fmt: skip
    copies = tmp_path / "copies"
    copies.mkdir()
    sent = CONTENT + b"2022-02-10T08:00:00Z,T1,SOMEBODY\n" * 20_000
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | {"TMPDIR": str(copies)}) as run:
        assert run.stdin is not None
        run.stdin.write(sent)
        run.stdin.flush()
        while not list(copies.iterdir()):
            assert run.poll() is None
            time.sleep(0.05)
        run.kill()
    held = [path.read_bytes() for path in copies.rglob("*") if path.is_file()]
    assert not any(b"SOMEBODY" in content for content in held)
