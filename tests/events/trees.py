"""Random folders as campaigns leave them: scans in any form beside whatever else lies in a folder, links and pipes too."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import stat
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.tables import TABLES

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

FOLDERS = ("", "collect", "第1轮", "round=1", "d/e", "round=2/collect")
SUMMARY: dict[str, Any] = {"as_of": None, "policy": {}, "files": [], "rows": {"pools": 0, "members": 0}}


@dataclass
class Tree:
    """A folder that is being filled, and how many records can be read from it.

    Attributes
    ----------
    tubes : set of str
        A tube for each record of which nothing stands in the way.
    """

    root: Path
    rng: random.Random
    tubes: set[str] = field(default_factory=set)
    _made: int = 0

    def fill(self, entries: int) -> Tree:
        for _ in range(entries):
            self.rng.choice(ENTRIES)(self)
        return self

    def place(self, name: str) -> Path:
        """A new path in one of the folders: `name` behind a number of its own."""
        self._made += 1
        folder = self.root / self.rng.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        begins = self.rng.choice(["collect-", "collect_"])
        return folder / f"{begins}{self._made}{name}"

    def records(self) -> list[dict[str, str]]:
        return [
            {"at": f"2022-02-10T08:00:{row:02}Z", "tube": f"T{self._made}-{row}", "person": f"H{row}"}
            for row in range(self.rng.randint(1, 4))
        ]

    def keep(self, records: list[dict[str, str]]) -> list[dict[str, str]]:
        self.tubes.update(record["tube"] for record in records)
        return records


def csv_of(records: list[dict[str, str]], *, header: bool = True) -> bytes:
    lines = [",".join(record.values()) for record in records]
    return "".join(line + "\n" for line in ([",".join(records[0])] if header else []) + lines).encode()


def _plain(tree: Tree) -> None:
    path = tree.place(tree.rng.choice([".csv", ".CSV", ".csv.gz", ".ndjson"]))
    content = csv_of(tree.keep(tree.records()))
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def _parquet(tree: Tree) -> None:
    path = tree.place(".parquet")
    pl.DataFrame(tree.keep(tree.records())).write_parquet(path)


def _not_utf8(tree: Tree) -> None:
    path = tree.place("")
    name = os.fsencode(path) + bytes(tree.rng.choice([b"\xd5\xc5", b"\xff", "张".encode()[:2]])) + b".csv"
    with open(name, "wb") as file:  # noqa: PTH123 - Path takes no bytes
        file.write(csv_of(tree.keep(tree.records())))


def _headerless(tree: Tree) -> None:
    tree.place(".csv").write_bytes(csv_of(tree.records(), header=False))


def _one_column_twice(tree: Tree) -> None:
    tree.place(".csv").write_bytes(b"at,tube,person,Tube\n2022-02-10T08:00:00Z,a,b,c\n")


def _no_events(tree: Tree) -> None:
    """Blank, empty, or a header alone: nothing to read in it."""
    tree.place(".csv").write_bytes(tree.rng.choice([b"", b"\n \n", b"at,tube,person\n"]))


def _zeros(tree: Tree) -> None:
    tree.place(".csv").write_bytes(b"\0" * tree.rng.choice([1, 5000]))


def _foreign(tree: Tree) -> None:
    """A format that nobody here reads, whatever it is called."""
    content = csv_of(tree.records())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(tree.rng.choice(["collect.csv", "[Content_Types].xml", "xl/workbook.xml"]), content)
    form = tree.rng.choice([
        (".csv.bz2", bz2.compress(content)), (".csv.xz", lzma.compress(content)), (".zip", packed.getvalue()),
        (".7z", b"7z\xbc\xaf\x27\x1c" + content), (".xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ])  # fmt: skip
    tree.place(tree.rng.choice([form[0], ".csv", ".parquet", ".ndjson"])).write_bytes(form[1])


def _other(tree: Tree) -> None:
    tree.place(tree.rng.choice([".md", ".docx", ".csv.bak", ""])).write_bytes(
        tree.rng.choice([b"x", csv_of(tree.records())])
    )


def _hidden(tree: Tree) -> None:
    path = tree.place(".csv")
    path = path.with_name(f".{path.name}")
    if tree.rng.random() < 0.5:
        path.mkdir()
        path = path / "collect.csv"
    path.write_bytes(csv_of(tree.records()))


def _result(tree: Tree) -> None:
    """Tables of a run with or without their summary; a file beside them is an input."""
    folder = tree.place("")
    folder.mkdir()
    for table in ("pools", "members", "rejects"):
        pl.DataFrame(schema={column.name: column.dtype for column in TABLES[table]}).write_parquet(
            folder / f"{table}.parquet"
        )
    if tree.rng.random() < 0.5:
        (folder / "summary.json").write_text(json.dumps(SUMMARY), encoding="utf-8")
    (folder / "collect.csv").write_bytes(csv_of(tree.keep(tree.records())))


def _link_to_file(tree: Tree) -> None:
    files = sorted(
        path for path in tree.root.rglob("collect*.csv") if path.is_file() and not path.is_symlink()
    )
    if files:
        target = tree.rng.choice(files)
        path = target.with_name(f"link-{tree.place('').name}{target.suffix}")
        make = tree.rng.choice([path.symlink_to, path.hardlink_to])
        make(target)


def _link_to_folder(tree: Tree) -> None:
    """Into the tree, to what lies around it, or to itself."""
    beside = tree.root.parent / f"beside-{tree.root.name}"
    beside.mkdir(exist_ok=True)
    folders = sorted(path for path in tree.root.rglob("*") if path.is_dir() and not path.name.startswith("."))
    path = tree.place(".d")
    path.symlink_to(tree.rng.choice([*folders, tree.root, tree.root.parent, beside, path]))


def _folder_beside(tree: Tree) -> None:
    """A folder outside, into which one link leads."""
    path = tree.place(".d")
    outside = tree.root.parent / f"outside-{tree.root.name}-{path.name}"
    outside.mkdir()
    (outside / "collect.csv").write_bytes(csv_of(tree.keep(tree.records())))
    (outside / "again").symlink_to(outside)
    path.symlink_to(outside)


def _dangling(tree: Tree) -> None:
    tree.place(".csv").symlink_to("nowhere")


def _odd(tree: Tree) -> None:
    path = tree.place(".csv")
    kind = tree.rng.choice([stat.S_IFIFO, stat.S_IFSOCK, None])
    if kind is None:
        path.symlink_to("/dev/zero")
    else:
        os.mknod(path, kind | 0o600)


ENTRIES: tuple[Callable[[Tree], None], ...] = (
    _plain, _plain, _plain, _parquet, _not_utf8, _headerless, _one_column_twice, _no_events, _zeros, _foreign, _other, _hidden,
    _result, _link_to_file, _link_to_folder, _folder_beside, _dangling, _odd,
)  # fmt: skip
