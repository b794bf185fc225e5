"""Structured logs: a JSON object a line on stderr, with codes, counts and names of devices, and nothing of what was sent."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime

from poolpipe.display import mask_identities

__all__ = ["log"]

_LOCK = threading.Lock()


def log(event: str, **fields: object) -> None:
    """Write a line: at, event, and fields; texts are masked where they hold an identity."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {name: mask_identities(each) if isinstance(each, str) else each for name, each in fields.items()}
    with _LOCK:
        print(json.dumps({"at": at, "event": event, **told}, ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201
