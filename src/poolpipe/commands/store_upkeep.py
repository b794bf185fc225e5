"""`poolpipe versions`, `compact`, `erase` and `keys`: look after a store."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.stores import opened_store
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import show, tell

__all__ = ["compact", "erase", "keys", "versions"]

_store = click.argument("store", metavar="STORE", type=click.Path(path_type=Path))


@click.command(
    help="Show the versions of a store that can be read, and what was taken in.\n\n显示数据仓库中可读取的版本与收入记录。"
    "\n\n\b\nExample  例:\n  poolpipe versions campaign"
)
@_store
@options.rows
@options.as_json()
def versions(store: Path, *, rows: int, as_json: bool) -> None:
    """Show versions."""
    from poolpipe.terminal.stores import version_board

    with opened_store(store, None) as opened:
        told, inputs = opened.versions(), opened.inputs()
    if as_json:
        echo_json({"schema": "poolpipe.versions/1", "versions": told.to_dicts(), "inputs": inputs.to_dicts()})
    else:
        show([version_board(told, inputs, rows=rows)])


@click.command(
    help="Join the small files of a store, and forget versions older than some days.\n\n合并数据仓库中的小文件，并清除若干天以前的版本。"
    "\n\n\b\nExample  例:\n  poolpipe compact campaign --keep-days 30"
)
@_store
@click.option(
    "--keep-days", default=7.0, show_default=True, type=options.Number(0), metavar="DAYS",
    help="Versions younger than this can still be read  保留天数",
)  # fmt: skip
@options.key
def compact(store: Path, *, keep_days: float, key: str | None) -> None:
    """Join files and forget versions."""
    with opened_store(store, key) as opened:
        told = opened.compact(keep_days=keep_days)
    tell(message_in_language("store_compacted", told))


@click.command(
    help="Erase a person from every kept version of a store: their scans stay, under a random number, without name and "
    "telephone, so that counts stay true.\n\n从数据仓库的所有版本中删除一人：扫码记录保留，号码换为随机数，姓名与电话清空，计数不变。"
    "\n\n\b\nExample  例:\n  poolpipe erase campaign --person PASSPORT:E1234567"
)
@_store
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
        changed = opened.erase(number, kind) if colon else opened.erase(person)
    tell(message_in_language("store_erased" if changed else "store_without_person", {"files": changed}))


@click.group(help="Look after a store's keys.\n\n管理数据仓库的密钥。")
def keys() -> None:
    """Group of the commands about keys."""


@keys.command(
    help="Change a store's master key; the old file is kept with the ending .old. With --data the keys of the data change, "
    "too, and every file is written anew: after a leak.\n\n"
    "更换主密钥，旧文件改名为 .old；加 --data 则同时更换数据密钥并重写全部文件（密钥泄露之后）。"
    "\n\n\b\nExample  例:\n  poolpipe keys rotate campaign"
)
@_store
@click.option("--data", is_flag=True, help="Write every file anew under new keys  用新密钥重写全部文件")
@options.key
def rotate(store: Path, *, data: bool, key: str | None) -> None:
    """Change the keys."""
    with opened_store(store, key) as opened:
        place = opened.rotate_key(data=data)
    tell(message_in_language("store_key_changed", {"key": str(place)}))


@keys.command(
    "log",
    help="Show who opened a store's identities, when and why.\n\n显示何人、何时、为何读取了身份信息。"
    "\n\n\b\nExample  例:\n  poolpipe keys log campaign",
)
@_store
@options.rows
@options.as_json()
def log(store: Path, *, rows: int, as_json: bool) -> None:
    """Show the log of unsealings."""
    from poolpipe.terminal.stores import unsealing_board

    with opened_store(store, None) as opened:
        told = opened.unsealings()
    if as_json:
        echo_json(told.to_dicts())
    else:
        show([unsealing_board(told, rows=rows)])
