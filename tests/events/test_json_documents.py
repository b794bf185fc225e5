"""JSON that is no NDJSON: lists of objects, objects over many lines, lists inside an object; damage costs its own records."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import codes, counts, cuts, read_text, tubes
from poolpipe.events.json_documents import is_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT = "2022-02-10T08:00:00Z"


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"at": AT, "tube": f"T{n}", "person": f"H{n}", "name": 'a, {b} [c]\n"d"'} for n in range(1, count + 1)
    ]


SHAPES: dict[str, Callable[..., str]] = {
    "list": json.dumps,
    "data": lambda them, **how: json.dumps({"data": them}, **how),
    "page": lambda them, **how: json.dumps({"code": 0, "msg": "ok", "page": {"rows": them, "total": 1.5}, "x": []}, **how),
    "objects": lambda them, **how: "\n".join(json.dumps(each, **how) for each in them),
    "glued": lambda them, **how: "".join(json.dumps(each, **how) for each in them),
    "pages": lambda them, **how: "\n".join(json.dumps({"data": [each]}, **how) for each in them),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("name", ["collect.json", "collect.ndjson"])
def test_json__of_any_shape_gives_its_records(shape: str, indent: Any, name: str, tmp_path: Path) -> None:
    if (shape, indent) == ("glued", None):
        return  # several objects on one line are no NDJSON, and nobody writes them
    text = SHAPES[shape](rows(3), indent=indent, ensure_ascii=False)
    events = read_text(tmp_path, text, name)
    assert (tubes(events), codes(events)) == (["T1", "T2", "T3"], []), text
    assert counts(events)[0] == 3


def test_list__an_object_a_line_costs_a_broken_one_alone(tmp_path: Path) -> None:
    lines = [json.dumps(each) for each in rows(5)]
    lines[2] = lines[2].replace('"tube":', '"tube"')
    events = read_text(tmp_path, "[" + ",\n".join(lines) + "]\n", "collect.json")
    assert tubes(events) == ["T1", "T2", "T4", "T5"]
    assert codes(events) == [(3, "not_parseable")]
    assert "此处 JSON 有误" in events.rejects["detail"][0]


def test_pretty_list__costs_a_broken_object_alone(tmp_path: Path) -> None:
    text = json.dumps({"data": rows(5)}, indent=2).replace('"tube": "T3"', '"tube": T3')
    events = read_text(tmp_path, text, "collect.json")
    assert tubes(events) == ["T1", "T2", "T4", "T5"]
    assert codes(events) == [(15, "not_parseable")]


def test_compact_list__that_is_damaged_leaves_out_the_rest_and_says_so(tmp_path: Path) -> None:
    text = json.dumps(rows(5)).replace('"tube": "T3"', '"tube": T3')
    events = read_text(tmp_path, text, "collect.json")
    assert tubes(events) == ["T1", "T2"]
    assert "其后均未读取" in events.rejects["detail"][0]


def test_elements__that_are_no_objects_are_refused_one_by_one(tmp_path: Path) -> None:
    events = read_text(tmp_path, json.dumps([rows(1)[0], 1, None, "x", [2], rows(2)[1]]), "collect.json")
    assert tubes(events) == ["T1", "T2"]
    assert codes(events) == [(1, "not_parseable")] * 4


def test_json__cut_anywhere_tells_nothing_that_was_not_told_and_says_that_it_is_cut(tmp_path: Path) -> None:
    for indent in (None, 1):
        text = json.dumps({"page": {"data": rows(2)}}, indent=indent)
        for cut in cuts(text.encode(), text.index('"at"'), len(text) - 1):
            events = read_text(tmp_path, text[:cut], "collect.json")
            assert (
                tubes(events) == ["T1", "T2"][: text[:cut].replace("\n", "").replace(" ", "").count('"}')]
            ), cut
            assert events.rejects.height, cut
            read, *parts = counts(events)
            assert read == sum(parts), cut


def test_json__longer_than_blocks_and_records_is_read_in_pieces(tmp_path: Path) -> None:
    many = rows(60_000)
    for text in (
        json.dumps({"code": 0, "data": {"rows": many}}),
        json.dumps(many, indent=1),
        json.dumps(many),
    ):
        assert len(text) > 4 << 20
        events = read_text(tmp_path, text, "collect.json")
        assert events.frames["collect"].height == 60_000
        assert not events.rejects.height


def test_numbers__of_a_document_keep_their_digits(tmp_path: Path) -> None:
    text = f'[{{"at": "{AT}", "tube": 12.50, "person": "H1"}}, {{"at": "{AT}", "tube": 20220210000000000001, "person": 7}}]'
    assert tubes(read_text(tmp_path, text, "collect.json")) == ["12.50", "20220210000000000001"]


@pytest.mark.parametrize(
    ("number", "tube"),
    [("12.50", "12.50"), ("12.5", "12.5"), ("1.0", "1"), ("1.00", "1"), ("0.10", "0.10"), ("1.050", "1.050"),
     ("12", "12"), ("22021000001.0000000000", "22021000001"), ("1.1234567890123456789", "1.1234567890123456789")],
)  # fmt: skip
def test_number__as_a_code_is_what_was_written(number: str, tube: str, tmp_path: Path) -> None:
    line = f'{{"at": "{AT}", "tube": {number}, "person": "H1", "name": "x: 12.50, y"}}\n'
    assert tubes(read_text(tmp_path, line, "collect.ndjson")) == [tube]
    assert tubes(read_text(tmp_path, f"[{line}]", "collect.json")) == [tube]


@pytest.mark.parametrize(
    "text",
    [
        '{"at": 1}\n',
        '{"at": 1, "people": [{"x": 1}]}\n',
        "[1, 2]\n",
        "[]\n[]\n",
        '{"a": 1,\n',
        "at,tube\n",
        "",
        "{",
        "[",
        '{"x": {}}',
    ],
)
def test_lines__that_are_records_are_no_document(text: str) -> None:
    assert is_document(text) == (text == '{"a": 1,\n')


def test_ndjson__whose_first_line_is_broken_costs_that_line(tmp_path: Path) -> None:
    lines = [json.dumps(each) for each in rows(3)]
    text = "\n".join([lines[0][: lines[0].index(",") + 1], *lines[1:], ""])
    events = read_text(tmp_path, text, "collect.ndjson")
    assert tubes(events) == ["T2", "T3"]
    assert codes(events) == [(1, "not_parseable")]


@settings(max_examples=80)
@given(seed=st.integers(0, 10**6), shape=st.sampled_from([*SHAPES]), indent=st.sampled_from([None, 1]))
def test_json__damaged_at_random_ends_and_conserves(
    seed: int, shape: str, indent: int | None, tmp_path_factory: Any
) -> None:
    rng = random.Random(seed)
    text = list(SHAPES[shape](rows(4), indent=indent))
    for _ in range(rng.randint(1, 4)):
        text[rng.randrange(len(text))] = rng.choice('{}[]",:\n \\x0')
    folder = tmp_path_factory.mktemp("json")
    events = read_text(folder, "".join(text), "collect.json")
    read, *parts = counts(events)
    assert read == sum(parts)
    assert read <= len(text)


@pytest.mark.parametrize(
    "text", ["[{" * 50_000, '{"a":' * 50_000, '[{"a":[' * 50_000, '{\n"a":{' * 50_000, "[{}," + "]" * 9999]
)
def test_json__that_is_hostile_ends(text: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, text, "collect.json")
    assert not events.frames["collect"].height
    assert events.rejects.height


@pytest.mark.parametrize(
    "text", ["[]", "[ ]\n", '{"data": []}', '{"code": 0, "rows": [], "total": "0"}\n', '{"data": [{}]}']
)
def test_empty_page__has_no_record(text: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, text, "collect.json")
    assert counts(events)[0] == (1 if "{}" in text else 0)
