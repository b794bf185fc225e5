"""Draw docs/images/board.svg: the terminal after `poolpipe demo`, at the hour when most people wait."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import MONOKAI

import poolpipe
from poolpipe.events.reference import read_reference
from poolpipe.policy import load_policy
from poolpipe.simulate.check import busiest_moment
from poolpipe.terminal.boards import WIDTH, day_boards, ledger_board

ROOT = Path(__file__).parents[1]
TOWN = ROOT / "data" / "samples" / "town"
PICTURE = ROOT / "docs" / "images" / "board.svg"
_ROWS = 8
CELL = 12.2
"""Width of a terminal cell in rich's drawing, in its units."""


def main() -> None:
    """Run the sample town and draw its campaign, recalls and ledger."""
    people = read_reference(people=next((TOWN / "reference").glob("people.*"))).people
    end = poolpipe.run(TOWN / "events", people=people)
    day = end.view(as_of=busiest_moment(end.recalls))
    console = Console(file=io.StringIO(), record=True, width=WIDTH, highlight=False)
    campaign, recalls, *_ = day_boards(day, zone=load_policy().time_zone, people=people, rows=_ROWS)
    for board in (campaign, recalls, ledger_board(day.ledger, rows=_ROWS)):
        console.print(board)
        console.print()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    drawn = console.export_svg(title="poolpipe demo", theme=MONOKAI, unique_id="board", code_format=_format())
    PICTURE.write_text(_with_wide_characters(drawn), encoding="utf-8")


def _with_wide_characters(drawn: str) -> str:
    """Give each text the width of its terminal cells: rich counts characters, and a Chinese one fills two cells."""

    def widened(text: re.Match[str]) -> str:
        cells = cell_len(html.unescape(text[3]))
        return f'{text[1]}textLength="{CELL * cells:g}"{text[2]}>{text[3]}</text>'

    return re.sub(r'(<text [^>]*?)textLength="[0-9.]+"([^>]*)>([^<]*)</text>', widened, drawn)


def _format() -> str:
    """Rich's own frame with fonts of the reader's machine: a picture fetches nothing."""
    from rich._export_format import CONSOLE_SVG_FORMAT

    start, end = CONSOLE_SVG_FORMAT.index("@font-face"), CONSOLE_SVG_FORMAT.index(".{unique_id}-matrix")
    local = CONSOLE_SVG_FORMAT[:start] + CONSOLE_SVG_FORMAT[end:]
    fonts = (
        "Menlo, Consolas, DejaVu Sans Mono, Noto Sans Mono CJK SC, PingFang SC, Microsoft YaHei, monospace"
    )
    return local.replace("Fira Code, monospace", fonts)


if __name__ == "__main__":
    main()
