"""`poolpipe compact`: join a store's small files, and forget old versions."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.stores import keep_tables, opened_store
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import tell

__all__ = ["compact"]


@click.command(
    help="Join the small files of a store, forget old versions, and withdraw old events."
    "\n\n合并数据仓库中的小文件，清除旧版本，并撤出旧事件。"
    "\n\n\b\nExample  例:\n  poolpipe compact campaign --keep-days 30"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.option(
    "--keep-days", type=options.Number(0), metavar="DAYS",
    help="Versions younger than this can still be read; by default as the store's policy says, 7"
    "  此天数以内的版本仍可读取；默认按仓库的判读规则，为 7",
)  # fmt: skip
@click.option(
    "--keep-events", type=options.Number(0), metavar="DAYS",
    help="Withdraw events that happened and arrived before; by default as the store's policy says, 0: none"
    "  撤出此天数以前发生并收到的事件；默认按仓库的判读规则，为 0，即不撤出",
)  # fmt: skip
@options.key
def compact(store: Path, *, keep_days: float | None, keep_events: float | None, key: str | None) -> None:
    """Join files, forget versions, withdraw events."""
    with opened_store(store, key) as opened:
        had_tables = opened.kept() is not None
        told = opened.compact(keep_days=keep_days, keep_events=keep_events)
        tell(message_in_language("store_compacted", told))
        if told["withdrawn"]:
            tell(message_in_language("store_withdrawn", told))
            if had_tables:  # they were of other events
                keep_tables(opened, quiet=False)
