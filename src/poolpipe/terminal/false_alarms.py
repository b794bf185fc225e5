"""Draw the board of positives that the laboratory may explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from rich.text import Text

from poolpipe.languages import both, language
from poolpipe.tables import FALSE_ALARMS
from poolpipe.terminal.marks import Board, below, frame, plain
from poolpipe.words import LABORATORY_WORDS, word_of

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["false_alarm_board"]

_TUBES = 5


def false_alarm_board(alarms: pl.DataFrame, *, show_ids: bool = False, rows: int = 20) -> Board:
    """Draw each suspicion, the strongest first: what, how sure, which tubes to repeat.

    Parameters
    ----------
    alarms : polars.DataFrame
        The `false_alarms` table.
    show_ids : bool
        Show codes that are identity numbers in full.
    rows : int
        Suspicions listed; the others are counted.
    """
    what = both("False alarms?", "疑似实验室假阳性")
    then = both("repeat these tubes; their calls stand until then", "请复检，复检前结论不变")
    board = frame(f"{what} · {then}", more=max(alarms.height - rows, 0), show_ids=show_ids, tight=True)
    board.add_column("what\n对象", overflow="fold")
    board.add_column("seen, expected\n实有、预期", justify="right", no_wrap=True, spare=True)
    board.add_column("p, posterior\np 值、后验概率", justify="right", no_wrap=True)
    board.add_column("why, what to do, tubes\n原因、处理、复检管", overflow="fold")
    doubt = pl.coalesce("p", 1.0 - pl.col("posterior"))
    for row in alarms.sort(doubt, "round", "subject_kind", "subject").head(rows).iter_rows(named=True):
        board.add_row(*_cells(row))
    return board


def _cells(row: dict[str, Any]) -> list[RenderableType]:
    about = FALSE_ALARMS[row["statistic"]]
    tubes = row["repeat"].split(" ")
    left = len(tubes) - _TUBES
    more = "" if left <= 0 else " " + both(f"and {left:,} more", f"等 {len(tubes):,} 管")
    sure = f"p = {row['p']:.2g}" if row["p"] is not None else f"{row['posterior']:.0%}"
    gap = "" if language() == "zh" else " "
    return [
        Text(word_of(LABORATORY_WORDS, row["subject_kind"]))
        + below(f"{row['subject']} {row['round']}".strip()),
        f"{row['seen']:,} / {row['expected']:.1f}",
        sure,
        Text(both(about.meaning, about.chinese) + "\n" + both(about.way_out, about.way_out_chinese) + "\n")
        + plain(gap.join((" ".join(tubes[:_TUBES]), more.strip())).strip(), style="bold"),
    ]
