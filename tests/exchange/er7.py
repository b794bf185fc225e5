"""HL7 v2.5.1 read by its own rules (2.5, 2.7), for tests: knows nothing of how messages are written."""

from __future__ import annotations

import re

Message = list[tuple[str, list[str]]]


def segments(text: str) -> Message:
    """Name and fields of each segment, fields by their HL7 numbers (MSH-1 is the separator)."""
    assert text.endswith("\r")
    found = []
    for line in text[:-1].split("\r"):
        fields = line.split("|")
        found.append((fields[0], ["", "|", *fields[1:]] if fields[0] == "MSH" else fields))
    return found


def only(message: Message, name: str) -> list[str]:
    (fields,) = (fields for found, fields in message if found == name)
    return fields


def every(message: Message, name: str) -> list[list[str]]:
    return [fields for found, fields in message if found == name]


def components(field: str) -> list[str]:
    return [unescaped(part) for part in field.split("^")]


def field(fields: list[str], number: int) -> str:
    return fields[number] if number < len(fields) else ""


def unescaped(text: str) -> str:
    letters = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}

    def meant(match: re.Match[str]) -> str:
        code = match.group(1)
        return bytes.fromhex(code[1:]).decode() if code[0] == "X" else letters[code]

    return re.sub(r"\\([FSTRE]|X(?:[0-9A-F]{2})+)\\", meant, text)
