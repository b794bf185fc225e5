"""`poolpipe diff`: what changed between two result folders."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.display import json_text
from poolpipe.terminal.console import check_inputs, show

__all__ = ["diff"]


@click.command(
    help="Compare the results in two folders that `poolpipe run --out` wrote: tubes whose call differs, recalls and "
    "positive people that appeared or vanished, anomalies whose number differs.\n\n"
    "比较两次运行的结果：结果不同的样本管、新增或消失的复采与阳性人员、数量变化的异常。\n\n"
    "Exit status 0 whether or not anything differs.  无论有无差异，退出码均为 0。"
    "\n\n\b\nExample  例:\n"
    "  poolpipe run scans --out strict --policy strict.toml\n"
    "  poolpipe diff result strict"
)
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@options.rows
@options.show_ids
@options.as_json("As JSON, identity numbers in full  以 JSON 输出（完整证件号）")
def diff(before: Path, after: Path, *, rows: int, show_ids: bool, as_json: bool) -> None:
    """Compare two written days."""
    check_inputs((str(before), str(after)))
    from poolpipe.results.day import Day
    from poolpipe.results.diff import compare
    from poolpipe.terminal.boards import difference_boards

    difference = compare(Day.read(before), Day.read(after))
    if as_json:
        click.echo(json_text(difference.as_json()))
    else:
        show(difference_boards(difference, show_ids=show_ids, rows=rows))
