"""The door over the network: what is acknowledged, what is refused and why."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest

from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens
from serve.services import Service, body, new_store, people, scan, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = """
[serve]
body_mb = 0.2
unpacked_mb = 0.5
body_seconds = 1
commit_seconds = 0.3
device_rate = 20
device_burst = 2
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("serve")
    fast = {"rate": 1e6}
    tokens = new_store(
        folder / "city",
        gun=fast,
        slow={},
        scoped={**fast, "site": "S1", "kinds": ["collect", "seal"]},
        gone=fast,
    )
    (folder / "limits.toml").write_text(LIMITS)
    with serving(folder / "city", "--policy", str(folder / "limits.toml")) as service:
        assert service.port, service.log
        yield service, tokens


def _arrow(rows: list[dict[str, object]]) -> bytes:
    sink, table = io.BytesIO(), pl.DataFrame(rows).to_arrow()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


ROWS = [scan(number) for number in range(3)]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (body(ROWS[0]), ""),
        (body(*ROWS), ""),
        (json.dumps(ROWS).encode(), ""),
        (json.dumps(ROWS, indent=2).encode(), "gzip"),
        (pl.DataFrame(ROWS).write_csv().encode(), "gzip"),
        (_arrow(ROWS), ""),
        (_arrow(ROWS), "zstd"),
        (body(*ROWS), "zstd"),
    ],
    ids=["object", "ndjson", "array", "array-gzip", "csv-gzip", "arrow", "arrow-zstd", "ndjson-zstd"],
)
def test_every_form__is_acknowledged_and_cleaned(
    city: tuple[Service, dict[str, str]], content: bytes, encoding: str
) -> None:
    service, tokens = city
    packed = gzip.compress(content) if encoding == "gzip" else _zstd(content) if encoding else content
    headers = {"Content_Encoding": encoding} if encoding else {}
    count = 1 if content == body(ROWS[0]) else 3
    told = service.post(tokens["gun"], packed, "/events/collect?verdict=1", **headers)
    assert (told.status, told.body["read"], told.body["rejected"]) == (200, count, [])
    again = service.post(tokens["gun"], packed, "/events/collect?verdict=1", **headers)
    assert (again.body["accepted"], again.body["duplicates"]) == (0, count)
    assert again.body["position"] > told.body["position"]


def test_rejected_records__are_named_by_line_code_and_reason(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    records = body(scan(100), scan(101, at="noon"), scan(102)) + b'\n{"at": "2022-02-10 08:00", "tu'
    told = service.post(tokens["gun"], records, "/events/collect?verdict=1").body
    assert (told["read"], told["accepted"]) == (4, 2)
    assert [(each["line"], each["code"]) for each in told["rejected"]] == [
        (2, "bad_time"),
        (4, "not_parseable"),
    ]
    assert "noon" in told["rejected"][0]["detail"]


BOMB = gzip.compress(bytes(50_000_000))
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


@pytest.mark.parametrize(
    ("content", "headers", "path", "status", "code"),
    [
        (b"", {}, "", 400, "body_empty"),
        (b" \n ", {}, "", 400, "body_empty"),
        (b"good morning", {}, "", 400, "body_without_header"),
        (b'{"at": "2022-02-10 08:00", "tube": "T', {}, "", 400, "body_no_json"),
        (b'[{"at": "2022-02-10 08:00"}, {"at"', {}, "", 400, "body_no_json"),
        (DEEP[:150_000], {}, "", 400, "body_no_json"),
        (b"\xff\xff\xff\xff" + bytes(range(200)), {}, "", 400, "body_no_arrow"),
        (bytes(range(256)) * 20, {}, "", 400, "body_without_header"),
        (gzip.compress(b"at,tube,person\n", mtime=0)[:-6], {"Content_Encoding": "gzip"}, "", 400, "body_damaged"),
        (b"at,tube,person\n", {"Content_Encoding": "zstd"}, "", 400, "body_damaged"),
        (BOMB, {"Content_Encoding": "gzip"}, "", 413, "body_too_large"),
        (_zstd(bytes(50_000_000)), {"Content_Encoding": "zstd"}, "", 413, "body_too_large"),
        (b"x" * 300_000, {}, "", 413, "body_too_large"),
        (b"{}", {"Content_Encoding": "br"}, "", 415, "body_encoding_unknown"),
        (b"{}", {}, "/events/dance", 404, "kind_of_path_unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_read__is_refused_whole(
    city: tuple[Service, dict[str, str]],
    content: bytes,
    headers: dict[str, str],
    path: str,
    status: int,
    code: str,
) -> None:
    service, tokens = city
    told = service.post(tokens["gun"], content, path or "/events/collect", **headers)
    assert (told.status, told.body["error"]) == (status, code)
    assert told.body["detail"]
    assert told.body["way_out"]


def test_scope__holds_for_kinds_and_site_however_they_are_written(
    city: tuple[Service, dict[str, str]],
) -> None:
    service, tokens = city
    mine, other = scan(200, site="S1"), scan(201, site="S2")
    report: dict[str, object] = {"kind": "report", "at": "2022-02-10 15:00", "tube": "T1", "call": "negative"}
    allowed = [
        body(mine),
        body(mine, scan(202, site="S1")),
        body(scan(203)),
        json.dumps({"采样点": "S1", **scan(204)}).encode(),
    ]
    refused = [
        body(other), body(mine, other), body(report), body({**report, "Kind": "report"}), json.dumps([report]).encode(),
        b"kind,at,tube,call\nreport,2022-02-10 15:00,T1,negative\n", _arrow([other]),
        json.dumps({"采样点": "S2", **scan(205)}, ensure_ascii=False).encode(),
        json.dumps({" SITE ": "S2", **scan(206)}).encode(),
    ]  # fmt: skip
    assert [service.post(tokens["scoped"], each).status for each in allowed] == [200] * len(allowed)
    assert [service.post(tokens["scoped"], each).status for each in refused] == [403] * len(refused)
    assert service.post(tokens["scoped"], body(report), "/events/report").status == 403


def test_token__is_asked_for_and_withdrawn_at_once(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    for given in ("", "nobody", tokens["gun"][:-1]):
        told = service.post(given, body(scan(300)))
        assert (told.status, told.headers["www-authenticate"]) == (401, "Bearer")
    assert service.post(tokens["gone"], body(scan(301))).status == 200
    DeviceTokens(service.store).revoke("gone")
    assert service.post(tokens["gone"], body(scan(302))).status == 401


def test_device__that_sends_too_fast_is_asked_to_wait(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    told = [service.post(tokens["slow"], body(scan(400 + number))) for number in range(150)]
    statuses = [each.status for each in told]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 40  # two seconds ahead of its rate
    assert all(int(each.headers["retry-after"]) >= 1 for each in told if each.status == 429)
    assert service.post(tokens["gun"], body(scan(599))).status == 200  # others are not slowed


def test_slow_body__is_ended_and_does_not_hold_others(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    head = f"POST /events/collect HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens['gun']}\r\nContent-Length: 100\r\n\r\n{{"
    slow = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(100)]
    for each in slow:
        each.sendall(head.encode())
    assert service.post(tokens["gun"], body(scan(600))).status == 200
    for each in slow:
        each.settimeout(20)
        assert each.recv(1 << 12).startswith(b"HTTP/1.1 408")
        each.close()


def test_chunked_body__is_bounded(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    head = f"POST /events/collect HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens['gun']}\r\nTransfer-Encoding: chunked\r\n\r\n"
    content = body(scan(700))
    for chunks, status in ((1, b"200"), (40, b"413")):
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.settimeout(20)
            client.sendall(head.encode())
            piece = content if chunks == 1 else b"x" * 10_000
            try:
                for _ in range(chunks):
                    client.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                client.sendall(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert client.recv(1 << 12).startswith(b"HTTP/1.1 " + status)


def test_state_and_metrics__tell_what_happened(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    assert service.get("/health").body == {"ok": True, "troubles": [], "tables": "off"}
    assert service.get("/ready").status == 200
    assert service.get("/ready?tables=1").body["troubles"] == ["tables_off"]
    assert service.get("/nothing").status == 404
    position = service.post(tokens["gun"], body(scan(800))).body["position"]
    committed = -1.0
    for _ in range(100):
        told = service.values()
        committed = told.get("poolpipe_committed_position", 0)
        if committed >= position:
            break
        time.sleep(0.1)
    assert committed >= position
    assert told['poolpipe_requests_total{status="200"}'] == told["poolpipe_acknowledgement_seconds_count"]
    assert told['poolpipe_records_total{outcome="accepted"}'] > 0


def test_logs__name_no_person(city: tuple[Service, dict[str, str]]) -> None:
    service, tokens = city
    resident = "11010519491231002X"
    assert service.post(
        tokens["gun"], body(scan(900, person=resident, tube="")), "/events/collect?verdict=1"
    ).body["rejected"]
    service.post(tokens["gun"], f'{{"person": "{resident}"'.encode())
    service.post("x" + resident, body(scan(901)), f"/events/{resident}")
    assert resident not in service.log
    assert all(json.loads(line)["event"] for line in service.lines)


def test_second_service_or_writer__is_refused(city: tuple[Service, dict[str, str]]) -> None:
    service, _ = city
    other = Service(service.store)
    assert other.end() == 1
    assert "another process is writing into it" in other.log
    told = subprocess.run(
        [sys.executable, "-m", "poolpipe", "compact", str(service.store)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    with Store(service.store) as store:  # readers are not kept out
        assert store.run().pools.height > 0


FULL = """
[serve]
waiting_mb = 0.1
inbox_mb = 0.02
commit_seconds = 3600
commit_events = 5
"""


def test_full__is_told_before_the_body_is_read_and_much_is_committed_sooner(tmp_path: Path) -> None:
    tokens = new_store(tmp_path / "city")
    (tmp_path / "limits.toml").write_text(FULL)
    with serving(tmp_path / "city", "--policy", str(tmp_path / "limits.toml")) as service:
        told = service.post(tokens["gun"], body(*(scan(number) for number in range(5))))
        for _ in range(200):
            if service.values().get("poolpipe_committed_position") == told.body["position"]:
                break
            time.sleep(0.05)
        assert service.values()["poolpipe_inbox_bytes"] == 0
        head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens['gun']}\r\nContent-Length: 150000\r\n\r\n"
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.settimeout(20)
            client.sendall(head.encode())
            assert client.recv(1 << 12).startswith(b"HTTP/1.1 503")
        for number in (5, 6):
            assert service.post(tokens["gun"], body(scan(number, name="x" * 15_000))).status == 200
        full = service.post(tokens["gun"], body(scan(7)))
        assert (full.status, full.body["error"], int(full.headers["retry-after"]) > 0) == (
            503,
            "service_full",
            True,
        )
        assert service.get("/ready").body["troubles"] == ["full"]
        assert service.end() == 0, service.log
    assert people(tmp_path / "city") == [f"E{number:07}" for number in range(7)]


def test_stop__drains_and_leaves_all_in_the_tables(tmp_path: Path) -> None:
    tokens = new_store(tmp_path / "city")
    with serving(tmp_path / "city") as service:
        for number in range(30):
            assert service.post(tokens["gun"], body(scan(number))).status == 200
        assert service.end() == 0, service.log
    assert list((tmp_path / "city" / "inbox").glob("*.inbox")) == []
    assert people(tmp_path / "city") == [f"E{number:07}" for number in range(30)]


def test_full_disk__acknowledges_nothing_and_goes_on(tmp_path: Path) -> None:
    tokens = new_store(tmp_path / "city")
    with serving(tmp_path / "city", most_file_bytes=1 << 24) as service:  # a segment is larger
        told = service.post(tokens["gun"], body(scan(1)))
        assert (told.status, told.body["error"]) == (503, "disk_full")
        assert int(told.headers["retry-after"]) > 0
        ready = service.get("/ready")
        assert (ready.status, ready.body["troubles"]) == (503, ["disk_full"])
        assert service.end() == 0, service.log
    assert people(tmp_path / "city") == []


def test_door_that_dies__ends_the_service_and_loses_nothing(tmp_path: Path) -> None:
    tokens = new_store(tmp_path / "city")
    with serving(tmp_path / "city") as service:
        for number in range(20):
            assert service.post(tokens["gun"], body(scan(number))).status == 200
        for child in service.children():
            os.kill(child, signal.SIGKILL)
        assert service.process.wait(60) == 1
        service.end()
        assert "the door ended by itself" in service.log
    assert people(tmp_path / "city") == [f"E{number:07}" for number in range(20)]


def test_tls__is_spoken_with_certificate_files(tmp_path: Path) -> None:
    new_store(tmp_path / "city")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
            "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]  # fmt: skip
    try:
        subprocess.run(made, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl")
    import ssl
    import urllib.request

    options = ("--certificate", str(tmp_path / "cert.pem"), "--private-key", str(tmp_path / "key.pem"))
    with serving(tmp_path / "city", *options) as service:
        context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        context.check_hostname = False
        with urllib.request.urlopen(
            f"https://127.0.0.1:{service.port}/health", context=context, timeout=30
        ) as answer:
            assert json.load(answer)["ok"]
