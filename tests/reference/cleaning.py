"""Raw records to accepted events: cleaning, rejecting, duplicates, voids (section 1 of the contract).

An accepted event is a dict with ``kind`` and every column of its kind; what is missing is None, except
``round`` (empty text) and the columns with a default. Times are aware datetimes in UTC, numbers are int or
float, an undetermined ct is None.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
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
NO_WORDS = [name for name in CODES if name not in ("well", "mode", "role", "call", "kind")]
PATTERNED = ("tube", "box", "plate", "recall_of")
NAMED = ("person", "site", "point", "lab", "event_id", "event")
UNDETERMINED = {"undetermined", "nan", "n/a", "no ct", "-", ""}
CONTROLS = ("negative_control", "positive_control")

# Words of laboratories for the contract's.
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
SPREADSHEET_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}

_DATE = re.compile(
    r"(?P<y>[0-9]{4})\s*(?:(?P<s>[-/.])\s*(?P<m>[0-9]{1,2})\s*(?P=s)\s*(?P<d>[0-9]{1,2})"
    r"|年\s*(?P<ym>[0-9]{1,2})\s*月\s*(?P<yd>[0-9]{1,2})\s*日)"
)
_CLOCK = re.compile(
    r"(?P<h>[0-9]{1,2})(?::(?P<min>[0-9]{2})(?::(?P<sec>[0-9]{2})(?:\.(?P<f>[0-9]+))?)?"
    r"|[时点](?P<fen>[0-9]{1,2})分(?:(?P<miao>[0-9]{1,2})秒)?)"
)
_OFFSET = re.compile(r"(?:Z|(?P<sign>[+-])(?P<oh>[0-9]{2}):(?P<om>[0-9]{2}))", re.IGNORECASE)


def columns_of(kind: str) -> tuple[str, ...]:
    return tuple(sorted({*COMMON, *MUST[kind], *MAY[kind]}))


def clean_code(value: Any) -> str:
    """``Codes lose surrounding blanks and control characters, an AIM symbology prefix, … half-width``; a number is
    ``the digits of a whole number below 2^53``."""
    text = _bare("" if value is None else _text(value))
    text = _bare(re.sub(r"^\][A-Za-z][0-9A-Za-z]", "", text))
    whole, point, zeros = text.partition(".")
    digits = whole.removeprefix("-")
    if not (point and zeros and not zeros.strip("0") and digits.isdigit() and digits.isascii()):
        return text
    return str(int(whole)) if str(int(digits)) == digits and int(digits) < 2**53 else text


def is_code(value: Any, text: str) -> bool:
    """Whether a cleaned text is a code: no number that has lost its digits, no object, no error of a spreadsheet."""
    if isinstance(value, dict | list):
        return False
    if isinstance(value, float) and (math.isinf(value) or (value.is_integer() and abs(value) >= 2**53)):
        return False
    whole, point, zeros = text.partition(".")
    if point and zeros and not zeros.strip("0") and len(whole) > 15 and whole.isdigit() and whole[0] != "0":
        return False
    return not (
        _has_exponent(text)
        or (text[:1] == "{" and text[-1:] == "}")
        or _is_list(text)
        or text in SPREADSHEET_ERRORS
        or (len(text) > 1 and not text.strip("#"))
    )


def _has_exponent(text: str) -> bool:
    """``3.60781E+17``; ``12E3`` may be printed on a tube, and ``3E-12`` on a door."""
    mantissa, e, power = text.lower().partition("e")
    digits = mantissa.lstrip("+-").replace(",", ".", 1)
    if (
        not e
        or len(mantissa) - len(digits) > 1
        or not digits.replace(".", "", 1).isdigit()
        or not text.isascii()
    ):
        return False
    if power.startswith("+"):
        return power[1:].isdigit() and digits[0] != "."
    return power.isdigit() and "." in mantissa and digits[0] != "." and digits[-1] != "."


def _is_list(text: str) -> bool:
    if not (text[:1] == "[" and text[-1:] == "]"):
        return False
    inner = text[1:-1].strip()
    if inner[:1] in ("", '"', "'", "{", "["):
        return True
    scalars = [part.strip() for part in inner.split(",")]
    return all(set(part) <= set("+-0123456789.eE") for part in scalars) or bool(
        re.match(r"(true|false|null|True|False|None)\b", inner)
    )


def _bare(text: str) -> str:
    """Half-width, without surrounding blanks and control characters."""
    half = "".join(_half_width(character) for character in text)
    return half.strip("".join(c for c in set(half) if c.isspace() or _is_control(c)))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def _half_width(character: str) -> str:
    if 0xFF01 <= ord(character) <= 0xFF5E:
        return chr(ord(character) - 0xFEE0)
    return " " if character == "\u3000" else character


def _is_control(character: str) -> bool:
    return ord(character) < 32 or 127 <= ord(character) < 160


def clean_time(value: Any, zone: str) -> datetime | None:
    """RFC 3339, or year first as spreadsheets write it; without offset of the policy's zone, of the years 1970 to
    2199. None: no such time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    moment = value if isinstance(value, datetime) else _written_time(clean_code(value))
    if moment is None:
        return None
    try:
        if moment.tzinfo is None:
            wall = moment.replace(tzinfo=ZoneInfo(zone))
            moment = wall.astimezone(UTC)
            if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall.replace(tzinfo=None):
                return None  # the clocks of that zone jumped over it
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year <= 2199 else None


def _written_time(text: str) -> datetime | None:
    day = _DATE.match(text)
    if day is None:
        return None
    rest = text[day.end() :]
    chinese = day["s"] is None
    gap = rest[:1] in ("T", "t")
    clock, halves = rest[1:] if gap else rest.lstrip(), []
    apart = gap or clock != rest
    for half in ("上午", "下午", "AM", "PM"):
        if clock.upper().startswith(half):
            halves.append(half)
            clock = clock[len(half) :].lstrip()
            break
    told = _CLOCK.match(clock)
    if told is None or not (apart or chinese or (halves and halves[0] in ("上午", "下午"))):
        return None
    tail = clock[told.end() :].lstrip()
    for half in ("AM", "PM"):
        if tail.upper().startswith(half):
            halves.append(half)
            tail = tail[len(half) :].lstrip()
            break
    zone = _OFFSET.fullmatch(tail) if tail else None
    hour = _hour(int(told["h"]), halves)
    if (tail and zone is None) or hour is None:
        return None
    try:
        moment = datetime.combine(
            date(int(day["y"]), int(day["m"] or day["ym"]), int(day["d"] or day["yd"])),
            time(
                hour,
                int(told["min"] or told["fen"]),
                int(told["sec"] or told["miao"] or 0),
                int(f"{told['f'] or '0':0<6}"[:6]),
            ),
        )
        if zone is None:
            return moment
        if zone["sign"] is None:
            return moment.replace(tzinfo=UTC)
        if int(zone["om"]) > 59 or int(zone["oh"]) > 23:
            return None
        ahead = timedelta(hours=int(zone["oh"]), minutes=int(zone["om"]))
        return moment.replace(tzinfo=timezone(-ahead if zone["sign"] == "-" else ahead))
    except ValueError:
        return None


def _hour(hour: int, halves: list[str]) -> int | None:
    """The hour of the day; 上午 12 is 0, 下午 12 is 12, 下午 15 is 15."""
    if len(halves) > 1:
        return None
    if not halves:
        return hour
    if halves[0] in ("下午", "PM"):
        return None if hour == 0 else hour + 12 if hour < 12 else hour
    return 0 if hour == 12 else hour if hour < 12 else None


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
    role = clean_code(given.get("role"))
    if kind == "load" and WORDS["role"].get(role, role) not in CONTROLS:
        must.append("tube")
    if any(name not in given for name in must):
        return None, "missing_value"
    for name, value in given.items():
        event[name] = clean_code(value) if name in CODES else _text(value).strip()
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
