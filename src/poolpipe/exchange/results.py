"""One record a tube that has a call, with its members and Ct values: what every format is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["CALL_WORDS", "Member", "Result", "results"]

CALL_WORDS = {
    "positive": ("detected", "阳性"),
    "suspect": ("inconclusive", "可疑"),
    "negative": ("not detected", "阴性"),
    "invalid": ("invalid", "无效"),
}
POOL_COLUMNS = (
    "round",
    "tube",
    "mode",
    "capacity",
    "lab",
    "plate",
    "well",
    "call",
    "called_at",
    "first_collected",
)
MEMBER_COLUMNS = ("round", "tube", "person_type", "person", "collected_at", "position")


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a tube."""

    person_type: str
    person: str
    collected_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Result:
    """A tube's result. `cts` holds (target, ct); ct None is undetermined. `mode` is None for an orphan tube."""

    round: str
    tube: str
    mode: str | None
    call: str
    called_at: datetime
    lab: str | None
    collected_at: datetime | None
    plate: str | None
    well: str | None
    members: tuple[Member, ...]
    cts: tuple[tuple[str, float | None], ...] = ()

    @property
    def pooled(self) -> bool:
        """Whether it is a pool and not one person's tube."""
        return self.mode == "pool"

    @property
    def mixture(self) -> str:
        """`10:1 mixed` or `single`, in both languages, as the report form wants it."""
        return f"{len(self.members)}:1 mixed 混采" if self.pooled else "single 单采"


def results(
    pools: pl.DataFrame, members: pl.DataFrame, readings: pl.DataFrame | None = None
) -> Iterator[Result]:
    """Results of the tubes that have a call, in the order of round and tube.

    Parameters
    ----------
    pools, members : DataFrame
        Tables of the contract, section 3.
    readings : DataFrame, optional
        `plate`, `well`, `target`, `ct` and, where there are rounds, `round`; the smallest Ct of a target counts and a
        number goes before undetermined.

    Yields
    ------
    Result
        Nothing for a tube without call: it has not been tested, so nobody is told anything.

    Raises
    ------
    TableError
        A table lacks a column.
    """
    for name, table, needed in (("pools", pools, POOL_COLUMNS), ("members", members, MEMBER_COLUMNS)):
        if absent := sorted(set(needed) - set(table.columns)):
            raise TableError(
                f"no column {', '.join(absent)}", where=name, way_out="hand over the run's own table"
            )
    people: dict[tuple[str, str], list[Member]] = {}
    for row in members.sort("round", "tube", "position").select(MEMBER_COLUMNS).iter_rows():
        people.setdefault(row[:2], []).append(Member(*row[2:]))
    cts = _cts(readings)
    called = pools.filter(pl.col("call").is_not_null() & pl.col("called_at").is_not_null())
    for facts in called.sort("round", "tube").select(POOL_COLUMNS).iter_rows(named=True):
        key = (facts["round"], facts["tube"])
        well = (facts["round"], facts["plate"], facts["well"])
        yield Result(
            *key, facts["mode"], facts["call"], facts["called_at"], facts["lab"], facts["first_collected"], facts["plate"],
            facts["well"], tuple(people.get(key, ())), tuple(cts.get(well, ())),
        )  # fmt: skip


def _cts(readings: pl.DataFrame | None) -> dict[tuple[str, str, str], list[tuple[str, float | None]]]:
    """(target, smallest ct) by round, plate and well."""
    if readings is None or not readings.height:
        return {}
    if "round" not in readings.columns:
        readings = readings.with_columns(round=pl.lit(""))
    least = readings.group_by("round", "plate", "well", "target").agg(pl.col("ct").min())
    cts: dict[tuple[str, str, str], list[tuple[str, float | None]]] = {}
    for row in least.sort("round", "plate", "well", "target").iter_rows():
        cts.setdefault((row[0] or "", row[1], row[2]), []).append((row[3], row[4]))
    return cts
