"""What a mapping says of a sheet, of its workbook and of all files: the nearer counts first."""

from __future__ import annotations

import pytest

from poolpipe.events.mapping import ColumnMapping, FileMapping

ALL = {"登记时间": "at"}
MAPPING = ColumnMapping(
    columns=ALL,
    files={
        "book.xlsx": FileMapping(kind="collect", header=2, columns={"管": "tube"}),
        "book.xlsx#夜班": FileMapping(header=5, columns={"管": "person"}),
        "scans.csv": FileMapping(kind="pack"),
    },
)


@pytest.mark.parametrize(
    ("name", "kind", "header", "columns"),
    [
        ("book.xlsx#白班", "collect", 2, {**ALL, "管": "tube"}),
        ("book.xlsx#夜班", "collect", 5, {**ALL, "管": "person"}),
        ("scans.csv", "pack", None, ALL),
        ("others.csv", "", None, ALL),
    ],
)
def test_mapping__of_a_sheet_is_its_own_then_its_workbooks_then_of_all(
    name: str, kind: str, header: int | None, columns: dict[str, str]
) -> None:
    told = MAPPING.of_file(name)
    assert (told.kind, told.header, told.columns) == (kind, header, columns)
