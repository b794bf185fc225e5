"""`poolpipe show`: any table of a result on the terminal or as CSV, with what a roster tells of its people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolpipe.choices import likely, suggestion
from poolpipe.commands import options
from poolpipe.commands.frames import echo_csv, echo_json
from poolpipe.commands.options import ZONE
from poolpipe.commands.results import times_in
from poolpipe.commands.stores import concluded, only_of_store, store_among
from poolpipe.errors import InputError
from poolpipe.languages import language
from poolpipe.terminal.console import check_inputs
from poolpipe.terminal.console import show as draw
from poolpipe.words import TABLE_WORDS, word_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["show"]


@click.command(
    help="Show a table of a result or a store: as many rows and columns as fit, or all of it as CSV or JSON.\n\n"
    "显示结果或数据仓库中的一张表：终端放得下的行与列，或以 CSV、JSON 输出全部。\n\n"
    "TABLE is a name of docs/tables.md: pools, members, recalls, cases, anomalies, ledger, rejects, ... Codes are never cut: "
    "where the terminal is too narrow the last columns are left out, and named.\n\n"
    "TABLE 为 docs/tables.zh.md 中的表名。编码不会被截断：宽度不足时略去末尾各列，并注明列名。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe show result recalls\n"
    "  poolpipe show result recalls --by community --people people.csv\n"
    "  poolpipe show result recalls --people people.csv --columns name,phone,tube\n"
    "  poolpipe show result anomalies --by code --csv > anomalies.csv\n"
    "  poolpipe show campaign rejects"
)
@click.argument("run", metavar="RESULT|STORE", type=click.Path(path_type=Path))
@click.argument("table", metavar="TABLE")
@click.option("--by", metavar="COLUMN", help="Group the rows by a column  按该列分组显示")
@click.option("--columns", metavar="A,B,...", help="These columns, in this order  只显示这些列，按此顺序")
@click.option("--people", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="Roster or registrations: adds name, phone, community, ...  名册或采样登记，补充姓名、电话、社区等列")  # fmt: skip
@click.option(
    "--zone",
    type=ZONE,
    metavar="ZONE",
    default="Asia/Shanghai",
    show_default=True,
    help="Zone of the times  所写时间的时区",
)
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="All rows as CSV on stdout, identity numbers in full  以 CSV 输出全部行（完整证件号）",
)
@options.as_json("All rows as JSON on stdout, identity numbers in full  以 JSON 输出全部行（完整证件号）")
@options.key
@options.why
@options.at_version
@options.rows
@options.show_ids
def show(
    run: Path,
    table: str,
    *,
    by: str | None,
    columns: str | None,
    people: tuple[Path, ...],
    zone: str,
    as_csv: bool,
    as_json: bool,
    key: str | None,
    why: str | None,
    at_version: int | None,
    rows: int,
    show_ids: bool,
) -> None:
    """Read one table, join what the files tell of its people, and show it."""
    check_inputs((str(run), *map(str, people)))
    only_of_store(store_among([str(run)]), at_version)
    found = _table(run, table, people, key, why, at_version)
    wanted = _wanted(found, table, by, columns)
    import polars as pl

    from poolpipe.terminal.tables import grouped, in_language_of_reader, masked_rows, table_board

    ordered = grouped(found, by) if by else found
    if as_csv:
        echo_csv(times_in(ordered.select(wanted), zone))
    elif as_json:
        echo_json(times_in(ordered.select(wanted), zone).to_dicts())
    else:
        sizes = ordered.select(pl.len().over(by)).to_series().head(rows).to_list() if by else ()
        shown = ordered.head(rows)
        legible = in_language_of_reader(shown if show_ids else masked_rows(shown, table), table)
        name = word_of(TABLE_WORDS, table) if language() == "zh" else table
        title, more = f"{name} · {ordered.height:,}", ordered.height - shown.height
        draw(
            [table_board(legible.select(wanted), title, zone=zone, sizes=sizes, more=more, show_ids=show_ids)]
        )


def _table(
    run: Path, table: str, people: tuple[Path, ...], key: str | None, why: str | None, version: int | None
) -> pl.DataFrame:
    """One table of a result, with the contacts of its people where files tell them."""
    import polars as pl

    from poolpipe.errors import UnknownTableError
    from poolpipe.results.written import opened
    from poolpipe.tables import TABLES

    if table not in TABLES:
        if near := likely(table, TABLES):
            raise UnknownTableError.of("table_misspelt", where=str(run), name=table, near=near)
        raise UnknownTableError.of("no_such_table", where=str(run), name=table, tables=", ".join(TABLES))
    if store_among([str(run)]):
        day = concluded(run, key, why, tables=[table], version=version, views=False)
        return _with_contacts(day.table(table), people, table)
    with opened(run) as written:
        if table not in written.tables:
            raise InputError.of("table_not_held", where=str(run), name=table)
        found = pl.read_parquet(written.path(table), glob=False)
        written.check()
    return _with_contacts(found, people, table)


def _with_contacts(found: pl.DataFrame, people: tuple[Path, ...], table: str) -> pl.DataFrame:
    from poolpipe.events.contacts import read_contacts

    if not people:
        return found
    if "person" not in found.columns:
        raise InputError.of("table_without_people", where="--people", name=table)
    key = ["person_type", "person"]
    contacts = read_contacts(people, found.select(key).drop_nulls()).people
    return found.join(contacts, on=key, how="left", maintain_order="left")


def _wanted(found: pl.DataFrame, table: str, by: str | None, columns: str | None) -> list[str]:
    """The columns shown: the group first, then those asked for, else the keys of the table and all others."""
    from poolpipe.tables import SORT_KEYS

    asked = [name.strip() for name in columns.split(",") if name.strip()] if columns else []
    for name in filter(None, (by, *asked)):
        if name not in found.columns:
            raise InputError.of(
                "no_column_shown",
                where=f"--columns {columns}" if name in asked else f"--by {by}",
                name=name,
                hint=suggestion(name, found.columns),
                columns=", ".join(found.columns),
            )
    keys = [name for name in SORT_KEYS[table] if name in found.columns]
    rest = asked or list(dict.fromkeys([*keys, *found.columns]))
    return list(dict.fromkeys([*([by] if by else []), *rest]))
