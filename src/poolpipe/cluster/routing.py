"""Which partition concludes each tube, box and plate, and to which partitions each event goes.

A tube is at home where the least of its plates is, so that a plate's tubes and readings are together; a tube without a plate where
the least of its boxes is. A box and a plate are needed at home and wherever one of their tubes is at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.tables import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["PAIRS", "Routes", "hashed_entities", "keys_in", "pairs_of", "part_of"]

_SEED: Final = 43
_OF_TUBES: Final = ("collect", "seal", "report")
_SAMPLE: Final = ROLES[0]

PAIRS: Final = {"kind": pl.String, "tube": pl.UInt64, "other": pl.UInt64, "named": pl.Boolean}
"""A tube and a plate or box that an event names together; whether as a control, which may be a tube by its name."""


def _hashed(rounds: pl.Series, codes: pl.Series) -> pl.Series:
    """Hash tubes, boxes or plates by their round and code, (n,) UInt64; null for those without a code."""
    both = pl.DataFrame([rounds.fill_null("").alias("round"), codes.alias("code")])
    keys = both.hash_rows(seed=_SEED)
    return keys.set(codes.is_null(), None) if codes.null_count() else keys


def hashed_entities(rounds: pl.Series, codes: pl.Series) -> NDArray[np.uint64]:
    """The same as an array, of codes without null."""
    return _hashed(rounds, codes).to_numpy()


def part_of(keys: NDArray[np.uint64], parts: int) -> NDArray[np.int32]:
    """The partition of a box or plate, or of a tube that names neither."""
    return (keys % np.uint64(parts)).astype(np.int32)


def keys_in(table: pa.Table, column: str) -> pl.Series:
    """Hashes of the tubes, boxes or plates of some events, (n,) UInt64; null where there is none."""
    if column not in table.column_names:
        return pl.Series(column, [None], pl.UInt64).new_from_index(0, len(table))
    codes = _texts(table, column)
    rounds = (
        _texts(table, "round")
        if "round" in table.column_names
        else pl.Series("round", [""]).new_from_index(0, len(table))
    )
    return _hashed(rounds, codes).alias(column)


def _texts(table: pa.Table, column: str) -> pl.Series:
    return pl.Series(column, table[column].cast(pa.large_string()))


def pairs_of(kind: str, table: pa.Table) -> pl.DataFrame:
    """List the tubes that load or pack events name together with plates or boxes, as `PAIRS`, each pair once."""
    other = {"load": "plate", "pack": "box"}[kind]
    named = pl.Series([False]).new_from_index(0, len(table))
    if kind == "load":
        named = (_texts(table, "role") != _SAMPLE).fill_null(value=True)
    rows = pl.DataFrame(
        {"tube": keys_in(table, "tube"), "other": keys_in(table, other), "named": named}
    ).drop_nulls(["tube", "other"])
    return rows.unique().select(pl.lit(other).alias("kind"), "tube", "other", "named")


@dataclass(frozen=True, slots=True)
class Routes:
    """Where everything goes.

    Attributes
    ----------
    parts : int
        How many partitions there are.
    homes : DataFrame
        tube, part: of tubes in a plate or box.
    plates, boxes : DataFrame
        key, part: where else than at home each is needed.
    repacked : DataFrame
        key, part: of tubes in several boxes, the homes of these.
    named : DataFrame
        key, part: of tubes that are loaded as a control, where their plates are needed.
    """

    parts: int
    homes: pl.DataFrame
    plates: pl.DataFrame
    boxes: pl.DataFrame
    repacked: pl.DataFrame
    named: pl.DataFrame

    @classmethod
    def of(cls, pairs: Iterable[pl.DataFrame], parts: int) -> Self:
        """Find the routes of events.

        Parameters
        ----------
        pairs : iterable of DataFrame
            As `pairs_of`, of all load and pack events.
        parts : int
        """
        every = pl.concat([pl.DataFrame(schema=PAIRS), *pairs]).unique()
        own = pl.col("other") % parts
        plates, boxes = (every.filter(pl.col("kind") == kind).drop("kind") for kind in ("plate", "box"))
        by_plate = plates.group_by("tube").agg(pl.col("other").min() % parts)
        by_box = (
            boxes.join(by_plate, on="tube", how="anti").group_by("tube").agg(pl.col("other").min() % parts)
        )
        homes = pl.concat([by_plate, by_box]).select("tube", pl.col("other").cast(pl.Int32).alias("part"))

        def needed(pairs: pl.DataFrame) -> pl.DataFrame:
            where = pairs.join(homes, on="tube").select(pl.col("other").alias("key"), "part").unique()
            return where.filter(pl.col("part") != pl.col("key") % parts)

        several = boxes.filter(pl.len().over("tube") > 1)
        of_plates = needed(plates)
        named = plates.filter("named").select("tube", "other")
        beside = named.join(of_plates, left_on="other", right_on="key").select("tube", "part")
        at_home = named.select("tube", own.cast(pl.Int32).alias("part"))
        return cls(
            parts,
            homes,
            of_plates,
            needed(boxes),
            several.select(pl.col("tube").alias("key"), own.cast(pl.Int32).alias("part")).unique(),
            pl.concat([beside, at_home]).rename({"tube": "key"}).unique(),
        )

    def home_of(self, tubes: pl.Series) -> pl.Series:
        """The partition of tubes, (n,) Int32; null for none."""
        asked = pl.DataFrame({"tube": tubes})
        found = asked.join(self.homes, on="tube", how="left", maintain_order="left")
        return found.select(
            pl.coalesce("part", (pl.col("tube") % self.parts).cast(pl.Int32)).alias("part")
        ).to_series()

    def of_events(self, kind: str, table: pa.Table) -> pl.DataFrame:
        """Give the partitions to which each event goes.

        Parameters
        ----------
        kind : str
        table : pyarrow.Table
            As `event_blobs.event_table`.

        Returns
        -------
        DataFrame
            row, part (Int32), owned: whether the event is counted there; each row is owned once. Sorted by part, owned and row.
        """
        rows = pl.int_range(len(table), eager=True, dtype=pl.Int64).alias("row")
        if kind == "void":
            every = pl.DataFrame({"part": pl.int_range(self.parts, eager=True, dtype=pl.Int32)})
            owned = (pl.col("part") == 0).alias("owned")
            return rows.to_frame().join(every, how="cross").with_columns(owned).sort("part", "owned", "row")
        keys = {name: keys_in(table, name) for name in ("tube", "box", "plate")}
        if kind in _OF_TUBES:
            home = self.home_of(keys["tube"])
            extra = [self._of(rows, keys["tube"], self.named)] if kind == "collect" else []
        elif kind == "pack":
            home = self.home_of(keys["tube"])
            box = self._own(keys["box"])
            extra = [
                pl.DataFrame({"row": rows, "part": box}),
                self._of(rows, keys["box"], self.boxes),
                self._of(rows, keys["tube"], self.repacked),
            ]
        elif kind in ("pickup", "receive"):
            home = self._own(keys["box"])
            extra = [self._of(rows, keys["box"], self.boxes)]
        else:
            plate = self._own(keys["plate"])
            home = plate
            if kind == "load":
                home = self.home_of(keys["tube"]).zip_with(keys["tube"].is_not_null(), plate)
            extra = [pl.DataFrame({"row": rows, "part": plate}), self._of(rows, keys["plate"], self.plates)]
        counted = pl.DataFrame({"row": rows, "part": home.cast(pl.Int32)})
        others = pl.concat([counted.clear(), *extra]).unique().join(counted, on=["row", "part"], how="anti")
        both = (counted, True), (others, False)
        return pl.concat([each.with_columns(pl.lit(owned).alias("owned")) for each, owned in both]).sort(
            "part", "owned", "row"
        )

    def _own(self, keys: pl.Series) -> pl.Series:
        return (keys % self.parts).cast(pl.Int32)

    @staticmethod
    def _of(rows: pl.Series, keys: pl.Series, where: pl.DataFrame) -> pl.DataFrame:
        nothing = pl.DataFrame(schema={"row": pl.Int64, "part": pl.Int32})
        if where.is_empty():
            return nothing
        return pl.DataFrame({"row": rows, "key": keys}).join(where, on="key").select("row", "part")
