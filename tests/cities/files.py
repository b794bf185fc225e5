"""A city's events scattered over files as they might arrive: any format, order, split, spelling of the header."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Event = dict[str, Any]

CODES = (
    "round",
    "tube",
    "person",
    "site",
    "point",
    "recall_of",
    "box",
    "plate",
    "lab",
    "event_id",
    "event",
    "device",
)
KINDS = ("collect", "seal", "pack", "pickup", "receive", "load", "read", "report", "void")
FORMATS = (
    "csv", "csv.gz", "csv.zst", "ndjson", "jsonl", "ndjson.gz", "jsonl.zst", "parquet", "arrow",
)  # fmt: skip
FOLDERS = ("", "", "第1轮/", "day 2/")


def write_city(
    events: list[Event], folder: Path, seed: int, formats: Sequence[str] = FORMATS
) -> dict[str, list[Event]]:
    """Write every event into one of several files below ``folder``; what each file holds, by relative path.

    Some files hold one kind, named by a folder or by the start of the name, others several with a ``kind``
    column. Events of no known kind and lines that are no JSON come in files of several kinds.
    """
    rng = random.Random(seed)
    groups: dict[str, list[Event]] = {}
    for event in events:
        mixed = rng.random() < 0.3 or event.get("kind") not in KINDS
        if event.get("not_parseable"):
            stem, number = "lines", 0
        else:
            stem, number = "scans" if mixed else event["kind"], rng.randint(1, 2)
        groups.setdefault(f"{stem}-{number}", []).append(event)
    written: dict[str, list[Event]] = {}
    for stem, group in sorted(groups.items()):
        kind = stem.rpartition("-")[0]
        suffix = rng.choice(formats) if kind != "lines" else "ndjson"
        name = f"{kind}/part-{stem[-1]}" if kind in KINDS and rng.random() < 0.5 else stem
        path = f"{rng.choice(FOLDERS)}{name}.{suffix}"
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_written(group, suffix, rng, with_kind=kind not in KINDS))
        written[path] = group
    return written


def _written(events: list[Event], suffix: str, rng: random.Random, *, with_kind: bool) -> bytes:
    rows = [{k: v for k, v in event.items() if with_kind or k != "kind"} for event in events]
    for row in rows:
        if rng.random() < 0.2 and "not_parseable" not in row:
            row["remark"] = rng.choice(["", "NULL", "a\nb", '"', "余量"])
    if suffix.startswith(("ndjson", "jsonl")):
        content = _ndjson(rows, rng)
    elif suffix.startswith("csv"):
        content = _csv(rows, rng)
    else:
        return _columns(rows, suffix, rng)
    if suffix.endswith(".gz"):
        return gzip.compress(content)
    if suffix.endswith(".zst"):
        import pyarrow as pa

        packed = pa.BufferOutputStream()
        with pa.CompressedOutputStream(packed, "zstd") as stream:
            stream.write(content)
        return bytes(packed.getvalue())
    return content


def _names(rows: list[Event], rng: random.Random) -> list[str]:
    names = sorted({name for row in rows for name in row})
    rng.shuffle(names)
    return names


def _csv(rows: list[Event], rng: random.Random) -> bytes:
    text = io.StringIO(newline="")
    quoting: Any = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    names = _names(rows, rng)
    writer = csv.DictWriter(
        text, names, restval="", lineterminator=rng.choice(["\n", "\r\n"]), quoting=quoting
    )
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        # A blank line is no record; in a file of one column it could not be told from an empty value.
        if rng.random() < 0.05 and len(names) > 1:
            text.write("\n")
    return text.getvalue().encode(rng.choice(["utf-8", "utf-8-sig"]))


def _ndjson(rows: list[Event], rng: random.Random) -> bytes:
    lines = []
    names = _names(rows, rng)
    escaped, nulls = rng.random() < 0.5, rng.random() < 0.3
    for row in rows:
        if "not_parseable" in row:
            lines.append(row["raw"])
            continue
        typed = {
            name: _typed(name, row[name]) if rng.random() < 0.3 else row[name]
            for name in names
            if name in row
        }
        if nulls:
            typed = dict.fromkeys(names) | typed
        lines.append(json.dumps(typed, ensure_ascii=escaped))
        if rng.random() < 0.05:
            lines.append("")
    ending = "" if rng.random() < 0.3 else "\n"
    return ("\n".join(lines) + ending).encode("utf-8")


def _typed(name: str, value: Any) -> Any:
    """Counts and cts as JSON numbers, where they are numbers."""
    try:
        if name in CODES and isinstance(value, str):
            return _typed_code(value)
        if name in ("swabs", "capacity", "tubes"):
            return int(value)
        return float(value) if name in ("ct", "temperature_c") and value.strip() != "NaN" else value
    except ValueError:
        return value


def _typed_code(value: str) -> Any:
    """A number whose digits are the code, or that has lost them; an object or a list where the text is one."""
    if value.isdigit() and value.isascii() and value[0] != "0":
        return int(value) if len(value) > 15 or len(value) % 2 else float(value)
    if value[:1] in ("{", "[") or (re.fullmatch(r"[0-9.]+[eE]\+?[0-9]+|[0-9]{16,}\.0", value, re.ASCII)):
        return json.loads(value)
    return value


def _columns(rows: list[Event], suffix: str, rng: random.Random) -> bytes:
    import polars as pl

    columns = []
    for name in _names(rows, rng):
        column = pl.Series(name, [row.get(name) for row in rows], dtype=pl.String)
        columns.append(_typed_column(column, rng) if rng.random() < 0.7 else column)
    frame, stream = pl.DataFrame(columns), io.BytesIO()
    if suffix == "parquet":
        frame.write_parquet(stream, compression=rng.choice(["zstd", "snappy"]))
    else:
        frame.write_ipc(stream, compression=rng.choice(["zstd", "lz4", "uncompressed"]))
    return stream.getvalue()


def _is_number(value: str) -> bool:
    return value.isdigit() and value.isascii() and value[0] != "0" and len(value) < 19


def _typed_column(column: Any, rng: random.Random) -> Any:
    """The column as numbers or moments, where every value of it is one; moments in one of three zones."""
    import polars as pl

    values = [value or None for value in column.to_list()]
    try:
        if column.name in ("swabs", "capacity", "tubes"):
            whole = [None if value is None else int(value) for value in values]
            return pl.Series(column.name, whole, dtype=pl.Int64)
        if column.name == "ct":
            numbers = [None if value is None else float(value) for value in values]
            return pl.Series(column.name, numbers, dtype=pl.Float64)
        if column.name in CODES and all(value is None or _is_number(value) for value in values):
            numbers = [None if value is None else int(value) for value in values]
            exact = all(number is None or number < 2**53 for number in numbers)
            kinds = [pl.Int64(), pl.Decimal(30, 6), *([pl.Float64()] if exact else [])]
            return pl.Series(column.name, numbers, dtype=rng.choice(kinds))
        if column.name in ("at", "sent_at"):
            moments = [None if value is None else datetime.fromisoformat(value) for value in values]
            if any(moment is not None and moment.tzinfo is None for moment in moments):
                return column
            instants = [None if moment is None else moment.astimezone(UTC) for moment in moments]
            zoned = pl.Series(column.name, instants, dtype=pl.Datetime("us", "UTC"))
            local = zoned.dt.convert_time_zone("Asia/Shanghai")
            return rng.choice([zoned, local, local.dt.replace_time_zone(None)])
    except ValueError:
        return column
    return column
