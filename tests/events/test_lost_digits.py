"""People and tubes are never merged: a number is its digits or nothing, whatever the column's type."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import codes, column, counts, read, read_text, tubes
from poolpipe.coding.cleaning import clean_codes, code_faults
from poolpipe.events import read_table
from poolpipe.tables import EVENTS
from reference.cleaning import DEFAULT_POLICY, clean
from reference.codes import clean_code, is_code

if TYPE_CHECKING:
    from pathlib import Path

AT = "2022-02-10T08:00:00Z"
WHOLE: dict[str, dict[str, Any]] = {
    "collect": {"tube": "T1", "person": "H1", "site": "S", "point": "P", "recall_of": "T2", "round": "1", "device": "D",
                "person_type": "HKM", "event_id": "e"},
    "pack": {"tube": "T1", "box": "B1"},
    "receive": {"box": "B1", "giver": "Wang", "receiver": "Xu", "lab": "L1"},
    "read": {"plate": "P1", "well": "A1", "target": "N"},
    "void": {"event": "e1", "reason": "误扫"},
}  # fmt: skip
CODES = [
    *(("collect", name) for name in WHOLE["collect"]),
    ("pack", "box"), ("receive", "lab"), ("read", "plate"), ("read", "target"), ("void", "event"),
]  # fmt: skip


def _parquet(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def _rows(kind: str, name: str, values: pa.Array) -> dict[str, Any]:
    """Records of a kind with these values in one column, each a record of its own by its moment."""
    at = [f"2022-02-10T08:00:{number:02}Z" for number in range(len(values))]
    rest = {key: [value] * len(values) for key, value in WHOLE[kind].items() if key != name}
    return {"at": at, **rest, name: values}


OBJECTS = {
    "record": pa.array([{"id": "110101199003070038", "name": "郑十一"}, {"id": "2", "name": None}, {"id": None, "name": None}]),
    "record of bytes": pa.array([{"id": b"\xff"}, {"id": b"1"}, {"id": b""}]),
    "record of moments": pa.StructArray.from_arrays([pa.array([2**62, 0, -(2**62)], pa.timestamp("us", "Nowhere/X"))], ["at"]),
    "list": pa.array([["1"], [], [None]], pa.list_(pa.string())),
    "list of numbers": pa.array([[1, 2], [3], []], pa.large_list(pa.int64())),
    "two": pa.array([["1", "2"]] * 3, pa.list_(pa.string(), 2)),
    "map": pa.array([[("a", 1)], [], [("b", 2)]], pa.map_(pa.string(), pa.int64())),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), CODES)
def test_object__is_no_code_in_any_column_of_codes(kind: str, name: str, tmp_path: Path) -> None:
    for number, values in enumerate(OBJECTS.values()):
        file = _parquet(**_rows(kind, name, values))
        events = read_text(tmp_path, file, f"{kind}-{number}.parquet")
        assert codes(events) == [(1, "bad_code"), (2, "bad_code"), (3, "bad_code")], values.type
        assert "no code" in events.rejects["detail"][0]
    lines = [
        json.dumps({"at": AT, **WHOLE[kind], name: value}, ensure_ascii=False)
        for value in ({"id": "1", "name": "郑十一"}, ["1"], [], {}, [1, 2.5], [True])
    ]
    told = read_text(tmp_path, "\n".join(lines), f"{kind}-1.ndjson")
    assert codes(told) == [(line, "bad_code") for line in range(1, 7)]


def test_frames__may_hold_objects_and_bytes_and_none_ends_the_run() -> None:
    frame = pl.DataFrame({"at": [AT] * 2, "tube": ["T1", "T2"], "person": [{"id": b"\xff"}, {"id": b"1"}]})
    assert codes(read({"collect": frame})) == [(1, "bad_code"), (2, "bad_code")]
    texts = frame.with_columns(
        person=pl.Series([b"H1", b"H2"]), site=pl.Series(["s", None]).cast(pl.Categorical)
    )
    assert tubes(read({"collect": texts})) == ["T1", "T2"]
    far = frame.with_columns(person=pl.lit("H1"), at=pl.Series([2**30, 19_000], dtype=pl.Int32).cast(pl.Date))
    assert codes(read({"collect": far})) == [(1, "bad_time")]


ODD_TYPES = [
    pa.array([1, 2, 3], pa.duration("s")),
    pa.array([1, 2, 3], pa.time64("ns")),
    pa.array([pa.MonthDayNano([1, 2, 3])] * 3),
    pa.UnionArray.from_sparse(
        pa.array([0, 1, 0], pa.int8()), [pa.array(["a", "b", "c"]), pa.array([1, 2, 3])]
    ),
    pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["x", "y"])),
    pa.array([["1"], [], None], pa.list_view(pa.string())),
    pa.array([Decimal("1.5"), None, Decimal(2)], pa.decimal256(60, 5)),
    pa.array([Decimal("1.5"), None, Decimal(2)], pa.decimal32(9, 1)),
    pa.array([Decimal(1000), None, Decimal(2000)], pa.decimal128(20, -3)),
    pa.array([1, None, -(2**62)], pa.timestamp("ns", "Nowhere/X")),
    pa.array([True, None, False]),
    pa.array([b"ab", b"\xff\xfe", None], pa.binary(2)),
    pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0123456789abcdef"] * 3, pa.binary(16))),
    pa.array(["a", None, "b"], pa.string_view()).dictionary_encode(),
]


@pytest.mark.parametrize("values", ODD_TYPES, ids=lambda values: str(values.type)[:30])
def test_column__of_any_type_never_ends_the_run(values: pa.Array, tmp_path: Path) -> None:
    for kind, whole in WHOLE.items():
        alone = [_rows(kind, name, values) for name in list(whole)[:2]]
        every = dict.fromkeys([*whole, "at", "sent_at", "name", "capacity", "kind", "ct"], values)
        for columns in (*alone, every):
            stream = io.BytesIO()
            table = pa.table(columns)
            with pa.ipc.new_file(stream, table.schema) as writer:
                writer.write_table(table)
            assert counts(read_text(tmp_path, stream.getvalue(), f"{kind}.arrow"))[0] == 3, kind


LOST = [
    pa.array([9.9010019900101e17, 2.0**53, float("inf")]),
    pa.array([2.0**24, 22021000001.0, 9e17], pa.float32()),
    pa.array([2048.0, 60000.0, float("-inf")], pa.float32()).cast(pa.float16()),
    pa.array(["9.90100E+17", "3,60781E+17", "990100199001010012.0"]),
    pa.array(["9.9010019E17", "9.9e+17", "9007199254740992.00"]),
    pa.array([" 9.90100E+17", "９．９E＋17", "]C14e+17"]),
    pa.array(["#N/A", "########", "#FORMULA!"]),
]


@pytest.mark.parametrize("values", LOST, ids=lambda values: f"{values.type} {values[0]}")
@pytest.mark.parametrize(("kind", "name"), CODES)
def test_number__that_has_lost_its_digits_is_bad_in_any_column_of_codes(
    kind: str, name: str, values: pa.Array, tmp_path: Path
) -> None:
    events = read_text(tmp_path, _parquet(**_rows(kind, name, values)), f"{kind}.parquet")
    assert codes(events) == [(1, "bad_code"), (2, "bad_code"), (3, "bad_code")]
    assert all(detail.startswith(f"{name} '") for detail in events.rejects["detail"])


def test_number__in_json_keeps_that_it_has_lost_its_digits(tmp_path: Path) -> None:
    numbers = ("9.9E+17", "4e17", "990100199001010012.0", "9912345678901234.0", "1e400", "-9e17")
    lines = [f'{{"at":"{AT}","tube":"T{n}","person":{number}}}' for n, number in enumerate(numbers)]
    assert codes(read_text(tmp_path, "\n".join(lines), "collect.ndjson")) == [
        (line, "bad_code") for line in range(1, len(numbers) + 1)
    ]


def test_number__of_any_type_that_is_exact_is_its_digits(tmp_path: Path) -> None:
    exact = [
        pa.array([22021000001, 7], pa.int64()),
        pa.array([22021000001, 7], pa.uint64()),
        pa.array([22021000001.0, 7.0]),
        pa.array([Decimal(22021000001), Decimal(7)], pa.decimal128(38, 10)),
        pa.array([Decimal(22021000001), Decimal(7)], pa.decimal256(60, 20)),
        pa.array(["22021000001.0", "7.0000000000"]),
        pa.array(["２２０２１０００００１．０ ", "]C17.0"]),
    ]
    for number, values in enumerate(exact):
        file = _parquet(at=[AT] * 2, tube=values, person=["H1", "H2"])
        assert tubes(read_text(tmp_path, file, f"collect-{number}.parquet")) == ["22021000001", "7"]
    lines = (
        f'{{"at":"{AT}","tube":{tube},"person":"H{n}"}}' for n, tube in enumerate(("2.2021000001e10", "7.0"))
    )
    assert tubes(read_text(tmp_path, "\n".join(lines), "collect.ndjson")) == ["22021000001", "7"]


def test_number__of_eighteen_digits_in_a_column_of_integers_is_whole(tmp_path: Path) -> None:
    ids = [990100199001010012, 990100199001010020]
    for kind in (pa.int64(), pa.uint64(), pa.decimal128(18, 0), pa.decimal128(38, 10)):
        values = pa.array(ids, pa.int64()).cast(pa.decimal128(38, 0)).cast(kind)
        events = read_text(tmp_path, _parquet(at=[AT] * 2, tube=["T"] * 2, person=values), "collect.parquet")
        assert column(events, "person") == [str(number) for number in ids], kind
    lines = (f'{{"at":"{AT}","tube":"T","person":{number}}}' for number in ids)
    assert column(read_text(tmp_path, "\n".join(lines), "collect.ndjson"), "person") == [str(n) for n in ids]


@pytest.mark.parametrize(
    "code", ["1E5", "12E3", "3E-12", "001.0", "1.50", "A.0", "0.5", "1.", "#", "[东区]", "inf", "-"]
)
def test_code__that_only_looks_like_a_number_is_kept_to_the_letter(code: str, tmp_path: Path) -> None:
    file = _parquet(at=[AT], tube=["T1"], person=["H1"], site=[code])
    assert column(read_text(tmp_path, file, "collect.parquet"), "site") == [code]


@pytest.mark.parametrize("value", [True, "TRUE", "false"])
def test_person__is_neither_true_nor_false(value: object, tmp_path: Path) -> None:
    events = read_text(tmp_path, json.dumps({"at": AT, "tube": "T", "person": value}), "collect.ndjson")
    assert codes(events) == [(1, "bad_code")]
    site = read_text(
        tmp_path, json.dumps({"at": AT, "tube": "T", "person": "H", "site": value}), "collect.ndjson"
    )
    assert codes(site) == []


NUMBERISH = st.from_regex(
    r"\A[ \u3000]?(\]C1)?[-+]?[0-9]{0,19}([.,][0-9]{0,4})?([eE][-+]?[0-9]{1,3})?\Z"
) | st.text(st.sampled_from('0159.,eE+-{}[]"# :NA/∞１．'), max_size=9)


@settings(max_examples=150)
@given(st.lists(NUMBERISH, min_size=1, max_size=12))
def test_codes__are_told_from_lost_numbers_like_the_reference_does(values: list[str]) -> None:
    cleaned = clean_codes(pl.Series("code", values, pl.String))
    assert cleaned.fill_null("").to_list() == [clean_code(value) for value in values]
    faults = code_faults(cleaned)
    told = [False] * len(values) if faults is None else (faults > 0).tolist()
    # Infinity has a sign of its own only inside: no reference knows it.
    sure = [
        (text, fault) for text, fault in zip(cleaned.to_list(), told, strict=True) if text and "∞" not in text
    ]
    assert sure == [(text, not is_code(text, text)) for text, _ in sure]


@settings(max_examples=60)
@given(
    st.lists(st.floats(allow_nan=False) | st.integers(-(2**62), 2**62).map(float), min_size=1, max_size=10)
)
def test_floats__are_one_code_only_where_they_are_one_number(values: list[float]) -> None:
    """Two floats of one code are equal, and a whole number below 2^53 is its digits: nobody is merged, nobody split."""
    told = read(
        {"collect": pl.DataFrame({"at": [AT] * len(values), "tube": "T", "person": values, "device": values})}
    )
    bad = set(told.rejects["line"])
    for line, value in enumerate(values, start=1):
        event = {"kind": "collect", "at": AT, "tube": "T", "person": value, "device": value}
        if not value.is_integer():
            continue  # no number of anybody: kept as it is written
        assert (line in bad) == (clean(event, DEFAULT_POLICY)[1] == "bad_code"), value
    whole = {str(int(value)) for value in values if value.is_integer() and abs(value) < 2**53}
    assert whole <= set(column(told, "person"))


def test_table__for_reference_is_read_with_the_same_texts(tmp_path: Path) -> None:
    (tmp_path / "people.parquet").write_bytes(
        _parquet(person=[9.9e17, 1.0, None], household=pa.array([[1], [2], None]))
    )
    frame, _ = read_table(tmp_path / "people.parquet")
    assert frame["person"].to_list() == ["9.9e+17", "1", None]


def test_columns__of_codes_are_all_here() -> None:
    every = {name for kind in EVENTS.values() for name in kind.columns}
    words = {"at", "sent_at", "name", "phone", "operator", "giver", "receiver", "vehicle", "temperature_c", "reagent",
             "instrument", "reason", "ct", "swabs", "capacity", "tubes", "mode", "role", "role_from", "call", "well"}  # fmt: skip
    assert {name for _, name in CODES} == every - words


NOBODY = [
    "不详",
    "无",
    "未知",
    " 不详 ",
    "未带身份证",
    "忘带证件",
    "没有",
    "待补",
    "-",
    "--",
    "/",
    "？",
    "?",
    "***",
    "—",
    "空",
]
SOMEBODY = ["E99010017", "无锡1", "待1", "-1", "NA", "null", "A/1"]


@pytest.mark.parametrize("kind", ["", "HKM", "PASSPORT"])
def test_person__is_no_word_for_an_unknown_number_which_would_make_one_of_two_people(
    kind: str, tmp_path: Path
) -> None:
    people = [*NOBODY, *SOMEBODY]
    lines = [f"2022-02-10T08:00:{number:02}Z,T1,{kind},{person}" for number, person in enumerate(people)]
    events = read_text(tmp_path, "at,tube,person_type,person\n" + "\n".join(lines) + "\n", "collect.csv")
    assert codes(events) == [(number, "bad_code") for number in range(2, len(NOBODY) + 2)]
    for person in people:
        raw = {
            "kind": "collect",
            "at": "2022-02-10T08:00:00Z",
            "tube": "T1",
            "person_type": kind,
            "person": person,
        }
        assert clean(raw, DEFAULT_POLICY)[1] == ("bad_code" if person in NOBODY else ""), person
