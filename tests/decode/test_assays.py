"""What a test says of k infected among n, for every k, against scipy's distributions and the law of total probability."""

from __future__ import annotations

import itertools
from math import log

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from poolpipe.decode import Assay, Cycles
from poolpipe.decode.assays import INVALID, NEGATIVE, NO_CALL, POSITIVE, SUSPECT, as_assay
from poolpipe.errors import PolicyError

SIZES = (1, 2, 5, 10)
NORMAL = Cycles(mean=26.0, sd=4.0, limit=37.0, efficiency=0.9, false_mean=35.5, false_sd=2.0)
MEASURED = Cycles(values=(21.5, 30.0, 36.5), smoothing=0.75, limit=38.0, false_mean=36.0, false_sd=1.0)
ASSAYS = {
    "no dilution": Assay(sensitivity=0.9, specificity=0.98),
    "dilution": Assay(sensitivity=0.9, specificity=0.98, dilution=0.4),
    "table": Assay(sensitivity=0.9, specificity=0.98, table={2: (0.6, 0.8), 5: (0.3, 0.4, 0.5, 0.6, 0.7)}),
    "normal Ct": Assay(sensitivity=0.9, specificity=0.98, cycles=NORMAL),
    "measured Ct": Assay(sensitivity=0.95, specificity=0.99, cycles=MEASURED),
    "suspects": Assay(
        sensitivity=0.9, specificity=0.98, cycles=NORMAL, suspect_infected=0.2, suspect_clean=0.7
    ),
}


def _single_ct(cycles: Cycles) -> list[tuple[float, float]]:
    """Centre and width of the normal distributions that the single-sample Ct is an even mixture of."""
    return [(v, cycles.smoothing) for v in cycles.values] or [(cycles.mean, cycles.sd)]


def _within(cycles: Cycles, ct: float) -> float:
    return float(np.mean([norm.cdf(ct, centre, width) for centre, width in _single_ct(cycles)]))


def _density(cycles: Cycles, ct: float) -> float:
    return float(np.mean([norm.pdf(ct, centre, width) for centre, width in _single_ct(cycles)]))


def _shift(cycles: Cycles, k: int, n: int) -> float:
    return log(n / k, 1 + cycles.efficiency)


def _detected(assay: Assay, k: int, n: int) -> float:
    """``sensitivity * F(limit - shift) / F(limit)``."""
    assert assay.cycles is not None
    if k == 0:
        return 1 - assay.specificity
    cycles = assay.cycles
    return (
        assay.sensitivity
        * _within(cycles, cycles.limit - _shift(cycles, k, n))
        / _within(cycles, cycles.limit)
    )


@pytest.mark.parametrize("people", SIZES)
@pytest.mark.parametrize("name", ["normal Ct", "measured Ct"])
def test_detection__is_that_of_the_shifted_distribution_for_every_k(name: str, people: int) -> None:
    assay = ASSAYS[name]
    expected = [_detected(assay, k, people) for k in range(people + 1)]
    np.testing.assert_allclose(assay.detection(people), expected, rtol=1e-12)
    np.testing.assert_allclose(assay.likelihood(POSITIVE, people), expected, rtol=1e-12)
    np.testing.assert_allclose(assay.likelihood(NEGATIVE, people), [1 - p for p in expected], rtol=1e-12)


@pytest.mark.parametrize("people", SIZES)
@pytest.mark.parametrize("ct", [18.0, 29.3, 36.8])
@pytest.mark.parametrize("name", ["normal Ct", "measured Ct"])
def test_ct__weighs_each_k_by_the_density_of_detected_pools(name: str, ct: float, people: int) -> None:
    assay = ASSAYS[name]
    cycles = assay.cycles
    assert cycles is not None
    false = norm.pdf(ct, cycles.false_mean, cycles.false_sd) / norm.cdf(
        cycles.limit, cycles.false_mean, cycles.false_sd
    )
    expected = [_detected(assay, 0, people) * false]
    for k in range(1, people + 1):
        shift = _shift(cycles, k, people)
        seen = _density(cycles, ct - shift) / _within(cycles, cycles.limit - shift)
        expected.append(_detected(assay, k, people) * seen)
    np.testing.assert_allclose(assay.likelihood(POSITIVE, people, ct), expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["normal Ct", "measured Ct", "suspects"])
def test_ct__of_all_detections_adds_up_to_the_chance_of_detection(name: str) -> None:
    assay = ASSAYS[name]
    assert assay.cycles is not None
    detection = assay.detection(4)
    codes = (POSITIVE, SUSPECT) if assay.suspect_infected else (POSITIVE,)
    for k in range(5):
        total = 0.0
        for code in codes:

            def density(ct: float, code: int = code, k: int = k) -> float:
                return float(assay.likelihood(code, 4, ct)[k])

            total += quad(density, -20, assay.cycles.limit, limit=200)[0]
        assert total == pytest.approx(detection[k], rel=1e-6)


@pytest.mark.parametrize("people", SIZES)
@pytest.mark.parametrize("name", ASSAYS)
def test_calls__of_one_pool_add_up_to_one_for_every_k(name: str, people: int) -> None:
    assay = ASSAYS[name]
    calls = (POSITIVE, SUSPECT, NEGATIVE) if assay.suspect_infected else (POSITIVE, NEGATIVE)
    np.testing.assert_allclose(sum(assay.likelihood(call, people) for call in calls), 1.0, rtol=1e-12)
    for silent in (INVALID, NO_CALL):
        np.testing.assert_array_equal(assay.likelihood(silent, people, 30.0), np.ones(people + 1))


def test_suspects__are_their_shares_of_detections() -> None:
    assay, plain = ASSAYS["suspects"], ASSAYS["normal Ct"]
    seen = plain.detection(3)
    np.testing.assert_allclose(assay.likelihood(SUSPECT, 3), seen * [0.7, 0.2, 0.2, 0.2], rtol=1e-12)
    np.testing.assert_allclose(assay.likelihood(POSITIVE, 3), seen * [0.3, 0.8, 0.8, 0.8], rtol=1e-12)
    np.testing.assert_array_equal(plain.likelihood(SUSPECT, 3), plain.likelihood(POSITIVE, 3))


def test_dilution__is_the_share_of_infected_to_its_power() -> None:
    assay = ASSAYS["dilution"]
    expected = [0.02, *(0.9 * (k / 5) ** 0.4 for k in range(1, 6))]
    np.testing.assert_allclose(assay.detection(5), expected, rtol=1e-12)


def test_table__says_each_listed_size_and_sensitivity_the_others() -> None:
    assay = ASSAYS["table"]
    np.testing.assert_allclose(assay.detection(2), [0.02, 0.6, 0.8], rtol=1e-12)
    np.testing.assert_allclose(assay.detection(3), [0.02, 0.9, 0.9, 0.9], rtol=1e-12)


def test_ct__says_nothing_without_a_distribution_or_of_a_negative_pool() -> None:
    plain, cycles = ASSAYS["no dilution"], ASSAYS["normal Ct"]
    np.testing.assert_array_equal(plain.likelihood(POSITIVE, 3, 30.0), plain.likelihood(POSITIVE, 3))
    np.testing.assert_array_equal(cycles.likelihood(NEGATIVE, 3, 30.0), cycles.likelihood(NEGATIVE, 3))


def test_counts__matter_where_a_pool_dilutes() -> None:
    assert {name: assay.counts_matter for name, assay in ASSAYS.items()} == {
        name: name != "no dilution" for name in ASSAYS
    }
    assert not Assay(dilution=0.0).counts_matter


@pytest.mark.parametrize("people", SIZES)
def test_ct__at_and_beyond_the_limit_never_says_more_for_infection(people: int) -> None:
    assay = Assay(cycles=Cycles())
    rows = [assay.likelihood(POSITIVE, people, ct) for ct in (36.0, 38.0, 39.9, 41.0, 50.0, 99.0)]
    ratios = [row[1] / row[0] for row in rows]
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in itertools.pairwise(ratios))
    assert ratios[-1] == pytest.approx(ratios[-3], rel=1e-12)


@pytest.mark.parametrize("value", [0.0, -1.0, 100.5])
def test_cycles__refuses_measured_ct_that_are_none(value: float) -> None:
    with pytest.raises(PolicyError, match="values"):
        as_assay({"cycles": {"values": (25.0, value)}})
