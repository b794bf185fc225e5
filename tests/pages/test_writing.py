"""A page is written in one step and never over a file that is none."""

from __future__ import annotations

import os

import pytest

from pages.days import day, page
from poolpipe.errors import InputError
from poolpipe.pages.writing import check_page_path, write_page


def test_page__replaces_a_page_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "页.html"
    for _ in range(2):
        write_page(path, page(day()))
    assert [each.name for each in tmp_path.iterdir()] == ["页.html"]
    assert path.read_text(encoding="utf-8") == page(day())


def test_other_files__are_never_written_over(tmp_path):
    other = tmp_path / "home.html"
    other.write_text("<p>mine</p>", encoding="utf-8")
    with pytest.raises(InputError, match="no page of poolpipe"):
        write_page(other, page(day()))
    assert other.read_text(encoding="utf-8") == "<p>mine</p>"


@pytest.mark.parametrize(
    ("name", "told"), [("page.txt", "ends in .html"), ("folder.html", "is a folder"), ("no/page.html", "is missing")]
)  # fmt: skip
def test_paths_without_a_page__are_refused_with_the_way_out(tmp_path, name, told):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match=told):
        check_page_path(tmp_path / name)


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_page__that_shows_people_in_full_is_its_owners_alone(tmp_path, private, mode):
    before = os.umask(0o022)
    try:
        write_page(path := tmp_path / "page.html", page(day()), private=private)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode


def test_page__of_a_killed_writer_is_cleared_away(tmp_path):
    (left := tmp_path / ".page.html.writing-x").mkdir()
    write_page(tmp_path / "page.html", page(day()))
    assert not left.exists()
