"""A power cut at any moment of a service's life: what was acknowledged is kept, once. `benchmarks.inbox_cuts` runs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.inbox_cuts import run

from poolpipe.inbox import log
from poolpipe.store import inbox_draining

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_power_cut__loses_no_acknowledged_request(tmp_path: Path) -> None:
    counts, wrong = run(100, 3, tmp_path, whole_every=25)
    assert wrong == []
    assert counts["distinct states"] == 100
    assert counts["as acknowledged"]
    assert counts["with the group under way"]
    assert counts["with requests in the inbox"]


def test_power_cut__is_noticed_where_a_record_is_not_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_sync", lambda _: None)
    assert run(20, 1, tmp_path, whole_every=100)[1]


def test_power_cut__is_noticed_where_a_folder_is_not_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (log, inbox_draining):
        monkeypatch.setattr(module, "sync_folder", lambda _: None)
    assert run(30, 1, tmp_path, whole_every=100)[1]
