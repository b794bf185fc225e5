"""Plain JSON lines that are read at once: to the last byte what the other reader gives."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.events import ndjson
from poolpipe.events.plain_objects import plain_objects

LONGEST = 1 << 20

PLAIN = [
    '{"at": "2022-02-10T08:00:00Z", "tube": "T1", "person": "H1"}',
    '{"tube":"0001","ct":27.37,"swabs":10}',
    '\ufeff {"Tube": "T1", "管": "甲", "ct": null}\r',
    '\x1e{"well": "A1", "ct": 0.0001, "x": true, "y": false}',
    '{"ct": 12.50, "capacity": 20, "number": -7, "v": 37.0, "w": -1.00, "z": -0.5, "none": 0}',
    '{"tube": "NAN", "person": "  ", "name": ""}',
    '{"tube":\t"\u2028\x7f", "采样管条码": "T"}',
]


def _other(block: bytes) -> tuple[object, ...]:
    batch, present, read = ndjson._read(block, np.arange(block.count(b"\n") + 1), LONGEST)
    return batch, present, ndjson._keys_of(read)


def _unlike(block: bytes) -> list[str]:
    """In what the two readers differ; nothing where the plain one does not read."""
    plain = plain_objects(block, LONGEST)
    if plain is None:
        return []
    batch, present, keys = _other(block)
    every = np.arange(batch.table.num_rows)  # type: ignore[attr-defined]
    told = {
        "table": plain.batch.table.equals(batch.table),  # type: ignore[attr-defined]
        "lines": plain.batch.lines.tolist() == batch.lines.tolist(),  # type: ignore[attr-defined]
        "raw": list(plain.batch.raw(every)) == list(batch.raw(every)),  # type: ignore[attr-defined]
        "broken": plain.batch.broken.equals(batch.broken),  # type: ignore[attr-defined]
        "left out": plain.batch.left_out == batch.left_out,  # type: ignore[attr-defined]
        "present": plain.present.tolist() == present.tolist(),  # type: ignore[attr-defined]
        "keys": plain.keys.to_list() == keys.to_list(),  # type: ignore[attr-defined]
    }
    return [name for name, same in told.items() if not same]


@pytest.mark.parametrize("line", PLAIN)
def test_plain_objects__are_read_at_once(line: str) -> None:
    assert plain_objects(line.encode(), LONGEST) is not None
    assert _unlike(line.encode()) == []


def test_plain_objects__of_several_keys_and_blank_lines() -> None:
    block = "\n".join(["", *PLAIN, "  ", PLAIN[0]]).encode()
    assert plain_objects(block, LONGEST) is not None
    assert _unlike(block) == []


@pytest.mark.parametrize(
    "line",
    [
        '{"tube": "T1", "tube": "T2"}',
        '{"tube": "T1", "Tube": null}',
        '{"tube": {"code": 1}}',
        '{"tube": []}',
        '{"tube": "\\u0041"}',
        '{"tube": "T\ufffd"}',
        '{"ct": NaN}',
        '{"ct": -Infinity}',
        '{"ct": 1e2}',
        '{"swabs": 01}',
        '{"swabs": -0}',
        '{"tube": 12345678901234567890}',
        '{"ct": 0.00001}',
        '{"ct": 0.0}',
        '{"tube": "a\x01b"}',
        "{}",
        "[]",
        '["tube", "T1"]',
        '[["tube", "T1"]]',
        "12",
        '{"tube": "T1"',
        '{"tube": "T1"} {"tube": "T2"}',
        '{"a":' * 50_000,
    ],
)
def test_plain_objects__leaves_all_else_to_the_other_reader(line: str) -> None:
    assert plain_objects(line.encode(), LONGEST) is None
    assert plain_objects((PLAIN[0] + "\n" + line).encode(), LONGEST) is None


def test_plain_objects__leaves_damaged_text_and_long_records_to_the_other_reader() -> None:
    assert plain_objects(b'{"tube": "T\xff"}', LONGEST) is None
    assert plain_objects(PLAIN[0].encode(), 20) is None


_KEYS = st.sampled_from(
    ["at", "tube", "Tube", " tube ", "person", "ct", "采样管条码", "x", "", "ТUBE", "n\u00e4me"]
)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
_NUMBERS = st.one_of(
    st.sampled_from(["1.0", "12.50", "-3.0", "0.10", "5.00", "1e3"]),
    st.decimals(-1000, 1000, places=3).map(str),
    st.integers(0, 10**17).map(lambda each: f"{each}.{each % 977}"),
)
_VALUES = st.one_of(
    _TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.integers(), max_size=2),
    _NUMBERS.map("#{}#".format),
)  # fmt: skip
_OBJECTS = st.lists(st.tuples(_KEYS, _VALUES), max_size=4)


def _written(pairs: list[tuple[str, object]], ascii_only: bool) -> str:
    told = ", ".join(
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=ascii_only)}"
        for key, value in pairs
    )
    return ("{" + told + "}").replace('"#', "").replace('#"', "")  # numbers as they were drawn


@settings(max_examples=150)
@given(
    st.lists(st.tuples(_OBJECTS, st.booleans()), max_size=4), st.sampled_from(["", " ", "\r", "}", "\ufeff"])
)
def test_plain_objects__are_what_the_other_reader_gives(
    objects: list[tuple[list[tuple[str, object]], bool]], behind: str
) -> None:
    block = "\n".join(_written(pairs, plain) + behind for pairs, plain in objects).encode(errors="replace")
    assert _unlike(block) == []
