"""Do the tests notice?  ``python -m benchmarks.mutate --seed 1 --changes 200``.

Makes seeded small changes to the code, one at a time, in a copy of the project, and runs the tests that run the
changed line, the likeliest to notice first, up to the first that fails. A change that no test notices is a rule that
no test holds, unless it changes nothing that anybody could see: those are listed with a reason in `equivalent.toml`.
Of a change whose tests were given up by the clock nothing is known; it is tried again by the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import mutation_records, mutation_runs, mutation_tests
from benchmarks.mutation_runs import Outcome
from benchmarks.mutation_session import Session
from benchmarks.mutations import Change, changes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
LISTED = Path(__file__).with_name("equivalent.toml")
COPIED = ("src", "kernels", "tests", "data", "docs", "benchmarks", "scripts", "pyproject.toml", "README.md",
          "README.zh.md", "CHANGELOG.md", "LICENSE", "Makefile", "requirements.lock", "uv.lock")  # fmt: skip
CHANGED = ("src/poolpipe/pipeline.py", "kernels/poolpipe_kernels/*", *(
    f"src/poolpipe/{folder}/*"
    for folder in ("coding", "events", "stages", "decode", "results", "instruments", "exchange")
))  # fmt: skip
"""Which modules are changed."""
FIRST_S, ALL_S = 6.0, 100.0
"""Processor seconds of the tests that are tried first, and of all that are tried, as they were recorded."""
FIRST = 20
"""How many tests of a session are tried in a process that imports the changed code, if the change is of what has been run before."""


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    mutation_runs.load_libraries()
    done = _told(options.out)
    with tempfile.TemporaryDirectory(prefix="poolpipe-mutate-") as work:
        copy = _copied(Path(work) / "recorded" / ROOT.name)
        record = partial(mutation_records.recorded, copy, options.record.absolute(), options.jobs)
        compiled, interpreted = record(interpreted=False), record(interpreted=True)
        drawn = [
            (_row(copy, path, change), path, change)
            for path, change in _drawn(copy, options.seed, options.changes, options.only)
        ]
        # tests are only added: what was noticed once is noticed
        left = [each for each in drawn if not done.get(_key(each[0]), {}).get("noticed")]
        begin = partial(
            _begin, Path(work), options.record.absolute(), compiled, interpreted, list(done.values())
        )
        workers = ProcessPoolExecutor(options.jobs, mp_context=get_context("fork"), initializer=begin)
        with workers:
            tried = [workers.submit(_tried, *each) for each in left]
            for number, each in enumerate(as_completed(tried), 1):
                row = each.result()
                done[_key(row)] = row
                with options.out.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                print(f"{number}/{len(left)} {_said(row)}", file=sys.stderr, flush=True)
    return _verdict([done[_key(row)] for row, _, _ in drawn])


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.mutate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument(
        "--only", default="*", help="modules by path, as in 'src/poolpipe/stages/anomalies/*'"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("mutations.ndjson"),
        help="what was noticed already is kept, the rest tried again",
    )
    parser.add_argument(
        "--record",
        type=Path,
        default=Path(".benchmarks/mutations"),
        help="folder that keeps which test runs which line; recorded where it is missing or a file of tests changed",
    )
    parser.add_argument("--jobs", type=int, default=2, help="changes that are tried at a time")
    return parser.parse_args(arguments)


def _drawn(root: Path, seed: int, count: int, only: str) -> Iterator[tuple[str, Change]]:
    """At most one change a line, every line that has any equally likely."""
    lines: dict[tuple[str, int], list[Change]] = {}
    for file in sorted((*root.glob("src/poolpipe/**/*.py"), *root.glob("kernels/**/*.py"))):
        path = file.relative_to(root).as_posix()
        if any(fnmatch(path, pattern) for pattern in CHANGED) and fnmatch(path, only):
            for change in changes_of(file.read_bytes()):
                lines.setdefault((path, change.line), []).append(change)
    drawn = sorted(lines)
    random.Random(seed).shuffle(drawn)
    for path, line in drawn[:count]:
        yield path, random.Random(f"{seed} {path} {line}").choice(lines[path, line])


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return row["file"], row["change"], row["old"], row["new"]


def _row(root: Path, path: str, change: Change) -> dict[str, str]:
    old, new = change.lines((root / path).read_bytes())
    return {"file": path, "change": change.name, "old": old, "new": new}


def _copied(place: Path) -> Path:
    """The project with everything that was compiled, so that only what is changed is compiled anew."""
    place.mkdir(parents=True)
    beside = ROOT.parent / "shared"  # real files that some tests read and that are not the project's to copy
    if beside.exists():
        (place.parent / "shared").symlink_to(beside)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, place / name)
    return place


class _Trial:
    """Tries changes in a copy of the project.

    A change inside a function is tried in a session that has collected all tests; one of what a module does while it is
    imported, or of compiled kernels, in a process that imports everything anew. A test counts only if it passes,
    alone, on the code as it is.
    """

    def __init__(
        self,
        copy: Path,
        place: Path,
        compiled: mutation_tests.Recorded,
        interpreted: mutation_tests.Recorded,
    ) -> None:
        self.copy = copy
        self.threads = place / "starts_threads.txt"
        self.found = {False: compiled, True: interpreted}
        self.modules = mutation_tests.Modules(copy)
        self.sessions: dict[bool, Session] = {}
        self.missing: set[str] = set()  # from the sessions
        self.run_before: set[tuple[str, int]] = set()
        self.proved: dict[tuple[str, bool, bool], Outcome] = {}
        self.given_up: list[str] = []

    def of(self, path: str, change: Change, likely: Iterable[str]) -> dict[str, Any]:
        """Make one change, run the tests that may notice it, and take the change back."""
        began = time.monotonic()
        for _ in range(2):  # the clock has more patience another time
            self.given_up = []
            by = self._by(path, change, likely)
            if by or not self.given_up:
                break
        noticed = True if by else None if self.given_up else False
        return {"noticed": noticed, "by": by, "s": round(time.monotonic() - began, 1)}

    def _by(self, path: str, change: Change, likely: Iterable[str]) -> str:
        inside = self.modules.is_inside(path, change)
        by = ""
        for interpreted in (True, False) if mutation_tests.is_kernel(path) else (False,):
            found = self.found[interpreted]
            tests = mutation_tests.choice(found, self.modules, path, change, likely, interpreted=interpreted)
            warm = inside and (interpreted or not mutation_tests.is_kernel(path))
            if warm:
                self._start(interpreted=interpreted)
                some = tests[: _most(tests, found.seconds, ALL_S)]
                by = by or self._noticed(path, change, some, warm=True, interpreted=interpreted)
            if not (warm and interpreted):
                again = tests[:FIRST] if warm and self._was_run_before(path, change) else []
                left = [*(test for test in tests if test in self.missing), *again] if warm else tests
                first = _most(left, found.seconds, FIRST_S)
                for some in (left[:first], left[first : _most(left, found.seconds, ALL_S)]):
                    by = by or self._noticed(path, change, some, warm=False, interpreted=interpreted)
        return by

    def _noticed(self, path: str, change: Change, tests: list[str], *, warm: bool, interpreted: bool) -> str:
        """The test that notices the change, or why none could be run; empty where all pass."""
        while tests:
            with _changed(self.copy / path, change):
                outcome = self._run(tests, path, warm=warm, interpreted=interpreted)
            if not outcome.failed and not outcome.why:
                return ""
            alone = [outcome.failed] if outcome.failed in tests else tests
            plain = self._plain(alone, warm=warm, interpreted=interpreted) if outcome.known else outcome
            if not plain.failed and not plain.why:
                return outcome.failed or outcome.why
            if not plain.known:
                self.given_up += alone
                print(f"not known of {alone[0]}: {plain.why}", file=sys.stderr, flush=True)
            if outcome.failed not in tests:  # no test is to blame: none of them can be counted
                print(f"{len(tests)} tests do not pass without any change: {plain.why}", file=sys.stderr)
                return ""
            tests = tests[tests.index(outcome.failed) + 1 :]
        return ""

    def _plain(self, tests: list[str], *, warm: bool, interpreted: bool) -> Outcome:
        """How tests, of which one failed, go without the change."""
        key = tests[0], warm, interpreted
        if key not in self.proved or not self.proved[key].known:
            self.proved[key] = self._run(tests, "", warm=warm, interpreted=interpreted)
        return self.proved[key]

    def _start(self, *, interpreted: bool) -> None:
        """Start a session, and wait until it has imported the code as it is."""
        if interpreted not in self.sessions:
            folders = [f"tests/{folder}" for folder in mutation_records.folders(interpreted=interpreted)]
            environment = os.environ | mutation_runs.environment(self.copy, interpreted=interpreted)
            self.sessions[interpreted] = Session(self.copy, folders, environment, self.threads)
            run = self.sessions[interpreted].ask([], {})["run"]
            self.run_before |= {(path, line) for path, lines in run.items() for line in lines}

    def _was_run_before(self, path: str, change: Change) -> bool:
        """Whether a session ran what is changed while it imported the code and collected the tests."""
        statement = self.modules.statement(path, *self.modules.lines(path, change))
        return any((path, line) in self.run_before for line in statement.lines)

    def _run(self, tests: list[str], path: str, *, warm: bool, interpreted: bool) -> Outcome:
        seconds = self.found[interpreted].seconds
        if not warm:
            return mutation_runs.run(self.copy, seconds, tests, interpreted=interpreted)
        file = self.copy / path
        change = {"path": str(file), "source": file.read_text(encoding="utf-8")} if path else {}
        answer = self.sessions[interpreted].ask(tests, seconds, **change)
        self.missing.update(answer["missing"])
        return Outcome(answer["failed"], answer["why"], answer["known"])


_TRIALS: list[tuple[_Trial, dict[str, list[str]]]] = []
"""In a worker: its copy of the project, and by module which tests have noticed changes of it."""


def _begin(
    work: Path,
    place: Path,
    compiled: mutation_tests.Recorded,
    interpreted: mutation_tests.Recorded,
    told: list[dict[str, Any]],
) -> None:
    likely: dict[str, list[str]] = {}
    for row in told:
        likely.setdefault(row["file"], []).extend([row["by"]] if row["by"] else [])
    _TRIALS.append(
        (_Trial(_copied(work / str(os.getpid()) / ROOT.name), place, compiled, interpreted), likely)
    )


def _tried(row: dict[str, str], path: str, change: Change) -> dict[str, Any]:
    trial, likely = _TRIALS[0]
    told = row | trial.of(path, change, likely.get(path, []))
    likely.setdefault(path, []).extend([told["by"]] if told["by"] else [])
    return told


@contextmanager
def _changed(file: Path, change: Change) -> Iterator[None]:
    """A module with a change, taken back at the end with what was compiled of it."""
    source, stamp = file.read_bytes(), file.stat()
    compiled = file.parent / "__pycache__"
    with tempfile.TemporaryDirectory(prefix="poolpipe-compiled-") as aside:
        keeps = compiled.exists() and any(compiled.glob(f"{file.stem}.*.nbc"))
        if keeps:
            shutil.copytree(compiled, aside, dirs_exist_ok=True)
        file.write_bytes(change.applied(source))
        try:
            yield
        finally:
            file.write_bytes(source)
            os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            if keeps:
                shutil.rmtree(compiled)
                shutil.copytree(aside, compiled)


def _most(tests: list[str], seconds: dict[str, float], limit: float) -> int:
    """How many of the tests there is time for, at least one."""
    spent = 0.0
    for number, test in enumerate(tests):
        spent += seconds[test]
        if spent > limit and number:
            return number
    return len(tests)


def _told(out: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """What an earlier run with the same file has told; only of the same lines."""
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
    return {_key(row): row for row in rows}


def _reasons() -> dict[tuple[str, str, str], str]:
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("change", [])
    return {(one["file"], one["old"], one["new"]): one["why"] for one in listed}


def _said(row: dict[str, Any]) -> str:
    word = {True: "noticed", False: "UNNOTICED", None: "NOT KNOWN"}[row["noticed"]]
    return f"{word:9} {row['s']:4} s {row['file']}: {row['change']}\n    - {row['old']}\n    + {row['new']}"


def _verdict(rows: list[dict[str, Any]]) -> int:
    reasons = _reasons()
    without = [row for row in rows if (row["file"], row["old"], row["new"]) in reasons and not row["noticed"]]
    open_ones = [row for row in rows if not row["noticed"] and row not in without]
    unknown = sum(row["noticed"] is None for row in open_ones)
    for row in open_ones:
        print(_said(row))
    matter = len(rows) - len(without)
    print(
        f"{len(rows)} changes, {matter} that matter, {matter - len(open_ones)} noticed: "
        f"{(matter - len(open_ones)) / max(1, matter):.1%}; {len(without)} change nothing (equivalent.toml)"
    )
    if unknown:
        print(f"not known of {unknown}, counted as not noticed: run again, what is known is kept")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
