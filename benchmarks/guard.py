"""Has this change made the main job slower?  ``python -m benchmarks.guard [--base COMMIT]``.

Runs `poolpipe run` on one simulated city with the code of the working tree (head) and of a base commit, taking
turns in one job on one machine, and fails when the fastest head run is more than 1.25 times the slowest base run:
noise alone does not get there. Where there is no base that can do the job, it says so and passes.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from benchmarks import contenders
from benchmarks.measuring import ROOT, Measured, measure

SLOWER = 1.25
KERNELS = "poolpipe_kernels"
STARTER = "from poolpipe.cli import main; main()"


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    base = base_commit(options.base)
    if base is None:
        print("speed: there is no base commit to compare with; nothing to guard")
        return 0
    with tempfile.TemporaryDirectory(prefix="poolpipe-guard-") as work:
        place = Path(work)
        events = make_city(place / "city", options.people, options.seed)
        before = unpack(base, place / "base")
        # compiles the kernels that changed
        first = {tree: run(tree, events, place / "out") for tree in (before, ROOT)}
        if not first[ROOT].done:
            print(f"speed: poolpipe run {first[ROOT].ended} on head: {first[ROOT].said}")
            return 1
        if not first[before].done:
            print(
                f"speed: the base commit {base[:12]} cannot run this job ({first[before].ended}); nothing to guard"
            )
            return 0
        turns = [
            (run(before, events, place / "out"), run(ROOT, events, place / "out"))
            for _ in range(options.repeats)
        ]
    return verdict([turn[0] for turn in turns], [turn[1] for turn in turns], base)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.guard", description=__doc__)
    parser.add_argument(
        "--base", help="commit to compare with; default: where this branch left main, else HEAD~1"
    )
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20220404)
    return parser.parse_args(arguments)


def base_commit(asked: str | None) -> str | None:
    """The commit to compare with, or None where the history does not hold one."""
    if asked:
        return _git("rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}")
    head = _git("rev-parse", "HEAD")
    parted = _git("merge-base", "HEAD", "origin/main")
    return parted if parted and parted != head else _git("rev-parse", "--verify", "--quiet", "HEAD~1")


def _git(*arguments: str) -> str | None:
    told = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.strip() or None if told.returncode == 0 else None


def unpack(commit: str, tree: Path) -> Path:
    """The sources of a commit in a folder of their own; the working tree and its index stay as they are."""
    packed = subprocess.run(
        ["git", "archive", commit, "src", "kernels"], cwd=ROOT, capture_output=True, check=False
    )
    tree.mkdir()
    if packed.returncode == 0:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as sources:
            sources.extractall(tree, filter="data")
    give_compiled(tree / "kernels" / KERNELS)
    return tree


def give_compiled(kernels: Path) -> None:
    """Give kernels of another tree the machine code of this one; what is of other sources is not used (`kept_code`)."""
    compiled = ROOT / "kernels" / KERNELS / "__pycache__"
    if kernels.is_dir() and compiled.is_dir():
        (kernels / "__pycache__").mkdir(exist_ok=True)
        for file in compiled.glob("*.nbc"):
            shutil.copy(file, kernels / "__pycache__" / file.name)


def make_city(folder: Path, people: int, seed: int) -> Path:
    made = measure(contenders.city(folder, people, seed=seed))
    if not made.done:
        raise SystemExit(f"speed: the city could not be made: {made.said}")
    return folder / "events"


def run(tree: Path, events: Path, out: Path) -> Measured:
    """`poolpipe run` with the code of a tree, whatever is installed."""
    paths = os.pathsep.join(str(tree / part) for part in ("src", "kernels"))
    command = [sys.executable, "-P", "-c", STARTER, "run", str(events), "--out", str(out)]
    return measure(command, seconds=120, environment={"PYTHONPATH": paths})


def verdict(base: list[Measured], head: list[Measured], commit: str) -> int:
    """Fail when the fastest head run took more than `SLOWER` times the slowest base run."""
    if not all(each.done for each in (*base, *head)):
        print("speed: a run that had worked did not work again")
        return 1
    slowest, fastest = max(each.wall_s for each in base), min(each.wall_s for each in head)
    seen = f"fastest head {fastest:.3f} s, slowest base {slowest:.3f} s ({commit[:12]}), {fastest / slowest:.2f} x"
    if fastest > SLOWER * slowest:
        print(
            f"speed: {seen}; more than {SLOWER} x is too slow. Profile both with `python -X importtime` and cProfile"
        )
        return 1
    print(f"speed: {seen}; at most {SLOWER} x is fine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
