"""Cut, garbled and hostile files: a typed error or the right answer, never a crash, never a wrong Ct."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.errors import PoolpipeError
from poolpipe.instruments import ImportPolicy, InstrumentError, read, recognise
from poolpipe.instruments.errors import DamagedFileError, RefusedFormatError, UnknownFormatError

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
NAMES = sorted(
    path.name
    for path in SAMPLES.iterdir()
    if path.is_file() and path.name not in ("make.py", "README.md", "truth.csv", "stamping.csv")
)
REAL = Path("../shared/samples")


def facts(file: InstrumentFile) -> tuple[set[object], ...]:
    return (
        set(file.readings.select("plate", "well", "target", "ct").rows()),
        set(file.loads.select("plate", "well", "tube", "role").rows()),
        set(file.reports.select("tube", "call", "at").rows()),
        set(file.pools.select("pool", "sample", "volume_ul").rows()),
    )


def assert_cut_is_safe(content: bytes, cuts: list[int]) -> None:
    whole = facts(read(content))
    for cut in cuts:
        try:
            part = facts(read(content[:cut]))
        except InstrumentError:
            continue
        assert all(some <= every for some, every in zip(part, whole, strict=True)), (
            f"cut at byte {cut}: {content[cut - 30 : cut]!r}"
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_anywhere__gives_no_other_fact(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    chance = random.Random(name)
    lines = [i + 1 for i, byte in enumerate(content) if byte == 10]
    cuts = {*chance.sample(lines, min(len(lines), 25)), *lines[-3:], *range(len(content) - 60, len(content))}
    cuts |= {chance.randrange(len(content)) for _ in range(25)}
    assert_cut_is_safe(content, sorted(cuts))


@pytest.mark.skipif(not REAL.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize(
    "name", ["cfx/cfxmaestro_example01.csv", "robots/Panther_POOL_RESULTS.lis.xls", "quantstudio/example_quantsudio_results_only.txt",
             "robots/lw-randox-biocentre-box-17-00001-with-byte-order-mark.csv"],
)  # fmt: skip
def test_a_real_file_cut_anywhere__gives_no_other_fact(name: str) -> None:
    content = (REAL / name).read_bytes()
    chance = random.Random(name)
    cuts = {*range(len(content) - 150, len(content)), *(chance.randrange(len(content)) for _ in range(60))}
    assert_cut_is_safe(content, sorted(cuts))


@pytest.mark.parametrize("cut", ["37.8", "37.", "3", "37.81"])
def test_a_last_ct_that_may_have_lost_digits__is_refused(cut: str) -> None:
    head = "Well\tFluor\tTarget\tContent\tSample\tCq\n"
    rows = "A01\tFAM\tN\tUnkn\tS1\t21.187752\nA02\tFAM\tN\tUnkn\tS2\t"
    with pytest.raises(DamagedFileError, match="cut short"):
        read((head + rows + cut).encode())


@pytest.mark.parametrize("rest", ["NoCt", "25", "Undetermined"])
def test_a_last_ct_without_numbers_to_compare_it_with__is_refused(rest: str) -> None:
    head = "Well\tFluor\tTarget\tContent\tSample\tCq\n"
    with pytest.raises(DamagedFileError, match="cut short"):
        read((head + f"A01\tFAM\tN\tUnkn\tS1\t{rest}\nA02\tFAM\tN\tUnkn\tS2\t2").encode())
    word = read((head + "A01\tFAM\tN\tUnkn\tS1\t25.1\nA02\tFAM\tN\tUnkn\tS2\tNaN").encode())
    assert word.readings["ct"].to_list() == [25.1, None]


@settings(max_examples=60)
@given(st.binary(max_size=600))
def test_arbitrary_bytes__are_refused_with_a_typed_error(content: bytes) -> None:
    recognise(content)
    with pytest.raises(InstrumentError, match=r"\w"):
        read(content)


@pytest.mark.parametrize("name", NAMES)
def test_garbled_bytes__are_read_or_refused(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    chance = random.Random(name)
    for _ in range(15):
        garbled = bytearray(content)
        for _ in range(chance.randrange(1, 25)):
            garbled[chance.randrange(len(garbled))] = chance.randrange(256)
        try:
            file = read(bytes(garbled))
        except PoolpipeError:
            continue
        assert file.readings["ct"].is_between(0, 100).fill_null(value=True).all()


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return buffer.getvalue()


def test_a_zip_bomb__is_refused_within_bounds() -> None:
    bomb = archive({"rdml_data.xml": b"<rdml>" + b" " * 3_000_000})
    with pytest.raises(DamagedFileError, match="unpacks to more than 1000000 bytes"):
        read(bomb, policy=ImportPolicy(max_unpacked_bytes=1_000_000))
    with pytest.raises(DamagedFileError, match="unpacks to more than 1000000 bytes"):
        read(gzip.compress(b"x" * 3_000_000), policy=ImportPolicy(max_unpacked_bytes=1_000_000))


def test_an_entity_bomb__is_refused() -> None:
    lines = "".join(f'<!ENTITY e{i} "&e{i - 1};&e{i - 1};">' for i in range(1, 30))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rdml [<!ENTITY e0 "x">{lines}]><rdml version="1.2">&e29;</rdml>'
    with pytest.raises(DamagedFileError, match="XML cannot be read"):
        read(archive({"rdml_data.xml": bomb.encode()}))


def test_a_sheet_that_spans_everything__is_refused_before_it_takes_the_memory() -> None:
    sheet = (
        b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    with pytest.raises(DamagedFileError, match="spans 17179869184 cells"):
        read(archive({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": sheet}))


def test_a_file_that_is_too_large__is_refused() -> None:
    with pytest.raises(DamagedFileError, match="more than 10"):
        read(b"x" * 11, policy=ImportPolicy(max_bytes=10))


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (b"", DamagedFileError, "empty"),
        (b"  \n", DamagedFileError, "empty"),
        (b"<html><table><tr><td>Well</td></tr></table></html>", RefusedFormatError, "web page"),
        (archive({"datafile.pcrd": b"x"}), RefusedFormatError, "Export All Data Sheets"),
        (archive({"primary/analysis_result.json": b"{}"}), RefusedFormatError, "export the results as xlsx"),
        (archive({"apldbio/sds/experiment.xml": b"<a/>"}), RefusedFormatError, "not analysed"),
        (archive({"a.bin": b"x"}), UnknownFormatError, "no instrument file"),
        (b"name,age\nx,3\n", UnknownFormatError, "no known layout"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, DamagedFileError, "spreadsheet is damaged"),
    ],
)
def test_what_cannot_be_read__says_why_and_what_to_do(
    content: bytes, error: type[InstrumentError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        read(content, name="file.x")


@pytest.mark.parametrize("member", ["datafile.pcrd", "primary/analysis_result.json"])
def test_known_exports_that_cannot_be_read__are_recognised_as_such(member: str) -> None:
    assert recognise(archive({member: b"{}"})) == "refused"
    assert recognise(b"<html><table></table></html>") == "refused"
    assert recognise(archive({"a.bin": b"x"})) is None


def test_an_encrypted_pcrd__is_refused_with_advice() -> None:
    content = bytearray(archive({"datafile.pcrd": b"secret"}))
    content[6] |= 1  # the local header's and
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the directory's flag of encryption
    with pytest.raises(RefusedFormatError, match="CFX Maestro"):
        read(bytes(content))
    assert recognise(bytes(content)) == "refused"


def test_a_missing_file__is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(InstrumentError, match="cannot be read"):
        read(tmp_path / "none.csv")
    assert recognise(tmp_path / "none.csv") is None


def test_a_workbook_whose_last_corner_holds_a_cell__is_a_typed_error_and_takes_nobody_with_it() -> None:
    """calamine aborts its process on it."""
    hostile = Path(__file__).parents[1] / "cases" / "torture" / "xlsx-abort1" / "a.xlsx"
    with pytest.raises(DamagedFileError, match="the reader"):
        read(hostile)
    assert recognise(hostile) is None
