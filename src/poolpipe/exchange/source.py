"""Read a result folder for exports: its tubes with a call, some at a time, so that a city needs little memory."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.exchange.statements import MEMBER_COLUMNS, POOL_COLUMNS, SCHEMA, revised, statements
from poolpipe.results.written import opened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from poolpipe.results.written import Written

__all__ = ["ResultFolder", "result_folder"]

_TUBE = ("round", "tube")


@contextmanager
def result_folder(folder: Path) -> Iterator[ResultFolder]:
    """Open a result in a `with` block; its tables are verified to be those that its summary names.

    Raises
    ------
    InputError
        If the folder holds no result, or its tables and its summary are of different runs.
    """
    with opened(folder) as written:
        yield ResultFolder(written)


class ResultFolder:
    """The tables of a result that an export needs.

    Attributes
    ----------
    pools : DataFrame
        `statements.POOL_COLUMNS` of the tubes that have a call.
    waiting : int
        How many tubes have no call.
    """

    def __init__(self, written: Written) -> None:
        self._written = written
        pools = pl.read_parquet(written.path("pools"), glob=False, columns=list(POOL_COLUMNS))
        self.pools = pools.filter(pl.col("call").is_not_null() & pl.col("called_at").is_not_null())
        self.waiting = pools.height - self.pools.height
        self._readings: pl.LazyFrame | None = None
        if "readings" in written.tables:
            self._readings = pl.scan_parquet(written.path("readings"), glob=False)

    @property
    def about(self) -> dict[str, Any]:
        """Identity of the result: its moment, its policy and the digest of its summary."""
        summary = self._written.summary
        text = json.dumps(summary, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return {"as_of": summary["as_of"], "policy": summary["policy"], "digest": digest}

    def take_readings(self, readings: pl.DataFrame) -> None:
        """Replace the run's own readings by others.

        Parameters
        ----------
        readings : DataFrame
            As the table `readings`; shared wells are taken from the run's anomalies.
        """
        anomalies = pl.read_parquet(
            self._written.path("anomalies"), glob=False, columns=["code", "round", "subject"]
        )
        shared = anomalies.filter(pl.col("code") == "well_shared").select(
            "round", pl.col("subject").alias("where"), pl.lit(value=True).alias("shared")
        )
        where = pl.format("{}:{}", "plate", "well").alias("where")
        marked = readings.drop("shared").with_columns(where).join(shared, on=("round", "where"), how="left")
        self._readings = marked.drop("where").lazy()

    def stretches(
        self,
        before: pl.LazyFrame | None,
        as_of: datetime,
        *,
        calls: Collection[str] = (),
        tubes: int = 50_000,
    ) -> Iterator[tuple[pl.DataFrame, int]]:
        """Yield the statements to send, some tubes at a time, in the order of round and tube.

        Parameters
        ----------
        before : LazyFrame, optional
            Statements sent before.
        as_of : datetime
            Time of corrections.
        calls : collection of str, optional
            Only these are sent for the first time.
        tubes : int
            How many tubes at a time.

        Yields
        ------
        statements : DataFrame
            Of whole tubes, as `statements.revised` gives them.
        total : int
            How many tubes there are in all.
        """
        told = pl.LazyFrame(schema=SCHEMA) if before is None else before
        wanted = self.pools.filter(pl.col("call").is_in(list(calls))) if calls else self.pools
        every = pl.concat([wanted.select(_TUBE), told.select(_TUBE).collect()]).unique().sort(_TUBE)
        for start in range(0, every.height, tubes):
            stretch = every.slice(start, tubes)
            within = _between(stretch)
            pools, members = (
                table.filter(within).join(stretch.lazy(), on=_TUBE, how="semi").collect()
                for table in (
                    self.pools.lazy(),
                    pl.scan_parquet(self._written.path("members"), glob=False).select(MEMBER_COLUMNS),
                )
            )
            readings = self._of_wells(pools)
            now = statements(pools, members, readings)
            yield revised(now, told.filter(within).collect(), as_of, calls=calls), every.height

    def check(self) -> None:
        """Verify that everything read was of this result.

        Raises
        ------
        InputError
            If another result replaced it meanwhile.
        """
        self._written.check()

    def _of_wells(self, pools: pl.DataFrame) -> pl.DataFrame | None:
        """Readings of the wells that these tubes' calls rest on; None where the run kept none."""
        if self._readings is None:
            return None
        wells = pools.select("round", pl.col("called_by").str.strip_prefix("well ").alias("where"))
        where = pl.format("{}:{}", "plate", "well").alias("where")
        return (
            self._readings.with_columns(where)
            .join(wells.lazy(), on=("round", "where"), how="semi")
            .drop("where")
            .collect()
        )


def _between(stretch: pl.DataFrame) -> pl.Expr:
    """Expression: whether a row lies between the first and the last tube of a range; other row groups are not read."""
    (first_round, first_tube), (last_round, last_tube) = stretch.row(0), stretch.row(-1)
    round_, tube = pl.col("round"), pl.col("tube")
    first, last = pl.lit(first_round), pl.lit(last_round)
    if first_round == last_round:
        return round_.eq(first).and_(tube.is_between(pl.lit(first_tube), pl.lit(last_tube)))
    behind = round_.gt(first).or_(round_.eq(first).and_(tube.ge(pl.lit(first_tube))))
    return behind.and_(round_.lt(last).or_(round_.eq(last).and_(tube.le(pl.lit(last_tube)))))
