"""Round the figures of `--json` for people, and count people of equal figures instead of repeating them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["few_digits", "groups"]


def few_digits(row: dict[str, Any]) -> dict[str, Any]:
    """Round floats to six digits; one just below 1 keeps four digits of what is missing from 1.

    Examples
    --------
    >>> few_digits({"tests": 0.10811843079730292, "npv": 0.99995432198765, "people": 19})
    {'tests': 0.108118, 'npv': 0.99995432, 'people': 19}
    """
    return {name: _rounded(value) if isinstance(value, float) else value for name, value in row.items()}


def groups(people: pl.DataFrame) -> list[dict[str, object]]:
    """Count people for whom a design promises the same, in the order of the first of each.

    Parameters
    ----------
    people : polars.DataFrame
        A row per person; the column `person` is left out.

    Returns
    -------
    list of dict
        `people`, their number, and the figures that they share, rounded.
    """
    import polars as pl

    rows = pl.DataFrame([few_digits(row) for row in people.drop("person").iter_rows(named=True)])
    counted = rows.group_by(rows.columns, maintain_order=True).agg(pl.len().alias("people"))
    return counted.select("people", *rows.columns).to_dicts()


def _rounded(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    digits = 5 - math.floor(math.log10(abs(value)))
    if 0.9 < value < 1:
        digits = max(digits, 3 - math.floor(math.log10(1 - value)))
    return round(value, digits)
