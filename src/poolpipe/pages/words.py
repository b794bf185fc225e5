"""Texts of a page in both languages, and how texts from files are written on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from poolpipe.display import mask, mask_identities, visible
from poolpipe.languages import speaking
from poolpipe.messages import in_language

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

__all__ = [
    "Words",
    "clock_time",
    "masked_text",
    "masked_words",
    "person_text",
    "share_text",
    "shortened",
    "time_left_words",
]

_LONGEST: Final = 600
"""Characters of a text from a file that a page shows."""


class Words(NamedTuple):
    """One text in English and in Chinese; on a page it is both, and the page shows one of them."""

    english: str
    chinese: str

    def __html__(self) -> str:
        """Both texts, escaped, each with its language."""
        english, chinese = (visible(text) for text in self)
        return str(
            Markup('<span class="zh" lang="zh-CN">{}</span><span class="en" lang="en">{}</span>').format(
                chinese, english
            )
        )

    def filled(self, **fields: object) -> Words:
        """Fill in the fields of both texts; numbers get separators of thousands."""
        told = {name: f"{value:,}" if isinstance(value, int) else value for name, value in fields.items()}
        return Words(self.english.format_map(told), self.chinese.format_map(told))

    def both(self, it: Words) -> Words:
        """Fill in the field `it` of both texts, each with the text of its language."""
        return Words(self.english.replace("{it}", it.english), self.chinese.replace("{it}", it.chinese))


def shortened(text: str) -> str:
    """Escape control characters, and cut a text that is too long for a page, with an ellipsis."""
    return visible(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def masked_text(text: str, *, show_ids: bool) -> str:
    """Write a text from a file: identity and telephone numbers masked, control characters escaped, cut where too long.

    Parameters
    ----------
    text : str
        As it came.
    show_ids : bool
        Leave numbers as they are.
    """
    return shortened(text if show_ids else mask_identities(text))


def masked_words(text: str, *, show_ids: bool, draw: Callable[[str], str] = in_language) -> Words:
    """Write a text of a summary or table, which is in both languages, as `masked_text` does, each language by itself.

    Parameters
    ----------
    text : str
        What the catalogue of messages does not know stays in both.
    show_ids : bool
        Leave numbers as they are.
    draw : callable
        Draws the text in the language of the reader.
    """
    told = []
    for language in ("en", "zh"):
        with speaking(language):
            told.append(masked_text(draw(text), show_ids=show_ids))
    return Words(*told)


def person_text(person_type: str, person: str, *, show_ids: bool) -> str:
    """Write a document's number, led by its type unless it is a resident ID.

    Parameters
    ----------
    person_type, person : str
        As in the tables.
    show_ids : bool
        Show the number in full.
    """
    number = person if show_ids else mask(person)
    return shortened(number if person_type == "RIC" else f"{person_type} {number}")


def clock_time(moment: datetime | None, zone: str) -> str:
    """Write day and minute in a time zone, `04-04 12:00`; a dash for None."""
    return "–" if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"


def time_left_words(left: timedelta) -> Words:
    """Write the time until something is due, or since when it is overdue; whole minutes, rounded down."""
    minutes = int(abs(left).total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    if left.total_seconds() < 0:
        return Words(f"overdue {hours:,} h {minutes} min", f"超时 {hours:,} 小时 {minutes} 分")
    return Words(f"{hours:,} h {minutes} min left", f"剩余 {hours:,} 小时 {minutes} 分")


def share_text(part: int, whole: int) -> str:
    """Write a share in percent, rounded down to a tenth, so that 100 % is all; a dash where there is nothing to share."""
    if not whole:
        return "–"
    tenths = 1000 * part // whole
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10} %"
