"""Events: reading, cleaning, rejecting, deduplicating. Everything that enters comes through here."""

from __future__ import annotations

from poolpipe.events.reading import Events, is_event_file, read_events, read_table

__all__ = ["Events", "is_event_file", "read_events", "read_table"]
