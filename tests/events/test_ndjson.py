"""NDJSON: one object a line, whatever its values are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import codes, column, counts, cuts, read, read_text, tubes

if TYPE_CHECKING:
    from pathlib import Path

AT = "2022-02-10T08:00:00Z"
GOOD = {"at": AT, "tube": "T1", "person": "H1"}
OTHER = {"at": AT, "tube": "T2", "person": "H2"}


def _lines(*objects: Any) -> str:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in objects)


@pytest.mark.parametrize(
    "line",
    [
        "null",
        "[]",
        "[1, 2]",
        '"text"',
        "12",
        "true",
        "{tube: T1}",
        '{"at": "2022-02-10T08:00:00Z", "tube": "T9"',
        '{"at": 1} {"at": 2}',
        "{'at': 1}",
        "scanner restarted",
        '{"at": "2022-02-10T08:00:00Z",, "tube": "T9"}',
        '{"tube": "T9\ufffd"}',
        "}{",
    ],
)
def test_line__that_is_no_object_costs_itself_alone(line: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, _lines(GOOD, line, OTHER), "collect.ndjson")
    assert tubes(events) == ["T1", "T2"]
    assert codes(events) == [(2, "not_parseable")]
    assert events.rejects["raw"].to_list() == [line]


def test_line__truncated_is_broken_wherever_it_is_cut(tmp_path: Path) -> None:
    text = _lines(GOOD, OTHER)
    for cut in cuts(text.encode()):
        events = read_text(tmp_path, text.encode()[:cut], "collect.ndjson")
        assert tubes(events) == ["T1", "T2"][: text.encode()[:cut].count(b"}")], cut


@pytest.mark.parametrize(
    "name", ["collect.ndjson", "collect.jsonl", "collect.json", "collect.csv", "collect-1"]
)
def test_object__is_recognised_under_any_name(name: str, tmp_path: Path) -> None:
    assert tubes(read_text(tmp_path, _lines(GOOD, OTHER), name)) == ["T1", "T2"]


def test_values__of_every_type_are_taken_as_their_text(tmp_path: Path) -> None:
    rows = [
        {**GOOD, "tube": "007", "capacity": "10", "name": None},
        {**GOOD, "tube": 12, "capacity": 10, "name": True},
        {**GOOD, "tube": 20220210000000000001, "capacity": 1e1, "name": 1.50},
        {**GOOD, "tube": "T3", "capacity": 10.0, "name": {"first": "Li"}},
        {**GOOD, "tube": "T4", "capacity": None, "name": ["Li", 1]},
    ]
    events = read_text(tmp_path, _lines(*rows), "collect.ndjson")
    assert tubes(events) == ["007", "12", "20220210000000000001", "T3", "T4"]
    assert column(events, "capacity") == [10, 10, 10, 10, None]


def test_ct__as_number_text_or_nothing_is_one_and_the_same(tmp_path: Path) -> None:
    read_out = {"at": AT, "plate": "P1", "well": "A1", "target": "N"}
    given_cts = [28.13, "28.13", None, "", "NaN", 40, 0, "Undetermined"]
    rows = [{**read_out, "ct": ct, "event_id": f"e{n}"} for n, ct in enumerate(given_cts)]
    text = _lines(*rows, json.dumps({**read_out, "event_id": "e8"}))
    events = read_text(tmp_path, text, "read.ndjson")
    assert column(events, "ct", "read") == [28.13, 28.13, None, None, None, 40.0, 0.0, None, None]


@pytest.mark.parametrize("bare", ["NaN", "Infinity", "-Infinity"])
def test_ct__that_is_no_json_number_costs_its_line_or_is_undetermined(bare: str, tmp_path: Path) -> None:
    """Python writes NaN, which JSON does not know: never is it a number that compares."""
    read_out = {"at": AT, "plate": "P1", "well": "A1", "target": "N", "ct": 30.0}
    text = _lines(read_out, json.dumps({**read_out, "well": "A2"}).replace("30.0", bare))
    events = read_text(tmp_path, text, "read.ndjson")
    assert column(events, "ct", "read") in ([30.0], [30.0, None])
    assert counts(events)[0] == 2


@pytest.mark.parametrize("again", ["tube", "Tube", "ＴＵＢＥ", " tube "])
def test_keys__that_give_two_tubes_are_asked_and_one_tube_twice_is_one(again: str, tmp_path: Path) -> None:
    line = f'{{"at":"{AT}","tube":"T8","person":"H1","%s":%s}}'
    given = [line % (again, value) for value in ('"T9"', '"T8"', "null", '" "')]
    events = read_text(tmp_path, _lines(*given, GOOD | {"person": "H3"}), "collect.ndjson")
    assert codes(events) == [(1, "not_parseable")]
    assert "two values for one column" in events.rejects["detail"][0]
    assert events.rejects["raw"][0] == given[0]
    assert set(tubes(events)) == {"T8", GOOD["tube"]}


def test_keys__may_be_spelled_differently_from_record_to_record(tmp_path: Path) -> None:
    text = _lines({"At": AT, "tube": "T8", "PERSON": "H1"}, {"at": AT, "Tube": "T9", "person": "H2"})
    events = read_text(tmp_path, text, "collect.ndjson")
    assert (sorted(tubes(events)), events.left_out) == (["T8", "T9"], {})


def test_keys__unknown_ones_are_named_and_no_key_at_all_is_a_record(tmp_path: Path) -> None:
    events = read_text(tmp_path, _lines(GOOD | {"weather": 1}, {"x": 1}, {}), "collect.ndjson")
    assert events.left_out == {"collect.ndjson": ["weather", "x"]}
    assert (tubes(events), codes(events)) == (["T1"], [(2, "missing_value"), (3, "missing_value")])


@pytest.mark.parametrize("escape", [r"\ud83d", r"\udc00", r"\u0000", r"\ud83d\ude00", r"\u533b"])
def test_escapes__of_any_kind_never_take_other_lines_along(escape: str, tmp_path: Path) -> None:
    text = _lines(GOOD, f'{{"at":"{AT}","tube":"T9","person":"H9","name":"{escape}"}}', OTHER)
    events = read_text(tmp_path, text, "collect.ndjson")
    assert {"T1", "T2"} <= set(tubes(events)) <= {"T1", "T2", "T9"}
    assert counts(events)[0] == 3


def test_blank_lines_and_marks__are_no_records(tmp_path: Path) -> None:
    text = "\ufeff\n" + _lines(GOOD) + "\r\n  \n\x1e" + _lines(OTHER) + "\n\n"
    events = read_text(tmp_path, text, "collect.ndjson")
    assert (tubes(events), counts(events)) == (["T1", "T2"], (2, 2, 0, 0))


def test_lines__are_counted_across_blocks_that_cannot_be_read_whole(tmp_path: Path) -> None:
    rows: list[Any] = [GOOD | {"tube": f"T{n:03}"} for n in range(400)]
    broken = [3, 77, 78, 399]
    for place in broken:
        rows[place] = '{"at": '
    events = read_text(tmp_path, _lines(*rows), "collect.ndjson")
    assert codes(events) == [(place + 1, "not_parseable") for place in broken]
    assert tubes(events) == [f"T{n:03}" for n in range(400) if n not in broken]


def _read_out(ct: str) -> str:
    return f'{{"at": "{AT}", "plate": "P1", "well": "A1", "target": "N", "ct": {ct}}}\n'


@pytest.mark.parametrize("word", ["NaN", " NaN ", "null", '"NaN"'])
def test_bare_nan__is_undetermined_like_null(word: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, _read_out("31.5") + _read_out(word), "read.ndjson")
    assert sorted(column(events, "ct", "read"), key=str) == [31.5, None]


@pytest.mark.parametrize("word", ["Infinity", "-Infinity", " Infinity "])
def test_bare_infinity__is_refused_with_its_reason(word: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, _read_out("31.5") + _read_out(word), "read.ndjson")
    assert codes(events) == [(2, "not_parseable")]
    assert "Infinity is no JSON" in events.rejects["detail"][0]
    assert events.rejects["raw"][0] == _read_out(word).strip()


def test_nan_and_infinity__inside_texts_stay(tmp_path: Path) -> None:
    names = ["NaN", "x: NaN, y", '",NaN,"', "Infinity", ":Infinity,", "\\", 'a\\":NaN,']
    lines = [{"at": AT, "tube": f"T{n}", "person": "H", "name": name} for n, name in enumerate(names)]
    text = _lines(*lines)
    bare = "".join(line.replace("}", ', "x": [NaN, NaN,NaN]}\n') for line in text.splitlines())
    for content in (text, bare):
        assert column(read_text(tmp_path, content, "collect.ndjson"), "name") == names


def test_bare_nan__as_a_code_is_a_missing_one(tmp_path: Path) -> None:
    text = f'{{"at": "{AT}", "tube": NaN, "person": "H1"}}\n'
    assert codes(read_text(tmp_path, text, "collect.ndjson")) == [(1, "missing_value")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=40)
@given(
    st.lists(st.dictionaries(st.sampled_from(["tube", "person", "name", "capacity", "x"]), JSON), max_size=6)
)
def test_ndjson__of_any_json_is_accounted_for_and_spares_its_neighbours(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("json") / "collect.ndjson"
    path.write_text(_lines(GOOD, *({"at": AT, **one} for one in objects), OTHER))
    events = read(path)
    assert counts(events)[0] == len(objects) + 2
    assert {"T1", "T2"} <= set(tubes(events))


@pytest.mark.parametrize(("depth", "accepted"), [(99, 2), (100, 2), (101, 1)])
def test_nesting__is_read_up_to_a_hundred_levels(tmp_path: Path, depth: int, accepted: int) -> None:
    inside = "[" * (depth - 1) + "]" * (depth - 1)
    events = read_text(tmp_path, _lines(GOOD, json.dumps(OTHER)[:-1] + f', "more": {inside}' + "}"))
    assert counts(events)[1] == accepted


def test_nesting__beyond_that_is_found_among_lines_that_are_no_objects(tmp_path: Path) -> None:
    deep = json.dumps(OTHER)[:-1] + ', "more": ' + "[" * 3000 + "]" * 3000 + "}"
    events = read_text(tmp_path, _lines(GOOD, deep, *(f"noise {number}" for number in range(5000))))
    assert counts(events)[1] == 1
    assert (
        events.rejects.filter(events.rejects["line"] == 2)["detail"].str.contains("inside one another").all()
    )
