"""What the commands share: paths, moments, progress."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from poolpipe.cli import _told_plainly
from poolpipe.errors import InputError, PoolpipeWarning
from poolpipe.terminal.console import check_inputs, check_out, parse_moment


def test_check_inputs__suggests_the_nearest_name(tmp_path):
    (tmp_path / "扫码记录").mkdir()
    with pytest.raises(InputError, match=r"did you mean.*扫码记录") as caught:
        check_inputs([str(tmp_path / "扫码纪录" / "collect.csv")])
    assert caught.value.where.endswith("collect.csv")


def test_check_inputs__tells_what_is_there_when_nothing_is_alike(tmp_path):
    (tmp_path / "collect.csv").touch()
    with pytest.raises(InputError, match=r"holds.*collect\.csv"):
        check_inputs([str(tmp_path / "zzz")])


def test_check_inputs__refuses_a_pattern_without_a_match(tmp_path):
    with pytest.raises(InputError, match="no file matches"):
        check_inputs([str(tmp_path / "*.csv")])
    (tmp_path / "a.csv").touch()
    check_inputs([str(tmp_path / "*.csv"), str(tmp_path)])


def test_check_inputs__takes_a_name_with_brackets_for_a_name(tmp_path):
    odd = tmp_path / "scans [1].csv"
    odd.touch()
    check_inputs([str(odd)])


def test_check_out__refuses_a_file(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="is a file, not a folder"):
        check_out(tmp_path / "out" / "deeper")
    check_out(tmp_path / "new" / "deeper")


@pytest.mark.parametrize(
    "text",
    ["2022-02-10T12:00:00+08:00", "2022-02-10T12:00:00", "2022-02-10T04:00:00Z", " 2022-02-10 12:00 "],
)
def test_moment__without_offset_is_in_the_policys_zone(text):
    assert parse_moment(text, "Asia/Shanghai") == datetime(2022, 2, 10, 4, tzinfo=UTC)


def test_moment__that_is_none_is_wrong_usage():
    assert parse_moment(None, "Asia/Shanghai") is None
    with pytest.raises(
        click.BadParameter, match=r"'10/2/2022' is not a time .*; write it like 2022-02-10T18:00:00\+08:00"
    ):
        parse_moment("10/2/2022", "Asia/Shanghai")


def test_warning_of_ours__is_one_line_without_its_place_in_the_program(capsys):
    others = []
    tell = _told_plainly(lambda *told: others.append(told))
    tell(PoolpipeWarning("it costs 11 s"), PoolpipeWarning, "ahead.py", 50)
    tell("old", DeprecationWarning, "x.py", 1)
    assert capsys.readouterr().err == "note 提示: it costs 11 s\n"
    assert others == [("old", DeprecationWarning, "x.py", 1)]
