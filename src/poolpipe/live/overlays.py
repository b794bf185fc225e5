"""A table of rows by tube or subject, of which some are concluded anew again and again: the rows concluded last count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.coding.spans import spread_spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Overlaid", "by_tube"]

_MOST = 24
"""Layers above the lowest: each is looked at for every tube that is asked for."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Rows of some tubes or subjects, sorted by them; some of them may have none."""

    keys: NDArray[Any]
    rows: pl.DataFrame

    def of(self, keys: NDArray[Any], by: str) -> pl.DataFrame:
        known = self.rows[by].to_numpy()
        wanted = keys.astype(known.dtype)
        spans = np.searchsorted(known, wanted, side="left"), np.searchsorted(known, wanted, side="right")
        return self.rows[spread_spans(*spans)]


class Overlaid:
    """A table at one version. It never changes: `folded` gives the next.

    Parameters
    ----------
    base : DataFrame
        All rows, sorted by their key; those of a key in the order of the table.
    by : {"tube", "owner"}
        The column that is the key.
    """

    def __init__(self, base: pl.DataFrame, by: str = "tube", layers: tuple[_Layer, ...] = ()) -> None:
        self._base, self._by, self._layers = base, by, layers
        self._whole: pl.DataFrame | None = None
        self._counts: list[
            NDArray[np.uint32]
        ] = []  # of the base, once they were asked for: those of all versions

    def folded(self, keys: NDArray[Any], rows: pl.DataFrame) -> Overlaid:
        """Replace all rows of some keys.

        Parameters
        ----------
        keys : (n,) whole numbers
            Ascending.
        rows : DataFrame
            Of these only, sorted by key.
        """
        layers = (*self._layers, _Layer(keys, rows))
        later = Overlaid(self._base, self._by, layers if len(layers) <= _MOST else (self._joined(layers),))
        later._counts = self._counts
        return later

    def of(self, keys: NDArray[Any]) -> pl.DataFrame:
        """The rows of some keys, ascending, sorted by key."""
        found, left = [], keys
        for layer in reversed(self._layers):
            here = np.intersect1d(left, layer.keys, assume_unique=True)
            if len(here):
                found.append(layer.of(here, self._by))
                left = np.setdiff1d(left, here, assume_unique=True)
        found.append(_Layer(left, self._base).of(left, self._by))
        return pl.concat(found).sort(self._by, maintain_order=True)

    def counts(self, keys: int) -> NDArray[np.uint32]:
        """How many rows each key has, (keys,), by the key's number; without a copy of the rows."""
        if not self._counts:
            self._counts.append(_counts_of(self._base[self._by]))
        counts = np.zeros(keys, np.uint32)
        of_base = self._counts[0][:keys]
        counts[: len(of_base)] = of_base
        for layer in self._layers:
            counts[layer.keys] = 0
            own = _counts_of(layer.rows[self._by])  # of these keys only
            counts[: len(own)] += own
        return counts

    def whole(self) -> pl.DataFrame:
        """All rows: of a key in the order of the table, keys in no order."""
        if self._whole is None:
            self._whole = self.select()
        return self._whole

    def select(self, *columns: str) -> pl.DataFrame:
        """Some columns of all rows, or all of them."""
        base = self._base.select(columns) if columns else self._base
        if not self._layers:
            return base
        top = self._joined(self._layers)
        self._layers = (top,)  # the same rows: who folds next begins with one layer
        kept = base.filter(~_among(self._base[self._by].to_numpy(), top.keys))
        return pl.concat([kept, top.rows.select(columns) if columns else top.rows])

    def _joined(self, layers: tuple[_Layer, ...]) -> _Layer:
        """One layer in place of several, of which the later ones count."""
        if len(layers) == 1:
            return layers[0]
        number = np.arange(len(layers))
        every = np.concatenate([layer.keys for layer in layers])
        layer_of = np.repeat(number, [len(layer.keys) for layer in layers])
        order = np.lexsort((layer_of, every))
        ends = np.append(every[order][1:] != every[order][:-1], np.ones(min(len(every), 1), np.bool_))
        keys, last = every[order][ends], layer_of[order][ends]
        rows = pl.concat([layer.rows for layer in layers])
        own = rows[self._by].to_numpy().astype(keys.dtype)
        of_row = np.repeat(number, [layer.rows.height for layer in layers])
        kept = np.flatnonzero(last[np.searchsorted(keys, own)] == of_row)
        return _Layer(keys, rows[kept[np.argsort(own[kept], kind="stable")]])


def _counts_of(column: pl.Series) -> NDArray[np.uint32]:
    """How often each number is in an ascending column, by the number."""
    numbers = column.to_numpy()
    begins = np.flatnonzero(np.append(np.ones(min(len(numbers), 1), np.bool_), numbers[1:] != numbers[:-1]))
    counts = np.zeros(int(numbers[-1]) + 1 if len(numbers) else 0, np.uint32)
    counts[numbers[begins]] = np.diff(np.append(begins, len(numbers)))
    return counts


def by_tube(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort rows by tube; those of a tube stay in their order."""
    return rows.sort("tube", maintain_order=True)


def _among(numbers: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.bool_]:
    if not len(wanted) or not len(numbers):
        return np.zeros(len(numbers), np.bool_)
    if numbers.dtype == np.uint64:  # hashes
        place = np.minimum(np.searchsorted(wanted, numbers), len(wanted) - 1)
        return np.asarray(wanted[place] == numbers, np.bool_)
    marks = np.zeros(int(max(numbers.max(), wanted.max())) + 1, np.bool_)
    marks[wanted] = True
    return np.asarray(marks[numbers], np.bool_)
