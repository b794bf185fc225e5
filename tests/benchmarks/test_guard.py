"""The guard of speed: noise passes, a slower head does not, and a missing base is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measuring import Measured, best, measure

from benchmarks import guard

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def timed(*seconds: float) -> list[Measured]:
    return [Measured(wall_s=each, cpu_s=each, peak_bytes=1, ended="done") for each in seconds]


def test_guard__passes_when_one_head_run_is_as_fast_as_the_slowest_base(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guard.verdict(timed(1.0, 1.6), timed(2.0, 3.0), "abc") == 0
    assert "fine" in capsys.readouterr().out


def test_guard__fails_when_every_head_run_is_slower_by_more_than_a_quarter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guard.verdict(timed(1.0, 1.6), timed(2.01, 3.0), "abc") == 1
    assert "too slow" in capsys.readouterr().out


def test_guard__fails_when_head_stops_working() -> None:
    broken = Measured(wall_s=0.1, cpu_s=0.1, peak_bytes=1, ended="failed", said="boom")
    assert guard.verdict(timed(1.0), [*timed(1.0), broken], "abc") == 1


def test_guard__without_a_base_says_so_and_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guard, "base_commit", lambda asked: None)
    assert guard.main([]) == 0
    assert "no base commit" in capsys.readouterr().out


def test_guard__does_not_know_a_commit_that_is_not_there() -> None:
    assert guard.base_commit("no-such-commit") is None


def test_unpack__of_a_commit_without_our_sources_leaves_an_empty_tree(tmp_path: Path) -> None:
    assert list(guard.unpack("no-such-commit", tmp_path / "base").iterdir()) == []


def test_measure__tells_how_a_command_ended() -> None:
    assert measure(["true"]).done
    failed = measure(["sh", "-c", "echo no such tube; exit 3"])
    assert (failed.ended, failed.said) == ("failed", "no such tube\n")


def test_measure__stops_a_command_at_its_limit() -> None:
    assert measure(["sleep", "30"], seconds=0.1).ended == "out of time"


def test_best__is_the_fastest_run_that_was_done() -> None:
    broken = Measured(wall_s=0.1, cpu_s=0.1, peak_bytes=1, ended="failed")
    assert best([*timed(3.0, 2.0), broken]) == timed(2.0)[0]
    assert best([broken]) is None


def test_base__is_given_the_compiled_kernels_of_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = tmp_path / "head" / "kernels" / "poolpipe_kernels" / "__pycache__"
    compiled.mkdir(parents=True)
    (compiled / "texts.hash.nbc").write_bytes(b"code")
    (compiled / "texts.cpython-311.pyc").write_bytes(b"byte code")
    base = tmp_path / "base"
    base.mkdir()
    monkeypatch.setattr(guard, "ROOT", tmp_path / "head")
    guard.give_compiled(base / "none")
    guard.give_compiled(base)
    assert [(file.name, file.read_bytes()) for file in base.rglob("*.*")] == [("texts.hash.nbc", b"code")]
