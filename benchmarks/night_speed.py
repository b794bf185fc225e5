"""Time a night of a city, beside the same marts in pandas, and write the figures into docs/nightly.md.

    python -m benchmarks.night_speed CITY [CITY-OF-ROUNDS] [--pandas CITY] [--write]

CITY is made by `poolpipe simulate CITY --preset shanghai [--people N] [--rounds 3]` and concluded by `poolpipe run CITY/events
--out CITY/result`, or taken in by `poolpipe ingest CITY/store CITY/events`: the store is measured where there is no result, with the
charts of laboratories, which need its readings. Each figure is of a process of its own, its start included. Of a city of several
rounds the days are counted one after the other, into one file. pandas takes too much memory for a large city: it is given one
of its own, a tenth of the first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.machine import describe
from benchmarks.marked import DOCS, put_between
from poolpipe.nightly.connecting import query


def tables_of(city: Path) -> Path:
    """The city's result, or its store where it has none."""
    return city / "result" if (city / "result").is_dir() else city / "store"


def days_of(city: Path) -> list[str]:
    """The local days on which pools were begun in each round."""
    asked = (
        "select min(first_collected) as begun from pools where mode = 'pool' group by round order by begun"
    )
    begun = query(tables_of(city), asked)["begun"].drop_nulls()
    return [f"{moment + timedelta(hours=8):%Y-%m-%d}" for moment in begun.dt.convert_time_zone("UTC")]


def measured(*words: str) -> dict[str, float]:
    """Seconds, CPU seconds and peak gigabytes of a command in a process of its own."""
    code = (
        "import json, resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps({'cpu_s': used.ru_utime + used.ru_stime, 'peak_gb': used.ru_maxrss / 1e6}))"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True)
    return {"wall_s": time.perf_counter() - started, **json.loads(done.stdout)}


def night(city: Path, day: str, out: Path) -> dict[str, float]:
    reference = city / "reference"
    files = [
        each
        for name in ("people", "sites", "labs")
        for each in (f"--{name}", str(reference / f"{name}.parquet"))
    ]
    command = [
        sys.executable,
        "-m",
        "poolpipe",
        "nightly",
        str(tables_of(city)),
        "--date",
        day,
        "--out",
        str(out),
        "--no-report",
    ]
    return measured(*command, *files, "--quiet")


def report(out: Path, day: str) -> dict[str, float]:
    """The report alone, from a file of a night that lies there."""
    return measured(sys.executable, "-m", "poolpipe", "nightly", str(out), "--date", day, "--quiet")


def figures(cities: list[Path], for_pandas: Path | None) -> dict[str, Any]:
    """Measure every day of every city; a city's days go into one file."""
    told: dict[tuple[int, int, int] | str, dict[str, float]] = {}
    size = 0
    for city in [*cities, *([for_pandas] if for_pandas else [])]:
        people = pl.scan_parquet(city / "reference" / "people.parquet").select(pl.len()).collect().item()
        with tempfile.TemporaryDirectory() as folder:
            out, days = Path(folder, "night.duckdb"), days_of(city)
            for place, day in enumerate(days, 1):
                told[place, len(days), people] = night(city, day, out)
                print(place, len(days), people, told[place, len(days), people], file=sys.stderr)
                size = size or out.stat().st_size
                if "report" not in told:
                    told["report"] = report(out, day)
    if for_pandas:
        day = days_of(for_pandas)[0]
        told["pandas"] = measured(sys.executable, "-m", "benchmarks.peers.night_pandas", str(for_pandas), day)
    return {"steps": told, "bytes": size}


def label(step: tuple[int, int, int] | str, place: int) -> str:
    """What a row is of, in English (0) or Chinese (1)."""
    if step == "report":
        return (
            "its report, HTML and PDF, from the file of the night",
            "其报告（HTML 与 PDF，由夜间数据库生成）",
        )[place]
    if isinstance(step, str):
        return ("the main marts of the row above in pandas", "上一行的主要统计表（pandas）")[place]
    which, days, people = step
    if days == 1:
        return (f"a day of {people:,} people", f"{people:,} 人的一日")[place]
    english = f"day {which} of a result of {days} days, {people:,} people"
    return (english, f"{people:,} 人、含 {days} 日的结果中的第 {which} 日")[place]


def table(told: dict[str, Any], place: int) -> str:
    """The figures as a table, in English (0) or Chinese (1)."""
    heads = ("| | s | CPU, s | peak, GB |", "| | 秒 | CPU 秒 | 内存峰值 GB |")
    rows = [
        f"| {label(step, place)} | {each['wall_s']:.1f} | {each['cpu_s']:.1f} | {each['peak_gb']:.1f} |"
        for step, each in told["steps"].items()
    ]
    machine = describe()
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    english = (
        f"All marts with the list of residents; the file of the first row has {told['bytes'] / 1e6:.0f} MB. "
        f"{machine['processor']}, {machine['cores']} cores, {day}, by `python -m benchmarks.night_speed`."
    )
    chinese = (
        f"含人员名册的全部统计表；首行的文件 {told['bytes'] / 1e6:.0f} MB。{machine['processor']}，"
        f"{machine['cores']} 核，{day}，由 `python -m benchmarks.night_speed` 写出。"
    )
    return "\n".join([heads[place], "| --- | ---: | ---: | ---: |", *rows, "", (english, chinese)[place]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cities", type=Path, nargs="+")
    parser.add_argument(
        "--pandas", type=Path, metavar="CITY", help="a city whose marts are also made in pandas"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the figures into docs/nightly.md and .zh.md"
    )
    options = parser.parse_args()
    told = figures(options.cities, options.pandas)
    for place, name in enumerate(("nightly.md", "nightly.zh.md")):
        text = table(told, place)
        print(text)
        if options.write:
            put_between("speed", DOCS / name, text)


if __name__ == "__main__":
    main()
