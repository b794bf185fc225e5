"""Live conclusions: tables that follow a city's events batch by batch, equal to what `poolpipe run` concludes (docs/live.md)."""

from poolpipe.live.changes import Changes
from poolpipe.live.state import Live
from poolpipe.live.tables import LiveTables

__all__ = ["Changes", "Live", "LiveTables"]
