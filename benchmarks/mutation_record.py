"""Record which test runs which line: ``python -m benchmarks.mutation_record OUT tests/stages ...``.

Runs tests with coverage.py and writes, for each file of tests, its passing tests with their seconds and the lines of
the code that each runs. Seconds are of the processor: a loaded machine changes them little. With NUMBA_DISABLE_JIT=1
kernels are interpreted, and their lines are recorded too. `benchmarks.mutation_records` asks for what is missing, and
`benchmarks.mutation_tests` reads what is written here.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

LONGEST_INTERPRETED_S = 3
"""An interpreted test that takes more of the processor is left out: its compiled form is tried instead."""
EXAMPLES_INTERPRETED = 10
"""So many examples of hypothesis are interpreted at most: compiled forms are given all of them."""

PYTEST = ("-q", "--tb=line", "-p", "no:cacheprovider", "--hypothesis-profile=poolpipe-unshrunk")


def tests_key(file: Path) -> str:
    """What a record of a file of tests is of: its text."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def record_path(place: Path, test_file: str, *, interpreted: bool) -> Path:
    name = test_file.removesuffix(".py").replace("/", ".")
    return place / ("interpreted" if interpreted else "compiled") / f"{name}.json.gz"


def source_path(place: Path, key: str) -> Path:
    """The text of a module as it was when its lines were recorded, by its hash."""
    return place / "sources" / f"{key}.py"


class _Recorder:
    """A pytest plugin that gives every test, fixture and module of tests a context of its own.

    What a fixture of a wider scope runs counts for every test that uses it, and what runs while a module of tests is
    imported counts for all of its tests. Caches of functions are emptied before each test: else only the first test
    would be seen to run what is cached.
    """

    def __init__(self, coverage: Any, *, interpreted: bool) -> None:
        self.coverage = coverage
        self.interpreted = interpreted
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.contexts: dict[str, list[str]] = {}
        self.caches: list[Any] = []
        self._now = ""
        self._shared_s = (
            0.0  # of fixtures of wider scopes: whichever test came first would have paid for them
        )
        self._watch_caches()

    def _watch_caches(self) -> None:
        lru_cache = functools.lru_cache

        def watched(maxsize: Any = 128, typed: bool = False) -> Any:  # noqa: FBT001, FBT002 - as functools has it
            made = lru_cache(maxsize, typed)
            if callable(maxsize):
                return self._watched(made)
            return lambda function: self._watched(made(function))

        functools.lru_cache = watched
        functools.cache = lambda function: self._watched(lru_cache(None)(function))

    def _watched(self, cached: Any) -> Any:
        if str(getattr(cached, "__module__", "")).startswith("poolpipe"):
            self.caches.append(cached)
        return cached

    def _switch(self, context: str) -> str:
        before, self._now = self._now, context
        self.coverage.switch_context(context)
        return before

    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        self._switch(f"module {module_path}")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._switch("")
        if self.interpreted:
            fewer_examples(session.items)
        for item in session.items:
            fixtures: dict[str, Any] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
            wider = [each for many in fixtures.values() for each in many if each.scope != "function"]
            self.contexts[item.nodeid] = [f"module {item.path}", *map(_fixture_context, wider)]

    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        for cached in self.caches:
            cached.cache_clear()
        self._switch(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        before, began, inner_s = self._switch(_fixture_context(fixturedef)), processor_s(), self._shared_s
        try:
            return (yield)
        finally:
            self._shared_s = inner_s + processor_s() - began
            self._switch(before)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        began, shared_s = processor_s(), self._shared_s
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = processor_s() - began - (self._shared_s - shared_s)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        began = processor_s()
        if self.interpreted:
            signal.signal(signal.SIGPROF, _too_long)
            signal.setitimer(signal.ITIMER_PROF, LONGEST_INTERPRETED_S)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.seconds[item.nodeid] += processor_s() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def processor_s() -> float:
    """Seconds of the processor that this process and its ended children have taken."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def fewer_examples(items: Iterable[pytest.Item]) -> None:
    """Let hypothesis give tests `EXAMPLES_INTERPRETED` examples at most."""
    from hypothesis import settings  # once pytest has begun: it rewrites assertions

    for item in items:
        test = getattr(item, "obj", None)
        asked = getattr(test, "_hypothesis_internal_use_settings", None)
        if test is not None and asked is not None and asked.max_examples > EXAMPLES_INTERPRETED:
            fewer = settings(asked, max_examples=EXAMPLES_INTERPRETED)
            getattr(test, "__func__", test)._hypothesis_internal_use_settings = fewer


def interpret_kernels() -> None:
    """Leave every kernel a Python function, with itself as its `py_func`, as tests ask for it."""
    numba: Any = importlib.import_module("numba")

    def njit(**_: Any) -> Any:
        def interpreted(function: Any) -> Any:
            function.py_func = function
            return function

        return interpreted

    numba.config.DISABLE_JIT = 1
    numba.njit = njit


def _fixture_context(fixture: Any) -> str:
    return f"fixture {fixture.baseid} {fixture.argname}"


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {LONGEST_INTERPRETED_S} s of the processor")


def main(arguments: list[str]) -> int:
    place, *tests = arguments
    interpreted = bool(os.environ.get("NUMBA_DISABLE_JIT"))
    import coverage

    root = Path.cwd()
    measured = coverage.Coverage(
        data_file=None, config_file=False, messages=False,
        include=[str(root / "src" / "*"), str(root / "kernels" / "*")],
    )  # fmt: skip
    recorder = _Recorder(measured, interpreted=interpreted)
    measured.start()
    began = time.monotonic()
    if interpreted:
        interpret_kernels()
    pytest.main([*PYTEST, "--continue-on-collection-errors", *tests], plugins=[recorder])
    measured.stop()
    _write(Path(place), root, recorder, measured.get_data(), _files(root, tests))
    print(f"{len(recorder.seconds)} tests recorded in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


def _files(root: Path, tests: Iterable[str]) -> list[str]:
    found = (
        file
        for test in tests
        for file in ([root / test] if test.endswith(".py") else (root / test).rglob("test_*.py"))
    )
    return sorted(file.relative_to(root).as_posix() for file in found)


def _write(place: Path, root: Path, recorder: _Recorder, data: Any, files: list[str]) -> None:
    """One record for each file of tests, with the numbers of its tests by module and line."""
    passed = [test for test in recorder.seconds if test not in recorder.failed]
    told: dict[str, dict[str, Any]] = {
        file: {"key": tests_key(root / file), "tests": [], "seconds": [], "sources": {}, "lines": {}}
        for file in files
    }
    users: dict[str, list[tuple[dict[str, Any], int]]] = {}
    for test in passed:
        record = told[test.split("::")[0]]
        record["tests"].append(test)
        record["seconds"].append(round(recorder.seconds[test], 3))
        for context in (test, *recorder.contexts[test]):
            users.setdefault(context, []).append((record, len(record["tests"]) - 1))
    for source in sorted(data.measured_files()):
        path = Path(source).relative_to(root).as_posix()
        key = _kept_source(place, Path(source))
        for line, contexts in data.contexts_by_lineno(source).items():
            for record, number in {
                (id(r), n): (r, n) for c in contexts for r, n in users.get(c, ())
            }.values():
                record["sources"][path] = key
                record["lines"].setdefault(path, {}).setdefault(line, []).append(number)
    for file, record in told.items():
        to = record_path(place, file, interpreted=recorder.interpreted)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(gzip.compress(json.dumps(record).encode(), 3))


def _kept_source(place: Path, source: Path) -> str:
    key = tests_key(source)
    kept = source_path(place, key)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(source.read_bytes())
    return key


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
