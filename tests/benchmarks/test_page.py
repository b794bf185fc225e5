"""The page and the READMEs say what was measured, and only that."""

from __future__ import annotations

import json

import pytest
from benchmarks.measuring import ROOT

from benchmarks import page, readme, targets


@pytest.fixture(scope="module")
def figures():
    return json.loads((ROOT / "benchmarks" / "measured.json").read_text(encoding="utf-8"))


def test_page__is_what_the_script_writes(figures):
    written = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert written == page.page(figures), "write it again: python -m benchmarks.page"


@pytest.mark.parametrize(("name", "block"), [("README.md", readme.english), ("README.zh.md", readme.chinese)])
def test_readmes__hold_the_figures_the_script_writes(figures, name, block):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert f"{readme.START}\n{block(figures)}\n{readme.END}" in text, (
        "write it again: python -m benchmarks.page"
    )


def test_fill__changes_only_what_stands_between_the_marks(tmp_path):
    file = tmp_path / "README.md"
    file.write_text(f"before\n{readme.START}\nold\n{readme.END}\nafter\n", encoding="utf-8")
    readme.fill(file, "new")
    assert file.read_text(encoding="utf-8") == f"before\n{readme.START}\nnew\n{readme.END}\nafter\n"


def test_fill__leaves_a_file_without_marks_alone(tmp_path):
    file = tmp_path / "README.md"
    file.write_text("nothing marked\n", encoding="utf-8")
    readme.fill(file, "new")
    assert file.read_text(encoding="utf-8") == "nothing marked\n"


def run(ended: str, wall_s: float) -> dict[str, object]:
    return {"ended": ended, "wall_s": wall_s, "cpu_s": 2 * wall_s, "peak_bytes": 1}


def test_fastest__passes_over_runs_that_were_stopped():
    city = {"runs": {"DuckDB": [run("out of time", 1.0), run("done", 3.0), run("done", 2.0)]}}
    assert targets.fastest(city, "DuckDB") == run("done", 2.0)
    assert targets.fastest(city, "pandas") is None


def test_against_peers__takes_the_fastest_peer_of_the_largest_city_a_peer_finished():
    small = {
        "runs": {"poolpipe": [run("done", 1.0)], "DuckDB": [run("done", 5.0)], "Polars": [run("done", 4.0)]}
    }
    large = {"runs": {"poolpipe": [run("done", 9.0)], "DuckDB": [run("out of memory", 50.0)]}}
    assert targets.against_peers({"cities": {"1000": small, "20000": large}}) == (1000, "Polars", 4.0, 4.0)
