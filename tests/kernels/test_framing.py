"""Records of delimited text, against the csv module and themselves uncut."""

from __future__ import annotations

import csv
import io
import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels import framing

cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def framed(run, block, final=True):
    text = np.frombuffer(block or b"\0", np.uint8)[: len(block)]
    most = len(block) + 1
    starts, ends, lines = (np.empty(most, np.int64) for _ in range(3))
    cells, faults = np.empty(most, np.int32), np.empty(most, np.uint8)
    outputs = (starts, ends, lines, cells, faults)
    count, consumed, _, _ = run(text, ord(","), final, False, 1 << 16, 1 << 20, *outputs)
    return (
        [block[a:b] for a, b in zip(starts[:count], ends[:count], strict=True)],
        cells[:count],
        faults[:count],
        consumed,
        lines[:count],
    )


@both(framing.frame)
@given(rows=st.lists(st.lists(cell, min_size=2, max_size=4), max_size=5), end=st.sampled_from(["\n", "\r\n"]))
def test_records__are_those_the_csv_module_reads(run, rows, end):
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    found, cells, broken, consumed, _ = framed(run, out.getvalue().encode())
    assert cells.tolist() == [len(row) for row in rows]
    assert not broken.any()
    assert consumed == len(out.getvalue().encode())
    assert [next(csv.reader(io.StringIO(one.decode(), newline=""))) for one in found] == rows


@both(framing.frame)
def test_records__after_a_stray_quote_go_on_with_their_lines(run):
    found, _, broken, _, lines = framed(run, b'a,b\n1,"x\n2,y\n\n3,"p\nq"\n4,z')
    assert found == [b"a,b", b'1,"x\n2,y\n\n3,"p', b'q"', b"4,z"] or broken.any()
    assert found[-1] == b"4,z"
    assert lines[-1] == 6


@both(framing.frame)
def test_records__cut_in_two_wait_for_their_rest(run):
    found, _, _, consumed, _ = framed(run, b'a,b\n1,"x\n', final=False)
    assert found == [b"a,b"]
    assert consumed == 4


LONGEST = 7


def framed_in_pieces(run, pieces):
    """Line, fault, cells and beginning of every record of a text that comes in pieces, none of them kept for long."""
    rest, line, skipping, found = b"", 0, False, []
    for number, piece in enumerate(pieces, 1):
        block = rest + piece
        text = np.frombuffer(block or b"\0", np.uint8)[: len(block)]
        starts, ends, lines = (np.empty(len(block) + 1, np.int64) for _ in range(3))
        cells, faults = np.empty(len(block) + 1, np.int32), np.empty(len(block) + 1, np.uint8)
        final = number == len(pieces)
        count, consumed, passed, skipping = run(
            text, ord(","), final, skipping, 4, LONGEST, starts, ends, lines, cells, faults
        )
        for record in range(count):
            start = starts[record]
            told = (int(lines[record]) + line, int(faults[record]), int(cells[record]))
            found.append((*told, block[start : min(ends[record], start + LONGEST)]))
        rest, line = block[consumed:], line + passed
        assert len(rest) <= LONGEST + 4 + len(piece)
    return found


@both(framing.frame)
@given(text=st.text('a,"\n\r', max_size=40), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_records__are_the_same_however_the_text_is_cut(run, text, cuts):
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b].encode() for a, b in itertools.pairwise(places)]
    assert framed_in_pieces(run, pieces) == framed_in_pieces(run, [text.encode()])


@both(framing.frame)
def test_records__that_are_too_long_end_with_their_line_and_spare_their_neighbours(run):
    pieces = [b"a,b\n1,x\n", b"0" * 30, b"0" * 30, b"0\r", b"\n2,y\n", b'"p\n","q', b'\n","r"\n3,z']
    long = b"0" * LONGEST
    assert framed_in_pieces(run, pieces) == [
        (0, framing.FINE, 2, b"a,b"),
        (1, framing.FINE, 2, b"1,x"),
        (2, framing.LONG, 1, long),
        (3, framing.FINE, 2, b"2,y"),
        (4, framing.LONG, 2, b'"p\n","q'),
        (7, framing.FINE, 2, b"3,z"),
    ]
