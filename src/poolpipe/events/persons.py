"""Encode a person's document type and number as one 64-bit integer, without loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.cleaning import (
    PLACEHOLDER,
    TRUTH_VALUE,
    clean_codes,
    code_faults,
    is_placeholder,
    is_truth_value,
)
from poolpipe.coding.dictionaries import RESIDENT, text_bytes
from poolpipe.coding.plain_texts import as_text
from poolpipe.events.batches import picked
from poolpipe.events.byte_profile import laid_out
from poolpipe.events.columns import EncodedColumn, one_array
from poolpipe_kernels import codes

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Persons", "capital_check", "persons"]


_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Persons:
    """People of a batch.

    Attributes
    ----------
    keys : (n,) int64
        A well-formed resident ID as `poolpipe_kernels.codes` encodes it, at least 0;
        for every other document -1 minus its row in `others`.
    others : DataFrame
        person_type, person of the other documents.
    missing, bad_length : (n,) bool
    faults : (n,) uint8 or None
        Why a number is not a code, as an index into `cleaning.FAULTS`; None where all are codes.
    """

    keys: NDArray[np.int64]
    others: pl.DataFrame
    missing: NDArray[np.bool_]
    bad_length: NDArray[np.bool_]
    faults: NDArray[np.uint8] | None = None

    def checked(self) -> Persons:
        """Drop the arrays that are used only to find bad rows."""
        nothing = np.zeros(0, np.bool_)
        return Persons(self.keys, self.others, nothing, nothing)

    def kept(self, rows: NDArray[np.int64]) -> Persons:
        """Only some rows."""
        return Persons(self.keys[rows], self.others, self.missing[rows], self.bad_length[rows])


def persons(column: pa.ChunkedArray, types: EncodedColumn | None) -> Persons:
    """Clean a column of document numbers and encode each person as an integer key.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        (n,) document numbers, of any type.
    types : EncodedColumn or None
        (n,) document types; resident ID where it is None or a cell is empty.

    Returns
    -------
    Persons
    """
    array = as_text(one_array(column))
    n = len(array)
    keys = np.empty(n, np.int64)
    codes.parse_resident_ids(*laid_out(array), keys)
    resident = None if types is None else _residents(types)
    if resident is not None:
        keys[~resident] = codes.IRREGULAR
    odd = np.flatnonzero(keys == codes.IRREGULAR)
    missing, bad_length = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    if not len(odd):
        return Persons(keys, _others([], []), missing, bad_length)
    cleaned = clean_codes(pl.Series("person", array.take(picked(odd)), pl.String))
    missing[odd] = cleaned.is_null().to_numpy()
    lengths = cleaned.str.len_chars()
    bad_length[odd] = ((lengths == 0) | (lengths > _LONGEST)).fill_null(value=False).to_numpy()
    faults = _faults(cleaned, odd, n)
    regular = _keys(cleaned)
    if resident is not None:
        regular[~resident[odd]] = codes.IRREGULAR
    keys[odd] = np.where(regular == codes.IRREGULAR, -1 - np.arange(len(odd)), regular)
    kinds = pl.Series([RESIDENT]).new_from_index(0, len(odd)) if types is None else _types(types, odd)
    others = _others(kinds, cleaned)
    others = others.with_columns(capital_check(others["person"], others["person_type"]))
    return Persons(keys, others, missing, bad_length, faults)


def capital_check(numbers: pl.Series, types: pl.Series | None) -> pl.Series:
    """Write the check character `x` of resident IDs as `X`, so that one person is written in one way.

    Parameters
    ----------
    numbers : polars.Series of String
        (n,) cleaned document numbers.
    types : polars.Series of String or None
        (n,) cleaned document types; resident ID where it is None or null.

    Returns
    -------
    polars.Series
        The numbers; only resident IDs of 18 characters that end in `x` are changed.
    """
    small = numbers.str.contains(r"^.{17}x$").fill_null(value=False)
    if types is not None:
        small &= types.fill_null(RESIDENT) == RESIDENT
    if not small.any():
        return numbers
    return pl.select(
        pl.when(small).then(numbers.str.head(17) + "X").otherwise(numbers).alias(numbers.name)
    ).to_series()


def _faults(cleaned: pl.Series, odd: NDArray[np.int64], height: int) -> NDArray[np.uint8] | None:
    """Faults of texts that are no document number: those that are not codes, true or false, and words for an unknown one."""
    found = code_faults(cleaned)
    truth, unknown = is_truth_value(cleaned).to_numpy(), is_placeholder(cleaned).to_numpy()
    if found is None and not truth.any() and not unknown.any():
        return None
    told = np.where(truth, TRUTH_VALUE, 0 if found is None else found)
    faults = np.zeros(height, np.uint8)
    faults[odd] = np.where(unknown, PLACEHOLDER, told)
    return faults


def _others(kinds: object, numbers: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"person_type": kinds, "person": numbers}, schema={"person_type": pl.String, "person": pl.String}
    )


def _residents(types: EncodedColumn) -> NDArray[np.bool_]:
    resident = types.values.fill_null(RESIDENT).is_in([RESIDENT, ""]).to_numpy()
    return types.spread(resident, missing=True).astype(np.bool_)


def _types(types: EncodedColumn, rows: NDArray[np.int64]) -> pl.Series:
    given = types.values.gather(pl.Series(types.rows[rows]).replace(-1, None))
    return given.fill_null(RESIDENT).replace("", RESIDENT)


def _keys(texts: pl.Series) -> NDArray[np.int64]:
    text, offsets = text_bytes(texts)
    keys = np.empty(len(texts), np.int64)
    codes.parse_resident_ids(text, offsets, keys)
    return keys
