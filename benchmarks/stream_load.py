"""`python -m benchmarks.stream_load`: how much a service on this machine takes, door, store and client together.

Singles come from 256 devices, as fast as they are answered and at a fixed rate (then a request waits from the moment at
which it was due); batches come as Arrow and as NDJSON. Each is acknowledged when it is synced; of batches it is told when
they were cleaned, folded into the tables that readers see, and in a version, too: each rate is from the first request to that moment.
At the end the store must hold exactly what was acknowledged.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from operator import mul
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from benchmarks.load_client import request, send
from benchmarks.peers.nats_alone import publish_alone
from benchmarks.stream_figures import keep
from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

DEVICES = 256
BATCH = 1000
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Of the digits of a resident's number (GB 11643)."""


class Service:
    """`poolpipe serve` in a process of its own, on a store of its own."""

    def __init__(
        self, store: Path, *, options: Sequence[str] = (), environment: dict[str, str] | None = None
    ) -> None:
        self.store, self.holds_tables = store, "--no-tables" not in options
        told = [sys.executable, "-m", "poolpipe", "serve", str(store), "--port", "0", *options]
        self.process = subprocess.Popen(
            told,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stderr is not None
        self.log: list[str] = []
        for line in self.process.stderr:
            self.log.append(line)
            if '"listening"' in line:
                self.url = json.loads(line)["url"]
                break
        else:
            self.process.wait(60)
            self.process.stderr.close()
            raise RuntimeError("".join(self.log))
        self.port = int(self.url.rpartition(":")[2])
        self._reader = threading.Thread(target=self._read, args=[self.process.stderr], daemon=True)
        self._reader.start()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            self.log.append(line)  # as they come: a service whose log nobody reads would stop

    def metrics(self) -> dict[str, float]:
        """The metrics, over a connection of their own."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:  # noqa: S310 - our own
            lines = answer.read().decode().splitlines()
        return {
            name: float(value)
            for name, _, value in (each.rpartition(" ") for each in lines if not each.startswith("#"))
        }

    def cleaned(self) -> float:
        return sum(
            value for name, value in self.metrics().items() if name.startswith("poolpipe_records_total")
        )

    def has(self, name: str, position: float) -> bool:
        """Whether a request is there by one of the metrics."""
        return self.metrics().get(name, 0) >= position

    def processor(self) -> list[float]:
        """Seconds of processor time of the process that takes in, of the door, and of the one that holds the tables."""
        return [
            _processor(each) for each in family(self.process.pid) if "resource_tracker" not in _command(each)
        ]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; give its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(120)
        self._reader.join(10)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return status


def scan(number: int) -> dict[str, str]:
    """A scan as a device sends it; all are of different people, as those of a round are, up to 23 million."""
    day, which = divmod(number, 1000)
    month, year = divmod(day // 28, 12)[::-1]
    person = f"110105{1940 + year % 70}{month + 1:02}{day % 28 + 1:02}{which:03}"
    person += "10X98765432"[
        sum(map(mul, _WEIGHTS, map(int, person))) % 11
    ]  # else each would be an anomaly, too
    minute, second = divmod(number // 40 % 36_000, 60)
    return {
        "at": f"2022-02-10T{6 + minute // 60:02}:{minute % 60:02}:{second:02}+08:00", "tube": f"2022021{number // 10:09}", "person": person,
        "site": f"S{number % DEVICES:03}", "point": "1", "device": f"gun-{number % DEVICES:03}", "event_id": f"{number:012x}",
    }  # fmt: skip


def arrow(rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    table = pl.DataFrame(rows).to_arrow()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def singles(service: Service, tokens: list[str], first: int, count: int, rate: float) -> dict[str, Any]:
    """Send singles; what is told of it."""
    bodies = [json.dumps(scan(first + number)).encode() for number in range(count)]
    requests = [
        [request("/events/collect", token, bodies[number]) for number in range(place, count, DEVICES)]
        for place, token in enumerate(tokens)
    ]
    before, spent = service.metrics(), Spent(service)
    outcome = send(service.port, requests, rate)
    syncs = service.metrics()["poolpipe_syncs_total"] - before.get("poolpipe_syncs_total", 0)
    label = f"singles at {rate:,.0f}/s" if rate else "singles, as fast as answered"
    print(
        f"{label:32} {outcome.told()}  a sync for {outcome.acknowledged / max(1, syncs):.0f} singles",
        flush=True,
    )
    print(spent.told(count, "single"), flush=True)
    return {
        **outcome.figures(),
        "asked": rate,
        "singles_a_sync": outcome.acknowledged / max(1, syncs),
        "processor_us": spent.of_one(count),
    }


class Spent:
    """Processor time of the service's processes and of this one, from now on."""

    def __init__(self, service: Service) -> None:
        self._service, self._began = service, [*service.processor(), time.process_time()]

    def of_one(self, count: int) -> dict[str, float]:
        """How many microseconds each process spent on one of so many."""
        now = [*self._service.processor(), time.process_time()]
        spent = [(after - before) / count * 1e6 for after, before in zip(now, self._began, strict=True)]
        return dict(zip([*("taking in", "door", "tables")[: len(spent) - 1], "client"], spent, strict=True))

    def told(self, count: int, what: str) -> str:
        """The same as a line."""
        of_each = ", ".join(f"{name} {each:.1f}" for name, each in self.of_one(count).items())
        return " " * 33 + f"µs of processor a {what}: {of_each}"


def batches(service: Service, tokens: list[str], form: str, first: int, count: int) -> dict[str, Any]:
    """Send batches; what is told of it."""
    several = [[scan(first + place * BATCH + number) for number in range(BATCH)] for place in range(count)]
    write = arrow if form == "Arrow" else lambda rows: "\n".join(map(json.dumps, rows)).encode()
    bodies = [write(rows) for rows in several]
    lanes = 16
    requests = [
        [request("/events/collect", tokens[lane], body) for body in bodies[lane::lanes]]
        for lane in range(lanes)
    ]
    cleaned, spent = service.cleaned() + count * BATCH, Spent(service)
    began = time.perf_counter()
    outcome = send(service.port, requests)
    position = service.metrics()["poolpipe_inbox_position"]
    rates = {"synced": count * BATCH / outcome.seconds}
    for what, is_there in (
        ("cleaned", lambda: service.cleaned() >= cleaned),
        ("in the tables shown", lambda: service.has("poolpipe_tables_position", position)),
        ("in a version", lambda: service.has("poolpipe_committed_position", position)),
    ):
        if what == "in the tables shown" and not service.holds_tables:
            continue
        while not is_there():
            time.sleep(0.02)
        rates[what] = count * BATCH / (time.perf_counter() - began)
    told = ", ".join(f"{rate:,.0f} scans/s {what}" for what, rate in rates.items())
    print(f"{form + ' of 1,000':32} {outcome.told()}  {told}", flush=True)
    print(spent.told(count * BATCH, "scan"), flush=True)
    return {**outcome.figures(), "scans_a_second": rates}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long each load of singles lasts, about"
    )
    parser.add_argument("--batches", type=int, default=600)
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the store is made; a temporary folder by default"
    )
    parser.add_argument(
        "--option", action="append", default=[], help="of `poolpipe serve`, for one --option=--no-tables"
    )
    parser.add_argument(
        "--peer",
        action="store_true",
        help="first the same singles to an application on SQLite, and to NATS alone",
    )
    parser.add_argument(
        "--postgres",
        metavar="PYTHON",
        help="and to one on Postgres, by this Python (benchmarks.peers.postgres_door)",
    )
    parser.add_argument(
        "--write", action="store_true", help="keep the figures, and write them into docs/serve.md"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        store = Path(folder) / "city"
        Store(store).close()
        devices = DeviceTokens(store)
        tokens = [devices.add(f"gun-{number:03}", rate=1_000_000) for number in range(DEVICES)]
        told: dict[str, Any] = {}
        count = int(given.seconds * 2_000)
        if given.peer:
            told["sqlite"] = peer(Path(folder), tokens, count, "sqlite", sys.executable)
            told["nats"] = broker(Path(folder) / "broker", count)
        if given.postgres:
            told["postgres"] = peer(Path(folder), tokens, count, "postgres", given.postgres)
        service = Service(store, options=given.option)
        try:
            while "--no-tables" not in given.option and not service.has("poolpipe_tables_builds_total", 1):
                time.sleep(0.1)  # the tables begin after the door
            told |= run(service, tokens, given.seconds, given.batches)
        except BaseException:
            service.stop(signal.SIGKILL)
            print("".join(service.log), file=sys.stderr)
            raise
    if given.write:
        keep("load", told)


def peer(folder: Path, tokens: list[str], count: int, name: str, python: str) -> dict[str, Any]:
    """Send singles to an application that inserts each into a database, as fast as they are answered.

    Parameters
    ----------
    folder : Path
    tokens : list of str
    count : int
        How many singles.
    name : {"sqlite", "postgres"}
    python : str
        By which the application runs.
    """
    (folder / "tokens").write_text("\n".join(tokens), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    told = [
        python,
        "-m",
        f"benchmarks.peers.{name}_door",
        str(port),
        str(folder / f"peer.{name}"),
        str(folder / "tokens"),
    ]
    door = subprocess.Popen(told)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        bodies = [json.dumps(scan(number)).encode() for number in range(count)]
        requests = [
            [request("/events/collect", token, body) for body in bodies[place::DEVICES]]
            for place, token in enumerate(tokens)
        ]
        send(port, [each[:1] for each in requests])  # its connections stand
        before = _processor(door.pid)
        outcome = send(port, [each[1:] for each in requests])
        spent = (_processor(door.pid) - before) / count * 1e6
    finally:
        door.kill()
        door.wait()
        server = folder / f"peer.{name}" / "postmaster.pid"
        if server.exists():
            os.kill(int(server.read_text().split()[0]), signal.SIGINT)  # Postgres ends at once, and cleanly
    print(f"{f'ASGI and {name}, a commit each':32} {outcome.told()}", flush=True)
    print(" " * 33 + f"µs of processor a single, without the database's own: {spent:.0f}", flush=True)
    return outcome.figures()


def broker(folder: Path, count: int) -> dict[str, Any]:
    """Publish singles to a NATS server alone, as fast as they are acknowledged."""
    folder.mkdir()
    bodies = [json.dumps(scan(number)).encode() for number in range(count)]
    outcome = publish_alone(folder, [bodies[place::DEVICES] for place in range(DEVICES)])
    print(f"{'NATS JetStream, each synced':32} {outcome.told()}", flush=True)
    return outcome.figures()


def run(service: Service, tokens: list[str], seconds: float, count_of_batches: int) -> dict[str, Any]:
    """All loads, one after the other; what is told of them."""
    sent = 0
    told: dict[str, Any] = {"singles": [], "batches": {}}
    for rate in (0.0, 5_000.0, 20_000.0):
        count = int(seconds * (rate or 15_000.0))
        told["singles"].append(singles(service, tokens, sent, count, rate))
        sent += count
    for form in ("Arrow", "NDJSON"):
        told["batches"][form] = batches(service, tokens, form, sent, count_of_batches)
        sent += count_of_batches * BATCH
    peak = sum(_peak(each) for each in family(service.process.pid))
    assert service.stop() == 0, service.log
    with Store(service.store) as opened:
        taken = opened.inputs()
        assert taken["accepted"].sum() == sent, (taken["accepted"].sum(), sent)
    print(f"every one of {sent:,} acknowledged scans is in the store once; peak memory {peak / 1e9:.2f} GB")
    return told | {"sent": sent, "peak_gb": peak / 1e9}


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def process_name(service: Service, pid: int) -> str:
    """What a process of a service does; nothing for one that does nothing of ours, or that has ended."""
    own = [each for each in family(service.process.pid) if "resource_tracker" not in _command(each)]
    names = ("taking in", "door", "tables")
    return dict(zip(own, names, strict=False)).get(pid, "")


def memory(service: Service) -> dict[str, float]:
    """Megabytes of each process by what it does; pages that several have are shared out."""
    return _by_name(service, r"Pss:\s+(\d+) kB", "smaps_rollup")


def peaks(service: Service) -> dict[str, float]:
    """Megabytes that each process had at most."""
    return _by_name(service, r"VmHWM:\s+(\d+) kB", "status")


def _by_name(service: Service, line: str, file: str) -> dict[str, float]:
    found = {}
    for pid in family(service.process.pid):
        told = re.search(line, Path(f"/proc/{pid}/{file}").read_text())
        if told and (name := process_name(service, pid)):
            found[name] = int(told[1]) / 1e3
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _processor(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
