"""Whoever opens a result gets the old one or the new one: during the switch, after a kill, after a power cut."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sys
import threading
from pathlib import Path

import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.results.placing import make_stage, place, settle, stages
from poolpipe.tables import TABLES
from results.power import CHANGES, Disk, Recorder, lay_out, opened

NAMES = (*(f"{table}.parquet" for table in TABLES), "summary.json")
REST = {".writing-", ".poolpipe"}


class Killed(BaseException):
    """Nothing catches it, and nothing that was going to happen happens."""


class Reaper:
    """Lets so many file operations happen, then none any more, not even the tidying up."""

    def __init__(self, patch: pytest.MonkeyPatch, allowed: int, error: BaseException | None = None) -> None:
        self.left = allowed
        self.error = error or Killed("no more operations")
        for name in CHANGES:
            patch.setattr(os, name, self._mortal(getattr(os, name)))

    def _mortal(self, operation):
        def run(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise self.error
            return operation(*args, **kwargs)

        return run


def opened_by_name(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).is_file()}


def entries(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Path]:
    """An old result and a new one, each in a folder of its own."""
    top = tmp_path_factory.mktemp("results")
    for name, seed in (("old", 8700), ("new", 8701)):
        poolpipe.run(frames_of(city(seed, size="small"))).write(top / name)
    return {name: top / name for name in ("old", "new")}


def begun(out: Path, result: Path) -> Path:
    """A stage in which the files of a result lie ready."""
    stage = make_stage(out)
    for name in NAMES:
        shutil.copy(result / name, stage / "new" / name)
    return stage


def standing(out: Path, result: Path | None) -> Path:
    """A folder with a result, or none, and with files of the user's own."""
    if result is None:
        out.mkdir()
    else:
        shutil.copytree(result, out)
    (out / "collect.csv").write_text("mine")
    return out


def operations(out: Path, results: dict[str, Path], before: str | None, patch) -> int:
    """How many file operations it takes to put a result in place."""
    stage = begun(standing(out, results.get(before or "")), results["new"])
    with patch.context() as inner:
        reaper = Reaper(inner, 10_000)
        place(stage, out, NAMES if before else ())
    return 10_000 - reaper.left


@pytest.mark.parametrize("before", ["old", None], ids=["over an earlier result", "into an empty folder"])
def test_place__killed_between_any_two_operations_leaves_the_old_or_the_new_result(
    before, results, tmp_path, monkeypatch
):
    whole = {name: opened_by_name(folder) for name, folder in results.items()}
    allowed = operations(tmp_path / "counted", results, before, monkeypatch)
    assert allowed > 60
    seen = []
    for kill in range(allowed):
        out = standing(tmp_path / f"{kill}", results.get(before))
        stage = begun(out, results["new"])
        with monkeypatch.context() as patch:
            Reaper(patch, kill)
            with pytest.raises(Killed, match="no more"):
                place(stage, out, NAMES if before else ())
        found = opened_by_name(out)
        assert found in ([whole["old"], whole["new"]] if before else [{}, whole["new"]]), kill
        seen.append(found == whole["new"])
        if found:
            poolpipe.Day.read(out)
        settle(out, stages(out))
        assert opened_by_name(out) == found
        assert entries(out) == {*found, "collect.csv"}
        assert not any((out / name).is_symlink() for name in found)
        assert (out / "collect.csv").read_text() == "mine"
    assert sorted(seen) == seen, "old up to one move, and new from then on"
    assert 0 < sum(seen) < len(seen)


def test_settle__killed_between_any_two_operations_changes_nothing_that_is_read(
    results, tmp_path, monkeypatch
):
    """The run that clears away after a killed one is killed, too."""
    whole = opened_by_name(results["new"])
    for kill in range(0, 60, 3):
        out = standing(tmp_path / f"{kill}", results["old"])
        stage = begun(out, results["new"])
        with monkeypatch.context() as patch:
            Reaper(patch, 4 * len(NAMES))  # after the switch, before the clearing ends
            with pytest.raises(Killed, match="no more"):
                place(stage, out, NAMES)
        assert opened_by_name(out) == whole
        with monkeypatch.context() as patch:
            Reaper(patch, kill)
            try:
                settle(out, stages(out))
            except Killed:
                assert opened_by_name(out) == whole
        settle(out, stages(out))
        assert opened_by_name(out) == whole
        assert entries(out) == {*NAMES, "collect.csv"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are read from /proc")
@pytest.mark.parametrize("before", ["old", None], ids=["over an earlier result", "into an empty folder"])
def test_write__survives_a_power_cut_at_any_moment(before, results, tmp_path, monkeypatch):
    day = poolpipe.run(frames_of(city(8701, size="small")))
    out = tmp_path / "out"
    if before:
        shutil.copytree(results[before], out)
    else:
        out.mkdir()
    old, new = ({name: folder.joinpath(name).read_bytes() for name in NAMES} for folder in results.values())
    whole = [new, old if before else dict.fromkeys(NAMES, "missing")]
    disk, chance = Disk.of(out), random.Random(11)
    with monkeypatch.context() as patch:
        recorder = Recorder(out, patch)
        day.write(out)
    assert opened_by_name(out) == new
    states = []
    for operation in recorder.done:
        disk.do(*operation)
        for found in disk.cuts(chance, 12):
            read = {name: opened(found, name) for name in NAMES}
            assert read in whole, operation
            states.append((found, read))
    assert {read == new for _, read in states} == {True, False}
    for place_, (found, read) in enumerate(chance.sample(states, 25)):
        folder = tmp_path / f"found-{place_}"
        lay_out(found, folder)
        settle(folder, stages(folder))
        assert opened_by_name(folder) == {name: told for name, told in read.items() if told != "missing"}
        assert entries(folder) <= {*NAMES, ".poolpipe.lock"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are read from /proc")
def test_write__into_a_folder_that_it_makes_syncs_the_folder_too(tmp_path, monkeypatch):
    day = poolpipe.run(frames_of(city(3, size="small")))
    with monkeypatch.context() as patch:
        recorder = Recorder(tmp_path, patch)
        day.write(tmp_path / "results" / "out")
    synced = {where for name, where, _ in recorder.done if name == "fsync"}
    assert synced >= {".", "results", "results/out"}


def test_power_cut__of_a_switch_that_is_not_synced_is_noticed(results, tmp_path, monkeypatch):
    """The model is worth something: without syncs of folders it finds a mix."""
    out = standing(tmp_path / "out", results["old"])
    old, new = ({name: folder.joinpath(name).read_bytes() for name in NAMES} for folder in results.values())
    stage, chance, mixes = begun(out, results["new"]), random.Random(12), 0
    with monkeypatch.context() as patch:
        recorder = Recorder(out, patch)
        place(stage, out, NAMES)
    disk = Disk.of(results["old"])
    disk.do("mkdir", stage.name, "")
    disk.do("mkdir", f"{stage.name}/new", "")
    for name in NAMES:
        disk.do("fsync", f"{stage.name}/new/{name}", new[name])
    for operation in recorder.done:
        if operation[0] != "fsync":
            disk.do(*operation)
        mixes += sum(
            {name: opened(found, name) for name in NAMES} not in (old, new) for found in disk.cuts(chance, 5)
        )
    assert mixes > 50


def test_readers__find_a_whole_result_throughout(results, tmp_path):
    out = standing(tmp_path / "out", results["old"])
    whole = [opened_by_name(folder) for folder in results.values()]
    moments = {poolpipe.Day.read(folder).summary["as_of"] for folder in results.values()}
    stop, failures, read = threading.Event(), [], []

    def poll(look):
        while not stop.is_set():
            try:
                look()
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                failures.append(error)

    def by_day():
        read.append(poolpipe.Day.read(out).summary["as_of"])

    def by_name():
        for name in NAMES:
            assert (out / name).read_bytes() in (whole[0][name], whole[1][name]), name

    pollers = [threading.Thread(target=poll, args=(look,)) for look in (by_day, by_name)]
    for each in pollers:
        each.start()
    for turn in range(20):
        place(begun(out, results["new" if turn % 2 == 0 else "old"]), out, NAMES)
        # Of two readings that end after the switch the second began after it: both results are seen.
        enough, waited = len(read) + 2, 0
        while len(read) < enough and not failures and waited < 5000:
            waited += 1
            stop.wait(0.001)
    stop.set()
    for each in pollers:
        each.join()
    assert not failures, failures[:3]
    assert set(read) == moments


def without_links(*_args, **_kwargs):
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("lacking", ["symlink", "link"])
def test_place__where_there_are_no_links_is_read_whole_after_any_kill(
    lacking, results, tmp_path, monkeypatch
):
    whole = {name: opened_by_name(folder) for name, folder in results.items()}
    moments = {name: poolpipe.Day.read(folder).summary["as_of"] for name, folder in results.items()}
    seen = []
    for kill in range(0, 80, 1):
        out = standing(tmp_path / f"{kill}", results["old"])
        stage = begun(out, results["new"])
        with monkeypatch.context() as patch:
            patch.setattr(os, lacking, without_links)
            Reaper(patch, kill)
            try:
                place(stage, out, NAMES)
            except Killed:
                seen.append(poolpipe.Day.read(out).summary["as_of"])
            else:
                break
        found = opened_by_name(out)
        assert "summary.json" not in found or found in whole.values(), "no summary without its tables"
        settle(out, stages(out))
        assert opened_by_name(out) == whole["old" if seen[-1] == moments["old"] else "new"]
        assert entries(out) == {*NAMES, "collect.csv"}
    assert set(seen) == set(moments.values())
    assert opened_by_name(out) == whole["new"]
    assert entries(out) == {*NAMES, "collect.csv"}


@pytest.mark.parametrize("fails", [0, 4, 12, 19, 24, 33, 38, 45, 60, 75])
def test_write__on_a_disk_that_fills_up_leaves_a_whole_result(fails, results, tmp_path, monkeypatch):
    day = poolpipe.run(frames_of(city(8701, size="small")))
    whole = [opened_by_name(folder) for folder in results.values()]
    out = standing(tmp_path / "out", results["old"])
    full = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patch:
        Reaper(patch, fails, full)
        try:
            day.write(out)
        except poolpipe.InputError as error:
            assert "No space left on device" in str(error)  # noqa: PT017 - later on the result stands, and it is no error
            # the old one, or the new one where what failed was the last sync, behind the one move
            assert opened_by_name(out) in whole
        else:
            assert opened_by_name(out) == whole[1]
    day.write(out)
    assert opened_by_name(out) == whole[1]
    assert entries(out) == {*NAMES, "collect.csv"}


def test_place__takes_away_tables_that_the_new_result_does_not_have(results, tmp_path):
    out = standing(tmp_path / "out", results["old"])
    (out / "visits.parquet").write_bytes(b"of a later version")
    place(begun(out, results["new"]), out, [*NAMES, "visits.parquet"])
    assert entries(out) == {*NAMES, "collect.csv"}


def test_place__leaves_what_a_users_own_link_leads_to(results, tmp_path):
    out = standing(tmp_path / "out", results["old"])
    elsewhere = (out / "pools.parquet").rename(tmp_path / "pools-elsewhere.parquet")
    before = elsewhere.read_bytes()
    (out / "pools.parquet").symlink_to("../pools-elsewhere.parquet")
    place(begun(out, results["new"]), out, NAMES)
    assert opened_by_name(out) == opened_by_name(results["new"])
    assert elsewhere.read_bytes() == before


def test_settle__leaves_folders_that_only_look_like_its_own(results, tmp_path):
    out = standing(tmp_path / "out", results["old"])
    for name in (".writing-notes", ".writing-abcdefgh"):
        (out / name).mkdir()
        (out / name / "My notes.txt").write_text("mine")
    (out / ".writing-12345678").symlink_to(tmp_path)
    (out / ".writing-87654321").write_text("mine")
    settle(out, stages(out))
    assert {name for name in entries(out) if name.startswith(".writing-")} == {
        ".writing-notes", ".writing-abcdefgh", ".writing-12345678", ".writing-87654321",
    }  # fmt: skip
    assert tmp_path.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="rights of folders are those of POSIX")
def test_stage__may_be_read_by_whoever_may_read_the_folder(tmp_path):
    for mode in (0o755, 0o2750, 0o700):
        tmp_path.chmod(mode)
        stage = make_stage(tmp_path)
        assert stage.stat().st_mode & 0o777 == (stage / "new").stat().st_mode & 0o777 == mode & 0o777
