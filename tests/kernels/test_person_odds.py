"""Posteriors, evidence and bounds of people, against the formulas by hand."""

from __future__ import annotations

import numpy as np

from kernels.both_ways import of, ways
from poolpipe_kernels import person_odds


@ways
def test_bound_odds__multiplies_what_each_pool_can_say(interpreted: bool) -> None:
    low, high = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])
    of(person_odds.bound_odds, interpreted)(
        np.array([0, 1], np.int32), np.array([0, 2, 4]), np.array([0, 1, 1, 2], np.int32), np.array([1, 0]),
        np.array([0.5, 0.25]), np.array([1.0, 10.0]), low, high,
    )  # fmt: skip
    assert (low.tolist(), high.tolist()) == ([0.25, 0.25, 1.5], [10.0, 20.0, 3.0])


@ways
def test_person_evidence__writes_those_wanted_and_adds_to_the_terms_of_its_range(interpreted: bool) -> None:
    odds, prior = np.array([1.0, 3.0, 0.25, 9.0]), np.array([1.0, 1.0, 0.25, 1.0])
    p_infected, terms = np.full(4, -1.0), np.array([0.0, 1.0, 2.0, 3.0])
    wanted = np.array([True, True, False, True])
    of(person_odds.person_evidence, interpreted)(odds, prior, wanted, 0, 3, p_infected, terms)
    assert p_infected.tolist() == [0.5, 0.75, -1.0, -1.0]
    assert terms.tolist() == [0.0, 1.0 + np.log(2.0), 2.0, 3.0]
