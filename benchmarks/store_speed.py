"""Time a store with a city's events, beside the same work on the files, and write the figures into docs/store.md.

    python -m benchmarks.store_speed CITY/events --write

The city is made by `poolpipe simulate CITY --preset shanghai --no-troubles`. Each figure is of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import describe
from benchmarks.marked import DOCS, put_between
from poolpipe.events import read_events
from poolpipe.pipeline import run
from poolpipe.policy import load_policy
from poolpipe.store import Store
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable


STEPS = {
    "read_files": ("reading the files into memory", "读取文件到内存"),
    "run_files": ("all tables from the files", "由文件得出各结果表"),
    "ingest": ("ingesting the files", "收入文件"),
    "again": ("ingesting them again", "再次收入"),
    "read_store": ("reading the store into memory", "读取仓库到内存"),
    "run_store": ("all tables from the store", "由仓库得出各结果表"),
    "conclude": ("concluding and keeping the tables", "得出并保存各结果表"),
    "check": ("proving the store", "核查仓库"),
    "reseal": ("changing all keys", "更换全部密钥"),
}


def step(name: str, events: Path, folder: Path) -> None:
    """Do one thing once."""
    policy = load_policy(None)
    if name == "read_files":
        read_events(events, policy)
    elif name == "run_files":
        run(events, views=False)
    else:
        with Store(folder / "city") as store:
            work: dict[str, Callable[[], object]] = {
                "ingest": lambda: store.ingest(events),
                "again": lambda: store.ingest(events),
                "read_store": store.read_events,
                "run_store": lambda: store.run(views=False),
                "conclude": store.conclude,
                "check": store.check,
                "reseal": lambda: store.rotate_key(data=True),
            }
            work[name]()


def measured(name: str, events: Path, folder: Path) -> dict[str, float]:
    """Seconds, CPU seconds and peak gigabytes of one step in a process of its own, its start included."""
    started = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.store_speed", str(events), "--step", name, "--folder", str(folder)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return {"wall_s": time.perf_counter() - started, **json.loads(told.stdout)}


def figures(events: Path, folder: Path) -> dict[str, Any]:
    """Measure every step, and the size of the store."""
    told = {name: measured(name, events, folder) for name in STEPS}
    with Store(folder / "city") as store:
        people = store.inputs()["accepted"].sum()
        files = [path for kind in KINDS for path in store.files(kind)]
        size = sum(path.stat().st_size for path in files)
    given = sum(path.stat().st_size for path in events.rglob("*") if path.is_file())
    return {"steps": told, "events": people, "store_bytes": size, "given_bytes": given}


def table(told: dict[str, Any], place: int) -> str:
    """The figures as a table, in English (0) or Chinese (1)."""
    heads = ("| | s | CPU, s | peak, GB |", "| | 秒 | CPU 秒 | 内存峰值 GB |")
    rows = [
        f"| {STEPS[name][place]} | {each['wall_s']:.1f} | {each['cpu_s']:.1f} | {each['peak_gb']:.1f} |"
        for name, each in told["steps"].items()
    ]
    machine = describe()
    sizes = (told["events"], told["given_bytes"] / 1e9, told["store_bytes"] / 1e9)
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    english = (
        f"{sizes[0]:,} events of one day, {sizes[1]:.2f} GB of lean Parquet files, {sizes[2]:.2f} GB of tables in the store; "
        f"{machine['processor']}, {machine['cores']} cores, {day}, by `python -m benchmarks.store_speed`."
    )
    chinese = (
        f"一日 {sizes[0]:,} 条事件，精简 Parquet 文件 {sizes[1]:.2f} GB，仓库各表 {sizes[2]:.2f} GB；{machine['processor']}，"
        f"{machine['cores']} 核，{day}，由 `python -m benchmarks.store_speed` 写出。"
    )
    return "\n".join([heads[place], "| --- | ---: | ---: | ---: |", *rows, "", (english, chinese)[place]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path)
    parser.add_argument("--step")
    parser.add_argument("--folder", type=Path)
    parser.add_argument(
        "--write", action="store_true", help="write the figures into docs/store.md and .zh.md"
    )
    options = parser.parse_args()
    if options.step:
        step(options.step, options.events, options.folder)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss / 1e6}))
        return
    with tempfile.TemporaryDirectory() as folder:
        told = figures(options.events, Path(folder))
    for place, name in enumerate(("store.md", "store.zh.md")):
        text = table(told, place)
        print(text)
        if options.write:
            put_between("speed", DOCS / name, text)


if __name__ == "__main__":
    main()
