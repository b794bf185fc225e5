"""Which files an input means, what their names promise, and what is said of those that cannot be read."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from events.scans import POLICY, ROWS, TUBES, codes, column, counts, csv_text, read, read_text, tubes
from poolpipe.errors import InputError
from poolpipe.events import read_events
from poolpipe.events.folders import columns_of_folders, kind_of_name
from poolpipe.events.sources import find_sources

if TYPE_CHECKING:
    from poolpipe.events import Events

CONTENT = csv_text()


def _write(folder: Path, *names: str, content: str = CONTENT) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("collect.csv", "collect"),
        ("collect-2022-02-10.csv", "collect"),
        ("collect_1.ndjson.gz", "collect"),
        ("COLLECT 第一轮.csv", "collect"),
        ("collect第一轮.csv", "collect"),
        ("collect/part-1.parquet", "collect"),
        ("第1轮/Receive/2022/部分.csv", "receive"),
        ("collect/read-1.csv", "read"),
        ("read/pack/x.csv", "pack"),
        ("collection.csv", None),
        ("reader/1.csv", None),
        ("loads/1.csv", None),
        ("my-collect.csv", None),
        ("第1轮/扫码.csv", None),
        ("void.json", "void"),
    ],
)
def test_kind__is_the_start_of_the_name_or_the_nearest_folder(name: str, kind: str | None) -> None:
    assert kind_of_name(name) == kind


def test_file__that_is_named_itself_is_read_although_its_folder_would_leave_it_aside(tmp_path: Path) -> None:
    _write(tmp_path, "collect.csv")
    _write(tmp_path, "letter.txt", content="to whom it may concern")
    aside, skipped = find_sources(tmp_path)
    assert [source.name for source in aside] == ["collect.csv"]
    assert "letter.txt" in skipped
    for inputs in ([tmp_path, tmp_path / "letter.txt"], [tmp_path / "letter.txt", tmp_path]):
        sources, _ = find_sources(inputs)
        assert [source.path.name for source in sources] == ["collect.csv", "letter.txt"]


def test_kind__of_a_column_is_stronger_than_that_of_the_name(tmp_path: Path) -> None:
    text = (
        "kind,at,tube,person,swabs\n"
        "collect,2022-02-10T08:00:00Z,T1,H1,\n"
        "seal,2022-02-10T08:00:00Z,T1,,3\n"
        ",2022-02-10T08:00:00Z,T2,H2,\n"
        " Ｓｅａｌ ,2022-02-10T08:00:00Z,T2,,3\n"
        "swab,2022-02-10T08:00:00Z,T3,H3,\n"
    )
    events = read_text(tmp_path, text, "collect.csv")
    assert (sorted(tubes(events)), tubes(events, "seal")) == (["T1", "T2"], ["T1"])
    assert codes(events) == [(5, "unknown_kind"), (6, "unknown_kind")]
    assert sorted(events.rejects["kind"]) == ["Seal", "swab"]


def test_kind__told_by_nothing_refuses_every_record_and_says_why(tmp_path: Path) -> None:
    events = read_text(tmp_path, CONTENT, "扫码.csv")
    assert codes(events) == [(line, "unknown_kind") for line in range(2, 6)]
    assert "neither a kind column nor the name '扫码.csv' nor a header" in events.rejects["detail"][0]


def test_folder__is_read_recursively_under_chinese_names(tmp_path: Path) -> None:
    _write(tmp_path, "第1轮/collect/东街 小学.csv")
    _write(tmp_path, "第2轮/说明.txt", "第2轮/.collect.csv", ".cache/collect.csv", "notes.json")
    events = read(tmp_path)
    assert [file["file"] for file in events.files] == ["第1轮/collect/东街 小学.csv"]
    assert list(events.skipped) == [".cache", "notes.json", "第2轮/.collect.csv", "第2轮/说明.txt"]
    assert tubes(events) == TUBES


def test_file__given_alone_may_have_any_ending_and_still_its_folders_kind(tmp_path: Path) -> None:
    _write(tmp_path, "collect/扫码")
    assert tubes(read(tmp_path / "collect" / "扫码")) == TUBES


@pytest.mark.parametrize("pattern", ["*.csv", "**/collect*.csv", "collect-[12].csv", "collect-?.csv"])
def test_glob__stands_for_the_files_it_matches(pattern: str, tmp_path: Path) -> None:
    _write(tmp_path, "collect-1.csv")
    _write(tmp_path, "collect-2.csv", content=CONTENT.replace("T-", "U-"))
    assert len(tubes(read(str(tmp_path / pattern)))) == 8


def test_glob__may_match_folders(tmp_path: Path) -> None:
    _write(tmp_path, "day-1/collect.csv", "day-2/note.txt")
    assert tubes(read(str(tmp_path / "day-*"))) == TUBES


def test_same_file__by_two_inputs_counts_once(tmp_path: Path) -> None:
    _write(tmp_path, "a/collect.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a" / "collect.csv")
    events = read(
        [tmp_path / "a", tmp_path / "a" / "collect.csv", str(tmp_path / "**/*.csv"), tmp_path / "a/../a"]
    )
    assert counts(events) == (4, 4, 0, 0)


def test_same_name__in_two_folders_stays_two_files(tmp_path: Path) -> None:
    _write(tmp_path, "a/collect.csv")
    _write(tmp_path, "b/collect.csv", content=CONTENT.replace("T-", "U-"))
    events = read([tmp_path / "a", tmp_path / "b"])
    names = [file["file"] for file in events.files]
    assert len(set(names)) == 2
    assert sorted(tubes(events)) == sorted([*TUBES, *(tube.replace("T-", "U-") for tube in TUBES)])


def test_same_content__in_two_files_is_counted_as_duplicates_of_the_second(tmp_path: Path) -> None:
    _write(tmp_path, "collect-1.csv")
    (tmp_path / "collect-2.csv.gz").write_bytes(gzip.compress(CONTENT.encode()))
    events = read(tmp_path)
    assert [(file["accepted"], file["duplicates"]) for file in events.files] == [(4, 0), (0, 4)]


def test_file__by_two_names_is_read_once_and_the_other_is_named(tmp_path: Path) -> None:
    _write(tmp_path, "collect.csv")
    (tmp_path / "collect-again.csv").hardlink_to(tmp_path / "collect.csv")
    (tmp_path / "scans.csv").symlink_to(tmp_path / "collect.csv")
    events = read(tmp_path)
    assert counts(events) == (4, 4, 0, 0)
    assert {name: why[:13] for name, why in events.skipped.items()} == {
        "collect.csv": "the same file", "scans.csv": "the same file",
    }  # fmt: skip


def test_link__tells_a_kind_that_the_files_own_name_leaves_open(tmp_path: Path) -> None:
    _write(tmp_path, "a/x.csv", "collect/y.csv")
    (tmp_path / "a" / "collect-today.csv").symlink_to(tmp_path / "a" / "x.csv")
    (tmp_path / "today").symlink_to(tmp_path / "collect")
    assert tubes(read(tmp_path / "a")) == TUBES
    assert tubes(read(tmp_path / "today")) == TUBES
    assert tubes(read(tmp_path / "today" / "y.csv")) == TUBES


def test_hard_links__that_promise_different_rounds_are_different_files(tmp_path: Path) -> None:
    _write(tmp_path, "round=1/collect.csv")
    (tmp_path / "round=2").mkdir()
    (tmp_path / "round=2" / "collect.csv").hardlink_to(tmp_path / "round=1" / "collect.csv")
    events = read(tmp_path)
    assert (counts(events), events.skipped) == ((8, 8, 0, 0), {})


def test_names__of_different_files_stay_apart_in_whatever_order_they_are_given(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "a/b/collect.csv",
        "a/c/collect.csv",
        "d/b/collect.csv",
        "d/notes.md",
        "a/b/notes.md",
        content=CONTENT,
    )
    inputs = [tmp_path / "a" / "b", tmp_path / "d", tmp_path / "a" / "c"]
    found = [find_sources(order) for order in (inputs, inputs[::-1])]
    assert found[0] == found[1]
    sources, skipped = found[0]
    assert len({source.name for source in sources} | skipped.keys()) == 5
    assert {"b/collect.csv"} < {source.name for source in sources}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (["collect"], "collect/a.csv"),
        (["collect/"], "collect/a.csv"),
        (["./collect/../collect"], "collect/a.csv"),
        (["."], "collect/a.csv"),
        (["*"], "collect/a.csv"),
        (["c*t/*"], "collect/a.csv"),
        (["**/*.csv"], "collect/a.csv"),
        (["collect/a.csv"], "collect/a.csv"),
        (["collect", "collect/a.csv", "."], "collect/a.csv"),
    ],
)
def test_folder__on_the_command_line_tells_its_kind(
    given: list[str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, "collect/a.csv")
    monkeypatch.chdir(tmp_path)
    sources, _ = find_sources(given)
    assert [(source.name, source.kind) for source in sources] == [(name, "collect")]


def test_folder__that_one_stands_in_tells_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, "collect/2022-02-10/a.csv")
    for folder, inputs in (
        ("collect", "."),
        ("collect", "2022-02-10"),
        ("collect/2022-02-10", "a.csv"),
        (".", "collect/2022-02-10"),
    ):
        monkeypatch.chdir(tmp_path / folder)
        sources, _ = find_sources(inputs)
        assert [(source.name, source.kind) for source in sources] == [("collect/2022-02-10/a.csv", "collect")]
        monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_folder__called_after_a_column_gives_it_to_records_that_have_none(form: str, tmp_path: Path) -> None:
    import polars as pl

    rows = [
        (time, tube, person, given)
        for (time, tube, person, _), given in zip(ROWS, ("9", "", None, "  "), strict=True)
    ]
    frame = pl.DataFrame(rows, ["at", "tube", "person", "round"], orient="row")
    for folder, columns in (("round=1", frame), ("round=2/day=3/site=S%2F1", frame.drop("round"))):
        path = tmp_path / folder / f"collect.{form}"
        path.parent.mkdir(parents=True)
        getattr(columns, f"write_{form}")(path)
    events = read(tmp_path)
    rounds = sorted(zip(column(events, "tube"), _rounds(events), strict=True))
    assert rounds == sorted(
        [*zip(TUBES, ("9", "1", "1", "1"), strict=True), *((tube, "2") for tube in TUBES)]
    )
    assert sorted(set(column(events, "site")), key=str) == [None, "S/1"]
    assert events.left_out == {f"round=2/day=3/site=S%2F1/collect.{form}": ["day"]}


def _rounds(events: Events) -> list[str]:
    frame = events.frames["collect"].sort("at", maintain_order=True)
    return events.codes.entity("tube", frame["tube"])[0].to_list()


def test_folder__called_after_no_value_gives_none(tmp_path: Path) -> None:
    assert columns_of_folders("round=__HIVE_DEFAULT_PARTITION__/Kind=seal/x=1=2/a=b.csv") == {
        "round": None, "kind": "seal", "x": "1=2",
    }  # fmt: skip
    _write(tmp_path, "kind=collect/a.csv", "kind=seal/b.csv")
    events = read(tmp_path)
    assert (tubes(events), counts(events)) == (TUBES, (8, 4, 0, 4))


def test_patterns__with_links_to_their_own_folders_come_to_an_end(tmp_path: Path) -> None:
    """Two links to their own folder are 2 ** 40 paths to whoever follows them without looking."""
    _write(tmp_path, "a/collect.csv", "a/b/collect-2.csv")
    for name in ("x", "y", "a/z"):
        (tmp_path / name).symlink_to(tmp_path)
    for pattern in ("**/*.csv", "**", "a/**/collect*", "*/**/*.csv", "**/b/**/*.csv"):
        sources, _ = find_sources(str(tmp_path / pattern))
        assert (
            {"collect-2.csv"} <= {source.path.name for source in sources} <= {"collect.csv", "collect-2.csv"}
        ), pattern
        assert len(sources) <= 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no such names")
def test_names__that_are_no_utf8_are_read_and_shown_with_escapes(tmp_path: Path) -> None:
    import poolpipe

    for number, name in enumerate(
        (b"collect-\xd5\xc5.csv", b"collect-\xff.parquet", b"collect-\\xd5\\xc5.csv")
    ):
        text = CONTENT.replace("T-", f"T{number}-")
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:  # noqa: PTH123 - Path takes no bytes
            file.write(text.encode())
    with open(os.fsencode(tmp_path) + b"/\xd5.docx", "wb") as file:  # noqa: PTH123 - Path takes no bytes
        file.write(b"x")
    day = poolpipe.run(tmp_path)
    day.write(tmp_path / "out")
    assert day.pools.height == 12
    assert [file["file"] for file in day.summary["files"]][1:] == [
        str(tmp_path / "collect-\\xd5\\xc5.csv"), r"collect-\xff.parquet",
    ] or len({file["file"] for file in day.summary["files"]}) == 3  # fmt: skip
    assert day.summary["skipped"] == [r"\xd5.docx"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["skipped"] == [
        r"\xd5.docx"
    ]


def test_progress__adds_up_to_the_bytes_of_all_files_and_never_goes_back(tmp_path: Path) -> None:
    _write(tmp_path, "collect-1.csv", "collect-3.ndjson", "notes.md")
    _write(tmp_path, "collect-2.csv", content="")
    told: list[tuple[str, int, int]] = []
    read_events(tmp_path, POLICY, progress=lambda *each: told.append(each))
    assert {(what, total) for what, _, total in told} == {("reading", 2 * len(CONTENT.encode()))}
    done = [each[1] for each in told]
    assert done == sorted(done)
    assert done[-1] == told[-1][2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("collekt.csv", r"collekt\.csv: there is no such file or folder .*; did you mean .*collect\.csv"),
        ("nowhere/collect.csv", r"there is no such file or folder .* holds 内有: collect\.csv, empty"),
        ("*.parquet", "no file matches this pattern 没有与此匹配的文件; quote the pattern"),
        ("empty", "there is no event file"),
    ],
)
def test_input__that_is_not_there_says_what_is(given: str, message: str, tmp_path: Path) -> None:
    _write(tmp_path, "collect.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        find_sources(tmp_path / given)


def test_input__of_nothing_at_all_is_an_error() -> None:
    with pytest.raises(InputError, match="there is no event file"):
        find_sources([])
    with pytest.raises(InputError, match="an empty path names nothing"):
        find_sources("")


def test_file__without_right_to_read_is_an_error_and_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played, because whoever tests as root may read everything."""
    _write(tmp_path, "collect.csv")
    path_open = Path.open

    def refuse(path: Path, *args, **kwargs):
        if path.name == "collect.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return path_open(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"you may not read it .*; ask its owner for the right to read it"):
        read(tmp_path)


def test_folder__without_right_to_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, "a/collect.csv")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"a: you may not read it .*; ask its owner for the right"):
        read(tmp_path)


def test_frames__of_an_unknown_kind_say_which_there_are() -> None:
    import polars as pl

    with pytest.raises(InputError, match=r"no such kind of event: swabs .*; name them collect, seal"):
        read({"swabs": pl.DataFrame({"at": ["2022-02-10T08:00:00Z"]})})


def test_names__that_lie_are_read_by_their_content(tmp_path: Path) -> None:
    objects = "".join(
        json.dumps(dict(zip(("at", "tube", "person"), line.split(",")[:3], strict=True))) + "\n"
        for line in CONTENT.splitlines()[1:]
    )
    for name, content in {
        "collect-1.ndjson": CONTENT.encode(),
        "collect-2.csv": objects.encode(),
        "collect-3.csv": gzip.compress(CONTENT.encode()),
        "collect-4.parquet": CONTENT.encode(),
        "collect-5.ndjson.zst": gzip.compress(objects.encode()),
        "collect-6.csv.gz": CONTENT.encode(),
    }.items():
        assert tubes(read_text(tmp_path, content, name)) == TUBES, name
