"""What the three peers read, and what all three leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Only what the five tables need is read: the peers' users would not read more.
COLUMNS = {
    "collect": (
        "at", "round", "event_id", "tube", "person_type", "person", "site", "point", "mode", "capacity", "recall_of",
    ),
    "seal": ("at", "round", "event_id", "tube", "swabs"),
    "pack": ("at", "round", "event_id", "tube", "box"),
    "pickup": ("at", "round", "event_id", "box"),
    "receive": ("at", "round", "event_id", "box", "lab"),
    "load": ("at", "round", "event_id", "plate", "well", "lab", "tube", "role"),
    "read": ("at", "round", "event_id", "plate", "well", "target", "ct"),
    "report": ("at", "round", "event_id", "tube", "call", "lab"),
    "void": ("at", "event"),
}  # fmt: skip

DEFAULTS = {"round": "", "person_type": "RIC", "mode": "pool", "role": "sample"}

LEFT_OUT = (
    "every file format but Parquet, with clean and typed columns, in folders named by kind",
    "cleaning of codes, wells and times; typed rejects with file, line and raw text",
    "counting duplicates (a repeated event changes none of the five tables) and conservation counts",
    "the tables traces, ledger and rejects; summary.json",
    "the other 32 anomaly codes, and the time and detail of the one they find",
    "p_infected and rank",
    "policies other than ten-in-one, and views as of an earlier moment",
    "ties: two events of one thing at the same microsecond are settled by the columns used, not by the whole content",
)


def files_of(folder: Path, kind: str) -> list[Path]:
    """The Parquet files of one kind: in a folder of its name, or with a name that starts with it."""
    return sorted(
        file
        for file in folder.rglob("*.parquet")
        if kind in file.relative_to(folder).parts[:-1] or file.name.startswith(kind)
    )
