"""make.bat does on Windows what scripts/bootstrap and scripts/check do elsewhere, from the same lists."""

from __future__ import annotations

from house.rooms import ROOT


def test_windows_script__has_the_lists_of_the_other():
    text = (ROOT / "make.bat").read_bytes()
    assert b"requirements.run.lock" in text
    assert b"--require-hashes" in text
    assert text.count(b"\r\n") == text.count(b"\n"), "cmd reads labels and blocks of lines that end so"
    assert text.isascii(), "cmd reads a script in the machine's code page"
