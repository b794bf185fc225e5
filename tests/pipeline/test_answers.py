"""Whatever is concluded of random campaigns under any policy, every row of every table, stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept_answers import counted, kept_in
from pipeline.answers import SAMPLES, texts_of

KEPT = kept_in(Path(__file__).with_name("answers.json"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers__are_those_that_were_kept(sample: str) -> None:
    """Where a change is meant: `scripts/keep_answers.py`."""
    assert counted(texts_of(sample)) == KEPT[sample]
