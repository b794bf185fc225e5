"""How much memory reading takes, measured by whoever is asked in a process of its own."""

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
