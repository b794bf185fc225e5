"""CSV as it comes from phones, spreadsheets and hands."""

from __future__ import annotations

import csv
import gzip
import io
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import (
    HEADER,
    POLICY,
    ROWS,
    TUBES,
    codes,
    column,
    counts,
    csv_text,
    cuts,
    read,
    read_text,
    tubes,
)
from poolpipe.events import read_events
from poolpipe.events.mapping import ColumnMapping, FileMapping

if TYPE_CHECKING:
    from pathlib import Path

NAMED = "at,tube,person,name\n"
A, B, C = (f"2022-02-10T08:0{n}:00Z,T{n},H{n}" for n in range(3))


def test_quoted__newlines_commas_and_quotes_belong_to_the_cell(tmp_path: Path) -> None:
    names = ["Li,\nWang", 'x "y" z', "a\r\nb", "", "plain"]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["at", "tube", "person", "name"])
    writer.writerows([f"2022-02-10T08:0{n}:00Z", f"T{n}", f"H{n}", name] for n, name in enumerate(names))
    events = read_text(tmp_path, text.getvalue())
    assert column(events, "name") == ["Li,\nWang", 'x "y" z', "a\r\nb", None, "plain"]


def test_lines__are_counted_through_quoted_newlines_and_blank_lines(tmp_path: Path) -> None:
    text = f'{NAMED}{A},"two\nlines"\n\n{B},x,y\n{C},"three\r\nlines\rhere"\nat,T9,H9,bad time\n'
    events = read_text(tmp_path, text)
    assert tubes(events) == ["T0", "T2"]
    # line 1 header, 2 and 3 the first record, 4 blank, 5 ragged, 6 to 8 the next, 9 the last
    assert codes(events) == [(5, "not_parseable"), (9, "bad_time")]
    assert sorted(events.rejects["raw"]) == [f"{B},x,y", "at,T9,H9,bad time"]


def test_blank_lines__are_no_records(tmp_path: Path) -> None:
    text = "\n \n" + csv_text().replace("\n", "\n\n  \n\t\r\n")
    assert counts(read_text(tmp_path, text)) == (4, 4, 0, 0)


def test_cells__lose_the_blanks_around_them(tmp_path: Path) -> None:
    rows = [tuple(f" \t{cell}  " for cell in row) for row in ROWS]
    events = read_text(tmp_path, csv_text(rows, header=[f" {name} " for name in HEADER]))
    assert (tubes(events), column(events, "site")) == (TUBES, ["县医院", "一小", "S1", None])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator__is_the_one_the_header_has(separator: str, tmp_path: Path) -> None:
    assert tubes(read_text(tmp_path, csv_text(separator=separator))) == TUBES


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{B}", "3 cells where the header has 4"),
        (f"{B},x,y", "5 cells where the header has 4"),
        (f'{B},"x"y', "quote"),
        (f'{B},"never closed', "quote"),
        ("T1", "1 cells"),
    ],
)
def test_broken_line__costs_itself_alone(line: str, why: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, f"{NAMED}{A},\n{line}\n{C},\n")
    assert tubes(events) == ["T0", "T2"]
    assert codes(events) == [(3, "not_parseable")]
    assert (events.rejects["raw"][0], events.rejects["kind"][0]) == (line, "collect")
    assert why in events.rejects["detail"][0]


def test_stray_quote__inside_a_cell_is_a_character_like_any_other(tmp_path: Path) -> None:
    events = read_text(tmp_path, f'{NAMED}{A},5" pipe\n{B},a"b"c\n')
    assert column(events, "name") == ['5" pipe', 'a"b"c']


def test_header__alone_or_nothing_at_all_is_no_record(tmp_path: Path) -> None:
    for number, text in enumerate(("at,tube,person", "at,tube,person\r\n", "", "\n\n", "\ufeff", " ")):
        events = read_text(tmp_path, text, f"collect-{number}.csv")
        assert counts(events) == (0, 0, 0, 0), repr(text)


def test_header__is_known_in_any_case_width_order_and_quoting(tmp_path: Path) -> None:
    text = '"PERSON", Tube ,ａｔ,"Site"\nH1,T1,2022-02-10T08:00:00Z,S1\n'
    events = read_text(tmp_path, text)
    assert (tubes(events), column(events, "person"), column(events, "site")) == (["T1"], ["H1"], ["S1"])


@pytest.mark.parametrize(
    "header", ["at,tube,person,tube", "at, Tube ,person,ｔｕｂｅ", '"tube",at,person,TUBE']
)
def test_header__of_two_columns_of_one_name_is_asked(header: str, tmp_path: Path) -> None:
    """Which of the two is the tube nobody here can tell: every record is kept, and refused with the way out."""
    events = read_text(tmp_path, f"{header}\n{A},T2\n{B},T2\n")
    assert codes(events) == [(2, "not_parseable"), (3, "not_parseable")]
    assert "are both called tube" in events.rejects["detail"][0]
    assert "keep one, or rename the others" in events.rejects["detail"][0]
    assert events.rejects["raw"].to_list() == [f"{A},T2", f"{B},T2"]


def test_header__may_have_two_columns_of_a_name_that_no_event_has(tmp_path: Path) -> None:
    events = read_text(tmp_path, f"at,tube,person,remark,remark,,\n{A},a,b,c,d\n")
    assert tubes(events) == ["T0"]
    assert events.left_out == {"collect.csv": ["remark"]}


def test_header__names_what_it_does_not_know(tmp_path: Path) -> None:
    text = "at,tube,person,weather,温度,swabs\n2022-02-10T08:00:00Z,T1,H1,sunny,20,3\n"
    events = read_text(tmp_path, text)
    assert events.left_out == {"collect.csv": ["swabs", "weather", "温度"]}  # swabs belong to seals
    assert tubes(events) == ["T1"]


def test_header__with_a_wrong_name_gets_did_you_mean(tmp_path: Path) -> None:
    events = read_text(tmp_path, "at,tube_no,person\n2022-02-10T08:00:00Z,T1,H1\n")
    assert codes(events) == [(2, "missing_value")]
    assert "did you mean the column 'tube_no'" in events.rejects["detail"][0]


def test_header__without_any_known_name_loses_no_record(tmp_path: Path) -> None:
    events = read_text(tmp_path, "时间,条码,证件\n2022,T1,H1\n2022,T2,H2\n")
    assert counts(events) == (2, 0, 0, 2)
    assert codes(events) == [(2, "missing_value"), (3, "missing_value")]


def test_first_line__of_names_without_any_record_below_is_no_list_of_columns(tmp_path: Path) -> None:
    events = read_text(tmp_path, "王小明,李四\n张三,阳性\n")
    assert codes(events) == [(1, "not_parseable"), (2, "not_parseable")]
    assert events.left_out == {}


@pytest.mark.parametrize("above", ["sep=,", "全员核酸采样登记表,,,", "登记表\n第一轮\n"])
def test_lines__above_the_header_are_passed_over(above: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, f"{above}\n{NAMED}{A},\n{B},\n")
    assert tubes(events) == ["T0", "T1"]
    assert events.left_out == {}


@pytest.mark.parametrize("last", ["tube", "site"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL], ids=["quoted", "plain"])
def test_truncated__anywhere_tells_no_event_that_was_not_told(
    quoting: Any, last: str, tmp_path: Path
) -> None:
    """Cut at every sign and in every word: what is accepted had come, whole.

    With one exception that nobody can know: the last cell of the last line. Cut behind its separator it is
    empty; cut inside, and not quoted, it is a beginning of what it was. All the others are as they were.
    """
    order = [name for name in HEADER if name != last] + [last]
    rows = [[row[HEADER.index(name)] for name in order] for row in ROWS[:2]]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting).writerows([order, *rows])
    content = text.getvalue().encode()
    for cut in cuts(content):
        events = read_text(tmp_path, content[:cut])
        cells = [[cell or "" for cell in column(events, name)] for name in order[1:]]
        for number, (*others, cell) in enumerate(zip(*cells, strict=True)):
            *expected, whole = rows[number][1:]
            assert others == expected, cut
            if number < len(cells[0]) - 1:
                assert cell == whole, cut
            elif quoting == csv.QUOTE_ALL:
                assert cell in ("", whole), cut
            else:
                assert whole.startswith(cell), cut


def test_truncated__compressed_file_never_gives_half_a_barcode(tmp_path: Path) -> None:
    """Here the break is known: the line it falls into is refused, however well it looks."""
    rng = random.Random(4)
    rows = [f"2022-02-10T08:00:00Z,H{number},T{rng.randrange(10**12):012}" for number in range(3000)]
    content = gzip.compress(("at,person,tube\n" + "\n".join(rows)).encode())
    sent = {row.rpartition(",")[2] for row in rows}
    for cut in range(len(content) // 2, len(content) - 9, len(content) // 40):
        events = read_text(tmp_path, content[:cut], "collect.csv.gz")
        assert set(tubes(events)) <= sent, cut
        assert "not_parseable" in events.rejects["code"].to_list()
        assert tubes(events), "what came before the break is read"


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufffd"), max_size=12)


@settings(max_examples=60)
@given(st.lists(st.text('aT1",;\r\n \t', max_size=14), max_size=8))
def test_csv__of_any_quotes_and_line_ends_is_refused_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """No line takes others with it: each refusal has a reason of its own, and a plain line before is read."""
    path = tmp_path_factory.mktemp("csv") / "collect.csv"
    path.write_text("\n".join([NAMED.strip(), f"{A},", *lines]), newline="")
    events = read(path)
    assert tubes(events)[:1] == ["T0"]
    for detail in events.rejects["detail"]:
        assert "4 cells where the header has 4" not in detail


@settings(max_examples=40)
@given(
    names=st.lists(CELLS, min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_csv__that_pythons_writer_wrote_is_read_as_pythons_reader_reads_it(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], end: str, quoting: Any
) -> None:
    if quoting == csv.QUOTE_MINIMAL and end == "\n":  # Python before 3.13 leaves a return in it unquoted
        names = [name.replace("\r", "") for name in names]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerow(["at", "tube", "person", "name"])
    writer.writerows(["2022-02-10T08:00:00Z", f"T{n}", f"H{n}", name] for n, name in enumerate(names))
    path = tmp_path_factory.mktemp("csv") / "collect.csv"
    path.write_bytes(text.getvalue().encode())
    events = read(path)
    rows = list(csv.reader(io.StringIO(text.getvalue(), newline="")))[1:]
    assert tubes(events) == [row[1] for row in rows]
    # What stands in a name is kept but for the blanks around it; `\x1c` to `\x1f` are blanks to Python only.
    blanks = " \t\r\n\x0b\x0c\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
        map(chr, range(0x2000, 0x200B))
    )
    assert [name or "" for name in column(events, "name")] == [row[3].strip(blanks) for row in rows]


@pytest.mark.parametrize(
    "second",
    [
        "at,tube,person,name",
        "at,person,tube,name",
        "person,at,tube",
        "Tube,PERSON,site,name, at ",
        '"name","person","tube","at"',
    ],
)
def test_header__further_down_is_told_and_followed(second: str, tmp_path: Path) -> None:
    """Files put one behind the other: no tube is ever read as a person, whatever order the second file has."""
    names = [name.strip(' "').lower() for name in second.split(",")]
    record = {"at": "2022-02-10T08:05:00Z", "tube": "T5", "person": "H5"}
    line = ",".join(record.get(name, "") for name in names)
    events = read_text(tmp_path, f"{NAMED}{A},\n{B},\n{second}\n{line}\n{line.replace('T5', 'T6')}\n")
    assert (tubes(events), column(events, "person")) == (["T0", "T1", "T5", "T6"], ["H0", "H1", "H5", "H5"])
    assert [(line, "a header" in why) for line, why in events.rejects.select("line", "detail").rows()] == [
        (4, True)
    ]


def test_header__further_down_is_found_in_any_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poolpipe.events.streams.BLOCK", 1 << 14)
    orders = [["at", "tube", "person"], ["person", "at", "tube"], ["tube", "person", "at"]] * 3
    text = ""
    for part, order in enumerate(orders):
        text += ",".join(order) + "\n"
        for row in range(700):
            values = {
                "at": f"2022-02-10T{part:02}:00:00Z",
                "tube": f"T{part}-{row}",
                "person": f"H{part}-{row}",
            }
            text += ",".join(values[name] for name in order) + "\n"
    events = read_text(tmp_path, text)
    assert counts(events) == (9 * 700 + 8, 9 * 700, 0, 8)
    assert all(
        tube[1:] == person[1:] for tube, person in zip(tubes(events), column(events, "person"), strict=True)
    )


def test_header__that_is_named_leaves_out_what_is_above_and_all_blocks_below_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolpipe.events.streams.BLOCK", 1 << 17)
    rows = 20_000
    above = "County hospital\nShift of the morning,2\n"
    lines = "".join(f"2022-02-10T08:00:00Z,T{row},H{row},\n" for row in range(rows))
    (tmp_path / "collect.csv").write_text(f"{above}{NAMED}{lines}at,T9,H9,\n", encoding="utf-8")
    mapping = ColumnMapping(files={"collect.csv": FileMapping(header=3)})
    events = read_events(tmp_path, POLICY, mapping=mapping)
    assert counts(events) == (rows + 1, rows, 0, 1)
    assert set(tubes(events)) == {f"T{row}" for row in range(rows)}
    assert codes(events) == [(rows + 4, "bad_time")]
