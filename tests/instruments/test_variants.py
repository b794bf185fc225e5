"""Every format, damaged and edited: the same facts, fewer that are named, or a refusal; never another fact.

A seeded part of what `python -m benchmarks.fuzz_instruments` does for as long as one likes.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from benchmarks.instrument_facts import POLICY, facts_of, verdict
from benchmarks.instrument_samples import Sample, samples
from benchmarks.instrument_variants import mishaps_of

from poolpipe.instruments import read

SAMPLES = samples(Path(__file__).parents[2] / "data" / "samples" / "instruments")
SEED = 2022


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_damaged_or_edited_file__says_nothing_else(sample: Sample) -> None:
    whole = facts_of(read(sample.content, name=sample.name, policy=POLICY))
    assert whole.facts
    wrong = []
    for kind, mishap in mishaps_of(sample).items():
        for seed in range(SEED, SEED + (1 if "workbook" in kind or "sheets" in kind else 3)):
            variant = mishap(sample, random.Random(f"{sample.name} {kind} {seed}"))
            found = verdict(whole, variant)
            if found.startswith("wrong"):
                wrong.append(f"{kind} (seed {seed}): {variant.what}: {found}")
    assert not wrong


def test_mishaps__are_found_out_where_the_reader_guesses() -> None:
    """The verdict itself: an invented fact and a silent loss are wrong."""
    sample = next(each for each in SAMPLES if each.name == "readings-table.csv")
    whole = facts_of(read(sample.content, name=sample.name, policy=POLICY))
    other = mishaps_of(sample)["encodings"](sample, random.Random(1))
    assert verdict(whole, other) == "same"
    changed = sample.content.replace(b"24.117", b"34.117")
    assert verdict(whole, type(other)(sample.name, "x", "x", changed)).startswith("wrong: ('read'")
    lines = sample.content.splitlines(keepends=True)
    assert (
        verdict(whole, type(other)(sample.name, "x", "x", b"".join(lines[:-1]))) == "fewer"
    )  # rows_missing tells
    assert verdict(whole, type(other)(sample.name, "x", "x", b"".join(lines[:-3]))).startswith(
        "wrong: lost in silence"
    )
