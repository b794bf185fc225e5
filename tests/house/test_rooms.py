"""Every module is one room: a public face, a docstring, and no more than one can take in."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from house.rooms import ROOT, modules, nodes, tree

LONG_FOR_A_REASON: dict[str, str] = {
    "kernels/poolpipe_kernels/walk.py": "one kernel and the steps it calls: numba's cache sees no helper that changes in another file",
}
"""Files over 400 lines, and why splitting them would make them harder to read."""

PUBLIC = {**modules("src/poolpipe"), **modules("kernels/poolpipe_kernels")}


def _face(path):
    """The names in `__all__`; a lazy package's are read from the keys or list it declares."""
    for node in tree(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = getattr(node, "value", None)
            elements = value.elts if isinstance(value, (ast.List, ast.Tuple)) else []
            return [element.value for element in elements if isinstance(element, ast.Constant)]
    return None


def _bound(path):
    """Names a module binds at its top: definitions, assignments and imports."""
    names = set()
    for node in nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


def _is_subcommand(node, face):
    """Whether a function is reached through a group that is itself in the face: `@design.command(...)`."""
    calls = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    groups = [
        call.value.id
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
    ]
    return any(group in face for group in groups)


def _is_private(name):
    return any(part.startswith("_") for part in name.split("."))


def _is_bare_package(path):
    return path.name == "__init__.py" and all(isinstance(node, ast.Expr) for node in tree(path).body)


def test_public_modules__have_a_face():
    faceless = [
        str(path.relative_to(ROOT))
        for name, path in PUBLIC.items()
        if not _is_private(name) and not _is_bare_package(path) and _face(path) is None
    ]
    assert not faceless, (
        f"{faceless}: list the public names in __all__, or start the file's name with an underscore"
    )


def test_face__names_what_is_there_and_all_of_it():
    wrong = []
    for name, path in PUBLIC.items():
        face = _face(path)
        if face is None or path.name == "__init__.py":
            continue
        missing = sorted(set(face) - _bound(path))
        public = {
            node.name
            for node in tree(path).body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and not node.name.startswith("_")
            and not _is_subcommand(node, face)
        }
        unlisted = sorted(public - set(face)) if not _is_private(name) else []
        wrong += [f"{path.relative_to(ROOT)}: __all__ names {each}, which is not there" for each in missing]
        wrong += [
            f"{path.relative_to(ROOT)}: {each} is not in __all__; list it or call it _{each}"
            for each in unlisted
        ]
    assert not wrong, "\n".join(wrong)


def test_public_names__say_what_they_are():
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in PUBLIC.values()
        for node in tree(path).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and "overload" not in map(ast.unparse, node.decorator_list)  # what they overload says it for them
        and not ast.get_docstring(node)
    ]
    assert not silent, "\n".join([*silent, "say shape, unit, what missing means, what it raises"])


def test_files__can_be_taken_in_at_once():
    long = {
        str(path.relative_to(ROOT)): lines
        for top in ("src", "kernels", "tests", "benchmarks", "scripts")
        for path in sorted((ROOT / top).rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    unexplained = {name: lines for name, lines in long.items() if name not in LONG_FOR_A_REASON}
    assert not unexplained, (
        f"{unexplained}: split at a word of the field, or give the reason in LONG_FOR_A_REASON"
    )
    assert set(LONG_FOR_A_REASON) <= set(long), "a reason for a file that is short again: strike it"


def test_errors__say_the_way_out():
    ours = {"InputError", "PolicyError", "TableError", "PoolpipeError", "NotDone"}
    silent = []
    for path in modules("src/poolpipe").values():
        for node in nodes(path):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ours:
                ways = [each.value for each in node.keywords if each.arg in {"way_out", None}]
                if not ways or any(isinstance(way, ast.Constant) and not way.value for way in ways):
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not silent, "\n".join([*silent, "an error names the way out: way_out='...'"])


def test_classes__have_a_name_of_their_own():
    """A name stands for one thing in the whole house, private or not."""
    homes = defaultdict(list)
    for path in PUBLIC.values():
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                homes[node.name.lstrip("_")].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    twice = [f"{name}: {', '.join(places)}" for name, places in sorted(homes.items()) if len(places) > 1]
    assert not twice, "\n".join([*twice, "say in the name which of them it is"])


def _arguments(function):
    """Names of a function's arguments, without self and cls."""
    given = function.args
    named = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [each.arg for each in named if each and each.arg not in {"self", "cls"}]


def _documented(node, *headings):
    """Names in the sections of a docstring under `headings`, written as `name :` or `one, other :`."""
    found = set()
    for section in re.split(r"\n(?=[A-Z]\w*\n---)", f"\n{ast.get_docstring(node) or ''}"):
        heading, _, body = section.lstrip("\n").partition("\n")
        if heading in headings:
            lines = re.findall(r"(?m)^[*\w].*$", body)
            found |= {name.strip().lstrip("*") for line in lines for name in line.split(" : ")[0].split(",")}
    return found - {""}


def _undocumented(node, arguments, *headings):
    """Arguments that no section of a docstring under one of `headings` names."""
    found = _documented(node, *headings)
    return [name for name in arguments if name not in found]


def _definition(module, name):
    """The file and node where a name that a package exports is defined, through imports; no node for a constant."""
    path = PUBLIC[module]
    for node in tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            overloaded = isinstance(node, ast.FunctionDef) and "overload" in map(
                ast.unparse, node.decorator_list
            )
            if not overloaded:
                return path, node
    for each in nodes(path):
        if isinstance(each, ast.ImportFrom) and any((one.asname or one.name) == name for one in each.names):
            return _definition(each.module, name)
    return path, None


def _class_parameters(node):
    """What a class is made with: the arguments of `__init__`, else its annotated fields."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return _arguments(each)
    fields = [ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)]
    return [name for name in fields if not name.startswith("_")]


def _missing_of(path, node):
    """One line for each function or class at or directly below a node whose sections miss an argument."""
    methods = node.body if isinstance(node, ast.ClassDef) else []
    functions = [each for each in [node, *methods] if isinstance(each, ast.FunctionDef)]
    held: list[tuple[ast.FunctionDef | ast.ClassDef, list[str], tuple[str, ...]]]
    held = [(each, _arguments(each), ("Parameters",)) for each in functions if not each.name.startswith("__")]
    if isinstance(node, ast.ClassDef):
        held.append((node, _class_parameters(node), ("Parameters", "Attributes")))
    return [
        f"{path.relative_to(ROOT)}:{each.lineno}: {each.name}: {', '.join(missing)}"
        for each, arguments, headings in held
        if len(arguments) >= 2 and (missing := _undocumented(each, arguments, *headings))
    ]


def test_kernels__document_every_parameter():
    wrong = []
    for path in modules("kernels/poolpipe_kernels").values():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef):
                names = [getattr(each, "func", each) for each in node.decorator_list]
                if any(getattr(each, "id", "") == "kernel" for each in names):
                    wrong += _missing_of(path, node)
    assert not wrong, "\n".join([*wrong, "a line in Parameters for each: shape, dtype, unit, range, missing"])


def test_exports__document_every_parameter():
    wrong: list[str] = []
    for module, path in modules("src/poolpipe").items():
        for name in (_face(path) or []) if path.name == "__init__.py" else []:
            home, node = _definition(module, name)
            wrong += _missing_of(home, node) if node else []
    wrong = sorted(set(wrong))
    assert not wrong, "\n".join([*wrong, "a line in Parameters for each: shape, dtype, unit, range, missing"])


def _names_of_class(node):
    """Everything a section of a class may name: fields, methods, attributes of self, arguments of `__init__`."""
    names = {ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)}
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef):
            names |= {each.name, *(_arguments(each) if each.name == "__init__" else [])}
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
            names.add(each.attr)
    return names


def test_docstrings__name_only_what_is_there():
    wrong = []
    for path in PUBLIC.values():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef):
                stale = _documented(node, "Parameters") - set(_arguments(node))
            elif isinstance(node, ast.ClassDef):
                stale = _documented(node, "Parameters", "Attributes") - _names_of_class(node)
            else:
                continue
            if stale:
                wrong.append(
                    f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}: {', '.join(sorted(stale))}"
                )
    assert not wrong, "\n".join([*wrong, "a section names arguments and attributes by their present names"])
