"""Raw records to accepted events: cleaning, rejecting, duplicates, voids.

An accepted event is a dict with ``kind`` and every column of its kind; what is missing is None, except
``round`` (empty text) and the columns with a default. Times are aware datetimes in UTC, numbers are int or
float, an undetermined ct is None.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any

from reference.codes import as_plain_text, bare, clean_code, is_code
from reference.times import clean_time

Event = dict[str, Any]

DEFAULT_POLICY: dict[str, Any] = {
    "capacity": 10,
    "targets": ("ORF1ab", "N"),
    "internal_control": "IC",
    "detected": 37.0,
    "grey": 40.0,
    "zone": "Asia/Shanghai",
    "code_pattern": r"[0-9A-Za-z._/-]{1,64}",
    "rows": "ABCDEFGH",
    "columns": 12,
    "future_s": 300,
    "recall_s": 6 * 3600,
    "pickup_s": 2 * 3600,
    "room_temperature_s": 4 * 3600,
    "cold_store_s": 24 * 3600,
    "result_s": 12 * 3600,
    "priority_result_s": 6 * 3600,
    "result_collected_s": 24 * 3600,
}

COMMON = ("at", "round", "event_id", "device", "operator", "sent_at")
MUST = {
    "collect": ("at", "tube", "person"),
    "seal": ("at", "tube", "swabs"),
    "pack": ("at", "tube", "box"),
    "pickup": ("at", "box", "giver", "receiver"),
    "receive": ("at", "box", "giver", "receiver", "lab"),
    "load": ("at", "plate", "well", "lab"),
    "read": ("at", "plate", "well", "target"),
    "report": ("at", "tube", "call"),
    "void": ("at", "event", "reason"),
}
MAY = {
    "collect": ("person_type", "name", "phone", "site", "point", "mode", "capacity", "recall_of"),
    "seal": (),
    "pack": ("site",),
    "pickup": ("site", "vehicle", "temperature_c"),
    "receive": ("temperature_c", "tubes"),
    "load": ("tube", "role", "role_from"),
    "read": ("ct", "reagent", "instrument"),
    "report": ("lab",),
    "void": (),
}
# Codes, and the words with a fixed list of values: all cleaned alike.
CODES = [
    "round",
    "event_id",
    "device",
    "tube",
    "person",
    "person_type",
    "site",
    "point",
    "recall_of",
    "box",
    "plate",
    "well",
    "lab",
    "target",
    "event",
    "mode",
    "role",
    "call",
    "kind",
]
NO_WORDS = [name for name in CODES if name not in ("well", "mode", "role", "call", "kind")]
PATTERNED = ("tube", "box", "plate", "recall_of")
NAMED = ("person", "site", "point", "lab", "event_id", "event")
UNDETERMINED = {"undetermined", "nan", "n/a", "no ct", "noct", "-", ""}
_NO_PAPER = ("无", "没有", "没带", "未带", "忘带", "忘记")
# docs/contract-decisions: words for an unknown number are nobody's number.
_PAPER = [paper + number for paper in ("证", "证件", "身份证") for number in ("", "号", "码", "号码")]
NOBODY = {"不详", "不明", "不清楚", "不知", "不知道", "未知", "暂无", "暂缺", "待补", "待查", "待定", "空", "缺", "未登记", "未提供",
          "未填", *_NO_PAPER, *(no + paper for no in _NO_PAPER for paper in _PAPER)}  # fmt: skip
CONTROLS = ("negative_control", "positive_control")

# Words of laboratories for the values of docs/tables.md.
WORDS = {
    "mode": {"混采": "pool", "混检": "pool", "混样": "pool", "混合采样": "pool",
             "单采": "single", "单检": "single", "单人单管": "single", "单人单采": "single"},
    "role": {"样本": "sample", "标本": "sample",
             "阴性对照": "negative_control", "阴性质控": "negative_control", "阴性质控品": "negative_control",
             "阴性对照品": "negative_control", "阳性对照": "positive_control", "阳性质控": "positive_control",
             "阳性质控品": "positive_control", "阳性对照品": "positive_control"},
    "call": {"阳性": "positive", "阳性(+)": "positive", "可疑": "suspect", "可疑阳性": "suspect",
             "阴性": "negative", "阴性(-)": "negative", "无效": "invalid"},
    "person_type": {"居民身份证": "RIC", "身份证": "RIC", "二代身份证": "RIC", "第二代居民身份证": "RIC",
                    "中华人民共和国居民身份证": "RIC", "临时居民身份证": "RIC", "临时身份证": "RIC",
                    "护照": "PASSPORT", "普通护照": "PASSPORT", "中国护照": "PASSPORT", "外国护照": "PASSPORT",
                    "回乡证": "HKM", "台胞证": "TW"},
}  # fmt: skip


def columns_of(kind: str) -> tuple[str, ...]:
    return tuple(sorted({*COMMON, *MUST[kind], *MAY[kind]}))


def clean_well(value: Any, policy: dict[str, Any]) -> str | None:
    """``Wells are written A01 whatever came (A1, a01)``; None: not on the policy's plate."""
    match = re.fullmatch(r"([A-Za-z])([0-9]{1,2})", clean_code(value), re.ASCII)
    if match is None:
        return None
    row, column = match[1].upper(), int(match[2])
    return f"{row}{column:02d}" if row in policy["rows"] and 1 <= column <= policy["columns"] else None


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    # A lone symbology prefix is given, but ``empty``: a bad code, not a missing one.
    return isinstance(value, str) and not bare(value)


def clean(raw: Event, policy: dict[str, Any], arrived_at: datetime | None = None) -> tuple[Event | None, str]:
    """The cleaned event and an empty code, or None and the first code that applies, in the order of docs/tables.md."""
    kind = clean_code(raw.get("kind"))
    if kind not in MUST:
        return None, "unknown_kind"
    event: Event = dict.fromkeys(columns_of(kind))
    event["kind"] = kind
    given = {name: raw[name] for name in columns_of(kind) if name in raw and not _missing(raw[name])}
    must = [*MUST[kind]]
    role = clean_code(given.get("role"))
    if kind == "load" and WORDS["role"].get(role, role) not in CONTROLS:
        must.append("tube")
    if any(name not in given for name in must):
        return None, "missing_value"
    for name, value in given.items():
        event[name] = clean_code(value) if name in CODES else as_plain_text(value).strip()
        event[name] = WORDS.get(name, {}).get(event[name], event[name])
    event["round"] = event["round"] or ""
    event["device"] = event["device"] or None
    if event.get("target") == "":
        return None, "missing_value"
    return _check(event, given, policy, arrived_at)


def _check(
    event: Event, given: Event, policy: dict[str, Any], arrived_at: datetime | None
) -> tuple[Event | None, str]:
    for name in ("at", "sent_at"):
        if name in given:
            event[name] = clean_time(given[name], policy["zone"])
            if event[name] is None:
                return None, "bad_time"
    if any(not is_code(value, event[name]) for name, value in given.items() if name in NO_WORDS):
        return None, "bad_code"
    if event["kind"] == "collect" and event["person"].lower() in ("true", "false"):
        return None, "bad_code"
    if event["kind"] == "collect" and (event["person"] in NOBODY or not event["person"].strip("-/\\_.?*~—")):
        return None, "bad_code"
    for name in PATTERNED:
        if event.get(name) is not None and not re.fullmatch(policy["code_pattern"], event[name]):
            if event["kind"] == "load" and name == "tube" and event["role"] in CONTROLS:
                event[name] = None  # docs/contract-decisions: a control's name is no tube
                continue
            return None, "bad_code"
    for name in NAMED:
        if event.get(name) is not None and not 1 <= len(event[name]) <= 64:
            return None, "bad_code"
    if "well" in event:
        event["well"] = clean_well(given["well"], policy)
        if event["well"] is None:
            return None, "bad_well"
    if not _numbers(event, given):
        return None, "bad_number"
    kind = event["kind"]
    if kind == "collect":
        event["mode"] = "pool" if event["mode"] is None else event["mode"]
        if event["mode"] not in ("pool", "single"):
            return None, "unknown_mode"
        event["person_type"] = event["person_type"] or "RIC"
        for beginning, meaning in (("港澳", "HKM"), ("台湾", "TW")):
            if event["person_type"].startswith(beginning):
                event["person_type"] = meaning
        if event["person_type"] == "RIC" and re.fullmatch(r".{17}x", event["person"]):
            event["person"] = event["person"].upper()
    if kind == "load":
        event["role"] = "sample" if event["role"] is None else event["role"]
        if event["role"] not in ("sample", *CONTROLS):
            return None, "unknown_role"
    if kind == "report" and event["call"] not in ("positive", "suspect", "negative", "invalid"):
        return None, "unknown_call"
    if arrived_at is not None and event["at"] > arrived_at + timedelta(seconds=policy["future_s"]):
        return None, "future_time"
    return event, ""


def _numbers(event: Event, given: Event) -> bool:
    """``ct outside 0 to 100, swabs, capacity or tubes not a whole number >= 0``."""
    for name in ("swabs", "capacity", "tubes"):
        if name in given:
            event[name] = _whole(given[name])
            if event[name] is None:
                return False
    if event.get("ct") is not None:
        text = clean_code(given["ct"])
        event["ct"] = None
        if text.lower() not in UNDETERMINED:
            event["ct"] = _number(text)
            if event["ct"] is None or not 0 <= event["ct"] <= 100:
                return False
    if "temperature_c" in given:
        # There is no reject code for it: what is no number is kept as it came.
        number = _number(clean_code(given["temperature_c"]))
        event["temperature_c"] = event["temperature_c"] if number is None else number
    return True


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return None
    return float(text)


def _whole(value: Any) -> int | None:
    number = _number(clean_code(value))
    return int(number) if number is not None and number >= 0 and number.is_integer() else None


def as_text(value: Any) -> str:
    """One cleaned column as text, for comparing contents."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return as_plain_text(value)


def content(event: Event) -> tuple[str, ...]:
    """``the cleaned columns in alphabetical order, compared as text``; ``sent_at does not count``."""
    names = sorted({"kind", *columns_of(event["kind"])} - {"sent_at"})
    return tuple(as_text(event.get(name)) for name in names)


def by_time(event: Event) -> tuple[datetime, tuple[str, ...]]:
    """Key of ``last``: by ``at``, a tie goes to the larger content."""
    return event["at"], content(event)


def accept(
    raw_events: list[Event], policy: dict[str, Any] | None = None, arrived_at: datetime | None = None
) -> tuple[list[Event], list[Event], list[Event]]:
    """Accepted (without duplicates, voided ones still in), duplicates and rejects ``{file, line, kind, code}``."""
    rules = DEFAULT_POLICY | (policy or {})
    accepted: list[Event] = []
    duplicates: list[Event] = []
    rejects: list[Event] = []
    seen: set[tuple[str, ...]] = set()
    for raw in raw_events:
        source = {"file": raw.get("file"), "line": raw.get("line"), "kind": raw.get("kind")}
        if raw.get("not_parseable"):
            rejects.append({**source, "code": "not_parseable"})
            continue
        event, code = clean(raw, rules, arrived_at)
        if event is None:
            rejects.append({**source, "code": code, "raw": raw})
            continue
        key = content(event)
        (duplicates if key in seen else accepted).append(event)
        seen.add(key)
    return accepted, duplicates, rejects


def plates_of_rejected_loads(
    rejects: list[Event], policy: dict[str, Any] | None = None, as_of: datetime | None = None
) -> set[tuple[str, str]]:
    """``plate_control_missing and reading_without_load of a plate of which any load was rejected say so``."""
    zone = (DEFAULT_POLICY | (policy or {}))["zone"]
    found = set()
    for raw in (row["raw"] for row in rejects if "raw" in row and clean_code(row["kind"]) == "load"):
        at = clean_time(raw["at"], zone) if not _missing(raw.get("at")) else None
        known = at is None or as_of is None or at <= as_of
        if known and not _missing(raw.get("plate")):
            found.add((clean_code(raw.get("round")) or "", clean_code(raw["plate"])))
    return found


def records_of(files: list[dict[str, Any]]) -> list[Event]:
    """What ``read_files`` gives, as raw events for ``accept``."""
    return [
        {**(found["record"] or {"not_parseable": True}), "file": found["file"], "line": found["line"]}
        for found in files
    ]


def voided(events: list[Event]) -> tuple[list[Event], list[Event], list[Event]]:
    """Events that count, those withdrawn, and the voids that hit nothing."""
    wanted = {e["event"] for e in events if e["kind"] == "void"}
    hit = [e for e in events if e["kind"] != "void" and e["event_id"] is not None and e["event_id"] in wanted]
    known = {e["event_id"] for e in hit}
    standing = [e for e in events if e["kind"] != "void" and e["event_id"] not in known]
    missed = [e for e in events if e["kind"] == "void" and e["event"] not in known]
    return standing, hit, missed
