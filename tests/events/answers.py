"""What is told of many random folders, tables and workbooks that hold events: each answer whole, as a text."""

from __future__ import annotations

import io
import json
import random
import re
import tempfile
import warnings
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from events import small_trees
from events.scans import POLICY, column
from events.trees import Tree
from events.workbooks import changed, ods, workbook, xlsb
from poolpipe.errors import PoolpipeError
from poolpipe.events import read_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.events import Events

MORNING = datetime(2022, 2, 10, 8)  # noqa: DTZ001 -- a local time, as cells have
ODD: tuple[Any, ...] = (
    None, "", " ", 0, 1, -1, 7.0, 31.5, 1e17, 9.9e17, float("nan"), True, False, "#N/A", "阳性", "混采", "T 5", "Ｔ５",
    MORNING, MORNING.replace(hour=23, second=59), "2022/2/10 8:05", "10.02.2022 08:05", "8:05",
    "20220210", 44602.5, "360781198501010004", "36078119850101000X", 360781198501010004, "=1+1", "x" * 300,
)  # fmt: skip


def told_of(events: Events) -> dict[str, str]:
    """The events as texts, what was rejected and why, and what is said of files, words and columns."""
    told: dict[str, list[Any]] = {
        "files": [*events.files, events.left_out, events.skipped, events.notes, events.words, events.told],
        "rejects": [*events.rejects.rows(named=True), *events.rejected_loads.rows(named=True)],
    }
    for kind, frame in events.frames.items():
        names = sorted({*frame.columns, "site", "point", "lab", "target", "device", "recall_of"})
        told[kind] = list(zip(*(column(events, name, kind) for name in names), strict=True))
    return {name: "".join(f"{_plain(row)}\n" for row in rows) for name, rows in told.items()}


def _plain(value: Any) -> str:
    """A text of a value whose sets are sorted."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(each)}" for key, each in value.items()) + "}"
    if isinstance(value, set | frozenset):
        return _plain(sorted(value, key=repr))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return repr(value)


def _folder(root: Path, rng: random.Random) -> None:
    small_trees.fill(root, rng, 25)


def _campaign(root: Path, rng: random.Random) -> None:
    Tree(root, rng).fill(25)


def _rows(rng: random.Random) -> tuple[str, list[str], list[list[Any]]]:
    """A kind of event, columns, some of them in Chinese, and rows of usual and odd values."""
    kind = rng.choice(list(small_trees.KINDS))
    columns = [name for name in small_trees.KINDS[kind] if rng.random() < 0.95]
    rows = [
        [
            rng.choice(ODD) if rng.random() < 0.1 else rng.choice(small_trees.VALUES[name][:2])
            for name in columns
        ]
        for _ in range(rng.randint(1, 12))
    ]
    if rng.random() < 0.4:
        columns = [small_trees.CHINESE.get(name, name) for name in columns]
    return kind, columns, rows


def _typed(name: str, values: tuple[Any, ...], rng: random.Random) -> pl.Series:
    """A column of one type, null where a value is of another; texts are coded or not."""
    kind: type = rng.choice((str, str, str, str, str, float, int, datetime))
    same = [value if isinstance(value, kind) and not isinstance(value, bool) else None for value in values]
    made = pl.Series(name, same, strict=False)
    return made.cast(pl.Categorical()) if made.dtype == pl.String and rng.random() < 0.5 else made


def _tables(root: Path, rng: random.Random) -> None:
    """Columns of one type each, texts coded or not, in Parquet and Arrow."""
    for number in range(12):
        kind, columns, rows = _rows(rng)
        series = [
            _typed(name, values, rng) for name, values in zip(columns, zip(*rows, strict=True), strict=True)
        ]
        frame, to = pl.DataFrame(series), io.BytesIO()
        write: Callable[..., Any] = rng.choice((frame.write_parquet, frame.write_ipc, frame.write_ipc_stream))
        write(to)
        ending = {"write_parquet": "parquet", "write_ipc": "arrow", "write_ipc_stream": "arrows"}[
            write.__name__
        ]
        (root / f"{kind}-{number}.{ending}").write_bytes(to.getvalue())


def _workbooks(root: Path, rng: random.Random) -> None:
    """Sheets with dates, numbers, gaps and titles, in three formats; formulas that were never computed, rows that are hidden."""
    for number in range(8):
        sheets = {}
        for place in range(rng.randint(1, 2)):
            kind, columns, rows = _rows(rng)
            above = [["县医院"], []] if rng.random() < 0.2 else []
            sheets[f"{kind}{place}"] = [*above, columns, *rows]
        name, (first, *_) = root / f"{kind}-{number}", sheets.values()
        form = rng.random()
        if form < 0.2:
            texts = [["" if cell is None else str(cell) for cell in row] for row in first]
            name.with_suffix(".ods").write_bytes(ods(texts))
        elif form < 0.4:
            kept = (str, float, datetime)
            plain = [
                [cell if isinstance(cell, kept) and cell == cell else None for cell in row] for row in first
            ]
            name.with_suffix(".xlsb").write_bytes(xlsb(plain))
        else:
            name.with_suffix(".xlsx").write_bytes(_edited(workbook(sheets), rng))


def _edited(content: bytes, rng: random.Random) -> bytes:
    """A workbook in some of whose cells stands a formula, and some of whose rows are hidden."""
    member = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        old = text = book.read(member).decode()
    for cell in re.findall(r'<c r="\w+"[^>]*>.*?</c>', text):
        if rng.random() < 0.03:
            begin = cell.partition(">")[0].replace(' t="inlineStr"', "")
            formula = rng.choice(("<f>A1</f>", "<f>A1</f><v>31.5</v>", "<f>A1</f><v></v>", "<f></f><v>7</v>"))
            text = text.replace(cell, f"{begin}>{formula}</c>")
    for row in re.findall(r'<row r="\d+">', text):
        if rng.random() < 0.1:
            text = text.replace(row, row[:-1] + ' hidden="1">')
    return changed(content, member, old, text)


def _documents(root: Path, rng: random.Random) -> None:
    """Objects in lists, under keys and in each other, spread over lines or not, some broken off."""
    for number in range(15):
        kind, columns, rows = _rows(rng)
        texts = [[str(cell) if isinstance(cell, datetime) else cell for cell in row] for row in rows]
        listed: list[Any] = [dict(zip(columns, row, strict=True)) for row in texts]
        if rng.random() < 0.1:
            listed.insert(rng.randrange(len(listed)), rng.choice((None, 7, "x", [1], {})))
        shapes: tuple[Any, ...] = (
            listed, {"data": listed}, {"meta": {"n": 3}, "rows": listed}, {kind: listed}, [listed], listed[0],
            {"a": listed[:1], "b": listed[1:]}, [{"event": each} for each in listed],
        )  # fmt: skip
        text = json.dumps(rng.choice(shapes), ensure_ascii=False, indent=rng.choice((None, None, 1, "\t")))
        if rng.random() < 0.1:
            text = text[: rng.randrange(len(text))]
        (root / f"{kind}-{number}.json").write_text(
            text, encoding=rng.choice(("utf-8", "utf-8-sig", "gb18030"))
        )


MAKERS: dict[str, tuple[Callable[[Path, random.Random], None], int]] = {
    "folder": (_folder, 24), "campaign": (_campaign, 8), "tables": (_tables, 12), "workbooks": (_workbooks, 12),
    "documents": (_documents, 12),
}  # fmt: skip
SAMPLES = tuple(f"{name} {seed}" for name, (_, seeds) in MAKERS.items() for seed in range(seeds))


def texts_of(sample: str) -> dict[str, str]:
    """All that is told of one folder."""
    name, _, seed = sample.partition(" ")
    rng = random.Random(sample)
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = Path(place) / "scans"
        root.mkdir()
        MAKERS[name][0](root, rng)
        try:
            texts = told_of(
                read_events(root, POLICY, mapping=small_trees.MAPPING if int(seed) % 3 == 1 else None)
            )
        except PoolpipeError as error:
            texts = {"refused": f"{type(error).__name__}: {error}\n"}
    return {what: text.replace(place, "PLACE") for what, text in texts.items() if text}
