"""Dictionary encoding: the distinct texts of every kind of code, and which integer stands for which.

Inside the pipeline a tube is a number. Numbers are given in the order of the texts, so that sorting by
number is sorting by text; a tube, box or plate is known by its round and its code together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe_kernels import codes as kernels
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = [
    "DOMAINS",
    "ENTITIES",
    "RESIDENT",
    "WELL_PLACES",
    "Dictionaries",
    "Entities",
    "large_texts",
    "text_bytes",
    "well_names",
]

RESIDENT = "RIC"
"""The default document: the resident identity card, GB 11643."""

DOMAINS = {
    "round": "round",
    "tube": "tube",
    "recall_of": "tube",
    "box": "box",
    "plate": "plate",
    "site": "site",
    "point": "point",
    "lab": "lab",
    "target": "target",
    "device": "device",
}
"""Which columns share one set of texts."""

ENTITIES = ("tube", "box", "plate")
"""What is known by round and code together."""

WELL_PLACES = 384
"""Numbers a plate's wells take up, so that plate and well make one number."""


@dataclass(frozen=True, slots=True)
class Entities:
    """Tubes, boxes or plates, numbered in the order of round and code.

    Attributes
    ----------
    rounds, texts : (n,) uint32
        Number of the round and of the code of each.
    """

    rounds: NDArray[np.uint32]
    texts: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.rounds)


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """What the numbers in coded frames stand for.

    Attributes
    ----------
    texts : mapping of Series of String
        Domain to its distinct texts in order; a text's place is its number.
    entities : mapping of Entities
        For tube, box and plate.
    others : DataFrame
        person_type, person of people known by other documents than a well-formed resident ID, in order.
        Person -1 is the first of them, -2 the second.
    sayings : DataFrame
        What collects say beside who, in which tube and when: mode, and if ever given capacity, site,
        point, recall_of, device, event_id and other words. A collect's `attributes_id` is its row here.
    """

    texts: Mapping[str, pl.Series]
    entities: Mapping[str, Entities]
    others: pl.DataFrame
    attribute_sets: pl.DataFrame

    def with_attributes(self, collects: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Put beside collects what they say: all of it, or some columns."""
        asked = self.attribute_sets.select(columns) if columns else self.attribute_sets
        return collects.drop("attributes_id", "later").hstack(asked[collects["attributes_id"]])

    def having_attribute(self, column: str, collects: pl.DataFrame) -> pl.DataFrame:
        """Only the collects that say something in a column."""
        if column not in self.attribute_sets.columns:
            return collects.clear()
        speaks = self.attribute_sets[column].is_not_null()
        return collects if speaks.all() else collects.filter(speaks.gather(collects["attributes_id"]))

    def with_attribute(self, column: str, collects: pl.DataFrame) -> pl.DataFrame:
        """Only the collects that say something in a column, with the column beside them."""
        told = self.having_attribute(column, collects)
        if column not in self.attribute_sets.columns:
            return told.with_columns(pl.lit(None, pl.UInt32).alias(column))
        return self.with_attributes(told, column)

    def text(self, column: str, numbers: pl.Series) -> pl.Series:
        """Write numbers of a column as texts; null stays null."""
        return self.texts[DOMAINS[column]].gather(numbers).alias(column)

    def number(self, column: str, text: str) -> int | None:
        """Give the number of a text, None if it never occurred."""
        texts = self.texts[DOMAINS[column]]
        place = int(texts.search_sorted(text)) if len(texts) else 0
        return place if place < len(texts) and texts[place] == text else None

    def entity(self, column: str, numbers: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Write numbers of tubes, boxes or plates as round and code."""
        known = self.entities[column]
        rounds = pl.Series("round", known.rounds).gather(numbers)
        texts = pl.Series(column, known.texts).gather(numbers)
        return self.text("round", rounds), self.text(column, texts)

    def person(self, keys: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Write person keys as document type and number."""
        types = pl.Series("person_type", [RESIDENT]).new_from_index(0, len(keys))
        other = np.flatnonzero(keys.to_numpy() < 0)
        if len(other):
            found = self.others["person_type"].gather(-1 - keys.to_numpy()[other])
            types = types.scatter(other, found)
        return types, self.person_numbers(keys)

    def person_numbers(self, keys: pl.Series) -> pl.Series:
        """Write person keys as document numbers alone."""
        return pl.Series("person", self.documents(keys.to_numpy(), np.empty))

    def documents(self, keys: NDArray[np.int64], empty: Callable[[int, type], NDArray[Any]]) -> pa.Array:
        """Write person keys as document numbers, into arrays that `empty` gives for a length and a type."""
        others, other_offsets = text_bytes(self.others["person"])
        keys = read_only(keys)
        offsets = empty(len(keys) + 1, np.int64)
        kernels.document_offsets(keys, other_offsets, offsets)
        text = empty(int(offsets[-1]), np.uint8)
        kernels.write_documents(keys, others, other_offsets, offsets, text)
        return large_texts(offsets, text)

    def person_keys(self, people: pl.DataFrame) -> pl.Series:
        """Give the keys of people (person, maybe person_type); null for those who never occurred by another document."""
        text, offsets = text_bytes(people["person"])
        keys = np.empty(people.height, np.int64)
        kernels.parse_resident_ids(text, offsets, keys)
        kinds = pl.lit(None, pl.String)
        if "person_type" in people.columns:
            kinds = pl.col("person_type")
        asked = people.select(kinds.fill_null(RESIDENT).alias("person_type"), pl.col("person"))
        known = self.others.with_columns((-1 - pl.int_range(pl.len(), dtype=pl.Int64)).alias("key"))
        regular = (pl.Series(keys) >= 0) & (asked["person_type"] == RESIDENT)
        found = pl.Series("person", keys)
        if not regular.all():  # few are not: a join of all would take longer than everything before it
            asked = asked.filter(~regular)
            other = asked.join(known, on=["person_type", "person"], how="left", maintain_order="left")["key"]
            found = found.scatter((~regular).arg_true(), other)
        return found

    def person_bounds(self) -> NDArray[np.int64]:
        """For each person of `others` the first regular key that stands behind it in the order of texts.

        Type comes first, then number: a document that sorts before RIC stands before every resident.
        """
        kind, digits, rest = pl.col("person_type"), pl.col("digits"), pl.col("rest")
        length = digits.str.len_chars().cast(pl.Int64)
        power = (17 - length).replace_strict(range(18), [10**n for n in range(18)], return_dtype=pl.Int64)
        below = pl.when(length > 0).then(digits).otherwise(pl.lit("0")).cast(pl.Int64) * power
        head = rest.str.head(1)
        longer = (rest.str.len_chars() > 1).cast(pl.Int64)
        checks_before = (
            pl.when(head < "0").then(0)
            .when(head <= "9").then(head.cast(pl.Int64, strict=False) + longer)
            .when(head < "X").then(10)
            .when(head == "X").then(10 + longer)
            .otherwise(11)
        )  # fmt: skip
        # What follows a short run of digits stands before '0' or behind '9'; so do all that share them.
        behind = (below + pl.when(head > "9").then(power).otherwise(0)) * 11
        bound = pl.when(length == 17).then(below * 11 + checks_before).otherwise(behind)
        return (
            self.others.with_columns(pl.col("person").str.extract(r"^([0-9]{0,17})", 1).alias("digits"))
            .with_columns(pl.col("person").str.slice(pl.col("digits").str.len_chars()).alias("rest"))
            .select(
                pl.when(kind < RESIDENT).then(0)
                .when(kind > RESIDENT).then(np.iinfo(np.int64).max)
                .otherwise(bound).cast(pl.Int64)
            )
            .to_series()
            .to_numpy(writable=True)
        )  # fmt: skip


def text_bytes(values: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Lay texts out end to end: bytes, and (n + 1,) int64 offsets; null is an empty text."""
    array = (values.fill_null("") if values.null_count() else values).to_arrow()
    _, offsets, content = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return (np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8)), starts


def large_texts(
    offsets: NDArray[np.int64], text: NDArray[np.uint8], valid: pa.Buffer | None = None
) -> pa.Array:
    """Texts that lie end to end as Arrow sees them, nothing copied; `valid` is a bitmap of those not null."""
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text), valid
    )


def well_names(numbers: pl.Series, wells: int) -> pl.Series:
    """Write well positions as `A01` to `H12` (96) or `P24` (384); null stays null."""
    columns = 12 if wells == 96 else 24
    names = pl.Series("well", [f"{chr(65 + i // columns)}{i % columns + 1:02d}" for i in range(wells)])
    return names.gather(numbers)
