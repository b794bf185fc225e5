"""When each round began: P(infected) is carried on from round to round, in the order of their first swabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.live.live_codes import LiveCodes
    from poolpipe.live.overlays import Overlaid

__all__ = ["RoundStarts"]


@dataclass(frozen=True, slots=True)
class RoundStarts:
    """The earliest tube of each round.

    Attributes
    ----------
    rows : DataFrame
        round (number), tube, first_collected: one row a round in which somebody was collected.
    codes : LiveCodes
        Of the numbers.
    """

    rows: pl.DataFrame
    codes: LiveCodes

    @classmethod
    def of(cls, pools: pl.DataFrame, codes: LiveCodes) -> RoundStarts:
        """Find them among all tubes."""
        collected = pools.filter(pl.col("first_collected").is_not_null()).select("tube", "first_collected")
        rounds = codes.rounds_of("tube", collected["tube"].to_numpy())
        first = (
            collected.with_columns(pl.Series("round", rounds))
            .sort("first_collected", "tube")
            .unique("round", keep="first", maintain_order=True)
        )
        return cls(first.select("round", "tube", "first_collected"), codes)

    def tubes(self) -> NDArray[np.int64]:
        """These tubes, ascending: a neighbourhood must know the rounds' order."""
        found = self.rows["tube"].to_numpy().astype(np.int64)
        return np.sort(found)

    def without(self, tubes: NDArray[np.int64], pools: Overlaid) -> RoundStarts:
        """The earliest of each round among the tubes that are not concluded anew."""
        if not np.isin(self.rows["tube"].to_numpy(), tubes).any():
            return self
        others = pools.select("tube", "first_collected")
        return self.of(others.filter(~np.isin(others["tube"].to_numpy(), tubes)), self.codes)

    def joined(self, pools: pl.DataFrame) -> RoundStarts:
        """With other tubes, which were concluded anew."""
        more = self.of(pools, self.codes).rows
        every = pl.concat([self.rows, more]).sort("first_collected", "tube")
        return RoundStarts(every.unique("round", keep="first", maintain_order=True), self.codes)

    def same_order(self, later: RoundStarts) -> bool:
        """Whether the rounds that both have follow each other in the same order."""
        if self.rows.height < 2:
            return True
        mine, theirs = self._order(), later._order()
        return [each for each in mine if each in theirs] == [each for each in theirs if each in mine]

    def _order(self) -> list[int]:
        names = self.codes.texts("round")[self.rows["round"]]
        ordered = self.rows.with_columns(names.alias("name")).sort("first_collected", "name")
        return ordered["round"].to_list()
