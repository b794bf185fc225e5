"""Who in the pool: posterior probabilities of infection from pools, priors and the test's own errors."""

from __future__ import annotations

from poolpipe.decode.assays import Assay, Cycles
from poolpipe.decode.disjoint import posteriors
from poolpipe.decode.exact import Effort
from poolpipe.decode.inference import METHODS, Decoded, decode

__all__ = ["METHODS", "Assay", "Cycles", "Decoded", "Effort", "decode", "posteriors"]
