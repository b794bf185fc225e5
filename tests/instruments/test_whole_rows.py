"""A cell never moves: rows that lost or gained a cell, lines torn in two, headers that lost a name, exchanged cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poolpipe.instruments import ImportPolicy, read
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.instruments.model import InstrumentFile

HEADER = "Well,Fluor,Target,Content,Sample,RQ,Cq,Cq Mean,Note"
WELLS = [f"{row}{column:02d}" for row in "AB" for column in range(1, 5)]


def rows() -> list[str]:
    return [
        f"{well},{dye},{target},Unkn,T{i:03d},1.{i}5,{ct}.{i}7,{ct}.{i}7,"
        for i, well in enumerate(WELLS, 1)
        for dye, target, ct in (("FAM", "ORF1ab", 21), ("VIC", "N", 31), ("CY5", "IC", 25))
    ]


def table(lines: list[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def cts(file: InstrumentFile) -> dict[tuple[str, str], float | None]:
    return {(row["well"], row["target"]): row["ct"] for row in file.readings.iter_rows(named=True)}


WHOLE = cts(read(table(rows())))


def edited(change: Callable[[list[str]], object], row: int = 4) -> bytes:
    lines = rows()
    cells = lines[row].split(",")
    change(cells)
    lines[row] = ",".join(cells)
    return table(lines)


def exchange(i: int, j: int) -> Callable[[list[str]], None]:
    def change(cells: list[str]) -> None:
        cells[i], cells[j] = cells[j], cells[i]

    return change


@pytest.mark.parametrize("column", range(9))
def test_a_row_that_lost_a_cell__is_left_out_and_named(column: int) -> None:
    file = read(edited(lambda cells: cells.pop(column)))
    assert cts(file) == {key: ct for key, ct in WHOLE.items() if key != ("A02", "N")}
    assert [(f.code, f.line) for f in file.not_understood if f.severity == "error"] == [("short_row", 6)]


@pytest.mark.parametrize("column", range(9))
def test_a_row_that_gained_a_cell__is_left_out_and_named(column: int) -> None:
    file = read(edited(lambda cells: cells.insert(column, cells[column])))
    assert cts(file) == {key: ct for key, ct in WHOLE.items() if key != ("A02", "N")}
    assert [(f.code, f.line) for f in file.not_understood if f.severity == "error"] == [("too_many_cells", 6)]


@pytest.mark.parametrize(
    ("i", "j", "code"),
    [(4, 6, "shifted_row"), (1, 6, "shifted_row"), (2, 5, "shifted_row"), (2, 4, "shifted_row"), (0, 8, "shifted_row"),
     (0, 6, "shifted_row"), (6, 8, "shifted_row"), (1, 2, "shifted_row")],
)  # fmt: skip
def test_cells_that_changed_places__leave_the_row_out(i: int, j: int, code: str) -> None:
    file = read(edited(exchange(i, j)))
    assert cts(file) == {key: ct for key, ct in WHOLE.items() if key != ("A02", "N")}
    assert code in [finding.code for finding in file.not_understood]


@pytest.mark.parametrize("count", [3, 4])
def test_three_other_rows__say_what_a_column_holds(count: int) -> None:
    lines = rows()[:count]
    cells = lines[1].split(",")
    exchange(2, 5)(cells)
    file = read(table([lines[0], ",".join(cells), *lines[2:]]))
    left_out = [f.code for f in file.not_understood if f.severity == "error"]
    assert left_out == (["shifted_row"] if count == 4 else [])


def test_wells_that_changed_places__are_seen_by_their_samples() -> None:
    lines = rows()
    first, other = lines[4].split(","), lines[10].split(",")
    first[0], other[0] = other[0], first[0]
    lines[4], lines[10] = ",".join(first), ",".join(other)
    file = read(table(lines))
    assert cts(file) == {key: ct for key, ct in WHOLE.items() if key not in (("A02", "N"), ("A04", "N"))}
    assert [f.code for f in file.not_understood] == ["two_samples_in_well"] * 2


def test_targets_that_changed_places__are_seen_by_their_dyes() -> None:
    lines = [line for _ in range(2) for line in rows()]
    lines = [line.replace("T0", f"T{i // 24}") for i, line in enumerate(lines)]
    lines[24:] = [line.replace("A0", "C0").replace("B0", "D0") for line in lines[24:]]
    lines[4] = lines[4].replace(",N,", ",IC,")
    lines[5] = lines[5].replace(",IC,", ",N,")
    file = read(table(lines))
    assert ("A02", "N") not in cts(file)
    assert ("A02", "IC") not in cts(file)
    assert [f.code for f in file.not_understood if f.severity == "error"] == ["dye_disagrees"] * 2


def test_a_number_that_is_another_well__leaves_out_few_rows_and_believes_many() -> None:
    head = "Well\tWell Position\tSample Name\tTarget Name\tTask\tCT\n"
    lines = [f"{i}\tA{i}\tT{i}\tN\tUNKNOWN\t2{i}.50" for i in range(1, 10)]
    lines[2] = lines[2].replace("A3", "A7")
    file = read((head + "\n".join([*lines, ""])).encode())
    assert "T3" not in file.readings["sample"].to_list()
    assert next(q.decided for q in file.questions if q.code == "well_disagrees") == "leave_out"
    every = [f"{i + 20}\tA{i}\tT{i}\tN\tUNKNOWN\t2{i}.50" for i in range(1, 10)]
    assert read((head + "\n".join([*every, ""])).encode()).readings.height == 9


@pytest.mark.parametrize("mark", ["\n", '"', '"x\n'])
def test_a_line_break_or_quotation_mark_in_any_place__invents_nothing(mark: str) -> None:
    line = rows()[4]
    for place in range(len(line) + 1):
        lines = rows()
        lines[4] = line[:place] + mark + line[place:]
        found = cts(read(table(lines)))
        assert found.items() <= WHOLE.items(), place
        assert set(WHOLE) - set(found) <= {("A02", "N"), ("A02", "IC")}, place


def test_a_header_that_lost_a_name__is_refused_where_ct_may_stand_above_its_neighbour() -> None:
    with pytest.raises(AmbiguousFileError, match="8 names and the rows 9 cells"):
        read(table(rows(), HEADER.replace("RQ,", "")))
    with pytest.raises(DamagedFileError, match="fewer cells than"):
        read(table(rows(), HEADER.replace("RQ,", "RQ,RQ,")))


def test_a_header_with_more_names_than_any_row_has_cells__is_read() -> None:
    file = read(table(rows(), HEADER + ",Custom1,Custom2,Custom3"))  # as QuantStudio writes custom columns
    assert cts(file) == WHOLE


def test_rows_without_their_empty_ends__are_read_where_it_is_the_files_habit() -> None:
    flags = ",".join(f"Flag{i}" for i in range(4))
    lines = [f"{line}," + ("Y,,," if i % 5 == 0 else ",,,") for i, line in enumerate(rows())]
    trimmed = lines[:8] + [
        line.rstrip(",") + "," if i < 8 else line.rstrip(",") for i, line in enumerate(lines[8:])
    ]
    file = read(table(trimmed, f"{HEADER},{flags}"))
    assert cts(file) == WHOLE
    trimmed[20] = trimmed[20].replace(",Unkn", "")
    assert cts(read(table(trimmed, f"{HEADER},{flags}"))) == {
        k: v for k, v in WHOLE.items() if k != ("B03", "IC")
    }


@pytest.mark.parametrize("remark", ["haemolysed", "17", "yes"])
def test_a_remark_that_one_row_alone_has__leaves_it_where_it_is(remark: str) -> None:
    lines = [f"{line},," for line in rows()]
    lines[4] += remark
    file = read(table(lines, HEADER + ",Remark,Second remark"))
    assert cts(file) == WHOLE


def test_lines_that_lost_their_header__are_named() -> None:
    lines = rows()
    content = table([*lines[:6], HEADER, *lines[6:]], "").removeprefix(b"\n")
    file = read(content)
    assert set(WHOLE) - set(cts(file)) == {
        (well, target) for well in WELLS[:2] for target in ("ORF1ab", "N", "IC")
    }
    assert [f.code for f in file.not_understood if f.severity == "error"] == ["above_table"] * 6


def test_a_channels_table_that_lost_its_header__is_not_read_as_the_channel_above() -> None:
    head = '"No.","Color","Name","Type","Ct"'
    channel = '"Quantitative analysis of channel Cycling A.{} (Page 1)"\n{}\n'
    body = "\n".join(f'"{i}","255","T{i}","Unknown","2{i}.5{i}"' for i in range(1, 6))
    other = body.replace('"2', '"3')
    whole = channel.format("ORF1ab", f"{head}\n{body}") + channel.format("N", f"{head}\n{other}")
    assert set(read(whole.encode()).readings["target"]) == {"ORF1ab", "N"}
    file = read((channel.format("ORF1ab", f"{head}\n{body}") + channel.format("N", other)).encode())
    assert set(file.readings["target"]) == {"ORF1ab"}
    assert sorted(file.readings["ct"]) == [21.51, 22.52, 23.53, 24.54, 25.55]
    assert "below_table" in [f.code for f in file.not_understood]


def test_an_empty_ct__is_asked_where_the_file_has_a_word_for_nothing() -> None:
    lines = [line.replace("21.27", "NaN") for line in rows()]
    lines[4] = lines[4].replace("31.27,31.27", ",")
    file = read(table(lines))
    assert cts(file)["A02", "ORF1ab"] is None
    assert ("A02", "N") not in cts(file)
    assert next(q.where for q in file.questions if q.code == "empty_ct") == ("A02 (line 6)",)


def test_a_last_value_that_lost_digits__is_left_out_though_its_line_has_an_end() -> None:
    head = "Plate,Well,Sample,Target,Ct\n"
    lines = [f"P1,{well},T{i},N,2{i}.50" for i, well in enumerate(WELLS)]
    for cut in ("2", "27", "27.", "27.5", ""):
        file = read((head + "\n".join([*lines[:-1], lines[-1].replace("27.50", cut), ""])).encode())
        assert "B04" not in file.readings["well"].to_list(), cut
        assert [f.code for f in file.not_understood] == ["cut_value"]
    codes = [f"P1,{well},T2022{i:04d}" for i, well in enumerate(WELLS)]
    short = read("\n".join(["Plate,Well,Tube", *codes[:-1], "P1,B04,T202", ""]).encode())
    assert "B04" not in short.loads["well"].to_list()
    control = read("\n".join(["Plate,Well,Tube", *codes[:-1], "P1,B04,NTC", ""]).encode())
    assert control.loads.filter(well="B04")["role"].to_list() == ["negative_control"]


def test_pasted_plates_without_a_header__are_refused() -> None:
    other = [line.replace("T0", "T9").replace(".", "5.", 1) for line in rows()]
    with pytest.raises(AmbiguousFileError, match="read twice, for different samples"):
        read(table(rows() + other))


def test_tasks_of_a_sample_and_a_control_in_one_well__make_no_load() -> None:
    head = "Well Position\tSample Name\tTarget Name\tTask\tCT\n"
    lines = [
        "A1\tT1\tORF1ab\tUNKNOWN\t20.5",
        "A1\tT1\tN\tNTC\t21.5",
        "A2\tNTC\tN\tNTC\t-",
        "A2\tNTC\tIC\tUNKNOWN\t-",
    ]
    file = read((head + "\n".join([*lines, ""])).encode())
    assert file.loads.select("well", "role").rows() == [("A02", "negative_control")]
    assert next(q.where for q in file.questions if q.code == "task_disagrees") == ("A1 (line 2)",)


def test_a_control_with_the_task_of_a_sample__is_a_sample_until_the_policy_says() -> None:
    head = "Well Position\tSample Name\tTarget Name\tTask\tCT\n"
    content = (head + "A1\tPC\tN\tUNKNOWN\t20.5\nA2\tPC123\tN\tUNKNOWN\t20.5\n").encode()
    file = read(content)
    assert file.loads.select("tube", "role").rows() == [("PC", "sample"), ("PC123", "sample")]
    assert [q.code for q in file.questions if q.setting == "control_names"] == ["control_has_sample_task"]
    over = read(content, policy=ImportPolicy(control_names="over_task")).loads
    assert over.select("tube", "role", "name").rows() == [
        (None, "positive_control", "PC"),
        ("PC123", "sample", None),
    ]


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_line_break_before_or_in_the_last_ct__makes_no_undetermined(at: int) -> None:
    header = "Well,Fluor,Content,Sample,Target,Cq"
    lines = [
        f"{well},FAM,Unkn,T{i:03d},N,{'' if i % 3 == 0 else f'2{i}.17'}" for i, well in enumerate(WELLS, 1)
    ]
    whole = cts(read(table(lines, header)))
    cut = lines[3].rindex(",") + 1 + at
    found = read(table([*lines[:3], lines[3][:cut], lines[3][cut:], *lines[4:]], header))
    assert ("A04", "N") not in cts(found)
    assert cts(found).items() <= whole.items()
    assert {5, 6} <= {finding.line for finding in found.not_understood}
    assert 5 in {finding.line for finding in found.not_understood if finding.code == "broken_row"}


def test_a_footer_of_several_cells__is_no_row_of_the_table() -> None:
    """Narrower than the table, below its last well, without a Ct: a remark, and said so; above the last well, a torn row."""
    footer = "Analyst,Wang,Checked,Li,2022-02-10"
    file = read(table([*rows(), footer]))
    assert cts(file) == WHOLE
    assert [(f.code, f.severity) for f in file.not_understood if f.severity == "error"] == []
    assert any("not part of the table" in f.what for f in file.not_understood)
    among = rows()
    among.insert(6, footer)
    assert [f.severity for f in read(table(among)).not_understood if f.line == 8] == ["error"]
