"""A report is written beside the database: whole or not at all, never over somebody's file, and named by the command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from nightly.town_night import DAYS, first_night, result
from poolpipe import cli
from poolpipe.errors import InputError
from poolpipe.report import report_files, write_report, writing
from report.nights import DAY

LINE = ["nightly", "--date", DAY.isoformat()]


def told(*arguments, status=0):
    done = CliRunner().invoke(cli.poolpipe, [*LINE, *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A night with its report, counted by the command; progress and summary are kept."""
    folder = tmp_path_factory.mktemp("night")
    return folder, json.loads(told(result(), "--out", folder / "night.duckdb", "--json"))


def test_command__writes_and_names_the_report(written):
    folder, summary = written
    assert summary["report"] == {"html": str(folder / "night.html"), "pdf": str(folder / "night.pdf")}
    assert (folder / "night.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (folder / "night.pdf").read_bytes().startswith(b"%PDF-1.7")
    left = sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))
    assert left == ["night.duckdb", "night.html", "night.pdf"]


def test_report__is_made_anew_from_the_file_alone(written, tmp_path):
    folder, _ = written
    for name in ("night.duckdb", "night.html", "night.pdf"):
        shutil.copyfile(folder / name, tmp_path / name)
    before = [(tmp_path / name).read_bytes() for name in ("night.duckdb", "night.html", "night.pdf")]
    (tmp_path / "night.html").unlink()
    summary = json.loads(told(tmp_path / "night.duckdb", "--json"))
    assert summary["report"] == {each: str(tmp_path / f"night.{each}") for each in ("html", "pdf")}
    assert [(tmp_path / name).read_bytes() for name in ("night.duckdb", "night.html", "night.pdf")] == before


@pytest.mark.parametrize("flags", [["--no-report"], ["--mart", "losses"]])
def test_report__is_left_out_where_asked(flags, tmp_path):
    told(result(), "--out", tmp_path / "n.duckdb", "--json", *flags)
    assert not [path for path in tmp_path.iterdir() if path.suffix in {".html", ".pdf"}]


@pytest.mark.parametrize(
    ("name", "message"), [("night.html", "is no page of poolpipe"), ("night.pdf", "is no report of poolpipe")]
)
def test_file_of_others__is_refused_before_anything_is_counted(name, message, tmp_path):
    (tmp_path / name).write_bytes(b"%PDF-1.7 somebody's")
    done = CliRunner().invoke(cli.poolpipe, [*LINE, str(result()), "--out", str(tmp_path / "night.duckdb")])
    assert done.exit_code == 1
    assert message in done.stderr
    assert (tmp_path / name).read_bytes() == b"%PDF-1.7 somebody's"
    assert not (tmp_path / "night.duckdb").exists()


def test_database__is_not_named_as_its_report(tmp_path):
    done = CliRunner().invoke(cli.poolpipe, [*LINE, str(result()), "--out", str(tmp_path / "night.html")])
    assert done.exit_code == 2
    assert "both the database and the report" in done.stderr


def test_map_and_font__that_are_none_are_refused(written, tmp_path):
    folder, _ = written
    wrong = tmp_path / "wrong"
    wrong.write_text("{}", encoding="utf-8")
    for option in ("outlines", "font"):
        with pytest.raises(InputError, match=r"wrong"):
            write_report(folder / "night.duckdb", DAY, report_files(tmp_path / "x.duckdb"), **{option: wrong})
    assert [path.name for path in tmp_path.iterdir()] == ["wrong"]


def test_day__that_was_not_counted_has_no_report(written, tmp_path):
    from datetime import date

    with pytest.raises(InputError, match="was not counted"):
        write_report(first_night(), date(2021, 1, 1), report_files(tmp_path / "x.duckdb"))
    with pytest.raises(InputError, match="is no database"):
        write_report(tmp_path / "none.duckdb", DAY, report_files(tmp_path / "x.duckdb"))


_SLOWLY = """
import sys
from datetime import date
from pathlib import Path
import vl_convert
import poolpipe.nightly.database as database
from poolpipe.nightly import run_night
from poolpipe.report import report_beside, report_files
def killed(stage, out):
    print('about to move', flush=True)
    sys.stdin.read()
database._put_in_place = killed
empty = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
vl_convert.vegalite_to_svg = lambda chart, **options: empty  # nobody sees these pages
day, out = date.fromisoformat(sys.argv[2]), Path(sys.argv[3])
run_night(Path(sys.argv[1]), day, out, beside=report_beside(day, report_files(out), name=out.name))
"""


@pytest.fixture
def stood(written, tmp_path):
    """A copy of the night, in which its three files stand, and their bytes."""
    for each in (written[0] / "night.duckdb", *report_files(written[0] / "night.duckdb")):
        shutil.copyfile(each, tmp_path / each.name)
    return tmp_path / "night.duckdb", bytes_in(tmp_path)


def bytes_in(folder):
    return {each.name: each.read_bytes() for each in sorted(folder.glob("night.*"))}


def test_killed_night__leaves_the_files_of_the_night_before(stood):
    """Killed when database, HTML and PDF are made and none is in its place."""
    out, before = stood
    line = [sys.executable, "-c", _SLOWLY, str(result()), str(DAYS[1]), str(out)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"about to move\n"
        os.kill(child.pid, signal.SIGKILL)
    assert bytes_in(out.parent) == before
    told(result(), "--out", out, "--json")
    after = bytes_in(out.parent)
    assert (after["night.html"], after["night.pdf"]) == (before["night.html"], before["night.pdf"])
    assert not [path for path in out.parent.iterdir() if ".writing-" in path.name]


def test_report__that_cannot_be_made_leaves_the_files_of_the_night_before(stood, monkeypatch):
    def refused(*arguments, **options):
        raise InputError.of("report_pdf_failed", where="day", why="ink")

    out, before = stood
    monkeypatch.setattr(writing, "report_pdf", refused)
    monkeypatch.setattr("poolpipe.pages.pictures.svg_of", lambda chart: "<svg/>")  # nobody sees this page
    line = ["nightly", "--date", str(DAYS[1]), str(result()), "--out", str(out), "--quiet"]
    done = CliRunner().invoke(cli.poolpipe, line)
    assert done.exit_code == 1
    assert "nothing was replaced" in done.stderr
    assert bytes_in(out.parent) == before


@pytest.mark.parametrize("option", ["--map", "--font"])
def test_map_and_font__are_looked_at_before_anything_is_counted(option, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("{", encoding="utf-8")
    done = CliRunner().invoke(
        cli.poolpipe, [*LINE, str(result()), "--out", str(tmp_path / "night.duckdb"), option, str(wrong)]
    )
    assert done.exit_code == 1
    assert "counting" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["wrong"]
