"""Every error that a user can meet says where it is and what the way out is."""

from __future__ import annotations

import ast

from house.rooms import modules, tree

PLACED_BY_CALLER = ("poolpipe.instruments", "poolpipe.events.spreadsheets", "poolpipe.events.isolation")
"""Readers whose caller knows the name of the file, and puts it into the error."""

ADVISED_BY_CALLER = ("poolpipe.events.isolation",)
"""What goes wrong in another process; whoever sent for it says what to do."""


def _errors(sources):
    """Names of the classes below `PoolpipeError`."""
    bases = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for path in sources.values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }

    def ours(name):
        return name == "PoolpipeError" or any(ours(base) for base in bases.get(name, []))

    return {name for name in bases if ours(name)}


def _raised(sources):
    """Every error that is made: module, line, and what it says by keyword."""
    errors = _errors(sources)
    for module, path in sources.items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
                said = {word.arg: word.value for word in node.keywords}
                yield module, f"{path.name}:{node.lineno}", said


def test_errors__say_where_and_the_way_out():
    raised = list(_raised(modules("src/poolpipe")))
    assert len(raised) > 80
    placeless = [
        place
        for module, place, said in raised
        if "where" not in said and not module.startswith(PLACED_BY_CALLER)
    ]
    assert not placeless, f"{placeless}: say where=, the file, table, column or option"
    helpless = [
        place
        for module, place, said in raised
        if "way_out" not in said and not module.startswith(ADVISED_BY_CALLER)
    ]
    assert not helpless, f"{helpless}: say way_out=, what the reader can do about it"
    empty = [
        place
        for _, place, said in raised
        for value in said.values()
        if isinstance(value, ast.Constant) and not value.value
    ]
    assert not empty, f"{empty}: nothing is said"
