"""How kernels are compiled and kept: read from disk without the compiler, and as good as compiled anew."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile

import numba
import numpy as np
import pytest
from numba.core.caching import CompileResultCacheImpl

from poolpipe_kernels.compilation import argument_types, can_be_kept, is_wanting, kernel, read_only

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
    assert not loaded, f"{loaded}: see poolpipe_kernels.kept_code.KeptCode"


def test_kept_kernel__goes_with_one_that_is_compiled_beside_it(started):
    started()
    *read, hits, _ = started(READ_TIMES)
    assert read == [[0, 1], [True, False]]
    assert hits == 1


def double(values, doubled):
    for i in range(len(values)):
        doubled[i] = 2 * values[i]


FLOATS, READ_ONLY = argument_types("float64[] float64[]"), argument_types("float64[]! float64[]")


def test_words__are_the_types_of_arguments():
    values = np.zeros((2, 3), np.uint16)
    given = (7, True, 0.5, values, values[0], read_only(values[0]))
    assert argument_types("int64 bool float64 uint16[,] uint16[] uint16[]!") == tuple(
        map(numba.typeof, given)
    )


def test_kernel__is_wanting_until_it_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    one, other = kernel(double), kernel(double)
    assert is_wanting(one, FLOATS)
    one.compile(FLOATS)  # type: ignore[attr-defined]  # numba's own, no part of Kernel
    assert not is_wanting(other, FLOATS)
    assert is_wanting(other, READ_ONLY)


def test_kernel__runs_where_nothing_can_be_kept(monkeypatch):
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    values = np.arange(3.0)
    run = kernel(double)
    run(values, values)
    assert values.tolist() == [0, 2, 4]
    assert is_wanting(run, FLOATS)
    assert not can_be_kept(run)


def test_kernel__that_is_interpreted_is_not_wanting():
    assert not is_wanting(double, FLOATS)


def test_kernel__runs_where_the_disk_is_full(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    run = kernel(double)
    monkeypatch.setattr(tempfile, "mkstemp", full)
    values = np.arange(3.0)
    run(values, values)
    assert values.tolist() == [0, 2, 4]
    assert is_wanting(run, FLOATS)
