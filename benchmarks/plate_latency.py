"""How soon a plate's results are in `/tables/recalls` of a service: `python -m benchmarks.plate_latency --people 200000`.

A simulated day without the readings of some plates is ingested, and served. Then these come plate by plate over HTTP, while other
devices send scans at a rate. The time is from before the plate is posted to the answer of `/tables/recalls` that has it: of every
second plate with all open recalls, of the others with those of its laboratory. Beside it the time to the acknowledgement alone, and how
long scans took to theirs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import signal
import tempfile
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import polars as pl

from benchmarks.stream_figures import keep
from benchmarks.stream_load import Service, memory, peaks, scan
from poolpipe.simulate import simulate
from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens

_RESTS_S = 0.1
"""Seconds of processor in two seconds below which the tables rest."""


class Plate(NamedTuple):
    """The readings of a plate as a body, and its laboratory."""

    body: bytes
    lab: str


class Scans(threading.Thread):
    """Sends scans at a rate, until it is told to end; after `again` scans, where that is not 0, the same ones once more."""

    def __init__(self, port: int, token: str, rate: float, first: int, several: int, again: int = 0) -> None:
        super().__init__(daemon=True)
        self._port, self._token, self._rate, self._several = port, token, rate, several
        self._first, self._number, self._again = first, first, again
        self.waits: list[float] = []
        self.ends = False

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        due = time.perf_counter()
        while not self.ends:
            rows = [scan(self._number + each) for each in range(self._several)]
            self._number += self._several
            if self._again and self._number - self._first >= self._again:
                self._number = self._first
            began = time.perf_counter()
            ask(connection, "POST", "/events/collect", self._token, "\n".join(map(json.dumps, rows)).encode())
            self.waits.append(time.perf_counter() - began)
            due += self._several / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, token: str, body: bytes | None = None
) -> bytes:
    """One request; its answer's body. It is sent again where the connection was ended while it rested, and after 503."""
    broken = 0
    while True:
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
        except ConnectionError:
            connection.close()
            if (broken := broken + 1) > 1:
                raise
            continue
        told = answer.read()
        if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            assert answer.status == HTTPStatus.OK, told
            return told
        time.sleep(0.1)


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
    parser.add_argument("--events", type=Path, help="a day's events instead of a simulated one")
    parser.add_argument(
        "--folder", type=Path, help="where the store is made and stays; one that is there is measured"
    )
    parser.add_argument("--only-make", action="store_true", help="make the store, and measure nothing")
    parser.add_argument(
        "--write", choices=("plate", "day"), help="keep the figures as this part of docs/serve.md"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        plates = made_city(folder, given.people, given.plates, given.seed, given.events)
        if given.only_make:
            return
        told = measured(folder / "city", plates, given)
    for name, value in told.items():
        print(f"{name}: {value}")
    if given.write:
        keep(given.write, told)


def measured(store: Path, plates: list[Plate], given: Any) -> dict[str, Any]:
    """Serve a store, send the plates, and say how long all took."""
    devices = DeviceTokens(store)
    again = f"{time.time():.0f}"
    lab, office = (
        devices.add(f"lab-{again}", rate=1e6),
        devices.add(f"office-{again}", reads="tables", rate=1e6),
    )
    guns = [devices.add(f"gun-{again}-{each}", rate=1e6) for each in range(given.devices)]
    began = time.perf_counter()
    service = Service(store)
    door_s = time.perf_counter() - began
    try:
        told = _served(service, (lab, office, *guns), plates, given)
    except BaseException:
        service.stop(signal.SIGKILL)
        raise
    told |= {"door_s": door_s, "stop_s": -time.perf_counter()}
    assert service.stop() == 0, service.log
    told["stop_s"] += time.perf_counter()
    return told


def _served(service: Service, tokens: tuple[str, ...], plates: list[Plate], given: Any) -> dict[str, Any]:
    began = time.perf_counter()
    lab, office, *guns = tokens
    wait_for_tables(service)
    told: dict[str, Any] = {"tables_s": time.perf_counter() - began, "standing_mb": memory(service)}
    _wait_for_rest(service)
    spent, before = service.processor(), service.metrics()
    share = given.rate / max(1, given.devices)
    others = [
        Scans(service.port, gun, share, 10_000_000 * (each + 1), given.several)
        for each, gun in enumerate(guns)
    ]
    for each in others if given.rate else ():
        each.start()
    told |= _plates(service, lab, office, plates)
    for each in others:
        each.ends = True
    waits = [wait for each in others for wait in each.waits]
    if waits:
        told["beside"] = {"scans": len(waits) * given.several, "acknowledged_ms": quantiles(waits)}
    names = ("taking in", "door", "tables")
    told["processor_s"] = {
        name: after - before for name, after, before in zip(names, service.processor(), spent, strict=True)
    }
    values = service.metrics()
    counted = {
        name: values[f"poolpipe_{name}_total"] - before.get(f"poolpipe_{name}_total", 0.0)
        for name in ("folds", "fold_seconds")
    }
    told |= {"folds": counted["folds"], "fold_ms": counted["fold_seconds"] / counted["folds"] * 1000}
    told |= {"waiting": values["poolpipe_fold_waiting_events"], "memory_mb": memory(service)}
    return told | {"peak_mb": peaks(service)}


def _wait_for_rest(service: Service) -> None:
    """Wait until the charts of the laboratories were looked at for the first time: of a city that takes half a minute."""
    spent = service.processor()
    while True:
        time.sleep(2)
        before, spent = spent, service.processor()
        if spent[-1] - before[-1] < _RESTS_S:
            return


def made_city(folder: Path, people: int, count: int, seed: int, events: Path | None = None) -> list[Plate]:
    """Make the store `folder/city` without the readings of some plates; give these as bodies.

    A store that is there stays; then it was made with the same arguments.
    """
    day = events or folder / "day" / "events"
    if events is None and not day.exists():
        simulate(folder / "day", people=people, seed=seed, rounds=1)
    files = sorted((day / "read").glob("*.parquet"))
    reads = pl.concat([pl.read_parquet(each) for each in files])
    rng = np.random.default_rng(seed)
    every = reads["plate"].unique().sort().to_numpy()
    late = pl.Series(rng.permutation(every)[:count])
    is_late = pl.col("plate").is_in(late.implode())
    if not (folder / "city").exists():
        part = folder / "part"
        for each in day.iterdir():
            if each.name != "read":
                (part / each.name).parent.mkdir(parents=True, exist_ok=True)
                (part / each.name).symlink_to(each.absolute(), target_is_directory=True)
        (part / "read").mkdir()
        reads.filter(~is_late).write_parquet(part / "read" / "part.parquet")
        with Store(folder / "city") as store:
            told = store.ingest(part)
        print(f"{told['accepted'].sum():,} events, {len(every)} plates", flush=True)
        shutil.rmtree(part)
    loads = pl.concat(
        [pl.read_parquet(each, columns=["plate", "lab"]) for each in (day / "load").glob("*.parquet")]
    )
    labs = dict(loads.drop_nulls().unique("plate", keep="any").iter_rows())
    return [
        Plate(part.write_ndjson().encode(), labs.get(part["plate"][0], ""))
        for part in reads.filter(is_late).partition_by("plate")
    ]


def _plates(service: Service, lab: str, office: str, plates: list[Plate]) -> dict[str, Any]:
    """Send the plates; how long it took to the acknowledgement, and until the recalls had them."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    acknowledged, sizes = list[float](), list[int]()
    shown: dict[str, list[float]] = {"shown_ms": [], "shown_of_lab_ms": []}
    for place, plate in enumerate(plates):
        name = ("shown_ms", "shown_of_lab_ms")[place % 2]
        lab_only = f"&lab={quote(plate.lab)}" if place % 2 else ""
        began = time.perf_counter()
        position = json.loads(ask(connection, "POST", "/events/read", lab, plate.body))["position"]
        acknowledged.append(time.perf_counter() - began)
        path = f"/tables/recalls?status=open&rows=100000&after={position}{lab_only}"
        sizes.append(len(ask(connection, "GET", path, office)))
        shown[name].append(time.perf_counter() - began)
        time.sleep(0.2)
    told = {name: quantiles(each[5:]) for name, each in shown.items()}
    return told | {
        "plates": len(plates),
        "acknowledged_ms": quantiles(acknowledged[5:]),
        "answer_bytes": max(sizes),
    }


def quantiles(seconds: list[float]) -> list[float]:
    """Milliseconds in the median, in 90 and in 99 of 100."""
    return [round(float(each) * 1000, 1) for each in np.quantile(seconds, [0.5, 0.9, 0.99])]


def wait_for_tables(service: Service) -> None:
    """Wait until the tables stand."""
    while not service.has("poolpipe_tables_builds_total", 1):
        time.sleep(0.1)


if __name__ == "__main__":
    main()
