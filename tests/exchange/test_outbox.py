"""The outbox: whole or not at all, refused where it is anything else, and never in between."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

from exchange.frames import CALLED, FIRST, members, person, pools, tube
from poolpipe.errors import InputError
from poolpipe.exchange import outbox
from poolpipe.exchange.outbox import MANIFEST, TOLD, Outbox
from poolpipe.exchange.statements import SCHEMA, first_told, statements
from poolpipe.results import swapping
from poolpipe.results.swapping import take_place

NOON, EVENING = "2022-02-10T04:00:00Z", "2022-02-10T10:00:00Z"
STATEMENTS = first_told(statements(pools(tube("T1", "positive")), members(person("T1", FIRST))))


def about(as_of=NOON, policy="ten-in-one"):
    return {"as_of": as_of, "policy": {"name": policy}}


def fill(out, content=b"one", *, form="hl7", receiver="CITY", as_of=NOON, names=("a.hl7",)):
    with Outbox(out, form, receiver, about(as_of)) as box:
        before = None if box.before is None else box.before.collect()
        for name in names:
            box.write(name, content, messages=2)
        box.keep(STATEMENTS)
    return before


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def beside(out):
    return sorted(path.name for path in out.parent.iterdir())


def test_outbox__has_its_files_a_manifest_and_what_was_told(tmp_path):
    out = tmp_path / "deep" / "box"
    assert fill(out, names=("b.hl7", "a.hl7")) is None
    assert held(out).keys() == {"a.hl7", "b.hl7", MANIFEST, TOLD}
    manifest = json.loads((out / MANIFEST).read_text("utf-8"))
    digest = hashlib.sha256(b"one").hexdigest()
    assert manifest["files"] == [
        {"file": name, "messages": 2, "bytes": 3, "sha256": digest} for name in ("a.hl7", "b.hl7")
    ]
    assert (manifest["format"], manifest["receiver"], manifest["result"]) == ("hl7", "CITY", about())
    told = (out / TOLD).read_bytes()
    assert manifest["told"] == {"file": TOLD, "bytes": len(told), "sha256": hashlib.sha256(told).hexdigest()}
    assert manifest["written_at"].endswith("+00:00")
    assert beside(out) == ["box"], "neither lock nor unfinished messages stay"


def test_second_export__replaces_the_first_and_knows_what_it_told(tmp_path):
    out = tmp_path / "box"
    fill(out, names=("yesterday.hl7",))
    before = fill(out, b"two", as_of=EVENING, names=("today.hl7",))
    assert before.equals(STATEMENTS)
    assert dict(before.schema) == SCHEMA
    assert held(out).keys() == {"today.hl7", MANIFEST, TOLD}
    assert beside(out) == ["box"]


def test_empty_folder__becomes_an_outbox_and_keeps_its_rights(tmp_path):
    out = tmp_path / "box"
    out.mkdir()
    out.chmod(0o750)
    assert fill(out) is None
    assert out.stat().st_mode & 0o777 == 0o750


def test_new_outbox__has_the_rights_of_any_new_folder(tmp_path):
    (tmp_path / "any").mkdir()
    fill(tmp_path / "box")
    assert (tmp_path / "box").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_nothing_told__is_an_outbox_that_says_so(tmp_path):
    with Outbox(tmp_path / "box", "csv", "", about()):
        pass
    assert pl.read_parquet(tmp_path / "box" / TOLD).schema == SCHEMA
    assert fill(tmp_path / "box", form="csv", receiver="").is_empty()


def test_export_that_fails__leaves_everything_as_it_was(tmp_path):
    out = tmp_path / "box"

    def fail():
        with Outbox(out, "hl7", "CITY", about()) as box:
            box.write("new.hl7", b"half")
            box.keep(STATEMENTS)
            raise RuntimeError("a message is not valid")

    with pytest.raises(RuntimeError, match="not valid"):
        fail()
    assert beside(out) == []
    fill(out)
    before = held(out)
    with pytest.raises(RuntimeError, match="not valid"):
        fail()
    assert held(out) == before
    assert beside(out) == ["box"]


def test_folder_of_somebody_else__is_refused(tmp_path):
    out = tmp_path / "box"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    with pytest.raises(
        InputError, match=r"box: holds files that no export of poolpipe has written: letter\.txt"
    ):
        fill(out)
    assert held(out) == {"letter.txt": b"mine"}
    assert beside(out) == ["box"]


def test_file_put_into_an_outbox__is_not_lost(tmp_path):
    out = tmp_path / "box"
    fill(out)
    for number in range(7):
        (out / f"note{number}").write_text("mine")
    with pytest.raises(
        InputError, match=r"would be lost: note0, note1, note2, note3, note4, and 2 more .*move them"
    ):
        fill(out)
    assert (out / "note6").read_text() == "mine"


def test_messages_taken_away_by_their_sender__are_no_matter(tmp_path):
    out = tmp_path / "box"
    fill(out)
    (out / "a.hl7").unlink()
    assert fill(out).equals(STATEMENTS)


@pytest.mark.parametrize(
    ("other", "rule"),
    [({"form": "fhir"}, "whose format is hl7, not fhir"), ({"receiver": "CDC"}, "whose receiver is CITY, not CDC"),
     ({"as_of": "2022-02-10T03:59:59Z"}, "told a result as of 2022-02-10T04:00:00Z already, and this one is as of 2022-02-10T03:59:59Z")],
)  # fmt: skip
def test_other_format_receiver_or_an_older_result__is_refused(tmp_path, other, rule):
    out = tmp_path / "box"
    fill(out)
    before = held(out)
    with pytest.raises(InputError, match=rule):
        fill(out, b"two", **other)
    assert held(out) == before
    assert beside(out) == ["box"]


def test_results_of_one_moment__may_follow_each_other(tmp_path):
    fill(tmp_path / "box")
    fill(tmp_path / "box", as_of="2022-02-10T12:00:00+08:00")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"format": "hl7"}', b"\xff"])
def test_damaged_manifest__is_refused(tmp_path, damage):
    out = tmp_path / "box"
    fill(out)
    (out / MANIFEST).write_bytes(damage)
    with pytest.raises(InputError, match=f"{MANIFEST} is damaged"):
        fill(out)


def test_damaged_record_of_what_was_told__is_refused(tmp_path):
    out = tmp_path / "box"
    fill(out)
    content = bytearray((out / TOLD).read_bytes())
    content[len(content) // 2] ^= 1
    (out / TOLD).write_bytes(content)
    with pytest.raises(InputError, match="missing or damaged"):
        fill(out)
    (out / TOLD).unlink()
    with pytest.raises(InputError, match="missing or damaged"):
        fill(out)


def test_file_in_the_place_of_an_outbox__is_refused(tmp_path):
    (tmp_path / "box").write_text("mine")
    with pytest.raises(InputError, match="box is a file, not a folder"):
        fill(tmp_path / "box")


def test_mounted_file_system__is_refused(tmp_path, monkeypatch):
    (tmp_path / "box").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "box")
    with pytest.raises(InputError, match="a file system is mounted there"):
        fill(tmp_path / "box")
    fill(tmp_path / "box" / "inside")


def test_link_to_a_folder__stays_a_link(tmp_path):
    fill(tmp_path / "real")
    (tmp_path / "box").symlink_to(tmp_path / "real")
    fill(tmp_path / "box", names=("today.hl7",))
    assert (tmp_path / "box").is_symlink()
    assert "today.hl7" in held(tmp_path / "real")


def test_folder_that_may_not_be_written__is_refused_with_the_way_out(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(
        InputError, match=r"box: cannot be written.*Permission denied .*; name another folder"
    ):
        fill(tmp_path / "box")
    assert beside(tmp_path / "box") == []


def test_full_disk__is_refused_and_nothing_stays(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "sync_folder", refuse)
    with pytest.raises(InputError, match="No space left on device"):
        fill(tmp_path / "box")
    assert beside(tmp_path / "box") == []


def test_two_exports_at_once__are_not_done(tmp_path):
    out = tmp_path / "box"
    with Outbox(out, "hl7", "CITY", about()) as box:
        with pytest.raises(InputError, match=r"box: another export is writing it .*wait until it is done"):
            fill(out)
        box.write("first.hl7", b"first")
        fill(tmp_path / "other")
    assert "first.hl7" in held(out)
    fill(out)


class Killed(BaseException):
    """The process is gone."""


class Disk:
    """Lets so many operations through; from then on the process is dead and does nothing, but frees its lock."""

    def __init__(self, monkeypatch, lives):
        self.lives = lives
        for place, name in (
            (os, "rename"),
            (os, "fsync"),
            (os, "chmod"),
            (os, "mkdir"),
            (shutil, "rmtree"),
        ):
            monkeypatch.setattr(place, name, self.counted(getattr(place, name)))
        monkeypatch.setattr(swapping, "_exchanged", self.counted(swapping._exchanged))

    def counted(self, operation):
        def live(*arguments, **options):
            self.lives -= 1
            if self.lives < 0:
                raise Killed
            return operation(*arguments, **options)

        return live


@pytest.mark.parametrize("exchange", [True, False])
def test_export_killed_between_any_two_steps__leaves_the_old_or_the_new_outbox(
    tmp_path, monkeypatch, exchange
):
    if not exchange:
        monkeypatch.setattr(swapping, "_exchanged", lambda *_: False)
    outcomes = set()
    for lives in range(40):
        out = tmp_path / str(lives) / "box"
        fill(out, b"old")
        with monkeypatch.context() as patched:
            disk = Disk(patched, lives)
            with suppress(Killed):
                fill(out, b"new", as_of=EVENING)
        if exchange:
            assert out.is_dir(), "whoever looks finds one"
        with Outbox(out, "hl7", "CITY", about(EVENING)) as again:
            assert again.before is not None
            assert again.before.collect().equals(STATEMENTS)
            found = (out / "a.hl7").read_bytes()
            box_manifest = json.loads((out / MANIFEST).read_text("utf-8"))
            assert box_manifest["files"][0]["sha256"] == hashlib.sha256(found).hexdigest()
        assert beside(out) == ["box"]
        outcomes.add(found)
        if disk.lives >= 0:
            break
    assert disk.lives >= 0, "the last one lived"
    assert outcomes == {b"old", b"new"}


def test_every_file_is_synced_before_the_outbox_takes_its_place(tmp_path, monkeypatch):
    steps: list[str] = []
    sync, take = os.fsync, take_place

    def synced(fd):
        steps.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        return sync(fd)

    def placed_there(*given):
        steps.append("take place")
        return take(*given)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(outbox, "take_place", placed_there)
    fill(tmp_path / "box")
    placed = steps.index("take place")
    assert {"a.hl7", MANIFEST, TOLD} <= set(steps[:placed])
    assert steps[placed - 1].startswith(".box.writing-"), "the names, too"
    assert steps[placed + 1 :] == [tmp_path.name], "and the new name of the outbox"


def test_exchange__is_one_step_where_the_system_has_it(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not swapping._exchanged(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this file system cannot exchange folders")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["other"]


def test_exchange__of_a_folder_that_is_not_there_is_not_done(tmp_path):
    (tmp_path / "one").mkdir()
    assert not swapping._exchanged(tmp_path / "one", tmp_path / "nowhere")


def test_exchange__is_not_tried_on_other_systems(tmp_path, monkeypatch):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not swapping._exchanged(tmp_path / "one", tmp_path / "other")
    assert CALLED is not None
