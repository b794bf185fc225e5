"""Counts of what a service does, as Prometheus reads them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Metrics"]

_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_HELP: Final = {
    "poolpipe_requests_total": ("counter", "Requests to /events, by the status of the answer"),
    "poolpipe_syncs_total": ("counter", "Groups of requests that were written and synced together"),
    "poolpipe_received_bytes_total": ("counter", "Bytes of acknowledged bodies, unpacked"),
    "poolpipe_inbox_position": ("gauge", "The last request that was acknowledged"),
    "poolpipe_committed_position": ("gauge", "The last request that is in the tables of a version"),
    "poolpipe_waiting_bytes": ("gauge", "Bytes of requests that are not synced yet"),
    "poolpipe_inbox_bytes": ("gauge", "Bytes of acknowledged requests that are in no version yet"),
    "poolpipe_version": ("gauge", "The store's newest version"),
    "poolpipe_records_total": ("counter", "Records of acknowledged requests, by what became of them"),
    "poolpipe_reads_total": ("counter", "Requests to /tables and /changes, by the status of the answer"),
    "poolpipe_tables_builds_total": ("counter", "How often the tables were concluded as a whole"),
    "poolpipe_tables_position": ("gauge", "The last request up to which all is in the tables that are shown"),
    "poolpipe_folds_total": ("counter", "Batches that were folded into the tables"),
    "poolpipe_fold_seconds_total": ("counter", "Seconds that folding took"),
    "poolpipe_fold_waiting_events": ("gauge", "Accepted events that are not in the tables yet"),
    "poolpipe_tables_waiting_bytes": (
        "gauge",
        "Bytes of cleaned requests that are not in the tables that are shown yet",
    ),
    "poolpipe_followers": ("gauge", "Readers that follow /changes"),
    "poolpipe_stream_sequence": ("gauge", "The last message of the stream that is in the inbox"),
    "poolpipe_stream_pending": ("gauge", "Messages of the stream behind that one, when it was last asked"),
    "poolpipe_acknowledgement_seconds": ("histogram", "From the request's head to its acknowledgement"),
}


class Metrics:
    """Counts and a histogram, all of one process."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], float] = {}
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, name: str, value: float = 1, label: str = "") -> None:
        """Add to a count."""
        key = name, label
        self._values[key] = self._values.get(key, 0) + value

    def set(self, name: str, value: float, label: str = "") -> None:
        """Set a value."""
        self._values[name, label] = value

    def acknowledged(self, seconds: float) -> None:
        """Note how long an acknowledgement took."""
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def value(self, name: str, label: str = "") -> float:
        """What a count or value is now."""
        return self._values.get((name, label), 0)

    def text(self) -> str:
        """All of them in Prometheus' text format, version 0.0.4."""
        lines: list[str] = []
        for name, (kind, meaning) in _HELP.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
            if kind == "histogram":
                lines += self._histogram(name)
                continue
            own: Mapping[str, float] = {
                label: value for (each, label), value in self._values.items() if each == name
            }
            lines += [
                f"{name}{{{label}}} {value:.15g}" if label else f"{name} {value:.15g}"
                for label, value in sorted(own.items())
            ]
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str) -> list[str]:
        lines, total = [], 0
        for bound, count in zip((*_BOUNDS, "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self._seconds:.15g}", f"{name}_count {total}"]
