"""`poolpipe run` on inputs as people type them: results among the scans, pieces, links, pipes, a shell's `*`."""

from __future__ import annotations

import json
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from cli.scans import write_scans
from poolpipe.cli import poolpipe

CASES = Path(__file__).parents[1] / "cases"
POSITIVE = {"people": 10, "call": "positive", "well": "A01", "recalls": 10}


def _run(*arguments, **options):
    """The summary of a run that was done."""
    told = CliRunner().invoke(poolpipe, ["run", *map(str, arguments), "--json"], **options)
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def _concluded(out):
    (pool,) = pl.read_parquet(out / "pools.parquet").select("people", "call", "well").to_dicts()
    return {**pool, "recalls": pl.read_parquet(out / "recalls.parquet").height}


def test_out__may_be_the_input_folder_again_and_again(tmp_path):
    scans = Path(shutil.copytree(CASES / "scans/06-out-is-the-input-folder/input", tmp_path / "input"))
    first = _run(scans, "--out", scans)
    tables = {path.name: path.read_bytes() for path in scans.glob("*.parquet")}
    assert _concluded(scans) == POSITIVE
    for again in ([scans], [*scans.iterdir()]):
        summary = _run(*again, "--out", scans)
        assert {path.name: path.read_bytes() for path in scans.glob("*.parquet")} == tables
        assert sum(file["accepted"] for file in summary["files"]) == sum(
            file["accepted"] for file in first["files"]
        )
        assert set(summary["skipped"]) == {*tables, "summary.json"} == set(summary["skipped_because"])


def test_out__inside_the_input_folder_hides_no_positive(tmp_path):
    scans = Path(shutil.copytree(CASES / "torture/out-is-input/scans", tmp_path / "scans"))
    for _ in range(2):
        _run(scans, "--out", scans)
        assert pl.read_parquet(scans / "recalls.parquet").height == 2
    told = CliRunner().invoke(poolpipe, ["run", str(scans), "--out", str(tmp_path / "out")])
    assert "pools.parquet" in told.stdout
    assert "part of the result" in " ".join(told.stdout.split())


def test_pieces__without_a_header_lose_no_person(tmp_path):
    summary = _run(CASES / "scans/12-split-pieces-without-header/input", "--out", tmp_path)
    files = {file["file"]: (file["read"], file["rejected"]) for file in summary["files"]}
    assert (files["collect-aa.csv"], files["collect-ab.csv"]) == ((4, 0), (6, 6))
    rejects = pl.read_parquet(tmp_path / "rejects.parquet")
    assert rejects["line"].to_list() == [1, 2, 3, 4, 5, 6]
    assert set(rejects["code"]) == {"not_parseable"}
    assert rejects["raw"][0].startswith("2022-02-10T08:04:00+08:00,T0001,990100199001010055")
    assert rejects["detail"].str.contains("there is no header").all()
    assert "990100199001010055" not in json.dumps(summary)


def test_linked_folder__is_read_once(tmp_path):
    shutil.copytree(CASES / "scans/14-linked-folder", tmp_path / "case")
    scans = tmp_path / "case" / "input"
    for name, target in {
        "round1": "../elsewhere",
        "round1-again": "../elsewhere",
        "up": "..",
        "loop": "loop",
    }.items():
        (scans / name).symlink_to(target)
    summary = _run(scans, "--out", tmp_path / "out")
    assert _concluded(tmp_path / "out") == POSITIVE
    assert set(summary["skipped"]) == {"round1-again", "up", "loop"}


def test_folders__on_the_command_line_are_as_a_shell_gives_them(tmp_path):
    for inputs in (sorted((CASES / "torture/folders").iterdir()), [CASES / "torture/folders"]):
        summary = _run(*inputs, "--out", tmp_path / "out")
        assert [file["file"] for file in summary["files"]] == ["collect/a.csv", "report/a.csv"]
        assert summary["rows"]["rejects"] == 0
        assert summary["rows"]["recalls"] == 1


def test_torn_result__is_named_and_no_event(tmp_path):
    scans = Path(shutil.copytree(CASES / "torture/out-is-input/scans", tmp_path / "scans"))
    before = _run(scans, "--out", tmp_path / "before")
    torn = scans / "result"
    _run(scans, "--out", torn)
    (torn / ".writing-4hznpmct").mkdir()
    for moved in ("summary.json", "ledger.parquet"):
        (torn / moved).rename(torn / ".writing-4hznpmct" / moved)
    summary = _run(scans, "--out", tmp_path / "out")
    assert summary["files"] == before["files"]
    assert {name.removeprefix("result/") for name in summary["skipped"]} == {
        ".writing-4hznpmct", *(path.name for path in torn.glob("*.parquet"))
    }  # fmt: skip
    told = CliRunner().invoke(poolpipe, ["run", str(torn), "--out", str(tmp_path / "none")])
    assert told.exit_code == 1
    assert "a table of results" in told.stderr
    assert not (tmp_path / "none").exists()


def test_stdin__is_an_input(tmp_path):
    content = (CASES / "scans/28-from-a-pipe/input/collect.csv").read_bytes()
    summary = _run("-", "--kind", "collect", "--out", tmp_path, input=content)
    assert summary["files"] == [{"file": "stdin", "read": 10, "accepted": 10, "duplicates": 0, "rejected": 0}]
    header, *records = content.splitlines(keepends=True)
    with_kind = b"".join([b"kind," + header, *(b"collect," + record for record in records)])
    assert _run("/dev/stdin", "--out", tmp_path, input=with_kind)["rows"]["members"] == 10
    assert _run("-", "--out", tmp_path, input=content)["rows"]["rejects"] == 10


@pytest.mark.skipif(not Path("/dev/fd").exists() or not shutil.which("bash"), reason="needs bash and /dev/fd")
def test_pipes__of_a_shell_are_inputs_and_leave_nothing_behind(tmp_path):
    collect = CASES / "scans/28-from-a-pipe/input/collect.csv"
    command = f'{sys.executable} -m poolpipe.cli run <(cat "$1") --kind collect --out "$2" --json'
    told = subprocess.run(
        ["bash", "-c", command, "bash", str(collect), str(tmp_path / "out")],
        capture_output=True, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["rows"]["members"] == 10
    assert {path.name for path in tmp_path.iterdir()} <= {"out"}


@pytest.mark.parametrize(("arguments", "words"), [
    (["/dev/null"], "a device, not a file"), ([""], "an empty path"), (["-", "--kind", "swab"], "is none of collect"),
])  # fmt: skip
def test_wrong_usage__is_said_as_such(arguments, words, tmp_path):
    told = CliRunner().invoke(poolpipe, ["run", *arguments, "--out", str(tmp_path)], input="")
    assert (told.exit_code, words in told.stderr) == (2, True)


def test_board__says_why_a_file_was_not_read(tmp_path):
    (tmp_path / "collect-2.csv.xz").write_bytes(lzma.compress(b"at,tube,person"))
    shutil.copy(CASES / "scans/28-from-a-pipe/input/collect.csv", tmp_path)
    told = CliRunner().invoke(poolpipe, ["run", str(tmp_path), "--out", str(tmp_path / "out")])
    shown = " ".join(told.stdout.split())
    assert "collect-2.csv.xz" in shown
    assert "compressed with xz" in shown


def test_files_without_any_record__are_on_the_board_of_files(tmp_path):
    scans = write_scans(tmp_path / "scans")
    (scans / "collect-empty.csv").write_bytes(b"")
    (scans / "pack-header.csv").write_text("at,tube,box\n", encoding="utf-8")
    told = CliRunner().invoke(poolpipe, ["run", str(scans), "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    board = told.stdout[told.stdout.index("Not used") :]
    for name in ("collect-empty.csv", "pack-header.csv"):
        assert name in board
    assert board.count("没有记录：空文件或只有表头") == 2
