"""A power cut at any moment: what was acknowledged is there, nothing else is half there. `benchmarks.power_cuts` runs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.power_cuts import run

from poolpipe.store.part_files import PartFiles

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_power_cut__loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    counts, wrong = run(150, 7, tmp_path, whole_every=25)
    assert wrong == []
    assert counts["distinct states"] == 150
    assert counts["as acknowledged"]
    assert counts["with the command in flight"]
    assert counts["with conclusions"]


def test_power_cut__is_noticed_where_folders_are_not_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartFiles, "sync", lambda _: None)
    assert run(40, 1, tmp_path, whole_every=100)[1]
