"""Frames of every library come in by the Arrow C stream, and what is none is refused by name."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from poolpipe.coding.frames import as_frame, is_frame
from poolpipe.errors import TableError

ROWS = {"tube": ["T1", "007", None], "swabs": [10, 9, 8]}
TABLE = pa.table(ROWS)


def relation():
    return duckdb.sql("select * from (values ('T1', 10), ('007', 9), (null, 8)) as seals(tube, swabs)")


FRAMES = {
    "polars": lambda: pl.DataFrame(ROWS),
    "lazy": lambda: pl.LazyFrame(ROWS),
    "pandas": lambda: pd.DataFrame(ROWS),
    "pyarrow table": lambda: TABLE,
    "pyarrow batch": lambda: TABLE.to_batches()[0],
    "pyarrow reader": lambda: pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches()),
    "duckdb": relation,
}


@pytest.mark.parametrize("library", FRAMES)
def test_frame__of_any_library_is_taken(library):
    given = FRAMES[library]()
    assert is_frame(given)
    assert as_frame(given, "seal").to_dict(as_series=False) == ROWS


def test_frame__of_polars_is_not_copied():
    frame = pl.DataFrame(ROWS)
    assert as_frame(frame, "seal") is frame


def test_pandas__index_without_a_name_is_no_column():
    frame = pd.DataFrame(ROWS)
    assert as_frame(frame[frame["swabs"] < 10], "seal").columns == ["tube", "swabs"]
    named = as_frame(frame.dropna().set_index("tube"), "seal")
    assert sorted(named.columns) == ["swabs", "tube"]


def test_pandas__missing_values_are_null():
    frame = pd.DataFrame({"ct": [31.5, float("nan")], "tube": ["T1", None]})
    assert as_frame(frame, "read").rows() == [(31.5, "T1"), (None, None)]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (42, "read: an int is no frame"),
        ("scans.csv", "read: a str is no frame"),
        ([{"tube": "T1"}], "read: a list of dict is no frame .*polars.DataFrame"),
        (None, "read: a NoneType is no frame"),
        (pl.Series("tube", ["T1"]), r"polars.Series cannot be read as a frame.*to_frame\(\)"),
        (pd.Series(["T1"]), r"pandas.Series cannot be read as a frame.*to_frame\(\)"),
        (TABLE["tube"], "pyarrow.ChunkedArray cannot be read as a frame"),
        (pd.DataFrame({"tube": ["T1", 7]}), "pandas.DataFrame cannot be read .*one type"),
        (pl.LazyFrame(ROWS).select("box"), r"polars.LazyFrame cannot be read as a frame.*frame\.collect\(\)"),
        (
            TABLE.rename_columns(["tube", "tube"]),
            "pyarrow.Table cannot be read as a frame.*rename the columns",
        ),
    ],
)
def test_what_is_no_frame__is_refused_by_name(given, why):
    with pytest.raises(TableError, match=why):
        as_frame(given, "read")


def test_refusal__quotes_no_value():
    with pytest.raises(TableError) as refused:
        as_frame(pd.DataFrame({"person": [110101199003070038, "E1"]}), "collect")
    assert "110101199003070038" not in str(refused.value)


def test_pandas__is_never_imported_by_us():
    code = (
        "import sys, polars as pl, poolpipe; "
        "frame = pl.DataFrame({'at': ['2022-02-10T08:00:00Z'], 'tube': ['T1'], 'person': ['1']}); "
        "poolpipe.links(frame); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
