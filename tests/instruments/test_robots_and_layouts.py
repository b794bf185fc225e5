"""Maps, worklists, logs, stamping; and a machine that a lab adds by TOML."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.crosscheck import check_plates, check_pools
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, LayoutError
from poolpipe.instruments.layouts import load_layouts, parse_layout
from poolpipe.instruments.model import LOADS
from poolpipe.instruments.stamping import stamp

if TYPE_CHECKING:
    from types import ModuleType

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
WELLS = [f"{row}{column:02d}" for row in "AB" for column in range(1, 13)]


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_instrument_samples", SAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TUBES = {well: f"22021000{i:04d}" for i, well in enumerate(WELLS, 1) if well not in ("B11", "B12")}


def loaded(name: str) -> dict[str, tuple[str | None, str]]:
    loads = read(SAMPLES / name).loads
    assert set(loads["plate"]) == {"P220210A"}
    return {row["well"]: (row["tube"], row["role"]) for row in loads.iter_rows(named=True)}


def expected(*, without: tuple[str, ...] = ()) -> dict[str, tuple[str | None, str]]:
    wells: dict[str, tuple[str | None, str]] = {
        well: (tube, "sample") for well, tube in TUBES.items() if well not in without
    }
    return wells | {"B11": (None, "negative_control"), "B12": (None, "positive_control")}


@pytest.mark.parametrize("name", ["plate-map.csv", "plate-grid.csv", "tecan.gwl"])
def test_every_map__loads_the_same_plate(name: str) -> None:
    assert loaded(name) == expected()


def test_wells_that_the_robot_skipped__are_not_loaded() -> None:
    assert loaded("hamilton-log.csv") == expected(without=("A04", "A06"))
    findings = read(SAMPLES / "hamilton-log.csv").not_understood
    assert [(f.code, f.text) for f in findings] == [
        ("not_transferred", "Skipped"),
        ("not_transferred", "Clot detected"),
    ]


def test_a_transfer_report__has_the_time_of_each_well() -> None:
    file = read(SAMPLES / "tecan-log.csv")
    wells = {row["well"]: row["tube"] for row in file.loads.iter_rows(named=True) if row["role"] == "sample"}
    assert wells == {well: tube for well, tube in TUBES.items() if well != "A04"}
    assert file.loads.filter(well="A02")["at"].to_list() == [datetime(2022, 2, 10, 2, 1, tzinfo=UTC)]
    assert [(f.code, f.text) for f in file.not_understood] == [("not_transferred", "No liquid")]


def test_an_unknown_status__is_no_success() -> None:
    file = read(b"SourceBarcode,TargetPlateBarcode,TargetWell,Status\nT1,P1,A1,OK\nT2,P1,A2,Warp\n")
    assert file.loads["tube"].to_list() == ["T1"]
    assert [(f.code, f.severity) for f in file.not_understood] == [("unknown_status", "error")]


def test_a_grid_that_lost_a_row__is_refused() -> None:
    lines = (SAMPLES / "plate-grid.csv").read_text("utf-8").splitlines()
    with pytest.raises(DamagedFileError, match="rows A to H"):
        read("\n".join([*lines[:4], *lines[5:], ""]).encode())


def test_a_grid_of_384__reads_to_p24() -> None:
    header = "," + ",".join(map(str, range(1, 25)))
    grid = [header] + [
        f"{row}," + ",".join(f"{row}{column}" for column in range(1, 25)) for row in "ABCDEFGHIJKLMNOP"
    ]
    file = read("\n".join([*grid, ""]).encode(), plate="Q1")
    assert (file.loads.height, file.recognised.format) == (384, "plate-grid-384")
    assert file.loads.filter(well="P24")["tube"].to_list() == ["P24"]


def workbook(rows: list[list[object]]) -> bytes:
    made: bytes = maker().workbook({"Sheet1": rows})
    return made


def test_maps_in_spreadsheets__keep_long_barcodes_and_ask_about_numbers() -> None:
    rows: list[list[object]] = [["Plate", "Well", "Tube"], ["P1", "A1", 220210000001], ["P1", "A2", "0012"]]
    file = read(workbook([*rows, ["P1", "A3", 22021000000123456]]))
    assert file.loads["tube"].to_list() == ["220210000001", "0012"]
    assert [q.code for q in file.questions] == ["barcode_is_number", "time_missing"]
    assert [f.code for f in file.not_understood] == ["barcode_damaged"]  # 17 digits: a spreadsheet keeps 15
    grid: list[list[object]] = [["Plate", "P1"], ["", *range(1, 13)]]
    grid += [[row, *(f"T{row}{column}" for column in range(1, 13))] for row in "ABCDEFGH"]
    drawn = read(workbook(grid))
    assert (drawn.loads.height, drawn.recognised.plate) == (96, "P1")
    assert drawn.loads.filter(well="H12")["tube"].to_list() == ["TH12"]


def sheets(*tables: list[list[object]]) -> bytes:
    made: bytes = maker().workbook({f"Sheet{i}": table for i, table in enumerate(tables, 1)})
    return made


def test_maps_on_several_sheets__are_all_read_or_none() -> None:
    first: list[list[object]] = [["Plate", "Well", "Tube"], ["P1", "A1", "T1"]]
    second: list[list[object]] = [["Plate", "Well", "Tube"], ["P2", "A1", "T2"]]
    assert read(sheets(first, second)).loads.select("plate", "tube").rows() == [("P1", "T1"), ("P2", "T2")]
    with pytest.raises(AmbiguousFileError, match="second table of the same kind"):
        read(sheets([["Well", "Tube"], ["A1", "T1"]], [["Well", "Tube"], ["A1", "T2"]]))
    grid: list[list[object]] = [["", *range(1, 13)]]
    grid += [[row, "T"] for row in "ABCDEFGH"]
    with pytest.raises(AmbiguousFileError, match="several plates"):
        read(sheets(grid, grid))
    run: list[list[object]] = [
        ["Well", "Fluor", "Content", "Sample", "Cq"],
        ["A01", "FAM", "Unkn", "S", 20.5],
    ]
    told = read(sheets(run, run))
    assert (told.readings.height, [f.code for f in told.not_understood]) == (1, ["other_table"])


def test_a_cut_worklist_record__is_refused() -> None:
    with pytest.raises(DamagedFileError, match="a field is missing"):
        read(b"A;Rack1;;Tube 24;1;T1;200;;;\r\nD;PCR;P1;96 W")


def test_a_dispense_without_tube_id__is_named() -> None:
    file = read(b"A;R;;T;1;T1;200\nD;P;P1;96 Well;1;;200\nA;R;;T;2;;200\nD;P;P1;96 Well;2;;200\n")
    assert file.loads["well"].to_list() == ["A01"]
    assert [f.code for f in file.not_understood] == ["no_tube_id"]


def four_plates() -> pl.DataFrame:
    rows = [{"plate": f"P{q}", "well": well, "tube": f"{q}{well}", "role": "sample", "lab": "L", "at": None, "line": 1}
            for q in (1, 2, 3, 4) for well in ("A01", "H12")]  # fmt: skip
    return pl.DataFrame(rows, LOADS)


def test_stamping__puts_four_plates_into_one() -> None:
    stamped = stamp(four_plates(), {"P1": 1, "P2": 2, "P3": 3, "P4": 4}, "Q")
    places = dict(stamped.select("tube", "well").rows())
    assert (places["1A01"], places["2A01"], places["3A01"], places["4A01"]) == ("A01", "A02", "B01", "B02")
    assert (places["1H12"], places["4H12"]) == ("O23", "P24")
    assert set(stamped["plate"]) == {"Q"}


@pytest.mark.parametrize(
    ("quadrants", "sentence"),
    [({"P1": 1, "P2": 1}, "different"), ({"P1": 5}, "from 1 to 4"), ({"P9": 1}, "no loads of P9")],
)
def test_stamping__that_makes_no_sense_is_refused(quadrants: dict[str, int], sentence: str) -> None:
    with pytest.raises(AmbiguousFileError, match=sentence):
        stamp(four_plates(), quadrants, "Q")


def frame(**plates: str) -> pl.DataFrame:
    pairs = [(plate, well) for plate, wells in plates.items() for well in wells.split()]
    return pl.DataFrame(pairs, {"plate": pl.String, "well": pl.String}, orient="row")


def test_plates_read__are_checked_against_plates_loaded() -> None:
    loads = frame(P1="A01 A02 A03", P2="A01 B01")
    assert check_plates(frame(P1="A01 A02 A03"), loads) == []
    assert check_plates(frame(P1="A01 A02"), loads) == []
    for read_wells, question in (
        (
            frame(P1="B01 A01"),
            ("pattern_of_other_plate", ("A02", "A03", "B01"), ("P1", "P2"), "kept as P1", "--plate"),
        ),
        (
            frame(P3="A01 B01"),
            (
                "plate_not_loaded",
                ("P3",),
                ("P3", "P2"),
                "kept: readings without load are named by the run",
                "--plate",
            ),
        ),
        (
            frame(P3="A02 B01"),
            (
                "plate_not_loaded",
                ("P3",),
                ("P3",),
                "kept: readings without load are named by the run",
                "--plate",
            ),
        ),
        (
            frame(P1="A01 A02 H12 A03 G12"),
            ("wells_not_loaded", ("G12", "H12"), (), "kept", "--loads"),
        ),
    ):
        (asked,) = check_plates(read_wells, loads)
        assert (asked.code, asked.where, asked.options, asked.decided, asked.setting) == question
    assert check_plates(frame(P1="A01"), frame()) == []
    nameless = pl.DataFrame({"plate": [None], "well": ["A01"]}, {"plate": pl.String, "well": pl.String})
    assert check_plates(nameless, loads) == []
    assert [q.where[0] for q in check_plates(frame(P4="A01", P3="A01", P5="A01"), loads)] == [
        "P3",
        "P4",
        "P5",
    ]


def test_pools_with_a_result__are_looked_up_in_the_map() -> None:
    pools = read(SAMPLES / "sample-pool-map.csv").pools
    tubes = read(SAMPLES / "panther.lis.xls", policy=ImportPolicy(date_order="mdy")).reports["tube"]
    (asked,) = check_pools(tubes, pools)
    assert (asked.code, asked.where, asked.options) == ("pool_not_in_map", ("220210000903",), ())
    assert (asked.decided, asked.setting) == ("kept: the pool's own result counts", "the map")
    assert check_pools(tubes, pools.clear()) == []
    assert check_pools(pools["pool"], pools) == []
    assert check_pools(pl.Series(["T2", None, "T1", "T2"]), pools)[0].where == ("T1", "T2")


OWN = """
format = "acme-cycler"
vendor = "Acme"
priority = 90
required = ["well", "ct", "target"]
preamble = ["^Acme"]
[columns]
well = ["Position"]
ct = ["Threshold cycle"]
target = ["Assay"]
[nothing]
words = ["none seen"]
"""


def test_a_lab__adds_its_machine_by_toml(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(OWN, "utf-8")
    content = b"Acme cycler 3\nPosition,Assay,Threshold cycle\nA1,N,20.5\nA2,N,none seen\n"
    assert recognise(content) is None
    assert recognise(content, layouts=tmp_path) == "acme-cycler"
    assert read(content, layouts=tmp_path).readings["ct"].to_list() == [20.5, None]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(("well =", "wel ="), "unknown roles"), (("required", "requird"), "requird"),
     (("^Acme", "(Acme"), "unterminated|missing"), (("[columns]", "[columns"), "Expected")],
)  # fmt: skip
def test_a_layout_with_a_mistake__says_where(change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(LayoutError, match=sentence):
        parse_layout(OWN.replace(*change), "acme.toml")


def test_layouts__are_unique_and_named_like_formats() -> None:
    formats = [layout.format for layout in load_layouts()]
    assert len(set(formats)) == len(formats) == 20


@pytest.mark.parametrize(
    "content",
    [b'"at","plate","well","target","ct"\r\n', b"\xef\xbb\xbfat,plate,well,target,ct\n",
     b"at,plate,well,target,ct\n2022-02-10T08:00:00+08:00,P1,A1,N,20\n", b"at,plate,well,lab,tube,role\n",
     b"kind,at,plate,well,tube\nload,x,P,A1,T\n",
     b'{"at": "2022-02-10", "plate": "P1", "well": "A1", "ct": 20}\n', b"PAR1xxxx", b"person,person_type,name\n",
     b"site,point,township\n", b"lab,capacity_per_day\n",
     b"at,tube,person,person_type\n"],
)  # fmt: skip
def test_event_files_and_reference_tables__are_no_instrument_files(content: bytes) -> None:
    assert recognise(content) is None
