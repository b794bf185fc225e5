"""The small changes that a mutation run makes to a module, each as a stretch of bytes and what stands there instead."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Change", "changes_of"]

COMPARED = {
    ast.Lt: (("<", "<="), ("<", ">")),
    ast.LtE: (("<=", "<"), ("<=", ">=")),
    ast.Gt: ((">", ">="), (">", "<")),
    ast.GtE: ((">=", ">"), (">=", "<=")),
    ast.Eq: (("==", "!="),),
    ast.NotEq: (("!=", "=="),),
    ast.Is: (("is", "is not"),),
    ast.IsNot: (("is not", "is"),),
    ast.In: (("in", "not in"),),
    ast.NotIn: (("not in", "in"),),
}
COMBINED = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "//"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}  # fmt: skip
TURNED = {
    one: other
    for pair in (
        ("min", "max"), ("first", "last"), ("any", "all"), ("head", "tail"), ("minimum", "maximum"),
        ("is_null", "is_not_null"), ("any_horizontal", "all_horizontal"), ("min_horizontal", "max_horizontal"),
        ("floor", "ceil"), ("startswith", "endswith"), ("lstrip", "rstrip"), ("upper", "lower"),
        ("argmin", "argmax"), ("union", "intersection"), ("left", "right"), ("backward", "forward"),
    )
    for one, other in (pair, pair[::-1])
}  # fmt: skip
DROPPED = frozenset({
    "sort", "unique", "drop_nulls", "fill_null", "filter", "strip", "strip_chars", "abs", "reverse", "copy",
    "lower", "upper", "sorted", "cast", "round",
})  # fmt: skip
GUARDS = ("strict", "frozen", "slots", "check_sortedness")
"""Arguments that only make a mistake loud."""
ELSEWHERE = ("sys.platform == 'win32'", "os.name == 'nt'")
"""Conditions of what runs on other systems only."""
UNTOUCHED = (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr, ast.Global, ast.Nonlocal)


@dataclass(frozen=True)
class Change:
    """One small change: the bytes from `begin` to `end` of a module become `new`."""

    name: str
    line: int
    begin: int
    end: int
    new: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.begin] + self.new.encode() + source[self.end :]

    def lines(self, source: bytes) -> tuple[str, str]:
        """The lines it touches before and after, blanks made one: what names the change while code moves."""
        first = source.rfind(b"\n", 0, self.begin) + 1
        last = source.find(b"\n", self.end)
        old = source[first : last if last >= 0 else None]
        new = source[first : self.begin] + self.new.encode() + source[self.end : last if last >= 0 else None]
        return " ".join(old.decode().split()), " ".join(new.decode().split())


def changes_of(source: bytes) -> list[Change]:
    """Every change that could be made to a module, in the order of its lines."""
    found = _Finder(source)
    found.visit(ast.parse(source))
    return sorted(set(found.changes), key=lambda change: (change.begin, change.end, change.name, change.new))


class _Finder(ast.NodeVisitor):
    """Walks a module past what says nothing at run time: imports, annotations, messages, docstrings."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]
        self.changes: list[Change] = []
        self.sets: set[int] = set()  # what something is looked for in: the order says nothing

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, UNTOUCHED) or _is_typing(node) or _is_face(node):
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) in ELSEWHERE:
            for child in node.orelse:
                self.visit(child)
            return
        if isinstance(node, ast.keyword) and node.arg in GUARDS:
            return
        made = getattr(self, f"_{type(node).__name__.lower()}", None)
        if made is not None:
            for name, begin, end, new in made(node):
                self.changes.append(Change(name, self._line(begin), begin, end, new))
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)

    def _line(self, at: int) -> int:
        return self.source.count(b"\n", 0, at) + 1

    def _begin(self, node: ast.AST) -> int:
        return self.starts[node.lineno - 1] + int(node.col_offset)  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return self.starts[node.end_lineno - 1] + int(node.end_col_offset)  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> str:
        return self.source[self._begin(node) : self._end(node)].decode()

    def _whole(self, name: str, node: ast.AST, new: str) -> Iterator[tuple[str, int, int, str]]:
        yield name, self._begin(node), self._end(node), new

    def _between(
        self, name: str, left: ast.AST, right: ast.AST, old: str, new: str
    ) -> Iterator[tuple[str, int, int, str]]:
        """The operator that stands between two operands."""
        begin, end = self._end(left), self._begin(right)
        at = re.search(rb"(?<!\w)" + re.escape(old.encode()) + rb"(?!\w)", self.source[begin:end])
        if at is not None:
            yield name, begin + at.start(), begin + at.end(), new

    def _compare(self, node: ast.Compare) -> Iterator[tuple[str, int, int, str]]:
        self.sets |= {
            id(operand) for operand in node.comparators if isinstance(node.ops[0], (ast.In, ast.NotIn))
        }
        for left, operator, right in zip(
            (node.left, *node.comparators), node.ops, node.comparators, strict=False
        ):
            for old, new in COMPARED[type(operator)]:
                yield from self._between("comparison turned", left, right, old, new)

    def _binop(self, node: ast.BinOp) -> Iterator[tuple[str, int, int, str]]:
        if type(node.op) in COMBINED:
            yield from self._between("operator turned", node.left, node.right, *COMBINED[type(node.op)])
            for kept in (node.left, node.right):
                yield from self._whole("term dropped", node, f"({self._text(kept)})")

    def _boolop(self, node: ast.BoolOp) -> Iterator[tuple[str, int, int, str]]:
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        joined = f" {other} ".join(f"({self._text(value)})" for value in node.values)
        yield from self._whole("and and or turned", node, f"({joined})")
        for left_out in node.values:
            kept = [f"({self._text(value)})" for value in node.values if value is not left_out]
            yield from self._whole("term dropped", node, f"({f' {word} '.join(kept)})")

    def _unaryop(self, node: ast.UnaryOp) -> Iterator[tuple[str, int, int, str]]:
        yield from self._whole("sign or not dropped", node, f"({self._text(node.operand)})")

    def _constant(self, node: ast.Constant) -> Iterator[tuple[str, int, int, str]]:
        value = node.value
        if isinstance(value, bool):
            yield from self._whole("truth turned", node, str(not value))
        elif isinstance(value, int):
            yield from self._whole("number changed", node, str(value + 1))
        elif isinstance(value, float):
            yield from self._whole("number changed", node, repr(value * 1.25 + (value == 0.0)))
        elif isinstance(value, str) and value in TURNED:
            yield from self._whole("word turned", node, repr(TURNED[value]))

    def _attribute(self, node: ast.Attribute) -> Iterator[tuple[str, int, int, str]]:
        if node.attr in TURNED:
            end = self._end(node)
            yield "word turned", end - len(node.attr), end, TURNED[node.attr]

    def _name(self, node: ast.Name) -> Iterator[tuple[str, int, int, str]]:
        if isinstance(node.ctx, ast.Load) and node.id in ("min", "max", "any", "all"):
            yield from self._whole("word turned", node, TURNED[node.id])

    def _call(self, node: ast.Call) -> Iterator[tuple[str, int, int, str]]:
        if isinstance(node.func, ast.Attribute) and node.func.attr in DROPPED:
            yield from self._whole("call dropped", node, self._text(node.func.value))
        elif isinstance(node.func, ast.Name) and node.func.id in DROPPED and len(node.args) == 1:
            yield from self._whole("call dropped", node, f"list({self._text(node.args[0])})")
        given = sorted((*node.args, *(word.value for word in node.keywords)), key=self._begin)
        for before, word in itertools.pairwise(given):
            if word in node.args and len(node.args) > 2 and isinstance(word, ast.Constant):
                yield "argument dropped", self._end(before), self._end(word), ""
        for keyword in node.keywords:
            at = given.index(keyword.value)
            if at and keyword.arg not in (None, *GUARDS) and isinstance(keyword.value, ast.Constant):
                yield "argument dropped", self._end(given[at - 1]), self._end(keyword), ""

    def _ifexp(self, node: ast.IfExp) -> Iterator[tuple[str, int, int, str]]:
        yield from self._whole("condition turned", node.test, f"(not ({self._text(node.test)}))")

    def _if(self, node: ast.If) -> Iterator[tuple[str, int, int, str]]:
        yield from self._whole("condition turned", node.test, f"not ({self._text(node.test)})")

    def _break(self, node: ast.Break) -> Iterator[tuple[str, int, int, str]]:
        yield from self._whole("loop turned", node, "continue")

    def _continue(self, node: ast.Continue) -> Iterator[tuple[str, int, int, str]]:
        yield from self._whole("loop turned", node, "pass")

    def _augassign(self, node: ast.AugAssign) -> Iterator[tuple[str, int, int, str]]:
        if type(node.op) in COMBINED:
            old, new = COMBINED[type(node.op)]
            yield from self._between("operator turned", node.target, node.value, f"{old}=", f"{new}=")
        yield from self._whole("step left out", node, "pass")

    def _expr(self, node: ast.Expr) -> Iterator[tuple[str, int, int, str]]:
        if isinstance(node.value, ast.Call):
            yield from self._whole("step left out", node, "pass")

    def _dict(self, node: ast.Dict) -> Iterator[tuple[str, int, int, str]]:
        yield from self._swapped(node.values)

    def _tuple(self, node: ast.Tuple) -> Iterator[tuple[str, int, int, str]]:
        if id(node) not in self.sets:
            yield from self._swapped(node.elts)

    def _list(self, node: ast.List) -> Iterator[tuple[str, int, int, str]]:
        yield from self._swapped(node.elts)

    def _swapped(self, values: list[ast.expr]) -> Iterator[tuple[str, int, int, str]]:
        """Two neighbours, both of them constants, change places."""
        for one, other in itertools.pairwise(values):
            if isinstance(one, ast.Constant) and isinstance(other, ast.Constant) and one.value != other.value:
                between = self.source[self._end(one) : self._begin(other)].decode()
                new = f"{self._text(other)}{between}{self._text(one)}"
                yield "neighbours swapped", self._begin(one), self._end(other), new


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_face(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
