"""People who are infected and clear it: against the matrix exponential of the chain's rates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from poolpipe.decode.turnover import Turnover

DAY = 86_400_000_000


@pytest.mark.parametrize("prior", [0.001, 0.3, 0.9])
@pytest.mark.parametrize("days", [0.0, 0.5, 7.0, 400.0])
def test_turnover__is_the_chains_matrix_exponential(prior: float, days: float) -> None:
    clears = 1 / 17.0
    catches = prior / (1 - prior) * clears
    chain = expm(days * np.array([[-catches, catches], [clears, -clears]]))
    turnover = Turnover(prior=prior, positive_days=17.0)
    np.testing.assert_allclose(
        np.array(turnover.over(days)), (chain[1, 1], chain[0, 1]), rtol=1e-9, atol=1e-15
    )
    before = np.array([0.0, 0.2, 1.0])
    expected = before * chain[1, 1] + (1 - before) * chain[0, 1]
    np.testing.assert_allclose(turnover.predict(before, days), expected, rtol=1e-10, atol=1e-15)
    assert turnover.predict(np.array([prior]), days)[0] == pytest.approx(prior)


def test_turnover__is_for_each_person_by_their_own_days() -> None:
    turnover = Turnover(prior=0.1, positive_days=10.0)
    days = np.array([0.0, 3.0, 1e300])
    each = [turnover.predict(np.array([0.7]), day)[0] for day in days]
    assert turnover.predict(np.full(3, 0.7), days).tolist() == each
    assert (each[0], each[2]) == (0.7, pytest.approx(0.1))


def test_a_certain_prior__stays_certain() -> None:
    assert Turnover(prior=1.0, positive_days=10.0).over(np.array([0.0, 5.0])) == (1.0, 1.0)


def test_days__are_counted_from_the_earlier_moment_and_never_backwards() -> None:
    earlier, later = np.array([0, DAY, 3 * DAY, 5]), np.array([DAY // 2, 4 * DAY, 2 * DAY, 5])
    assert Turnover.days(earlier, later).tolist() == [0.5, 3.0, 0.0, 0.0]
