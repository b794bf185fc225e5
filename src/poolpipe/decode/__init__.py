"""Posterior probabilities of infection from pools, priors and the test's errors."""

from __future__ import annotations

from poolpipe.decode.assays import Assay, Cycles
from poolpipe.decode.disjoint import posteriors
from poolpipe.decode.exact import Effort
from poolpipe.decode.fit import Fit
from poolpipe.decode.inference import METHODS, Decoded, decode
from poolpipe.decode.priors import priors
from poolpipe.decode.times import Dynamics, decode_over_time

__all__ = [
    "METHODS",
    "Assay",
    "Cycles",
    "Decoded",
    "Dynamics",
    "Effort",
    "Fit",
    "decode",
    "decode_over_time",
    "posteriors",
    "priors",
]
