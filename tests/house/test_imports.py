"""Imports run one way, downwards in the list of layers, and never in circles."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from house.rooms import FOUNDATION, LAYERS, ROOT, imports, layer, modules, nodes, word

OURS = "src/poolpipe"
KERNELS = "kernels/poolpipe_kernels"


def _own(found):
    return [each for each in imports(OURS) if each.imported.split(".")[0] == "poolpipe" and found(each)]


def _height(dotted):
    height = layer(word(dotted))
    assert height is not None, f"{dotted} has no layer"
    return height


def test_every_module__has_a_layer():
    words = {word(name) for name in modules(OURS)} - {""}
    homeless = sorted(each for each in words if layer(each) is None)
    assert not homeless, f"{homeless}: say in tests/house/rooms.py in which layer they stand"


def test_imports__run_downwards():
    wrong = [
        f"{each.place}: {each.importer} imports {each.imported}, which stands above it"
        for each in _own(lambda each: word(each.importer))
        if word(each.imported) and _height(each.imported) > _height(each.importer)
    ]
    assert not wrong, "\n".join(
        [*wrong, "turn the dependency round, or meet in pipeline; layers:", *map(str, LAYERS)]
    )


def test_stages__never_import_each_other():
    """Nor events a stage, nor a stage events; types may be named, for a signature says what a stage is given."""
    wrong = [
        f"{each.place}: {each.importer} imports {each.imported}"
        for each in _own(lambda each: _stage(each.importer) and _stage(each.imported))
        if _stage(each.importer) != _stage(each.imported) and not each.for_types_only
    ]
    assert not wrong, "\n".join([*wrong, "stages meet in pipeline and agree through tables"])


def _stage(dotted):
    """The stage of a module in stages/, `events` of one in events/, empty elsewhere."""
    parts = dotted.split(".")
    if word(dotted) == "events":
        return "events"
    return parts[2] if word(dotted) == "stages" and len(parts) > 2 else ""


def test_foundation__knows_only_what_stands_before_it():
    wrong = [
        f"{each.place}: {word(each.importer)} imports {word(each.imported)}"
        for each in _own(lambda each: word(each.importer) in FOUNDATION)
        if word(each.imported)
        not in (*FOUNDATION[: FOUNDATION.index(word(each.importer))], word(each.importer))
    ]
    assert not wrong, "\n".join([*wrong, f"order of the foundation: {' <- '.join(FOUNDATION)}"])


def test_modules__do_not_import_in_circles():
    """Not for types either: two files that know each other are one file, or need a third below both."""
    edges: dict[str, set[str]] = {}
    known = modules(OURS)
    for each in _own(lambda each: word(each.importer)):
        target = each.imported if each.imported in known else each.imported.rpartition(".")[0]
        if target not in (each.importer, "poolpipe", "") and target in known:
            edges.setdefault(each.importer, set()).add(target)
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, (
            f"circle: {' -> '.join([*path[path.index(name) :], name])}; move what both need below"
        )
        if name not in done:
            for target in sorted(edges.get(name, ())):
                walk(target, (*path, name))
            done.add(name)

    for name in sorted(edges):
        walk(name, ())


def test_kernels__know_numpy_numba_and_themselves():
    allowed = {
        *("__future__", "collections", "contextlib", "typing", "math", "numpy", "numba", "poolpipe_kernels"),
        # keeping machine code is files and hashes
        *("functools", "hashlib", "inspect", "os", "pathlib", "pickle", "sys", "tempfile", "llvmlite"),
    }
    wrong = [
        f"{each.place}: {each.imported}"
        for each in imports(KERNELS)
        if each.imported.split(".")[0] not in allowed
    ]
    assert not wrong, "\n".join([*wrong, "kernels take arrays: lay them out in the stage"])


def test_references__import_nothing_of_ours():
    wrong = [
        f"{each.place}: {each.imported}"
        for each in imports("tests/reference")
        if each.imported.split(".")[0] in {"poolpipe", "poolpipe_kernels"}
    ]
    assert not wrong, "\n".join(
        [*wrong, "a reference that shares our code shares our mistakes: write it plainly"]
    )


def test_polars__is_never_looped_over_by_row():
    loops = {"iter_rows", "map_elements", "map_rows", "apply"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.attr}"
        for name, path in modules(OURS).items()
        if word(name) in {"coding", "events", "stages", "instruments", "decode", "results"}
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in loops
        if name != "poolpipe.events.spreadsheets"  # rows of a workbook, in the process that reads workbooks
    ]
    assert not wrong, "\n".join([*wrong, "whole columns at a time: an expression, or a kernel"])


COMMANDS = "import poolpipe.cli as c; [c.poolpipe.get_command(None, name) for name in c.COMMANDS]"


@pytest.mark.parametrize("statement", ["import poolpipe", "import poolpipe.cli", COMMANDS])
def test_import__loads_no_heavy_library(statement):
    heavy = {"polars", "numba", "numpy", "pyarrow", "duckdb", "scipy", "pydantic"}
    code = f"{statement}; import sys; print(*sorted(set(sys.modules) & {heavy!r}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not loaded, f"{statement} loads {loaded}: import them inside the function that needs them"
