"""`poolpipe versions`: the versions of a store that can be read, and what was taken in."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.stores import opened_store
from poolpipe.terminal.console import show

__all__ = ["versions"]


@click.command(
    help="Show the versions of a store that can be read, and what was taken in.\n\n显示数据仓库中可读取的版本与收入记录。"
    "\n\n\b\nExample  例:\n  poolpipe versions campaign"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@options.rows
@options.as_json()
def versions(store: Path, *, rows: int, as_json: bool) -> None:
    """Show versions."""
    import polars as pl

    from poolpipe.terminal.stores import version_board

    with opened_store(store, None) as opened:
        told, inputs = opened.versions(), opened.inputs()
        kept = [opened.has_tables(version) for version in told["version"]]
        told = told.with_columns(pl.Series("tables", kept, pl.Boolean))
    if as_json:
        echo_json({"schema": "poolpipe.versions/1", "versions": told.to_dicts(), "inputs": inputs.to_dicts()})
    else:
        show([version_board(told, inputs, rows=rows)])
