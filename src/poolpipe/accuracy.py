"""Default sensitivity and specificity of a test."""

from __future__ import annotations

from typing import Final

__all__ = ["LEAST_PRIOR", "POSITIVE_DAYS", "SENSITIVITY", "SINGLE_SPECIFICITY", "SPECIFICITY"]

LEAST_PRIOR: Final = 1e-300
"""A prior above 0 is at least this: smaller numbers have lost digits before anything is multiplied."""

SENSITIVITY: Final = 0.95
"""P(pool positive | somebody in it is infected)."""

SPECIFICITY: Final = 0.999
"""P(pool negative | nobody in it is infected), where a pool is not negative if it is called positive or suspect.

One target alone or carry-over from a neighbouring well makes a pool positive or suspect, too, so this is below the
specificity of two targets in a single sample (docs/decode.md has the evidence)."""

SINGLE_SPECIFICITY: Final = 0.99997
"""P(single negative | not infected) of a sample of its own with two targets.

Of 9,899,828 residents of Wuhan tested in May 2020, 300 were positive (Cao et al. 2020, Nat. Commun. 11:5917): were all of
them false, 1 in 33,000 would be."""

POSITIVE_DAYS: Final = 17.0
"""How long an infected person's swabs of the upper airways hold RNA, mean in days (Cevik et al. 2021, Lancet Microbe
2:e13-e22: 17.0, 95% interval 15.5 to 18.6)."""
