"""A set-up sheet names wells; those without a row are told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from poolpipe.instruments.checks import check_setup
from poolpipe.instruments.documents import Document, Row, Sheet
from poolpipe.instruments.notes import Notes


def document(*lines: list[str]) -> Document:
    rows = [Row(number, cells) for number, cells in enumerate(lines, 1)]
    return Document("spreadsheet", [Sheet("Setup", lambda most: rows[:most])])


def told(file: Document) -> list[str]:
    notes = Notes()
    layout: Any = SimpleNamespace(setup="Setup")
    check_setup(layout, file, {"A01"}, notes)
    return [finding.what for finding in notes.findings]


def test_wells_that_were_set_up_with_a_target__and_have_no_row_are_told():
    lines = [["Block", "96"], ["Well Position", "Target Name"], ["A1", "N"], ["A2", "N"], ["A3", ""]]
    assert told(document(*lines)) == ["1 well set up with a target without a row: A02"]


@pytest.mark.parametrize("heading", [["Target Name", "Task"], ["Well Position", "Task"]])
def test_a_heading_of_one_of_the_two_columns__is_not_the_set_ups(heading):
    assert told(document(heading, ["A2", "N"])) == []


def test_short_lines__are_passed_over():
    assert told(document(["Target Name", "Task", "Well Position"], ["N", "UNKNOWN"])) == []
