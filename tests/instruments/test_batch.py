"""A batch of files: what is told of each, which policy holds, what is written, and what stamping does to loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from instruments.told_files import table
from poolpipe.errors import PolicyError
from poolpipe.instruments import ImportPolicy
from poolpipe.instruments.batch import Imported, import_files, load_import_policy, write_events

if TYPE_CHECKING:
    from pathlib import Path

POLICY = ImportPolicy.model_validate({"lab": "L1", "at": "2022-02-10T08:00:00+08:00"})
STAMPS = "source_plate,quadrant,plate\n"


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def plate_map(folder: Path, plate: str, *wells: str) -> Path:
    return file(
        folder, f"{plate}.csv", table("Plate Well Tube", *(f"{plate} {well} {plate}{well}" for well in wells))
    )


def readings(folder: Path, plate: str, *wells: str) -> Path:
    rows = (f"{plate} {well} {target} 2{n}.5" for n, well in enumerate(wells) for target in ("N", "ORF1ab"))
    return file(folder, f"r{plate}.csv", table("Plate Well Target Ct", *rows))


def loads(imported: list[Imported]) -> list[list[tuple[str, str, str]]]:
    return [
        each.file.loads.select("plate", "well", "tube").rows() for each in imported if each.file is not None
    ]


def asked(imported: list[Imported]) -> list[list[str]]:
    return [[question.code for question in each.questions] for each in imported]


def test_an_error__is_told_in_four_parts_and_leaves_the_other_files_alone(tmp_path: Path) -> None:
    bad, good = file(tmp_path, "bad.csv", "nothing,here\n1,2\n"), plate_map(tmp_path, "P1", "A1", "A2")
    first, second = (each.to_dict() for each in import_files([bad, good], POLICY))
    assert set(first) == {"path", "error", "events", "missing", "crosschecks", "written"}
    assert (first["path"], first["error"]["type"]) == (str(bad), "UnknownFormatError")
    assert first["error"]["where"].startswith("bad.csv")
    assert set(first["error"]) == {"type", "what", "where", "way_out"}
    assert all(first["error"].values())
    assert ("error" in second, second["events"], second["missing"]) == (False, {"load": 2}, [])
    assert (second["file"], second["loads"], second["readings"]) == ("P1.csv", 2, 0)


def test_events__are_written_replaced_or_left_as_they_are(tmp_path: Path) -> None:
    path, out = plate_map(tmp_path, "P1", "A1"), tmp_path / "deep" / "out"

    def states(policy: ImportPolicy) -> list[str]:
        imported = import_files([path, file(tmp_path, "bad.csv", "no,thing\n1,2\n")], policy)
        write_events(imported, out)
        assert imported[1].written == {}
        (name,) = imported[0].written
        assert pl.read_ndjson(name)["at"].to_list() == ["2022-02-10T00:00:00.000000Z"]
        return list(imported[0].written.values())

    assert [states(POLICY), states(POLICY)] == [["written"], ["unchanged"]]
    assert states(POLICY.model_copy(update={"lab": "L2"})) == ["replaced"]
    assert [each.name.startswith(".") for each in (out / "load").iterdir()] == [False]


def test_plates__are_checked_against_maps_known_loads_and_not_against_machines(tmp_path: Path) -> None:
    read_one, map_one = readings(tmp_path, "P1", "A1", "A2"), plate_map(tmp_path, "P1", "A1", "A2")
    map_two = plate_map(tmp_path, "P2", "B1")
    known = pl.DataFrame({"plate": ["P1", "P1"], "well": ["A01", "A02"]})
    assert asked(import_files([read_one], POLICY)) == [[]]
    assert asked(import_files([read_one, map_one], POLICY)) == [[], []]
    assert asked(import_files([read_one, map_two], POLICY)) == [["plate_not_loaded"], []]
    assert asked(import_files([read_one, map_two], POLICY, known_loads=known)) == [[], []]
    assert asked(import_files([read_one], POLICY, known_loads=known)) == [[]]
    assert asked(import_files([read_one], POLICY, known_loads=known.head(1))) == [["wells_not_loaded"]]


def test_stamped_plates__leave_their_maps_and_are_loads_of_the_new_plate(tmp_path: Path) -> None:
    maps = [plate_map(tmp_path, plate, "A1", "B2") for plate in ("P1", "P2", "P3")]
    stamps = file(tmp_path, "stamps.csv", f"\ufeff{STAMPS} P1 ,1, Q \nP2,4,Q\n")
    *rest, stamped = loads(import_files(maps, POLICY, stamping=stamps))
    assert rest == [[], [], [("P3", "A01", "P3A1"), ("P3", "B02", "P3B2")]]
    # quadrants 1 to 4 begin at A01, A02, B01, B02 of 384 wells; each well of 96 is two rows and columns further
    assert sorted(stamped) == [
        ("Q", "A01", "P1A1"),
        ("Q", "B02", "P2A1"),
        ("Q", "C03", "P1B2"),
        ("Q", "D04", "P2B2"),
    ]
    (facts,) = [each.file.recognised for each in import_files(maps, POLICY, stamping=stamps)[3:] if each.file]
    assert (facts.format, facts.plate_from, facts.plate_wells) == ("stamping", "each row", 384)


@pytest.mark.parametrize(
    ("rows", "what"),
    [("P1,1,Q\nP1,2,Q\n", "stamped twice"), ("P1,x,Q\n", "no stamping table"), ("P1,9,Q\n", "1 to 4")],
)
def test_stamping__that_cannot_be_is_an_error_of_its_file(rows: str, what: str, tmp_path: Path) -> None:
    stamps = file(tmp_path, "stamps.csv", STAMPS + rows)
    first, second = import_files([plate_map(tmp_path, "P1", "A1")], POLICY, stamping=stamps)
    assert (first.error, loads([first])) == (None, [[("P1", "A01", "P1A1")]])
    assert (second.path, second.file) == (str(stamps), None)
    assert what in str(second.error)


def test_stamping_without_its_columns__says_which(tmp_path: Path) -> None:
    stamps = file(tmp_path, "stamps.csv", "plate,quadrant\nQ,1\n")
    *_, told = import_files([plate_map(tmp_path, "P1", "A1")], POLICY, stamping=stamps)
    assert told.error is not None
    assert told.error.way_out.startswith("columns source_plate, quadrant, plate")


@pytest.mark.parametrize(
    "text",
    [
        'zone = "UTC"\n',
        '[import]\nzone = "UTC"\n',
        '\ufeffzone = "UTC"\n',
        'base = "ten-in-one"\n[machines]\nzone = "UTC"\n',
    ],
)
def test_settings_of_imports__stand_at_the_top_in_import_or_in_a_campaigns_policy(
    text: str, tmp_path: Path
) -> None:
    path = file(tmp_path, "policy.toml", text)
    assert load_import_policy(path).zone == "UTC"
    assert load_import_policy(path, lab="L9", no_call_ct=(), targets={}, plate=None).model_dump(
        include={"zone", "lab", "no_call_ct", "plate"}
    ) == {"zone": "UTC", "lab": "L9", "no_call_ct": (), "plate": None}
    assert load_import_policy(path, zone="Asia/Shanghai").zone == "Asia/Shanghai"


def test_a_policy_that_is_none__is_refused_by_its_name(tmp_path: Path) -> None:
    for text in ("zone = ", 'import = "x"\n', "no_such_setting = 1\n"):
        path = file(tmp_path, "policy.toml", text)
        with pytest.raises(PolicyError, match=r"policy\.toml"):
            load_import_policy(path)
    with pytest.raises(PolicyError, match="import options"):
        load_import_policy(None, no_such_setting=1)
