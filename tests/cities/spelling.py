"""The many ways in which scanners and spreadsheets write the same value."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

CODES = [
    "round",
    "event_id",
    "tube",
    "person",
    "site",
    "point",
    "recall_of",
    "box",
    "plate",
    "lab",
    "event",
    "device",
    "target",
    "mode",
    "role",
    "call",
    "person_type",
]
PADDING = (" ", "  ", "\t", "\r\n", "\u3000", "\x02", "\x1d")
WORDS = {
    "pool": ("混采", "混检"),
    "single": ("单采", "单人单管"),
    "sample": ("样本", "标本"),
    "negative_control": ("阴性对照", "阴性质控"),
    "positive_control": ("阳性对照", "阳性质控"),
    "positive": ("阳性", "阳性（+）"),
    "suspect": ("可疑",),
    "negative": ("阴性",),
    "invalid": ("无效",),
    "RIC": ("居民身份证", "身份证"),
    "HKM": ("港澳居民来往内地通行证", "回乡证"),
    "TW": ("台湾居民来往大陆通行证", "台胞证"),
    "PASSPORT": ("护照",),
}
NUMBERS = ("swabs", "capacity", "tubes", "ct")


def spelled(event: dict[str, Any], rng: random.Random, share: float = 0.15) -> dict[str, Any]:
    """The same event, some of its values padded, prefixed, full-width, in other zones or left out differently."""
    other = dict(event)
    for name, value in event.items():
        if rng.random() >= share or not isinstance(value, str):
            continue
        if name in ("mode", "role", "call", "person_type") and value in WORDS and rng.random() < 0.5:
            other[name] = _code(rng.choice(WORDS[value]), rng, prefixed=False)
        elif name in CODES and value:
            other[name] = _code(value, rng, prefixed=name in ("tube", "box", "plate", "person", "recall_of"))
        elif name == "well":
            other[name] = _well(value, rng)
        elif name in ("at", "sent_at"):
            other[name] = _time(value, rng)
        elif name in NUMBERS:
            other[name] = _number(value, rng)
    for name, default in (("mode", "pool"), ("role", "sample"), ("person_type", "RIC")):
        if event.get(name) == default and rng.random() < share:
            other[name] = ""
    return other


def _code(value: str, rng: random.Random, *, prefixed: bool) -> str:
    if value.isdigit() and value[0] != "0" and int(value) < 2**53 and rng.random() < 0.5:
        value += rng.choice([".0", ".00", ".0000000000"])  # of a column of floats or decimals
    if rng.random() < 0.4:
        value = "".join(
            chr(ord(c) + 0xFEE0) if 0x21 <= ord(c) <= 0x7E and rng.random() < 0.6 else c for c in value
        )
    if prefixed and rng.random() < 0.4:
        value = rng.choice(["]C1", "]d2", "]Q3"]) + value
    return rng.choice(["", *PADDING]) + value + rng.choice(["", *PADDING])


def _well(value: str, rng: random.Random) -> str:
    short = value[0] + value[1:].lstrip("0") if value[1:].strip("0") else value
    return rng.choice([value.lower(), short, short.lower(), f" {value}"])


def _time(value: str, rng: random.Random) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.tzinfo is None:
        return value
    hours = rng.choice([0, 8, 5.5, -5, 8])
    there = moment.astimezone(timezone(timedelta(hours=hours)))
    if hours == 8 and rng.random() < 0.5:
        there = there.replace(tzinfo=None)
        if rng.random() < 0.6:
            return _spreadsheet_time(there, rng)
    text = there.isoformat(sep=rng.choice("TT "))
    return text if "." in text or rng.random() < 0.5 else text[:19] + ".000" + text[19:]


def _spreadsheet_time(there: datetime, rng: random.Random) -> str:
    """Year first, without leading zeros, perhaps of twelve hours, to the minute where nothing is lost by it."""
    date = rng.choice(
        ["{y}/{m}/{d}", "{y}-{m:02d}-{d:02d}", "{y}年{m}月{d}日", "{y}/{m:02d}/{d:02d}", "{y}.{m}.{d}"]
    )
    day = date.format(y=there.year, m=there.month, d=there.day)
    part = f".{there.microsecond:06d}" if there.microsecond else ""
    end = f":{there.minute:02d}"
    if there.second or part or rng.random() < 0.5:
        end += f":{there.second:02d}{part}"
    hour = there.hour % 12 or 12
    return rng.choice(
        [
            f"{day} {there.hour}{end}",
            f"{day} {there.hour:02d}{end}",
            f"{day} {'下午' if there.hour >= 12 else '上午'}{rng.choice(['', ' '])}{hour}{end}",
            f"{day} {hour}{end} {'PM' if there.hour >= 12 else 'AM'}",
            f"{day} {'下午' if there.hour >= 12 else '上午'} {hour}{end}".replace(":", "："),
        ]
    )


def _number(value: str, rng: random.Random) -> str:
    if value.strip().lower() in ("", "undetermined", "-", "n/a", "nan", "no ct"):
        return rng.choice(["", "Undetermined", "UNDETERMINED", "NaN", "N/A", "No Ct", "-"])
    padded = f" {value} " if rng.random() < 0.5 else value
    return padded if "." in value or not value.isdigit() else rng.choice([padded, f"{value}.0"])
