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

from nightly.town_night import night, result
from poolpipe import cli
from poolpipe.errors import InputError
from poolpipe.report import ReportFiles, check_report_files, report_files, write_report
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


def test_report__is_written_again_over_its_own(written, tmp_path):
    folder, _ = written
    for name in ("night.duckdb", "night.html", "night.pdf"):
        shutil.copyfile(folder / name, tmp_path / name)
    before = [(tmp_path / name).read_bytes() for name in ("night.html", "night.pdf")]
    write_report(tmp_path / "night.duckdb", DAY)
    assert [(tmp_path / name).read_bytes() for name in ("night.html", "night.pdf")] == before


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
        write_report(night(4), date(2021, 1, 1), report_files(tmp_path / "x.duckdb"))
    with pytest.raises(InputError, match="is no database"):
        write_report(tmp_path / "none.duckdb", DAY, report_files(tmp_path / "x.duckdb"))


_SLOWLY = """
import sys
from datetime import date
from pathlib import Path
import poolpipe.report.writing as writing
put = writing.replaced_file
def killed(*arguments, **options):
    print('about to move', flush=True)
    sys.stdin.read()
writing.replaced_file = killed
writing.write_report(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), writing.ReportFiles(Path(sys.argv[3]), Path(sys.argv[4])))
"""


def test_killed_writer__leaves_whole_files(written, tmp_path):
    """Killed after the HTML and before the PDF: the new page is whole, the old PDF stands."""
    folder, _ = written
    files = ReportFiles(tmp_path / "night.html", tmp_path / "night.pdf")
    shutil.copyfile(folder / "night.pdf", files.pdf)
    before = files.pdf.read_bytes()
    line = [sys.executable, "-c", _SLOWLY, str(folder / "night.duckdb"), DAY.isoformat(), *map(str, files)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"about to move\n"
        os.kill(child.pid, signal.SIGKILL)
    assert files.pdf.read_bytes() == before
    assert files.html.read_bytes() == (folder / "night.html").read_bytes()
    check_report_files(files)
