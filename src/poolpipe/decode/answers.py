"""Posteriors while they are computed, with the method and the error bound of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.layout import PoolLayout
    from poolpipe.decode.parts import Parts
    from poolpipe.decode.reduction import Reduced

__all__ = [
    "BELIEF",
    "CLOSED_FORM",
    "ELIMINATION",
    "EXACT",
    "LOCAL",
    "LOGIC",
    "METHODS",
    "PRIOR",
    "SAMPLING",
    "TREE",
    "Answer",
]

METHODS = (
    "prior",
    "logic",
    "closed_form",
    "tree",
    "array",
    "enumeration",
    "elimination",
    "belief_propagation",
    "local_elimination",
    "sampling",
)
"""How a posterior was found; all before `belief_propagation` are exact."""

PRIOR, LOGIC, CLOSED_FORM, TREE = range(4)
ELIMINATION = METHODS.index("elimination")
BELIEF, LOCAL, SAMPLING = (
    METHODS.index(name) for name in ("belief_propagation", "local_elimination", "sampling")
)
EXACT = 1e-10
"""Error of the exact methods: rounding, as measured against enumeration."""


@dataclass
class Answer:
    """Posteriors while they are computed.

    Attributes
    ----------
    p_infected, error : (people,) float64
        Posterior, and how far it may be off; NaN where the outcomes are impossible.
    method : (people,) uint8
        Index into `METHODS`.
    person_terms : (people,) float64
    pool_terms : (pools,) float64
        Parts of the log evidence.
    nobody : (pools,) float64
        P(nobody in the pool infected | outcomes), NaN where it is not known.
    """

    p_infected: NDArray[np.float64]
    error: NDArray[np.float64]
    method: NDArray[np.uint8]
    person_terms: NDArray[np.float64]
    pool_terms: NDArray[np.float64]
    nobody: NDArray[np.float64]

    @classmethod
    def start(cls, layout: PoolLayout, graph: Reduced, whole: Parts) -> Answer:
        """Start with the posteriors that hold if the pools left in the graph give no evidence.

        Parameters
        ----------
        layout : PoolLayout
            The whole problem.
        graph : Reduced
            What is left of it to infer.
        whole : Parts
            Components of the whole problem.

        Returns
        -------
        Answer
            Owns its arrays; later steps write into them.
        """
        known = graph.state >= 0
        p_infected = np.where(known, graph.state, graph.odds / (1.0 + graph.odds))
        method = np.where(whole.of_person < 0, PRIOR, CLOSED_FORM).astype(np.uint8)
        method[known & (whole.of_person >= 0)] = LOGIC
        person_terms = np.zeros(known.size)
        odd = np.flatnonzero(graph.refined)
        person_terms[odd] = np.log1p(-layout.prior[odd]) + np.logaddexp(0.0, graph.log_odds(odd))
        odd = np.flatnonzero(known)
        with np.errstate(divide="ignore"):
            person_terms[odd] = np.log(
                np.where(graph.state[odd] == 1, layout.prior[odd], 1 - layout.prior[odd])
            )
        return cls(
            p_infected,
            np.where(method <= LOGIC, 0.0, EXACT),
            method,
            person_terms,
            graph.pool_terms.copy(),
            np.full(graph.rows.size, np.nan),
        )
