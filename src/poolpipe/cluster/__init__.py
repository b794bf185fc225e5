"""A city on many machines: the same tables on a Spark session as in one process, byte for byte (docs/cluster.md)."""

from poolpipe.cluster.engines import opened_session
from poolpipe.cluster.running import run

__all__ = ["opened_session", "run"]
