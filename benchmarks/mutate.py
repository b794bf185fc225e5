"""Do the tests notice?  ``python -m benchmarks.mutate --seed 1 --changes 200``.

Makes seeded small changes to the code, one at a time, in a copy of the project, and runs the tests that run the
changed line, the likeliest to notice first, up to the first that fails. A change that no test notices is a rule that
no test holds, unless it changes nothing that anybody could see: those are listed with a reason in `equivalent.toml`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import mutation_runs, mutation_tests
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
WATCHING = ("kernels", "coding", "events", "stages", "decode", "results", "instruments", "exchange", "pipeline",
            "cities", "cli")  # fmt: skip
"""Folders of tests that watch them."""
WATCHING_INTERPRETED = ("kernels", "coding", "events", "stages", "decode", "pipeline")
FIRST_S, ALL_S = 6.0, 150.0
"""Seconds of the tests that are tried first, and of all that are tried, as they were recorded."""


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    mutation_runs.load_libraries()
    done = _told(options.out)
    with tempfile.TemporaryDirectory(prefix="poolpipe-mutate-") as work:
        copy = _copied(Path(work) / ROOT.name)
        trial = _Trial(copy, *_recorded(copy, options.record))
        rows: list[dict[str, str]] = []
        drawn = list(_drawn(copy, options.seed, options.changes, options.only))
        for number, (path, change) in enumerate(drawn, 1):
            row = _row(copy, path, change)
            key = tuple(row.values())
            rows.append(row)
            if not done.get(key, {}).get("noticed"):  # tests are only added: what was noticed once is noticed
                likely = [told["by"] for told in done.values() if told["file"] == path and told["by"]]
                done[key] = row | trial.of(path, change, likely)
                with options.out.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(done[key], ensure_ascii=False) + "\n")
            print(f"{number}/{len(drawn)} {_said(done[key])}", file=sys.stderr, flush=True)
    return _verdict([done[tuple(row.values())] for row in rows])


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
    return parser.parse_args(arguments)


def _recorded(copy: Path, place: Path) -> tuple[mutation_tests.Recorded, mutation_tests.Recorded]:
    """Which test runs which line, with kernels compiled and interpreted; recorded where it is not known yet."""
    place = place.absolute()
    found = []
    for interpreted, folders in ((False, WATCHING), (True, WATCHING_INTERPRETED)):
        files = [
            file.relative_to(copy).as_posix()
            for folder in folders
            for file in sorted((copy / "tests" / folder).rglob("test_*.py"))
        ]
        stale = mutation_tests.stale(place, copy, files, interpreted=interpreted)
        for folder in folders:
            some = [file for file in stale if file.startswith(f"tests/{folder}/")]
            if some:
                print(f"recording {len(some)} files of tests/{folder}", file=sys.stderr, flush=True)
                environment = os.environ | mutation_runs.environment(copy, interpreted=interpreted)
                command = [sys.executable, "-m", "benchmarks.mutation_record", str(place), *some]
                subprocess.run(command, cwd=copy, env=environment, stdout=subprocess.DEVNULL, check=True)
        found.append(mutation_tests.recorded(place, copy, files, interpreted=interpreted))
    return found[0], found[1]


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


def _row(root: Path, path: str, change: Change) -> dict[str, str]:
    old, new = change.lines((root / path).read_bytes())
    return {"file": path, "change": change.name, "old": old, "new": new}


def _copied(place: Path) -> Path:
    """The project with everything that was compiled, so that only what is changed is compiled anew."""
    place.mkdir()
    beside = ROOT.parent / "shared"  # real files that some tests read and that are not the project's to copy
    if beside.exists():
        (place.parent / "shared").symlink_to(beside)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, place / name)
    return place


@dataclass
class _Trial:
    """Tries changes in a copy of the project.

    A test counts only if it passes, alone, on the code as it is.
    """

    copy: Path
    compiled: mutation_tests.Recorded
    interpreted: mutation_tests.Recorded
    proved: dict[tuple[str, bool], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.modules = mutation_tests.Modules(self.copy)

    def of(self, path: str, change: Change, likely: Iterable[str]) -> dict[str, Any]:
        """Make one change, run the tests that may notice it, and take the change back."""
        began = time.monotonic()
        by, ran = "", 0
        for interpreted in (True, False) if mutation_tests.is_kernel(path) else (False,):
            found = self.interpreted if interpreted else self.compiled
            tests = mutation_tests.choice(found, self.modules, path, change, likely, interpreted=interpreted)
            for some in _parts(tests, found.seconds):
                if not by:
                    by = self._noticed(path, change, some, found, interpreted=interpreted)
                    ran += len(some)
        seconds = round(time.monotonic() - began, 1)
        return {"noticed": bool(by), "by": by, "s": seconds, "tests": ran}

    def _noticed(
        self,
        path: str,
        change: Change,
        tests: list[str],
        found: mutation_tests.Recorded,
        *,
        interpreted: bool,
    ) -> str:
        """The test that notices the change, or why none could be run; empty where all pass."""
        while tests:
            with _changed(self.copy / path, change):
                outcome = mutation_runs.run(self.copy, found.seconds, tests, interpreted=interpreted)
            if not outcome.noticed:
                return ""
            if self._passes(outcome.failed, tests, found, interpreted=interpreted):
                return outcome.failed or outcome.why
            if outcome.failed not in tests:
                raise SystemExit(f"{outcome.failed}: {outcome.why}\nso it is without any change, too")
            tests = tests[tests.index(outcome.failed) + 1 :]
        return ""

    def _passes(
        self, test: str, tests: list[str], found: mutation_tests.Recorded, *, interpreted: bool
    ) -> bool:
        """Whether the tests, of which one failed, run through without the change."""
        alone = [test] if test in tests else tests
        key = alone[0], interpreted
        if key not in self.proved:
            self.proved[key] = not mutation_runs.run(
                self.copy, found.seconds, alone, interpreted=interpreted
            ).noticed
        return self.proved[key]


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


def _parts(tests: list[str], seconds: dict[str, float]) -> Iterator[list[str]]:
    """The first few seconds of tests, so that few files are imported; then those for which there is time."""
    some: list[str] = []
    spent, limit = 0.0, FIRST_S
    for test in tests:
        if spent + seconds[test] > limit and some:
            yield some
            some, limit = [], ALL_S
        if spent + seconds[test] <= ALL_S:
            some.append(test)
            spent += seconds[test]
    if some:
        yield some


def _told(out: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """What an earlier run with the same file has told; only of the same lines."""
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
    return {(row["file"], row["change"], row["old"], row["new"]): row for row in rows}


def _reasons() -> dict[tuple[str, str, str], str]:
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("change", [])
    return {(one["file"], one["old"], one["new"]): one["why"] for one in listed}


def _said(row: dict[str, Any]) -> str:
    word = "noticed" if row["noticed"] else "UNNOTICED"
    return f"{word:9} {row['s']:4} s {row['file']}: {row['change']}\n    - {row['old']}\n    + {row['new']}"


def _verdict(rows: list[dict[str, Any]]) -> int:
    reasons = _reasons()
    unnoticed = [row for row in rows if not row["noticed"]]
    open_ones = [row for row in unnoticed if (row["file"], row["old"], row["new"]) not in reasons]
    for row in open_ones:
        print(_said(row))
    matter = len(rows) - (len(unnoticed) - len(open_ones))
    print(
        f"{len(rows)} changes, {matter} that matter, {matter - len(open_ones)} noticed: "
        f"{(matter - len(open_ones)) / max(1, matter):.1%}; {len(unnoticed) - len(open_ones)} change nothing (equivalent.toml)"
    )
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
