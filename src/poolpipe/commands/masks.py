"""Options of commands whose boards name people by the caller's own codes: shown as they are, unless masked."""

from __future__ import annotations

import click

__all__ = ["mask", "unmasked"]

mask = click.option("--mask", is_flag=True, help="Hide people's codes on the boards  看板上隐去人员代码")
unmasked = click.option(
    "--show-ids",
    is_flag=True,
    hidden=True,
    help="Show people's codes, as without --mask  显示人员代码，与不加 --mask 相同",
)
