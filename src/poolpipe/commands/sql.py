"""`poolpipe sql`: a question in SQL over the tables of a store or a result."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_csv, echo_json, written
from poolpipe.commands.options import ZONE
from poolpipe.commands.results import times_in
from poolpipe.commands.row_files import FORMATS, write_rows
from poolpipe.commands.stores import only_of_store, store_among
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import check_inputs, show, tell
from poolpipe.terminal.loading import loading

if TYPE_CHECKING:
    import polars as pl

__all__ = ["sql"]

_TOKEN: Final = re.compile(r"[^\s:;,()]+")
"""What may be a document number within a text such as ``type:number; type:number``."""


@click.command(
    help="Answer a question in SQL (DuckDB) over the tables and marts of a store, a result, or a file that `nightly` wrote.\n\n"
    "用 SQL（DuckDB）查询数据仓库、结果文件夹或 `nightly` 所写文件中的表与统计表。\n\n"
    "The tables are those of docs/tables.md; a store also has the nine kinds of event, rejects, and concluded, which says of which version "
    "the others are. People of a store are pseudonyms, with the key, too. Only these tables are read, and nothing is written. "
    'The column at is written "at".\n\n'
    "可查询 docs/tables.zh.md 中的各表；数据仓库还有九类事件表、rejects，以及说明结果表版本的 concluded。数据仓库中的人员始终为假名。"
    '只读取这些表，不写入任何内容。列 at 须写作 "at"。\n\n'
    "Marts (docs/marts.md) are tables, too: those that the question names are counted, for all days on which somebody was swabbed, "
    "and small counts by place are hidden. Without lists of residents, sites and laboratories some are empty: `nightly` takes these, and "
    "its file is asked as NIGHT.\n\n"
    "统计表（docs/marts.zh.md）亦可查询：只统计所问到的表，涵盖有采样的各日，按地点的小数予以隐去；需要人员、采样点、检测机构名册的，"
    "请先用 `nightly` 统计，再以其文件为 NIGHT 查询。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe sql campaign 'select call, count(*) from pools group by all'\n"
    "  poolpipe sql campaign 'select site, count(*) from collect group by 1' --csv\n"
    "  poolpipe sql result 'from recalls where overdue' --to overdue.xlsx"
)  # fmt: skip
@click.argument("source", metavar="STORE|RESULT|NIGHT", type=click.Path(path_type=Path))
@click.argument("query", metavar="SELECT")
@click.option(
    "--zone",
    type=ZONE,
    metavar="ZONE",
    default="Asia/Shanghai",
    show_default=True,
    help="Zone of the times shown  所示时间的时区",
)
@click.option("--csv", "as_csv", is_flag=True, help="All rows as CSV on stdout  以 CSV 输出全部行")
@click.option(
    "--to", metavar="FILE", type=click.Path(path_type=Path),
    help="Write all rows as .csv, .parquet, .xlsx, .arrow or .ndjson  将全部行写成 .csv、.parquet、.xlsx、.arrow 或 .ndjson",
)  # fmt: skip
@options.as_json("All rows as JSON on stdout  以 JSON 输出全部行")
@options.at_version
@options.rows
@options.show_ids
def sql(
    source: Path,
    query: str,
    *,
    zone: str,
    as_csv: bool,
    to: Path | None,
    as_json: bool,
    at_version: int | None,
    rows: int,
    show_ids: bool,
) -> None:
    """Ask, and show the answer."""
    check_inputs([str(source)])
    if to is not None and to.suffix.lower() not in FORMATS:
        raise click.BadParameter(
            message_in_language("sql_no_format", {"formats": ", ".join(FORMATS)}), param_hint="--to"
        )
    store = store_among([str(source)])
    only_of_store(store, at_version)
    with loading():
        from poolpipe.terminal.tables import table_board
    # what is loaded above is never collected, and DuckDB complains at the end of a process in which it was not
    from poolpipe.nightly.connecting import asks_marts_alone, headings_asked
    from poolpipe.nightly.connecting import query as ask

    found = ask(source, query, version=at_version)
    if to is not None:
        told = found if to.suffix.lower() in {".parquet", ".arrow"} else _flat(times_in(found, zone))
        write_rows(told, to, "sql", headings_asked(query, told.columns))
        tell(written(found.height, to), err=True)
        return
    if as_csv:
        echo_csv(_flat(times_in(found, zone)))
        return
    if as_json:
        echo_json(times_in(found, zone).to_dicts())
        return
    shown = _flat(found.head(rows))
    if store is None and not show_ids and not asks_marts_alone(source, query):
        shown = _masked(shown, source)
    title = f"{both('Answer', '结果')} · {found.height:,}"
    chinese = {name: told.partition(" ")[2] for name, told in headings_asked(query, shown.columns).items()}
    more = found.height - shown.height
    show([table_board(shown, title, zone=zone, more=more, show_ids=show_ids, chinese=chinese)])


def _flat(found: pl.DataFrame) -> pl.DataFrame:
    """Whatever is no number, text, truth value or time with a zone as text: lists, structures, dates, decimals."""
    import polars as pl
    from polars import selectors

    numbers = selectors.numeric() - selectors.decimal()
    plain = numbers | selectors.string() | selectors.boolean() | selectors.datetime(time_zone="*")
    return found.with_columns(
        pl.Series(name, [None if each is None else str(each) for each in found[name].to_list()], pl.String)
        for name in found.select(~plain).columns
    )


def _masked(shown: pl.DataFrame, result: Path) -> pl.DataFrame:
    """Mask whoever is named in any text of an answer: people of the result, and what looks like a number or telephone."""
    import polars as pl

    from poolpipe.display import mask, mask_identities, withheld
    from poolpipe.store.queries import connect

    texts = [name for name, kind in shown.schema.items() if kind == pl.String]
    words = sorted(
        {word for name in texts for text in shown[name].drop_nulls() for word in _TOKEN.findall(text)}
    )
    with connect(result) as tables:
        asked = "select distinct person from members where person in (select unnest($words))"
        people = {number for (number,) in tables.execute(asked, {"words": words}).fetchall()}

    def masked(name: str, text: str | None) -> str | None:
        if text is None:
            return None
        if name in ("person", "phone", "name"):
            return mask(text)
        if name == "raw":
            return withheld(text)
        told = _TOKEN.sub(lambda word: mask(word[0]) if word[0] in people else word[0], text)
        return mask_identities(told)

    return shown.with_columns(
        pl.Series(name, [masked(name, text) for text in shown[name].to_list()], pl.String) for name in texts
    )
