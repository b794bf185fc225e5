"""Robots' files as they are really written: labware by label, lists without quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolpipe.instruments import ImportPolicy, events, read, recognise
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, MissingFactError

CASES = Path(__file__).parents[1] / "cases" / "instruments"
WORKLIST = next(CASES.glob("09-tecan*")).read_text("utf-8")

BRACKETS = """SourceBarcode,TargetPlateBarcode,TargetWell,Status,Channels,Levels
T0001,P1,A1,OK,[1,2],[0.5,0.7]
T0002,P1,A2,OK,[1],[0.5]
T0003,P1,A3,OK,[],[]
T0004,P1,A4,Skipped,[3,4],[1,2]
"""
BARE = BRACKETS.replace("[", "").replace("]", "").replace("T0003,P1,A3,OK,,", "T0003,P1,A3,OK,5,1,2")
LOADED = [("P1", "A01", "T0001"), ("P1", "A02", "T0002"), ("P1", "A03", "T0003")]


def loaded(text: str, policy: ImportPolicy | None = None) -> list[tuple[str | None, str, str | None]]:
    return read(text.encode(), policy=policy).loads.select("plate", "well", "tube").rows()


def asked(text: str, policy: ImportPolicy | None = None) -> dict[str, str]:
    return {q.code: q.decided for q in read(text.encode(), policy=policy).questions}


def test_a_label__tells_the_size_where_the_rack_has_no_type() -> None:
    assert loaded(WORKLIST) == [("P384-1", "I01", "T000001"), ("P384-1", "J01", "T000002")]
    assert asked(WORKLIST)["plate_size"] == "384"


def test_a_type__goes_before_the_label() -> None:
    text = WORKLIST.replace("P384-1;;", "P384-1;96 Well PCR;")
    assert [well for _, well, _ in loaded(text)] == ["A02", "B02"]
    assert "plate_size" not in asked(text)


# The log of a university's laboratory: two empty lines, and reagents with their lots as lists.
LOG = """

Index,Protocol,Sample Tube Barcode,Output Barcode,Output Well Number,UserName,Machine SN,Reagent Names,Reagent Lot Numbers
1,QPCR_PREP,T0001,P1,A1,AB,SN1,["Mix","Primer"],["L1","L2"]
2,QPCR_PREP,T0002,P1,A2,AB,SN1,['Mix','Primer'],['L1','L2']
3,QPCR_PREP,T0003,P1,A3,AB,SN1,[Mix],[L1]
"""


def test_reagents_in_lists__move_no_cell() -> None:
    assert loaded(LOG) == LOADED
    assert read(LOG.encode()).not_understood == ()
    torn = LOG.replace("T0001", 'T00"01')
    assert loaded(torn) == LOADED[1:]


def test_types_of_two_sizes__are_no_plate() -> None:
    text = WORKLIST.replace("P384-1;;9", "P384-1;96 Well PCR;9").replace(
        "P384-1;;10", "P384-1;384 Well PCR;10"
    )
    with pytest.raises(AmbiguousFileError, match="one of 96 and one of 384 wells"):
        loaded(text)
    with pytest.raises(AmbiguousFileError, match="one of 96 and one of 384 wells"):
        loaded(WORKLIST.replace("384 Well[001]", "96 Well[001]", 1))
    once = WORKLIST.replace("384 Well[001]", "", 1)  # another record of the same rack has the label
    assert [well for _, well, _ in loaded(once)] == ["I01", "J01"]


def test_a_position_beyond_96__is_of_a_plate_of_384() -> None:
    text = WORKLIST.replace("384 Well[001]", "PCR").replace(";;10;;10;", ";;97;;10;")
    assert [well for _, well, _ in loaded(text)] == ["I01", "A07"]


def test_a_rack_without_type_or_size__is_asked() -> None:
    text = WORKLIST.replace("384 Well[001]", "PCR")
    assert asked(text)["plate_size"] == "96"
    policy = ImportPolicy(plate_wells=384)
    assert [well for _, well, _ in loaded(text, policy)] == ["I01", "J01"]


def test_a_label_that_may_be_a_barcode__is_the_plate_and_asked() -> None:
    text = WORKLIST.replace("384 Well[001];P384-1;", "P0001;;")
    assert [plate for plate, _, _ in loaded(text)] == ["P0001", "P0001"]
    assert asked(text)["plate_is_label"] == "P0001"
    assert [plate for plate, _, _ in loaded(text, ImportPolicy(plate="P9"))] == ["P9", "P9"]


def test_a_label_that_is_no_barcode__is_no_plate() -> None:
    text = WORKLIST.replace("P384-1;", ";")
    assert [plate for plate, _, _ in loaded(text)] == [None, None]
    file = read(text.encode(), policy=ImportPolicy(lab="L", at="2022-04-04T10:00:00+08:00"))
    with pytest.raises(MissingFactError, match="no plate"):
        events(file)
    two = text.replace("384 Well[001];;;10", "384 Well[002];;;10")
    with pytest.raises(AmbiguousFileError, match="2 labwares have no id"):
        read(two.encode(), plate="P9")


@pytest.mark.parametrize("text", [BRACKETS, BARE])
def test_lists_without_quotes__move_no_cell(text: str) -> None:
    assert loaded(text) == LOADED
    told = [finding.code for finding in read(text.encode()).not_understood]
    assert told == ["not_transferred"]


@pytest.mark.parametrize("text", [BRACKETS, BARE])
@pytest.mark.parametrize("lost", ["T0002,", "P1,A2", "A2,", "OK,"])
def test_a_row_that_lost_a_cell_before_its_lists__is_left_out(text: str, lost: str) -> None:
    lines = text.splitlines()
    lines[2] = lines[2].replace(lost, "", 1)
    file = read("\n".join([*lines, ""]).encode())
    assert file.loads.select("plate", "well", "tube").rows() == [LOADED[0], LOADED[2]]
    assert {f.line for f in file.not_understood if f.severity == "error"} == {3}


@pytest.mark.parametrize("text", [BRACKETS, BARE])
def test_a_row_that_ends_before_its_well__is_left_out(text: str) -> None:
    lines = text.splitlines()
    lines[2] = "T0002,P1"
    file = read("\n".join([*lines, ""]).encode())
    assert "A02" not in file.loads["well"].to_list()
    assert 3 in {finding.line for finding in file.not_understood}


def test_a_tube_where_a_position_stands__is_damage() -> None:
    with pytest.raises(DamagedFileError, match="'T000001' where its position stands"):
        loaded(WORKLIST.replace(";1;T000001;", ";T000001;1;"))


def test_bare_lists_beside_numbered_wells__are_not_told_from_wells() -> None:
    text = BARE
    for number, well in ((1, "A1"), (9, "A2"), (17, "A3"), (25, "A4")):
        text = text.replace(f",{well},", f",{number},")
    assert len(loaded(text)) < len(LOADED)
    assert "too_many_cells" in {finding.code for finding in read(text.encode()).not_understood}


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        (("A;R;;T;1;T1;9", "D;P;P1;96 Well;1;;9"), True),
        (("A;R;;T;1;T1;9", "D;P;P1;96 Well;1;;9", "W1;", "WD;", "C;note", "W;"), True),
        (("A;R;;T;1;T1;9", "D;P;P1;96 Well;1;;9", "X;note"), False),
        (("A;R;;T;1;T1;9", "Dispense;P;P1;96 Well;1;;9"), False),
        (("W1;", "C;note"), False),
    ],
)
def test_a_worklist__is_one_where_every_line_is_a_record(lines: tuple[str, ...], known: bool) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    assert (recognise(content) == "tecan-worklist") == known


GRID = "".join(
    f"{letter}{',T1' if letter == 'A' else ',阴性对照' if letter == 'B' else ','}{',' * 11}\n"
    for letter in "ABCDEFGH"
)
HEAD = f",{','.join(map(str, range(1, 13)))}\n"


@pytest.mark.parametrize(
    ("above", "policy", "at", "lab"),
    [
        ("上机时间,2022/4/4 17:00\n检测机构,县医院\n", ImportPolicy(), "09:00", "县医院"),
        ("上机时间：2022-04-04 17:00:00\n检测机构：县医院\n", ImportPolicy(lab="CDC1"), "09:00", "县医院"),
        ("上样时间,2022/4/4 17:00\n", ImportPolicy(lab="CDC1"), "09:00", "CDC1"),
        ("上机时间,2022/4/4 17:00\n", ImportPolicy(at="2022-04-04T18:00:00+08:00"), "10:00", None),
        ("上机时间,2022/4/4\n", ImportPolicy(), None, None),
        ("", ImportPolicy(), None, None),
    ],
)
def test_a_drawn_plate__has_the_time_and_lab_that_stand_above_it(
    above: str, policy: ImportPolicy, at: str | None, lab: str | None
) -> None:
    file = read(f"板号,P1\n{above}{HEAD}{GRID}".encode(), name="板图.csv", policy=policy)
    assert [each and f"{each:%H:%M}" for each in file.loads["at"]] == [at, at]
    assert file.loads["lab"].to_list() == [lab, lab]
    asked_for_time = any(each.code in {"time_missing", "date_without_time"} for each in file.questions)
    assert asked_for_time == (at is None)
