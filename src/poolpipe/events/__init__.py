"""Read, clean, reject and deduplicate events from files, frames and pipes."""

from __future__ import annotations

from poolpipe.events.opening import Foreign, is_event_file, read_table
from poolpipe.events.reading import Events, read_events
from poolpipe.events.sources import SETTLED

__all__ = ["SETTLED", "Events", "Foreign", "is_event_file", "read_events", "read_table"]
