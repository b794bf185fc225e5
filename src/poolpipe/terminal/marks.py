"""The look of a board: frame, cells, times left; every cell is drawn through `poolpipe.display`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from poolpipe.display import COMMANDING, mask_sound_ids, visible
from poolpipe.languages import both, language, one_language
from poolpipe.terminal.narrow import fitted
from poolpipe.words import VALUE_WORDS, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

__all__ = ["IN_TABLES", "MOMENT", "NAME", "NUMBER", "STYLES", "WIDTH", "Board", "below", "clock", "coded", "counted", "frame",
           "listing", "plain", "span", "time_left", "word"]  # fmt: skip

WIDTH = 100
"""Width of the boards in columns."""

STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "positive": "bold red",
    "suspect": "magenta",
}

NAME: Final[Mapping[str, Any]] = {"overflow": "fold"}
NUMBER: Final[Mapping[str, Any]] = {"justify": "right", "no_wrap": True}
MOMENT: Final[Mapping[str, Any]] = {"no_wrap": True}
"""Options of columns: names may be folded into several lines, numbers and times are not."""

IN_TABLES = ("in the tables", "见结果表")
"""Where to find rows that do not fit on a board, in English and Chinese."""


class Board(Table):
    """A table whose cells are escaped, so that no text in them can control the terminal.

    A `str` is input: it has no markup, and a line break is drawn as an escape. A `Text` is made by poolpipe and may
    have line breaks; other control characters are escaped in it, too. Codes that are valid resident IDs are masked.

    Parameters
    ----------
    title : str
        Heading; it may contain the policy's name.
    more : int
        Rows that do not fit on it; they are announced below.
    rest : tuple of str
        Where those rows are, in English and Chinese.
    show_ids : bool
        Leave identity numbers as they are.
    tight : bool
        One blank between columns instead of two.
    """

    def __init__(
        self,
        title: str,
        *,
        more: int = 0,
        rest: tuple[str, str] = IN_TABLES,
        show_ids: bool = False,
        tight: bool = False,
    ) -> None:
        self._show_ids = show_ids
        self._spare: list[int] = []
        super().__init__(
            title=self._drawn(Text(title, style="bold")),
            title_justify="left",
            min_width=min(cell_len(title), WIDTH),
            caption=Text(both(f"and {more:,} more {rest[0]}", f"其余 {more:,} 行{rest[1]}"))
            if more
            else None,
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            header_style="bold",
            padding=(0, 0 if tight else 1),
            collapse_padding=True,
            pad_edge=False,
        )

    def add_column(self, header: RenderableType = "", footer: RenderableType = "", **options: Any) -> None:
        """Add a column; its heading may be two lines, Chinese below English.

        Parameters
        ----------
        header, footer : str or Text
            Escaped like cells; a `str` in both languages is drawn in the reader's.
        **options
            Options of `rich.table.Table.add_column`, and `spare`: whether the column is left out before others where the
            terminal is narrow.
        """
        if options.pop("spare", False):
            self._spare.append(len(self.columns))
        heading = header if isinstance(header, Text) else Text(one_language(str(header)))
        super().add_column(self._drawn(heading), self._drawn(Text(str(footer))), **options)

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row of `str`, `Text` or None.

        Raises
        ------
        TypeError
            A cell is something else, which could not be drawn safely.
        """
        super().add_row(*(self._cell(cell) for cell in cells), **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the board with the columns that fit the terminal."""
        yield from Table.__rich_console__(fitted(self, options.max_width, self._spare), console, options)

    def _cell(self, cell: RenderableType | None) -> Text:
        if cell is not None and not isinstance(cell, str | Text):
            message = f"a cell is a str or a Text, not {type(cell).__name__}"
            raise TypeError(message)
        return self._drawn(cell if isinstance(cell, Text) else plain(cell or ""))

    def _drawn(self, text: Text) -> Text:
        """The same text with control characters escaped, its styles kept."""
        written = text.plain
        drawn = visible(written.replace("\n", "")) == written.replace("\n", "")
        if drawn and (self._show_ids or mask_sound_ids(written) == written):
            return text
        if not drawn:
            text = _visible_text(text)
        return text if self._show_ids else Text(mask_sound_ids(text.plain), style=text.style)


def frame(
    title: str,
    *,
    more: int = 0,
    rest: tuple[str, str] = IN_TABLES,
    show_ids: bool = False,
    tight: bool = False,
) -> Board:
    """Start a board.

    Parameters
    ----------
    title : str
        Heading.
    more : int
        Rows that do not fit on it; they are announced below.
    rest : tuple of (str, str)
        Where those rows are, in English and Chinese.
    show_ids : bool
        Show identity numbers in full.
    tight : bool
        One blank between columns instead of two.

    Returns
    -------
    Board
    """
    return Board(title, more=more, rest=rest, show_ids=show_ids, tight=tight)


def listing(
    title: str,
    columns: Mapping[str, Mapping[str, Any]],
    rows: Iterable[Sequence[RenderableType]],
    *,
    more: int = 0,
) -> Board:
    """Make a board that is a list.

    Parameters
    ----------
    title : str
        Heading.
    columns : mapping of str to mapping
        Heading of each column to its look (`NAME`, `NUMBER`, `MOMENT`).
    rows : iterable of sequence
        Cells, row by row.
    more : int
        Rows that do not fit on it; they are announced below.

    Returns
    -------
    Board
    """
    board = frame(title, more=more)
    for heading, look in columns.items():
        board.add_column(heading, **look)
    for cells in rows:
        board.add_row(*cells)
    return board


def _visible_text(text: Text) -> Text:
    parts, begin = Text(style=text.style), 0
    for found in COMMANDING.finditer(text.plain):
        if found[0] != "\n":
            parts.append_text(text[begin : found.start()]).append(visible(found[0]))
            begin = found.end()
    return parts.append_text(text[begin:])


def plain(text: str, style: str = "") -> Text:
    """Make a text without markup, control characters escaped, for file names, codes and other input.

    Parameters
    ----------
    text : str
        As it came.
    style : str
        Style of rich.

    Returns
    -------
    Text
    """
    return Text(visible(text), style=style)


def below(text: str | None) -> Text:
    """A second, fainter line of a cell; empty where there is none."""
    return Text("\n") + plain(text, style="dim") if text else Text("")


def word(value: str) -> Text:
    """A value of docs/tables.md in the language of the reader."""
    return Text(word_of(VALUE_WORDS, value), style=STYLES.get(value, ""))


def coded(screening_round: str | None, code: str | None) -> Text:
    """Write a tube or a site, led by its round where it has one.

    Parameters
    ----------
    screening_round, code : str or None
        Empty and None are left out.

    Returns
    -------
    Text
        `-` where both are missing.
    """
    return plain(" ".join(part for part in (screening_round, code) if part) or "-")


def counted(counts: Mapping[str, int]) -> Text:
    """Several counts of values of docs/tables.md in one line: `positive 阳性 3 · negative 阴性 12`."""
    parts = [
        Text.assemble(
            (f"{word_of(VALUE_WORDS, name)} ", ""), (f"{n:,}", STYLES.get(name, "bold") if n else "dim")
        )
        for name, n in counts.items()
    ]
    return Text(" · ").join(parts)


def clock(moment: datetime, zone: str) -> str:
    """Write day and minute in a time zone.

    Parameters
    ----------
    moment : datetime
        With offset.
    zone : str
        IANA zone of the readers.

    Returns
    -------
    str
        `MM-DD HH:MM`.
    """
    return f"{moment.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"


def span(duration: timedelta) -> str:
    """Write hours and minutes: `3 h 05`, to readers of Chinese `3 小时 5 分`; whole minutes, rounded down."""
    hours, minutes = divmod(int(abs(duration).total_seconds() // 60), 60)
    return f"{hours} 小时 {minutes} 分" if language() == "zh" else f"{hours} h {minutes:02}"


def time_left(due_at: datetime, as_of: datetime | None) -> Text:
    """Write the time that remains until `due_at`.

    Parameters
    ----------
    due_at : datetime
        With offset.
    as_of : datetime or None
        From when it is counted; None where there is no event.

    Returns
    -------
    Text
        Negative (to readers of Chinese 超时) and red once it is past, yellow in the last hour; `-` without `as_of`.
    """
    if as_of is None:
        return Text("-")
    left = due_at - as_of
    if left < timedelta(0):
        return Text(f"{'超时 ' if language() == 'zh' else '-'}{span(left)}", style="bold red")
    return Text(
        ("剩余 " if language() == "zh" else "") + span(left),
        style="yellow" if left < timedelta(hours=1) else "green",
    )
