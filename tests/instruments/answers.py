"""What is answered to many files: each whole as a text, and what is kept of the texts, counts and a hash.

The files are the sound samples under every decision of the policy, and damaged and edited copies of them, drawn by seeds.
"""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.instrument_samples import Sample, samples
from benchmarks.instrument_variants import mishaps_of

from poolpipe.errors import PoolpipeError
from poolpipe.instruments import ImportPolicy, read

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = {
    f"{sample.name} {sample.member}".strip(): sample
    for sample in samples(Path(__file__).parents[2] / "data" / "samples" / "instruments")
}
SEEDS = range(4)
GIVEN = ImportPolicy(plate="PL7", at=datetime(2022, 4, 4, 12, tzinfo=UTC), lab="L")
DECISIONS: dict[str, tuple[Any, ...]] = {
    "zone": ("Europe/Rome",),
    "date_order": ("mdy", "dmy"),
    "reading_time": ("run",),
    "plate": (None, "another"),
    "plate_file_name": (r"(?P<plate>\w+)",),
    "plate_wells": (384,),
    "well_disagrees": ("name", "leave_out"),
    "rotor_order": ("column",),
    "no_call_ct": ((40.0,), (45.0, 50.0)),
    "zero_ct": ("undetermined", "number"),
    "empty_ct": ("undetermined",),
    "omitted_wells": ("keep",),
    "flagged_wells": ("leave_out",),
    "duplicate_columns": ("first", "last"),
    "runs": ("run_is_plate",),
    "targets": ({"N": "S"}, {"FAM": "ORF1ab", "VIC": "N", "HEX": "N", "CY5": "IC"}),
    "expected_targets": (("ORF1ab", "N", "E", "IC"),),
    "internal_control": ("RNase P",),
    "sample_names": ("ignore",),
    "control_names": ("ignore", "over_task"),
    "tube_pattern": (r"\d+",),
}  # fmt: skip


def told_of(content: bytes, name: str, policy: ImportPolicy) -> str:
    """All that a file says, or why it is refused."""
    try:
        file = read(content, name=name, policy=policy)
    except PoolpipeError as error:
        return f"{type(error).__name__}: {error}\n"
    recognised = dataclasses.replace(file.recognised, sha256="")
    tables = (file.readings, file.loads, file.reports, file.pools)
    rows = [f"{row!r}" for table in tables for row in table.rows()]
    return "\n".join(
        [repr(recognised), *rows, *map(repr, file.not_understood), *map(repr, file.questions), ""]
    )


def answers(sample: Sample) -> Iterator[tuple[str, str]]:
    """What was done to a sample, and all that is told of it then."""
    for setting, others in DECISIONS.items():
        for other in others:
            policy = ImportPolicy.model_validate(GIVEN.model_dump() | {setting: other})
            yield f"policy {setting}", told_of(sample.content, sample.name, policy)
    for kind, mishap in mishaps_of(sample).items():
        packed = not sample.encoding and kind in ("cut", "flipped")
        for seed in () if packed else SEEDS:  # what is packed is not the same bytes everywhere
            variant = mishap(sample, random.Random(f"{sample.name} {kind} {seed}"))
            yield kind, told_of(variant.content, sample.name, GIVEN)


def texts_of(name: str) -> dict[str, str]:
    """All that is told of a sample, by what was done to it."""
    texts: dict[str, str] = {}
    for kind, text in answers(SAMPLES[name]):
        texts[kind] = texts.get(kind, "") + text
    return texts
