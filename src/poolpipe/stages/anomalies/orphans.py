"""Find the tubes that nobody is registered for, and the codes that they may be misread from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.messages import message
from poolpipe.stages.anomalies.rows import more_facts, tube_rows
from poolpipe.tables import ANOMALIES, CALLS
from poolpipe.words import CALL_WORDS, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["GRAVE", "count_unregistered", "of_orphans", "unregistered_warning"]

GRAVE: Final = ("positive", "suspect")
"""Calls after which somebody has to be found."""


def of_orphans(seen: Seen) -> list[pl.DataFrame]:
    """Find the tubes without any collect; the detail names a grave call, and a registered code with leading zeros.

    Returns
    -------
    list of DataFrame
        Anomaly rows `orphan_tube`.
    """
    orphans = seen.asked_pools().filter(pl.col("mode").is_null()).select("tube", "packed_at", "call")
    if orphans.is_empty():
        return [tube_rows(seen, "orphan_tube", orphans, "packed_at")]
    padded = _with_zeros(orphans, seen.pools, seen.codes)
    words = pl.col("call").replace_strict(range(len(CALLS)), CALLS, return_dtype=pl.String)
    call = pl.when(words.is_in(GRAVE)).then(more_facts("grave_call", call=words)).otherwise(pl.lit(""))
    zeros = more_facts("zeros_lost", tube="padded")
    facts = pl.concat_str(pl.lit(ANOMALIES["orphan_tube"].meaning), call, zeros.fill_null(""))
    return [tube_rows(seen, "orphan_tube", orphans.with_columns(padded), "packed_at", facts)]


def _with_zeros(orphans: pl.DataFrame, pools: pl.DataFrame, codes: Dictionaries) -> pl.Series:
    """Give for each orphan the registered tube of its round that has the same number behind zeros; null where none has.

    Parameters
    ----------
    orphans : DataFrame
        tube, of n tubes without a collect.
    pools : DataFrame
        As `stages.pools.gather_pools` gives.
    codes : Dictionaries
        Give the texts.

    Returns
    -------
    (n,) Series of String
        Named `padded`; the smallest code where several fit.
    """
    known = codes.entities["tube"]
    texts, rounds = pl.Series("text", known.texts), pl.Series("round", known.rounds)
    spelt = codes.texts["tube"]
    mine = pl.DataFrame([rounds[orphans["tube"]], spelt[texts[orphans["tube"]]].alias("bare")])
    # Every code of a city may begin with a zero: only those that spell an orphan's number are looked at further.
    bare = spelt.str.strip_chars_start("0")
    similar = pl.DataFrame([spelt.alias("padded"), bare.alias("bare")]).with_row_index("text")
    similar = similar.filter(bare.is_in(mine["bare"].implode())).filter(
        pl.col("padded").str.contains("^0[0-9]+$")
    )
    spells = np.zeros(len(spelt), np.bool_)
    spells[similar["text"].to_numpy()] = True
    places = pools.filter(pl.col("mode").is_not_null() & pl.Series(spells[known.texts])[pools["tube"]])[
        "tube"
    ]
    names = pl.DataFrame([rounds[places], texts[places]]).join(similar, on="text")
    least = names.group_by("round", "bare").agg(pl.col("padded").min())
    return mine.join(least, on=["round", "bare"], how="left", maintain_order="left")["padded"]


def count_unregistered(pools: pl.DataFrame) -> dict[str, int]:
    """Count the tubes without any collect that are positive or suspect: the number of each call, none left out.

    Parameters
    ----------
    pools : DataFrame
        As `stages.pools.gather_pools` gives.
    """
    calls = pools.filter(pl.col("mode").is_null())["call"]
    return {call: int((calls == CALLS.index(call)).sum()) for call in GRAVE}


def unregistered_warning(counted: Mapping[str, int]) -> list[str]:
    """Warn, in both languages, of positive and suspect tubes whose people are unknown; empty where there is none."""
    there = {call: count for call, count in counted.items() if count}
    if not there:
        return []
    told = " and ".join(f"{count:,} {call} tube{'s' if count > 1 else ''}" for call, count in there.items())
    chinese = "、".join(f"{CALL_WORDS[call].chinese} {count:,} 管" for call, count in there.items())
    return [message("unregistered", {"told": Wording(told, chinese)})]
