"""Two runs into one folder: the second is refused in words, and nobody is locked out by a run that died."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.results.locks import held
from poolpipe.results.writing import Writing

HOLD = (
    "import sys, time, pathlib; from poolpipe.results.locks import held\n"
    "with held(pathlib.Path(sys.argv[1])): print(flush=True); time.sleep(60)"
)


@pytest.fixture(scope="module")
def day():
    return poolpipe.run(frames_of(city(3, size="small")))


def test_lock__is_held_by_one_and_leaves_nothing(tmp_path):
    path = tmp_path / "lock"
    with held(path) as locked:
        assert locked
        assert path.stat().st_size == 0
        with pytest.raises(BlockingIOError, match="unavailable"), held(path):
            pytest.fail("two hold one lock")
    assert not path.exists()


def test_lock__in_a_folder_that_may_not_be_written_says_so(tmp_path, monkeypatch):
    """Not that there is no such file, which is what looking for another user's lock file finds."""

    def refused(path, flags, mode=0o777):
        raise (
            PermissionError(13, "Permission denied")
            if flags & os.O_CREAT
            else FileNotFoundError(2, "No such")
        )

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(PermissionError), held(tmp_path / "lock"):
        pytest.fail("held")


def test_lock__of_a_process_that_was_killed_is_free(tmp_path, day):
    path = tmp_path / ".poolpipe.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(
        poolpipe.InputError, match=r"another run is writing into it .*; wait until it is done"
    ):
        day.write(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert path.exists()
    day.write(tmp_path)
    assert not path.exists()


def test_lock__goes_from_hand_to_hand_among_many(tmp_path):
    """Who finds the file of one that is just leaving must not hold what nobody else can see."""
    inside, most, turns = [], [], []

    def work():
        for _ in range(200):
            try:
                with held(tmp_path / "lock"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except BlockingIOError:
                turns.append(0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert max(most) == 1
    assert len(most) + len(turns) == 800


def test_lock__is_told_to_be_none_where_the_file_system_has_none(tmp_path, monkeypatch, day):
    def unsupported(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with held(tmp_path / "lock") as locked:
        assert not locked
    stranger = tmp_path / ".writing-abcdefgh"
    (stranger / "new").mkdir(parents=True)
    day.write(tmp_path)
    assert stranger.is_dir(), "its owner may be alive"
    assert poolpipe.Day.read(tmp_path).pools.equals(day.pools)


def test_write__into_a_folder_that_is_being_written_into_is_refused_and_touches_nothing(tmp_path, day):
    with Writing(tmp_path / "out") as first:
        day.finish(first)
        with pytest.raises(poolpipe.InputError, match="another run is writing"):
            day.write(tmp_path / "out")
        assert len(list((tmp_path / "out").glob(".writing-*"))) == 1
    assert poolpipe.Day.read(tmp_path / "out").pools.equals(day.pools)


def test_write__clears_away_what_a_dead_run_left(tmp_path, day):
    for name, files in ((".writing-4hznpmct", ["pools.parquet", "summary.json"]), (".writing-a_b_c_d_", [])):
        (tmp_path / name / "new").mkdir(parents=True)
        for file in files:
            (tmp_path / name / file).write_text("half")
            (tmp_path / name / "new" / file).write_text("half")
    (tmp_path / ".poolpipe.lock").touch()
    day.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_write__into_a_folder_that_may_not_be_written_says_so(tmp_path, day):
    tmp_path.chmod(0o555)
    with pytest.raises(poolpipe.InputError, match="cannot be written: Permission denied"):
        day.write(tmp_path)


def test_runs__of_two_processes_into_one_folder_give_the_result_of_one(tmp_path):
    day_of = {}
    for seed in (8703, 8704):
        write_city(city(seed, size="small"), tmp_path / f"{seed}", seed, ("csv",))
        day_of[seed] = poolpipe.run(tmp_path / f"{seed}")
    program = "import sys; from poolpipe.cli import main; sys.exit(main())"
    runs = {
        seed: subprocess.Popen(
            [
                sys.executable,
                "-c",
                program,
                "run",
                str(tmp_path / f"{seed}"),
                "--quiet",
                "--out",
                str(tmp_path / "out"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in day_of
    }
    told = {seed: run.communicate()[1] for seed, run in runs.items()}
    done = [seed for seed, run in runs.items() if run.returncode == 0]
    assert done
    assert all("another run is writing" in told[seed] for seed in day_of if seed not in done)
    written = poolpipe.Day.read(tmp_path / "out")
    assert any(
        written.summary == day_of[seed].summary and written.pools.equals(day_of[seed].pools) for seed in done
    )
    assert {path.suffix for path in Path(tmp_path / "out").iterdir()} == {".parquet", ".json"}
