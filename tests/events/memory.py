"""What reading does to a process: asked of a child, which may die of it."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path


def memory_of_reading(path: str) -> tuple[tuple[int, int, int, int], float]:
    """Read, accepted, duplicates and rejected; and by how much reading raised the largest memory so far, MB."""
    from events.scans import counts, csv_text, read, read_text

    with tempfile.TemporaryDirectory() as folder:
        read_text(Path(folder), csv_text())  # what is imported and compiled is no matter of the file
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = counts(read(path))
    return told, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def outcome_of_reading(path: str) -> str:
    """Whether a file was read, every record accounted for, or left aside by name."""
    from events.scans import read
    from poolpipe.errors import InputError

    try:
        read(path)
    except InputError as error:
        return "left aside" if "left aside" in error.what else str(error)
    return "read"
