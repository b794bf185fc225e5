"""One process beside Sail or Spark on this machine, on the same city: `python -m benchmarks.cluster_speed CITY/events`.

Each is a process of its own. The time is that from the call to the written result, without the start of Python and of the session. The most
memory is that of the driver's Python; of Sail, or of Java and the largest worker of Spark, it is told apart. What was sent to
partitions is the sum over all of them. The results are compared byte by byte. `--sql` adds five tables as plain Spark SQL,
as a data engineer would write them first: one round, no ties, no voids, no duplicates, no re-runs, nothing rejected.
`--keep` puts the figures into benchmarks/cluster_measured.json, of which `python -m benchmarks.cluster_page` makes the tables
of docs/cluster.md: the fastest of the runs that were kept, with what it took.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pyarrow.parquet as pq

from benchmarks.cluster_processes import Watched
from benchmarks.machine import describe

MEASURED = Path(__file__).parent / "cluster_measured.json"

SQL = {
    "members": "SELECT tube, person, min(at) AS collected_at FROM collect GROUP BY tube, person",
    "pools": """
        SELECT m.tube, count(*) AS people, max(p.box) AS box, max(l.plate) AS plate, max(c.call) AS call
        FROM (SELECT DISTINCT tube, person FROM collect) m
        LEFT JOIN (SELECT tube, max_by(box, at) AS box FROM pack GROUP BY tube) p ON m.tube = p.tube
        LEFT JOIN (SELECT tube, max_by(plate, at) AS plate FROM load GROUP BY tube) l ON m.tube = l.tube
        LEFT JOIN calls c ON m.tube = c.tube
        GROUP BY m.tube
    """,
    "recalls": """
        SELECT DISTINCT c.tube, c.person FROM collect c JOIN calls r ON c.tube = r.tube
        WHERE coalesce(c.mode, 'pool') = 'pool' AND r.call IN ('positive', 'suspect')
    """,
    "cases": """
        SELECT DISTINCT c.tube, c.person FROM collect c JOIN calls r ON c.tube = r.tube
        WHERE c.mode = 'single' AND r.call = 'positive'
    """,
    "ledger": """
        SELECT c.site, count(DISTINCT c.tube) AS collected, count(DISTINCT p.tube) AS packed,
               count(DISTINCT l.tube) AS loaded, count(DISTINCT r.tube) AS reported
        FROM collect c
        LEFT JOIN pack p ON c.tube = p.tube LEFT JOIN load l ON c.tube = l.tube LEFT JOIN calls r ON c.tube = r.tube
        GROUP BY c.site
    """,
}
CALLS = """
    SELECT l.tube,
           CASE WHEN sum(CASE WHEN r.target <> 'IC' AND r.ct <= 37 THEN 1 ELSE 0 END) >= 2 THEN 'positive'
                WHEN sum(CASE WHEN r.target <> 'IC' AND r.ct <= 40 THEN 1 ELSE 0 END) >= 1 THEN 'suspect'
                ELSE 'negative' END AS call
    FROM load l JOIN read r ON l.plate = r.plate AND l.well = r.well WHERE l.tube IS NOT NULL GROUP BY l.tube
"""
KINDS = ("collect", "pack", "load", "read")


@click.command()
@click.argument("events", type=click.Path(exists=True, path_type=Path), metavar="CITY/events")
@click.option("--engine", type=click.Choice(["sail", "spark"]), default="sail", show_default=True)
@click.option("--master", help="As of `poolpipe run`.")
@click.option("--parts", default=[4], multiple=True, help="How many partitions; may be repeated.")
@click.option("--sql", is_flag=True, help="Also the five tables as plain Spark SQL; of a city in Parquet.")
@click.option("--keep", is_flag=True, help="Keep the figures for docs/cluster.md.")
@click.option("--child", hidden=True)
@click.option("--out", hidden=True, type=click.Path(path_type=Path))
def main(
    events: Path,
    engine: str,
    master: str | None,
    parts: tuple[int, ...],
    *,
    sql: bool,
    keep: bool,
    child: str | None,
    out: Path | None,
) -> None:
    """Run each, and tell seconds, memory and bytes."""
    if child:
        click.echo(json.dumps(_child(events, engine, master, child, out or Path())))
        return
    click.echo(json.dumps(describe(), ensure_ascii=False))
    with tempfile.TemporaryDirectory(prefix="cluster-speed-") as folder:
        asked = ["one", *map(str, parts), *(["sql"] if sql else [])]
        for each in asked:
            line = [
                sys.executable,
                "-m",
                "benchmarks.cluster_speed",
                str(events),
                "--engine",
                engine,
                "--child",
                each,
            ]
            line += ["--out", str(Path(folder) / each), *(["--master", master] if master else [])]
            told = json.loads(
                subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
            )
            if each.isdecimal():
                told["equal"] = _equal(Path(folder) / "one", Path(folder) / each)
            name = (
                f"{engine}, {each} parts" if each.isdecimal() else each if each == "one" else f"sql, {engine}"
            )
            click.echo(json.dumps({"what": name, **told}))
            if keep:
                _keep(_people(events), name, told)


def _child(events: Path, engine: Any, master: str | None, what: str, out: Path) -> dict[str, Any]:
    import poolpipe
    from poolpipe import cluster

    if what == "one":
        begin = time.perf_counter()
        poolpipe.run(events, out=out, views=False)
        return {"seconds": round(time.perf_counter() - begin, 1), "cpu": _cpu(0.0), **_memory()}
    begin = time.perf_counter()
    with Watched() as watched, cluster.opened_session(engine, master) as session:
        start = {"start": round(time.perf_counter() - begin, 1)}
        idle, own = watched.cpu_seconds, _cpu(0.0)
        found = (
            _plain_sql(session, events, out)
            if what == "sql"
            else _on_session(session, events, int(what), out)
        )
        found |= {"worker_cpu": round(watched.cpu_seconds - idle, 1), "cpu": _cpu(own)}
    return start | found | _memory() | {f"{kind}_gb": round(gb, 2) for kind, gb in watched.gb.items()}


def _on_session(session: Any, events: Path, parts: int, out: Path) -> dict[str, Any]:
    from poolpipe import cluster
    from poolpipe.cluster import jobs

    told: dict[str, Any] = {}
    found_in = jobs.found_in

    def counted(rows: Any) -> Any:
        found = found_in(rows)
        told["sent_mb"] = round(sum(part.received for part in found) / 1e6, 1)
        told["largest_part_mb"] = round(max(part.received for part in found) / 1e6, 1)
        return found

    jobs.found_in = counted
    steps: list[tuple[str, float]] = []
    begin = time.perf_counter()
    cluster.run(
        session, events, parts=parts, out=out, scratch=out.parent,
        progress=lambda step, *_: steps.append((step, time.perf_counter())),
    )  # fmt: skip
    ended = time.perf_counter()
    for name in ("reading", "parts", "joining"):
        told[f"until_{name}"] = round(next(at for step, at in steps if step == name) - begin, 1)
    return {"seconds": round(ended - begin, 1), **told}


def _plain_sql(session: Any, events: Path, out: Path) -> dict[str, Any]:
    begin = time.perf_counter()
    for kind in KINDS:
        frame = session.read.parquet(*sorted(str(file) for file in (events / kind).glob("*.parquet")))
        if kind == "collect" and "mode" not in frame.columns:  # a lean city
            frame = frame.selectExpr("*", "'pool' AS mode")
        frame.createOrReplaceTempView(kind)
    session.sql(CALLS).write.mode("overwrite").parquet(str(out / "calls"))
    session.read.parquet(str(out / "calls")).createOrReplaceTempView("calls")
    for name, query in SQL.items():
        session.sql(query).write.mode("overwrite").parquet(str(out / name))
    return {"seconds": round(time.perf_counter() - begin, 1)}


def _memory() -> dict[str, float]:
    """The most that this process held, GB."""
    return {"gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)}


def _cpu(before: float) -> float:
    """Processor time of this process since it was `before`, s."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return round(used.ru_utime + used.ru_stime - before, 1)


def _people(events: Path) -> int:
    """How many people were simulated, in millions: as many as were collected, about."""
    rows: int = sum(pq.read_metadata(file).num_rows for file in (events / "collect").glob("*.parquet"))
    return round(rows / 1e6)


def _keep(people: int, what: str, told: dict[str, Any]) -> None:
    kept = json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else {}
    kept["machine"] = describe()
    kept["measured"] = datetime.now(UTC).date().isoformat()
    city = kept.setdefault("cities", {}).setdefault(str(people), {})
    if what not in city or told["seconds"] <= city[what]["seconds"]:  # others use the machine, too
        city[what] = told
    MEASURED.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _equal(one: Path, many: Path) -> bool:
    names = [path.name for path in one.iterdir() if path.suffix in {".parquet", ".json"}]
    return bool(names) and all((one / name).read_bytes() == (many / name).read_bytes() for name in names)


if __name__ == "__main__":
    os.environ.setdefault("RUST_LOG", "error")
    main()
