"""Keep what is answered to many inputs, so that no change of it goes unseen: counts and hashes beside the tests.

The answers themselves would be megabytes. `scripts/keep_answers.py` writes the hashes anew where a change is meant, and
with `--texts FOLDER` all texts of them, to be compared with those of the commit before.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def counted(texts: Mapping[str, str]) -> dict[str, str]:
    """For each text how many lines it has, and a hash of it."""
    return {
        name: f"{text.count(chr(10))} {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
        for name, text in texts.items()
    }


def six_digits(row: Iterable[object]) -> str:
    """A row as a line; the last digits of a number may differ from processor to processor."""
    return f"{[f'{each:.6g}' if isinstance(each, float) else each for each in row]}\n"


def kept_in(file: Path) -> dict[str, dict[str, str]]:
    """What is kept in a file, by input and what is told of it."""
    told: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return told
