"""What is recognised beside the rows: maker, serial, software, plate, time, zone, encoding, words for no amplification."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from poolpipe.instruments import ImportPolicy, read
from poolpipe.instruments.model import Recognised

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
POLICY = ImportPolicy(lab="L", date_order="mdy", zone_abbreviations={"CST": "+08:00"})
ABI = "Applied Biosystems"
CONTROLS = ("B11 negative_control", "B12 positive_control")
TARGETS = ("IC", "N", "ORF1ab")
NOON = datetime(2022, 2, 10, 5, 7, 52, tzinfo=UTC)
OWN = {"plate": "P220210A", "plate_from": "file"}
ROWS = {"plate_from": "each row"}
ENDED: dict[str, Any] = {"run_time": NOON, "time_of": "end of run"}
READ = {"controls": CONTROLS, "targets": TARGETS}

# as the files say at their heads; what a file does not say is empty
SAID: dict[str, dict[str, Any]] = {
    "abi7500.xls": OWN | ENDED | READ | {
        "format": "quantstudio-classic", "vendor": ABI, "instrument": "sds7500", "plate_wells": 96, "encoding": "utf-16",
        "time_text": "2022-02-10 05:07:52 AM UTC", "zone": "file: UTC", "undetermined": ("Undetermined",),
        "undetermined_why": "layout quantstudio-classic: Undetermined",
    },
    "cfx.csv": OWN | READ | {
        "format": "cfx-maestro", "vendor": "Bio-Rad", "serial": "CT000001", "software": "5.3", "encoding": "utf-8-sig",
        "run_time": datetime(2022, 2, 10, 13, 7, 52, tzinfo=UTC), "time_of": "end of run", "decimal": ",",
        "time_text": "10.02.2022 13:07:52 UTC", "zone": "file: UTC", "undetermined": ("NaN",),
        "undetermined_why": "layout cfx-maestro: NaN, N/A",
    },
    "design-and-analysis.xlsx": OWN | READ | {
        "format": "design-and-analysis", "vendor": ABI, "instrument": "QuantStudio™ 7 Pro System", "serial": "2778700001",
        "software": "Design & Analysis Software v2.7.0", "plate_wells": 96, "time_of": "analysis", "zone": "file: +08:00",
        "run_time": datetime(2022, 2, 11, 1, 30, tzinfo=UTC), "time_text": "2022-02-11 09:30:00 AM +08:00",
        "undetermined": ("UNDETERMINED",), "undetermined_why": "layout design-and-analysis: UNDETERMINED",
    },
    "classic.eds": OWN | ENDED | {
        "format": "eds", "vendor": ABI, "instrument": "sds7500", "plate_wells": 96, "encoding": "utf-8", "targets": TARGETS,
        "time_text": "2022-02-10 05:07:52 UTC", "zone": "file: UTC", "undetermined_why": "layout eds: Undetermined",
        "controls": CONTROLS[:1],
    },
    "diomni.csv": OWN | ENDED | READ | {
        "format": "diomni", "vendor": ABI, "software": "Diomni Design and Analysis (RUO) v3.0.0", "plate_wells": 96,
        "time_text": "2022-02-10 13:07:52", "zone": "policy: Asia/Shanghai", "encoding": "utf-8",
        "undetermined": ("Undetermined",), "undetermined_why": "layout diomni: UNDETERMINED",
    },
    "hamilton-log.csv": ROWS | {
        "format": "hamilton-transfer", "vendor": "Hamilton", "encoding": "utf-8", "controls": CONTROLS,
        "undetermined_why": "layout hamilton-transfer: the common words",
    },
    "lightcycler480.txt": {
        "format": "lightcycler-480", "vendor": "Roche", "encoding": "utf-8", "undetermined": ("(empty)",), "controls": CONTROLS,
        "undetermined_why": "layout lightcycler-480: the common words; empty too", "targets": ("FAM (465-510)",),
    },
    "lightcycler96.txt": OWN | ENDED | READ | {
        "format": "lightcycler-96", "vendor": "Roche", "encoding": "utf-8", "time_text": "2022-02-10T13:07:52+08:00",
        "zone": "file: +08:00", "undetermined": ("-",), "undetermined_why": "layout lightcycler-96: -",
    },
    "lighthouse.csv": ROWS | {
        "format": "lighthouse-plate-map", "vendor": "Lighthouse laboratories", "encoding": "utf-8-sig", "targets": TARGETS,
        "run_time": datetime(2022, 2, 10, 13, 7, 52, tzinfo=UTC), "time_of": "each row", "undetermined": ("(empty)",),
        "undetermined_why": "layout lighthouse-plate-map: the common words; empty too",
    },
    "panther.lis.xls": {
        "format": "panther-lis", "vendor": "Hologic", "encoding": "utf-8", "time_of": "each row",
        "run_time": datetime(2022, 2, 10, 13, 10, tzinfo=UTC), "undetermined_why": "layout panther-lis: the common words",
    },
    "plate-grid.csv": OWN | {"format": "plate-grid-96", "plate_wells": 96, "encoding": "utf-8", "controls": CONTROLS},
    "plate-map.csv": ROWS | {
        "format": "plate-map", "encoding": "utf-8", "controls": CONTROLS, "undetermined_why": "layout plate-map: the common words",
    },
    "plate.rdml": READ | {
        "format": "rdml-1.2", "instrument": "simulated", "plate_wells": 96, "run_time": NOON, "time_of": "run date",
        "encoding": "xml", "undetermined": ("(no cq)", "-1.0"),
        "undetermined_why": "RDML: no cq element, NaN or a negative number",
    },
    "quantstudio-classic.txt": OWN | ENDED | READ | {
        "format": "quantstudio-classic", "vendor": ABI, "instrument": "QuantStudio(TM) 7 Flex System", "serial": "278800001",
        "plate_wells": 96, "time_text": "2022-02-10 13:07:52 PM CST", "zone": "policy: CST +08:00", "encoding": "utf-8",
        "undetermined": ("Undetermined",), "undetermined_why": "layout quantstudio-classic: Undetermined",
    },
    "rotor-gene.csv": OWN | ENDED | READ | {
        "format": "rotor-gene-q", "vendor": "Qiagen", "software": "Rotor-Gene Q Software 2.3.1", "plate_wells": 96,
        "time_text": "2022/02/10 13:07:52", "zone": "policy: Asia/Shanghai", "encoding": "utf-8", "undetermined": ("(empty)",),
        "undetermined_why": "layout rotor-gene-q: the common words; empty too",
    },
    "sample-pool-map.csv": {
        "format": "hamilton-pool-map", "vendor": "Hamilton", "encoding": "utf-8",
        "undetermined_why": "layout hamilton-pool-map: the common words",
    },
    "slan96p.xls": OWN | ENDED | READ | {
        "format": "slan-96p", "vendor": "Hongshi", "instrument": "SLAN-96P", "serial": "SL000001", "encoding": "gb18030",
        "time_text": "2022年2月10日 13:07:52", "zone": "policy: Asia/Shanghai", "undetermined": ("NoCt",),
        "undetermined_why": "layout slan-96p: NoCt, No Ct, 未检出, Undetermined",
    },
    "stepone.xls": OWN | ENDED | READ | {
        "format": "quantstudio-classic", "vendor": ABI, "instrument": "steponeplus", "plate_wells": 96, "zone": "file: HKT",
        "time_text": "2022-02-10 13:07:52 PM HKT", "undetermined": ("Undetermined",),
        "undetermined_why": "layout quantstudio-classic: Undetermined",
    },
    "tecan-log.csv": ROWS | {
        "format": "tecan-log", "vendor": "Tecan", "plate_wells": 96, "encoding": "utf-8", "time_of": "each row",
        "run_time": datetime(2022, 2, 10, 2, tzinfo=UTC), "controls": CONTROLS,
        "undetermined_why": "layout tecan-log: the common words",
    },
    "tecan.gwl": ROWS | {"format": "tecan-worklist", "vendor": "Tecan", "encoding": "utf-8", "controls": CONTROLS},
}  # fmt: skip
OTHERS = {"README.md", "make.py", "truth.csv", "stamping.csv"}


@pytest.mark.parametrize("name", SAID)
def test_recognised__is_what_the_file_says(name: str) -> None:
    found = asdict(read(SAMPLES / name, policy=POLICY).recognised)
    assert len(found.pop("sha256")) == 64
    facts = found.pop("facts")
    empty = {key: value for key, value in asdict(Recognised(format="")).items() if key in found}
    assert found == empty | SAID[name]
    named = {"instrument": "instrument", "serial": "serial", "software": "software", "plate": "plate"}
    for fact, key in named.items():
        if fact in facts:
            assert facts[fact] == found[key]
    if found["time_text"]:
        assert facts["analysed" if found["time_of"] == "analysis" else "run_end"] == found["time_text"]


def test_every_sample__is_here() -> None:
    assert {path.name for path in SAMPLES.iterdir() if path.is_file()} - OTHERS == set(SAID)
