"""The documentation site builds without a warning, and a page opened from the disk asks no other machine for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from house.rooms import ROOT

LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"?([^\s\">]+)")


def test_site__builds_with_every_link_and_loads_nothing_from_outside(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 25
    outside = {
        f"{page.name}: {loaded}"
        for page in pages
        for loaded in LOADED.findall(page.read_text(encoding="utf-8"))
        if loaded.startswith(("http:", "https:", "//"))
    }
    assert not outside
    assert (tmp_path / "search" / "search_index.js").stat().st_size > 100_000
