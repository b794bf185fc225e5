"""Raw records to accepted events: cleaning, rejecting, duplicates, voids (section 1 of the contract).

An accepted event is a dict with ``kind`` and every column of its kind; what is missing is None, except
``round`` (empty text) and the columns with a default. Times are aware datetimes in UTC, numbers are int or
float, an undetermined ct is None.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
# What the contract calls codes, and the words with a fixed list of values: all cleaned alike.
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
PATTERNED = ("tube", "box", "plate", "recall_of")
NAMED = ("person", "site", "point", "lab", "event_id", "event")
UNDETERMINED = {"undetermined", "nan", "n/a", "no ct", "-", ""}
CONTROLS = ("negative_control", "positive_control")

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d:\d\d)(?:\.(\d+))?\s*([Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)


def columns_of(kind: str) -> tuple[str, ...]:
    return tuple(sorted({*COMMON, *MUST[kind], *MAY[kind]}))


def clean_code(value: Any) -> str:
    """``Codes lose surrounding blanks and control characters, an AIM symbology prefix, … half-width``."""
    text = _bare("" if value is None else _text(value))
    return _bare(re.sub(r"^\][A-Za-z][0-9A-Za-z]", "", text))


def _bare(text: str) -> str:
    """Half-width, without surrounding blanks and control characters."""
    half = "".join(_half_width(character) for character in text)
    return half.strip("".join(c for c in set(half) if c.isspace() or _is_control(c)))


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _half_width(character: str) -> str:
    if 0xFF01 <= ord(character) <= 0xFF5E:
        return chr(ord(character) - 0xFEE0)
    return " " if character == "\u3000" else character


def _is_control(character: str) -> bool:
    return ord(character) < 32 or 127 <= ord(character) < 160


def clean_time(value: Any, zone: str) -> datetime | None:
    """RFC 3339; one without offset is read in the policy's time zone. None: cannot be read."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)
    match = _TIME.fullmatch(clean_code(value))
    if match is None:
        return None
    date, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}.{(fraction or '0')[:6]:0<6}{(offset or '').upper()}")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


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
    return isinstance(value, str) and not _bare(value)


def clean(raw: Event, policy: dict[str, Any], arrived_at: datetime | None = None) -> tuple[Event | None, str]:
    """The cleaned event and an empty code, or None and the first code that applies, in the contract's order."""
    kind = clean_code(raw.get("kind"))
    if kind not in MUST:
        return None, "unknown_kind"
    event: Event = dict.fromkeys(columns_of(kind))
    event["kind"] = kind
    given = {name: raw[name] for name in columns_of(kind) if name in raw and not _missing(raw[name])}
    must = [*MUST[kind]]
    if kind == "load" and clean_code(given.get("role")) not in CONTROLS:
        must.append("tube")
    if any(name not in given for name in must):
        return None, "missing_value"
    for name, value in given.items():
        event[name] = clean_code(value) if name in CODES else _text(value).strip()
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
    for name in PATTERNED:
        if event.get(name) is not None and not re.fullmatch(policy["code_pattern"], event[name]):
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
        # No code of the contract speaks of it: what is no number is kept as it came.
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
    return _text(value)


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
            rejects.append({**source, "code": code})
            continue
        key = content(event)
        (duplicates if key in seen else accepted).append(event)
        seen.add(key)
    return accepted, duplicates, rejects


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
