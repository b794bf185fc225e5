"""Structured logs: a JSON object a line on stderr, with codes, counts and names of devices, and nothing of what was sent."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress

from poolpipe.display import mask_identities
from poolpipe.store.ledger_file import now_text

__all__ = ["log", "log_failure"]

_LOCK = threading.Lock()


def log(event: str, **fields: object) -> None:
    """Write a line: at, event, and fields; texts are masked where they hold an identity.

    A line that cannot be written is left out: a full disk or a log that nobody reads any more ends nothing, and keeps
    nothing from ending.
    """
    told = {name: mask_identities(each) if isinstance(each, str) else each for name, each in fields.items()}
    line = json.dumps({"at": now_text(), "event": event, **told}, ensure_ascii=False)
    with _LOCK:
        try:
            sys.stderr.write(f"{line}\n")  # at once: another process writes there, too
            sys.stderr.flush()
        except BrokenPipeError:
            _write_no_more()
        except OSError:  # a full disk: later lines are tried
            return


def _write_no_more() -> None:
    """Let all that goes to stderr go nowhere, what is left in its buffer too: it would fail once more at the end."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)


def log_failure(event: str, error: BaseException) -> None:
    """Write what failed unforeseen: its kind and place, for its text may name a person."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    log(event, why=type(error).__name__, where=where)
