"""`poolpipe recalls`: the board of people to sample again, alone, of a result or of scan files."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_json
from poolpipe.commands.options import ZONE
from poolpipe.commands.results import is_result, times_in
from poolpipe.commands.stores import (
    concluded,
    log_unsealing,
    only_of_store,
    opened_store,
    store_among,
    store_policy,
)
from poolpipe.errors import InputError
from poolpipe.messages import message_in_language
from poolpipe.progress import Steps
from poolpipe.terminal.console import check_inputs, parse_moment, show
from poolpipe.terminal.loading import loading

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from rich.console import RenderableType

    from poolpipe.events.reference import Reference
    from poolpipe.live.tables import LiveTables
    from poolpipe.policy import Policy
    from poolpipe.results.day import Day

__all__ = ["recalls"]


@click.command(
    help="Show who must be sampled again by when, the most urgent first.\n\n"
    "显示复采名单：谁须在何时之前复采，最急者在前。\n\n"
    "INPUT is a result (the folder of `poolpipe run --out`), a store, or scan files, which are read and concluded first."
    "\n\nINPUT 为结果文件夹（`poolpipe run --out` 所写）、数据仓库，或扫码文件（先读取并得出结论）。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe recalls result\n"
    "  poolpipe recalls campaign --why 'list for the teams'\n"
    "  poolpipe recalls campaign --watch\n"
    "  poolpipe recalls result --people people.csv --rows 100\n"
    "  poolpipe recalls scans --as-of '2022-04-04 12:00' --json"
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--people", metavar="FILE", help="People with communities and households  人员表：社区、住户")
@click.option(
    "--policy",
    metavar="POLICY",
    help="Of scan files and stores: preset or TOML file  用于扫码文件与数据仓库的判读规则：预设名或 TOML 文件",
)
@click.option(
    "--as-of",
    metavar="TIME",
    help="Of scan files and stores: the view from this moment  用于扫码文件与数据仓库：截至该时刻",
)
@click.option(
    "--zone",
    type=ZONE,
    metavar="ZONE",
    help="Zone of the times; default the policy's, of a result Asia/Shanghai  时间的时区，默认依判读规则；结果文件夹为 Asia/Shanghai",
)
@options.key
@options.why
@options.at_version
@click.option(
    "--watch",
    is_flag=True,
    help="Of a store: show the board again after every batch that is taken in; with --json each changed row  "
    "用于数据仓库：每收入一批事件即重新显示；与 --json 同用则逐行输出变化",
)
@options.rows
@options.show_ids
@options.as_json("All that wait as JSON, identity numbers in full  以 JSON 输出全部待办（完整证件号）")
@options.quiet("No progress  不显示进度")
def recalls(
    inputs: tuple[str, ...],
    *,
    people: str | None,
    policy: str | None,
    as_of: str | None,
    zone: str | None,
    key: str | None,
    why: str | None,
    at_version: int | None,
    watch: bool,
    rows: int,
    show_ids: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show the recall board of a result, or of files."""
    check_inputs(inputs, pipes=True)
    check_inputs(each for each in (people,) if each)
    with loading():
        from poolpipe.events.reference import read_reference
        from poolpipe.policy import load_policy
        from poolpipe.terminal.boards import recall_board

    known = read_reference(people=people)
    store = store_among(inputs)
    only_of_store(store, at_version)
    draw = partial(
        recall_board,
        people=known.people,
        show_ids=show_ids,
        rows=rows,
        rest=("with --rows N", "请用 --rows N 查看"),
    )
    if watch:
        if store is None or policy is not None or as_of is not None or at_version is not None:
            raise click.UsageError(message_in_language("watch_of_store", {}))
        _watch(store, key, why, draw, zone, as_json=as_json)
        return
    rules = store_policy(store, key) if store and policy is None else load_policy(policy)
    zone = zone or rules.time_zone
    if store is not None:
        moment = parse_moment(as_of, rules.time_zone)
        found = _of_day(
            concluded(
                store, key, why, tables=["recalls"], version=at_version, policy=rules, as_of=moment,
                reference=known if people else None, views=False,
            )
        )  # fmt: skip
    elif len(inputs) == 1 and is_result(Path(inputs[0])):
        if as_of is not None:
            raise InputError.of("no_events_held", where=inputs[0])
        found = _of_result(Path(inputs[0]))
    else:
        moment = parse_moment(as_of, rules.time_zone)
        found = _of_files(inputs, rules, moment, known, quiet=quiet or as_json)
    if as_json:
        waiting = found.recalls.filter(found.recalls["status"] != "closed").sort("rank")
        echo_json(times_in(waiting, zone).to_dicts())
        return
    show([draw(found.recalls, as_of=found.as_of, zone=zone, sampled=found.sampled)])


def _watch(
    store: Path,
    key: str | None,
    why: str | None,
    draw: Callable[..., RenderableType],
    zone: str | None,
    *,
    as_json: bool,
) -> None:
    """Show a store's recalls until interrupted."""
    from poolpipe.commands.watching import watch_boards, watch_changes
    from poolpipe.live.following import FollowedStore

    with opened_store(store, key) as opened:
        log_unsealing(opened, why)
    with FollowedStore(store, key) as followed, suppress(KeyboardInterrupt):
        if as_json:
            watch_changes(followed)
            return

        def board(tables: LiveTables) -> RenderableType:
            shown_in = zone or followed.policy.time_zone
            return draw(
                tables.table("recalls"), as_of=tables.as_of, zone=shown_in, sampled=tables.as_of is not None
            )

        watch_boards(followed, board)


class _WaitingRecalls(NamedTuple):
    """The recalls, the moment they are of, and whether anybody was sampled."""

    recalls: pl.DataFrame
    as_of: datetime | None
    sampled: bool


def _of_result(folder: Path) -> _WaitingRecalls:
    """Read the recalls of a result, and of its other tables no more than is needed."""
    import polars as pl

    from poolpipe.results.written import opened

    with opened(folder) as written:
        recalls = pl.read_parquet(written.path("recalls"), glob=False)
        people = (
            pl.scan_parquet(written.path("pools"), glob=False).select(pl.col("people").sum()).collect().item()
        )
        written.check()
        moment = written.summary["as_of"]
    return _WaitingRecalls(recalls, None if moment is None else datetime.fromisoformat(moment), people > 0)


def _of_day(day: Day) -> _WaitingRecalls:
    from poolpipe.terminal.campaign import moment_of_day

    return _WaitingRecalls(day.recalls, moment_of_day(day), day.summary["rows"]["members"] > 0)


def _of_files(
    inputs: tuple[str, ...], rules: Policy, moment: datetime | None, known: Reference, *, quiet: bool
) -> _WaitingRecalls:
    """Conclude from scan files; nothing is written."""
    from poolpipe.pipeline import run

    with Steps(quiet=quiet) as steps:
        return _of_day(run(inputs, policy=rules, as_of=moment, reference=known, progress=steps))
