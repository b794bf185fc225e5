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

from poolpipe.cluster.kept_files import keep, kept_buffer, object_in, parts_of_object
from poolpipe.tables import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["PAIRS", "Routes", "SentRows", "hashed_entities", "keys_in", "pairs_of", "part_of"]

_SEED: Final = 43
_OF_TUBES: Final = ("collect", "seal", "report")
_SAMPLE: Final = ROLES[0]

PAIRS: Final = {"is_plate": pl.Boolean, "tube": pl.UInt64, "other": pl.UInt64, "named": pl.Boolean}
"""A tube and a plate or else a box that an event names together; whether as a control, which may be a tube by its name."""

_ELSEWHERE: Final = ("plates", "boxes", "repacked", "named")
_SENT: Final = {"row": pl.Int64, "part": pl.Int32}


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
    distinct, rows = _distinct_keys(table, column)
    return distinct.gather(rows).alias(column)


def _distinct_keys(table: pa.Table, column: str) -> tuple[pl.Series, pl.Series]:
    """The hashes of distinct tubes, boxes or plates, and each event's row among them; null where there is none."""
    if column not in table.column_names:
        return pl.Series(column, [], pl.UInt64), pl.Series([None], dtype=pl.UInt32).new_from_index(
            0, len(table)
        )
    codes, rows = _coded(table, column)
    if "round" not in table.column_names:
        return _hashed(pl.Series([""]).new_from_index(0, len(codes)), codes), rows
    rounds, of_round = _coded(table, "round")
    pairs = pl.DataFrame([rows.alias("code"), of_round.alias("round")])
    known = pairs.unique().with_row_index("pair")
    found = pairs.join(known, on=["code", "round"], how="left", nulls_equal=True, maintain_order="left")[
        "pair"
    ]
    return _hashed(rounds.gather(known["round"]), codes.gather(known["code"])), found


def _coded(table: pa.Table, column: str) -> tuple[pl.Series, pl.Series]:
    """Texts, and the row of each event among them; plain texts are each a row."""
    array = table[column].combine_chunks()
    if pa.types.is_dictionary(array.type):
        texts = pl.Series(column, array.dictionary.cast(pa.large_string()))
        return texts, pl.Series(array.indices).cast(pl.UInt32)
    return _texts(table, column), pl.int_range(len(table), dtype=pl.UInt32, eager=True)


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
    return rows.unique().select(pl.lit(other == "plate").alias("is_plate"), "tube", "other", "named")


@dataclass(frozen=True, slots=True)
class SentRows:
    """Events in the order in which they are sent: by partition, those that are not counted there first, each in their order.

    Attributes
    ----------
    rows : (n,) int64
        Of the events.
    runs : list of (int, bool, int)
        Partition, whether the events are counted there, and how many there are.
    """

    rows: NDArray[np.int64]
    runs: list[tuple[int, bool, int]]

    @classmethod
    def of(cls, home: pl.Series, extra: list[pl.DataFrame]) -> Self:
        """Order events by where they go.

        Parameters
        ----------
        home : (n,) Series of Int32
            Where each is counted.
        extra : list of DataFrame
            row, part: where else events go; the same may be told twice.
        """
        counted = home.to_numpy().astype(np.int64)
        others = pl.concat([pl.DataFrame(schema=_SENT), *extra])
        if others.height:
            away = others["part"].to_numpy() != counted[others["row"].to_numpy()]
            others = others.filter(pl.Series(away)).unique().sort("row")
        keys = np.concatenate([2 * others["part"].to_numpy().astype(np.int64), 2 * counted + 1])
        rows = np.concatenate([others["row"].to_numpy(), np.arange(len(counted))])
        few = keys.astype(np.uint16) if len(keys) and keys.max() < 1 << 16 else keys  # sorted by their bytes
        order = np.argsort(few, kind="stable")
        sent, counts = np.unique(keys, return_counts=True)
        runs = [
            (key // 2, bool(key % 2), count)
            for key, count in zip(sent.tolist(), counts.tolist(), strict=True)
        ]
        return cls(rows[order], runs)


@dataclass(frozen=True, slots=True)
class Routes:
    """Where everything goes.

    Attributes
    ----------
    parts : int
        How many partitions there are.
    tubes : (n,) uint64
        Hashes of the tubes in a plate or box, sorted.
    homes : (n,) int32
        The partition of each.
    plates, boxes : DataFrame
        key, part: where else than at home each is needed.
    repacked : DataFrame
        key, part: of tubes in several boxes, the homes of these.
    named : DataFrame
        key, part: of tubes that are loaded as a control, where their plates are needed.
    """

    parts: int
    tubes: NDArray[np.uint64]
    homes: NDArray[np.int32]
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
        every = pl.concat([pl.DataFrame(schema=PAIRS), *pairs])
        own = pl.col("other") % parts
        plates = every.filter("is_plate").drop("is_plate")
        boxes = every.filter(~pl.col("is_plate")).drop("is_plate")
        least = (pl.col("other").min() % parts).cast(pl.Int32).alias("part")
        by_plate = plates.group_by("tube").agg(least)
        by_box = boxes.group_by("tube").agg(
            least, (pl.col("other").min() != pl.col("other").max()).alias("several")
        )
        only = by_box.join(by_plate, on="tube", how="anti").select("tube", "part")
        homes = pl.concat([by_plate, only]).sort("tube")

        def needed(pairs: pl.DataFrame) -> pl.DataFrame:
            where = pairs.join(homes, on="tube").select(pl.col("other").alias("key"), "part").unique()
            return where.filter(pl.col("part") != pl.col("key") % parts)

        several = boxes.join(by_box.filter("several"), on="tube", how="semi")
        of_plates = needed(plates)
        named = plates.filter("named").select("tube", "other")
        beside = named.join(of_plates, left_on="other", right_on="key").select("tube", "part")
        at_home = named.select("tube", own.cast(pl.Int32).alias("part"))
        return cls(
            parts,
            homes["tube"].to_numpy(),
            homes["part"].to_numpy(),
            of_plates,
            needed(boxes),
            several.select(pl.col("tube").alias("key"), own.cast(pl.Int32).alias("part")).unique(),
            pl.concat([beside, at_home]).rename({"tube": "key"}).unique(),
        )

    def write(self, folder: Path) -> None:
        """Write them into a new folder: a function that workers are sent would hold them for each task."""
        folder.mkdir()
        np.save(folder / "tubes.npy", self.tubes)
        np.save(folder / "homes.npy", self.homes)
        keep(folder / "elsewhere", parts_of_object([getattr(self, name) for name in _ELSEWHERE]))

    @classmethod
    def read(cls, folder: Path, parts: int) -> Self:
        """Read them from such a folder, the tubes as they are asked for."""
        tubes, homes = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("tubes", "homes"))
        return cls(parts, tubes, homes, *object_in(kept_buffer(folder / "elsewhere")))

    def home_of(self, tubes: pl.Series) -> pl.Series:
        """The partition of tubes, (n,) Int32; null for none."""
        keys = tubes.fill_null(0).to_numpy()
        found = part_of(keys, self.parts)
        if len(self.tubes):
            order = np.argsort(keys)  # asked in their order, they are found 4 times faster among millions
            place = np.empty(len(keys), np.int64)
            place[order] = np.minimum(np.searchsorted(self.tubes, keys[order]), len(self.tubes) - 1)
            found = np.where(self.tubes[place] == keys, self.homes[place], found)
        return (
            pl.Series("part", found).set(tubes.is_null(), None)
            if tubes.null_count()
            else pl.Series("part", found)
        )

    def of_events(self, kind: str, table: pa.Table) -> SentRows:
        """Give the partitions to which each event goes; of voids, which go everywhere, this is not asked.

        Parameters
        ----------
        kind : str
        table : pyarrow.Table
            As `event_blobs.event_table`.
        """
        rows = pl.int_range(len(table), eager=True, dtype=pl.Int64).alias("row")
        nobody = pl.Series([None], dtype=pl.Int32).new_from_index(0, len(table))
        keys = {name: _distinct_keys(table, name) for name in ("tube", "box", "plate")}
        tubes, boxes, plates = (each[0].gather(each[1]) for each in keys.values())
        homes = self.home_of(keys["tube"][0]).gather(keys["tube"][1]) if len(keys["tube"][0]) else nobody
        extra: list[pl.DataFrame] = []
        if kind in _OF_TUBES:
            home = homes
            extra = [self._of(rows, tubes, self.named)] if kind == "collect" else []
        elif kind == "pack":
            home, box = homes, self._own(boxes)
            extra = [
                pl.DataFrame({"row": rows, "part": box}),
                self._of(rows, boxes, self.boxes),
                self._of(rows, tubes, self.repacked),
            ]
        elif kind in ("pickup", "receive"):
            home = self._own(boxes)
            extra = [self._of(rows, boxes, self.boxes)]
        else:
            plate = self._own(plates)
            home = homes.zip_with(tubes.is_not_null(), plate) if kind == "load" else plate
            extra = [pl.DataFrame({"row": rows, "part": plate}), self._of(rows, plates, self.plates)]
        return SentRows.of(home, extra)

    def _own(self, keys: pl.Series) -> pl.Series:
        return (keys % self.parts).cast(pl.Int32)

    @staticmethod
    def _of(rows: pl.Series, keys: pl.Series, where: pl.DataFrame) -> pl.DataFrame:
        if where.is_empty():
            return pl.DataFrame(schema=_SENT)
        return pl.DataFrame({"row": rows, "key": keys}).join(where, on="key").select("row", "part")
