"""A lab's own layout does whatever a shipped one can: every shipped one, given as a lab's own, reads its samples the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from benchmarks.instrument_samples import samples

import poolpipe.instruments
from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.layouts import load_layouts, parse_layout

SHIPPED = sorted((Path(poolpipe.instruments.__file__).parent / "layouts").glob("*.toml"))
SAMPLES = samples(Path(__file__).parents[2] / "data" / "samples" / "instruments")
POLICY = ImportPolicy(lab="L", date_order="mdy")
FORMATS = {
    sample.name: found.recognised.format
    for sample in SAMPLES
    if (found := read(sample.content, name=sample.name, policy=POLICY))
}
READ = {layout.format for layout in load_layouts()} & set(FORMATS.values())


def own_copy(path: Path, folder: Path, *, format_name: str) -> None:
    """A shipped layout in a folder of the lab's, under another name and ahead of all others."""
    text = path.read_text("utf-8")
    layout = parse_layout(text, path.name)
    text = text.replace(f'format = "{layout.format}"', f'format = "{format_name}"')
    before = f"priority = {layout.priority}\n"
    after = f"priority = {layout.priority + 100}\n"
    text = text.replace(before, after) if before in text else after + text
    (folder / path.name).write_text(text, "utf-8")


def test_every_shipped_layout__has_a_sample() -> None:
    assert {layout.format for layout in load_layouts()} == READ


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_layout_as_ones_own__reads_its_samples_the_same(path: Path, tmp_path: Path) -> None:
    layout = parse_layout(path.read_text("utf-8"), path.name)
    own_copy(path, tmp_path, format_name="own")
    chosen = [sample for sample in SAMPLES if FORMATS[sample.name] == layout.format]
    assert chosen
    for sample in chosen:
        shipped = read(sample.content, name=sample.name, policy=POLICY)
        own = read(sample.content, name=sample.name, policy=POLICY, layouts=tmp_path)
        assert own.recognised.format == "own"
        for table in ("readings", "loads", "reports", "pools"):
            assert getattr(own, table).equals(getattr(shipped, table)), table
        assert (own.questions, own.not_understood) == (shipped.questions, shipped.not_understood)
        named: dict[str, Any] = {
            "format": layout.format,
            "undetermined_why": shipped.recognised.undetermined_why,
        }
        assert dataclasses.replace(own.recognised, **named) == shipped.recognised
        assert recognise(sample.content, layouts=tmp_path) == ("eds" if layout.inner else "own")


def test_a_layout_of_the_same_name__takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    cfx = next(path for path in SHIPPED if path.stem == "cfx")
    (tmp_path / "mine.toml").write_text(cfx.read_text("utf-8").replace('"Cq", "C(t)"', '"Crossing"'), "utf-8")
    content = next(sample.content for sample in SAMPLES if sample.name == "cfx.csv")
    assert recognise(content) == "cfx-maestro"
    assert recognise(content, layouts=tmp_path) != "cfx-maestro"
    renamed = content.replace(b";Cq;", b";Crossing;", 1)
    assert recognise(renamed, layouts=tmp_path) == "cfx-maestro"
    assert read(renamed, layouts=tmp_path).readings.equals(read(content).readings)
