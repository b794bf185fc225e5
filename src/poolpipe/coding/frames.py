"""Take frames of any library that offers the Arrow C stream (pandas, pyarrow, DuckDB, polars) as polars frames."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeGuard, runtime_checkable

import polars as pl
import pyarrow as pa

from poolpipe.display import withhold_values
from poolpipe.errors import TableError
from poolpipe.words import Wording

__all__ = ["ArrowStream", "Frame", "as_frame", "is_frame"]


@runtime_checkable
class ArrowStream(Protocol):
    """An object with the Arrow C stream interface: a frame of pandas, a table of pyarrow, a relation of DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give a PyCapsule named ``arrow_array_stream``."""
        ...


Frame = pl.DataFrame | pl.LazyFrame | ArrowStream
"""Types accepted wherever a frame is an argument."""

_INDEX = re.compile(r"__index_level_\d+__")
"""How pandas names an index without a name: row numbers, which are no column of the user's."""


def is_frame(given: object) -> TypeGuard[Frame]:
    """Tell whether `as_frame` may take this as a frame; nothing is read.

    >>> is_frame(pl.DataFrame()), is_frame("scans.csv")
    (True, False)
    """
    return isinstance(given, pl.DataFrame | pl.LazyFrame | ArrowStream)


def as_frame(given: object, name: str) -> pl.DataFrame:
    """Take a frame of any library as a polars frame, without a copy where the types allow it.

    Parameters
    ----------
    given : polars.DataFrame, polars.LazyFrame, or an object with ``__arrow_c_stream__``
        pandas DataFrames, pyarrow Tables, RecordBatches and RecordBatchReaders and DuckDB relations have it. A
        lazy frame is collected, a reader is used up, and a pandas index without a name is left out.
    name : str
        What errors call the frame.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    TableError
        If it is no frame, or holds values that have no Arrow type, such as a pandas column of texts and numbers.

    Notes
    -----
    The Arrow PyCapsule interface: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_frame(pa.table({"tube": ["T1"]}), "collect")["tube"].to_list()
    ['T1']
    """
    if isinstance(given, pl.DataFrame):
        return given
    if not is_frame(given):
        raise TableError.of("no_frame", where=name, type=_kind_of(given))
    try:
        frame = given.collect() if isinstance(given, pl.LazyFrame) else pl.DataFrame(_Stream(given))
    except (pl.exceptions.PolarsError, pa.ArrowException, TypeError, ValueError) as error:
        kind, why = _kind_of(given), _first_line(error)
        raise TableError.of(_code(given, error), where=name, type=kind, why=why) from error
    return frame.drop([column for column in frame.columns if _INDEX.fullmatch(column)])


class _Stream:
    """Only the Arrow C stream of an object, so that frames of every library are imported in one way."""

    def __init__(self, given: ArrowStream) -> None:
        self._given = given

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._given.__arrow_c_stream__(requested_schema)


def _code(given: Frame, error: Exception) -> str:
    """The message for a frame that cannot be read, by what its reader can do."""
    if isinstance(given, pl.LazyFrame):  # its own query fails, not how it is handed over
        return "broken_query"
    if isinstance(error, pl.exceptions.DuplicateError):
        return "broken_names"
    if isinstance(error, pl.exceptions.SchemaError):  # a single column has a stream, too
        return "broken_column"
    return "broken_frame"


def _kind_of(given: Any) -> Wording:
    kind = type(given)
    home = kind.__module__.partition(".")[0]
    called = kind.__name__ if home == "builtins" else f"{home}.{kind.__name__}"
    article = "an" if called[0].lower() in "aeio" else "a"
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping):
        inside = sorted({type(each).__name__ for each in given} if isinstance(given, list | tuple) else ())
        if inside:
            return Wording(f"{article} {called} of {', '.join(inside)}", f"{'、'.join(inside)} 的 {called}")
    return Wording(f"{article} {called}", called)


def _first_line(error: Exception) -> str:
    """A library's message without the values it quotes, which may identify a person."""
    told = ", ".join(map(str, error.args)) or type(error).__name__
    return withhold_values(told.splitlines()[0])
