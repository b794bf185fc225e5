"""What tasks leave as files is read back as it was, and is there whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.cluster.kept_files import keep, kept_buffer, object_in, parts_of_object

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = datetime(2022, 4, 4, 8, tzinfo=UTC)


def test_object__is_read_back_as_it_was(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "tube": ["T1", None, "管"],
            "at": [MOMENT, None, MOMENT],
            "call": [1, None, 3],
            "late": [True, None, False],
        },
        schema={"tube": pl.String, "at": pl.Datetime("us", "UTC"), "call": pl.UInt8, "late": pl.Boolean},
    )
    given: dict[str, Any] = {
        "frame": frame, "some": frame[1:], "none": frame.clear(), "nothing": pl.DataFrame(),
        "series": frame["tube"].alias("other"), "array": np.arange(5, dtype=np.uint32), "told": [("a", 1)],
    }  # fmt: skip
    keep(tmp_path / "kept", parts_of_object(given))
    back = object_in(kept_buffer(tmp_path / "kept"))
    for name in ("frame", "some", "none", "nothing"):
        assert back[name].equals(given[name])
        assert back[name].schema == given[name].schema
    assert back["series"].equals(given["series"])
    assert back["series"].name == "other"
    assert back["array"].tolist() == [0, 1, 2, 3, 4]
    assert back["array"].dtype == np.uint32
    assert back["told"] == [("a", 1)]


def test_large_arrays__are_read_from_the_file_without_a_copy(tmp_path: Path) -> None:
    keep(tmp_path / "kept", parts_of_object(np.arange(1 << 16)))
    buffer = kept_buffer(tmp_path / "kept")
    back = object_in(buffer)
    begin = back.__array_interface__["data"][0]
    assert buffer.address <= begin < buffer.address + buffer.size
    assert begin % 64 == 0


def test_file__is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    keep(tmp_path / "kept", [b"first"])

    def parts() -> Any:
        yield b"sec"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        keep(tmp_path / "kept", parts())
    assert (tmp_path / "kept").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"], "what was begun is removed"
