"""Designs: tests and accuracy of pooling, best sizes, prevalence from pools, assignment of people to pools."""

from __future__ import annotations

from poolpipe.design.assignments import LAYOUTS, Informative, assign, informative_dorfman, worklist
from poolpipe.design.prevalences import prevalence
from poolpipe.design.schemes import SCHEMES, Characteristics, Scheme, best, characteristics
from poolpipe.design.screening import comp, dd, scomp, screen_doubts

__all__ = [
    "LAYOUTS",
    "SCHEMES",
    "Characteristics",
    "Informative",
    "Scheme",
    "assign",
    "best",
    "characteristics",
    "comp",
    "dd",
    "informative_dorfman",
    "prevalence",
    "scomp",
    "screen_doubts",
    "worklist",
]
