"""Compile the kernels for the wheel that is about to be built: ``python scripts/ship_kernels.py``.

Writes machine code for this Python, this numba and any x86-64 processor with AVX2 into `poolpipe_kernels/shipped`,
from where a first start loads it (`poolpipe_kernels.kept_code`). Code of other Pythons that was written there before
stays, as long as it is of the same sources. Elsewhere than on 64-bit x86 nothing is written: there a first start compiles.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from poolpipe_kernels.kept_code import SHIPPED, SHIPPED_FOR

ROOT = Path(__file__).resolve().parent.parent
TOWN = ROOT / "data" / "samples" / "town"

# What a first user does: run a city and a troubled town, decode pools that share people, with Ct values and without.
FIRST_STEPS = """
import sys

import numpy as np
import polars as pl

import poolpipe
from poolpipe.simulate import simulate
from poolpipe.coding.warmup import kernels_of_a_run

for kernel, types in kernels_of_a_run():
    kernel.compile(types)
town, work = sys.argv[1:]
simulate(f"{work}/city", people=20_000, seed=1)
for number, events in enumerate((f"{work}/city/events", f"{town}/events")):
    poolpipe.run(events).write(f"{work}/day-{number}")
chance = np.random.default_rng(1)
seats = pl.DataFrame({"pool": np.repeat(np.arange(100), 10), "person": chance.integers(0, 300, 1000)}).unique()
calls = np.where(chance.random(100) < 0.3, "positive", "negative")
pools = pl.DataFrame({"pool": np.arange(100), "call": calls, "ct": np.where(calls == "positive", 30.0, np.nan)})
people = pl.DataFrame({"person": np.arange(300), "prior": 0.02})
for assay in ({}, {"cycles": {"mean": 27.0, "sd": 5.0}}):
    poolpipe.decode.decode(seats, pools, people, assay={"sensitivity": 0.9, "specificity": 0.99} | assay)
"""


def main() -> int:
    """Compile, and put the files in place of those that were there for this Python."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        sys.stderr.write(f"nothing is shipped for {platform.machine()}: a first start compiles there\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="poolpipe-ship-") as work:
        compiled = Path(work) / "compiled"
        environment = os.environ | {
            "NUMBA_CPU_NAME": SHIPPED_FOR, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(compiled),
        }  # fmt: skip
        command = [sys.executable, "-c", FIRST_STEPS, str(TOWN), work]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - this Python
        files = sorted(compiled.rglob("*.nbc"))
        SHIPPED.mkdir(exist_ok=True)
        for old in SHIPPED.glob(f"*.py{sys.version_info.major}{sys.version_info.minor}*.nbc"):
            old.unlink()
        for file in files:
            shutil.copy(file, SHIPPED / file.name)
    size = sum(file.stat().st_size for file in SHIPPED.iterdir()) / 1e6
    python = platform.python_version()
    sys.stdout.write(
        f"{len(files)} files of machine code for Python {python}; all that is shipped: {size:.1f} MB\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
