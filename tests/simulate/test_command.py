"""`poolpipe simulate` as a user meets it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from poolpipe.commands.simulate import simulate as command
from poolpipe.errors import InputError
from poolpipe.simulate import FORMATS, PRESETS


def _run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_help__shows_an_example_in_both_languages():
    result = _run("--help")
    assert result.exit_code == 0
    assert "poolpipe simulate day --preset shanghai --no-troubles --pieces 8\n" in result.stdout
    assert "虚构" in result.stdout


def test_choices__are_all_presets_and_formats():
    choices: dict[str | None, Any] = {each.name: getattr(each.type, "choices", ()) for each in command.params}
    assert list(choices["preset"]) == list(PRESETS)
    assert sorted(choices["format_"]) == sorted(FORMATS)


def test_city__is_written_with_progress_on_stderr_and_a_summary_on_stdout(tmp_path):
    result = _run(tmp_path / "city", "--people", 300, "--seed", 2, "--format", "csv", "--pieces", 2, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["reference"]["people"] == 300
    assert "townships 乡镇 1/1" in result.stderr
    assert len(list((tmp_path / "city" / "events" / "collect").glob("*.csv"))) == 2


def test_no_troubles__leaves_only_short_pools(tmp_path):
    result = _run(tmp_path / "city", "--people", 300, "--no-troubles", "--trouble", "rescanned=0.5")
    assert result.exit_code == 0, result.stderr
    assert "simulated people" in result.stdout
    planted = pl.read_parquet(tmp_path / "city" / "truth" / "troubles.parquet")
    assert set(planted["trouble"]) == {"queue_end", "rescanned"}


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("rescanned", "is not NAME=RATE"),
        ("rescanned=often", "is not NAME=RATE"),
        ("plague=0.1", "no trouble"),
    ],
)
def test_trouble__that_cannot_be_read_is_wrong_usage(trouble, says, tmp_path):
    result = _run(tmp_path / "city", "--people", 300, "--trouble", trouble)
    assert result.exit_code == 2
    assert says in result.stderr


def test_folder__that_is_not_empty_is_kept_unless_forced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    result = _run(tmp_path, "--people", 300)
    assert isinstance(result.exception, InputError)
    assert "overwrite it with --force" in str(result.exception)
    assert _run(tmp_path, "--people", 300, "--force").exit_code == 0
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "events" / "collect" / "part-00000.parquet").exists()
