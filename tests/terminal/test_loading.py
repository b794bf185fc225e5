"""Loading the heavy libraries: the collector rests, and nobody else's process is touched."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import gc, os, sys
{before}
from poolpipe.terminal.loading import loading
with loading():
    import numba
    resting = not gc.isenabled()
print(resting, gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize(
    ("before", "expected"),
    [("", "True True True"), ("import numba", "False True False")],
    ids=["a process of our own", "a process in which the libraries are loaded"],
)
def test_loading__rests_the_collector_in_a_process_of_its_own(before, expected):
    done = subprocess.run(
        [sys.executable, "-c", ASKED.format(before=before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected


def test_run__leaves_nothing_on_stderr_when_it_was_ndjson(tmp_path):
    """DuckDB, which reads it, reports what is not freed when the process ends."""
    event = '{"kind": "seal", "tube": "T1", "at": "2022-02-10T08:00:00+08:00"}\n'
    (tmp_path / "events.ndjson").write_text(event)
    command = [sys.executable, "-m", "poolpipe.cli", "run", str(tmp_path), "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
