"""The line of cron and the units of systemd of docs/nightly.md are run as they stand there, but for the two paths."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from click.testing import CliRunner

from nightly.town_night import FILES
from poolpipe import cli
from poolpipe.nightly import read_table
from poolpipe.store import Store

DOCS = Path(__file__).parents[2] / "docs"
PAGES = pytest.mark.parametrize("page", ["nightly.md", "nightly.zh.md"])
BARE = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "LOGNAME": "poolpipe"}
"""All that cron gives."""


def blocks(page):
    return re.findall(r"```(?:text|ini)\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def cron_line(page):
    """What cron hands to the shell: behind five fields, a % being a new line."""
    (line,) = (each for each in blocks(page) if re.match(r"[\d*]+ [\d*]+ ", each))
    command = line.split(maxsplit=5)[5].strip()
    assert "%" not in command
    return command


def units(page):
    """Name of a unit to its text."""
    return {
        each.split("\n")[0].rpartition("/")[2]: each
        for each in blocks(page)
        if each.startswith("# /etc/systemd")
    }


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """A store with lists beside it, and the command as somebody installed it."""
    folder = tmp_path_factory.mktemp("campaign")
    noons = [datetime(day.year, day.month, day.day, 4, tzinfo=UTC) for day in last_days(4)]
    swabs = [(noon, f"T{noon:%d}", "PASSPORT", f"E{noon:%d}") for noon in noons]
    with Store(folder / "store") as store:
        store.ingest({"collect": pl.DataFrame(swabs, ["at", "tube", "person_type", "person"], orient="row")})
        store.conclude()
    for name, path in FILES.items():
        shutil.copy(path, folder / f"{name}.parquet")
    command = folder / "poolpipe"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m poolpipe "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def here(text, campaign):
    return text.replace("/opt/poolpipe/bin/poolpipe", str(campaign / "poolpipe")).replace(
        "/srv/campaign", str(campaign)
    )


def run(command, campaign, **more):
    environment = {**BARE, "HOME": str(campaign)}
    return subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False, **more
    )


def last_days(count):
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return [today - timedelta(days=back) for back in range(count, 0, -1)]


def test_cron__counts_the_last_three_days_and_a_failure_leaves_the_file(campaign):
    wanted = last_days(3)
    done = run(here(cron_line("nightly.md"), campaign), campaign)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert read_table(campaign / "night.duckdb", "nights")["date"].to_list() in (wanted, last_days(3))
    assert read_table(campaign / "night.duckdb", "losses")["tubes"].sum() == 3
    before = (campaign / "night.duckdb").read_bytes()
    (campaign / "sites.parquet").rename(campaign / "moved.parquet")
    failed = run(here(cron_line("nightly.md"), campaign), campaign)
    (campaign / "moved.parquet").rename(campaign / "sites.parquet")
    assert failed.returncode == 1
    assert "sites.parquet" in failed.stderr
    assert "do    办法" in failed.stderr
    assert failed.stdout == ""
    assert (campaign / "night.duckdb").read_bytes() == before


@PAGES
def test_cron_and_systemd__run_one_command(page):
    unit = units(page)
    service = unit["poolpipe-night.service"]
    (command,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    (folder,) = re.findall(r"^WorkingDirectory=(.*)$", service, re.MULTILINE)
    assert cron_line(page) == f"cd {folder} && {command}"
    assert cron_line(page) == cron_line("nightly.md")
    assert unit == units("nightly.md")
    assert {*unit} == {"poolpipe-night.service", "poolpipe-night.timer"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_units__are_understood_by_systemd(campaign, tmp_path):
    for name, text in units("nightly.md").items():
        (tmp_path / name).write_text(here(text, campaign), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "poolpipe-night" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("zone", "moment", "wanted"), [
    ("Asia/Shanghai", "2022-04-04T17:00:00+00:00", "2022-04-04"), ("UTC", "2022-04-04T17:00:00+00:00", "2022-04-03"),
    ("America/New_York", "2022-04-05T03:59:00+00:00", "2022-04-03"),
])  # fmt: skip
def test_yesterday__is_of_the_policys_time_zone(zone, moment, wanted, monkeypatch, tmp_path):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromisoformat(moment).astimezone(tz)

    from poolpipe.commands import nightly

    monkeypatch.setattr(nightly, "datetime", Clock)
    (tmp_path / "policy.toml").write_text(f'time_zone = "{zone}"\n', encoding="utf-8")
    assert str(nightly._day_meant("yesterday", tmp_path, str(tmp_path / "policy.toml"), None)) == wanted


def test_other_words__are_no_dates(campaign):
    done = CliRunner().invoke(cli.poolpipe, ["nightly", str(campaign / "store"), "--date", "tomorrow"])
    assert done.exit_code == 2
    assert "is no date such as 2022-04-04" in done.output
