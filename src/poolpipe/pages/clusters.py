"""The clusters of a page: which positives hang together, those that grow most first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolpipe.display import mask_people
from poolpipe.pages.words import Words, clock_time, masked_text

if TYPE_CHECKING:
    from poolpipe.pages.source import PageSource

__all__ = ["Cluster", "growing_clusters"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster; texts are ready to be shown."""

    tube: str
    since: str
    size: int
    growth: int
    places: list[str]
    people: list[str]
    recurrence: Words | None


def growing_clusters(
    source: PageSource, *, zone: str, show_ids: bool, most: int
) -> tuple[list[Cluster], int]:
    """List clusters, those that grow most first, then the largest; and count all.

    Parameters
    ----------
    source : PageSource
        Older results have no table `clusters`.
    zone : str
        IANA zone of the times.
    show_ids : bool
        Show identity numbers in full.
    most : int
        Longest list.
    """
    if "clusters" not in source.summary["rows"]:
        return [], 0
    order = ("growth", "size", "first_seen", "round", "tube")
    table = source.table("clusters").sort(*order, descending=[True, True, False, False, False])
    clusters = []
    for row in table.head(most).collect().to_dicts():
        people = row["ask_first"] if show_ids else mask_people(row["ask_first"])
        days = row["recurrence_days"]
        clusters.append(
            Cluster(
                masked_text(
                    " ".join(part for part in (row["round"], row["tube"]) if part), show_ids=show_ids
                ),
                clock_time(row["first_seen"], zone),
                row["size"],
                row["growth"],
                [masked_text(each, show_ids=show_ids) for each in (row["places"] or "–").split("; ")],
                [masked_text(each.removeprefix("RIC:"), show_ids=show_ids) for each in people.split("; ")],
                None
                if days is None
                else Words(f"{days:,.0f} {'day' if round(days) == 1 else 'days'}", f"{days:,.0f} 天"),
            )
        )
    return clusters, source.summary["rows"]["clusters"]
