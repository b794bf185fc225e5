"""Files that are hashed and synced while they are written, and folders that are synced."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from poolpipe.results import durable
from poolpipe.results.durable import Followed, proof_of, sync_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes that files had when they were synced; small stretches, a sync each hundred bytes."""
    sizes: list[int] = []
    monkeypatch.setattr(durable, "_STRETCH", 10)
    monkeypatch.setattr(durable, "_SYNC_EVERY", 100)
    monkeypatch.setattr(os, "fsync", lambda number: sizes.append(os.lseek(number, 0, os.SEEK_CUR)))
    return sizes


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH208, PTH112


def test_a_followed_file__is_hashed_as_it_grows_and_synced_each_so_many_bytes(
    tmp_path: Path, synced: list[int]
) -> None:
    path, content = tmp_path / "x", bytes(range(256)) * 2
    before = open_files()
    followed = Followed(path)
    with path.open("wb", buffering=0) as writer:
        for first in range(0, 510, 30):
            writer.write(content[first : first + 30])
            followed.catch_up()
    assert synced == [100, 200, 300, 400, 500]
    assert followed.finish() == {"bytes": 510, "sha256": hashlib.sha256(content[:510]).hexdigest()}
    assert synced == [100, 200, 300, 400, 500, 510]
    assert open_files() == before


def test_a_file_that_is_given_up__is_closed_once(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    before = open_files()
    followed = Followed(tmp_path / "x")
    followed.close()
    followed.catch_up()
    followed.close()
    followed.close()
    assert open_files() == before


@pytest.mark.usefixtures("synced")
def test_proof__is_of_all_bytes_from_the_beginning(tmp_path: Path) -> None:
    content = bytes(range(256)) * 3
    (tmp_path / "x").write_bytes(content)
    with (tmp_path / "x").open("rb") as file:
        assert proof_of(file.fileno()) == {"bytes": 768, "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")
def test_a_folder__is_synced_where_the_system_can_and_an_io_error_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_files()
    sync_folder(tmp_path)
    for number, told in ((errno.EINVAL, False), (errno.EIO, True), (errno.ENOSPC, True)):

        def fails(_: int, number: int = number) -> None:
            raise OSError(number, "no sync")

        monkeypatch.setattr(os, "fsync", fails)
        if told:
            with pytest.raises(OSError, match="no sync"):
                sync_folder(tmp_path)
        else:
            sync_folder(tmp_path)
    assert open_files() == before
