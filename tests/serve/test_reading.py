"""Tables and their changes over the network: equal to a run's, seen by those who may, and there again after a kill."""

from __future__ import annotations

import http.client
import io
import json
import os
import random
import signal
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from cities.random_city import city
from poolpipe.store import Store
from poolpipe.tables import TABLES
from serve.services import Service, body, new_store, scan, serving, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import poolpipe

LIMITS = "[serve]\ncommit_seconds = 0.3\n"
CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
FAST = {"rate": 1e6}
DEVICES = ("gun-1", "gun-2", "gun-3")
FOLLOWED = {
    "pools": ("round", "tube"),
    "members": ("round", "tube", "person_type", "person"),
    "recalls": ("round", "tube", "person_type", "person"),
    "cases": ("round", "tube", "person_type", "person"),
}
SCOPES = {"of_site": ("site", "S1"), "of_lab": ("lab", "L1")}


class Copy(threading.Thread):
    """A reader's own copy of tables: read once, page by page, and then kept by their changes."""

    def __init__(self, service: Service, token: str, since: str = "") -> None:
        super().__init__(daemon=True)
        self.rows: dict[str, dict[str, Any]] = {}
        self.position = 0
        for table, columns in FOLLOWED.items():
            told = service.get(f"/tables/{table}?rows=1000000", token).body
            self.rows[table] = {
                json.dumps({name: row[name] for name in columns}): row for row in told["rows"]
            }
            assert self.position in (0, told["position"])  # nothing comes meanwhile
            self.position = told["position"]
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": since or str(self.position)}
        self._connection.request("GET", f"/changes?tables={','.join(FOLLOWED)}", headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.events: list[str] = []
        self.start()

    def run(self) -> None:
        with closing(self._connection), suppress(OSError, http.client.HTTPException):
            self._follow()

    def _follow(self) -> None:
        event: dict[str, str] = {}
        while line := self._answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                event[name] = value
                continue
            self._take(event)
            event = {}

    def _take(self, event: dict[str, str]) -> None:
        self.events.append(event.get("event", ""))
        if event.get("event") == "row":
            told = json.loads(event["data"])
            key = json.dumps(told["key"])
            if told["change"] == "gone":
                del self.rows[told["table"]][key]
            else:
                self.rows[told["table"]][key] = told["row"]
        self.position = int(event.get("id", self.position))

    def wait_for(self, position: int) -> None:
        until = time.monotonic() + 60
        while self.position < position:
            assert time.monotonic() < until, (self.position, position)
            time.sleep(0.02)

    def wait_for_event(self, event: str) -> None:
        until = time.monotonic() + 60
        while event not in self.events:
            assert time.monotonic() < until, self.events
            time.sleep(0.02)


class Served(NamedTuple):
    """What readers were given after a campaign, and what a run concludes of the store."""

    tokens: dict[str, str]
    answers: dict[tuple[str, str, str], bytes | str]
    copies: dict[str, dict[str, dict[str, Any]]]
    day: poolpipe.Day
    without_key: poolpipe.Day
    unsealings: pl.DataFrame


def _campaign(seed: int) -> list[bytes]:
    """Bodies of a random city's events, cut anywhere, some of them twice, with garbage between."""
    rng = random.Random(seed)
    events = [
        {name: each for name, each in event.items() if each is not None}
        for event in city(seed, size="medium")
    ]
    rng.shuffle(events)
    bodies = []
    while events:
        size = rng.choice([1, 1, 3, 20, 60])
        bodies.append(body(*events[:size]))
        events = events[size:]
        bodies += [rng.choice(bodies)] if rng.random() < 0.2 else []
        bodies += [b'{"kind": "load", "plate": "P1", "well"'] if rng.random() < 0.05 else []
    return bodies


def _post(service: Service, token: str, bodies: list[bytes]) -> int:
    """Post; give the last position."""
    answers = [service.post(token, each, "/events") for each in bodies]
    assert {each.status for each in answers} <= {200, 400}
    return max(int(each.body.get("position", 0)) for each in answers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("reading")
    store = folder / "city"
    readers = {
        "all": {**FAST, "reads": "identities"},
        "office": {**FAST, "reads": "tables"},
        "of_site": {**FAST, "reads": "identities", "site": "S1"},
        "of_lab": {**FAST, "reads": "tables", "lab": "L1"},
    }
    tokens = new_store(store, **dict.fromkeys(DEVICES, FAST), **readers)
    (folder / "limits.toml").write_text(LIMITS)
    with serving(store, "--policy", str(folder / "limits.toml"), tables=True) as service:
        early = service.get("/tables/pools", tokens["all"])
        assert (early.status, early.body["error"]) == (503, "tables_being_made")
        assert int(early.headers["retry-after"]) > 0
        bodies = _campaign(20)
        first = _post(service, tokens["gun-1"], bodies[:10])  # taken while the tables are made
        service.wait_for_tables()
        assert service.read(f"/tables/pools?after={first}", tokens["office"]).status == 200
        copies = {name: Copy(service, tokens[name]) for name in readers}
        lanes = [
            threading.Thread(target=_post, args=(service, tokens[name], bodies[10 + at :: 3]))
            for at, name in enumerate(DEVICES)
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        last = service.post(tokens["gun-1"], bodies[0], "/events").body["position"]
        answers: dict[tuple[str, str, str], bytes | str] = {}
        for name in readers:
            for table in TABLES:
                for media in (CSV, ARROW):
                    told = service.read(
                        f"/tables/{table}?rows=1000000&after={last}&why=test", tokens[name], Accept=media
                    )
                    if told.status == 200:
                        answers[name, table, media] = told.body
        position = service.get("/tables/pools", tokens["all"]).body["position"]
        for each in copies.values():
            each.wait_for(position)
        assert service.end() == 0, service.log
    with Store(store) as opened:
        assert opened.check() == []
        day = opened.conclude()
        unsealings = opened.unsealings()
    store.with_name("city.key").rename(folder / "elsewhere")
    with Store(store) as sealed:
        without_key = sealed.kept()
        assert without_key is not None
        yield Served(
            tokens, answers, {name: each.rows for name, each in copies.items()}, day, without_key, unsealings
        )


def _csv(table: pl.DataFrame) -> str:
    return table.write_csv()


def _of_a_run(told: bytes | str) -> str:
    """A table's CSV without `lab_drift`, which is told while a service runs and not by a run."""
    assert isinstance(told, str)
    return "".join(line for line in told.splitlines(keepends=True) if not line.startswith("lab_drift,"))


@pytest.mark.parametrize("table", TABLES)
def test_tables__are_those_of_a_run_byte_for_byte(served: Served, table: str) -> None:
    expected = served.day.table(table)
    assert _of_a_run(served.answers["all", table, CSV]) == _csv(expected)
    told = served.answers["all", table, ARROW]
    assert isinstance(told, bytes)
    rows = pl.read_ipc_stream(io.BytesIO(told))
    assert (rows.filter(pl.col("code") != "lab_drift") if table == "anomalies" else rows).equals(expected)


@pytest.mark.parametrize("table", TABLES)
def test_tables__show_pseudonyms_as_without_the_key(served: Served, table: str) -> None:
    told = _of_a_run(served.answers["office", table, CSV])
    assert told == _csv(served.without_key.table(table))
    for person in served.day.members["person"].unique():
        assert len(person) < 8 or person not in told


@pytest.mark.parametrize("table", FOLLOWED)
def test_changes__applied_to_a_copy_give_the_table(served: Served, table: str) -> None:
    for name, day in (("all", served.day), ("office", served.without_key)):
        keys = list(FOLLOWED[table])
        expected = day.table(table).drop("rank", strict=False).sort(keys)
        rows = [{**row} for row in served.copies[name][table].values()]
        for row in rows:
            row.pop("rank", None)
        kept = json.loads(expected.write_json())
        assert sorted(rows, key=lambda row: json.dumps([row[each] for each in keys])) == sorted(
            kept, key=lambda row: json.dumps([row[each] for each in keys])
        )


@pytest.mark.parametrize("reader", SCOPES)
def test_scoped_reader__sees_rows_of_his_place_alone(served: Served, reader: str) -> None:
    column, value = SCOPES[reader]
    day = served.day if reader == "of_site" else served.without_key
    tubes = {(row["round"], row["tube"]) for row in day.pools.to_dicts() if row[column] == value}
    assert tubes
    for table in ("pools", "members", "recalls", "cases", "anomalies"):
        rows = day.table(table).to_dicts()
        if table == "anomalies":
            mine = [
                (row["subject_kind"] == "tube" and (row["round"], row["subject"]) in tubes)
                or (row["subject_kind"], row["subject"]) == (column, value)
                for row in rows
            ]
        elif column in day.table(table).columns:
            mine = [row[column] == value for row in rows]
        else:
            mine = [(row["round"], row["tube"]) in tubes for row in rows]
        assert _of_a_run(served.answers[reader, table, CSV]) == _csv(
            day.table(table).filter(pl.Series(mine, dtype=pl.Boolean))
        )
        if table in FOLLOWED:
            keys = {
                json.dumps({name: row[name] for name in FOLLOWED[table]})
                for row, own in zip(rows, mine, strict=True)
                if own
            }
            assert served.copies[reader][table].keys() == keys
    assert (reader, "traces", CSV) not in served.answers
    assert (reader, "rejects", CSV) not in served.answers


def test_every_look_at_identities__is_written_down_and_no_other(served: Served) -> None:
    told = served.unsealings.filter(pl.col("what").str.starts_with("serve"))
    assert set(told["who"]) == {"all", "of_site"}
    asked = set(told.filter(pl.col("why") == "test")["what"])
    assert {
        "serve members",
        "serve recalls",
        "serve cases",
        "serve traces",
        "serve anomalies",
        "serve rejects",
    } <= asked
    assert "serve pools" not in asked


def test_readers__are_refused_what_is_not_theirs_and_what_is_not_there(tmp_path: Path) -> None:
    tokens = new_store(
        tmp_path / "city",
        gun=FAST,
        office={**FAST, "reads": "tables"},
        slow={"reads": "tables", "rate": 0.01},
    )
    (tmp_path / "limits.toml").write_text(LIMITS)
    with serving(tmp_path / "city", "--policy", str(tmp_path / "limits.toml"), tables=True) as service:
        assert service.post(tokens["office"], body(scan(1))).body["error"] == "sending_not_allowed"
        assert service.post(tokens["gun"], body(scan(1))).status == 200
        assert service.get("/ready").body == {"ok": True, "troubles": [], "tables": "building"}
        assert service.get("/ready?tables=1").status == 503
        service.wait_for_tables()
        answers = {
            "/tables/pools": ("gun", 403), "/changes": ("gun", 403), "/tables/nobody": ("office", 404),
            "/tables/pools?sites=S1": ("office", 400), "/tables/pools?rows=-1": ("office", 400),
            "/tables/pools?as_of=noon": ("office", 400), "/changes?tables=traces": ("office", 400),
            "/tables/cases?status=open": ("office", 400),
        }  # fmt: skip
        for path, (who, status) in answers.items():
            told = service.get(path, tokens[who])
            assert (path, told.status) == (path, status)
            assert told.body["way_out"]
        assert service.get("/tables/pools").status == 401
        assert [service.get("/tables/pools", tokens["slow"]).status for _ in range(2)] == [200, 429]
        before = service.get("/tables/pools", tokens["office"]).body["position"]
        _kills_of_the_board(service, tokens)
        assert service.end() == 0, service.log
    with serving(tmp_path / "city", tables=True) as service:
        service.wait_for_tables()
        again = Copy(service, tokens["office"], since=str(before))
        again.wait_for_event("again")
        assert len(service.read("/tables/members", tokens["office"]).body["rows"]) == 4
        board = service.children()[-1]
        os.kill(service.process.pid, signal.SIGKILL)
        wait_for_end(board, 30)


def _kills_of_the_board(service: Service, tokens: dict[str, str]) -> None:
    """Kill the board: scans are taken meanwhile, readers are refused, and another takes its place."""
    os.kill(service.children()[-1], signal.SIGKILL)
    told = service.get("/tables/pools", tokens["office"])
    assert (told.status, told.body["error"]) == (503, "tables_being_made")
    position = 0
    for number in (2, 3, 4):
        position = service.post(tokens["gun"], body(scan(number))).body["position"]
    service.wait_for_tables()
    rows = service.read(f"/tables/members?after={position}", tokens["office"]).body["rows"]
    assert len(rows) == 4
    until = time.monotonic() + 60
    while (values := service.values()).get("poolpipe_fold_waiting_events") != 0:  # told four times a second
        assert time.monotonic() < until, values
        time.sleep(0.05)
    assert values["poolpipe_tables_builds_total"] == 2
