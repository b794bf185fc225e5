"""Records out of event files, by the plainest means: one dict a record, as typed as the file had it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

KINDS = ("collect", "seal", "pack", "pickup", "receive", "load", "read", "report", "void")


def read_files(folder: Path | str) -> list[dict[str, Any]]:
    """Every record below ``folder``: ``file``, ``line``, ``record`` (or None, with ``raw``: not parseable)."""
    root = Path(folder)
    found: list[dict[str, Any]] = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        name = path.relative_to(root).as_posix()
        kind = _kind_of_name(path.relative_to(root))
        for line, record, raw in _records(path):
            # A kind column with a value says more than the name of the file.
            if record is not None and kind is not None and not str(record.get("kind") or "").strip():
                record["kind"] = kind
            found.append({"file": name, "line": line, "record": record, "raw": raw})
    return found


def _kind_of_name(path: Path) -> str | None:
    """``named by its folder or by the start of its name: collect/…, collect-2022-02-10.csv``."""
    start = path.name.split(".")[0].split("-")[0].split("_")[0].lower()
    if start in KINDS:
        return start
    for folder in reversed(path.parts[:-1]):
        if folder.lower() in KINDS:
            return folder.lower()
    return None


def _records(path: Path) -> list[tuple[int, dict[str, Any] | None, str]]:
    content = path.read_bytes()
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes[-1] == ".gz":
        content = gzip.decompress(content)
        suffixes.pop()
    elif suffixes[-1] == ".zst":
        import pyarrow as pa

        content = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
        suffixes.pop()
    if suffixes[-1] == ".csv":
        return _csv(content)
    if suffixes[-1] in {".ndjson", ".jsonl"}:
        return _ndjson(content)
    return _columns(content, suffixes[-1])


def _csv(content: bytes) -> list[tuple[int, dict[str, Any] | None, str]]:
    text = content.decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""))
    records: list[tuple[int, dict[str, Any] | None, str]] = []
    header: list[str] | None = None
    ended = 0
    for row in rows:
        line, ended = ended + 1, rows.line_num  # the first line of a record that has several
        if not row:
            continue
        if header is None:
            header = row
        elif len(row) != len(header):
            records.append((line, None, ",".join(row)))
        else:
            records.append((line, dict(zip(header, row, strict=True)), ",".join(row)))
    return records


def _ndjson(content: bytes) -> list[tuple[int, dict[str, Any] | None, str]]:
    records: list[tuple[int, dict[str, Any] | None, str]] = []
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        records.append((number, record if isinstance(record, dict) else None, line))
    return records


def _columns(content: bytes, suffix: str) -> list[tuple[int, dict[str, Any] | None, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = (
        pq.read_table(io.BytesIO(content)) if suffix == ".parquet" else pa.ipc.open_file(content).read_all()
    )
    return [(line, record, str(record)) for line, record in enumerate(table.to_pylist(), start=1)]
