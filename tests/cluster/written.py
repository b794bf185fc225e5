"""Results as they are written, compared byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def unlike(mine: Path, yours: Path) -> list[str]:
    """Names of the files of two results that differ; every table and the summary are looked at."""
    names = sorted(
        {
            path.name
            for folder in (mine, yours)
            for path in folder.iterdir()
            if path.suffix in (".parquet", ".json")
        }
    )
    assert len(names) > 10
    return [
        name
        for name in names
        if not ((mine / name).exists() and (yours / name).exists())
        or (mine / name).read_bytes() != (yours / name).read_bytes()
    ]
