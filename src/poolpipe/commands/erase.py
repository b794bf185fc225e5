"""`poolpipe erase`: take a person out of a store."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.stores import keep_tables, opened_store
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import tell

__all__ = ["erase"]


@click.command(
    help="Erase a person from every kept version of a store: their scans stay, under a random number, without name and "
    "telephone, so that counts stay true. Tables that were kept are concluded again.\n\n"
    "从数据仓库的所有版本中删除一人：扫码记录保留，号码换为随机数，姓名与电话清空，计数不变；已保存的结果表重新得出。"
    "\n\n\b\nExample  例:\n  poolpipe erase campaign --person PASSPORT:E1234567"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.option(
    "--person",
    required=True,
    metavar="PERSON",
    help="A document number, or type:number  证件号，或 类型:号码",
)
@options.key
def erase(store: Path, *, person: str, key: str | None) -> None:
    """Erase a person."""
    kind, colon, number = person.partition(":")
    with opened_store(store, key) as opened:
        had_tables = not opened.conclusions().is_empty()
        changed = opened.erase(number, kind) if colon else opened.erase(person)
        tell(message_in_language("store_erased" if changed else "store_without_person", {"files": changed}))
        if changed and had_tables:
            keep_tables(opened, quiet=False)
