"""`poolpipe run`: scan files in, tables and boards out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from poolpipe.commands import options
from poolpipe.commands.clusters import check_cluster, cluster_options, local_among, run_on_cluster
from poolpipe.commands.stores import (
    concluded,
    log_unsealing,
    only_of_store,
    opened_store,
    store_among,
    store_policy,
)
from poolpipe.display import json_text
from poolpipe.errors import InputError
from poolpipe.languages import both
from poolpipe.messages import message_in_language
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, check_out, parse_moment, show, tell
from poolpipe.terminal.loading import loading

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["files_written", "run"]


@click.command(
    help="Read scan events, conclude, and write one Parquet table each and summary.json into the folder OUT.\n\n"
    "读取扫码事件，得出各结果表与 summary.json，写入 OUT 文件夹，并在终端显示看板。\n\n"
    "INPUT is a file, a folder (read with all its subfolders, linked ones too), a quoted pattern, a pipe, or - for the "
    "standard input: CSV, NDJSON, Parquet or Arrow IPC, plain or compressed, or a workbook (Excel, WPS), "
    "each sheet of which is a file; headers may be in Chinese. Or a store, by itself: its tables are kept in it where there "
    "is no --out. Each file is read once; what lies among the files and is not read is named with the reason. "
    "Files of PCR machines and pipetting robots may lie among them; `poolpipe import --dry-run` "
    "tells what is made of one. Rows that cannot be read and things that went wrong are results, not failures: the exit "
    "status is 0 when the job was done, 1 when it could not be done and 2 when the command was misused.\n\n"
    "INPUT 可以是文件、文件夹（连同全部子文件夹）、带引号的通配符、管道，或表示标准输入的 -：CSV、NDJSON、Parquet、Arrow IPC，"
    "可压缩，也可以是 Excel 或 WPS 工作簿（每个工作表即一个文件），表头可用中文。也可以是单独一个数据仓库，不给 --out 则结果表存入其中。"
    "每个文件只读一次，未读取的文件会注明原因。其中可以有 PCR 仪与移液工作站的文件，`poolpipe import --dry-run` 说明如何识别。"
    "读不懂的记录和发现的差错都是结果而非失败：退出码 0 为完成，1 为未能完成，2 为用法有误。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe run scans --out result\n"
    "  poolpipe run 采样登记.xlsx 装箱.csv 板图.xlsx qPCR.xls --out 结果\n"
    "  poolpipe run 'scans/2022-02-*.csv' --out result --policy twenty-in-one\n"
    "  zcat collect.csv.gz | poolpipe run - --kind collect --out result\n"
    "  poolpipe run scans --out noon --as-of '2022-02-10 12:00' --people people.csv"
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@options.out_folder(required=False)
@click.option(
    "--policy", metavar="POLICY", help="Preset or TOML file; default ten-in-one  判读规则：预设名或 TOML 文件"
)
@click.option(
    "--as-of",
    metavar="TIME",
    help="The view from this moment, RFC 3339; default the latest event  截至该时刻（RFC 3339 格式），默认为最后一条事件的时间",
)
@click.option(
    "--kind",
    metavar="KIND",
    help="Kind of events whose file tells none, collect say  文件、文件夹与 kind 列均未标明时的事件种类，如 collect",
)
@click.option("--people", metavar="FILE", help="People with communities and households  人员表：社区、住户")
@click.option("--sites", metavar="FILE", help="Sampling sites and their priority  采样点表：位置与是否优先")
@click.option("--labs", metavar="FILE", help="Testing labs  检测机构表：检测能力")
@options.mapping
@click.option(
    "--readings",
    type=click.Choice(["auto", "all", "not-negative"]),
    default="auto",
    show_default=True,
    help="Read-outs kept for exports; auto: all up to 300,000, else not those of negative tubes"
    "  为导出保留哪些扩增结果；auto：30 万条以内全部保留，更多时不含阴性管的",
)
@cluster_options
@options.key
@options.why
@options.at_version
@options.rows
@options.show_ids
@options.as_json("The summary as JSON instead of boards  以 JSON 输出摘要")
@options.quiet("No progress and no boards  不显示进度与看板")
def run(
    inputs: tuple[str, ...],
    *,
    out: Path | None,
    policy: str | None,
    as_of: str | None,
    kind: str | None,
    people: str | None,
    sites: str | None,
    labs: str | None,
    mapping: str | None,
    readings: Literal["auto", "all", "not-negative"],
    key: str | None,
    why: str | None,
    at_version: int | None,
    rows: int,
    show_ids: bool,
    as_json: bool,
    quiet: bool,
    **cluster: Any,
) -> None:
    """Run the pipeline on files and show what it concluded."""
    check_inputs(local_among(inputs, cluster), pipes=True)
    check_inputs(each for each in (people, sites, labs, mapping) if each)
    store = store_among(inputs)
    check_cluster(cluster)
    only_of_store(store, at_version)
    if out is not None:
        check_out(out)
    elif store is None or cluster["engine"]:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param=_named(context, "out"))
    with loading():
        from poolpipe.events.mapping import load_mapping
        from poolpipe.events.reference import read_reference
        from poolpipe.pipeline import run as conclude
        from poolpipe.policy import load_policy
        from poolpipe.results.writing import Writing

    options.check_kind(kind)
    if store is not None:
        for option, given in (("--kind", kind), ("--mapping", mapping)):
            if given:
                raise InputError.of("store_option", where=str(store), option=option)
    rules = store_policy(store, key) if store and policy is None else load_policy(policy)
    moment = parse_moment(as_of, rules.time_zone)
    meant = load_mapping(mapping)
    known = read_reference(people=people, sites=sites, labs=labs, mapping=meant)
    if out is None:
        if store is None or any(
            (policy, as_of, people, sites, labs, at_version is not None, readings != "auto")
        ):
            raise click.UsageError(message_in_language("kept_as_usual", {}))
        _run_store(
            store, key, why, zone=rules.time_zone, rows=rows, show_ids=show_ids, as_json=as_json, quiet=quiet
        )
        return
    boards = []
    with Steps(quiet=quiet or as_json) as steps, Writing(out) as writing:
        asked: dict[str, Any] = {
            "policy": rules, "as_of": moment, "reference": known, "readings": readings, "views": False,
            "progress": steps, "out": writing,
        }  # fmt: skip
        if cluster["engine"]:
            read: dict[str, Any] = {"mapping": meant, "kind": kind}
            if store:
                read = {"version": at_version, "key": key}
                with opened_store(store, key) as opened:
                    log_unsealing(opened, why)
            day = run_on_cluster(inputs, cluster, **read, **asked)
        elif store:
            day = concluded(store, key, why, tables=(), version=at_version, **asked)
        else:
            day = conclude(inputs, mapping=meant, kind=kind, **asked)
        steps("writing", 0, 1)
        if not (quiet or as_json):  # while the tables are being written
            from poolpipe.terminal.boards import day_boards

            boards = list(
                day_boards(day, zone=rules.time_zone, people=known.people, show_ids=show_ids, rows=rows)
            )
    if as_json:
        click.echo(json_text(writing.summary))
    elif not quiet:
        show(boards)
        tell(files_written(out))


def _run_store(
    path: Path,
    key: str | None,
    why: str | None,
    *,
    zone: str,
    rows: int,
    show_ids: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Conclude a store's newest version, keep its tables there, and show the boards."""
    with opened_store(path, key) as store, Steps(quiet=quiet or as_json) as steps:
        log_unsealing(store, why)
        is_kept = store.kept() is not None
        # what was kept holds all tables, and not all that the boards show
        day = store.run(views=False, progress=steps) if is_kept else store.conclude(steps)
        version = store.version
    if as_json:
        click.echo(json_text(day.summary))
    elif not quiet:
        from poolpipe.terminal.boards import day_boards

        show(list(day_boards(day, zone=zone, show_ids=show_ids, rows=rows)))
        tell(message_in_language("tables_kept", {"version": version}))


def _named(context: click.Context, name: str) -> click.Parameter:
    """An option of the command by its name."""
    return next(each for each in context.command.params if each.name == name)


def files_written(out: Path) -> str:
    """Where the tables are, one line."""
    written = sorted(path.name for path in out.iterdir() if path.suffix in {".parquet", ".json"})
    return f"{both('Results are in', '结果已写入')} {out}: {', '.join(written)}"
