"""Write docs/marts.md and marts.zh.md from the headers of src/poolpipe/nightly/sql: every table, its columns, what it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.languages import both, speaking
from poolpipe.nightly.counting import LAID_OUT
from poolpipe.nightly.marts import DATE_MEANING, MartFile, mart_files
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "marts.md", "zh": DOCS / "marts.zh.md"}

HEAD = """<!-- Written by scripts/write_marts_page.py from src/poolpipe/nightly/sql; do not edit. -->
"""
ENGLISH = """# Marts of the night 夜间统计表

[中文](marts.zh.md)

The tables of the file that `poolpipe nightly` writes; [the night](nightly.md) says how to read them. Each is one SQL file, named after the
table, in `src/poolpipe/nightly/sql`. Hours are hours; a column that ends in `_h` is in hours.
"""
CHINESE = """# 夜间统计表各列

[English](marts.md)

`poolpipe nightly` 所写数据库中的各表；读法见[夜间统计](nightly.zh.md)。每张表对应 `src/poolpipe/nightly/sql` 中一个同名 SQL 文件。\
以 `_h` 结尾的列以小时为单位。
"""
TITLES = {"marts": ("Marts", "统计表"), "dimensions": ("Dimensions", "维度表")}
BETWEEN = {
    "people": ("areas", "residents"),
    "members": ("swabs",),
    "pools": ("numbered_pools", "swabs"),
    "sites": ("sites",),
    "labs": ("labs",),
    "collect": ("collects",),
    "readings": ("plate_kits",),
}
"""Where tables come from that Python lays out; the policy and what is hidden are not among them."""


def main() -> None:
    """Write the page in both languages."""
    for name, path in PAGES.items():
        path.write_text(page(name), encoding="utf-8")


def page(name: str) -> str:
    """The whole page as Markdown, in English (`en`) or Chinese (`zh`)."""
    with speaking(name):
        files = mart_files().values()
        parts = [HEAD + both(ENGLISH, CHINESE), _lineage(files)]
        for folder, title in TITLES.items():
            parts.append(f"## {both(*title)}\n")
            parts += [_section(each) for each in files if each.folder == folder]
        return "\n".join(parts).rstrip() + "\n"


def origins(name: str) -> set[str]:
    """Tables of docs/tables.md, files and events that a table follows from, through everything in between."""
    files = mart_files()
    if name in files:
        return set().union(*(origins(each) for each in files[name].reads))
    if name in TABLES:
        return {name}
    if name in LAID_OUT:
        return set().union(*(origins(each) for each in LAID_OUT[name]))
    return {origin for origin, laid_out in BETWEEN.items() if name in laid_out}


def _lineage(files: Iterable[MartFile]) -> str:
    """What each table is made of, and what is in between."""
    known = mart_files()
    rows = [
        (
            f"[`{each.name}`](#{each.name})",
            ", ".join(f"`{name}`" for name in each.reads if name in known) or "–",
            ", ".join(f"`{name}`" for name in sorted(origins(each.name))) or "–",
        )
        for each in files
        if each.folder != "base"
    ]
    head = (both("table", "表"), both("reads", "读取"), both("follows from", "来源"))
    between = [
        (f"`{each.name}`", both(each.english, each.chinese)) for each in files if each.folder == "base"
    ]
    return "\n".join(
        [
            both("## What is made of what\n", "## 来源关系\n"),
            both(
                "Tables of [docs/tables.md](tables.md) on the right; `people`, `sites` and `labs` are the files given with these "
                "options, `collect` and `readings` the events of a store.\n",
                "右列为[结果表](tables.zh.md)；`people`、`sites`、`labs` 为相应选项给出的文件，`collect`、`readings` 为数据仓库的事件。\n",
            ),
            _grid(head, rows),
            both("In between, and not kept:\n", "中间表（不保存）：\n"),
            _grid((both("table", "表"), both("holds", "内容")), between),
        ]
    )


def _section(mart: MartFile) -> str:
    columns = [("`date`", both(*DATE_MEANING))] if mart.by_day or "date" in mart.key else []
    columns += [(f"`{name}`", both(*meaning)) for name, meaning in mart.columns.items()]
    key = ", ".join(f"`{name}`" for name in (("date", *mart.key) if mart.by_day else mart.key))
    return "\n".join(
        [
            f"### `{mart.name}`\n",
            both(mart.english, mart.chinese) + "\n",
            f"- {both('A row is', '每行为')}{both(' ', '')}{both(mart.grain, mart.grain_chinese)}",
            f"- {both('Key:', '键：')} {key}\n",
            _grid((both("column", "列"), both("meaning", "含义")), columns),
        ]
    )


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; a bar in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    told = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join(told) + "\n"


if __name__ == "__main__":
    main()
