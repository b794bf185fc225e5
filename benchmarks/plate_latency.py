"""How soon a plate's results are in `/tables/recalls` of a service: `python -m benchmarks.plate_latency --people 200000`.

A simulated day without the readings of some plates is ingested, and served. Then these come plate by plate over HTTP, while other
devices send scans at a rate. The time is from before the plate is posted to the answer of `/tables/recalls` that has it, with all open
recalls; beside it the time to the acknowledgement alone, and how long scans took to theirs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.stream_load import Service, scan
from poolpipe.simulate import simulate
from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens


class Scans(threading.Thread):
    """Sends scans one after the other at a rate, until it is told to end."""

    def __init__(self, port: int, token: str, rate: float, first: int, several: int) -> None:
        super().__init__(daemon=True)
        self._port, self._token, self._rate, self._number, self._several = port, token, rate, first, several
        self.waits: list[float] = []
        self.ends = False

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        due = time.perf_counter()
        while not self.ends:
            rows = [scan(self._number + each) for each in range(self._several)]
            self._number += self._several
            began = time.perf_counter()
            ask(connection, "POST", "/events/collect", self._token, "\n".join(map(json.dumps, rows)).encode())
            self.waits.append(time.perf_counter() - began)
            due += self._several / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, token: str, body: bytes | None = None
) -> bytes:
    """One request; its answer's body."""
    connection.request(method, path, body, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    told = answer.read()
    assert answer.status == 200, told
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--plates", type=int, default=60)
    parser.add_argument("--rate", type=float, default=500.0, help="scans a second beside the plates")
    parser.add_argument("--several", type=int, default=10, help="scans of a request")
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plates = _made(Path(folder), given)
        store = Path(folder) / "city"
        devices = DeviceTokens(store)
        lab, office = devices.add("lab", rate=1e6), devices.add("office", reads="tables", rate=1e6)
        guns = [devices.add(f"gun-{each}", rate=1e6) for each in range(given.devices)]
        service = Service(store)
        began = time.perf_counter()
        while b'"tables": "current"' not in _ready(service.port):
            time.sleep(0.1)
        print(f"tables stand {time.perf_counter() - began:.1f} s after the door")
        spent = service.processor()
        share = given.rate / max(1, given.devices)
        others = [
            Scans(service.port, gun, share, 10_000_000 * (each + 1), given.several)
            for each, gun in enumerate(guns)
        ]
        for each in others if given.rate else ():
            each.start()
        _plates(service, lab, office, plates)
        for each in others:
            each.ends = True
        waits = np.array([wait for each in others for wait in each.waits]) * 1000
        if len(waits):
            told = np.quantile(waits, [0.5, 0.99])
            print(
                f"{len(waits) * given.several:,} scans beside, acknowledged: median {told[0]:.1f} ms, p99 {told[1]:.0f} ms"
            )
        spent = [after - before for after, before in zip(service.processor(), spent, strict=True)]
        values = service.metrics()
        seconds, folds = values["poolpipe_fold_seconds_total"], values["poolpipe_folds_total"]
        waiting = values["poolpipe_fold_waiting_events"]
        print(
            f"{folds:.0f} folds of {seconds / max(1, folds) * 1000:.0f} ms; {waiting:.0f} events wait at the end"
        )
        names = ("taking in", "door", "tables")
        of_each = ", ".join(f"{name} {each:.1f} s" for name, each in zip(names, spent, strict=True))
        print(
            f"processor: {of_each}; of the tables {spent[2] / max(1, folds) * 1000:.0f} ms a fold, with answers"
        )
        assert service.stop() == 0, service.log


def _made(folder: Path, given: Any) -> list[bytes]:
    """Make the store without the readings of some plates; give these as bodies."""
    simulate(folder / "day", people=given.people, seed=given.seed, rounds=1)
    files = sorted((folder / "day" / "events" / "read").glob("*.parquet"))
    reads = pl.concat([pl.read_parquet(each) for each in files])
    for each in files:
        each.unlink()
    rng = np.random.default_rng(given.seed)
    every = reads["plate"].unique().sort().to_numpy()
    late = pl.Series(rng.permutation(every)[: given.plates])
    is_late = pl.col("plate").is_in(late.implode())
    reads.filter(~is_late).write_parquet(files[0])
    with Store(folder / "city") as store:
        told = store.ingest(folder / "day" / "events")
    print(f"{told['accepted'].sum():,} events of {given.people:,} people, {len(every)} plates")
    return [part.write_ndjson().encode() for part in reads.filter(is_late).partition_by("plate")]


def _plates(service: Service, lab: str, office: str, plates: list[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    acknowledged, shown = [], []
    for body in plates:
        began = time.perf_counter()
        position = json.loads(ask(connection, "POST", "/events/read", lab, body))["position"]
        acknowledged.append(time.perf_counter() - began)
        ask(connection, "GET", f"/tables/recalls?status=open&rows=100000&after={position}", office)
        shown.append(time.perf_counter() - began)
        time.sleep(0.2)
    for name, each in (("acknowledged", acknowledged), ("in /tables/recalls", shown)):
        told = np.quantile(np.array(each[5:]) * 1000, [0.5, 0.9, 0.99])
        print(f"plates {name}: median {told[0]:.0f} ms, p90 {told[1]:.0f} ms, p99 {told[2]:.0f} ms")


def _ready(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/ready")
    return connection.getresponse().read()


if __name__ == "__main__":
    main()
