"""Parse columns of times: RFC 3339 by a kernel, spreadsheet texts one by one, typed columns by their counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.dictionaries import text_bytes
from poolpipe.coding.plain_texts import as_text
from poolpipe.events.columns import one_array
from poolpipe.events.spreadsheet_times import NO_TIMES, as_rfc3339, why_no_time
from poolpipe.messages import message
from poolpipe_kernels import times

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TIME_FAULTS", "Times", "parse_times", "time_column"]

TIME_FAULTS: Final = (
    "",
    message("time_outside", {}),
    message("time_skipped", {}),
    *(rule for _, rule in NO_TIMES),
)
"""Why a text or value is no time, by number; 0 is a time. Each is the detail of a reject: the rule and the way out."""

_OUTSIDE, _SKIPPED, _TEXTS = 1, 2, 3

_DAY = 86_400_000_000
_END = 7_258_118_400_000_000
"""2200-01-01, UTC, in microseconds: times are valid from 1970-01-01 up to it."""

_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Unit of a typed column to microseconds; nanoseconds are cut."""


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times.

    Attributes
    ----------
    micros : (n,) int64
        Microseconds since 1970, UTC; arbitrary where there is no time.
    missing : (n,) bool
        Whether the cell is empty.
    faults : (n,) uint8 or None
        Why a value is no time, as an index into `TIME_FAULTS`; None where every value given is one.
    """

    micros: NDArray[np.int64]
    missing: NDArray[np.bool_]
    faults: NDArray[np.uint8] | None = None

    def where_told(self) -> NDArray[np.int64] | None:
        """Microseconds, (n,) int64, -1 where a cell is empty; None where all are."""
        return None if self.missing.all() else np.where(self.missing, -1, self.micros)


def time_column(column: pa.ChunkedArray, time_zone: str) -> Times:
    """Read a column of times of any type: texts, timestamps, dates (midnight).

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        (n,) values.
    time_zone : str
        IANA zone of times without offset.

    Returns
    -------
    Times
    """
    array = one_array(column)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_timestamp(kind):
        return _counted(array, kind.unit, None if kind.tz else time_zone)
    if pa.types.is_date(kind):
        return _counted(array, "day" if pa.types.is_date32(kind) else "ms", time_zone)
    return parse_times(pl.Series("values", as_text(array), pl.String), time_zone)


def parse_times(values: pl.Series, time_zone: str) -> Times:
    """Read texts as times. Each distinct text that the kernel does not know is parsed once.

    Parameters
    ----------
    values : Series of String
        (n,) texts; null is missing.
    time_zone : str
        IANA zone of times without offset.

    Returns
    -------
    Times
    """
    micros, kinds = _parsed(values)
    missing, faults = np.zeros(len(values), np.bool_), np.zeros(len(values), np.uint8)
    bad = np.flatnonzero(kinds == times.BAD)
    if len(bad):
        told = values.gather(bad).to_arrow().dictionary_encode()
        rows = pl.Series(told.indices).cast(pl.Int64).fill_null(-1).to_numpy()
        slowly = _read_slowly(clean_codes(pl.Series("values", told.dictionary, pl.String)))
        micros[bad], kinds[bad], faults[bad], missing[bad] = (part[rows] for part in slowly)
    wall = np.flatnonzero(kinds == times.LOCAL)
    if len(wall):
        micros[wall], faults[wall] = _moments(micros[wall], time_zone)
    outside = _beyond(micros, 0, _END - 1)
    if outside is not None:
        faults[outside & (kinds != times.BAD) & (faults == 0)] = _OUTSIDE
    return Times(micros, missing, faults if faults.any() else None)


def _parsed(values: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    text, offsets = text_bytes(values)
    micros, kinds = np.empty(len(values), np.int64), np.empty(len(values), np.uint8)
    times.parse_times(text, offsets, micros, kinds)
    return micros, kinds


def _read_slowly(
    cleaned: pl.Series,
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """Parse distinct texts: microseconds, kind, fault, whether it is missing; one more item stands for null."""
    cleaned = pl.concat([cleaned, pl.Series([None], dtype=pl.String)])
    micros, kinds = _parsed(as_rfc3339(cleaned))
    missing = cleaned.is_null().to_numpy()
    faults = np.zeros(len(cleaned), np.uint8)
    bad = np.flatnonzero((kinds == times.BAD) & ~missing)
    faults[bad] = why_no_time(cleaned.gather(bad)).to_numpy() + _TEXTS
    return micros, kinds, faults, missing


def _counted(array: pa.Array, unit: str, time_zone: str | None) -> Times:
    """Read times that a typed column counts in a unit; local times of `time_zone`, or UTC without one."""
    counts = pl.Series(array.view(pa.int32() if unit == "day" else pa.int64())).cast(pl.Int64)
    missing = counts.is_null().to_numpy() if counts.null_count() else np.zeros(len(counts), np.bool_)
    numbers = (counts.fill_null(0) if counts.null_count() else counts).to_numpy()
    faults = np.zeros(len(counts), np.uint8)
    if unit == "ns":
        micros = numbers // 1_000
    else:
        factor = _DAY if unit == "day" else _MICROS[unit]
        far = _beyond(
            numbers, -_DAY // factor, (_END + _DAY) // factor
        )  # values that would overflow are not multiplied
        if far is not None:
            faults[far] = _OUTSIDE
            numbers = np.where(far, 0, numbers)
        micros = numbers * factor if factor > 1 else numbers
    if time_zone is not None:
        micros, wrong = _moments(micros, time_zone)
        faults = np.maximum(faults, wrong)
    outside = _beyond(micros, 0, _END - 1)
    if outside is not None:
        faults[outside & (faults == 0)] = _OUTSIDE
    faults[missing] = 0
    return Times(micros, missing, faults if faults.any() else None)


def _moments(wall: NDArray[np.int64], time_zone: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Convert local microseconds of a zone to UTC, and find those that do not exist there.

    A local time that occurs twice is the earlier one.
    """
    far = _beyond(wall, -_DAY, _END + _DAY)
    clock = pl.Series(wall if far is None else np.where(far, 0, wall)).cast(pl.Datetime("us"))
    moments = (
        clock.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .to_physical()
    )
    faults = np.zeros(len(wall), np.uint8)
    if moments.null_count():
        faults[moments.is_null().to_numpy()] = _SKIPPED
    if far is not None:
        faults[far] = _OUTSIDE
    return moments.fill_null(0).to_numpy(writable=True), faults


def _beyond(numbers: NDArray[np.int64], least: int, most: int) -> NDArray[np.bool_] | None:
    """Find the numbers outside a range, (n,) bool; None where there is none."""
    if not len(numbers) or (numbers.min() >= least and numbers.max() <= most):
        return None
    return (numbers < least) | (numbers > most)
