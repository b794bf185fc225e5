"""Do the tests notice?  ``python -m benchmarks.mutate --seed 1 --changes 200``.

Makes seeded small changes to the code, one at a time, in a copy of the project, and runs the tests that are
likeliest to notice each, up to the first that fails. A change that no test notices is a rule that no test
holds, unless it changes nothing that anybody could see: those are listed with a reason in `equivalent.toml`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import ROOT
from benchmarks.mutations import Change, changes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTED = Path(__file__).with_name("equivalent.toml")
COPIED = ("src", "kernels", "tests", "data", "docs", "benchmarks", "scripts", "pyproject.toml", "README.md",
          "README.zh.md", "CHANGELOG.md", "LICENSE", "Makefile", "requirements.lock", "uv.lock")  # fmt: skip
CPU_S = (120, 400)
"""Processor seconds of the likeliest tests and of all, after which a change that makes them hang is noticed."""

PROBABILITIES = "tests/stages/test_probabilities.py"
CONCLUSIONS = (
    *(
        f"tests/pipeline/test_{name}.py"
        for name in ("against_reference", "ties", "single_events", "laws", "examples")
    ),
    "tests/stages",
)
RESULTS = (
    "tests/results",
    "tests/coding",
    "tests/events/test_rejects.py",
    "tests/cli/test_run.py",
    *CONCLUSIONS,
)
EVENTS = ("tests/events", "tests/coding", *CONCLUSIONS, "tests/cli/test_run.py")
WATCHED: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(
        (f"kernels/poolpipe_kernels/{kernel}.py", ("tests/kernels", "tests/decode", PROBABILITIES))
        for kernel in (
            "arrays",
            "components",
            "counts",
            "cover",
            "elimination",
            "enumeration",
            "posterior",
            "propagate",
        )
    ),
    *(
        (f"kernels/poolpipe_kernels/{kernel}.py", ("tests/kernels", *CONCLUSIONS))
        for kernel in ("duplicate_people", "journeys", "seats", "tubes", "well_index", "wells")
    ),
    ("kernels/poolpipe_kernels/*", ("tests/kernels", *EVENTS, "tests/results")),
    ("src/poolpipe/events/*", EVENTS),
    ("src/poolpipe/coding/*", ("tests/coding", "tests/events", "tests/decode/test_keys.py", *RESULTS)),
    ("src/poolpipe/decode/*", ("tests/decode", PROBABILITIES)),
    ("src/poolpipe/exchange/*", ("tests/exchange", "tests/cli")),
    ("src/poolpipe/instruments/*", ("tests/instruments", "tests/house/test_errors.py")),
    ("src/poolpipe/stages/*", CONCLUSIONS),
    ("src/poolpipe/results/*", (*RESULTS, "tests/cli/test_diff.py")),
    ("src/poolpipe/pipeline.py", ("tests/events/test_reference_tables.py", *RESULTS)),
)
"""Which modules are changed, and the tests that watch them, the likeliest to notice first."""


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    done = _told(options.out)
    with tempfile.TemporaryDirectory(prefix="poolpipe-mutate-") as work:
        copy = _copied(Path(work) / ROOT.name)
        drawn = list(_drawn(copy, options.seed, options.changes, options.only))
        if not options.unproven:
            _prove(copy, {test for path, _ in drawn for test in _watching(path)})
        rows: list[dict[str, str]] = []
        for number, (path, change) in enumerate(drawn, 1):
            row = _row(copy, path, change)
            key = tuple(row.values())
            rows.append(row)
            if not done.get(key, {}).get("noticed"):  # tests are only added: what was noticed once is noticed
                done[key] = row | _tried(copy, path, change, _order(copy, path, done.values()))
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
        "--unproven", action="store_true", help="do not first run the tests on the code as it is"
    )
    return parser.parse_args(arguments)


def _watching(path: str) -> tuple[str, ...]:
    return next((tests for pattern, tests in WATCHED if fnmatch(path, pattern)), ())


def _drawn(root: Path, seed: int, count: int, only: str) -> Iterator[tuple[str, Change]]:
    """At most one change a line, every line that has any equally likely."""
    lines: dict[tuple[str, int], list[Change]] = {}
    for file in sorted((*root.glob("src/poolpipe/**/*.py"), *root.glob("kernels/**/*.py"))):
        path = file.relative_to(root).as_posix()
        if _watching(path) and fnmatch(path, only):
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


def _pytest(copy: Path, tests: tuple[str, ...], cpu_s: int = CPU_S[1]) -> subprocess.CompletedProcess[str]:
    """Run tests in the copy, on its own modules, up to the first that fails."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(copy / "src"), str(copy / "kernels"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "true",
    }
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "--tb=line", "-p", "no:cacheprovider",
        "--hypothesis-profile=poolpipe-unshrunk", *(test for test in tests if (copy / test).exists()),
    ]  # fmt: skip
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, errors="replace",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s)),
    )  # fmt: skip


def _prove(copy: Path, tests: set[str]) -> None:
    """Every test passes on the code as it is: else every change would be noticed."""
    for test in sorted(tests):
        ran = _pytest(copy, (test,))
        if ran.returncode:
            raise SystemExit(f"{test} fails on the code as it is:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")


def _order(copy: Path, path: str, told: Iterable[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    """Files of tests that speak of the module or noticed the most of its changes so far; then all that watches it."""
    watching = _watching(path)
    module = Path(path).stem if Path(path).stem != "__init__" else Path(path).parent.name
    speaks = re.compile(rf"\b(import|from)\b.*\b{re.escape(module)}\b|\b{re.escape(module)}\.")
    files = {
        file.relative_to(copy).as_posix(): file
        for test in watching
        for file in sorted((copy / test).rglob("test_*.py"))
    }
    likely = Counter(name for name, file in files.items() if speaks.search(file.read_text(encoding="utf-8")))
    for row in told:
        noticed_by = re.search(r"tests/[^ :]+\.py", row["by"])
        if row["file"] == path and noticed_by and noticed_by[0] in files:
            likely[noticed_by[0]] += 1
    return tuple(name for name, _ in likely.most_common(4)), watching


def _tried(copy: Path, path: str, change: Change, tests: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """Make one change, run what watches it, and take the change back, with what was compiled of it."""
    file = copy / path
    source, stamp = file.read_bytes(), file.stat()
    compiled = file.parent / "__pycache__"
    with tempfile.TemporaryDirectory(prefix="poolpipe-compiled-") as aside:
        if compiled.exists():
            shutil.copytree(compiled, aside, dirs_exist_ok=True)
        began = time.monotonic()
        file.write_bytes(change.applied(source))
        try:
            tries = (_pytest(copy, some, cpu_s) for some, cpu_s in zip(tests, CPU_S, strict=True) if some)
            ran = next((ran for ran in tries if ran.returncode), None)
        finally:
            file.write_bytes(source)
            os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            if compiled.exists():
                shutil.rmtree(compiled)
                shutil.copytree(aside, compiled)
    seconds = round(time.monotonic() - began)
    if ran is None:
        return {"noticed": False, "by": "", "s": seconds}
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return {"noticed": True, "by": failed[0] if failed else (ran.stdout + ran.stderr)[-300:], "s": seconds}


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
