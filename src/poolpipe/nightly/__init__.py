"""The night: marts of a day in a DuckDB file, from the tables of a result or a store; no identity is ever in it.

What counts is imported when it is first used: a question in SQL that names no mart does not wait for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poolpipe.nightly.database import read_table, tables_shown
    from poolpipe.nightly.night import run_night

__all__ = ["read_table", "run_night", "tables_shown"]

_HOMES = {"read_table": "database", "tables_shown": "database", "run_night": "night"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"poolpipe.nightly.{_HOMES[name]}"), name)
