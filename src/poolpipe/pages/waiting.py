"""The recall list of a page: who waits to be re-collected or for the single's result, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.pages.words import Words, clock_time, masked_text, person_text, time_left_words
from poolpipe.words import STATUS_WORDS

if TYPE_CHECKING:
    from poolpipe.pages.source import PageSource

__all__ = ["Waiting", "waiting_people"]

_COLUMNS: Final = (
    "rank",
    "round",
    "tube",
    "person_type",
    "person",
    "due_at",
    "status",
    "overdue",
    "lab",
    "p_infected",
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One person of the recall list; texts are ready to be shown."""

    rank: int
    person: str
    tube: str
    lab: str
    due: str
    left: Words
    overdue: bool
    status: Words
    chance: str


def waiting_people(source: PageSource, *, zone: str, show_ids: bool, most: int) -> list[Waiting]:
    """List recalls that are not closed, by rank.

    Parameters
    ----------
    source : PageSource
        With the table `recalls`.
    zone : str
        IANA zone of the times.
    show_ids : bool
        Show identity numbers in full.
    most : int
        Longest list.
    """
    open_ = source.table("recalls").filter(pl.col("status") != "closed").select(_COLUMNS)
    rows = open_.bottom_k(most, by="rank").sort("rank").collect().to_dicts()
    as_of = source.as_of
    return [
        Waiting(
            row["rank"],
            person_text(row["person_type"], row["person"], show_ids=show_ids),
            masked_text(" ".join(part for part in (row["round"], row["tube"]) if part), show_ids=show_ids),
            masked_text(row["lab"] or "–", show_ids=show_ids),
            clock_time(row["due_at"], zone),
            Words("–", "–") if as_of is None else time_left_words(row["due_at"] - as_of),
            row["overdue"],
            Words(*STATUS_WORDS[row["status"]]),
            _chance(row["p_infected"]),
        )
        for row in rows
    ]


def _chance(p_infected: float | None) -> str:
    if p_infected is None:
        return "–"
    return f"{p_infected:.0%}" if p_infected >= 0.005 else "< 1%"
