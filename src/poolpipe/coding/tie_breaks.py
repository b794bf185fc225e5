"""Decide between events of one moment: the larger content counts, compared as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS, ENTITIES, well_names
from poolpipe.coding.plain_columns import filled
from poolpipe.tables import CALLS, EVENTS, MODES, ROLES
from poolpipe_kernels import journeys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["NOBODY", "keys_of", "largest_of_ties", "last_rows", "tie_breaks", "with_tie_breaks"]

NOBODY = 2**32 - 1
"""No tube, box or plate has this number."""

_FIXED = {"mode": MODES, "role": ROLES, "call": CALLS}


def last_rows(
    frame: pl.DataFrame, column: str, groups: int, kind: str, codes: Dictionaries
) -> NDArray[np.int32]:
    """Find the row of the last event by `at` of each tube, box or plate; a tie goes to the larger content.

    Parameters
    ----------
    frame : DataFrame
        Coded events of one kind.
    column : str
        The coded column that identifies them; rows with null are passed over.
    groups : int
        How many there are of them.

    Returns
    -------
    (groups,) int32
        Row numbers, -1 where there is none.
    """
    keys = keys_of(frame, column)
    at = frame["at"].to_physical().to_numpy()
    rows, tied = np.full(groups, -1, np.int32), np.zeros(groups, np.bool_)
    journeys.latest_rows(keys, at, rows, tied)
    if tied.any():
        named = np.flatnonzero(keys != NOBODY)
        doubtful = named[tied[keys[named]]]
        doubtful = doubtful[at[doubtful] == at[rows[keys[doubtful]]]]
        candidates = frame[doubtful].with_columns(pl.Series("row", doubtful))
        chosen = largest_of_ties(candidates, [column], kind, codes)
        rows[keys_of(chosen, column)] = chosen["row"].to_numpy()
    return rows


def largest_of_ties(frame: pl.DataFrame, by: list[str], kind: str, codes: Dictionaries) -> pl.DataFrame:
    """Keep the event of the largest content of each group.

    Parameters
    ----------
    frame : DataFrame
        Coded events of one kind; those of a group have one `at`.
    by : list of str
        Columns that are equal within a group.
    kind : str
        Kind of the events.
    codes : Dictionaries
        Give the texts that are compared.

    Returns
    -------
    DataFrame
        One row per group.
    """
    ranked, names = with_tie_breaks(frame, kind, codes)
    return ranked.sort(names).unique(by, keep="last", maintain_order=True).drop(names)


def with_tie_breaks(frame: pl.DataFrame, kind: str, codes: Dictionaries) -> tuple[pl.DataFrame, list[str]]:
    """Add each event's content as columns to sort by.

    Parameters
    ----------
    frame, kind, codes
        As in `tie_breaks`.

    Returns
    -------
    frame : DataFrame
        With one more column `content_…` for each column of `tie_breaks`.
    names : list of str
        The names of those columns, in the order in which they are compared.
    """
    order = tie_breaks(frame, kind, codes)
    names = [f"content_{name}" for name in order.columns]
    return frame.hstack(order.rename(dict(zip(order.columns, names, strict=True)))), names


def tie_breaks(frame: pl.DataFrame, kind: str, codes: Dictionaries) -> pl.DataFrame:
    """Write every cleaned column but `at` and `sent_at` as text, for comparing events of one moment.

    Parameters
    ----------
    frame : DataFrame
        Coded events of one kind.
    kind : str
        Kind of the events.
    codes : Dictionaries
        Give the texts.

    Returns
    -------
    DataFrame
        Texts, columns in alphabetical order; empty where a value is missing.
    """
    if "attributes_id" in frame.columns:
        frame = codes.with_attributes(frame)
    columns: dict[str, pl.Series] = {}
    for name in EVENTS[kind].columns:
        if name == "person":
            columns["person_type"], columns["person"] = codes.person(frame["person"])
        elif name in ENTITIES and name in frame.columns:
            columns[name] = codes.entity(name, frame[name])[1]
        elif name in DOMAINS and name in frame.columns:
            columns[name] = codes.text(name, frame[name])
        elif name in _FIXED and name in frame.columns:
            columns[name] = pl.Series(name, _FIXED[name]).gather(frame[name])
        elif name == "well":
            columns[name] = well_names(frame[name], 384)
        elif name in frame.columns and name not in ("at", "sent_at"):
            columns[name] = frame[name].cast(pl.String)
    return pl.DataFrame(
        [filled(columns[name], "").alias(name) for name in EVENTS[kind].columns if name in columns]
    )


def keys_of(frame: pl.DataFrame, column: str) -> NDArray[np.uint32]:
    """Give a coded column as a flat array.

    Parameters
    ----------
    frame : DataFrame
        Coded events.
    column : str
        A column of numbers.

    Returns
    -------
    (n,) uint32
        `NOBODY` for null.
    """
    return filled(frame[column].cast(pl.UInt32), NOBODY).to_numpy()
