"""Every error that a user can meet says where it is and what the way out is."""

from __future__ import annotations

import ast
from string import Formatter

from house.rooms import ROOT, modules, nodes, word
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
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
    }

    def ours(name):
        return name == "PoolpipeError" or any(ours(base) for base in bases.get(name, []))

    return {name for name in bases if ours(name)}


def _raised(sources):
    """Every error that is made: module, line, and what it says by keyword; with `.of` what the catalogue says, too."""
    errors = _errors(sources)
    for module, path in sources.items():
        for node in nodes(path):
            if not isinstance(node, ast.Call):
                continue
            said = {word.arg: word.value for word in node.keywords}
            if isinstance(node.func, ast.Name) and node.func.id in errors:
                yield module, f"{path.name}:{node.lineno}", said
            elif _is_of(node, errors):
                codes = _codes(node)  # none where a variable holds the code
                known = not codes or any(_told(code).way_out for code in codes)
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
    calls = [node for path in sources.values() for node in nodes(path) if isinstance(node, ast.Call)]
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
        for node in nodes(path)
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
        if isinstance(value, ast.Constant) and value.value in ("", None)
    ]
    assert not empty, f"{empty}: nothing is said"


NOT_FOR_READERS = {
    "poolpipe.__getattr__": "a name that Python asks a module for",
    "poolpipe.results.day.__getattr__": "a name that Python asks a day for",
    "poolpipe.cli.get_command": "a table of commands that is wrong",
    "poolpipe.events.assemble": "a kind of value that validation never lets through",
    "poolpipe.events.sources": "a pipe without a place to keep it",
    "poolpipe.events.staging": "a kind of value that validation never lets through",
    "poolpipe.events.isolation": "the reason why a child process gave no answer; its caller's error quotes it",
    "poolpipe.events.gzip_members": "the reason why a member is damaged; a message of rejects quotes it",
    "poolpipe.results.locks": "an error of the system that the caller knows by its number",
    "poolpipe.results.writing": "an error of the system that the caller knows by its number",
    "poolpipe.results.written": "the reason why a table is not the summary's; `torn_result` quotes it",
    "poolpipe.terminal.marks": "a board that is drawn with a number of cells that its columns have not",
}
"""Modules, or functions, whose errors never reach a reader by themselves, and what they are instead."""


def _texts(call, held):
    """Texts with a blank in what a call is given: sentences, and no codes. Its place and a message's fields may be texts.

    `held` has the value of each variable of the function, which may hold the text.
    """
    of_code = getattr(call.func, "attr", "") == "of" or getattr(call.func, "id", "") == "broken"
    named = [
        each.value for each in call.keywords if each.arg == "way_out" or (not of_code and each.arg != "where")
    ]
    given = [held.get(getattr(each, "id", ""), each) for each in (*call.args, *named)]
    inside = [node for each in given for node in ast.walk(each) if not _in_message(each, node)]
    return [
        node.value
        for node in inside
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip(" ;:,")
    ]


def _in_message(given, node):
    """Whether a node lies in the call of a function, whose own arguments are not what is told."""
    return any(
        node is not each and node in ast.walk(each)
        for each in ast.walk(given)
        if isinstance(each, ast.Call) and each is not given
    )


def _functions(path):
    """Every function of a module: its name, what it raises, its calls, and the values of its variables."""
    for node in nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            raised = [each.exc for each in ast.walk(node) if isinstance(each, ast.Raise)]
            calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
            held = {
                each.targets[0].id: each.value
                for each in ast.walk(node)
                if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name)
            }
            yield node.name, raised, calls, held


def test_errors__have_no_text_outside_the_catalogue():
    sources = modules("src/poolpipe")
    errors = _errors(sources)
    own, unused = set(), set(NOT_FOR_READERS)
    for module, path in sources.items():
        for function, raised, calls, held in _functions(path):
            for call in calls:
                made = getattr(call.func, "id", "") in errors or _is_of(call, errors) or call in raised
                if not made or not _texts(call, held):
                    continue
                if excused := {module, f"{module}.{function}"} & set(NOT_FOR_READERS):
                    unused -= excused
                    continue
                own.add(f"{path.relative_to(ROOT)}:{call.lineno}: {_texts(call, held)[0]!r}")
    assert not own, "\n".join(
        [*sorted(own), "raise X.of(code, ...), with the message in src/poolpipe/messages"]
    )
    assert not unused, f"{sorted(unused)}: no text of their own any more, strike them from NOT_FOR_READERS"
