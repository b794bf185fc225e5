"""`poolpipe compact`: join a store's small files, and forget old versions."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.stores import opened_store
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import tell

__all__ = ["compact"]


@click.command(
    help="Join the small files of a store, and forget versions older than some days.\n\n合并数据仓库中的小文件，并清除若干天以前的版本。"
    "\n\n\b\nExample  例:\n  poolpipe compact campaign --keep-days 30"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.option(
    "--keep-days", default=7.0, show_default=True, type=options.Number(0), metavar="DAYS",
    help="Versions younger than this can still be read  此天数以内的版本仍可读取",
)  # fmt: skip
@options.key
def compact(store: Path, *, keep_days: float, key: str | None) -> None:
    """Join files and forget versions."""
    with opened_store(store, key) as opened:
        told = opened.compact(keep_days=keep_days)
    tell(message_in_language("store_compacted", told))
