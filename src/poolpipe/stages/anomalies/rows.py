"""What every anomaly row has, and what is looked at to find them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import ANOMALIES, TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.stages.calls import Calls
    from poolpipe.stages.custody import Custody

__all__ = ["NOTHING", "Seen", "entity_rows", "rows", "tube_rows"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the stages found, coded; see each stage for its columns."""

    frames: Mapping[str, pl.DataFrame]
    codes: Dictionaries
    pools: pl.DataFrame
    members: pl.DataFrame
    custody: Custody
    calls: Calls
    recalls: pl.DataFrame
    clocks: pl.DataFrame
    several: pl.DataFrame
    unknown_voids: pl.DataFrame
    conflicts: pl.DataFrame
    plate_wells: int
    rejected_loads: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Plates of which a load was rejected: round (empty for none) and plate; no column at all where none is known."""

    def of_pools(self, tubes: pl.Series, *columns: str) -> pl.DataFrame:
        """Columns of some tubes' rows in `pools`, which is sorted by tube: nobody is searched for among millions."""
        rows = self.pools["tube"].to_numpy().searchsorted(tubes.to_numpy())
        return self.pools.select(columns)[rows]


NOTHING = pl.DataFrame(schema={"round": pl.String, "subject": pl.String, "at": TIME, "facts": pl.String})
"""No subject at all."""


def rows(code: str, subjects: pl.DataFrame, way_out: tuple[str, str] | None = None) -> pl.DataFrame:
    """Make anomaly rows of subjects: round, subject, at, and the facts as a text.

    The detail a clerk reads is the facts and the way out, then the Chinese name and way out; `way_out` is another than
    the code's, in both languages.
    """
    anomaly = ANOMALIES[code]
    english, chinese = way_out or (anomaly.way_out, anomaly.way_out_chinese)
    return subjects.select(
        pl.lit(code).alias("code"),
        pl.lit(anomaly.severity).alias("severity"),
        pl.col("round").cast(pl.String),
        pl.lit(anomaly.subject_kind).alias("subject_kind"),
        pl.col("subject").cast(pl.String),
        pl.col("at").cast(TIME),
        (pl.col("facts") + pl.lit(f"; {english}; {anomaly.chinese}：{chinese}")).alias("detail"),
    )


def tube_rows(
    seen: Seen,
    code: str,
    tubes: pl.DataFrame,
    at: str,
    facts: pl.Expr | None = None,
    way_out: tuple[str, str] | None = None,
) -> pl.DataFrame:
    """Make rows about tubes, `at` being the column of the moment. As `entity_rows`."""
    return entity_rows(seen, code, "tube", tubes, at, facts, way_out)


def entity_rows(
    seen: Seen,
    code: str,
    column: str,
    frame: pl.DataFrame,
    at: str,
    facts: pl.Expr | None = None,
    way_out: tuple[str, str] | None = None,
) -> pl.DataFrame:
    """Make rows about tubes, boxes or plates, one per number in `column`; the first of each counts.

    Without facts the meaning of the code is told.
    """
    if frame.is_empty():
        return rows(code, NOTHING)
    told = pl.lit(ANOMALIES[code].meaning) if facts is None else facts
    frame = frame.unique(column, keep="first", maintain_order=True)
    rounds, texts = seen.codes.entity(column, frame[column])
    subjects = frame.select(pl.col(at).cast(TIME).alias("at"), told.alias("facts"))
    return rows(code, subjects.with_columns(rounds.alias("round"), texts.alias("subject")), way_out)
