"""Choose the tests that run the line a change touches, the likeliest to notice it first."""

from __future__ import annotations

import ast
import difflib
import gzip
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.mutation_record import record_path, source_path, tests_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.mutations import Change

UNCOMPILED = ("compilation", "kept_code")
"""Modules of the kernels' package that are plain Python."""
LINES_A_SECOND = 3000
"""A test that runs so many lines of the code is as late as one that takes a second more: it says less of each."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_kernel(path: str) -> bool:
    return path.startswith("kernels/") and Path(path).stem not in UNCOMPILED


@dataclass
class Recorded:
    """Passing tests, their seconds, and by module and line the numbers of the tests that run it."""

    tests: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    lines: dict[str, dict[int, list[int]]] = field(default_factory=dict)

    def running(self, path: str, lines: Iterable[int]) -> set[str]:
        of = self.lines.get(path, {})
        return {self.tests[number] for line in lines for number in of.get(line, ())}


def stale(place: Path, root: Path, files: Iterable[str], *, interpreted: bool) -> list[str]:
    """Files of tests without a record of their present text."""
    return [file for file in files if _record(place, root, file, interpreted=interpreted) is None]


def recorded(place: Path, root: Path, files: Iterable[str], *, interpreted: bool) -> Recorded:
    """All records, with lines numbered as in the code of today."""
    all_of = Recorded()
    moved: dict[tuple[str, str], dict[int, int]] = {}
    for file in files:
        record = _record(place, root, file, interpreted=interpreted)
        if record is None:
            continue
        first = len(all_of.tests)
        all_of.tests += record["tests"]
        all_of.seconds |= dict(zip(record["tests"], record["seconds"], strict=True))
        for path, key in record["sources"].items():
            if (path, key) not in moved:
                moved[path, key] = _moved(source_path(place, key), root / path)
            now = all_of.lines.setdefault(path, {})
            for line, numbers in record["lines"][path].items():
                if int(line) in moved[path, key]:
                    now.setdefault(moved[path, key][int(line)], []).extend(
                        first + number for number in numbers
                    )
    for of in all_of.lines.values():
        for numbers in of.values():
            for number in numbers:
                test = all_of.tests[number]
                all_of.runs[test] = all_of.runs.get(test, 0) + 1
    return all_of


def _record(place: Path, root: Path, file: str, *, interpreted: bool) -> dict[str, Any] | None:
    path = record_path(place, file, interpreted=interpreted)
    if not path.exists():
        return None
    record: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return record if record["key"] == tests_key(root / file) else None


def _moved(before: Path, now: Path) -> dict[int, int]:
    """The number that each line of a module has today, where the line is still there."""
    if not now.exists():
        return {}
    old, new = before.read_text(encoding="utf-8").splitlines(), now.read_text(encoding="utf-8").splitlines()
    if old == new:
        return {line: line for line in range(1, len(old) + 1)}
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return {block.a + step + 1: block.b + step + 1 for block in blocks for step in range(block.size)}


@dataclass(frozen=True)
class _Statement:
    """Where a line stands: the lines of its innermost statement, and what makes tests reach it."""

    lines: range
    function: range | None
    names: tuple[str, ...]
    """What is bound outside of functions, or the function's own name: whoever speaks of it reaches the line."""


class Modules:
    """The code of a project as statements and words, to find who uses a name."""

    def __init__(self, root: Path) -> None:
        files = sorted((*root.glob("src/poolpipe/**/*.py"), *root.glob("kernels/**/*.py")))
        self.texts = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}
        self._statements: dict[str, list[_Statement]] = {}

    @cached_property
    def _words(self) -> dict[str, dict[str, list[int]]]:
        words: dict[str, dict[str, list[int]]] = {}
        for path, text in self.texts.items():
            for number, line in enumerate(text.splitlines(), 1):
                for word in set(re.findall(r"\w+", line)):
                    words.setdefault(word, {}).setdefault(path, []).append(number)
        return words

    def statement(self, path: str, first: int, last: int) -> _Statement:
        if path not in self._statements:
            self._statements[path] = list(_statements(ast.parse(self.texts[path]), None, ()))
        there = [
            each for each in self._statements[path] if each.lines.start <= first and last < each.lines.stop
        ]
        return min(
            there, key=lambda each: len(each.lines), default=_Statement(range(first, last + 1), None, ())
        )

    def is_inside(self, path: str, change: Change) -> bool:
        """Whether a change is inside a function, past its head, so that its code can be replaced while it is loaded."""
        plain = path.startswith("kernels/") and not is_kernel(path)
        return not plain and self.statement(path, *self.lines(path, change)).function is not None

    def lines(self, path: str, change: Change) -> tuple[int, int]:
        """The first and last line of what a change replaces."""
        old = self.texts[path].encode()[change.begin : change.end]
        return change.line, change.line + old.count(b"\n")

    def reached_from(self, path: str, first: int, last: int, *, compiled: bool) -> dict[str, set[int]]:
        """Lines inside functions whose run may show a change of these lines, by module."""
        lines: dict[str, set[int]] = {}
        seen: set[tuple[str, str]] = set()
        wanted = [(path, first, last)]
        while wanted:
            path, first, last = wanted.pop()
            statement = self.statement(path, first, last)
            lines.setdefault(path, set()).update(statement.lines)
            if statement.function is not None and not (compiled and is_kernel(path)):
                continue
            for name in statement.names:
                if (path, name) not in seen:
                    seen.add((path, name))
                    wanted += [(user, line, line) for user, line in self._users(path, name)]
        return lines

    def _users(self, path: str, name: str) -> Iterator[tuple[str, int]]:
        stem = Path(path).stem if Path(path).stem != "__init__" else Path(path).parent.name
        for user, numbers in self._words.get(name, {}).items():
            if user == path or user in self._words.get(stem, {}):
                yield from ((user, number) for number in numbers)

    def users_of(self, path: str) -> list[str]:
        """Modules that speak of a module."""
        return sorted(self._words.get(Path(path).stem, {}))


def _statements(node: ast.AST, function: range | None, names: tuple[str, ...]) -> Iterator[_Statement]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt):
            yield from _statements(child, function, names)
            continue
        whole = range(child.lineno, (child.end_lineno or child.lineno) + 1)
        body = getattr(child, "body", None)
        head = range(child.lineno, max(body[0].lineno, child.lineno + 1)) if body else whole
        inside, told = function, names if function else (*names, *_bound(child))
        if isinstance(child, _FUNCTIONS):
            inside, told = function or whole, names if function else (*names[:1], child.name)
            head = whole  # its defaults show wherever it runs
        yield _Statement(head, function, told)
        yield from _statements(child, inside, told)


def _bound(statement: ast.stmt) -> tuple[str, ...]:
    if isinstance(statement, ast.ClassDef):
        return (statement.name,)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return tuple(
        node.id
        for target in targets
        if target is not None
        for node in ast.walk(target)
        if isinstance(node, ast.Name)
    )


def choice(
    found: Recorded, modules: Modules, path: str, change: Change, likely: Iterable[str], *, interpreted: bool
) -> list[str]:
    """Tests that may notice a change, file by file.

    Parameters
    ----------
    found : Recorded
        Which test runs which line.
    modules : Modules
        The code without the change.
    path : str
        The module that is changed.
    change : Change
        The change.
    likely : iterable of str
        Tests that have noticed changes of this module before; they come first.
    interpreted : bool
        Whether kernels were interpreted when the tests were recorded: else nothing tells which of a kernel's lines a
        test runs, and all tests are chosen that run a line which calls it.

    Returns
    -------
    list of str
        Node ids of pytest.
    """
    first, last = modules.lines(path, change)
    reached = modules.reached_from(path, first, last, compiled=not interpreted)
    tests = {test for user, lines in reached.items() for test in found.running(user, lines)}
    for wider in (
        {path: modules.statement(path, first, last).function or ()},
        {path: found.lines.get(path, ())},
        {user: found.lines.get(user, ()) for user in modules.users_of(path)},
    ):
        tests = tests or {test for user, lines in wider.items() for test in found.running(user, lines)}
    return _in_order(found, path, tests, set(likely))


def _in_order(found: Recorded, path: str, tests: set[str], likely: set[str]) -> list[str]:
    costs = {test: found.seconds[test] + found.runs.get(test, 0) / LINES_A_SECOND for test in tests}
    files: dict[str, list[str]] = {}
    for test in sorted(tests, key=lambda test: (costs[test], test)):
        files.setdefault(test.split("::")[0], []).append(test)
    module = Path(path)

    def rank(file: str) -> tuple[bool, bool, float, str]:
        near = module.stem in Path(file).stem
        beside = Path(file).parent.name in module.parts
        return not near, not beside, median(costs[test] for test in files[file]), file

    ordered = [test for file in sorted(files, key=rank) for test in files[file]]
    return [*(test for test in ordered if test in likely), *(test for test in ordered if test not in likely)]
