"""Keys of a layout's tables: roles of columns, roles of wells, calls, and facts of the preamble."""

from __future__ import annotations

__all__ = ["KEYS", "ROLES"]

# Roles a column can have; the word is what the rest of the package calls it.
ROLES = frozenset(
    ("well", "position", "plate", "plate_well", "target", "dye", "sample", "task", "ct", "mean", "omit", "include",
     "flag", "amplified", "tube", "role", "at", "lab", "call", "validity", "analyte", "status", "volume", "pool", "source")
)  # fmt: skip


KEYS = {
    "roles": frozenset(("sample", "negative_control", "positive_control")),
    "calls": frozenset(("positive", "suspect", "negative", "invalid")),
    "facts": frozenset(
        ("plate", "serial", "instrument", "software", "software_version", "block", "run_start", "run_end", "analysed",
         "modified", "day", "clock")
    ),
}  # fmt: skip
"""Keys of the tables `[roles]`, `[calls]` and `[facts]`."""
