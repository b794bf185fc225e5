"""A day with every trouble, played in seconds: what was acknowledged is in the store once. `benchmarks.stream_troubles` plays longer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks.stream_troubles import play

if TYPE_CHECKING:
    from pathlib import Path


def test_kill__and_every_other_trouble_lose_nothing_acknowledged_and_count_nothing_twice(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("POOLPIPE_TORTURE_SEED", "7"))
    seconds = float(os.environ.get("POOLPIPE_TORTURE_SECONDS", "5"))
    counts = play(tmp_path, seconds=seconds, devices=14, slow=200, turns=max(2, int(seconds / 5)), seed=seed)
    assert counts["services killed"]
    assert counts["acknowledged"] > 20
    assert counts["status 400"] + counts["status 413"] > 0
    assert counts["slow connections at a time"] == 200
