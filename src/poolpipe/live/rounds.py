"""When each round began: P(infected) is carried on from round to round, in the order of their first swabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.plain_columns import rows_with_value

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
        there = rows_with_value(pools["first_collected"])
        tubes, first = pools["tube"][there], pools["first_collected"][there]
        rounds = codes.rounds_of("tube", tubes.to_numpy())
        rows = pl.DataFrame([pl.Series("round", rounds), tubes, first])
        return cls(_earliest(rows), codes)

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
        return RoundStarts(_earliest(pl.concat([self.rows, more])), self.codes)

    def places(self) -> NDArray[np.int64]:
        """Place of each round, by its number, in the order in which P(infected) is carried on; -1 where it has none."""
        order = self._order()
        places = np.full(len(self.codes.texts("round")), -1)
        places[order] = np.arange(len(order))
        return places

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


def _earliest(rows: pl.DataFrame) -> pl.DataFrame:
    """The earliest row of each round, the earliest first; of one moment that of the least tube."""
    at = rows["first_collected"].to_physical().to_numpy()
    order = np.lexsort((rows["tube"].to_numpy(), at))
    _, firsts = np.unique(rows["round"].to_numpy()[order], return_index=True)
    return rows[order[np.sort(firsts)]]
