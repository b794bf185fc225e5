"""Kept machine code that is damaged, mistaken or somebody else's is compiled anew; the answer is always right."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from numba.core.caching import CompileResultCacheImpl

from poolpipe_kernels import kept_code
from poolpipe_kernels.compilation import argument_types, can_be_kept, is_wanting

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
from poolpipe_kernels.compilation import kernel

FACTOR = {factor}

@kernel
def scale(values, scaled):
    for i in range(len(values)):
        scaled[i] = {factor} * values[i]

@kernel
def shift(values, shifted):
    for i in range(len(values)):
        shifted[i] = {factor} + values[i]
"""
FLOATS = argument_types("float64[] float64[]")
FLIPS = 150


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder for machine code that is this test's own."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The module as a new process imports it: nothing of it is in memory yet."""
    # Python would take the byte code of a source of the same second and size for that of the changed one.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def start(factor=3):
        path = tmp_path / "scaling.py"
        path.write_text(SOURCE.format(factor=factor), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("scaling", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return start


def scaled(module, name="scale"):
    """What a kernel makes of 1, 2, 3, and whether its code was read from disk."""
    run, values, result = getattr(module, name), np.array([1.0, 2.0, 3.0]), np.zeros(3)
    run(values, result)
    return result.tolist(), sum(run.stats.cache_hits.values())


def kept(cache, name="scale"):
    (path,) = cache.rglob(f"*.{name}-*.nbc")
    return path


def damages(whole):
    """Every kind of damage to a file: cut at any place, longer, another bit anywhere."""
    chance = random.Random(20)
    cuts = {0, 1, 23, 24, 40, 55, 56, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(20))}
    yield from (whole[:cut] for cut in sorted(cuts))
    yield from (whole + b"\0", whole + whole, bytes(len(whole)), b"\n" + whole)
    places = [*range(8 * 57), *(chance.randrange(8 * len(whole)) for _ in range(FLIPS))]
    for place in places:
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        yield bytes(flipped)


def test_kept_code__of_any_damage_is_not_believed(cache, started):
    scaled(started())
    path = kept(cache)
    whole, again = path.read_bytes(), started().scale
    assert not is_wanting(again, FLOATS)
    for damaged in damages(whole):
        path.write_bytes(damaged)
        assert is_wanting(again, FLOATS)
    path.write_bytes(whole)
    assert not is_wanting(again, FLOATS)


@pytest.mark.parametrize("damage", [0, 30, 200, 600], ids=["empty", "longer", "in the hash", "in the code"])
def test_kept_code__that_is_damaged_is_compiled_anew_and_overwritten(cache, started, damage):
    assert scaled(started()) == ([3, 6, 9], 0)
    path = kept(cache)
    whole = path.read_bytes()
    path.write_bytes(list(damages(whole))[damage])
    assert scaled(started()) == ([3, 6, 9], 0)
    assert scaled(started()) == ([3, 6, 9], 1)
    assert list(cache.rglob("*.tmp")) == []


def test_kept_code__of_another_kernel_is_not_believed(cache, started):
    module = started()
    assert (scaled(module), scaled(module, "shift")) == (([3, 6, 9], 0), ([4, 5, 6], 0))
    one, other = kept(cache).read_bytes(), kept(cache, "shift").read_bytes()
    kept(cache).write_bytes(other)
    kept(cache, "shift").write_bytes(one)
    again = started()
    assert (scaled(again), scaled(again, "shift")) == (([3, 6, 9], 0), ([4, 5, 6], 0))


def test_kept_code__of_an_older_source_under_the_same_name_is_not_believed(cache, started):
    assert scaled(started(3)) == ([3, 6, 9], 0)
    older = kept(cache).read_bytes()
    assert scaled(started(5)) == ([5, 10, 15], 0)
    kept(cache).write_bytes(older)
    assert scaled(started(5)) == ([5, 10, 15], 0)
    assert scaled(started(5)) == ([5, 10, 15], 1)


def test_kept_code__that_is_sound_and_cannot_be_loaded_is_compiled_anew(cache, started):
    module = started()
    scaled(module)
    place = module.scale._cache
    named = place._key(FLOATS, module.scale.targetctx.codegen())
    for unloadable in (b"", b"no pickle", b"cnobody\nknows\n."):
        place._write(*named, unloadable)
        assert scaled(started()) == ([3, 6, 9], 0)


@pytest.mark.skipif(os.name == "nt", reason="files of Windows tell no owner")
def test_kept_code__that_others_may_have_written_is_not_believed(cache, started):
    scaled(started())
    path, again = kept(cache), started().scale
    for mode, believed in ((0o644, True), (0o600, True), (0o664, False), (0o646, False), (0o666, False)):
        path.chmod(mode)
        assert is_wanting(again, FLOATS) is not believed
    path.chmod(0o644)
    mine = path.stat()
    for owner, believed in ((os.geteuid(), True), (0, True), (os.geteuid() + 4711, False)):
        theirs = os.stat_result([*mine[:4], owner, *mine[5:10]])
        assert again._cache._may_be_believed(theirs) is believed


def test_kept_code__is_written_so_that_others_may_not_change_it(cache, started):
    before = os.umask(0)
    try:
        scaled(started())
    finally:
        os.umask(before)
    assert kept(cache).stat().st_mode & 0o777 == 0o644


def test_kept_code__beside_the_sources_is_read_where_nothing_may_be_written(started, tmp_path, monkeypatch):
    assert scaled(started()) == ([3, 6, 9], 0)
    assert kept(tmp_path / "__pycache__")
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    module = started()
    assert scaled(module) == ([3, 6, 9], 1)
    assert scaled(module, "shift") == ([4, 5, 6], 0)
    assert not can_be_kept(module.shift)
    assert scaled(started(), "shift") == ([4, 5, 6], 0)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Code of `scale` for the shipped processor, compiled once by a process elsewhere."""
    if not all(llvm.get_host_cpu_features().get(name) for name in kept_code._SHIPPED_NEEDS):
        pytest.skip("this processor cannot run shipped code")
    place = tmp_path_factory.mktemp("wheel")
    (place / "scaling.py").write_text(SOURCE.format(factor=3), encoding="utf-8")
    environment = os.environ | {
        "NUMBA_CPU_NAME": kept_code.SHIPPED_FOR,
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(place / "build"),
    }
    compiling = "import numpy, scaling; scaling.scale(numpy.ones(3), numpy.ones(3))"
    subprocess.run([sys.executable, "-c", compiling], env=environment, cwd=place, check=True)
    (code,) = (place / "build").rglob("*.nbc")
    return code


@pytest.fixture
def shipped(built, tmp_path, monkeypatch):
    """Code of `scale` as a wheel brings it, in a folder of its own."""
    code, folder = built, tmp_path / "shipped"
    folder.mkdir()
    shutil.copy(code, folder)
    monkeypatch.setattr(kept_code, "SHIPPED", folder)
    monkeypatch.syspath_prepend(tmp_path)  # numba imports the module whose code it loads
    kept_code._runs_shipped_code.cache_clear()
    yield folder / code.name
    kept_code._runs_shipped_code.cache_clear()


def test_shipped_code__is_loaded_where_nothing_is_kept(cache, started, shipped):
    module = started()
    assert not is_wanting(module.scale, FLOATS)
    assert scaled(module) == ([3, 6, 9], 1)
    assert scaled(module, "shift") == ([4, 5, 6], 0), "what was not shipped is compiled"


def test_shipped_code__of_another_source_or_damaged_is_not_believed(cache, started, shipped):
    assert scaled(started(5)) == ([5, 10, 15], 0)
    assert not is_wanting(started(3).scale, FLOATS)
    whole = shipped.read_bytes()
    for damaged in (b"", whole[:-1], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]):
        shipped.write_bytes(damaged)
        assert is_wanting(started(3).scale, FLOATS)


@pytest.mark.parametrize("lacking", ["avx2", "fma", "bmi2"])
def test_shipped_code__is_not_for_processors_without_its_features(
    cache, started, shipped, monkeypatch, lacking
):
    here = dict(llvm.get_host_cpu_features()) | {lacking: False}
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: here)
    assert is_wanting(started().scale, FLOATS)


@pytest.mark.parametrize("setting", ["CPU_NAME", "CPU_FEATURES"])
def test_shipped_code__is_not_used_where_another_processor_is_asked_for(
    cache, started, shipped, monkeypatch, setting
):
    monkeypatch.setattr(numba.config, setting, "generic")
    assert is_wanting(started().scale, FLOATS)


CHILD = """
import json, numpy as np
from poolpipe_kernels.journeys import earliest, latest_rows
latest, tied, first = np.full(2, -1), np.zeros(2, np.bool_), np.full(2, 9)
latest_rows(np.array([0, 1, 0], np.uint32), np.array([5, 7, 5]), latest, tied)
earliest(np.array([0, 1, 0], np.uint32), np.array([5, 7, 4]), first)
hits = sum(sum(each.stats.cache_hits.values()) for each in (latest_rows, earliest))
print(json.dumps([latest.tolist(), tied.tolist(), first.tolist(), hits]))
"""
RIGHT = [[0, 1], [True, False], [4, 7]]


def begun(cache: Path) -> subprocess.Popen[str]:
    # for a processor that no wheel brings code for
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "NUMBA_CPU_NAME": "generic"}
    return subprocess.Popen([sys.executable, "-c", CHILD], env=environment, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> Any:
    told, _ = process.communicate()
    assert process.returncode == 0
    return json.loads(told)


def test_kept_code__of_two_processes_at_once_and_damaged_under_a_third(tmp_path):
    assert [answer(each)[:3] for each in [begun(tmp_path), begun(tmp_path)]] == [RIGHT, RIGHT]
    assert answer(begun(tmp_path)) == [*RIGHT, 2]
    files = sorted(tmp_path.rglob("*.nbc"))
    assert len(files) == 2
    files[0].write_bytes(b"")
    damaged = bytearray(files[1].read_bytes())
    damaged[len(damaged) // 2] ^= 8
    files[1].write_bytes(damaged)
    assert answer(begun(tmp_path)) == [*RIGHT, 0]
    assert answer(begun(tmp_path)) == [*RIGHT, 2]
