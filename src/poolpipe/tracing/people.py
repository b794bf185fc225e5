"""People of a household who were never swabbed have no number among the documents of the events: they are given one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["with_strangers"]


def with_strangers(codes: Dictionaries, strangers: pl.DataFrame) -> tuple[Dictionaries, NDArray[np.int64]]:
    """Give people with other documents than resident IDs, who do not occur in the events, a key.

    Parameters
    ----------
    codes : Dictionaries
        Dictionaries of the events.
    strangers : DataFrame
        person_type, person: distinct, and none of `codes.others`.

    Returns
    -------
    codes : Dictionaries
        With these people among the others, in order.
    keys : (others + strangers,) int64
        The new key of each: of the others in their order, then of the strangers.
    """
    known = codes.others.select("person_type", "person")
    if strangers.is_empty():
        return codes, -1 - np.arange(known.height)
    both = pl.concat([known, strangers.select(known.columns)]).with_row_index("row")
    both = both.sort("person_type", "person")
    keys = np.empty(both.height, np.int64)
    keys[both["row"].to_numpy()] = -1 - np.arange(both.height)
    return replace(codes, others=both.drop("row")), keys
