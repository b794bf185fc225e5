"""`poolpipe check`: how each file is understood, before anything is run."""

from __future__ import annotations

from pathlib import Path

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.stores import only_of_store, opened_store, store_among
from poolpipe.display import json_text
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, show, tell
from poolpipe.terminal.loading import loading

__all__ = ["check"]

_REPAIRED = {"file_damaged", "file_missing", "log_damaged", "inbox_damaged"}
"""Findings of a store that `poolpipe repair` mends."""


@click.command(
    help="Show how each file would be understood by `run`, without running anything: its kind, the line of its header, each "
    "column with three values, words, times, encoding, what is left out, and what is asked.\n\n"
    "在运行之前查看每个文件如何识别：事件种类、表头所在行、各列及取值示例、词语、时间格式、编码、不读取的内容与待确认的问题。\n\n"
    "FILE is what `run` takes: Excel and WPS workbooks, CSV, machines' files, folders. Of each file the first thousand records "
    "are looked at. --mapping writes a file that can be edited and given to `run --mapping`; one that is there already is "
    "read and not overwritten. Names, and numbers of people, are masked. Exit status 1 when something is asked. Of a store every "
    "byte is proved instead: exit status 1 when a file is damaged.\n\n"
    "FILE 与 `run` 相同：Excel 与 WPS 工作簿、CSV、仪器文件、文件夹；每个文件查看前一千条记录。--mapping 写出列对应文件，可修改后交给 "
    "`run --mapping`；已有的文件只读取、不覆盖。姓名与号码以星号代替。有问题待确认时退出码为 1。"
    "给出数据仓库时则核查其全部文件，有损坏时退出码为 1。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe check 采样登记.xlsx 装箱.csv\n"
    "  poolpipe check scans --mapping columns.toml\n"
    "  poolpipe run scans --mapping columns.toml --out result\n"
    "  poolpipe check campaign"
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...|STORE")
@click.option(
    "--policy", metavar="POLICY", help="Preset or TOML file; default ten-in-one  判读规则：预设名或 TOML 文件"
)
@click.option(
    "--kind",
    metavar="KIND",
    help="Kind of events whose file tells none  文件、文件夹与 kind 列均未标明时的事件种类，如 collect",
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a mapping, or read the one that is there  写出或读取列对应文件",
)
@options.key
@options.at_version
@options.show_ids
@options.as_json()
def check(
    files: tuple[str, ...],
    *,
    policy: str | None,
    kind: str | None,
    mapping: Path | None,
    key: str | None,
    at_version: int | None,
    show_ids: bool,
    as_json: bool,
) -> None:
    """Show how files are understood."""
    check_inputs(files, pipes=True)
    store = store_among(files)
    only_of_store(store, at_version)
    if store is not None:
        _check_store(store, key, at_version, as_json=as_json)
        return
    with loading():
        from poolpipe.events.mapping import load_mapping
        from poolpipe.events.understanding import understand
        from poolpipe.instruments.event_source import InstrumentSource
        from poolpipe.policy import load_policy
        from poolpipe.terminal.understood import mapping_text, understood_as_json, understood_boards

    rules = load_policy(policy)
    standing = mapping is not None and mapping.exists()
    meant = load_mapping(mapping if standing else None)
    told = understand(files, rules, foreign=InstrumentSource(rules), kind=kind, mapping=meant)
    if as_json:
        click.echo(json_text(understood_as_json(told, show_ids=show_ids)))
    else:
        show(understood_boards(told, show_ids=show_ids))
        if not any(each.questions for each in told):
            tell(both("Nothing is asked", "无待确认事项"))
    if mapping is not None and not standing:
        mapping.write_text(mapping_text(told), encoding="utf-8")
        tell(f"{both('The mapping is in', '列对应文件已写入')} {mapping}", err=True)
    if any(each.questions for each in told):
        raise click.exceptions.Exit(1)


def _check_store(path: Path, key: str | None, version: int | None, *, as_json: bool) -> None:
    """Prove every law of a store; exit status 1 where one does not hold."""
    from poolpipe.terminal.stores import finding_board

    with opened_store(path, key, settle=False) as store, Steps(quiet=as_json) as steps:
        findings = store.check(steps, version=version)
    if as_json:
        told = [dict(zip(("code", "where", "what"), each, strict=True)) for each in findings]
        echo_json({"schema": "poolpipe.store-check/1", "findings": told})
    elif findings:
        show([finding_board(findings)])
        codes = {each.code for each in findings}
        hint = (
            "store_from_copy" if "ledger_damaged" in codes else "store_to_repair" if codes & _REPAIRED else ""
        )
        if hint:
            tell(message_in_language(hint, {"store": str(path)}))
    else:
        tell(both("The store is sound", "数据仓库完好"))
    if findings:
        raise click.exceptions.Exit(1)
