"""Lists of `poolpipe export`: written as a workbook or as CSV, and what those who carry them out should know first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast

from poolpipe.display import number_of
from poolpipe.languages import both
from poolpipe.languages import language as reader
from poolpipe.progress import Steps
from poolpipe.terminal.console import tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poolpipe.exchange.list_counts import ListCounts

__all__ = ["LIST_FORMS", "write_lists"]

LIST_FORMS: Final = ("xlsx", "csv-list")
"""Formats of `poolpipe export` that are lists."""


def write_lists(
    run: Path,
    out: Path,
    form: str,
    people: tuple[Path, ...],
    *,
    zone: str,
    language: str | None,
    show_ids: bool,
    quiet: bool,
) -> None:
    """Write the lists of a result and say how many people they name.

    Parameters
    ----------
    run, out : Path
        The result's folder; the workbook, or the folder of CSV files.
    form : {"xlsx", "csv-list"}
    people : tuple of Path
        Rosters and registrations.
    zone, language, show_ids
        As options of the command.
    quiet : bool
        No progress.
    """
    from poolpipe.exchange.list_export import export_lists

    with Steps(quiet=quiet) as steps:
        counts = export_lists(
            run,
            out,
            cast("Literal['xlsx', 'csv-list']", form),
            people=people,
            zone=zone,
            language=cast("Literal['zh', 'en', 'both']", language or _of_reader()),
            show_ids=show_ids,
            progress=steps,
        )
    for line in _told_lines(counts, out, asked=bool(people)):
        tell(line, err=True)


def _of_reader() -> str:
    """The reader's language where one is chosen; a team in China reads Chinese."""
    return "en" if reader() == "en" else "zh"


def _told_lines(counts: ListCounts, out: Path, *, asked: bool) -> Iterator[str]:
    waiting = "1 person" if counts.waiting == 1 else f"{counts.waiting:,} people"
    told = both(
        f"{waiting} to sample again, {counts.closed:,} closed and not listed",
        f"待复采 {counts.waiting:,} 人，已办结 {counts.closed:,} 人未列出",
    )
    yield f"{out} {both('written', '已写出')}: {told}"
    yield both(
        "it names people: its owner alone may read it, give it only to those who sample them",
        "含个人信息，仅所有者可读，请只交给应急采样小分队",
    )
    for name, parts in counts.sheets.items():
        if len(parts) > 1:
            titles = ", ".join(title for title, _ in parts)
            split = both(
                f"{name} does not fit one sheet, it is in {len(parts)}",
                f"一张表放不下，已分为 {len(parts)} 张",
            )
            yield f"{split}: {titles}"
    if not asked and counts.waiting:
        yield both(
            "no names: give a roster or the registrations with --people",
            "无姓名电话：请用 --people 给出名册或采样登记",
        )
    elif counts.without_phone:
        of_those = f", {counts.unknown:,} of them in no file given" if counts.unknown else ""
        yield both(
            f"without a telephone: {counts.without_phone:,}{of_those}",
            f"无电话 {counts.without_phone:,} 人，其中名册查无此人 {counts.unknown:,} 人",
        )
    if counts.doubtful:
        yield both(
            f"several names of one number, all shown: {counts.doubtful:,}",
            f"同一证件号姓名不一，均已列出: {counts.doubtful:,} 人",
        )
    if counts.unread:
        yield both(
            f"{number_of(counts.unread, 'line')} of --people could not be read",
            f"--people 中 {counts.unread:,} 行无法读取",
        )
    if counts.shortened:
        yield both(
            f"{number_of(counts.shortened, 'cell')} cut at 32,767 letters",
            f"{counts.shortened:,} 个单元格被截断",
        )
