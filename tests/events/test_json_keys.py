"""Keys of JSON objects in Chinese stand for the columns that a header of CSV does, each object by its own keys."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import poolpipe
from events.scans import codes, column, counts, read, tubes
from poolpipe.events.json_keys import columns_of_keys, grouped
from poolpipe.events.naming import Naming

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.events import Events

COLLECT = {
    "采样时间": "2022-04-04 08:00", "采样管条码": "T1", "身份证号": "E1", "证件类型": "护照", "采样点": "一小",
}  # fmt: skip
PACK = {"装箱时间": "2022-04-04 09:00", "采样管条码": "T1", "转运箱码": "B1"}


def _lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)


def _read(folder: Path, text: str, name: str = "a.ndjson") -> Events:
    (folder / name).write_text(text, encoding="utf-8")
    return read(folder)


@pytest.mark.parametrize("layout", ["lines", "list", "indented"])
def test_object__in_chinese_is_the_event_that_csv_has(tmp_path: Path, layout: str) -> None:
    indent = 2 if layout == "indented" else None
    text = _lines(COLLECT) if layout == "lines" else json.dumps([COLLECT], ensure_ascii=False, indent=indent)
    events = _read(tmp_path, text)
    assert (tubes(events), column(events, "site")) == (["T1"], ["一小"])
    assert events.words == {"person_type": {"护照": "PASSPORT"}}
    assert [told.kind for told in events.told.values()] == ["collect"]


def test_object__is_its_own_header(tmp_path: Path) -> None:
    """采样点 is the site, and the point where the same object names a site; kinds may stand in one file."""
    other = COLLECT | {"采样管条码": "T2", "采样场所": "二小", "采样点": "3"}
    english = {"at": "2022-04-04 08:00", "kind": "collect", "tube": "T3", "person": "E2", "村": "新村"}
    events = _read(tmp_path, _lines(COLLECT, PACK, other, english))
    assert counts(events) == (4, 4, 0, 0)
    assert sorted(zip(tubes(events), column(events, "site"), column(events, "point"), strict=True)) == [
        ("T1", "一小", None), ("T2", "二小", "3"), ("T3", None, None),
    ]  # fmt: skip
    assert column(events, "box", "pack") == ["B1"]


def test_small_files__in_chinese_are_read_like_a_large_one(tmp_path: Path) -> None:
    for number in range(5):
        record = COLLECT if number % 2 else PACK | {"at": None}
        _read(tmp_path, _lines(record, record | {"采样管条码": f"T{number}"}), f"{number}.ndjson")
    events = read(tmp_path)
    assert counts(events)[3] == 0
    assert sorted({*tubes(events)}) == ["T1", "T3"]
    assert sorted({*column(events, "tube", "pack")}) == ["T0", "T1", "T2", "T4"]


def test_two_keys_for_one_column__are_refused_where_they_differ(tmp_path: Path) -> None:
    both = [COLLECT | {"样本编号": "T1"}, COLLECT | {"样本编号": "S1"}]
    events = _read(tmp_path, _lines(*both))
    assert codes(events) == [(2, "not_parseable")]
    assert [each.code for told in events.told.values() for each in told.questions] == ["columns_for_one"]


def test_missing_column__is_asked_only_where_no_object_has_it(tmp_path: Path) -> None:
    untold = {key: value for key, value in COLLECT.items() if key != "采样管条码"}
    events = _read(tmp_path, _lines(COLLECT, untold), "采样.ndjson")
    assert codes(events) == [(2, "missing_value")]
    assert not [each for told in events.told.values() for each in told.questions]


def test_mapping__holds_for_keys(tmp_path: Path) -> None:
    record = {"登记时间": "2022-04-04 08:00", "tube": "T1", "证件": "E1", "备注": "x"}
    mapping = tmp_path / "columns.toml"
    mapping.write_text('[columns]\n"登记时间" = "at"\n"证件" = "person"\n', encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "collect.ndjson").write_text(_lines(record), encoding="utf-8")
    day = poolpipe.run(tmp_path / "in", mapping=mapping)
    assert day.members["person"].to_list() == ["E1"]
    assert day.summary["columns_left_out"] == {"collect.ndjson": ["备注"]}


KEYS = (
    "采样时间",
    "采样管条码",
    "身份证号",
    "采样点",
    "采样场所",
    "at",
    "tube",
    "装箱时间",
    "转运箱码",
    "x",
    "时间",
)


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from(KEYS), unique=True, min_size=1), min_size=1, max_size=6))
def test_groups__give_every_key_the_meaning_that_a_csv_header_of_the_object_gives_it(
    shapes: list[list[str]],
) -> None:
    naming = Naming()
    groups = grouped(pl.Series([json.dumps(shape) for shape in shapes]), naming)
    assert sorted(line for group in groups for line in group.lines.tolist()) == list(range(len(shapes)))
    for group in groups:
        for line in group.lines.tolist():
            header = sorted(shapes[line])
            told = naming.read(header)
            spellings, _ = columns_of_keys(header, {key: group.meant[key] for key in header if group.told})
            meant = {key: column for column, same in spellings.items() for key in same}
            names = (
                told.names
                if naming.is_foreign(header)
                else [key if key in ("at", "tube") else "" for key in header]
            )
            assert meant == {key: name for key, name in zip(header, names, strict=True) if name}


def test_events__do_not_depend_on_where_blocks_end(tmp_path: Path) -> None:
    """Objects of two kinds in turn, more than a block holds, are those that CSV files of each kind have."""
    many = [
        record | {"采样管条码": f"T{number:06}", "备注": "长" * 40}
        for number in range(9000)
        for record in (COLLECT, PACK)
    ]
    events = _read(tmp_path, _lines(*many))
    assert counts(events) == (18000, 18000, 0, 0)
    for kind, rows in (("collect", many[::2]), ("pack", many[1::2])):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        (tmp_path / kind).mkdir()
        alone = _read(tmp_path / kind, text.getvalue(), f"{kind}.csv")
        assert column(alone, "tube", kind) == column(events, "tube", kind)
