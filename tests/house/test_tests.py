"""Tests stand where one looks for them, and hypothesis is set in one place."""

from __future__ import annotations

import ast

import pytest

from house.rooms import ROOT, modules, nodes

TESTED_ELSEWHERE: dict[str, str] = {}
"""Modules without a test file of their name, and why."""


def _words(package: str, depth: int) -> set[str]:
    """Names of a package's modules and folders, as they stand at `depth` in a dotted name."""
    parts = (name.split(".") for name in modules(package))
    return {each[depth] for each in parts if len(each) > depth}


@pytest.mark.parametrize(
    ("package", "depth", "folder"),
    [("src/poolpipe/stages", 1, "stages"), ("kernels/poolpipe_kernels", 1, "kernels")],
)
def test_module__has_a_test_file_of_its_name(package: str, depth: int, folder: str) -> None:
    words = _words(package, depth)
    assert words, f"{package} is not there"
    wanted = {f"tests/{folder}/test_{word}.py" for word in words}
    missing = sorted(path for path in wanted - set(TESTED_ELSEWHERE) if not (ROOT / path).exists())
    assert not missing, (
        f"{missing}: test the module's own functions there, or give the reason in TESTED_ELSEWHERE"
    )


def test_exceptions__are_needed() -> None:
    there = sorted(path for path in TESTED_ELSEWHERE if (ROOT / path).exists())
    assert not there, f"{there}: strike the reason in TESTED_ELSEWHERE"


def test_kernel_tests__run_interpreted_too() -> None:
    """Machine code hides which lines ran, and reads beyond an array without a word."""
    compiled_only = []
    for word in sorted(_words("kernels/poolpipe_kernels", 1) - {"compilation", "kept_code"}):
        path = ROOT / "tests" / "kernels" / f"test_{word}.py"
        names = {node.id for node in nodes(path) if isinstance(node, ast.Name)}
        if not names & {"both", "ways"}:
            compiled_only.append(str(path.relative_to(ROOT)))
    assert not compiled_only, f"{compiled_only}: use `both` or `ways` of kernels/both_ways.py"


def test_settings__are_those_of_the_profiles() -> None:
    """A test says how many examples it can afford; deadlines and seeds are `tests/conftest.py`'s."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {argument.arg}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "settings"
        for argument in node.keywords
        if argument.arg != "max_examples"
    ]
    assert not wrong, "\n".join([*wrong, "say it once, in the profiles of tests/conftest.py"])


def test_longest_files__are_there() -> None:
    told = [
        ast.literal_eval(node.value)
        for node in nodes(ROOT / "tests" / "conftest.py")
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LONGEST"
    ]
    missing = [name for name in told[0] if not (ROOT / "tests" / name).is_file()]
    assert not missing, f"{missing}: name in LONGEST of tests/conftest.py what takes long now"
