"""How good a test is taken to be where nobody says otherwise: one sensitivity and one specificity for everything."""

from __future__ import annotations

from typing import Final

__all__ = ["SENSITIVITY", "SPECIFICITY"]

SENSITIVITY: Final = 0.95
"""P(pool positive | somebody in it is infected)."""

SPECIFICITY: Final = 0.995
"""P(pool negative | nobody in it is infected)."""
