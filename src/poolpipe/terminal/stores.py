"""Boards about a store: what was taken in, its versions, who opened identities, what a check found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.languages import both
from poolpipe.messages import in_language
from poolpipe.terminal.marks import Board, below, frame, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.store.device_tokens import Device

__all__ = ["device_board", "finding_board", "ingested_board", "unsealing_board", "version_board"]

_COMMITS: Final = {
    "created": "新建", "ingest": "收入", "serve": "接收", "conclude": "得出结果", "compact": "整理", "repair": "修复",
}  # fmt: skip
"""What made a version, in Chinese."""


_READS: Final = {"tables": both("tables", "结果表"), "identities": both("identities", "身份信息")}
"""What a token reads."""


def ingested_board(told: pl.DataFrame) -> Board:
    """What became of each file that was ingested.

    Parameters
    ----------
    told : DataFrame
        As `Store.ingest` gives it.
    """
    board = frame(f"{both('Taken in', '收入')} · {told.height:,}")
    board.add_column("file\n文件", overflow="fold")
    for heading in ("read\n读取", "accepted\n接收", "duplicates\n重复", "rejected\n拒收"):
        board.add_column(heading, justify="right", no_wrap=True)
    for file, read, accepted, duplicates, rejected, again in told.iter_rows():
        counts = (f"{each:,}" for each in (read, accepted, duplicates, rejected))
        board.add_row(plain(file) + below(_before(file, again)), *map(plain, counts))
    return board


def _before(file: str, again: str | None) -> str:
    """Say that a file's content was there; under which name, where that was another."""
    if not again:
        return ""
    return both("taken in before", "此前已收入") + ("" if again == file else f": {again}")


def version_board(versions: pl.DataFrame, inputs: pl.DataFrame, *, rows: int) -> Board:
    """The newest versions, and how much each took in.

    Parameters
    ----------
    versions : DataFrame
        As `Store.versions` gives them, and `tables`: whether its conclusions were kept.
    inputs : DataFrame
        As `Store.inputs` gives them.
    rows : int
        Longest list.
    """
    counts = inputs.group_by("version").agg(pl.len().alias("files"), pl.col("accepted").sum())
    told = versions.join(counts, on="version", how="left").sort("version", descending=True)
    more = max(0, told.height - rows)
    board = frame(f"{both('Versions', '版本')} · {told.height:,}" + (f" (+{more:,})" if more else ""))
    for heading in ("version\n版本", "committed (UTC)\n提交时间", "by\n操作"):
        board.add_column(heading, no_wrap=True)
    for heading in ("files\n文件", "accepted\n接收"):
        board.add_column(heading, justify="right", no_wrap=True)
    board.add_column("tables\n结果表", no_wrap=True)
    for version, at, what, tables, files, accepted in told.head(rows).iter_rows():
        numbers = ("" if each is None else f"{each:,}" for each in (files, accepted))
        kept = both("kept", "已存") if tables else ""
        board.add_row(
            plain(str(version)),
            plain(at[:19].replace("T", " ")),
            plain(both(what, _COMMITS[what]) if what in _COMMITS else what),
            *map(plain, (*numbers, kept)),
        )
    return board


def unsealing_board(told: pl.DataFrame, *, rows: int) -> Board:
    """Who opened identities, the latest first."""
    board = frame(f"{both('Identities opened', '身份信息读取记录')} · {told.height:,}")
    for heading in ("at (UTC)\n时间", "who\n何人", "what\n命令", "why\n原因"):
        board.add_column(heading, overflow="fold")
    for row in told.reverse().head(rows).iter_rows():
        board.add_row(*(plain(each) for each in row))
    return board


def device_board(devices: Sequence[Device]) -> Board:
    """The devices that have a token, or had one."""
    board = frame(f"{both('Devices', '设备')} · {len(devices):,}")
    for heading in (
        "device\n设备",
        "site\n采样点",
        "kinds\n事件种类",
        "reads\n读取",
        "a second\n每秒次数",
        "made (UTC)\n签发",
        "withdrawn (UTC)\n撤销",
    ):
        board.add_column(heading, overflow="fold")
    for each in devices:
        rate = f"{each.rate:g}" if each.rate else ""
        kinds = " ".join(sorted(each.kinds)) if each.sends else "-"
        reads = " ".join(filter(None, (in_language(_READS.get(each.reads, "")), each.lab)))
        told = (each.name, each.site, kinds, reads, rate, each.made, each.withdrawn)
        board.add_row(*map(plain, told))
    return board


def finding_board(findings: Sequence[tuple[str, str, str]]) -> Board:
    """What a check of a store found.

    Parameters
    ----------
    findings : sequence of (code, where, what)
        As `Store.check` gives them.
    """
    board = frame(f"{both('Not as it must be', '不符合要求')} · {len(findings):,}")
    board.add_column("code\n代码", no_wrap=True)
    board.add_column("where, what\n位置、问题", overflow="fold")
    for code, where, what in findings:
        board.add_row(plain(code, "red"), plain(where) + below(in_language(what)))
    return board
