"""What is assumed where nothing is said: a changed default changes everybody's answers."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from poolpipe.decode import Assay, Cycles, Dynamics, Effort, decode, decode_over_time, posteriors, priors
from poolpipe.policy import Policy

DEFAULTS: list[tuple[Any, dict[str, Any]]] = [
    # A test that misses one in twenty; of 10,000 clean pools 50 alarm. As the default policy has it.
    (Assay, {"sensitivity": 0.95, "specificity": 0.999, "dilution": None, "table": None, "cycles": None}),
    # Ct 27 +- 5 of a single; detected up to 40; every cycle doubles; a pool scatters by one; false positives come late and broad.
    (Cycles, {"mean": 27.0, "sd": 5.0, "values": (), "smoothing": 0.5, "limit": 40.0, "efficiency": 1.0,
              "noise": 1.0, "false_mean": 36.5, "false_sd": 6.0}),
    (Dynamics, {"infection_per_day": 0.0001, "clearance_per_day": 0.1}),
    # docs/decode.md: open pools below 262,144 states, up to 24 people enumerated, up to 12 columns, 20,000 sweeps of samples.
    (Effort, {"states": 262_144, "kept": 16_777_216, "people": 24, "columns": 12, "sweeps": 20_000}),
    (decode, {"tolerance": 1e-7, "most_sweeps": 200, "threads": 2, "assay": None, "effort": None}),
    (decode_over_time, {"assay": None, "effort": None}),
    (posteriors, {"threads": 2}),
    (priors, {"household_attack": 0.2, "batch": None, "community": None}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "expected"), DEFAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_default__is_the_documented_one(what: Any, expected: dict[str, Any]) -> None:
    parameters = inspect.signature(what).parameters
    assert {name: parameters[name].default for name in expected} == expected


def test_assay__assumes_what_the_default_policy_says() -> None:
    said = Policy().decoding
    assert (Assay().sensitivity, Assay().specificity) == (said.sensitivity, said.specificity)
