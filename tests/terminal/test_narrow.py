"""Boards in narrow terminals: no code is cut, columns that do not fit are left out and named."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.cells import cell_len
from rich.console import Console

from poolpipe.terminal.marks import frame

CODES = ["2022040400003", "CN-990100-00000000000012", "BX77-0402-8", "县人民医院检验科"]


def drawn(width, title="Board"):
    board = frame(title)
    for place in range(len(CODES)):
        board.add_column(f"column{place}", no_wrap=True)
    board.add_row(*CODES)
    out = io.StringIO()
    Console(file=out, width=width).print(board)
    return out.getvalue()


@pytest.mark.parametrize(("width", "gone"), [(80, []), (70, ["column3"]), (45, ["column2", "column3"])])
def test_board__that_is_too_wide_leaves_columns_out_and_names_them(width, gone):
    told = drawn(width)
    kept = len(CODES) - len(gone)
    assert all(code in told for code in CODES[:kept])
    assert not any(code in told for code in CODES[kept:])
    assert ("left out" in told) == bool(gone)
    assert all(name in " ".join(told.split()).partition("left out")[2] for name in gone)


def test_code__that_is_wider_than_the_terminal_is_folded_and_not_cut():
    cells = [line.split() for line in drawn(20).splitlines()]
    assert "2022040400003" in "".join(words[0] for words in cells if len(words) == 2)


def test_title__that_is_wider_than_the_terminal_makes_no_board_wider():
    told = drawn(80, title="a long title " * 8)
    assert all(cell_len(line) <= 80 for line in told.splitlines())
    assert all(code in told for code in CODES)


@pytest.mark.parametrize("width", [72, 80, 100])
def test_sentence__beside_a_long_code_is_folded_and_not_cut(width):
    """rich narrows the widest column alone, and drew the board wider than the terminal, which cut its last column."""
    answer = '--mapping FILE with [files."登记.xlsx"] columns = { "编号" = "tube" }'
    question = "a collect must have tube, and no column is known to be it: which of 编号 is it? 缺少 tube 列，请指明是哪一列"
    board = frame("To be answered")
    for heading, least in (("file", 16), ("question", None), ("answer", None)):
        board.add_column(heading, overflow="fold", min_width=least)
    board.add_row("采样登记.xlsx#4月10日", question, answer)
    board.add_row("签收.csv", "which kind?", "--kind collect|seal|pack|pickup|receive|load|read|report|void")
    out = io.StringIO()
    Console(file=out, width=width).print(board)
    assert all(cell_len(line) <= width for line in out.getvalue().splitlines())
    texts = (str(each) for column in board.columns for each in (column.header, *column.cells))
    assert Counter("".join(out.getvalue().split()).replace("─", "")) == Counter(
        "".join("".join(("To be answered", *texts)).split())
    )
