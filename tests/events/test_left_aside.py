"""What lies among the scans and is no event file: named with the reason and the way out, and never taken for one."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, Any

import pytest

from events.scans import TUBES, counts, csv_text, read, tubes
from poolpipe.errors import InputError
from poolpipe.tables import EVENTS, TABLES

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = csv_text()


def _write(folder: Path, *names: str, content: str = CONTENT) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def test_reference_table__that_lies_among_the_scans_is_no_file_of_events(tmp_path: Path) -> None:
    """Its lines would all be rejected, with everybody's name and telephone."""
    import poolpipe

    _write(tmp_path, "collect.csv")
    _write(tmp_path, "ref/people.csv", content="person,name,phone\nH1,张三,13800138000\n")
    _write(tmp_path, "ref/sites.csv", content="site,priority\nS1,yes\n")
    tables: dict[str, Any] = {
        "people": tmp_path / "ref" / "people.csv",
        "sites": tmp_path / "ref" / "sites.csv",
    }
    for inputs in (tmp_path, [tmp_path, *tables.values()]):
        day = poolpipe.run(inputs, **tables)
        assert (day.rejects.height, day.summary["skipped"]) == (0, ["ref/people.csv", "ref/sites.csv"])
    assert poolpipe.run(tmp_path).rejects.height == 2


def test_results__in_the_input_folder_are_left_out_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    import poolpipe

    _write(tmp_path, "collect.csv", "sub/collect.csv")
    first = poolpipe.run(tmp_path)
    first.write(tmp_path)
    _write(tmp_path, "sub/pools.csv", content=CONTENT.replace("T-", "U-"))
    again = poolpipe.run([tmp_path, *tmp_path.iterdir()])
    assert set(again.summary["skipped"]) == {
        "summary.json",
        *(path.name for path in tmp_path.glob("*.parquet")),
    }
    assert set(again.summary["skipped_because"]) == set(again.summary["skipped"])
    assert again.summary["files"][:2] == first.summary["files"]
    assert all(again.table(table).equals(first.table(table)) for table in ("pools", "members", "recalls"))


@pytest.mark.parametrize("form", ["parquet", "ipc", "csv"])
def test_results__without_a_summary_are_known_by_their_columns(form: str, tmp_path: Path) -> None:
    import polars as pl

    _write(tmp_path, "collect.csv")
    for table in TABLES:
        frame = pl.DataFrame(
            {each.name: [None] for each in TABLES[table]}, {each.name: each.dtype for each in TABLES[table]}
        )
        getattr(frame, f"write_{form}")(tmp_path / f"collect-{table}.{form}")
    events = read(tmp_path)
    assert counts(events) == (4, 4, 0, 0)
    assert len(events.skipped) == len(TABLES)
    assert all("a table of results" in why for why in events.skipped.values())


@pytest.mark.parametrize(
    "summary",
    ["", "[]", '{"rows": {"collect": 1}}', '{"files": [' * 3000],
    ids=["empty", "list", "other", "deep"],
)
def test_summary__of_somebody_else_hides_no_file(summary: str, tmp_path: Path) -> None:
    _write(tmp_path, "collect.csv")
    (tmp_path / "summary.json").write_text(summary, encoding="utf-8")
    assert tubes(read(tmp_path)) == TUBES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bz2.compress(CONTENT.encode()), "compressed with bzip2: unpack it"),
        (lzma.compress(CONTENT.encode()), "compressed with xz: unpack it"),
        (lzma.compress(CONTENT.encode(), lzma.FORMAT_ALONE), "compressed with lzma"),
        (gzip.compress(gzip.compress(CONTENT.encode(), mtime=0), mtime=0), "compressed twice"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive"),
        (b"PK\3\4" + b"\0" * 26 + b"collect.csv", "a zip archive"),
        (b"PK\3\4" + b"\0" * 26 + b"[Content_Types].xml", "a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a workbook"),
        (b"collect.csv".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
        (gzip.compress(b"collect.csv".ljust(257, b"\0") + b"ustar\x0000", mtime=0), "a tar archive"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"%PDF-1.7\n", "a PDF"),
    ],
)
@pytest.mark.parametrize(
    "name", ["collect-2.csv", "collect-2.csv.bz2", "collect/2", "collect-2.parquet", "x.dat"]
)
def test_format__that_nobody_reads_is_named_with_the_way_out(
    content: bytes, words: str, name: str, tmp_path: Path
) -> None:
    _write(tmp_path, "collect-1.csv", name)
    (tmp_path / name).write_bytes(content)
    events = read(tmp_path)
    assert (counts(events), list(events.skipped)) == ((4, 4, 0, 0), [name])
    assert words in events.skipped[name]
    with pytest.raises(InputError, match=f"there is no event file.*{words}"):
        read(tmp_path / name)


def test_text__that_begins_like_a_packed_file_is_a_text(tmp_path: Path) -> None:
    header = "BZh,ORC,PK,at,tube,person\n"
    _write(tmp_path, "collect.csv", content=header + "a,b,c,2022-02-10T08:00:00Z,T1,H1\n")
    assert tubes(read(tmp_path)) == ["T1"]


def test_file__that_begins_with_zeros_or_blanks_is_no_empty_file(tmp_path: Path) -> None:
    for number, front in enumerate((b"\n" * 10_000, b" \n" * 5000, b"\0" * 9000 + b"\n")):
        (tmp_path / f"collect-{number}.csv").write_bytes(
            front + CONTENT.replace("T-", f"T{number}-").encode()
        )
    (tmp_path / "collect-zeros.csv").write_bytes(b"\0" * 5000)
    (tmp_path / "collect-words.csv").write_bytes("王小明\n".encode())
    events = read(tmp_path)
    assert [file["read"] for file in events.files] == [4, 4, 5, 1, 1]
    assert {"T0-000", "T1-000"} <= set(tubes(events))
    assert events.left_out == {}


def test_events__with_every_column_that_read_outs_may_have_are_events(tmp_path: Path) -> None:
    cells = dict.fromkeys(EVENTS["read"].columns, "x") | {
        "at": "2022-02-10T08:00:00Z",
        "well": "A1",
        "ct": "30",
    }
    cells["sent_at"] = cells["at"]
    _write(tmp_path, "read.csv", content=",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    assert counts(read(tmp_path)) == (1, 1, 0, 0)
