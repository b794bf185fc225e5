"""Dictionary encoding: the distinct texts of every kind of code, and the integer of each.

Inside the pipeline a tube is an integer. Integers are numbered in the order of the texts, so that sorting integers
sorts texts; a tube, box or plate is identified by its round and its code together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe_kernels import codes as kernels
from poolpipe_kernels import groups
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = [
    "DOMAINS",
    "ENTITIES",
    "PLATE_SHAPES",
    "RESIDENT",
    "WELL_PLACES",
    "Dictionaries",
    "Entities",
    "large_texts",
    "people_renumbered",
    "resident_keys",
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
"""Column to the domain of its texts; columns of one domain share one dictionary."""

ENTITIES = ("tube", "box", "plate")
"""Columns whose values are identified by round and code together."""

WELL_PLACES = 384
"""Wells per plate in a slot number: slot = plate * 384 + position."""

PLATE_SHAPES = {96: (8, 12), 384: (16, 24)}
"""Rows and columns of a plate by its wells."""


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
    """Dictionaries of all texts that occur; they turn the integers of coded frames back into texts.

    Attributes
    ----------
    texts : mapping of Series of String
        Domain to its distinct texts, sorted; a text's number is its index.
    entities : mapping of Entities
        For tube, box and plate: a number is an index into these.
    others : DataFrame
        person_type, person of people known by other documents than a well-formed resident ID, sorted.
        The key of the first of them is -1, of the second -2.
    attribute_sets : DataFrame
        The distinct combinations of what collects have besides tube, person and time: mode, and where any collect has
        it capacity, site, point, recall_of, device, event_id and other words. A collect's `attributes_id` (uint32) is
        its row here.
    """

    texts: Mapping[str, pl.Series]
    entities: Mapping[str, Entities]
    others: pl.DataFrame
    attribute_sets: pl.DataFrame

    def with_attributes(self, collects: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Add the columns of `attribute_sets` to collects: all of them, or those named."""
        asked = self.attribute_sets.select(columns) if columns else self.attribute_sets
        return collects.drop("attributes_id", "later").hstack(asked[collects["attributes_id"]])

    def having_attribute(self, column: str, collects: pl.DataFrame) -> pl.DataFrame:
        """Keep the collects that have a value in a column of `attribute_sets`.

        Parameters
        ----------
        column : str
            Name of the column.
        collects : DataFrame
            Coded collects with `attributes_id`.

        Returns
        -------
        DataFrame
            Rows of `collects`, in order.
        """
        if column not in self.attribute_sets.columns:
            return collects.clear()
        speaks = self.attribute_sets[column].is_not_null().to_numpy(writable=True)
        if speaks.all():
            return collects
        rows = np.empty(collects.height, np.uint32)  # the system allocates pages only where they are written
        sets = read_only(collects["attributes_id"].to_numpy())
        return collects[rows[: groups.rows_of_marked(sets, speaks, rows)]]

    def with_attribute(self, column: str, collects: pl.DataFrame) -> pl.DataFrame:
        """Keep the collects that have a value in a column of `attribute_sets`, and add that column.

        Parameters
        ----------
        column : str
            Name of the column.
        collects : DataFrame
            Coded collects with `attributes_id`.

        Returns
        -------
        DataFrame
            Rows of `collects`, in order, with `column`.
        """
        told = self.having_attribute(column, collects)
        if column not in self.attribute_sets.columns:
            return told.with_columns(pl.lit(None, pl.UInt32).alias(column))
        return self.with_attributes(told, column)

    def text(self, column: str, numbers: pl.Series) -> pl.Series:
        """Turn numbers of a column into texts.

        Parameters
        ----------
        column : str
            A key of `DOMAINS`; the name of the result.
        numbers : Series
            (n,) uint32 numbers; null stays null.

        Returns
        -------
        Series of String
        """
        return self.texts[DOMAINS[column]][numbers].alias(column)

    def number(self, column: str, text: str) -> int | None:
        """Find the number of a text.

        Parameters
        ----------
        column : str
            A key of `DOMAINS`.
        text : str
            As it was cleaned.

        Returns
        -------
        int or None
            None where the text does not occur.
        """
        texts = self.texts[DOMAINS[column]]
        place = int(texts.search_sorted(text)) if len(texts) else 0
        return place if place < len(texts) and texts[place] == text else None

    def entity(self, column: str, numbers: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Turn numbers of tubes, boxes or plates into their rounds and codes.

        Parameters
        ----------
        column : {"tube", "box", "plate"}
            Which of them.
        numbers : Series
            (n,) uint32 numbers; null stays null.

        Returns
        -------
        rounds, codes : Series of String
            Named `round` and `column`.
        """
        known = self.entities[column]
        rounds = pl.Series("round", known.rounds)[numbers]
        texts = pl.Series(column, known.texts)[numbers]
        return self.text("round", rounds), self.text(column, texts)

    def person(self, keys: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Turn person keys (int64) into document types and numbers."""
        types = pl.Series("person_type", [RESIDENT]).new_from_index(0, len(keys))
        other = np.flatnonzero(keys.to_numpy() < 0)
        if len(other):
            found = self.others["person_type"].gather(-1 - keys.to_numpy()[other])
            types = types.scatter(other, found)
        return types, self.person_numbers(keys)

    def person_numbers(self, keys: pl.Series) -> pl.Series:
        """Turn person keys (int64) into document numbers."""
        return pl.Series("person", self.documents(keys.to_numpy(), np.empty))

    def documents(self, keys: NDArray[np.int64], empty: Callable[[int, type], NDArray[Any]]) -> pa.Array:
        """Turn person keys into document numbers.

        Parameters
        ----------
        keys : (n,) int64
            Keys of people.
        empty : callable
            Gives an uninitialised array for a length and a type; the result lies in two of these.

        Returns
        -------
        pyarrow.Array
            (n,) large_string.
        """
        others, other_offsets = text_bytes(self.others["person"])
        keys = read_only(keys)
        offsets = empty(len(keys) + 1, np.int64)
        kernels.document_offsets(keys, other_offsets, offsets)
        text = empty(int(offsets[-1]), np.uint8)
        kernels.write_documents(keys, others, other_offsets, offsets, text)
        return large_texts(offsets, text)

    def person_keys(self, people: pl.DataFrame) -> pl.Series:
        """Give the keys (int64) of people in a frame with person and perhaps person_type.

        Null for a person with another document than a resident ID who does not occur in the events.
        """
        kinds = pl.lit(None, pl.String)
        if "person_type" in people.columns:
            kinds = pl.col("person_type")
        asked = people.select(kinds.fill_null(RESIDENT).alias("person_type"), pl.col("person"))
        known = self.others.with_columns((-1 - pl.int_range(pl.len(), dtype=pl.Int64)).alias("key"))
        found = pl.Series("person", resident_keys(asked))
        regular = found >= 0
        # Few are left: a join of all rows would take longer than the rest of this function.
        if not regular.all():
            asked = asked.filter(~regular)
            other = asked.join(known, on=["person_type", "person"], how="left", maintain_order="left")["key"]
            found = found.scatter((~regular).arg_true(), other)
        return found

    def person_bounds(self) -> NDArray[np.int64]:
        """For each person of `others`, the least resident-ID key (int64) that sorts after it.

        People sort by type, then number: a document type that sorts before RIC comes before every resident.
        """
        if self.others.is_empty():
            return np.empty(0, np.int64)
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
        # What follows a short run of digits sorts before '0' or behind '9'; so do all that share them.
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


def resident_keys(people: pl.DataFrame) -> NDArray[np.int64]:
    """Give the keys of resident IDs, (n,) int64; `codes.IRREGULAR` for every other document.

    Parameters
    ----------
    people : DataFrame
        person_type and person, (n,); a type that is null is no resident ID's.
    """
    text, offsets = text_bytes(people["person"])
    keys = np.empty(people.height, np.int64)
    kernels.parse_resident_ids(text, offsets, keys)
    keys[~(people["person_type"] == RESIDENT).fill_null(value=False).to_numpy()] = kernels.IRREGULAR
    return keys


def people_renumbered(keys: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give people with other documents other keys; a resident ID is its own key.

    Parameters
    ----------
    keys : (n,) int64
        Of people; ``-1 - k`` of other document k.
    others : (k,) int64
        The key that each other document gets.

    Returns
    -------
    (n,) int64
        The keys themselves where nobody has another document: of a city they are 200 MB.
    """
    other = np.flatnonzero(keys < 0)
    if not len(other):
        return keys
    renumbered = keys.copy()
    renumbered[other] = others[-1 - keys[other]]
    return renumbered


def text_bytes(values: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Give texts as UTF-8 bytes, one after the other, and (n + 1,) int64 offsets, to read only; null becomes an empty text."""
    array = (values.fill_null("") if values.null_count() else values).to_arrow()
    _, offsets, content = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8)
    return read_only(text), read_only(starts)


def large_texts(
    offsets: NDArray[np.int64], text: NDArray[np.uint8], valid: pa.Buffer | None = None
) -> pa.Array:
    """Make an Arrow array of texts over numpy arrays, without a copy.

    Parameters
    ----------
    offsets : (n + 1,) int64
        Where each text begins in `text`.
    text : (bytes,) uint8
        UTF-8 of the texts, one after the other.
    valid : pyarrow.Buffer, optional
        Validity bitmap: 0 where a text is null; None where none is.

    Returns
    -------
    pyarrow.Array
        (n,) large_string.
    """
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text), valid
    )


def well_names(numbers: pl.Series, wells: int) -> pl.Series:
    """Turn well positions into names: `A01` to `H12` (96 wells) or `P24` (384).

    Parameters
    ----------
    numbers : Series
        (n,) positions from 0, row by row; null stays null.
    wells : {96, 384}
        Wells of the plate.

    Returns
    -------
    Series of String
        Named `well`.
    """
    _, columns = PLATE_SHAPES[wells]
    names = pl.Series("well", [f"{chr(65 + i // columns)}{i % columns + 1:02d}" for i in range(wells)])
    return names.gather(numbers)
