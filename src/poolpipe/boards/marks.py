"""How a board looks: its frame, masked numbers, times left, and text that cannot command the terminal."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from poolpipe.boards.advice import CHINESE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["STYLES", "WIDTH", "clock", "coded", "counted", "frame", "mask", "mask_numbers", "plain",
           "span", "time_left", "word"]  # fmt: skip

WIDTH = 100
"""Columns the boards are laid out for."""

STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "positive": "bold red",
    "suspect": "magenta",
}

_NUMBER = re.compile(r"\d{11,}[\dXx]?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def frame(title: str, *, more: int = 0) -> Table:
    """Start a board; `more` rows that do not fit on it are announced below."""
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        min_width=min(cell_len(title), WIDTH),
        caption=Text(f"and {more:,} more in the tables 其余 {more:,} 行见结果表") if more else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        header_style="bold",
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
    )


def plain(text: str, style: str = "") -> Text:
    """Text as it came, without markup and without control characters: file names and codes are strangers'."""
    return Text(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text), style=style)


def word(value: str) -> Text:
    """A value of the contract with its Chinese name."""
    return Text(f"{value} {CHINESE[value]}", style=STYLES.get(value, ""))


def coded(screening_round: str | None, code: str | None) -> Text:
    """A tube or a site, led by its round where it has one."""
    return plain(" ".join(part for part in (screening_round, code) if part) or "-")


def counted(counts: Mapping[str, int]) -> Text:
    """Several counts of the contract's values in one line: `positive 阳性 3 · negative 阴性 12`."""
    parts = [
        Text.assemble((f"{name} {CHINESE[name]} ", ""), (f"{n:,}", STYLES.get(name, "bold") if n else "dim"))
        for name, n in counts.items()
    ]
    return Text(" · ").join(parts)


def mask(number: str) -> str:
    """Hide the middle of an identity number: `360781********0005`; at most a third and a quarter stay."""
    first, last = min(6, len(number) // 3), min(4, len(number) // 4)
    return number[:first] + "*" * (len(number) - first - last) + number[len(number) - last :]


def mask_numbers(text: str) -> str:
    """Mask whatever in a text is long enough to be an identity or telephone number."""
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def clock(moment: datetime, zone: str) -> str:
    """Day and minute in the zone of the people who read it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"


def span(duration: timedelta) -> str:
    """Hours and minutes: `3 h 05`, whole minutes, rounded down."""
    minutes = int(abs(duration).total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02}"


def time_left(due_at: datetime, as_of: datetime | None) -> Text:
    """What remains until `due_at`; negative and red once it is past, yellow in the last hour."""
    if as_of is None:
        return Text("-")
    left = due_at - as_of
    if left < timedelta(0):
        return Text(f"-{span(left)}", style="bold red")
    return Text(span(left), style="yellow" if left < timedelta(hours=1) else "green")
