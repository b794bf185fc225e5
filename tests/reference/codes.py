"""What is a code, and what surrounds it: text by text."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

SPREADSHEET_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
                      "#FIELD!", "#BLOCKED!", "#CONNECT!", "#GETTING_DATA", "#FORMULA!"}  # fmt: skip


def clean_code(value: Any) -> str:
    """``Dictionaries lose surrounding blanks and control characters, an AIM symbology prefix, … half-width``; a number is
    ``the digits of a whole number below 2^53``."""
    text = bare("" if value is None else as_plain_text(value))
    text = bare(re.sub(r"^\][A-Za-z][0-9A-Za-z]", "", text))
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


def bare(text: str) -> str:
    """Half-width, without surrounding blanks and control characters."""
    half = "".join(_half_width(character) for character in text)
    return half.strip("".join(c for c in set(half) if c.isspace() or _is_control(c)))


def as_plain_text(value: Any) -> str:
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
