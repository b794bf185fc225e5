"""Structured logs: a JSON object a line on stderr, with codes, counts and names of devices, and nothing of what was sent."""

from __future__ import annotations

import json
import sys
import threading

from poolpipe.display import mask_identities
from poolpipe.store.ledger_file import now_text

__all__ = ["log"]

_LOCK = threading.Lock()


def log(event: str, **fields: object) -> None:
    """Write a line: at, event, and fields; texts are masked where they hold an identity."""
    told = {name: mask_identities(each) if isinstance(each, str) else each for name, each in fields.items()}
    line = json.dumps({"at": now_text(), "event": event, **told}, ensure_ascii=False)
    with _LOCK:
        sys.stderr.write(f"{line}\n")  # at once: another process writes there, too
        sys.stderr.flush()
