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
    """What the stages found, as coded frames: integers in place of texts; each stage documents its columns.

    Attributes
    ----------
    frames : mapping of str to DataFrame
        Events that count, by kind.
    codes : Dictionaries
        Dictionaries that give the texts back.
    pools : DataFrame
        One row per tube that occurs (`stages.pools`), sorted by tube.
    members : DataFrame
        One row per seat (`stages.links`).
    custody : Custody
        Boxes, journeys and wells of tubes (`stages.custody`).
    calls : Calls
        Calls of tubes, wells and plates (`stages.calls`).
    recalls : DataFrame
        One row per person and recalled tube (`stages.recalls`).
    clocks : DataFrame
        Breached limits (`stages.clocks`).
    several : DataFrame
        Seats of people in several tubes of a round (`people_in_several_tubes`).
    unknown_voids, conflicts : DataFrame
        Voids that hit no event, and event ids with several contents (`stages.voids`).
    plate_wells : int
        Wells of a plate, from the policy.
    rejected_loads : DataFrame
        Plates of which a load was rejected: round (empty for none) and plate; no columns where there is none.
    """

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

    def of_pools(self, tubes: pl.Series, *columns: str) -> pl.DataFrame:
        """Columns of `pools` for some tubes, found by binary search in the sorted column.

        Parameters
        ----------
        tubes : polars.Series
            (n,) uint32 tubes, all in `pools`.
        *columns : str
            Columns of `pools`.

        Returns
        -------
        polars.DataFrame
            n rows, in the order of `tubes`.
        """
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
