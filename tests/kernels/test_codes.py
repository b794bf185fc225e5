"""Identity numbers and the bytes of codes, against python-stdnum, the calendar and plain loops."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from kernels.both_ways import both, laid_out, of, told, ways
from poolpipe_kernels import codes


def resident_id(rng):
    born = datetime(1930, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(33_000))
    number = f"{rng.randrange(110000, 660000)}{born:%Y%m%d}{rng.randrange(1000):03d}"
    return number + mod_11_2.calc_check_digit(number)


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


@ways
def test_documents__are_residents_and_others_in_any_order(interpreted):
    kernels = codes.document_offsets, codes.write_documents
    offset, write = (of(kernel, interpreted) for kernel in kernels)
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


@both(codes.tell_bytes)
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
