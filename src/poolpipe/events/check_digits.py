"""Check characters that a policy may ask of printed codes; whole columns at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["holds"]

_ALPHABETS = {"luhn": "0123456789", "mod11_2": "0123456789X", "mod37_36": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
              "mod97_10": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}  # fmt: skip


def holds(values: pl.Series, rule: str) -> pl.Series:
    """Whether each code ends in the right check character.

    Parameters
    ----------
    values : Series of String
        Cleaned codes.
    rule : str
        `luhn` (ISO/IEC 7812-1), or of ISO 7064: `mod11_2`, `mod37_36`, `mod97_10` (two characters).

    Returns
    -------
    Series of Boolean
        False also where a character is outside the rule's alphabet; null for null.
    """
    digits = _digits(values.fill_null(""), _ALPHABETS[rule])
    good = {"luhn": _luhn, "mod11_2": _mod11_2, "mod37_36": _mod37_36, "mod97_10": _mod97_10}[rule](digits)
    lengths = values.str.len_chars().fill_null(0).to_numpy()
    good &= (digits >= 0).sum(axis=1) == lengths
    good &= lengths > 1
    return pl.select(pl.when(values.is_not_null()).then(pl.Series(good))).to_series()


def _digits(values: pl.Series, alphabet: str) -> NDArray[np.int64]:
    """Characters as numbers, right-aligned, padded with -1: (codes, longest)."""
    width = max(1, int(values.str.len_chars().max() or 1))  # type: ignore[arg-type]
    padded = values.str.to_uppercase().str.pad_start(width, " ")
    grid = np.full((len(values), width), -1, np.int64)
    for place in range(width):
        characters = padded.str.slice(place, 1)
        grid[:, place] = characters.replace_strict(
            list(alphabet), range(len(alphabet)), default=-1, return_dtype=pl.Int64
        ).to_numpy()
    return grid


def _luhn(
    digits: NDArray[np.int64],
) -> NDArray[np.bool_]:
    d = np.where(digits < 0, 0, digits)[:, ::-1]
    doubled = 2 * d[:, 1::2]
    total = d[:, ::2].sum(axis=1) + np.where(doubled > 9, doubled - 9, doubled).sum(axis=1)
    return np.asarray(np.equal(total % 10, 0), np.bool_)


def _mod11_2(
    digits: NDArray[np.int64],
) -> NDArray[np.bool_]:
    total = np.zeros(len(digits), np.int64)
    for column in digits.T:
        total = np.where(column < 0, total, (total * 2 + column) % 11)
    # X stands for ten and only in the last place
    inside = (digits[:, :-1] == 10).any(axis=1)
    return np.asarray(np.equal(total, 1) & ~inside, np.bool_)


def _mod37_36(
    digits: NDArray[np.int64],
) -> NDArray[np.bool_]:
    state = np.full(len(digits), 36, np.int64)
    for place, column in enumerate(digits.T):
        given = column >= 0
        if place == digits.shape[1] - 1:
            return np.asarray(given & np.equal((state % 37 % 36 + column) % 36, 1), np.bool_)
        summed = (state + column) % 36
        state = np.where(given, np.where(summed == 0, 36, summed) * 2 % 37, state)
    return np.zeros(len(digits), np.bool_)


def _mod97_10(
    digits: NDArray[np.int64],
) -> NDArray[np.bool_]:
    total = np.zeros(len(digits), np.int64)
    for column in digits.T:
        total = np.where(
            column < 0, total, np.where(column > 9, total * 100 + column, total * 10 + column) % 97
        )
    return np.asarray(np.equal(total, 1), np.bool_)
