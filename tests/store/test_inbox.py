"""The inbox and the tables: each acknowledged request is in the store once, whatever happens in between."""

from __future__ import annotations

import io
import json
import random
from typing import TYPE_CHECKING, Any
from unittest import mock

import polars as pl
import pyarrow as pa
import pytest
from benchmarks.power_cuts import PERSON, same, tables_of, write_scans

import poolpipe
from poolpipe.errors import InputError
from poolpipe.events import read_events
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.inbox.log import INBOX, InboxWriter, segments
from poolpipe.inbox.packing import pack
from poolpipe.policy import load_policy
from poolpipe.store import Store, ledger
from poolpipe.store.inbox_draining import appending

if TYPE_CHECKING:
    from pathlib import Path

NOON = 1_644_840_000_000_000  # 2022-02-14, after all scans


def rows_of(files: list[Path]) -> list[tuple[str, dict[str, Any]]]:
    """Kind and record of every row of scan files."""
    found = []
    for file in files:
        kind = file.name.partition(".")[0].partition("-")[0]
        frame = pl.read_csv(file, infer_schema=False)
        found += [
            (str(each.get("kind") or kind), {k: v for k, v in each.items() if v is not None})
            for each in frame.to_dicts()
        ]
    return found


def as_arrow(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    table = frame.to_arrow()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def requests_of(rows: list[tuple[str, dict[str, Any]]], seed: int) -> list[Posted]:
    """Records as devices might post them: single, by lines, in lists, as CSV and Arrow, some twice, in any order."""
    rng = random.Random(seed)
    rows = rng.sample(rows, len(rows))
    found = []
    while rows:
        kind = rows[0][0]
        mine = [row for name, row in rows if name == kind][: rng.randint(1, 7)]
        for each in mine:
            rows.remove((kind, each))
        frame, lines = pl.DataFrame(mine, infer_schema_length=None), [json.dumps(each) for each in mine]
        form = rng.randrange(5)
        if form == 0:
            posted = [(PostedForm.OBJECT, line.encode()) for line in lines]
        else:
            texts = ["\n".join(lines), json.dumps(mine, indent=1), frame.write_csv()]
            posted = [
                (PostedForm.ARROW, as_arrow(frame))
                if form == 4
                else (PostedForm.TEXT, texts[form - 1].encode())
            ]
        found += [Posted(NOON + rng.randrange(10**9), "gun", kind, *each) for each in posted]
    again = [
        each for each in found if b"yesterday" not in each.content
    ]  # refused records sent twice are kept twice
    return rng.sample(found, len(found)) + again[::5]


def post(store: Path, requests: list[Posted], group: int = 3) -> None:
    """Acknowledge requests, as a service does that dies before it takes them in."""
    with Store(store, settle=False) as opened, appending(store) as folder:
        writer = InboxWriter(folder, opened.inbox_secret(), opened.inbox_position + 1, 1 << 14)
        for start in range(0, len(requests), group):
            several = requests[start : start + group]
            writer.append(b"".join(map(pack, several)), len(several))
        writer.close()


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    return write_scans(tmp_path / "scans")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    Store(tmp_path / "city").close()
    return tmp_path / "city"


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_service_left__is_there_for_whoever_opens_the_store(
    scans: list[Path], city: Path, seed: int
) -> None:
    requests = requests_of(rows_of(scans), seed)
    post(city, requests)
    with Store(city) as store:
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))
        told = store.inputs()
        assert told["file"].to_list() == [f"inbox/1-{len(requests)}"]
        assert (told["read"] == told["accepted"] + told["duplicates"] + told["rejected"]).all()
        assert told["duplicates"].sum() > 0
        assert store.check() == []
    assert segments(city / INBOX) == []
    post(city, [each for each in requests if b"yesterday" not in each.content][:5])  # sent again
    with Store(city) as store:
        assert store.inputs()["accepted"].to_list()[1:] == [0]
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))


def test_death_between_commit_and_trim__counts_nothing_twice(scans: list[Path], city: Path) -> None:
    post(city, requests_of(rows_of(scans), 3))
    with (
        mock.patch("poolpipe.store.inbox_draining.remove_all", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        Store(city)
    assert segments(city / INBOX)
    with Store(city) as store:
        assert store.inputs().height == 1
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))
        assert store.check() == []


def test_death_before_commit__loses_nothing(scans: list[Path], city: Path) -> None:
    post(city, requests_of(rows_of(scans), 4))
    with (
        mock.patch.object(ledger.Ledger, "add_version", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        Store(city)
    with Store(city) as store:
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))
        assert store.check() == []


def test_refused_records__are_kept_whole_with_request_and_line(city: Path) -> None:
    lines = b'{"at":"2022-02-10 08:00","tube":"T1","person_type":"PASSPORT","person":"E1"}\n{"at":"noon","tube":"T1","person":"E2"}\nbroken'
    post(city, [Posted(NOON, "gun-7", "collect", PostedForm.TEXT, lines),
                  Posted(NOON, "gun-8", "pack", PostedForm.OBJECT, b'{"tube":"T1"}'),
                Posted(NOON, "gun-9", None, PostedForm.TEXT, b"good morning")])  # fmt: skip
    with Store(city) as store:
        told = store.refused(0).sort("file", "line")
    assert told.select("file", "line", "kind", "code").rows() == [
        ("inbox/1 gun-7", 2, "collect", "bad_time"),
        ("inbox/1 gun-7", 3, "collect", "not_parseable"),
        ("inbox/2 gun-8", 1, "pack", "missing_value"),
        ("inbox/3 gun-9", 1, None, "not_parseable"),
    ]
    assert told["raw"].to_list() == [
        '{"at":"noon","tube":"T1","person":"E2"}',
        "broken",
        '{"tube":"T1"}',
        "good morning",
    ]


def test_single_objects__are_told_what_each_alone_is_told(city: Path, tmp_path: Path) -> None:
    rng = random.Random(5)
    values: dict[str, list[Any]] = {
        "at": ["2022-02-10 08:00", "x", None], "tube": ["T1", "", "a b"], "person": ["E1", 5], "kind": ["collect", "pack", "dance"],
        "采样管条码": ["T9"], "colour": ["red"], "swabs": [3, -1], "Tube": ["T2"], "person_type": ["PASSPORT"],
    }  # fmt: skip
    objects = [
        {name: rng.choice(values[name]) for name in rng.sample(sorted(values), rng.randint(1, 6))}
        for _ in range(60)
    ]
    kinds = [rng.choice([None, "collect", "seal"]) for _ in objects]
    texts = [json.dumps(each, ensure_ascii=False).encode() for each in objects]
    post(
        city,
        [Posted(NOON, "gun", kind, PostedForm.OBJECT, text) for kind, text in zip(kinds, texts, strict=True)],
        7,
    )
    with Store(city) as store:
        rejects = store.refused(0)
        together = {str(row["file"]).split()[0]: row for row in rejects.to_dicts()}
    for place, (kind, text) in enumerate(zip(kinds, texts, strict=True), 1):
        (tmp_path / "one.ndjson").write_bytes(text)
        alone = (
            read_events(tmp_path / "one.ndjson", load_policy(None), kind=kind).rejects.to_dicts()
            if kind
            else []
        )
        if not kind:
            continue
        mine = together.get(f"inbox/{place}")
        assert [each["code"] for each in alone] == ([mine["code"]] if mine else []), text
        if mine:
            assert (mine["kind"], mine["raw"], mine["detail"]) == (
                alone[0]["kind"],
                alone[0]["raw"],
                alone[0]["detail"],
            )


def test_damage__is_refused_by_all_and_given_up_by_repair_alone(city: Path) -> None:
    person = {"at": "2022-02-10 08:00", "person_type": "PASSPORT"}
    requests = [
        Posted(
            NOON,
            "gun",
            "collect",
            PostedForm.OBJECT,
            json.dumps(person | {"tube": f"T{n}", "person": f"E{n}"}).encode(),
        )
        for n in range(4)
    ]
    post(city, requests, 1)
    (segment,) = segments(city / INBOX)
    content = bytearray(segment.path.read_bytes())
    content[512 * 2 + 100] ^= 4  # the second record
    segment.path.write_bytes(content)
    for attempt in (
        lambda: Store(city),
        lambda: Store(city, settle=False).ingest({"collect": pl.DataFrame([person])}),
    ):
        with pytest.raises(InputError, match="scans that were acknowledged cannot be read from byte 1024 on"):
            attempt()
    with Store(city, settle=False) as store:
        assert [(each.code, each.where) for each in store.check()] == [
            ("inbox_damaged", f"inbox/{segment.path.name}")
        ]
        assert store.run().pools["tube"].to_list() == ["T0"]  # what came before it is taken in
        store.repair(accepts_loss=True)
        assert sorted(store.run().pools["tube"].to_list()) == ["T0", "T2", "T3"]
        assert store.check() == []
    with Store(city) as store:
        assert store.inputs()["file"].to_list() == ["inbox/1-1", "inbox/3-4"]


def test_other_data_keys__find_an_empty_inbox(scans: list[Path], city: Path) -> None:
    post(city, requests_of(rows_of(scans), 6))
    with Store(city, settle=False) as store:
        store.rotate_key(data=True)
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))


def test_person__stands_in_no_file_of_the_inbox(scans: list[Path], city: Path) -> None:
    post(city, requests_of(rows_of(scans), 7))
    assert PERSON.encode() in b"".join(each.content for each in requests_of(rows_of(scans), 7))
    assert not [path for path in city.rglob("*") if path.is_file() and PERSON.encode() in path.read_bytes()]
