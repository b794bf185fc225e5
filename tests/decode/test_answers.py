"""Whatever decode tells of random designs, every number of every table, stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from decode.answers import SAMPLES, texts_of
from kept_answers import counted, kept_in

KEPT = kept_in(Path(__file__).with_name("answers.json"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers__are_those_that_were_kept(sample: str) -> None:
    """Where a change is meant: `scripts/keep_answers.py`."""
    assert counted(texts_of(sample)) == KEPT[sample]
