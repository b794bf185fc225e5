"""Many small files: poolpipe beside DuckDB's and Polars' readers of a pattern, and beside the same scans in one file.

``python -m benchmarks.small_files`` makes folders of 2,000, 20,000 and 100,000 files of ten scans, as CSV and as NDJSON, runs
every contender in turn in a process of its own, and writes the figures into benchmarks/measured.json and docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.machine import describe
from benchmarks.measuring import NO_LIMIT, ROOT, Measured, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES = (2_000, 20_000, 100_000)
FORMATS = ("csv", "ndjson")
SCANS = 10
PEER_S = 300
"""Seconds after which a peer is stopped."""

OURS, WHOLE, PEERS = contenders.OURS, "poolpipe, one file", ("Polars", "DuckDB")
MEASURED = ROOT / "benchmarks" / "measured.json"
START = dt.datetime(2022, 2, 10, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))
COLUMNS = ("at", "tube", "mode", "capacity", "person_type", "person", "site", "point", "device")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Weights of the check character of a resident ID (GB 11643-1999)."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, and put the figures among the others."""
    parser = argparse.ArgumentParser(prog="benchmarks.small_files", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of files")
    parser.add_argument("--repeats", type=int, default=2, help="runs of each contender")
    parser.add_argument("--work", type=Path, help="where the files are put; default: the temporary folder")
    parser.add_argument("--results", type=Path, default=MEASURED, help="where the figures go")
    parser.add_argument("--no-page", dest="page", action="store_false", help="leave the docs as they are")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.work, prefix="poolpipe-bench-") as work:
        sizes = [int(size) for size in options.sizes.split(",")]
        found = trial(Path(work), sizes, options.repeats)
    figures = json.loads(options.results.read_text(encoding="utf-8")) if options.results.exists() else {}
    figures["small_files"] = found
    options.results.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.page:
        from benchmarks import page

        page.write(figures)
    return 0


def trial(place: Path, sizes: Sequence[int] = SIZES, repeats: int = 2) -> dict[str, Any]:
    """Every format and number of files: the runs of each contender, who take turns."""
    runs: dict[str, dict[str, dict[str, list[dict[str, object]]]]] = {}
    for form in FORMATS:
        for files in sizes:
            folder, whole = place / f"{files}-{form}", place / f"{files}-{form}-whole"
            write(folder, whole, files, form)
            taken: dict[str, list[Measured]] = {name: [] for name in (OURS, *PEERS, WHOLE)}
            for _ in range(repeats):
                for name, told in taken.items():
                    told.append(_measured(name, folder, whole, place / "out"))
            runs.setdefault(form, {})[str(files)] = {
                name: [run.as_dict() for run in told] for name, told in taken.items()
            }
            shutil.rmtree(folder)
            shutil.rmtree(whole)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return {"measured": today, "processor": describe()["processor"], "scans": SCANS, "runs": runs}


def _measured(name: str, folder: Path, whole: Path, out: Path) -> Measured:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    command = [sys.executable, "-m", "benchmarks.peers.pattern_readers", name, str(folder), str(out)]
    if name in (OURS, WHOLE):
        scans = folder if name == OURS else whole
        command = contenders.poolpipe("run", str(scans), "--out", str(out / "result"), "--quiet")
    run = measure(command, seconds=NO_LIMIT if name in (OURS, WHOLE) else PEER_S)
    print(
        f"{folder.name} {name}: {run.ended} {run.wall_s:.2f} s, cpu {run.cpu_s:.2f} s, "
        f"{run.peak_bytes / 1e9:.2f} GB, others {run.others_s:.2f} s {run.said}",
        file=sys.stderr,
        flush=True,
    )
    return run


def write(folder: Path, whole: Path, files: int, form: str) -> None:
    """Write so many files of `SCANS` scans, each of one tube, and all scans once more in one file."""
    folder.mkdir()
    whole.mkdir()
    with (whole / f"collect.{form}").open("w", encoding="utf-8") as every:
        for number in range(files):
            head, *lines = _lines(number, form)
            text = "".join([head, *lines])
            (folder / f"collect-{number:06}.{form}").write_text(text, encoding="utf-8")
            every.write("".join(lines) if number else text)


def _lines(number: int, form: str) -> Iterator[str]:
    """The header, empty for NDJSON, and the scans of a tube."""
    yield ",".join(COLUMNS) + "\n" if form == "csv" else ""
    for scan in range(SCANS):
        at = START + dt.timedelta(seconds=number % 30_000 + 10 * scan)
        row = (
            at.isoformat(), f"2022021{number:08}", "pool", 10, "RESIDENT_ID",
            _resident_id(number * SCANS + scan), f"S{number % 100:03}", f"P{number % 7}", f"D{number % 300:04}",
        )  # fmt: skip
        yield (
            ",".join(map(str, row)) + "\n"
            if form == "csv"
            else json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n"
        )


def _resident_id(number: int) -> str:
    """A resident ID of nobody, another for each number below 20 million."""
    sequence, days = number % 1000, number // 1000
    born = dt.date(1950, 1, 1) + dt.timedelta(days=days % 20_000)
    digits = f"3101{1 + number // 20_000_000:02}{born:%Y%m%d}{sequence:03}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


if __name__ == "__main__":
    sys.exit(main())
