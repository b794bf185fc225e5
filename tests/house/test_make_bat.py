"""make.bat does on Windows what scripts/bootstrap and scripts/check do elsewhere, from the same lists."""

from __future__ import annotations

import re

from house.rooms import ROOT

BAT = (ROOT / "make.bat").read_bytes()


def test_windows_script__can_be_read_by_cmd():
    assert BAT.count(b"\r\n") == BAT.count(b"\n"), "cmd reads labels and blocks of lines that end so"
    assert BAT.isascii(), "cmd reads a script in the machine's code page"
    text = BAT.decode()
    assert set(re.findall(r"goto (\w+)", text)) == set(re.findall(r"^:(\w+)", text, re.MULTILINE))
    assert all(line.count('"') % 2 == 0 for line in text.splitlines())


def test_windows_script__installs_from_the_lists_of_the_other():
    bootstrap = (ROOT / "scripts" / "bootstrap").read_text(encoding="utf-8")
    text = BAT.decode()
    for said in (
        "requirements.run.lock",
        "requirements.lock",
        "--require-hashes",
        "--no-deps --no-build-isolation -e .",
    ):
        assert said in text, said
        assert said in bootstrap, said


def test_windows_script__tests_with_the_commands_of_the_other():
    check = (ROOT / "scripts" / "check").read_text(encoding="utf-8")
    asked = re.findall(r"^(?:exec )?\.venv/bin/(.*?)(?: \"\$@\")?$", check, re.MULTILINE)
    typed = re.findall(r"^\.venv\\Scripts\\(.*?)(?: \|\| exit /b 1)?\r$", BAT.decode(), re.MULTILINE)
    assert asked == [line for line in typed if " pip install " not in line]
