"""Whatever lies in a folder is read or named, and every record once: random folders, and the ways to name one."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import read, tubes
from events.trees import Tree
from poolpipe.errors import InputError
from poolpipe.paths import shown

if TYPE_CHECKING:
    from poolpipe.events import Events

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="makes pipes, sockets and names of any bytes"
)


def _made(folder: Path, seed: int) -> Tree:
    root = folder / "scans"
    root.mkdir()
    return Tree(root, random.Random(seed)).fill(14)


def _names(root: Path) -> dict[str, Path]:
    """Every entry below a folder that is no folder, and every link to one, as results name it."""
    found = {}
    for here, folders, files in os.walk(root):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        paths = [Path(here) / name for name in (*files, *links)]
        found.update({shown(path.relative_to(root).as_posix()): path for path in paths})
    return found


def _read(inputs: object) -> Events | None:
    try:
        return read(inputs)
    except InputError as error:
        if "there is no event file" in error.what:
            return None
        raise


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_tree__is_read_or_named_to_the_last_entry(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = _made(tmp_path_factory.mktemp("tree"), seed)
    events = _read(tree.root)
    if events is None:
        assert not tree.tubes
        return
    assert sorted(tubes(events)) == sorted(tree.tubes)
    assert sum(file["accepted"] for file in events.files) == len(tree.tubes)
    read_files = {file["file"]: file["read"] for file in events.files}
    for name, path in _names(tree.root).items():
        parents = [parent.as_posix() for parent in Path(name).parents]
        named = name in events.skipped or any(parent in events.skipped for parent in parents)
        if path.is_dir():  # a link: what it leads to is read, here or under its own name
            assert (
                named or any(file.startswith(f"{name}/") for file in read_files) or not any(path.iterdir())
            ), name
        elif not path.is_file():
            assert named, name
        else:
            empty = not path.read_bytes().replace(b"at,tube,person\n", b"").strip()
            assert named or read_files.get(name, 0) > 0 or empty, name
    assert not read_files.keys() & events.skipped.keys()
    assert all(events.skipped.values())


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_tree__says_the_same_however_it_is_named(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By the folder, by a shell's `*`, by patterns, by a link, twice, in any order: the same events, each once."""
    tree = _made(tmp_path_factory.mktemp("tree"), seed)
    link = tree.root.parent / "link"
    link.symlink_to(tree.root)
    inside = [
        path
        for path in tree.root.iterdir()
        if path.is_dir() or (path.is_file() and path.suffix.lower() == ".csv")
    ]
    star = [
        path
        for path in inside
        if not path.name.startswith((".", "link-")) and path.resolve() not in tree.root.parents
    ]
    whole = _read(tree.root)
    expected = [] if whole is None else sorted(tubes(whole))
    tree.rng.shuffle(star)
    for inputs in (
        [link],
        [tree.root, link, tree.root],
        [tree.root, *star],
        [*star, tree.root],
        f"{tree.root}/**",
    ):
        events = _read(inputs)
        assert ([] if events is None else sorted(tubes(events))) == expected, inputs


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_tree__has_names_that_do_not_depend_on_the_order_of_inputs(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = _made(tmp_path_factory.mktemp("tree"), seed)
    inputs = [path for path in tree.root.iterdir() if path.is_dir() and not path.is_symlink()]
    first, second = _read(inputs), _read(inputs[::-1])
    if first is None or second is None:
        assert first is second
        return
    assert first.files == second.files
    assert first.skipped == second.skipped
    keys = ["file", "line", "code"]
    assert first.rejects.sort(keys).equals(second.rejects.sort(keys))
