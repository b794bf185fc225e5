"""The list of residents as numbers, against plain rows: from frames, from files, sorted and not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.errors import PoolpipeError
from poolpipe.nightly import residents
from poolpipe.nightly.people_numbers import number_people, people_of
from poolpipe.nightly.residents import AREA, plain_residents, residents_of

NUMBERS = ["110101199003077475", "11010119900307747X", "E12345678", "110101199003070011"]
names = st.one_of(st.none(), st.sampled_from(["", "北镇", "a", "b"]))
rows = st.fixed_dictionaries(
    {
        "person": st.sampled_from(NUMBERS),
        "household": st.sampled_from([None, "h1", "h2"]),
        **dict.fromkeys(AREA, names),
    }
)
SCHEMA = dict.fromkeys(("person", *AREA, "household"), pl.String)


def told(found):
    """Person, building and household of each row, as plain values; households as who shares one."""
    numbers = [number for part in number_people(people_of(found.people))[0] for number in part.tolist()]
    buildings = {row[0]: row[1:] for row in found.areas.rows()}
    assert sorted(buildings) == [*range(len(buildings))]
    return [
        (number, buildings[area], household)
        for number, area, household in zip(
            numbers, found.area.tolist(), found.household.to_list(), strict=True
        )
    ]


def naive(given_rows):
    known: dict[str, int] = {}
    return [
        (
            known.setdefault(row["person"], len(known)),
            tuple(row.get(name) or "" for name in AREA),
            row.get("household"),
        )
        for row in given_rows
    ]


def same(found, wanted):
    """Equal but for what a household is called."""
    assert [each[:2] for each in found] == [each[:2] for each in wanted]
    called = {(one[2], other[2]) for one, other in zip(found, wanted, strict=True)}
    assert len(called) == len({one for one, _ in called}) == len({other for _, other in called})
    assert all((one is None) == (other is None) for one, other in called)


@given(st.lists(rows, max_size=12), st.integers(1, 5))
def test_frame__is_told_row_by_row_however_it_is_cut(listed, batch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residents, "_BATCH", batch)
        same(told(residents_of(pl.DataFrame(listed, SCHEMA))), naive(listed))


def test_file__is_told_as_the_frame_is(tmp_path):
    listed = [
        {"person": NUMBERS[i % 3], "household": [None, "h1"][i % 2], "township": "t", "building": f"b{i % 5}"}
        for i in range(40)
    ]
    pl.DataFrame(
        listed, {name: SCHEMA[name] for name in ("person", "household", "township", "building")}
    ).write_parquet(tmp_path / "people.parquet", row_group_size=7)
    same(told(plain_residents(tmp_path / "people.parquet")), naive(listed))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("person", " 110101199003077475"), ("person", None),
        ("person_type", "居民身份证"), ("household", "1.0"), ("household", " h"), ("household", "h" * 65), ("household", ""),
    ],
)  # fmt: skip
def test_file__that_may_need_cleaning_is_not_taken_as_it_is(tmp_path, column, value):
    listed: dict[str, list[str | None]] = {
        "person": [*NUMBERS],
        "person_type": ["RIC", None, "PPN", "RIC"],
        "household": ["h", "h", None, "i-1"],
    }
    pl.DataFrame(listed).write_parquet(tmp_path / "people.parquet")
    assert plain_residents(tmp_path / "people.parquet") is not None
    listed[column][2] = value
    pl.DataFrame(listed).write_parquet(tmp_path / "people.parquet")
    assert plain_residents(tmp_path / "people.parquet") is None


def test_file__without_people_or_of_other_types_is_not_taken(tmp_path):
    for name, frame in {
        "none": pl.DataFrame({"household": ["h"]}),
        "numbers": pl.DataFrame({"person": [1]}),
    }.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
        assert plain_residents(tmp_path / f"{name}.parquet") is None
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
    assert plain_residents(tmp_path / "damaged.parquet") is None


@pytest.mark.parametrize(
    ("column", "header"),
    [
        ("person", "证件号码"), ("person_type", "证件类型"), ("township", "乡镇"), ("community", "社区"), ("building", "楼栋"),
        ("household", "户号"), ("household", "Household"), ("township", " TOWNSHIP "), ("building", "Building"),
    ],
)  # fmt: skip
def test_file__with_other_headers_is_read_as_the_same_list_in_csv_is(tmp_path, column, header):
    kinds = ["RIC", None, "PPN", "RIC"]
    listed = pl.DataFrame(
        {"person": NUMBERS, "person_type": kinds, **dict.fromkeys((*AREA, "household"), ["x"] * 4)}
    )
    listed.rename({column: header}).write_parquet(tmp_path / "people.parquet")
    assert plain_residents(tmp_path / "people.parquet") is None
    assert residents.cleaned(tmp_path / "people.parquet")[column].to_list() == listed[column].to_list()
    twice = listed.with_columns(listed[column].alias(header))
    twice.write_parquet(tmp_path / "twice.parquet")
    assert plain_residents(tmp_path / "twice.parquet") is None


@pytest.mark.parametrize("column", [*AREA, "household", "person", "person_type"])
def test_file__with_bytes_that_are_no_text_is_refused_in_words(tmp_path, column):
    bytes_of = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff")]
    )
    rows = pa.table({"person": pa.array(NUMBERS[:1])} | {column: bytes_of})
    pq.write_table(rows, tmp_path / "people.parquet")
    assert plain_residents(tmp_path / "people.parquet") is None
    with pytest.raises(PoolpipeError):
        residents.cleaned(tmp_path / "people.parquet")
