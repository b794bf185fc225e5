"""All events that are held, as numbers that stay (`live_codes`), and the rows in which a tube, box, plate, person or id occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS, ENTITIES
from poolpipe.coding.distinct import distinct
from poolpipe.coding.plain_columns import replaced, rows_with_value, without_nulls
from poolpipe.live.blocks import Blocks
from poolpipe.live.live_codes import LiveCodes
from poolpipe.live.row_index import RowIndex
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.live.live_codes import CodeNumbers

__all__ = ["COLLECT", "HeldRows", "Rows", "hashed_ids"]

Rows = dict[str, "NDArray[np.int64]"]
"""Kind of event to the numbers of some rows, ascending."""

COLLECT = "collect"
_SEED = 31
_INDEXED = {
    "collect": ("tube", "person"),
    "seal": ("tube",),
    "pack": ("tube", "box"),
    "pickup": ("box",),
    "receive": ("box",),
    "load": ("tube", "plate"),
    "read": ("plate",),
    "report": ("tube",),
    "void": ("event",),
}
_IDS = ("event_id", "event")


def hashed_ids(ids: pl.Series) -> pl.Series:
    """64-bit hashes of event ids; null stays null. Ids of one hash are taken for neighbours, which costs time and no truth."""
    hashed = ids.hash(_SEED)
    if not ids.null_count():
        return hashed
    return pl.select(pl.when(ids.is_not_null()).then(hashed)).to_series()


class HeldRows:
    """Events of every kind.

    Attributes
    ----------
    codes : LiveCodes
    frames : dict of Blocks
        By kind: coded columns, as the stages have them, but collects without `later`.
    attribute_sets : Blocks
        As `Dictionaries.attribute_sets`.
    """

    def __init__(self) -> None:
        self.codes = LiveCodes()
        self.frames = {kind: Blocks() for kind in KINDS}
        self.attribute_sets = Blocks()
        self._index = {
            kind: {name: RowIndex() for name in (*columns, "event_id")} for kind, columns in _INDEXED.items()
        }

    def add(self, frames: Mapping[str, pl.DataFrame], codes: Dictionaries) -> Rows:
        """Add events that are not held yet.

        Parameters
        ----------
        frames : mapping of DataFrame
            As `Events.frames`.
        codes : Dictionaries
            Theirs.

        Returns
        -------
        Rows
            Of the added events.
        """
        numbers = self.codes.add(codes)
        first = self.attribute_sets.height
        self.attribute_sets.add(_numbered(codes.attribute_sets, numbers))
        added = {}
        for kind, frame in frames.items():
            if frame.height:
                own = _numbered(frame.drop("later", strict=False), numbers)
                if kind == COLLECT:
                    own = own.with_columns(pl.col("attributes_id").cast(pl.Int64) + first)
                added[kind] = self.frames[kind].add(own)
                self._note(kind, own, added[kind])
        return added

    def as_now(self) -> HeldRows:
        """What is held now, to be read while more is added; nothing of it is copied. Rows are not looked for in it (`find`)."""
        kept = HeldRows()
        kept.codes = self.codes.as_now()
        kept.frames = {kind: frame.as_now() for kind, frame in self.frames.items()}
        kept.attribute_sets = self.attribute_sets.as_now()
        return kept

    def find(self, kind: str, column: str, keys: NDArray[np.generic]) -> NDArray[np.int64]:
        """Rows of a kind by a column: tube, box, plate, person; or event_id, event by their hashes.

        Parameters
        ----------
        kind, column : str
        keys : (k,) whole numbers
            Ascending, each once.
        """
        return self._index[kind][column].find(keys)

    def column(self, kind: str, column: str, rows: NDArray[np.int64]) -> pl.Series:
        """One column of some rows; of collects `event_id` and whatever else an attribute set says, too."""
        frame = self.frames[kind]
        if kind != COLLECT or column in ("at", "tube", "person", "attributes_id"):
            return frame.column(column, rows)
        sets = frame.column("attributes_id", rows).to_numpy()
        places, which = np.unique(sets, return_inverse=True)
        return self.attribute_sets.column(column, places)[which]

    def distinct(self, kind: str, column: str, rows: NDArray[np.int64]) -> NDArray[np.generic]:
        """The distinct values of a column of some rows, ascending, without null; of ids their hashes."""
        if column in _IDS and not self._has(kind, column):
            return np.empty(0, np.uint64)
        values = without_nulls(self.column(kind, column, rows))
        return distinct((hashed_ids(values) if column in _IDS else values).to_numpy())

    def _has(self, kind: str, column: str) -> bool:
        return (self.attribute_sets if kind == COLLECT else self.frames[kind]).has([column])

    def _note(self, kind: str, frame: pl.DataFrame, rows: NDArray[np.int64]) -> None:
        for name, index in self._index[kind].items():
            if name == "event_id" and kind == COLLECT:
                ids = (
                    self.column(kind, name, rows)
                    if self.attribute_sets.has([name])
                    else pl.Series(name, [], pl.String)
                )
            elif name in frame.columns:
                ids = frame[name]
            else:
                continue
            there = rows_with_value(ids)
            keys = hashed_ids(ids) if name in _IDS else ids
            index.add(keys.to_numpy()[there] if len(there) < len(keys) else keys.to_numpy(), rows[there])


def _numbered(frame: pl.DataFrame, numbers: CodeNumbers) -> pl.DataFrame:
    """Write the numbers that stay into a coded frame."""
    columns = []
    for name in frame.columns:
        if name == "person":
            columns.append(pl.Series(name, numbers.people(frame[name].to_numpy())))
        elif name in ENTITIES:
            columns.append(_gathered(frame[name], numbers.entities[name]))
        elif name in DOMAINS:
            columns.append(_gathered(frame[name], numbers.texts[DOMAINS[name]]))
    return replaced(frame, columns)


def _gathered(column: pl.Series, numbers: NDArray[np.uint32]) -> pl.Series:
    return pl.Series(column.name, numbers)[column]
