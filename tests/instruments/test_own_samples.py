"""Every format tells the truth of the plate that data/samples/instruments/make.py made."""

from __future__ import annotations

import csv
import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poolpipe.instruments import ImportPolicy, read, recognise

if TYPE_CHECKING:
    from types import ModuleType

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
NOON = datetime(2022, 2, 10, 5, 7, 52, tzinfo=UTC)  # 13:07:52 in China


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_instrument_samples", SAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def truth(
    *, without: tuple[str, ...] = (), targets: tuple[str, ...] = ("ORF1ab", "N", "IC")
) -> dict[tuple[str, str], float | None]:
    with (SAMPLES / "truth.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {
        (row["well"], row["target"]): float(row["ct"]) if row["ct"] else None
        for row in rows
        if row["well"] not in without and row["target"] in targets
    }


def told(name: str, policy: ImportPolicy | None = None) -> dict[tuple[str, str], float | None]:
    readings = read(SAMPLES / name, policy=policy).readings
    assert readings.select("well", "target").is_unique().all()
    return {(row["well"], row["target"]): row["ct"] for row in readings.iter_rows(named=True)}


def test_samples__are_what_the_script_makes() -> None:
    for name, content in maker().files().items():
        assert (SAMPLES / name).read_bytes() == content, f"{name}: run make.py again"


@pytest.mark.parametrize(
    ("name", "format_name", "policy", "without"),
    [
        ("quantstudio-classic.txt", "quantstudio-classic", ImportPolicy(), ()),
        ("abi7500.xls", "quantstudio-classic", ImportPolicy(), ("B10",)),
        ("stepone.xls", "quantstudio-classic", ImportPolicy(), ()),
        ("design-and-analysis.xlsx", "design-and-analysis", ImportPolicy(), ("A05",)),
        ("diomni.csv", "diomni", ImportPolicy(), ()),
        ("classic.eds", "eds", ImportPolicy(no_call_ct=(40.0,)), ()),
        ("cfx.csv", "cfx-maestro", ImportPolicy(), ()),
        ("lightcycler96.txt", "lightcycler-96", ImportPolicy(), ()),
        ("rotor-gene.csv", "rotor-gene-q", ImportPolicy(), ()),
        ("slan96p.xls", "slan-96p", ImportPolicy(), ()),
        ("lighthouse.csv", "lighthouse-plate-map", ImportPolicy(), ("B11", "B12")),
    ],
)
def test_every_format__tells_the_truth(
    name: str, format_name: str, policy: ImportPolicy, without: tuple[str, ...]
) -> None:
    assert recognise(SAMPLES / name) == format_name
    assert told(name, policy) == truth(without=without)


def test_rdml__leaves_out_what_was_excluded() -> None:
    expected = truth()
    del expected["A05", "N"]
    assert recognise(SAMPLES / "plate.rdml") == "rdml"
    assert told("plate.rdml") == expected
    kept = told("plate.rdml", ImportPolicy(omitted_wells="keep"))
    assert kept == truth()


def test_lightcycler480__has_the_channel_as_target_until_the_policy_names_it() -> None:
    policy = ImportPolicy(targets={"FAM (465-510)": "ORF1ab"}, plate="P220210A", at=NOON)
    assert told("lightcycler480.txt", policy) == truth(without=("A05",), targets=("ORF1ab",))
    file = read(SAMPLES / "lightcycler480.txt")
    assert set(file.readings["target"]) == {"FAM (465-510)"}
    codes = {question.code for question in file.questions}
    assert codes == {
        "target_is_channel",
        "target_not_expected",
        "plate_missing",
        "time_missing",
        "control_by_name",
    }


@pytest.mark.parametrize(
    ("name", "at", "zone"),
    [
        ("abi7500.xls", NOON, "file: UTC"),
        ("diomni.csv", NOON, "policy: Asia/Shanghai"),
        ("classic.eds", NOON, "file: UTC"),
        ("cfx.csv", datetime(2022, 2, 10, 13, 7, 52, tzinfo=UTC), "file: UTC"),
        ("lightcycler96.txt", NOON, "file: +08:00"),
        ("rotor-gene.csv", NOON, "policy: Asia/Shanghai"),
        ("slan96p.xls", NOON, "policy: Asia/Shanghai"),
    ],
)
def test_time_plate_and_zone__are_the_files_own(name: str, at: datetime, zone: str) -> None:
    recognised = read(SAMPLES / name).recognised
    assert (recognised.plate, recognised.run_time, recognised.zone) == ("P220210A", at, zone)


def test_an_analysis__gives_the_readings_its_own_time() -> None:
    again = read(SAMPLES / "design-and-analysis.xlsx").recognised
    run = read(
        SAMPLES / "design-and-analysis.xlsx",
        policy=ImportPolicy(reading_time="run", zone_abbreviations={"CST": "+08:00"}),
    )
    assert again.run_time == datetime(2022, 2, 11, 1, 30, tzinfo=UTC)
    assert (again.time_of, run.recognised.time_of) == ("analysis", "end of run")
    assert run.recognised.run_time == NOON


def test_a_zone_of_two_meanings__is_the_policys_own_where_that_is_called_so() -> None:
    name = SAMPLES / "quantstudio-classic.txt"
    elsewhere = ImportPolicy(zone="Europe/Berlin")
    assert read(name, policy=elsewhere).recognised.run_time is None
    assert "zone_ambiguous" in {q.code for q in read(name, policy=elsewhere).questions}
    chinese = read(name, policy=ImportPolicy(zone_abbreviations={"CST": "+08:00"}))
    assert chinese.recognised.run_time == NOON
    by_zone = read(name, policy=ImportPolicy(zone="Asia/Shanghai"))
    assert (by_zone.recognised.run_time, by_zone.recognised.zone) == (NOON, "policy: CST as in Asia/Shanghai")
    american = read(name, policy=ImportPolicy(zone="America/Chicago")).recognised.run_time
    assert american == datetime(2022, 2, 10, 19, 7, 52, tzinfo=UTC)


def test_forty_in_an_eds__stays_a_number_and_is_asked() -> None:
    file = read(SAMPLES / "classic.eds")
    question = next(q for q in file.questions if q.code == "ct_may_be_no_call")
    nothing = [key for key, ct in truth().items() if ct is None]
    assert len(question.where) == len(nothing) == 43
    assert question.decided == "40 is a number"
    assert file.readings.filter(ct=40.0).height == 43


def test_controls__are_loads_without_tube() -> None:
    loads = read(SAMPLES / "cfx.csv", policy=ImportPolicy(lab="CDC1")).loads
    # 8 lines above the table, 22 wells of 3 lines, then B11
    assert loads.filter(role="negative_control").select("plate", "well", "tube", "lab", "line").rows() == [
        ("P220210A", "B11", None, "CDC1", 8 + 22 * 3 + 1)
    ]
    assert loads.filter(role="positive_control")["well"].to_list() == ["B12"]
    assert loads.filter(role="sample")["tube"].to_list()[:2] == ["220210000001", "220210000002"]


def test_a_file_name__decides_nothing(tmp_path: Path) -> None:
    for name, wrong in (
        ("cfx.csv", "a.rdml"),
        ("plate.rdml", "b.csv"),
        ("design-and-analysis.xlsx", "c.txt"),
    ):
        copy = tmp_path / wrong
        copy.write_bytes((SAMPLES / name).read_bytes())
        assert recognise(copy) == recognise(SAMPLES / name)
        assert read(copy).readings.equals(read(SAMPLES / name).readings)


def test_results_behind_much_raw_data__are_still_recognised() -> None:
    raw = "[Raw Data]\nWell\tCycle\tx1\n" + "1\t1\t36,431.130\n" * 20_000 + "\n[Results]"
    content = (SAMPLES / "quantstudio-classic.txt").read_bytes().replace(b"[Results]", raw.encode())
    assert recognise(content) == "quantstudio-classic"
    assert read(content).readings.height == 72
