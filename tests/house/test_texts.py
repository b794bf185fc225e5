"""What every tracked text must be: free of machine paths and registry hosts, whole, and readable."""

from __future__ import annotations

import re
import subprocess

import pytest

from house.rooms import ROOT

PLACES = re.compile(r"(?<![\w.])/(?:work|root|home|Users)/\w")
HOSTS = re.compile(r"\b(?:files\.)?py(?:pi|thonhosted)\.org|registry\.npm|deb\.debian", re.IGNORECASE)
BINARY = {".parquet", ".arrow", ".gz", ".zst", ".png", ".xlsx", ".ipc", ".zip"}


@pytest.fixture(scope="module")
def texts():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name for name in names.decode().split("\0") if name]
    found = {path: path.read_bytes() for path in paths if path.is_file() and path.suffix not in BINARY}
    return {
        str(path.relative_to(ROOT)): content.decode("utf-8", "replace") for path, content in found.items()
    }


def test_texts__name_no_place_of_one_machine(texts):
    wrong = [name for name, text in texts.items() if PLACES.search(text)]
    assert not wrong, f"{wrong}: name a path relative to the repository"


def test_texts__name_no_registry_host(texts):
    wrong = [name for name, text in texts.items() if name != "uv.lock" and HOSTS.search(text)]
    assert not wrong, f"{wrong}: packages come through the ordinary clients' own settings"


def test_sources__hold_no_unfinished_work(texts):
    unfinished = re.compile(
        r"\b(?:TODO|FIXME|XXX)\b|assert True\b|except:\s*pass|raise NotImplementedError\b"
    )
    wrong = [
        name
        for name, text in texts.items()
        if name.endswith(".py") and unfinished.search(text) and name != "tests/house/test_texts.py"
    ]
    assert not wrong, f"{wrong}: finish it, or leave it out and say so in the docs"


def test_texts__point_to_nothing_outside_the_repository(texts):
    elsewhere = re.compile(r"(?i)\b(?:DOMAIN|CONTRACT)\.md\b|\bthe contract\b")
    shown = ("src/", "kernels/", "scripts/", "docs/", "README", "tests/")
    wrong = [
        name
        for name, text in texts.items()
        if name.startswith(shown) and name != "tests/house/test_texts.py" and elsewhere.search(text)
    ]
    assert not wrong, (
        f"{wrong}: point to docs/tables.md, to the page with the rule, or to the published source"
    )
