"""Write docs/tables.md and tables.zh.md from src/poolpipe/tables.py and vocabulary.py: events, words, tables, columns, codes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.headers import DATES, HEADERS, KIND_NAMES, NUMBERING, PLACE, TIMES
from poolpipe.coding.vocabulary import BEGINNINGS, NO, WORDS, YES
from poolpipe.languages import both, language, speaking
from poolpipe.tables import ANOMALIES, EVENTS, FALSE_ALARMS, REFERENCE, REJECTS, SORT_KEYS, TABLES, Column
from poolpipe.words import LINK_WORDS, SEVERITY_WORDS, SUBJECT_WORDS, VALUE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poolpipe.findings import FalseAlarm, Reject

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "tables.md", "zh": DOCS / "tables.zh.md"}

MEANINGS = tomllib.loads(Path(__file__).with_name("chinese_meanings.toml").read_text(encoding="utf-8"))
"""What events and columns mean, in Chinese by the English of tables.py."""

HEAD = """<!-- Written by scripts/write_tables_page.py from src/poolpipe/tables.py, headers.py and vocabulary.py; do not edit. -->
"""
ENGLISH = """# Tables 结果表

[中文](tables.zh.md)

What goes in, what comes out, and what every column means. Times are UTC. A dash under "null" means that the
column is never empty; anything else says what emptiness means. An undetermined Ct is null: not 0, not NaN, not 40.
"""
IN_CHINESE = """# 结果表与代码

[English](tables.md)

输入什么、输出什么、每一列的含义。时间均为 UTC。“空值”一栏为横线，表示该列从不为空；否则说明空值的含义。未检出扩增的 Ct 值为空值：\
不是 0，不是 NaN，也不是 40。
"""


def main() -> None:
    """Write the page in both languages."""
    for name, path in PAGES.items():
        path.write_text(page(name), encoding="utf-8")


def page(name: str) -> str:
    """The whole page as Markdown, in English (`en`) or Chinese (`zh`)."""
    with speaking(name):
        parts = [
            HEAD + both(ENGLISH, IN_CHINESE),
            _events(),
            _headers(),
            _words(),
            *(_table(table, columns) for table, columns in TABLES.items()),
            _anomalies(),
            _rejects(),
            _false_alarms(),
        ]
        return "\n".join(parts)


def _events() -> str:
    rows = [
        (f"`{kind}`", _names(("at", *each.must)), _names(each.may), _told("events", each.says))
        for kind, each in EVENTS.items()
    ]
    reference = [(f"`{name}`", _names(columns)) for name, columns in REFERENCE.items()]
    head = (
        both("kind", "种类"), both("must have", "必填"), both("may have", "选填"), both("says", "含义")
    )  # fmt: skip
    every = both(
        "Every event may also have `round`, `event_id`, `device`, `operator` and `sent_at`. A `load` has a `tube`, too, "
        "unless its `role` is a control.",
        "每个事件还可以有 `round`、`event_id`、`device`、`operator`、`sent_at`。`load` 除 `role` 为质控外，还须有 `tube`。",
    )
    return (
        _heading("Events", "事件")
        + _grid(head, rows)
        + f"\n{every}\n\n"
        + _heading("Reference tables", "基础表")
        + both("All are optional.", "均为选填。")
        + "\n\n"
        + _grid((both("table", "表"), both("columns", "列")), reference)
    )


def _headers() -> str:
    kind = both("kind", "种类")
    numbering = _names(NUMBERING)
    rows = [(f"`{column}`", _names(headers)) for column, headers in HEADERS.items()]
    names = [(f"`{each}`", _beginnings(begins)) for each, begins in KIND_NAMES.items()]
    parts = [
        _heading("Headers in Chinese", "中文表头"),
        both(
            "Headers of CSV, sheets, Parquet, Arrow and frames that stand for a column. They are looked up whole, after "
            "cleaning: full width becomes half width; blanks, line breaks, `*` and (必填) go. A header stands for a column "
            f"only where the kind of event has it; `{PLACE}` is the point where another column names the site, else the "
            f"site. {numbering} number the lines and are left out.",
            "CSV、工作表、Parquet、Arrow 与数据框中可识别的表头。清洗后整体查对：全角变半角，去掉空格、换行、`*` 与“(必填)”。"
            f"只有该种事件有此列时，表头才对应此列；另有一列注明采样点时，`{PLACE}` 为采样台，否则为采样点。{numbering} 只是行号，不读取。",
        ),
        "\n\n",
        _grid((both("column", "列"), both("may be written", "可写作")), rows),
        "\n",
        both(
            "The time `at` is a column of its own for each kind, which tells the kind as well:",
            "时间 `at` 按事件种类各有表头，由此也可得知事件种类：",
        ),
        "\n\n",
        _grid((kind, both("headers of `at`", "`at` 的表头")), _by_kind(TIMES)),
        "\n",
        both(
            "A date beside it is the column `at_date`: where `at` is a time of day alone (`8:05`) and this a date alone, "
            "both are one time, row by row; elsewhere `at_date` is not used:",
            "另有日期列时为 `at_date`：该行的 `at` 只有时刻（`8:05`）而此列只有日期，二者合为一个时间；其余情况不用 `at_date`：",
        ),
        "\n\n",
        _grid((kind, both("headers of `at_date`", "`at_date` 的表头")), _by_kind(DATES)),
        "\n",
        both(
            "A name of a file, folder or sheet that begins so tells the kind where the header allows several:",
            "表头可属多种事件时，由文件、文件夹或工作表名称的开头判断种类：",
        ),
        "\n\n",
        _grid((kind, both("beginnings of names", "名称开头")), names),
    ]
    return "".join(parts)


def _words() -> str:
    rows = []
    for column, words in WORDS.items():
        for value in dict.fromkeys(words.values()):
            told = [word for word, meaning in words.items() if meaning == value]
            begins = [word for word, meaning in BEGINNINGS.get(column, {}).items() if meaning == value]
            written = both(", ", "、").join(filter(None, (_names(told), _beginnings(begins))))
            rows.append((f"`{column}`", f"`{value}`", written))
    rows += [
        ("`priority`", both("yes", "是"), _names(YES)),
        ("`priority`", both("no", "否"), _names(NO)),
    ]
    note = both(
        "Words of laboratories stand for values in events, reference tables and the tables of "
        "`decode` and `design`. They are looked up after cleaning, to the letter (`priority` in any case); `…` is any "
        "ending. Other words are kept: a call, mode or role is then refused, a document is of a type of its "
        "own, a priority gets a warning in the summary. A `target` may be written in any case and width, with 基因 behind "
        "it; 内标, 内标基因 and 内部对照 are the policy's internal control. The summary names what was read as what.",
        "事件、基础表以及 `decode`、`design` 的表中，实验室常用词语可代替代码。清洗后逐字查对（`priority` 不分大小写），`…` 为任意结尾。"
        "其他词语保留原样：结果、采样方式、孔的用途因此被拒收，证件自成一类，重点与否则在汇总中警示。"
        "靶标（`target`）不分大小写与全半角，其后可带“基因”；内标、内标基因、内部对照即判读规则中的内标。各词如何识别见汇总。",
    )
    head = (both("column", "列"), both("value", "代码"), both("may be written", "可写作"))
    return _heading("Words", "词语") + f"{note}\n\n" + _grid(head, rows)


def _table(name: str, columns: tuple[Column, ...]) -> str:
    rows = [
        (
            f"`{column.name}`",
            _type(column.dtype),
            _values(column.unit) or "–",
            _values(column.meaning) if ", " in column.meaning else _told("columns", column.meaning),
            _told("columns", column.null) or "–",
        )
        for column in columns
    ]
    keys = _names(SORT_KEYS[name])
    order = both(f"Sorted by {keys}.", f"按 {keys} 排序。")
    head = (
        both("column", "列"), both("type", "类型"), both("unit, values", "单位、取值"),
        both("meaning", "含义"), both("null", "空值"),
    )  # fmt: skip
    return f"## `{name}`\n\n{order}\n\n" + _grid(head, rows)


def _anomalies() -> str:
    rows = [
        (
            f"`{code}`",
            both(each.severity, SEVERITY_WORDS[each.severity].chinese),
            _values(each.subject_kind),
            both(each.meaning, each.chinese),
            both(each.way_out, each.way_out_chinese),
        )
        for code, each in ANOMALIES.items()
    ]
    head = (
        both("code", "代码"), both("severity", "程度"), both("subject", "对象"),
        both("meaning", "含义"), both("what to do", "处理办法"),
    )  # fmt: skip
    return _heading("Anomaly codes", "异常代码") + _grid(head, rows)


def _rejects() -> str:
    note = both(
        "The first that applies, in this order, is given. A rejected record can be corrected and sent again.",
        "按此顺序，给出第一个符合的代码。被拒收的记录可改正后重新提供。",
    )
    return _heading("Reject codes", "拒收代码") + f"{note}\n\n" + _findings(("code", "代码"), REJECTS)


def _false_alarms() -> str:
    note = both(
        "None of them changes a call; [false alarms](false-alarms.md) says how each is computed.",
        "任何一项都不改变结论；如何计算见[假阳性](false-alarms.zh.md)。",
    )
    heading = _heading("Statistics of false alarms", "实验室假阳性统计")
    return heading + f"{note}\n\n" + _findings(("statistic", "统计量"), FALSE_ALARMS)


def _findings(what: tuple[str, str], findings: Mapping[str, Reject] | Mapping[str, FalseAlarm]) -> str:
    """What each finding means and what to do about it, under what findings of this sort are called."""
    rows = [
        (f"`{name}`", both(each.meaning, each.chinese), both(each.way_out, each.way_out_chinese))
        for name, each in findings.items()
    ]
    return _grid((both(*what), both("meaning", "含义"), both("what to do", "处理办法")), rows)


def _heading(english: str, in_chinese: str) -> str:
    """A heading: in English with its Chinese behind it, so that whoever reads a board finds it."""
    return f"## {both(f'{english} {in_chinese}', in_chinese)}\n\n"


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _by_kind(headers: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return [(f"`{kind}`" if kind else both("any", "任意"), _names(each)) for kind, each in headers.items()]


def _names(names: Iterable[str]) -> str:
    return both(", ", "、").join(f"`{name}`" for name in names) or "–"


def _beginnings(names: Iterable[str]) -> str:
    return both(", ", "、").join(f"`{name}…`" for name in names)


def _values(told: str) -> str:
    """A column's unit, range or list of values; in Chinese values have their word behind them."""
    values = told.split(", ")
    words = LINK_WORDS if set(values) == set(LINK_WORDS) else {**VALUE_WORDS, **SUBJECT_WORDS}
    if language() == "en" or not set(values) <= set(words):
        return _told("columns", told)
    return "、".join(f"{value}（{words[value].chinese}）" for value in values)


def _told(what: str, text: str) -> str:
    """A text of tables.py in the page's language.

    Raises
    ------
    LookupError
        If nobody has written its Chinese.
    """
    if language() == "en" or not text:
        return text
    if text not in MEANINGS[what]:
        message = f"{text!r} has no Chinese: write it in scripts/chinese_meanings.toml under [{what}]"
        raise LookupError(message)
    return str(MEANINGS[what][text])


def _type(dtype: pl.DataType) -> str:
    return "time" if isinstance(dtype, pl.Datetime) else str(dtype).lower()


if __name__ == "__main__":
    main()
