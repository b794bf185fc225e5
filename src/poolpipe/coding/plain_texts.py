"""Convert values of any Arrow type to texts before they are cleaned; no value raises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["as_text", "holds_bytes", "is_plain", "json_lines"]

_EXACT = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}
"""Bits of a float type to the least whole number that it cannot tell from the next (IEEE 754)."""


def as_text(array: pa.Array) -> pa.Array:
    """Write values of any type as texts.

    Whole floats and decimals are written without their point, floats too large to be exact always with an
    exponent, as ``9.9e+17``; NaN is null, bytes that are no text are null, lists and records are JSON.
    """
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return array
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    for holds, written in _WRITERS:
        if holds(kind):
            return written(array)
    try:
        return array.cast(pa.large_string())
    except pa.ArrowException:  # durations, intervals
        return pa.array([str(value) if value.is_valid else None for value in array], pa.large_string())


def _read_bytes(array: pa.Array) -> pl.Series:
    """Decode bytes as UTF-8 texts; null where they are not UTF-8."""
    try:
        return pl.Series("values", array).cast(pl.String)
    except pl.exceptions.PolarsError:  # one by one, where some bytes are not UTF-8
        texts = [None if value is None else value.decode(errors="replace") for value in array.to_pylist()]
        decoded = pl.Series("values", texts, pl.String)
        return pl.select(pl.when(~decoded.str.contains("\ufffd", literal=True)).then(decoded)).to_series()


def is_plain(kind: pa.DataType) -> bool:
    """Whether all libraries used here support a type: texts, numbers, booleans, times and dates; others become texts."""
    if pa.types.is_dictionary(kind):
        return bool(pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))
    return any(bool(holds(kind)) for holds in _PLAIN)


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether a type's values are bytes, which may be texts."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(bool(holds(value)) for holds in _BYTES)


def json_lines(table: pa.Table) -> list[str]:
    """Write records as JSON, a line each: numbers and truth values as they are, everything else as its text."""
    if not table.num_columns:
        return ["{}"] * table.num_rows
    columns = [column.combine_chunks() for column in table.columns]
    told = [
        column if any(holds(column.type) for holds in _PLAIN_IN_JSON) else as_text(column)
        for column in columns
    ]
    frame = pl.DataFrame([pl.Series(name, each) for name, each in zip(table.column_names, told, strict=True)])
    return frame.write_ndjson().splitlines()


def _floats(array: pa.Array) -> pa.Array:
    bits = array.type.bit_width
    values = pl.Series("values", array.cast(pa.float32()) if bits == 16 else array).fill_nan(None)
    exact = values.abs() < _EXACT[bits]
    integers = pl.when(exact & (values == values.round(0))).then(values).cast(pl.Int64, strict=False)
    texts = values.cast(pl.String)
    others = pl.lit(texts) if exact.all() else pl.when(exact).then(texts).otherwise(_inexact(texts, values))
    return pl.select(pl.coalesce(integers.cast(pl.String), others)).to_series().to_arrow()


def _inexact(texts: pl.Series, values: pl.Series) -> pl.Expr:
    """Write large floats with an exponent, as most of them are: `12345678.0` as `1.2345678e+7`, infinity as a sign."""
    digits = texts.str.strip_chars_start("-").str.replace(r"\.0$", "")
    exponent = digits.str.len_chars().cast(pl.Int64) - 1
    written = pl.format("{}.{}e+{}", digits.str.head(1), digits.str.slice(1), exponent)
    unsigned = pl.when(values.is_infinite()).then(pl.lit("∞")).otherwise(written)
    signed = pl.when(values < 0).then("-" + unsigned).otherwise(unsigned)
    return pl.when(texts.str.contains("e")).then(texts).otherwise(signed)


def _decimals(array: pa.Array) -> pa.Array:
    """Write decimals exactly, whatever their size; Arrow writes a zero as `0E-10`."""
    if array.type.scale < 0:
        array = array.cast(pa.decimal256(76, 0))
    texts = pl.Series("values", array.cast(pa.large_string())).str.replace("^-?0E.*$", "0")
    return texts.str.replace(r"(\.[0-9]*?)0*$", "$1").str.strip_chars_end(".").to_arrow()


def _nested(array: pa.Array) -> pa.Array:
    """Write lists, records, maps and unions as JSON, value by value, because polars panics on some of them."""
    return pa.array([_json(value) for value in array], pa.large_string())


def _json(value: pa.Scalar) -> str | None:
    if not value.is_valid:
        return None
    try:
        return json.dumps(value.as_py(), ensure_ascii=False, default=str)
    except (
        ValueError,
        OverflowError,
        TypeError,
        pa.ArrowException,
    ):  # a date beyond Python's, a damaged text
        return json.dumps({"unreadable": str(value.type)})


def _moments(array: pa.Array) -> pa.Array:
    """Write times as their type counts them, in UTC where the type has a zone, known or not."""
    texts = array.cast(pa.int64()).cast(pa.timestamp(array.type.unit)).cast(pa.large_string())
    return texts if array.type.tz is None else (pl.Series("values", texts) + "Z").to_arrow()


def _large(array: pa.Array) -> pa.Array:
    return as_text(
        array.cast(pa.large_string() if pa.types.is_string_view(array.type) else pa.large_binary())
    )


_WRITERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (pa.types.is_dictionary, lambda array: as_text(array.dictionary_decode())),
    (pa.types.is_run_end_encoded, lambda array: as_text(pc.run_end_decode(array))),
    (lambda kind: isinstance(kind, pa.BaseExtensionType), lambda array: as_text(array.storage)),
    (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_timestamp, _moments),
    (pa.types.is_nested, _nested),
    (pa.types.is_large_binary, lambda array: _read_bytes(array).to_arrow()),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind), _large),
    (lambda kind: pa.types.is_string_view(kind) or pa.types.is_binary_view(kind), _large),
)

_PLAIN_IN_JSON = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
)
_PLAIN = (*_PLAIN_IN_JSON, pa.types.is_null, pa.types.is_timestamp, pa.types.is_date)
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
)
