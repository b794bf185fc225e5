"""Write docs/tables.md from src/poolpipe/tables.py and vocabulary.py: every event, word, table, column, anomaly and reject code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.headers import DATES, HEADERS, KIND_NAMES, NUMBERING, PLACE, TIMES
from poolpipe.coding.vocabulary import BEGINNINGS, NO, WORDS, YES
from poolpipe.tables import ANOMALIES, EVENTS, REFERENCE, REJECTS, SORT_KEYS, TABLES, Column
from poolpipe.words import SEVERITY_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"

HEAD = """<!-- Written by scripts/write_tables_page.py from src/poolpipe/tables.py, headers.py and vocabulary.py; do not edit. -->
# Tables 结果表

What goes in, what comes out, and what every column means. Times are UTC. A dash under "null" means that the
column is never empty; anything else says what emptiness means. An undetermined Ct is null: not 0, not NaN, not 40.
"""


def main() -> None:
    """Write the page, or with `--check` exit 1 where it is out of date."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    parts = [
        HEAD,
        _events(),
        _headers(),
        _words(),
        *(_table(name, columns) for name, columns in TABLES.items()),
        _anomalies(),
        _rejects(),
    ]
    return "\n".join(parts)


def _events() -> str:
    rows = [
        (f"`{kind}`", _names(("at", *each.must)), _names(each.may), each.says)
        for kind, each in EVENTS.items()
    ]
    reference = [(f"`{name}`", _names(columns)) for name, columns in REFERENCE.items()]
    return (
        "## Events 事件\n\n"
        + _grid(("kind", "must have", "may have", "says"), rows)
        + "\nEvery event may also have `round`, `event_id`, `device`, `operator` and `sent_at`. A `load` has a `tube`, too, "
        "unless its `role` is a control.\n\n"
        "## Reference tables 基础表\n\nAll are optional.\n\n" + _grid(("table", "columns"), reference)
    )


def _headers() -> str:
    rows = [
        (f"`{column}`", ", ".join(f"`{each}`" for each in headers)) for column, headers in HEADERS.items()
    ]
    times = [
        (f"`{kind}`" if kind else "any 任意", ", ".join(f"`{each}`" for each in headers))
        for kind, headers in TIMES.items()
    ]
    dates = [
        (f"`{kind}`" if kind else "any 任意", ", ".join(f"`{each}`" for each in headers))
        for kind, headers in DATES.items()
    ]
    names = [(f"`{kind}`", ", ".join(f"`{each}…`" for each in begins)) for kind, begins in KIND_NAMES.items()]
    return (
        "## Headers in Chinese 中文表头\n\nHeaders of CSV, sheets, Parquet, Arrow and frames that stand for a column. They are looked up "
        "whole, after cleaning: full width becomes half width; blanks, line breaks, `*` and (必填) go. A header stands for a column "
        f"only where the kind of event has it; `{PLACE}` is the point where another column names the site, else the site. "
        f"{', '.join(f'`{each}`' for each in NUMBERING)} number the lines and are left out.\n\n"
        + _grid(("column", "may be written"), rows)
        + "\nThe time `at` is a column of its own for each kind, which tells the kind as well:\n\n"
        + _grid(("kind", "headers of `at`"), times)
        + "\nA date beside it is the column `at_date`: where `at` is a time of day alone (`8:05`) and this a date alone, both are one "
        "time, row by row; elsewhere `at_date` is not used:\n\n"
        + _grid(("kind", "headers of `at_date`"), dates)
        + "\nA name of a file, folder or sheet that begins so tells the kind where the header allows several:\n\n"
        + _grid(("kind", "beginnings of names"), names)
    )


def _words() -> str:
    rows = []
    for column, words in WORDS.items():
        for value in dict.fromkeys(words.values()):
            told = [f"`{word}`" for word, meaning in words.items() if meaning == value]
            begins = [
                f"`{word}…`" for word, meaning in BEGINNINGS.get(column, {}).items() if meaning == value
            ]
            rows.append((f"`{column}`", f"`{value}`", ", ".join([*told, *begins])))
    rows += [
        ("`priority`", word, ", ".join(f"`{each}`" for each in each_of))
        for word, each_of in (("yes", YES), ("no", NO))
    ]
    return (
        "## Words 词语\n\nWords of laboratories stand for values in events, reference tables and the tables of "
        "`decode` and `design`. They are looked up after cleaning, to the letter (`priority` in any case); `…` is any "
        "ending. Other words are kept: a call, mode or role is then refused, a document is of a type of its "
        "own, a priority gets a warning in the summary.\n\n"
        + _grid(("column", "value", "may be written"), rows)
    )


def _table(name: str, columns: tuple[Column, ...]) -> str:
    rows = [
        (f"`{column.name}`", _type(column.dtype), column.unit or "–", column.meaning, column.null or "–")
        for column in columns
    ]
    order = f"Sorted by {_names(SORT_KEYS[name])}.\n\n"
    return f"## `{name}`\n\n{order}" + _grid(("column", "type", "unit, values", "meaning", "null"), rows)


def _anomalies() -> str:
    rows = [
        (
            f"`{code}`",
            f"{each.severity} {SEVERITY_WORDS[each.severity].chinese}",
            each.subject_kind,
            f"{each.meaning}<br>{each.chinese}",
            f"{each.way_out}<br>{each.way_out_chinese}",
        )
        for code, each in ANOMALIES.items()
    ]
    head = ("code", "severity", "subject", "meaning", "what to do")
    return "## Anomaly codes 异常代码\n\n" + _grid(head, rows)


def _rejects() -> str:
    rows = [
        (f"`{code}`", f"{each.meaning}<br>{each.chinese}", f"{each.way_out}<br>{each.way_out_chinese}")
        for code, each in REJECTS.items()
    ]
    note = "The first that applies, in this order, is given. A rejected record can be corrected and sent again.\n\n"
    return "## Reject codes 拒收代码\n\n" + note + _grid(("code", "meaning", "what to do"), rows)


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def _type(dtype: pl.DataType) -> str:
    return "time" if isinstance(dtype, pl.Datetime) else str(dtype).lower()


if __name__ == "__main__":
    main()
