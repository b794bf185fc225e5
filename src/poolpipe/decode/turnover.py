"""Turnover: how what is known of a person fades between two rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Turnover"]

_DAY_US = 86_400e6


@dataclass(frozen=True, slots=True)
class Turnover:
    """People are infected and clear it again at constant rates, so that the share of the infected stays the prior.

    A Markov chain in continuous time with two states. Infected people clear it at the rate 1 / `positive_days`, others
    catch it at prior / (1 - prior) times that.

    Parameters
    ----------
    prior : float
        P(infected) of whom nothing else is known, at any time.
    positive_days : float
        How long an infected person tests positive on average, days.

    Examples
    --------
    >>> Turnover(prior=0.001, positive_days=17.0).predict(np.asarray([0.5, 0.0]), 7.0).round(4).tolist()
    [0.3315, 0.0003]
    """

    prior: float
    positive_days: float

    @staticmethod
    def days(earlier: NDArray[np.int64], later: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the days between two moments, 0 where the later one is not later.

        Parameters
        ----------
        earlier, later : (n,) int64
            Microseconds since 1970.
        """
        return np.asarray(np.maximum(later - earlier, 0) / _DAY_US)

    def predict(
        self, p_infected: NDArray[np.float64], days: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Give P(infected) so many days later.

        Parameters
        ----------
        p_infected : (n,) float64
            0 to 1.
        days : (n,) float64 or float
            At least 0.
        """
        staying, catching = self.over(days)
        return np.asarray(p_infected * staying + (1.0 - p_infected) * catching)

    def over(
        self, days: NDArray[np.float64] | float
    ) -> tuple[NDArray[np.float64] | float, NDArray[np.float64] | float]:
        """Give P(infected | infected so many days before), and P(infected | not infected then).

        Parameters
        ----------
        days : (n,) float64 or float
            At least 0.
        """
        if self.prior >= 1.0:
            return 1.0, 1.0
        with np.errstate(over="ignore"):  # beyond all bounds nothing is left of it
            lost = -np.expm1(-np.asarray(days) / self.positive_days / (1.0 - self.prior))
        return 1.0 - (1.0 - self.prior) * lost, self.prior * lost
