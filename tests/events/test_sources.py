"""Which files an input means, what their names promise, and what is said of those that cannot be read."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from events.scans import TUBES, codes, counts, csv_text, read, read_text, tubes
from poolpipe.errors import InputError
from poolpipe.events.sources import find_sources, kind_of_name

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
    assert "neither a kind column nor the name '扫码.csv'" in events.rejects["detail"][0]


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


def test_results__of_an_earlier_run_in_the_input_folder_are_no_input(tmp_path: Path) -> None:
    import poolpipe

    _write(tmp_path, "collect.csv")
    first = poolpipe.run(tmp_path)
    first.write(tmp_path / "out")
    assert poolpipe.run(tmp_path).summary["files"] == first.summary["files"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("collekt.csv", r"collekt\.csv: no such file, folder or pattern; did you mean .*collect\.csv\?"),
        ("nowhere/collect.csv", "there is no folder .*nowhere either"),
        ("*.parquet", "no such file, folder or pattern"),
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
    with pytest.raises(InputError, match="Permission denied; ask for the right to read it"):
        read(tmp_path)


def test_folder__without_right_to_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, "a/collect.csv")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"a: may not be read; ask for the right"):
        read(tmp_path)


def test_frames__of_an_unknown_kind_say_which_there_are() -> None:
    import polars as pl

    with pytest.raises(InputError, match="no such kind of event: swabs; name them collect, seal"):
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
