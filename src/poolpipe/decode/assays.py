"""Probability of a test's outcome when k of n people in the tube are infected: sensitivity, specificity, dilution, Ct."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from poolpipe.accuracy import SENSITIVITY, SPECIFICITY
from poolpipe.errors import PolicyError
from poolpipe.settings import ToldModel, broken, broken_rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "HIGHEST_CT",
    "INVALID",
    "NEGATIVE",
    "NO_CALL",
    "POSITIVE",
    "SUSPECT",
    "Assay",
    "Cycles",
    "as_assay",
]

INVALID, NEGATIVE, SUSPECT, POSITIVE, NO_CALL = 0, 1, 2, 3, 4
"""Codes of the calls: the order of `poolpipe.tables.CALLS`, and one for a pool that has none."""
HIGHEST_CT = 100.0
"""The largest Ct that is believed, cycles; 0 is none, for no well is detected before the first cycle."""


class Cycles(ToldModel):
    """Ct of single samples, from which the sensitivity of a pool and the weight of its Ct follow.

    One infected among n is diluted n-fold and crosses the threshold ``log(n) / log(1 + efficiency)`` cycles
    later (3.32 cycles for ten at full efficiency); k infected of n count as n/k-fold. A pool is detected when
    its shifted Ct stays within `limit`.

    Parameters
    ----------
    mean, sd : float
        Normal distribution of the single-sample Ct of infected people, cycles. Ignored where `values` are
        given.
    values : tuple of float
        Measured single-sample Ct, cycles, each above 0 and up to 100.
    smoothing : float
        Standard deviation of the normal kernel with which `values` are smoothed, cycles.
    limit : float
        Largest Ct that still counts as detected, cycles.
    efficiency : float
        PCR efficiency E in (0, 1]; 1 doubles every cycle.
    noise : float
        Standard deviation of a pool's Ct around that of its strongest swab, diluted, cycles: pipetting, extraction and
        the swab's share. The pools of P-BEST's two carriers scatter by 0.7 and 0.9 (tests/decode/test_published.py).
    false_mean, false_sd : float
        Normal distribution of the Ct of false positives (carry-over is weak, hence late), cycles; broad, for P-BEST's false
        pool came at 30.4.

    Examples
    --------
    One infected among ten is seen 3.32 cycles later:

    >>> Cycles(mean=30, sd=4).shift(np.ones(1), 10).round(2).tolist()
    [3.32]
    """

    mean: float = 27.0
    sd: float = Field(default=5.0, gt=0)
    values: tuple[Annotated[float, Field(gt=0, le=HIGHEST_CT)], ...] = ()
    smoothing: float = Field(default=0.5, gt=0)
    limit: float = Field(default=40.0, gt=0)
    efficiency: float = Field(default=1.0, gt=0, le=1)
    noise: float = Field(default=1.0, ge=0.1)
    false_mean: float = 36.5
    false_sd: float = Field(default=6.0, gt=0)

    def shift(self, infected: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        """Cycles by which the Ct of a pool comes later than that of an infected person's own sample.

        Parameters
        ----------
        infected : (n,) float64
            How many people of the pool are infected, above 0.
        people : int
            How many people the pool holds.

        Returns
        -------
        (n,) float64
            ``log(people / infected) / log(1 + efficiency)``, cycles.
        """
        return np.asarray(np.log(people / infected) / math.log1p(self.efficiency))

    def within(self, ct: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return P(single-sample Ct <= `ct`)."""
        centres, width = self._kernel()
        return np.asarray([np.mean([_normal_cdf((x - c) / width) for c in centres]) for x in ct])

    def density(self, ct: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the density of the single-sample Ct, per cycle."""
        centres, width = self._kernel()
        with np.errstate(over="ignore"):  # a density that far out is 0
            z = (np.asarray(ct)[:, None] - np.asarray(centres)) / width
            return np.asarray((np.exp(-0.5 * z * z) / (width * math.sqrt(2.0 * math.pi))).mean(axis=1))

    def seen_in_pool(self, people: int) -> tuple[float, float]:
        """Mean and standard deviation of the Ct of detected pools of `people`, one of them infected, cycles."""
        shift = float(self.shift(np.ones(1), people)[0])
        grid = np.linspace(max(self.limit - 60.0, 0.0), self.limit, 2001)
        weight = self.density(grid - shift)
        total = float(weight.sum())
        if total <= 0.0:
            return self.limit, 1.0
        mean = float((weight * grid).sum() / total)
        return mean, max(float(np.sqrt((weight * (grid - mean) ** 2).sum() / total)), 1e-3)

    def false_density(self, ct: float) -> float:
        """Return the density of a false positive's Ct given that it is within the limit, per cycle."""
        seen = _normal_cdf((self.limit - self.false_mean) / self.false_sd)
        return _normal_pdf((ct - self.false_mean) / self.false_sd) / self.false_sd / seen

    def _kernel(self) -> tuple[tuple[float, ...], float]:
        return (self.values, self.smoothing) if self.values else ((self.mean,), self.sd)


class Assay(ToldModel):
    """P(outcome | k infected of n in the tube).

    Parameters
    ----------
    sensitivity : float
        P(detected | infected) of a sample that is not diluted, in (0, 1].
    specificity : float
        P(not detected | nobody infected), in (0, 1].
    dilution : float, optional
        Exponent d in [0, 1]: k of n are detected with ``sensitivity * (k / n) ** d``; 0 is no dilution, 1
        complete. The exponent is Hwang's (1976, Biometrika 63:671); his own formula is averaged over k.
    table : mapping of int to tuple of float, optional
        For each pool size n the measured P(detected | k of n), k = 1 .. n; `sensitivity` serves sizes not listed.
    cycles : Cycles, optional
        Single-sample Ct distribution: k of n are detected with ``sensitivity * F(limit - shift) / F(limit)``,
        and the Ct measured in a detected pool is evidence.
    suspect_infected, suspect_clean : float, optional
        Share of detections that read as suspect (one target, grey zone) when somebody is, or nobody is,
        infected. Both or neither; by default suspect and positive are the same evidence.

    Examples
    --------
    >>> Assay(sensitivity=0.9, dilution=0.1).sensitivity
    0.9
    """

    sensitivity: float = Field(default=SENSITIVITY, gt=0, le=1)
    specificity: float = Field(default=SPECIFICITY, gt=0, le=1)
    dilution: float | None = Field(default=None, ge=0, le=1)
    table: dict[int, tuple[float, ...]] | None = None
    cycles: Cycles | None = None
    suspect_infected: float | None = Field(default=None, gt=0, lt=1)
    suspect_clean: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_dilution(self) -> Self:
        if sum(part is not None for part in (self.dilution, self.table, self.cycles)) > 1:
            raise broken("dilution_twice")
        if (self.suspect_infected is None) != (self.suspect_clean is None):
            raise broken("suspect_half")
        if self.cycles is not None and self.cycles.within(np.asarray([self.cycles.limit]))[0] < 1e-3:
            raise broken("none_within_limit", limit=self.cycles.limit)
        if self.sensitivity + self.specificity < 1.0:
            raise broken("assay_misleads", sensitivity=self.sensitivity, complement=1.0 - self.specificity)
        for people, shares in (self.table or {}).items():
            if len(shares) != people or not all(0 <= share <= 1 for share in shares):
                raise broken("table_size", people=people)
            if not self._above_false_alarms(shares):
                raise broken("table_misleads", people=people, complement=1.0 - self.specificity)
        return self

    def _above_false_alarms(self, shares: tuple[float, ...]) -> bool:
        return not shares or min(shares) >= 1.0 - self.specificity

    @property
    def counts_matter(self) -> bool:
        """Whether an outcome depends on how many are infected, not only on whether anybody is."""
        return bool(self.dilution or self.table or self.cycles)

    def detection(self, people: int) -> NDArray[np.float64]:
        """Return P(detected | k of `people` infected) for k = 0 .. people.

        Raises
        ------
        PolicyError
            `people` is no whole number from 0 on.
        """
        if isinstance(people, bool) or int(people) != people or people < 0:
            raise PolicyError.of("people_count", where="assay", people=people)
        chance = np.full(people + 1, self.sensitivity)
        chance[0] = 1.0 - self.specificity
        k = np.arange(1, people + 1, dtype=np.float64)
        if self.dilution and people:
            chance[1:] = self.sensitivity * (k / people) ** self.dilution
        elif self.table is not None and people in self.table:
            chance[1:] = self.table[people]
        elif self.cycles is not None and people:
            limit = np.asarray([self.cycles.limit])
            seen = self.cycles.within(limit - self.cycles.shift(k, people))
            chance[1:] = self.sensitivity * seen / self.cycles.within(limit)
        return chance

    def likelihood(self, code: int, people: int, ct: float | None = None) -> NDArray[np.float64]:
        """P(outcome | k of `people` infected) for k = 0 .. people.

        Parameters
        ----------
        code : int
            POSITIVE, SUSPECT, NEGATIVE, INVALID or NO_CALL; the last two give no evidence: all ones.
        people : int
            People in the pool.
        ct : float, optional
            Ct measured in the pool; counts only for positive and suspect pools and where the assay has
            `cycles`. The row is then a density per cycle.

        Raises
        ------
        PolicyError
            `code` is none of these, `people` no whole number from 0 on, or `ct` not finite.
        """
        if code not in (INVALID, NEGATIVE, SUSPECT, POSITIVE, NO_CALL):
            raise PolicyError.of("call_code", where="assay", given=code, least=0, most=NO_CALL)
        if ct is not None and not math.isfinite(ct):
            raise PolicyError.of("ct_not_finite", where="assay", ct=ct)
        if code in (INVALID, NO_CALL):
            return np.ones(people + 1)
        seen = self.detection(people)
        if code == NEGATIVE:
            row = 1.0 - seen
            row[0] = self.specificity  # not 1 - (1 - specificity), which loses its last digits
            return row
        if self.suspect_infected is not None and self.suspect_clean is not None:
            suspect = code == SUSPECT
            seen[0] *= self.suspect_clean if suspect else 1.0 - self.suspect_clean
            seen[1:] *= self.suspect_infected if suspect else 1.0 - self.suspect_infected
        if ct is not None and self.cycles is not None:
            seen *= self._ct_density(ct, people)
        return seen

    def _ct_density(self, ct: float, people: int) -> NDArray[np.float64]:
        """Density of the Ct read in a detected pool, by the number of infected people in it.

        Parameters
        ----------
        ct : float
            Cycles; above the limit it counts as the limit.
        people : int
            How many people the pool holds.

        Returns
        -------
        (people + 1,) float64
            Density per cycle given k = 0 .. `people` infected; ones where the assay has no `cycles`.
        """
        cycles = self.cycles
        density = np.ones(people + 1)
        if cycles is None:
            return density
        ct = min(ct, cycles.limit)  # a Ct beyond the limit counts as the limit
        density[0] = cycles.false_density(ct)
        if people:
            shift = cycles.shift(np.arange(1, people + 1, dtype=np.float64), people)
            density[1:] = cycles.density(ct - shift) / np.maximum(cycles.within(cycles.limit - shift), 1e-300)
        return density


def as_assay(assay: Assay | Mapping[str, Any] | None) -> Assay:
    """Return `assay` as a model; a mapping needs no more than sensitivity and specificity.

    Raises
    ------
    PolicyError
        A field is unknown or out of range.
    """
    if isinstance(assay, Assay):
        return assay
    if assay is not None and not isinstance(assay, Mapping):
        raise PolicyError.of("no_assay", where="assay", type=type(assay).__name__)
    try:
        return Assay.model_validate(dict(assay or {}))
    except ValidationError as error:
        wrong = broken_rules(Assay, dict(assay or {})) or [str(error)]
        fields = ", ".join(Assay.model_fields)
        raise PolicyError.of(
            "assay_broken", where="assay", rules="; ".join(wrong), settings=fields
        ) from error


def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _normal_pdf(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
