"""Files to event files: ids made of content, twice is once, and what is missing is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from poolpipe.commands.import_ import import_command
from poolpipe.instruments import ImportPolicy, events, read
from poolpipe.instruments.errors import MissingFactError
from poolpipe.tables import EVENTS

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
POLICY = ImportPolicy(lab="CDC1", zone_abbreviations={"CST": "+08:00"})


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(import_command, [str(each) for each in arguments])


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_events__have_the_contracts_columns() -> None:
    made = events(read(SAMPLES / "lighthouse.csv", policy=POLICY))
    assert set(made) == {"read", "load", "report"}
    for kind, frame in made.items():
        known = {"at", *EVENTS[kind].must, *EVENTS[kind].may, "round", "event_id"}
        assert set(frame.columns) <= known
        assert set(EVENTS[kind].must) <= set(frame.columns) | {"tube"}
    assert made["read"].schema["at"] == pl.Datetime("us", "UTC")
    assert made["read"]["ct"].null_count() == 40


def test_event_ids__are_made_of_content() -> None:
    first = events(read(SAMPLES / "cfx.csv", policy=POLICY))["read"]
    again = events(read((SAMPLES / "cfx.csv").read_bytes(), name="other.csv", policy=POLICY))["read"]
    assert first.equals(again)
    assert first["event_id"].n_unique() == first.height == 72
    changed = (SAMPLES / "cfx.csv").read_bytes().replace(b"13:07:52", b"14:07:52")
    reanalysed = events(read(changed, policy=POLICY))["read"]
    assert not set(first["event_id"]) & set(reanalysed["event_id"])


def test_one_plate_by_two_machines_and_one_time__is_told_apart() -> None:
    ids = [
        set(events(read(SAMPLES / name, policy=POLICY))["read"]["event_id"])
        for name in ("lightcycler96.txt", "slan96p.xls")
    ]
    assert not ids[0] & ids[1]  # the instrument is part of the fact


def test_events_without_plate_or_time__are_refused() -> None:
    with pytest.raises(MissingFactError, match="readings have no plate; readings have no time"):
        events(read(SAMPLES / "lightcycler480.txt"))
    full = ImportPolicy(plate="P9", at=datetime(2022, 2, 10, 12, 0), zone="Asia/Shanghai")  # noqa: DTZ001 -- the policy's zone
    made = events(read(SAMPLES / "lightcycler480.txt", policy=full))
    assert set(made["read"]["at"]) == {datetime(2022, 2, 10, 4, 0, tzinfo=UTC)}
    assert "load" not in made  # no lab, so no load event


def test_import__twice_changes_nothing(tmp_path: Path) -> None:
    arguments = (SAMPLES / "cfx.csv", SAMPLES / "abi7500.xls", "--lab", "CDC1", "--out", tmp_path)
    assert run(*arguments).exit_code == 0
    first = content(tmp_path)
    again = run(*arguments)
    assert again.exit_code == 0
    assert "unchanged" in again.output
    assert content(tmp_path) == first
    assert {Path(name).parts[0] for name in first} == {"read", "load"}
    frame = pl.read_ndjson(next((tmp_path / "read").iterdir()))
    assert {"at", "plate", "well", "target", "ct", "event_id"} <= set(frame.columns)
    assert frame["at"].str.ends_with("Z").all()


def test_dry_run__writes_nothing_and_tells_the_meaning(tmp_path: Path) -> None:
    told = run(SAMPLES / "classic.eds", "--dry-run", "--out", tmp_path / "none")
    assert told.exit_code == 0
    assert not (tmp_path / "none").exists()
    for part in ("eds", "P220210A", "B11 negative_control", "ct_may_be_no_call", "40 is a number", "未检出"):
        assert part in told.output


def test_dry_run_json__is_for_programs() -> None:
    told = run(SAMPLES / "classic.eds", SAMPLES / "lightcycler480.txt", "--dry-run", "--json")
    assert told.exit_code == 1  # as without --dry-run: the second file has no plate and would not be imported
    first, second = json.loads(told.output)
    assert first["recognised"]["run_time"] == "2022-02-10T05:07:52Z"
    assert first["events"] == {"read": 72}  # loads are no events without a lab
    assert {q["code"] for q in first["questions"]} == {"ct_may_be_no_call", "control_has_sample_task"}
    assert second["missing"][:2] == ["readings have no plate", "readings have no time"]


def test_import__writes_the_good_files_and_fails_for_the_bad_one(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"nothing,here\n1,2\n")
    told = run(bad, SAMPLES / "cfx.csv", "--out", tmp_path / "out")
    assert told.exit_code == 1
    assert "no known layout" in told.output
    assert list(content(tmp_path / "out"))


def test_import__checks_plates_against_what_was_loaded(tmp_path: Path) -> None:
    other = tmp_path / "map.csv"
    other.write_text("Plate,Well,Tube\nP1,A1,T1\n", "utf-8")
    told = json.loads(run(SAMPLES / "cfx.csv", "--loads", other, "--dry-run", "--json").output)
    assert [q["code"] for q in told[0]["crosschecks"]] == ["plate_not_loaded"]
    own = json.loads(run(SAMPLES / "cfx.csv", SAMPLES / "plate-map.csv", "--dry-run", "--json").output)
    assert own[0]["crosschecks"] == []


def test_import__names_pools_that_the_map_lacks() -> None:
    files = (SAMPLES / "sample-pool-map.csv", SAMPLES / "panther.lis.xls")
    told = json.loads(run(*files, "--date-order", "mdy", "--dry-run", "--json").output)
    assert told[1]["crosschecks"] == [
        {"code": "pool_not_in_map", "what": "pools have a result and are not in the map of samples to pools",
         "where": ["220210000903"], "decided": "kept: the pool's own result counts"}
    ]  # fmt: skip


def test_import__stamps_96_into_384(tmp_path: Path) -> None:
    told = run(SAMPLES / "plate-map.csv", "--stamp", SAMPLES / "stamping.csv", "--lab", "L", "--at",
               "2022-02-10T08:00:00+08:00", "--out", tmp_path)  # fmt: skip
    assert told.exit_code == 0, told.output
    loads = pl.concat(
        [pl.read_ndjson(path) for path in (tmp_path / "load").iterdir()], how="vertical_relaxed"
    )
    assert set(loads["plate"]) == {"Q384"}
    assert loads.filter(tube="220210000001")["well"].to_list() == ["A02"]  # A01 in quadrant 2
    assert loads.filter(role="positive_control")["well"].to_list() == ["C24"]  # B12


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("x.csv",), "--out"), (("a.csv", "b.csv", "--plate", "P", "--dry-run"), "one by one"),
     (("a.csv", "--target", "FAM", "--dry-run"), "NAME=TARGET")],
)  # fmt: skip
def test_import__misused_says_so(arguments: tuple[str, ...], sentence: str) -> None:
    told = run(*arguments)
    assert told.exit_code == 2
    assert sentence in told.output
