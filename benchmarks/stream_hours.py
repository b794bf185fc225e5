"""Whether a service stays as it is when it runs for long: `python -m benchmarks.stream_hours --minutes 30 --write`.

A simulated day without the readings of its plates is ingested and served. Then devices send scans at a rate, a part of them again and
again, plates are loaded and read one after the other, somebody reads the recalls every second, and somebody follows the changes. Now
and then the memory of every process is looked at, and how soon answers came since the last look.

New events are kept, so that memory grows with them. What it grew by beyond the first third is told in all, and by each event that the
service did not have before.
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

from benchmarks.plate_latency import Plate, Scans, ask, made_city, quantiles, wait_for_tables
from benchmarks.stream_figures import keep
from benchmarks.stream_load import Service, memory
from poolpipe.store.device_tokens import DeviceTokens

_PLATES = 240


class Follower(threading.Thread):
    """Follows the changes, and counts their bytes."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self._port, self._token, self.taken = port, token, 0

    def run(self) -> None:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port)
            connection.request("GET", "/changes", headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            while told := answer.read1(1 << 16):
                self.taken += len(told)


class Readers(threading.Thread):
    """Sends a plate now and then, and reads the open recalls every second."""

    def __init__(self, port: int, lab: str, office: str, plates: list[Plate], pause_s: float) -> None:
        super().__init__(daemon=True)
        self._port, self._lab, self._office = port, lab, office
        self._plates, self._pause_s = iter(plates), pause_s
        self.waits: list[float] = []
        self.shown: list[float] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        due = time.perf_counter()
        while True:
            if (began := time.perf_counter()) >= due and (plate := next(self._plates, None)):
                due += self._pause_s
                position = json.loads(ask(connection, "POST", "/events/read", self._lab, plate.body))[
                    "position"
                ]
                ask(connection, "GET", f"/tables/recalls?status=open&after={position}", self._office)
                self.shown.append(time.perf_counter() - began)
            began = time.perf_counter()
            ask(connection, "GET", "/tables/recalls?status=open", self._office)
            self.waits.append(time.perf_counter() - began)
            time.sleep(1)


def look(service: Service, scans: list[Scans], readers: Readers, began: float) -> dict[str, Any]:
    """One look: minutes since the beginning, megabytes, events, and milliseconds since the look before."""
    values = service.metrics()
    waits = [wait for each in scans for wait in each.waits]
    for each in scans:
        each.waits = []
    told: dict[str, Any] = {"minute": (time.monotonic() - began) / 60, "memory_mb": memory(service)}
    told["new"] = values['poolpipe_records_total{outcome="accepted"}']
    told["again"] = values['poolpipe_records_total{outcome="duplicates"}']
    for name, took in (("acknowledged", waits), ("read", readers.waits), ("plate", readers.shown)):
        if took:
            told[f"{name}_ms"] = quantiles(took)
    readers.waits, readers.shown = [], []
    return told


def summed(looks: list[dict[str, Any]]) -> dict[str, Any]:
    """The half hour in figures: some looks, and what memory grew by after the first third.

    Parameters
    ----------
    looks : list of dict
        As `look` gives them.
    """
    settled = next(each for each in looks if each["minute"] >= looks[-1]["minute"] / 3)
    grown = {name: looks[-1]["memory_mb"][name] - settled["memory_mb"][name] for name in settled["memory_mb"]}
    new = looks[-1]["new"] - settled["new"]
    return {
        "minutes": round(looks[-1]["minute"]),
        "grown_mb": grown,
        "new_since": new,
        "bytes_an_event": sum(grown.values()) * 1e6 / max(1.0, new),
        "most_mb": max(sum(each["memory_mb"].values()) for each in looks),
        "looks": looks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--people", type=int, default=250_000)
    parser.add_argument("--rate", type=float, default=300, help="scans a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument(
        "--write", action="store_true", help="keep the figures, and write them into docs/serve.md"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        plates = made_city(folder, given.people, _PLATES, given.seed)
        devices = DeviceTokens(folder / "city")
        lab, office = devices.add("lab", rate=1e6), devices.add("office", reads="tables", rate=1e6)
        guns = [devices.add(f"gun-{each}", rate=1e6) for each in range(4)]
        service = Service(folder / "city")
        wait_for_tables(service)
        scans = [
            # one of four sends what it sent before
            Scans(service.port, gun, given.rate / 4, 1_000_000 * place, 10, again=2_000 if place == 3 else 0)
            for place, gun in enumerate(guns)
        ]
        readers = Readers(service.port, lab, office, plates, given.minutes * 60 / (len(plates) + 1))
        follower = Follower(service.port, office)
        began, looks = time.monotonic(), list[dict[str, Any]]()
        for each in (*scans, readers, follower):
            each.start()
        while (passed := time.monotonic() - began) < given.minutes * 60:
            time.sleep(min(15, given.minutes * 60 - passed + 0.01))
            looks.append(look(service, scans, readers, began))
            print(json.dumps(looks[-1]), flush=True)
            assert all(each.is_alive() for each in (*scans, readers, follower)), service.log
        for each in scans:
            each.ends = True
        told = summed(looks) | {"followed_bytes": follower.taken, "rate": given.rate}
        assert service.stop() == 0, service.log
    print(json.dumps({name: value for name, value in told.items() if name != "looks"}))
    if given.write:
        keep("half_hour", told | {"looks": looks[:: max(1, len(looks) // 12)]})


if __name__ == "__main__":
    main()
