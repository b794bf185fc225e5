"""Warn of refused records that may hide a positive: registrations of positive tubes, and results in unknown words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.display import visible
from poolpipe.messages import message
from poolpipe.stages.anomalies.orphans import GRAVE
from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["refused_warning"]

_FEW: Final = 3
"""The most tubes that are named."""

_WORD: Final = r"[^\s,;|\t\"'{}\[\]:]+"
"""What a code may be in the text of a record: a cell of a line, a value of an object."""


def refused_warning(rejects: pl.DataFrame, pools: pl.DataFrame, codes: Dictionaries) -> list[str]:
    """Warn, in both languages, of refused registrations of positive and suspect tubes; empty where there is none.

    Parameters
    ----------
    rejects : DataFrame
        Table `rejects`.
    pools : DataFrame
        As `stages.pools.gather_pools` gives.
    codes : Dictionaries
        Give the texts of the tubes.

    Returns
    -------
    list of str
        At most two sentences: how many refused collects hold the code of such a tube, and which tubes; how many reports are
        refused for the word of their result. A code is found as a whole word of the record, in whatever column
        and round: what a refused record means is not known.
    """
    return [*_registrations(rejects, pools, codes), *_results(rejects)]


def _results(rejects: pl.DataFrame) -> list[str]:
    refused = rejects.filter((pl.col("kind") == "report") & (pl.col("code") == "unknown_call"))
    if refused.is_empty():
        return []
    # The words stay in the table of rejects: in a shifted line the column may hold somebody's name.
    return [message("refused_results", {"count": f"{refused.height:,}"})]


def _registrations(rejects: pl.DataFrame, pools: pl.DataFrame, codes: Dictionaries) -> list[str]:
    refused = rejects.filter((pl.col("kind") == "collect") & pl.col("raw").is_not_null())
    grave = pools.filter(pl.col("call").is_in([CALLS.index(call) for call in GRAVE]))
    if refused.is_empty() or grave.is_empty():
        return []
    tubes = codes.entity("tube", grave["tube"])[1].unique()
    halves = refused["raw"].str.normalize("NFKC")
    words = pl.DataFrame(
        {"record": pl.int_range(len(halves), eager=True), "tube": halves.str.extract_all(_WORD)}
    )
    named = words.explode("tube").unique().filter(pl.col("tube").is_in(tubes.implode()))
    if named.is_empty():
        return []
    counted = named.group_by("tube").len("records").sort(["records", "tube"], descending=[True, False])
    first = counted.head(_FEW)
    told = [
        f"{visible(tube)} ({records:,})"
        for tube, records in zip(first["tube"], first["records"], strict=True)
    ]
    more = "" if counted.height <= _FEW else ", …"
    fields = {"count": f"{named['record'].n_unique():,}", "tubes": ", ".join(told) + more}
    return [message("refused_of_grave", fields)]
