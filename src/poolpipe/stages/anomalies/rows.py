"""Make anomaly rows, and hold the stages' results from which anomalies are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.messages.facts import FACTS, MORE_FACTS
from poolpipe.tables import ANOMALIES, TABLES, TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.stages.calls import Calls
    from poolpipe.stages.custody import Custody

__all__ = ["NOTHING", "Seen", "entity_rows", "facts", "more_facts", "rows", "tube_rows"]


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
    asked : (tubes,) bool, optional
        Of each tube of `codes` whether anybody asks for the anomalies of its row in `pools`; by default of all.
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
    asked: NDArray[np.bool_] | None = None

    def asked_pools(self) -> pl.DataFrame:
        """The rows of `pools` whose anomalies are asked for."""
        if self.asked is None:
            return self.pools
        return self.pools[np.flatnonzero(self.asked[self.pools["tube"].to_numpy()])]

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
"""A frame without any subject."""

_NO_ROWS = pl.DataFrame(schema={column.name: column.dtype for column in TABLES["anomalies"]})


def rows(
    code: str,
    subjects: pl.DataFrame,
    way_out: tuple[str, str] | None = None,
    subject_kind: str | None = None,
) -> pl.DataFrame:
    """Make anomaly rows of subjects.

    Parameters
    ----------
    code : str
        A key of `ANOMALIES`.
    subjects : DataFrame
        round, subject, at, and the facts as a text.
    way_out : tuple of (str, str), optional
        English and Chinese way out in place of the code's.
    subject_kind : str, optional
        Column of `subjects` with the kind of each, in place of the code's.

    Returns
    -------
    DataFrame
        Columns as `tables.TABLES["anomalies"]`; detail holds facts and way out, then the Chinese name and way out.
    """
    if subjects.is_empty():  # most rules find nothing in a batch: forty empty frames take as long as all else
        return _NO_ROWS
    anomaly = ANOMALIES[code]
    english, chinese = way_out or (anomaly.way_out, anomaly.way_out_chinese)
    return subjects.select(
        pl.lit(code).alias("code"),
        pl.lit(anomaly.severity).alias("severity"),
        pl.col("round").cast(pl.String),
        (pl.col(subject_kind) if subject_kind else pl.lit(anomaly.subject_kind)).alias("subject_kind"),
        pl.col("subject").cast(pl.String),
        pl.col("at").cast(TIME),
        (pl.col("facts") + pl.lit(f"; {english}; {anomaly.chinese}：{chinese}")).alias("detail"),
    )


def facts(name: str, **fields: str | pl.Expr) -> pl.Expr:
    """The facts of a detail, from the columns that its template names.

    Parameters
    ----------
    name : str
        A key of `messages.facts.FACTS`.
    **fields : str or polars.Expr
        Column or expression of each field of the template.
    """
    return _filled(FACTS[name].english, fields)


def more_facts(name: str, **fields: str | pl.Expr) -> pl.Expr:
    """What may stand behind the facts of a detail: as `facts`, of `messages.facts.MORE_FACTS`."""
    return _filled(MORE_FACTS[name].english, fields)


def _filled(template: str, fields: Mapping[str, str | pl.Expr]) -> pl.Expr:
    pieces = list(Formatter().parse(template))
    text = "".join(part + ("{}" if name else "") for part, name, *_ in pieces)
    given = [fields[name] for _, name, *_ in pieces if name]
    return pl.format(text, *given) if given else pl.lit(text)


def tube_rows(
    seen: Seen,
    code: str,
    tubes: pl.DataFrame,
    at: str,
    facts: pl.Expr | None = None,
    way_out: tuple[str, str] | None = None,
) -> pl.DataFrame:
    """Make anomaly rows about tubes.

    Parameters
    ----------
    seen, code, at, facts, way_out
        As in `entity_rows`.
    tubes : DataFrame
        Coded, with a column tube.

    Returns
    -------
    DataFrame
        As `rows`.
    """
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
    """Make anomaly rows about tubes, boxes or plates, one per number in `column`; the first row of each counts.

    Parameters
    ----------
    seen : Seen
        Gives the texts.
    code : str
        A key of `ANOMALIES`.
    column : {"tube", "box", "plate"}
        What the rows are about.
    frame : DataFrame
        Coded, with the columns `column` and `at`.
    at : str
        Name of the column with the time.
    facts : polars.Expr, optional
        Text for each row of `frame`; by default the code's meaning.
    way_out : tuple of (str, str), optional
        English and Chinese way out in place of the code's.

    Returns
    -------
    DataFrame
        As `rows`.
    """
    if frame.is_empty():
        return rows(code, NOTHING)
    told = pl.lit(ANOMALIES[code].meaning) if facts is None else facts
    frame = frame.unique(column, keep="first", maintain_order=True)
    rounds, texts = seen.codes.entity(column, frame[column])
    subjects = frame.select(pl.col(at).cast(TIME).alias("at"), told.alias("facts"))
    return rows(code, subjects.with_columns(rounds.alias("round"), texts.alias("subject")), way_out)
