"""`poolpipe repair`: take what a store's damaged files held in again."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.stores import opened_store
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, tell
from poolpipe.terminal.loading import loading

__all__ = ["repair"]


@click.command(
    help="Take what damaged files of STORE held in again, from the files that were ingested (INPUT). Nothing changes before "
    "all of it is there.\n\n数据仓库 STORE 有文件损坏时，由当初收入的文件 INPUT 重新收入其内容；全部恢复之前不改变任何数据。\n\n"
    "Files from which nothing was lost are not read, so a whole folder may be given. What no other reader needs (logs of tables) "
    "is made anew without any input.\n\n未丢失记录的文件不会读取，因此可直接给出整个文件夹。供其他工具使用的日志无需 INPUT 即可重建。"
    "\n\n\b\nExample  例:\n  poolpipe repair campaign scans"
)
@click.argument("store", metavar="STORE", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, metavar="[INPUT]...")
@click.option(
    "--accept-loss", "accepts_loss", is_flag=True,
    help="Give up what the files do not hold; how much of which file is written down"
    "  放弃文件中没有的记录，并记下各文件丢失的数量",
)  # fmt: skip
@click.option(
    "--kind", metavar="KIND", help="Kind of events, as the files were ingested  事件类型，与收入时相同"
)
@options.mapping
@options.key
@options.quiet("No progress  不显示进度")
def repair(
    store: Path,
    inputs: tuple[str, ...],
    *,
    accepts_loss: bool,
    kind: str | None,
    mapping: str | None,
    key: str | None,
    quiet: bool,
) -> None:
    """Repair a store."""
    options.check_kind(kind)
    check_inputs(inputs, pipes=True)
    check_inputs(each for each in (mapping, key) if each)
    with loading():
        from poolpipe.events.mapping import load_mapping

    with opened_store(store, key, settle=False) as opened, Steps(quiet=quiet) as steps:
        told = opened.repair(
            inputs, accepts_loss=accepts_loss, kind=kind, mapping=load_mapping(mapping), progress=steps
        )
        has_tables = opened.has_tables(opened.version)
    if not (told.files or told.forgotten):
        tell(both("No file of events is damaged", "事件文件均完好"))
        return
    fields = {**told._asdict(), "files": len(told.files)}
    tell(message_in_language("store_repaired", fields))
    if not has_tables:
        tell(message_in_language("store_without_tables", {"store": str(store)}))
