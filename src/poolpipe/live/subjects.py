"""Whose an anomaly is, as a number: what is concluded anew of a subject replaces all rows of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct
from poolpipe.live.held_rows import COLLECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.live.held_rows import HeldRows
    from poolpipe.live.neighbourhood import Affected

__all__ = ["SETTLED_CODES", "owners_of_affected", "with_owners"]

SETTLED_CODES: Final = (
    "clock_room_temperature", "clock_cold_store", "clock_result", "clock_pickup", "clock_recall", "unexplained_pool",
    "recall_wrong_lab", "clock_skew", "source_silent",
)  # fmt: skip
"""Anomalies that time alone changes, or that rest on all recalls or arrivals: they are found when somebody reads (`settling`)."""

_SEED = 41


def with_owners(anomalies: pl.DataFrame) -> pl.DataFrame:
    """Add `owner` (uint64) to anomalies, and leave out those of `SETTLED_CODES`."""
    kept = anomalies.filter(~pl.col("code").is_in(SETTLED_CODES))
    kind, subject = pl.col("subject_kind"), pl.col("subject")
    # a well's subject is plate:well; a plate's code may have a colon under some policies, a well's never
    plate = subject.str.replace(r":[^:]*$", "")
    keys = kept.select(
        pl.when(kind == "well").then(pl.lit("plate")).otherwise(kind).alias("kind"),
        pl.when(kind == "event").then(pl.lit("")).otherwise(pl.col("round")).alias("round"),
        pl.when(kind == "well").then(plate).otherwise(subject).alias("subject"),
    )
    return kept.with_columns(keys.hash_rows(seed=_SEED).alias("owner"))


def owners_of_affected(held: HeldRows, affected: Affected) -> NDArray[np.uint64]:
    """The owners of whose anomalies a batch may change, ascending."""
    codes = held.codes
    parts = []
    for kind, numbers in (("tube", affected.tubes), ("box", affected.boxes), ("plate", affected.plates)):
        rounds, texts = codes.entity_parts(kind, numbers)
        parts.append(_keys(kind, codes.texts("round")[rounds], codes.texts(kind)[texts]))
    rows = held.find(COLLECT, "tube", affected.tubes.astype(np.uint32))
    seats = pl.DataFrame(
        [held.column(COLLECT, "person", rows), held.column(COLLECT, "tube", rows).alias("tube")]
    ).unique()
    rounds = codes.rounds_of("tube", seats["tube"].to_numpy())
    types, documents = codes.dictionaries().person(seats["person"])
    parts.append(_keys("person", codes.texts("round")[rounds], types + ":" + documents))
    parts.append(
        _keys(
            "event", pl.Series("round", [""]).new_from_index(0, len(affected.event_ids)), affected.event_ids
        )
    )
    return distinct(np.concatenate([each.hash_rows(seed=_SEED).to_numpy() for each in parts]))


def _keys(kind: str, rounds: pl.Series, subjects: pl.Series) -> pl.DataFrame:
    kinds = pl.Series("kind", [kind]).new_from_index(0, len(subjects))
    return pl.DataFrame([kinds, rounds.alias("round"), subjects.alias("subject")])
