"""`poolpipe keys`: change a store's keys, and see who used them."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.stores import opened_store
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import show, tell

__all__ = ["keys"]


@click.group(help="Look after a store's keys.\n\n管理数据仓库的密钥。")
def keys() -> None:
    """Group of the commands about keys."""


@keys.command(
    help="Change a store's master key.  更换数据仓库的主密钥\n\n"
    "The old file is kept with the ending .old. With --data the keys of the data change, too, and every file is written "
    "anew: after a leak.  旧文件改名为 .old；加 --data 则同时更换数据密钥并重写全部文件（密钥泄露之后）\n\n"
    "\b\nExample  例:\n  poolpipe keys rotate campaign",
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.option("--data", is_flag=True, help="Write every file anew under new keys  用新密钥重写全部文件")
@options.key
def rotate(store: Path, *, data: bool, key: str | None) -> None:
    """Change the keys."""
    with opened_store(store, key) as opened:
        place = opened.rotate_key(data=data)
    tell(message_in_language("store_key_changed", {"key": str(place)}))


@keys.command(
    "log",
    help="Who opened a store's identities, when and why.  何人、何时、为何读取了身份信息\n\n"
    "\b\nExample  例:\n  poolpipe keys log campaign",
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
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
