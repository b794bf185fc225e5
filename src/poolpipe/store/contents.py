"""The columns of each of a store's tables: events, refused records, the plates of refused loads, conclusions."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from poolpipe.store.conclusion_tables import CONTENTS, clear_schema, vault_schema
from poolpipe.store.event_tables import schema_of, vault_schema_of
from poolpipe.tables import KINDS

__all__ = [
    "FILE_COUNTS",
    "LOADS",
    "LOADS_CLEAR",
    "REJECTS",
    "REJECTS_CLEAR",
    "REJECTS_VAULT",
    "clear_columns",
    "vault_columns",
]

REJECTS: Final = "rejects"
LOADS: Final = "rejected_loads"
REJECTS_CLEAR: Final = pa.schema(
    [("file", pa.large_string()), ("line", pa.int64()), ("kind", pa.large_string()), ("code", pa.large_string()),
     ("input", pa.int32())]
)  # fmt: skip
REJECTS_VAULT: Final = pa.schema([("detail", pa.large_string()), ("raw", pa.large_string())])
"""What a refused record says, and why in words that quote it, may name people."""

LOADS_CLEAR: Final = pa.schema(
    [("round", pa.large_string()), ("plate", pa.large_string()), ("at", pa.timestamp("us", "UTC"))]
)
FILE_COUNTS: Final = ("file", "read", "accepted", "duplicates", "rejected")


def clear_columns(content: str) -> pa.Schema:
    """The columns of a table that anybody may read."""
    if content in CONTENTS:
        return clear_schema(content)
    return schema_of(content) if content in KINDS else {REJECTS: REJECTS_CLEAR, LOADS: LOADS_CLEAR}[content]


def vault_columns(content: str) -> pa.Schema:
    """The columns of a table in the vault."""
    if content in CONTENTS:
        return vault_schema(content)
    return (
        vault_schema_of(content)
        if content in KINDS
        else REJECTS_VAULT
        if content == REJECTS
        else pa.schema([])
    )
