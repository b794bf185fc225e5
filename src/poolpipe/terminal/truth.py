"""Draw the board of `poolpipe demo`: which planted troubles of a simulated city were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from poolpipe.display import mask_numbers
from poolpipe.languages import both
from poolpipe.terminal.marks import Board, frame, plain

if TYPE_CHECKING:
    from poolpipe.simulate.check import PlantedCheck

__all__ = ["truth_board"]


def truth_board(check: PlantedCheck, *, rows: int = 20) -> Board:
    """Draw planted troubles with the anomalies found for each, then all disagreements.

    Parameters
    ----------
    check : PlantedCheck
        As `simulate.check` returns it.
    rows : int
        Longest list of disagreements; what is left out is counted.
    """
    board = frame(both("Planted troubles against what was found", "植入差错核对"))
    board.add_column("planted\n植入", no_wrap=True)
    board.add_column("shows as: found / planted\n表现为：发现 / 植入", overflow="fold")
    for trouble, shows in check.troubles.group_by("trouble", maintain_order=True):
        signs = [
            _sign(*row) for row in shows.select("code", "found", "planted").iter_rows() if row[1] is not None
        ]
        none = Text(both("no anomaly of its own", "本身不构成异常"), style="dim")
        board.add_row(str(trouble[0]).replace("_", " "), Text(", ").join(signs) if signs else none)
    board.add_section()
    for code, count in check.explained.iter_rows():
        board.add_row(f"({both('explained', '已说明')})", f"{code} {count:,}")
    for row in check.missed.head(rows).iter_rows(named=True):
        subject = mask_numbers(f"{row['code']} {row['subject_kind']} {row['subject']}")
        board.add_row(Text(both("not found", "未发现"), style="bold red"), plain(subject))
    for row in check.unplanted.head(rows).iter_rows(named=True):
        subject = mask_numbers(f"{row['code']} {row['subject_kind']} {row['subject']}")
        board.add_row(Text(both("not planted", "未植入"), style="bold red"), plain(subject))
    verdict = (
        Text(both("all found, none that was not planted", "全部发现，无误报", "  "), style="bold green")
        if check.passed
        else Text(
            both(
                f"{check.missed.height:,} not found, {check.unplanted.height:,} not planted",
                f"未发现 {check.missed.height:,}，未植入 {check.unplanted.height:,}",
                "  ",
            ),
            style="bold red",
        )
    )
    board.caption = verdict
    return board


def _sign(code: str, found: int, planted: int) -> Text:
    return Text.assemble(f"{code} ", (f"{found:,}/{planted:,}", "green" if found == planted else "bold red"))
