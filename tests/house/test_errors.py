"""Every error that a user can meet says where it is and what the way out is."""

from __future__ import annotations

import ast
from string import Formatter

from house.rooms import modules, tree, word
from poolpipe.messages import MESSAGES

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
    """Every error that is made: module, line, and what it says by keyword; with `.of` what the catalogue says, too."""
    errors = _errors(sources)
    for module, path in sources.items():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            said = {word.arg: word.value for word in node.keywords}
            if isinstance(node.func, ast.Name) and node.func.id in errors:
                yield module, f"{path.name}:{node.lineno}", said
            elif _is_of(node, errors):
                known = any(_told(code).way_out for code in _codes(node))
                given = {"way_out": node} if known else {}
                yield module, f"{path.name}:{node.lineno}", given | said


def _is_of(node, errors):
    made = isinstance(node.func, ast.Attribute) and node.func.attr == "of"
    return made and isinstance(node.func.value, ast.Name) and node.func.value.id in errors


def _codes(node):
    """Codes that a call names outright; none where a variable does."""
    first = node.args[0]
    return [first.value] if isinstance(first, ast.Constant) else []


def _told(code):
    return MESSAGES[code]


def _fields(*templates):
    return {name for text in templates for _, name, _, _ in Formatter().parse(text) if name}


def test_catalogue__says_everything_in_both_languages():
    for code, told in MESSAGES.items():
        assert bool(told.way_out) == bool(told.way_out_chinese), f"{code}: a way out in one language only"
        english = _fields(told.english, told.way_out)
        assert _fields(told.chinese, told.way_out_chinese) <= english, f"{code}: a field that English has not"
        texts = (
            [told.chinese, told.way_out_chinese] if told.chinese else []
        )  # rules that are bilingual already
        for text in filter(None, texts):
            assert any("\u4e00" <= sign <= "\u9fff" for sign in text), f"{code}: {text!r} is no Chinese"


def test_catalogue__has_each_message_used_with_its_fields():
    sources = modules("src/poolpipe")
    errors = _errors(sources)
    calls = [node for path in sources.values() for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    for node in (each for each in calls if _is_of(each, errors)):
        given = {word.arg for word in node.keywords if word.arg} - {"where", "way_out"}
        for code in _codes(node):
            told = MESSAGES[code]
            asked = _fields(told.english, told.chinese)
            if "way_out" not in {word.arg for word in node.keywords}:
                asked |= _fields(told.way_out, told.way_out_chinese)
            assert asked <= given, f"{code}: {sorted(asked - given)} are not given"
            assert given - {"broken"} <= _fields(*told), f"{code}: {sorted(given)} are not asked for"
    texts = {
        node.value
        for name, path in sources.items()
        if word(name) != "messages"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not set(MESSAGES) - texts, f"{sorted(set(MESSAGES) - texts)}: nobody says these"


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


CORE = {
    *("events", "policy", "import_policy", "settings", "tables", "results", "stages", "pipeline", "commands"),
    "terminal",
    "coding",
}
"""Where what a clerk does every day may raise; instruments, exchange and mathematics have words of their own."""


def test_errors__of_the_daily_commands_are_of_the_catalogue():
    own = [
        f"{path.name}:{node.lineno}"
        for name, path in modules("src/poolpipe").items()
        if word(name) in CORE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"InputError", "PolicyError", "TableError"}
    ]
    assert not own, "\n".join(
        [*own, "raise InputError.of(code, ...), with the message in src/poolpipe/messages"]
    )
