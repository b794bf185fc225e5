"""How kernels are compiled and kept: read from disk without the compiler, and as good as compiled anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

FIRST_AND_LAST = """
import json, sys
import numpy as np
from poolpipe_kernels.journeys import latest_rows
latest, tied = np.full(2, -1), np.zeros(2, np.bool_)
latest_rows(np.array([0, 1, 0], np.uint32), np.array([5, 7, 5]), latest, tied)
{more}
hits = sum(latest_rows.stats.cache_hits.values())
loaded = sorted({{"numba.np.arraymath", "scipy.linalg"}} & set(sys.modules))
print(json.dumps([latest.tolist(), tied.tolist(), hits, loaded]))
"""
READ_TIMES = """
from poolpipe_kernels.times import parse_times
text = np.frombuffer(b"2022-02-10T08:00:00Z", np.uint8)
at, kinds = np.zeros(1, np.int64), np.zeros(1, np.uint8)
parse_times(text, np.array([0, 20]), at, kinds)
assert at[0] == 1_644_480_000_000_000
"""


@pytest.fixture
def started(tmp_path):
    """Run a program in a process of its own, with a cache of its own."""

    def start(more=""):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_AND_LAST.format(more=more)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    return start


def test_kept_kernel__is_read_without_the_compiler(started):
    *compiled, hits, _ = started()
    assert hits == 0
    *read, hits, loaded = started()
    assert read == compiled == [[0, 1], [True, False]]
    assert hits == 1
    assert not loaded, f"{loaded}: see poolpipe_kernels.compilation._KeptCode"


def test_kept_kernel__goes_with_one_that_is_compiled_beside_it(started):
    started()
    *read, hits, _ = started(READ_TIMES)
    assert read == [[0, 1], [True, False]]
    assert hits == 1
