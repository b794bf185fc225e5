"""A store is one and the same wherever it lies and however it is named: links, blanks, the folder one stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from poolpipe import cli
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def city(tmp_path: Path) -> Path:
    path = tmp_path / "全市 ?%20#仓库"
    with Store(path) as store:
        store.ingest({"collect": pl.DataFrame({"at": ["2022-02-10 08:00"], "tube": "T1", "person": "E1"})})
    (tmp_path / "here").symlink_to(path.name)
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "far" / "link").symlink_to(tmp_path / "here")
    return path


@pytest.mark.parametrize(
    ("stands", "named"),
    [
        (".", "here"),
        ("far", "link"),
        ("far/away", "../link/"),
        ("here", "."),
        ("here", ""),
        ("here/tables", ".."),
        ("here/tables/collect", "../.."),
    ],
)
def test_store__is_found_with_its_key(
    stands: str, named: str, city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(city.parent / stands)
    with Store(named, create=False) as store:
        assert store.run().members["person"].to_list() == ["E1"]
        assert store.key_file.samefile(f"{city}.key")
        store.ingest({"seal": pl.DataFrame({"at": ["2022-02-10 08:10"], "tube": "T1", "swabs": 1})})
        assert store.check() == []
    with Store(city) as store:
        assert store.version == 2


def test_key_beside_a_link__comes_first(city: Path) -> None:
    link = city.parent / "here"
    (city.parent / "here.key").write_bytes(city.with_name(f"{city.name}.key").read_bytes())
    with Store(link) as store:
        assert store.key_file == city.parent / "here.key"


def test_what_the_system_says__is_told_in_both_languages() -> None:
    told = cli._not_done(OSError(30, "Read-only file system", "city/.writing.lock"))
    assert "Read-only file system 文件系统只读" in told.message
