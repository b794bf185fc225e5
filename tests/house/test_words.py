"""One table of words: values are named in poolpipe.words alone, for all that the tables may hold, as docs/glossary.md has them."""

from __future__ import annotations

import ast
import re

import pytest

from house.rooms import ROOT, modules, nodes
from house.test_glossary import UNDERSTOOD
from poolpipe import policy, tables, words
from poolpipe.findings import ANOMALIES
from poolpipe.languages import has_chinese, speaking

TABLES = {
    name: getattr(words, name) for name in words.__all__ if name.endswith("_WORDS") and name != "COLUMN_WORDS"
}


def _glossary():
    """The second column of docs/glossary.md: the Chinese that is written."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    return re.findall(r"^\| [^|]+ \| ([^|]+) \|[^|]*\|$", text, re.MULTILINE)


def _pairs(node):
    """Names with what they are called: of a dict, or of a list of tuples."""
    if isinstance(node, ast.Dict):
        return [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key]
    rows = [each.elts for each in getattr(node, "elts", ()) if isinstance(each, ast.Tuple)]
    return [(each[0], value) for each in rows for value in each[1:]]


def _named(node):
    """The values that a literal gives a Chinese text, by itself or beside an English one."""
    return {
        key.value
        for key, value in _pairs(node)
        if isinstance(key, ast.Constant)
        and any(
            isinstance(each, ast.Constant) and has_chinese(str(each.value))
            for each in (value, *getattr(value, "elts", ()), *getattr(value, "args", ()))
        )
    }


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("{'open': '待复采', 'closed': ('closed', '已办结')}", {"open", "closed"}),
        ("(('open', Wording('open', '待复采')), ('closed', 'closed'))", {"open"}),
        ("{'open': 'open'}", set()),
    ],
)
def test_literal__that_names_values_is_found(code, named):
    assert _named(ast.parse(code, mode="eval").body) == named


def test_words__are_in_one_table():
    second = []
    for module, path in modules("src/poolpipe").items():
        if module.startswith(("poolpipe.words", *UNDERSTOOD)):
            continue
        for node in nodes(path):
            told = _named(node)
            second += [
                f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {', '.join(sorted(told & set(table)))}"
                for name, table in TABLES.items()
                if name != "VALUE_WORDS" and len(told & set(table)) > 1
            ]
    assert not second, "\n".join([*second, "take these words from poolpipe.words: one thing has one name"])


def test_words__are_those_of_the_glossary():
    told = "\n".join(_glossary())
    missing = {
        f"{name}: {value}: {wording.chinese}"
        for name, table in TABLES.items()
        for value, wording in table.items()
        if wording.chinese not in told
    }
    assert not missing, "\n".join([*sorted(missing), "give it a row of docs/glossary.md"])


def test_words__name_every_value_of_the_tables():
    assert set(words.EVENT_WORDS) == set(tables.KINDS)
    assert set(words.CALL_WORDS) == set(tables.CALLS)
    assert set(words.MODE_WORDS) == set(tables.MODES)
    assert set(words.ROLE_WORDS) == set(tables.ROLES)
    assert tuple(words.STATE_WORDS) == tables.STATES
    assert set(words.RETENTION_WORDS) == set(tables.RETENTION)
    assert set(words.TABLE_WORDS) == set(tables.TABLES)
    assert set(words.REFERENCE_WORDS) == set(tables.REFERENCE)
    assert set(words.PRESET_WORDS) == set(policy.PRESETS)
    assert {each.subject_kind for each in ANOMALIES.values()} <= set(words.SUBJECT_WORDS)
    assert {each.severity for each in ANOMALIES.values()} == set(words.SEVERITY_WORDS)


def test_words__name_every_column():
    columns = {column.name for table in tables.TABLES.values() for column in table}
    columns |= {name for kind in tables.EVENTS.values() for name in kind.columns}
    columns |= {name for names in tables.REFERENCE.values() for name in names}
    missing = sorted(columns - set(words.COLUMN_WORDS))
    assert not missing, f"{missing}: give them a Chinese name in words.COLUMN_WORDS"


def test_value__stands_for_one_thing():
    values = [value for name, table in TABLES.items() if name != "VALUE_WORDS" for value in table]
    several = {value for value in words.VALUE_WORDS if values.count(value) > 1}
    same = {
        value for value in several if len({table[value] for table in TABLES.values() if value in table}) == 1
    }
    assert several == same


def test_word__of_a_reader_and_of_no_table():
    with speaking("zh"):
        assert words.word_of(words.PRESET_WORDS, "twenty-in-one") == "20合1混采"
        assert words.word_of(words.PRESET_WORDS, "our-county") == "our-county"
    with speaking("en"):
        assert words.word_of(words.VALUE_WORDS, "picked_up") == "picked up"
