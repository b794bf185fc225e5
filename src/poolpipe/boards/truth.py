"""The board of `poolpipe demo`: what was planted in a simulated city, and whether it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from poolpipe.boards.marks import frame, mask_numbers, plain
from poolpipe.tables import ANOMALIES

if TYPE_CHECKING:
    from rich.table import Table

    from poolpipe.planted import Check

__all__ = ["truth_board"]


def truth_board(check: Check, *, rows: int = 20) -> Table:
    """Planted troubles with what each was found as, then whatever does not agree.

    Parameters
    ----------
    check : Check
        What `poolpipe.planted.check_planted` returned.
    rows : int
        Longest list of disagreements; what is left out is counted.
    """
    board = frame("Planted troubles against what was found 植入差错核对")
    for heading in ("planted\n植入", "shows as\n表现为"):
        board.add_column(heading, overflow="fold")
    for heading in ("n\n数量", "found\n发现"):
        board.add_column(heading, justify="right")
    for trouble, code, planted, found in check.troubles.iter_rows():
        if found is None:
            shows, result = (
                Text(code or "ledger, rejects or nothing 见台账或拒收", style="dim"),
                Text("-", style="dim"),
            )
        else:
            shows = Text(f"{code} {ANOMALIES[code].chinese}")
            result = Text(f"{found:,}", style="green" if found == planted else "bold red")
        board.add_row(trouble.replace("_", " "), shows, f"{planted:,}", result)
    board.add_section()
    for code, count in check.explained.iter_rows():
        board.add_row("(explained 已说明)", f"{code} {ANOMALIES[code].chinese}", "-", f"{count:,}")
    for row in check.missed.head(rows).iter_rows(named=True):
        subject = mask_numbers(f"{row['code']} {row['subject_kind']} {row['subject']}")
        board.add_row(Text("not found 未发现", style="bold red"), plain(subject), "1", "0")
    for row in check.unplanted.head(rows).iter_rows(named=True):
        subject = mask_numbers(f"{row['code']} {row['subject_kind']} {row['subject']}")
        board.add_row(Text("not planted 未植入", style="bold red"), plain(subject), "0", "1")
    verdict = (
        Text("all found, none that was not planted  全部发现，无误报", style="bold green")
        if check.passed
        else Text(
            f"{check.missed.height:,} not found, {check.unplanted.height:,} not planted  "
            f"未发现 {check.missed.height:,}，未植入 {check.unplanted.height:,}",
            style="bold red",
        )
    )
    board.caption = verdict
    return board
