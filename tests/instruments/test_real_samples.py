"""Real files of others, beside the checkout; every figure below was read off the file by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from poolpipe.instruments import ImportPolicy, read, recognise

SHARED = Path("../shared/samples")
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")


def cts(name: str, policy: ImportPolicy | None = None) -> dict[tuple[str, str], float | None]:
    readings = read(SHARED / name, policy=policy).readings
    assert readings.select("well", "target").is_unique().all()
    return {(row["well"], row["target"]): row["ct"] for row in readings.iter_rows(named=True)}


def codes(name: str) -> dict[str, tuple[str, ...]]:
    return {question.code: question.where for question in read(SHARED / name).questions}


def test_viia7_text__all_sixteen_wells() -> None:
    name = "quantstudio/appbio_quantstudio_example01.txt"
    values = [18.717, 20.806, 19.559, 19.224, 20.149, 22.058, 17.822, 18.393, 19.122, 18.708, 18.029, 18.774,
              17.827, 18.106, 18.452, 18.842]  # fmt: skip
    wells = [f"A{i:02d}" for i in (*range(1, 13), 15, 16, 17, 18)]
    assert cts(name) == {(well, "TARGET_1"): ct for well, ct in zip(wells, values, strict=True)}
    recognised = read(SHARED / name).recognised
    assert (recognised.format, recognised.instrument, recognised.plate_wells) == (
        "quantstudio-classic",
        "ViiA 7",
        384,
    )
    assert recognised.run_time == datetime(2002, 1, 1, 2, 9, 19, tzinfo=UTC)  # 21:09:19 EST on 31 December
    assert recognised.plate is None  # "Experiment Barcode = NA" is no barcode
    assert read(SHARED / name).loads["tube"].to_list()[0] == "1SAMPLE_1.1"


def test_results_only__two_columns_of_one_name_that_agree() -> None:
    name = "quantstudio/example_quantsudio_results_only.txt"
    found = cts(name)
    assert len(found) == 24
    assert (found["A01", "3'UTR"], found["A04", "3'UTR"], found["A12", "3'UTR"]) == (16.484, 25.711, 26.607)
    assert (found["B01", "3'UTR"], found["B12", "3'UTR"]) == (19.525, 26.592)
    file = read(SHARED / name)
    assert [f.text or f.column for f in file.not_understood] == ["target name", "task"]
    # 15:02:50 "PM", EST on a summer day: taken as written, and asked
    assert file.recognised.run_time == datetime(2024, 10, 1, 20, 2, 50, tzinfo=UTC)
    assert "zone_season" in codes(name)


def test_spreadsheet__whose_well_numbers_are_not_their_names() -> None:
    name = "quantstudio/appbio_quantstudio_example10.xlsx"
    assert cts(name) == {
        ("A01", "GeneA"): 25.5, ("A02", "GeneA"): 25.8, ("A03", "GeneA"): 26.2, ("A04", "GeneA"): 26.5,
        ("B01", "RefGene"): 20.0, ("B02", "RefGene"): 20.2, ("B03", "RefGene"): 19.8, ("B04", "RefGene"): 20.0,
    }  # fmt: skip
    # numbers 5 to 8 are A05 to A08 on 384 wells; 01-15-2024 proves that 03-10-2024 is in March
    assert len(codes(name)["well_disagrees"]) == 4
    assert read(SHARED / name).recognised.run_time == datetime(2024, 3, 10, 16, 0, tzinfo=UTC)
    careful = read(SHARED / name, policy=ImportPolicy(well_disagrees="leave_out"))
    assert careful.readings["well"].to_list() == ["A01", "A02", "A03", "A04"]
    run = read(SHARED / name, policy=ImportPolicy(reading_time="run"))
    assert run.recognised.run_time == datetime(2024, 3, 10, 15, 45, tzinfo=UTC)


def test_design_and_analysis__84_wells_of_two_targets() -> None:
    name = "quantstudio/design_and_analysis_presence_absence.xlsx"
    found = cts(name)
    assert len(found) == 168
    assert (
        sum(ct is None for (_, target), ct in found.items() if target == "Xeno") == 36
    )  # 32 negatives, 2 NAC, 2 NTC
    assert sum(ct is None for (_, target), ct in found.items() if target == "Blocked IPC") == 2
    assert sum(ct is None for (_, target), ct in found.items() if target == "IPC") == 0
    assert (found["A02", "IPC"], found["A07", "Xeno"]) == (28.53378323812079, 29.566875332920738)
    assert (found["H12", "Xeno"], found["H12", "IPC"]) == (30.167251766963822, 28.395479154345495)
    assert (found["A01", "Xeno"], found["A01", "Blocked IPC"]) == (None, None)
    file = read(SHARED / name)
    assert file.recognised.controls == tuple(f"{row}01 negative_control" for row in "ABGH")
    assert file.recognised.run_time == datetime(
        2023, 12, 19, 21, 4, 56, tzinfo=UTC
    )  # analysis, 04:04:56 PM EST
    assert file.recognised.undetermined == ("UNDETERMINED",)
    assert not [f for f in file.not_understood if f.code == "mean_disagrees"]


def test_cfx__48_readings_of_two_dyes() -> None:
    name = "cfx/cfxmaestro_example01.csv"
    found = cts(name)
    assert len(found) == 48
    assert (found["A01", "FAM"], found["A01", "VIC"]) == (21.1877528266099, 21.1590717001335)
    assert (found["D05", "FAM"], found["D06", "VIC"]) == (27.1921587687227, 20.9102822371808)
    assert {"plate_missing", "time_missing", "target_is_dye"} <= set(codes(name))
    renamed = cts(name, ImportPolicy(targets={"FAM": "N", "VIC": "IC"}))
    assert renamed["D05", "N"] == 27.1921587687227


def test_lightcycler480__384_wells_of_which_105_are_no_call() -> None:
    name = "lightcycler/lc480_calibration_Cq.txt.gz"
    found = cts(name)
    target = "SYBR Green I / HRM Dye (483-533)"
    assert len(found) == 384
    assert sum(ct is None for ct in found.values()) == 105
    assert (found["A01", target], found["A05", target], found["P23", target]) == (22.78, None, 33.71)
    assert (found["A16", target], found["B22", target], found["P24", target]) == (29.71, 27.72, None)


def test_rdml__four_channels_of_thirty_wells() -> None:
    name = "rdml/BioRad_qPCR_melt.rdml"
    found = cts(name)
    assert len(found) == 60
    assert sum(ct is not None for ct in found.values()) == 26
    assert (found["A01", "EvaGreen"], found["A08", "EvaGreen"]) == (27.7514537682101, None)
    assert (found["D01", "EvaGreen"], found["D10", "EvaGreen"]) == (
        10.1244311147873,
        39.3137019214124,
    )  # reacts 37, 46
    assert (found["H01", "EvaGreen"], found["H10", "EvaGreen"]) == (
        8.12129984743228,
        35.3197402365743,
    )  # reacts 85, 94
    recognised = read(SHARED / name).recognised
    assert (recognised.format, recognised.vendor) == ("rdml-1.1", "Bio-Rad Laboratories, Inc.")
    assert "time_missing" in codes(name)  # dateMade is the file's date, not the run's


def test_eds__wells_from_zero_and_means_that_do_not_fit() -> None:
    name = "eds/mock_cdc_2probes.eds"
    found = cts(name)
    assert len(found) == 24
    assert (found["A01", "RP"], found["A02", "N1"], found["A03", "N2"]) == (27.067278,) * 3  # wells 0, 1, 2
    assert (found["A09", "RP"], found["B05", "RP"], found["C07", "N2"]) == (
        31.334206,
        31.334206,
        27.067278,
    )  # 8, 16, 30
    findings = [f.code for f in read(SHARED / name).not_understood]
    assert findings == ["means_of_others"]  # a mock: one replicate each, and a mean of something else
    assert {"plate_size", "control_by_name"} <= set(codes(name))


def test_hamilton_map__nine_samples_in_three_pools() -> None:
    file = read(SHARED / "robots/Hamilton_SAMPLE_POOL_MAP.xlsx")
    assert file.pools.select("pool", "sample", "volume_ul").rows() == [
        ("400005915", "100004162", 250.0), ("400005915", "100004168", 250.0), ("400005915", "100004174", 250.0),
        ("400005914", "100004180", 250.0), ("400005914", "100004186", 250.0), ("400005914", "100004192", 250.0),
        ("400005907", "100004198", 166.7), ("400005907", "100004204", 166.7), ("400005907", "100004213", 166.7),
    ]  # fmt: skip


def test_panther__four_pools_one_positive() -> None:
    file = read(SHARED / "robots/Panther_POOL_RESULTS.lis.xls")
    assert file.reports.select("tube", "call").rows() == [
        ("400005915", "negative"), ("400005914", "negative"), ("400005913", "negative"), ("400005907", "positive"),
    ]  # fmt: skip
    assert file.reports["at"].to_list()[3] == datetime(2020, 7, 16, 0, 51, tzinfo=UTC)


def test_lighthouse__reading_load_and_report_of_one_row() -> None:
    name = "robots/lw-randox-biocentre-box-17-00001-with-byte-order-mark.csv"
    file = read(SHARED / name)
    at = datetime(2020, 4, 16, 14, 30, 40, tzinfo=UTC)
    assert cts(name) == {("A11", "ORF1ab"): 23.0, ("A11", "E-Gene"): 24.0}
    assert file.loads.select("plate", "well", "tube", "lab").rows() == [
        ("23JAN21-0001Q", "A11", "16", "Randox")
    ]
    assert file.reports.select("tube", "call", "lab").rows() == [("16", "positive", "Randox")]
    assert file.reports["at"].to_list() == file.loads["at"].to_list() == [at]


@pytest.mark.parametrize("name", ["README.md"])
def test_other_files__are_not_recognised(name: str) -> None:
    assert recognise(SHARED / name) is None
