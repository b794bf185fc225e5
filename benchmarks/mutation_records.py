"""Bring up to date which test runs which line: only files of tests that are new or have changed are run again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks import mutation_runs, mutation_tests

if TYPE_CHECKING:
    from pathlib import Path

WATCHING = ("kernels", "coding", "events", "stages", "decode", "results", "instruments", "exchange", "pipeline",
            "cities", "cli", "tracing", "messages", "terminal", "live", "inbox", "serve", "store")  # fmt: skip
"""Folders of tests that watch the modules which are changed."""
WATCHING_INTERPRETED = ("kernels", "stages")
"""Folders whose tests are recorded and tried with interpreted kernels too; tests of `decode` take minutes that way."""
FILES = 6
"""Files of tests that are recorded in one process: what an interrupted run loses."""


def folders(*, interpreted: bool) -> tuple[str, ...]:
    return WATCHING_INTERPRETED if interpreted else WATCHING


def recorded(copy: Path, place: Path, jobs: int, *, interpreted: bool) -> mutation_tests.Recorded:
    """Which test runs which line, recorded where it is not known yet.

    Parameters
    ----------
    copy : Path
        The project's copy.
    place : Path
        Folder that keeps the records.
    jobs : int
        How many processes record at a time.
    interpreted : bool
        Whether kernels are interpreted.

    Returns
    -------
    Recorded
        Of all files of tests that watch.
    """
    files = [
        file.relative_to(copy).as_posix()
        for folder in folders(interpreted=interpreted)
        for file in sorted((copy / "tests" / folder).rglob("test_*.py"))
    ]
    stale = mutation_tests.stale(place, copy, files, interpreted=interpreted)
    began = time.monotonic()
    environment = os.environ | mutation_runs.environment(copy, interpreted=interpreted)

    def record(some: list[str]) -> None:
        command = [sys.executable, "-m", "benchmarks.mutation_record", str(place), *some]
        subprocess.run(
            command,
            cwd=copy,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        print(f"recorded {len(some)} of {len(stale)} files: {some[0]} ...", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(jobs) as recording:
        list(recording.map(record, [stale[at : at + FILES] for at in range(0, len(stale), FILES)]))
    if stale:
        print(f"recorded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return mutation_tests.recorded(place, copy, files, interpreted=interpreted)
