"""Kernels of the main job against the standard library, python-stdnum and plain loops."""

from __future__ import annotations

import csv
import io
import itertools
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from poolpipe.coding.hash_groups import first_rows_with_hash, rows_not_alone
from poolpipe_kernels import codes, framing, groups, sort_keys, texts, times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
quick = settings(deadline=None, max_examples=50, derandomize=True)


def both(kernel):
    """The machine code and the same function interpreted."""
    return pytest.mark.parametrize("run", [kernel, kernel.py_func], ids=["compiled", "interpreted"])


def laid_out(texts):
    parts = [text.encode() for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return np.frombuffer(b"".join(parts) or b"\0", np.uint8), offsets


def told(text, offsets):
    return [text[a:b].tobytes().decode() for a, b in itertools.pairwise(offsets)]


def resident_id(rng):
    born = datetime(1930, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(33_000))
    number = f"{rng.randrange(110000, 660000)}{born:%Y%m%d}{rng.randrange(1000):03d}"
    return number + mod_11_2.calc_check_digit(number)


# Identity numbers


def documents(keys, others, offset=codes.document_offsets, write=codes.write_documents):
    other_text, other_offsets = laid_out(others)
    offsets = np.empty(len(keys) + 1, np.int64)
    offset(keys, other_offsets, offsets)
    text = np.zeros(offsets[-1], np.uint8)
    write(keys, other_text, other_offsets, offsets, text)
    return told(text, offsets)


@both(codes.parse_resident_ids)
def test_resident_ids__keep_their_order_and_come_back_to_the_letter(run):
    rng = random.Random(1)
    texts = sorted({resident_id(rng) for _ in range(300)})
    keys = np.empty(len(texts), np.int64)
    run(*laid_out(texts), keys)
    assert (np.diff(keys) > 0).all()
    assert documents(keys, []) == texts


@both(codes.parse_resident_ids)
@pytest.mark.parametrize(
    "text", ["", "36078119850110000", "3607811985011000055", "36078119850110000A", "H1594821", "３"]
)
def test_resident_ids__of_another_shape_are_irregular(run, text):
    keys = np.zeros(1, np.int64)
    run(*laid_out([text]), keys)
    assert keys[0] == codes.IRREGULAR


@pytest.mark.parametrize("way", ["compiled", "interpreted"])
def test_documents__are_residents_and_others_in_any_order(way):
    kernels = codes.document_offsets, codes.write_documents
    offset, write = kernels if way == "compiled" else (kernel.py_func for kernel in kernels)
    rng = random.Random(3)
    others = ["H1594821", "", "护照0001", "36078119850110000"]
    residents = [resident_id(rng) for _ in range(40)] + ["0" * 18, "9" * 17 + "X", "00000000100000000X"]
    keys = np.empty(len(residents), np.int64)
    codes.parse_resident_ids(*laid_out(residents), keys)
    people = [*zip(residents, keys.tolist(), strict=True), *((text, -1 - i) for i, text in enumerate(others))]
    rng.shuffle(people)
    texts, keys = [text for text, _ in people], np.array([key for _, key in people])
    assert documents(keys, others, offset, write) == texts
    assert documents(keys[:0], others, offset, write) == []


@both(codes.resident_ids_hold)
def test_resident_ids__hold_where_stdnum_and_the_calendar_say_so(run):
    rng = random.Random(2)
    texts = []
    for _ in range(300):
        text = list(resident_id(rng))
        if rng.random() < 0.6:
            text[rng.randrange(18)] = rng.choice("0123456789")
        texts.append("".join(text))
    keys, hold = np.empty(len(texts), np.int64), np.empty(len(texts), np.bool_)
    codes.parse_resident_ids(*laid_out(texts), keys)
    run(keys, hold)

    def real(text):
        try:
            datetime(int(text[6:10]), int(text[10:12]), int(text[12:14]), tzinfo=UTC)
        except ValueError:
            return False
        return int(text[6:10]) >= 1800 and mod_11_2.is_valid(text)

    assert hold.tolist() == [real(text) for text in texts]


# Times


@both(times.parse_times)
@quick
@given(
    moment=st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)),  # noqa: DTZ001 - the offset is drawn apart
    minutes=st.integers(-14 * 60, 14 * 60),
    between=st.sampled_from("Tt "),
)
def test_times__with_an_offset_are_the_moments_datetime_finds(run, moment, minutes, between):
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = moment.isoformat(sep=between, timespec="microseconds") + offset
    micros, kinds = np.empty(1, np.int64), np.empty(1, np.uint8)
    run(*laid_out([text]), micros, kinds)
    expected = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes) - EPOCH
    assert kinds[0] == times.UTC
    assert micros[0] == expected // timedelta(microseconds=1)


@both(times.parse_times)
@pytest.mark.parametrize(
    "text",
    ["", "2022-02-10", "2022-02-30T08:00:00Z", "2022-13-01T08:00:00Z", "2022-02-10T24:00:00Z", "2022-02-10T08:60:00Z",
     "2022-02-10T08:00:00+8:00", "2022-02-10T08:00:00.Z", "2022-02-10T08:00:00Zx", "10.02.2022 08:00:00", "1644480000"],
)  # fmt: skip
def test_times__that_are_none_are_bad(run, text):
    micros, kinds = np.empty(1, np.int64), np.full(1, 9, np.uint8)
    run(*laid_out([text]), micros, kinds)
    assert kinds[0] == times.BAD


# Records

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
@quick
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
@quick
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


# Equals


@quick
@given(st.lists(st.integers(0, 12), max_size=60))
def test_first_rows_alike__are_what_a_dict_finds(values):
    hashes = pl.Series(values, dtype=pl.Int64).hash(seed=7).to_numpy()
    seen: dict[int, int] = {}
    expected = [seen.setdefault(value, place) for place, value in enumerate(values)]
    assert first_rows_with_hash(hashes).tolist() == expected
    assert rows_not_alone(hashes).tolist() == [i for i, value in enumerate(values) if values.count(value) > 1]


@pytest.mark.filterwarnings("ignore:overflow encountered")
@both(groups.number_pairs)
@pytest.mark.parametrize("most", [0, 300])
def test_pairs__are_numbered_as_a_dict_numbers_them(run, most):
    rng = np.random.default_rng(5)
    left = np.repeat(rng.integers(0, 12, 100), 3).astype(np.int32)
    right = np.repeat(rng.integers(-1, 9, 100), 3).astype(np.int32)
    known: dict[tuple[int, int], int] = {}
    expected = [
        known.setdefault(pair, len(known)) for pair in zip(left.tolist(), right.tolist(), strict=True)
    ]
    numbers, firsts = np.empty(300, np.int32), np.empty(300, np.int64)
    found = run(left, right, most or len(known), numbers, firsts)
    assert found == len(known)
    assert numbers.tolist() == expected
    assert firsts[:found].tolist() == [expected.index(number) for number in range(found)]


@both(groups.number_few_pairs)
def test_few_pairs__are_numbered_as_many_are(run):
    rng = np.random.default_rng(6)
    left = rng.integers(0, 12, 300).astype(np.int32)
    right = rng.integers(-1, 9, 300).astype(np.int32)
    expected, expected_firsts = np.empty(300, np.int32), np.empty(300, np.int64)
    distinct = groups.number_pairs(left, right, 300, expected, expected_firsts)
    numbers, firsts = np.empty(300, np.int32), np.empty(300, np.int64)
    found = run(left, right, -1, 10, np.empty(120, np.int32), numbers, firsts)
    assert found == distinct
    assert numbers.tolist() == expected.tolist()
    assert firsts[:found].tolist() == expected_firsts[:distinct].tolist()


# Texts


@both(sort_keys.note_bytes)
@quick
@given(st.lists(st.text(max_size=5), max_size=12))
def test_note_bytes__knows_what_stands_at_each_place(run, given_texts):
    parts = [text.encode() for text in given_texts]
    seen = np.zeros((8, 257), np.bool_)
    fits = run(*laid_out(given_texts), seen)
    assert fits == all(len(part) <= 8 for part in parts)
    if fits:
        expected = {(place, byte + 1) for part in parts for place, byte in enumerate(part)}
        expected |= {(len(part), sort_keys.ENDED) for part in parts if len(part) < 8}
        assert set(zip(*(each.tolist() for each in np.nonzero(seen)), strict=True)) == expected


@pytest.mark.filterwarnings("ignore:overflow encountered")
@both(sort_keys.spell_as_integers)
def test_spelling__is_the_integer_of_the_bytes_ranks(run):
    given_texts = ["A1", "B0", "A", "B12", ""]
    ranks = np.zeros((3, 257), np.uint64)
    for place, letters in enumerate(["AB", "01", "2"]):
        for rank, letter in enumerate(letters, 1):
            ranks[place, ord(letter) + 1] = rank
    numbers = np.empty(5, np.uint64)
    run(*laid_out(given_texts), ranks, np.array([3, 3, 2], np.uint64), numbers)
    assert numbers.tolist() == [(1 * 3 + 2) * 2, (2 * 3 + 1) * 2, 1 * 3 * 2, (2 * 3 + 2) * 2 + 1, 0]


@both(codes.tell_bytes)
@quick
@given(st.lists(st.text(max_size=5), max_size=12))
def test_tell_bytes__knows_every_byte_and_length(run, given_texts):
    text, offsets = laid_out(given_texts)
    leading, others = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    lengths = np.array([np.iinfo(np.int64).max, 0])
    run(text, offsets, leading, others, lengths)
    parts = [part.encode() for part in given_texts]
    assert set(np.flatnonzero(leading).tolist()) == {part[0] for part in parts if part}
    assert set(np.flatnonzero(others).tolist()) == {byte for part in parts for byte in part[1:]}
    if parts:
        assert lengths.tolist() == [min(map(len, parts)), max(map(len, parts))]


@both(texts.number_queues)
@quick
@given(st.lists(st.integers(0, 5), max_size=20), st.integers(0, 20))
def test_queues__are_numbered_on_where_a_piece_begins_inside_a_tube(run, numbers, cut):
    tubes = np.sort(np.array(numbers, np.uint32))
    start = min(cut, len(tubes))
    piece = tubes[start:]
    before = int((tubes[:start] == piece[0]).sum()) if len(piece) else 0
    distinct, places, positions = (np.empty(len(piece), dtype) for dtype in (np.uint32, np.int32, np.int64))
    count = run(piece, before, distinct, places, positions)
    assert distinct[:count].tolist() == sorted(set(piece.tolist()))
    assert distinct[places].tolist() == piece.tolist()
    whole = [1 + tubes[:seat].tolist().count(tube) for seat, tube in enumerate(tubes)]
    assert positions.tolist() == whole[start:]


@both(texts.renumber)
@quick
@given(st.lists(st.integers(-1, 7), max_size=12))
def test_renumber__closes_the_gaps_and_keeps_the_order(run, given_numbers):
    numbers, order = np.array(given_numbers, np.int32), np.zeros(8, np.int32)
    count = run(numbers, order)
    assert order[:count].tolist() == sorted({number for number in given_numbers if number >= 0})
    for new, old in zip(numbers.tolist(), given_numbers, strict=True):
        assert order[new] == old if old >= 0 else new == 0


@pytest.mark.parametrize("way", ["compiled", "interpreted"])
@quick
@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 1)), max_size=12))
def test_join__puts_a_head_and_a_tail_side_by_side(way, pairs):
    kernels = texts.joined_offsets, texts.join_texts
    offset, join = kernels if way == "compiled" else (kernel.py_func for kernel in kernels)
    heads, tails = ["well 甲:", "", "report"], ["A01", "H12"]
    head, tail = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    (head_text, head_offsets), (tail_text, tail_offsets) = laid_out(heads), laid_out(tails)
    offsets = np.empty(len(pairs) + 1, np.int64)
    offset(head, head_offsets, tail, tail_offsets, offsets)
    text = np.empty(offsets[-1], np.uint8)
    join(head, head_text, head_offsets, tail, tail_text, tail_offsets, offsets, text)
    expected = [(heads[h] if h >= 0 else "") + (tails[t] if t >= 0 else "") for h, t in pairs]
    assert told(text, offsets) == expected
