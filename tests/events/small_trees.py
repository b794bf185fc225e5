"""Random folders of small files in every form that scans are sent in, most of them plain, and of every kind of damage."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

from poolpipe.events.mapping import ColumnMapping, FileMapping

if TYPE_CHECKING:
    import random
    from pathlib import Path

KINDS: dict[str, tuple[str, ...]] = {
    "collect": ("at", "tube", "person", "person_type", "mode", "capacity", "site", "point", "event_id"),
    "pack": ("at", "tube", "box", "sent_at"),
    "load": ("at", "plate", "well", "tube", "role", "lab"),
    "read": ("at", "plate", "well", "target", "ct"),
    "report": ("at", "tube", "call", "lab"),
    "void": ("at", "event", "reason"),
}
NAMED = ("vendor", "labb", "box_no", "call", "ct", "备注", "tube2")
"""Columns that most kinds do not have."""

MAPPING = ColumnMapping(
    columns={"vendor": "device", "labb": "lab"},
    words={"mode": {"neither": "single"}, "call": {"perhaps": "positive"}, "site": {"S7": "县医院"}},
    files={"collect-000.csv": FileMapping(kind="skip"), "pack-001.csv": FileMapping(header=2)},
)
"""A mapping of some of these names, words and files."""

FOLDERS = ("", "", "", "a", "round=1", "round=2", "site=S7/round=1", "colour=red", "kind=report", "深/层")
SPELLED = {"tube": ("Tube", "ＴＵＢＥ", " tube "), "at": ("AT",), "person": ("Person",)}
"""Other spellings of a column's name."""

CHINESE = {"at": "时间", "tube": "采样管条码", "person": "身份证号", "box": "箱号", "plate": "板号", "well": "孔位", "call": "结果",
           "lab": "检测机构", "ct": "Ct值", "site": "采样点", "mode": "采样方式", "target": "靶标"}  # fmt: skip
"""Names of columns in Chinese."""

VALUES: dict[str, tuple[str, ...]] = {
    "at": ("2022-02-10T08:00:00+08:00", "2022-02-10 09:30", "2022-02-10T10:00:00Z", "yesterday", ""),
    "sent_at": ("2022-02-10T11:00:00Z", "", "soon"),
    "tube": ("T1", "T2", "T3", "T4", "T 5", "", "x" * 70),
    "person": ("360781198501010004", "E123", "E9", "", "1.1E+17"),
    "person_type": ("RESIDENT_ID", "PASSPORT", "居民身份证", ""),
    "mode": ("pool", "single", "混采", "neither", ""),
    "capacity": ("10", "5", "", "ten"),
    "site": ("县医院", "S1", ""),
    "point": ("P1", ""),
    "event_id": ("e1", "e2", "e3", ""),
    "event": ("e1", "e9", ""),
    "reason": ("wrong", ""),
    "box": ("B1", "B2", ""),
    "plate": ("PL1", "PL2", ""),
    "well": ("A01", "B02", "H12", "Z99", ""),
    "role": ("sample", "positive_control", "negative_control", ""),
    "lab": ("L1", "L2", ""),
    "target": ("ORF1ab", "N", ""),
    "ct": ("31.5", "Undetermined", "400", ""),
    "call": ("positive", "negative", "阴性", "perhaps", ""),
    "kind": ("collect", "report", "pack", "", "parade"),
}
CELLS = ("a", "x,y", 'say "so"', "", "\ufffd", "two\nlines")


def fill(root: Path, rng: random.Random, files: int) -> None:
    """Write so many small files below a folder; their names tell their kind, or none."""
    for number in range(files):
        kind = rng.choices(list(KINDS), weights=(6, 2, 2, 2, 2, 1))[0]
        odd = rng.choice(["", "", "", " \x1b[31m", "\n", "中"])
        name = f"{kind}-{rng.choice(['', 'X'])}{number:03}{odd}"
        if rng.random() < 0.05:
            name = f"{rng.choice(['scans', '采样登记', '结果'])}-{number:03}"
        folder = root / rng.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        write = rng.choices((_csv, _ndjson, _other), weights=(6, 4, 1))[0]
        ending, content = write(kind, rng)
        (folder / f"{name}{ending}").write_bytes(content)
    (root / "collect-large.csv").write_text(
        "at,tube,person\n" + "".join(f"2022-02-10T08:00:00Z,L{row},H{row}\n" for row in range(4000)), "utf-8"
    )


def _columns(kind: str, rng: random.Random) -> list[str]:
    columns = [name for name in KINDS[kind] if rng.random() < 0.92]
    if rng.random() < 0.2:
        columns.append(rng.choice(NAMED))
    if rng.random() < 0.08:
        columns.append("kind")
    if rng.random() < 0.5:
        rng.shuffle(columns)
    return columns


def _value(column: str, rng: random.Random) -> str:
    usual, *others = VALUES.get(column, CELLS)
    return rng.choice([usual, others[0]]) if rng.random() < 0.8 else rng.choice(others)


def _spelled(column: str, rng: random.Random) -> str:
    return rng.choice(SPELLED[column]) if column in SPELLED and rng.random() < 0.05 else column


def _rows(columns: list[str], rng: random.Random) -> list[dict[str, str]]:
    return [{column: _value(column, rng) for column in columns} for _ in range(rng.randint(0, 6))]


def _csv(kind: str, rng: random.Random) -> tuple[str, bytes]:
    columns = _columns(kind, rng)
    text = io.StringIO(newline="")
    dialect = "unix" if rng.random() < 0.15 else "excel"  # "unix" quotes every cell
    end = rng.choices(("\n", "\r\n", "\r"), weights=(6, 4, 1))[0]
    separator = rng.choices((",", ";", "\t"), weights=(6, 1, 1))[0]
    writer = csv.writer(text, dialect, lineterminator=end, delimiter=separator)
    chinese = CHINESE | {"at": rng.choice(["时间", "采样时间", "检测时间"])} if rng.random() < 0.2 else {}
    writer.writerow([chinese.get(column) or _spelled(column, rng) for column in columns])
    writer.writerows([row.values() for row in _rows(columns, rng)])
    lines = text.getvalue().split(end)
    for damage in (_ragged, _open_quote, _blank, _headers, _headerless, _no_end, _later_title):
        if rng.random() < 0.06:
            lines = damage(lines, rng)
    return rng.choice([".csv", ".csv", ".tsv", ".txt"]), _bytes(end.join(lines), rng)


def _ragged(lines: list[str], rng: random.Random) -> list[str]:
    return [line + ",more" if line and rng.random() < 0.3 else line for line in lines]


def _open_quote(lines: list[str], rng: random.Random) -> list[str]:
    place = rng.randrange(len(lines))
    return [*lines[:place], f'"{lines[place]}', *lines[place + 1 :]]


def _blank(lines: list[str], rng: random.Random) -> list[str]:
    place = rng.randrange(len(lines) + 1)
    return [*lines[:place], rng.choice(["", "  ", "\t"]), *lines[place:]]


def _headers(lines: list[str], rng: random.Random) -> list[str]:
    return [*lines[:-1], rng.choice([lines[0], "at,tube,person", "person,at,tube"]), *lines[1:]]


def _headerless(lines: list[str], rng: random.Random) -> list[str]:
    return lines[1:]


def _later_title(lines: list[str], rng: random.Random) -> list[str]:
    return [rng.choice(["Scans of the day", "﻿", "tube,tube,at"]), *lines]


def _no_end(lines: list[str], rng: random.Random) -> list[str]:
    return lines[:-1] if not lines[-1] else [*lines[:-1], lines[-1][:3]]


def _ndjson(kind: str, rng: random.Random) -> tuple[str, bytes]:
    columns = _columns(kind, rng)
    lines = []
    for row in _rows(columns, rng):
        given = {
            _spelled(name, rng): _typed(value, rng)
            for name, value in row.items()
            if value or rng.random() < 0.5
        }
        if rng.random() < 0.02:
            given["Tube"] = "another"
        line = json.dumps(given, ensure_ascii=rng.random() < 0.2)
        lines.append(
            line
            if rng.random() < 0.96
            else rng.choice([line[:-3], "[1]", "", "nonsense", '{"at": NaN}', '{"ct": Infinity}'])
        )
    if rng.random() < 0.05:
        return ".json", _bytes(json.dumps([{"at": "2022-02-10T08:00:00Z", "tube": "T8"}], indent=1), rng)
    end = rng.choice(["\n", "\n", "\r\n"])
    return rng.choice([".ndjson", ".jsonl", ".json"]), _bytes(
        end.join(lines) + rng.choice([end, end, ""]), rng
    )


def _typed(value: str, rng: random.Random) -> Any:
    if not value:
        return None
    if value.isdecimal() and rng.random() < 0.5:
        return int(value)
    return value if rng.random() < 0.98 else {"in": value}


def _other(kind: str, rng: random.Random) -> tuple[str, bytes]:
    zeros = b"at,tube,person\n2022-02-10T08:00:00Z,T\0009,H1\n"
    ours = b"round,tube,person,position,at,site,point,device,mode,p_infected,status\n1,T1,H1,1,,,,,,,\n"
    return rng.choice(
        [
            (".csv", b""),
            (".csv", b"\n"),
            (".csv", zeros),
            (".csv", bytes(100)),
            (".csv", ours),
            (".csv", "at,tube,person\n2022-02-10T08:00:00Z,T1,王\ud800".encode("utf-8", "surrogatepass")),
            (".ndjson", b"{}\n{}\n"),
            (".ndjson", b'{"at": "1DUCK'),
            (".csv", b"PK\x03\x04 no archive"),
        ]
    )


def _bytes(text: str, rng: random.Random) -> bytes:
    form = rng.random()
    if form < 0.07:
        return text.encode("gb18030", "replace")
    if form < 0.09:
        return text.encode("utf-16")
    content = text.encode()
    if form < 0.14:
        return b"\xef\xbb\xbf" + content
    if form < 0.18:
        return gzip.compress(content)
    if form < 0.20:
        return gzip.compress(content)[:-5]
    return content
