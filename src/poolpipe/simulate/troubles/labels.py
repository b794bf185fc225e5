"""Labels that were read wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np

__all__ = ["misread"]

# What a tired reader types for a digit: a letter, so that no other tube's label comes out.
_LOOKALIKES = dict(zip("0123456789", "OIZEASGTBP", strict=True))


def misread(labels: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Misread one digit of each label as the letter that looks like it.

    Parameters
    ----------
    labels : Series of String
        Labels with digits.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    Series of String
    """
    return pl.Series([_misread(label, int(rng.integers(len(label)))) for label in labels], dtype=pl.String)


def _misread(label: str, place: int) -> str:
    return label[:place] + _LOOKALIKES[label[place]] + label[place + 1 :]
