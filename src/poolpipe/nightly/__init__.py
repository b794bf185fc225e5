"""The night: marts of a day in a DuckDB file, from the tables of a result or a store; no identity is ever in it."""

from __future__ import annotations

from poolpipe.nightly.database import read_table, tables_shown
from poolpipe.nightly.night import run_night

__all__ = ["read_table", "run_night", "tables_shown"]
