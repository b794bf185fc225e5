"""Kill an executor of Spark in the middle of a run and compare the result: `python -m benchmarks.cluster_kill CITY/events`.

Two executors run as processes of this machine (`local-cluster`). One of those that this program started is killed once a
partition is concluded: what it has split for the others, which have not taken it yet, is lost with it. With `--after` it is killed so many
seconds after the files are read, while events are split.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import click

import poolpipe
from benchmarks.cluster_processes import below
from poolpipe import cluster


@click.command()
@click.argument("events", type=click.Path(exists=True, path_type=Path), metavar="CITY/events")
@click.option("--concluded", default=1, show_default=True, help="Kill once so many partitions are concluded.")
@click.option("--after", type=float, help="Kill so many seconds after the files are read instead.")
@click.option("--parts", default=6)
def main(events: Path, *, concluded: int, after: float | None, parts: int) -> None:
    """Run, kill, compare; exit with 1 where a file differs or nothing was killed."""
    killed: list[int] = []

    def kill() -> None:
        while after is None and len(list(Path(folder).glob("poolpipe-*/*-found"))) < concluded:
            time.sleep(0.01)
        time.sleep(after or 0.0)
        for executor in _executors()[:1]:
            os.kill(executor, signal.SIGKILL)
            killed.append(executor)
            click.echo(f"killed {executor}")

    def progress(step: str, *_: int) -> None:
        if step == "routes":
            threading.Thread(target=kill, daemon=True).start()
        click.echo(f"{step}: executors {_executors()}")

    with tempfile.TemporaryDirectory(prefix="cluster-kill-") as folder:
        one, many = Path(folder) / "one", Path(folder) / "many"
        with cluster.opened_session("spark", "local-cluster[2,1,1500]") as session:
            cluster.run(session, events, parts=parts, out=many, scratch=folder, progress=progress)
        poolpipe.run(events, out=one, views=False)
        names = [path.name for path in one.iterdir() if path.suffix in {".parquet", ".json"}]
        unlike = [name for name in names if (one / name).read_bytes() != (many / name).read_bytes()]
    click.echo(f"killed {len(killed)}, {len(names)} files, unlike: {unlike}")
    raise SystemExit(bool(unlike) or not killed)


def _executors() -> list[int]:
    """Executors among the processes that this one has started."""
    found = []
    for child in below(os.getpid()):
        try:
            line = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if b"CoarseGrainedExecutorBackend" in line and b"java" in line:
            found.append(child)
    return found


if __name__ == "__main__":
    main()
