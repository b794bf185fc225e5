"""Tables as sorted JSON texts over the columns of docs/tables.md, and what differs between two of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COLUMNS: dict[str, tuple[str, ...]] = {
    "pools": (
        "round",
        "tube",
        "mode",
        "capacity",
        "people",
        "swabs",
        "site",
        "point",
        "first_collected",
        "last_collected",
        "box",
        "packed_at",
        "picked_up_at",
        "received_at",
        "lab",
        "plate",
        "well",
        "loaded_at",
        "call",
        "called_at",
        "state",
    ),
    "members": ("round", "tube", "person_type", "person", "collected_at", "position"),
    "recalls": (
        "round",
        "tube",
        "person_type",
        "person",
        "opened_at",
        "due_at",
        "status",
        "overdue",
        "late",
        "recollected_at",
        "single_round",
        "single_tube",
        "outcome",
        "closed_at",
        "lab",
    ),
    "cases": ("round", "tube", "person_type", "person", "collected_at", "called_at", "lab", "recall_of"),
    "anomalies": ("code", "severity", "round", "subject_kind", "subject"),
    "ledger": (
        "round",
        "site",
        "box",
        "collected",
        "packed",
        "picked_up",
        "received",
        "loaded",
        "reported",
        "orphans",
    ),
    "rejects": ("file", "code"),
}
UNCOMPARED_ANOMALIES = ("clock_skew", "source_silent")


def _value(name: str, value: Any) -> Any:
    if name in ("round", "single_round"):
        return value or ""
    if isinstance(value, str) and (name.endswith(("_at", "_collected"))):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.isoformat().removesuffix("+00:00") + "Z"
    return value


def normalised(rows: Iterable[Mapping[str, Any]], table: str) -> list[str]:
    """Rows of one table as sorted JSON texts; naive datetimes are taken as UTC."""
    kept = (row for row in rows if table != "anomalies" or row["code"] not in UNCOMPARED_ANOMALIES)
    return sorted(
        json.dumps({name: _value(name, row[name]) for name in COLUMNS[table]}, ensure_ascii=False)
        for row in kept
    )


def differences(expected: list[str], got: list[str], limit: int = 40) -> str:
    """Empty when equal, else the rows only in one of them, ``-`` expected and ``+`` got, side by side."""
    wanted, had = Counter(expected), Counter(got)
    lines = [f"- {row}" for row in (wanted - had).elements()] + [
        f"+ {row}" for row in (had - wanted).elements()
    ]
    lines.sort(key=lambda line: (line[2:], line[0]))
    more = [f"… and {len(lines) - limit} more"] if len(lines) > limit else []
    return "\n".join(lines[:limit] + more)
