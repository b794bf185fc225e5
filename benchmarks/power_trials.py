"""Draw states that a power cut may leave, put each on disk, and hold it against what was promised: for every recorded life alike."""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.power_states import state_after

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from benchmarks.power_record import Step

__all__ = ["Verifier", "Wrong", "argument_parser", "put_on_disk", "tried", "tried_in_memory"]


class Wrong(Exception):  # noqa: N818
    """A state in which a promise was broken."""


class Verifier(Protocol):
    """Opens states, and counts what it saw."""

    counts: Counter[str]

    def verify(self, done: int, *, whole: bool) -> None:
        """Hold the folder on disk against what is expected after so many acknowledgements.

        Raises
        ------
        Wrong
            With what was found.
        """


def tried(
    steps: Sequence[Step],
    root: Path,
    verifier: Verifier,
    states: int,
    seed: int,
    draw_cut: Callable[[random.Random, int], int],
    *,
    whole_every: int,
) -> tuple[Counter[str], list[str]]:
    """Verify so many distinct states; give counts, and what was wrong with the seed that makes it again.

    Parameters
    ----------
    steps : sequence of Step
        What was recorded below `root`.
    root : Path
    verifier : Verifier
    states, seed : int
    draw_cut : callable
        Given the state's generator and number: after how many steps the power fails.
    whole_every : int
        Of so many states one is verified as a whole.
    """
    seen, wrong = set[bytes](), list[str]()
    number = seed * 1_000_000
    while len(seen) < states:
        number += 1
        rng = random.Random(number)
        cut = draw_cut(rng, number)
        state = state_after(steps[:cut], str(root), rng)
        told = hashlib.sha256(repr((cut, state)).encode()).digest()
        if told in seen:
            continue
        seen.add(told)
        put_on_disk(state, root)
        done = sum(step.what == "done" for step in steps[:cut])
        try:
            verifier.verify(done, whole=len(seen) % whole_every == 0)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted with its seed
            wrong.append(
                f"seed {number}, cut {cut} of {len(steps)}, {done} done: {type(error).__name__}: {error}"
            )
    verifier.counts["distinct states"] = len(seen)
    verifier.counts["recorded operations"] = len(steps)
    return verifier.counts, wrong


def put_on_disk(state: dict[str, bytes | None], root: Path) -> None:
    """Make a folder what a state says it is."""
    shutil.rmtree(root)
    root.mkdir()
    for path, content in state.items():  # folders come before what they hold
        if content is None:
            Path(path).mkdir()
        else:
            Path(path).write_bytes(content)


def argument_parser(described: str | None) -> argparse.ArgumentParser:
    """Options of a command that tries states; the first paragraph describes it."""
    parser = argparse.ArgumentParser(description=(described or "").split("\n\n")[0])
    parser.add_argument("--states", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def tried_in_memory(
    run: Callable[[int, int, Path], tuple[Counter[str], list[str]]], states: int, seed: int
) -> list[str]:
    """Try states in a folder in memory, and print the counts; give what was wrong."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder in memory, where there is one
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        counts, wrong = run(states, seed, Path(folder))
    for what, count in counts.most_common():
        print(f"{count:8,}  {what}")
    print(f"{len(wrong):8,}  wrong;  {time.perf_counter() - started:.0f} s")
    for each in wrong[:20]:
        print(each)
    return wrong
