"""Draw a trace as a tree: whom a tube leads to, by which way, when, and how likely."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from poolpipe.display import mask, mask_subject
from poolpipe.languages import both
from poolpipe.terminal.marks import coded, plain, span
from poolpipe.words import LINK_WORDS, word_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["neighbourhood_lines", "trace_trees"]

_ORDER = ("member", "household", "queue", "again", "box", "well")
"""Kinds from the source outwards; people of other tubes stand below those tubes."""

Row = dict[str, Any]


def trace_trees(links: pl.DataFrame, *, rows: int, show_ids: bool) -> list[Tree]:
    """Draw a tree for each source.

    Parameters
    ----------
    links : DataFrame
        Rows of `traces`.
    rows : int
        Links listed of a kind, the likeliest first; the others are counted.
    show_ids : bool
        Show identity numbers in full.

    Returns
    -------
    list of Tree
    """
    groups = links.partition_by("source_round", "source_tube", maintain_order=True)
    return [_tree(group.to_dicts(), rows, show_ids=show_ids) for group in groups]


def _tree(links: list[Row], rows: int, *, show_ids: bool) -> Tree:
    source = links[0]
    tree = Tree(Text.assemble(coded(source["source_round"], source["source_tube"]), style="bold"))
    further: dict[Any, list[Row]] = defaultdict(list)
    for link in links:
        if link["hops"] > 1:
            further[_from(link)].append(link)
    for kind in _ORDER:
        found = [link for link in links if link["kind"] == kind and link["hops"] < 2]
        if found:
            branch = tree.add(_heading(kind, found))
            _add(branch, found, further, rows, show_ids=show_ids)
    return tree


def _from(link: Row) -> Any:
    """Whom a further link starts from: of a tube's people the member in it, of another tube its person."""
    if link["kind"] == "tube":
        return link["hops"], link["round"], link["tube"], link["via"]
    return link["hops"], link["via"]


def _heading(kind: str, found: list[Row]) -> Text:
    count = len(
        {
            (link["person_type"], link["person"], link["tube"] if link["person"] is None else "")
            for link in found
        }
    )
    what = both("tubes", "管") if found[0]["person"] is None else both("people", "人")
    return Text.assemble((word_of(LINK_WORDS, kind), "bold"), f" · {count:,} {what}")


def _add(branch: Tree, found: list[Row], further: dict[Any, list[Row]], rows: int, *, show_ids: bool) -> None:
    ordered = sorted(found, key=lambda link: -(link["score"] or 0))
    for link in ordered[:rows]:
        leaf = branch.add(_line(link, show_ids=show_ids))
        who = f"{link['person_type']}:{link['person']}"
        hops = link["hops"] + 1
        key = (hops, link["round"], link["tube"], who) if link["kind"] == "again" else (hops, who)
        below = further.pop(key, [])
        if below:
            _add(leaf, below, further, rows, show_ids=show_ids)
    if len(ordered) > rows:
        more = f"{len(ordered) - rows:,}"
        branch.add(
            Text(both(f"{more} more, see them with --rows", f"另有 {more} 条，用 --rows 查看"), style="dim")
        )


def _line(link: Row, *, show_ids: bool) -> Text:
    """Who or what, in which tube, when, by whom, and the score."""
    parts: list[Text] = []
    if link["person"] is not None:
        number = link["person"] if show_ids else mask(link["person"])
        parts.append(plain(number if link["person_type"] == "RIC" else f"{link['person_type']} {number}"))
    if link["tube"] is None:
        parts.append(Text(both("not swabbed", "未采样"), style="dim"))
    elif link["kind"] != "member":
        parts.append(coded(link["round"] if link["round"] != link["source_round"] else "", link["tube"]))
    if link["kind"] != "member":
        if link["lag_s"] is not None:
            parts.append(plain(_lag(link["lag_s"])))
        if link["kind"] in ("household", "queue") and link["via"]:
            via = link["via"] if show_ids else mask_subject("person", link["via"])
            parts.append(plain(f"← {via.removeprefix('RIC:')}", style="dim"))
        elif link["kind"] in ("box", "well"):
            parts.append(plain(f"← {link['via']}", style="dim"))
        if link["score"] is not None:
            parts.append(Text(f"{link['score']:.0%}", style="bold" if link["score"] >= 0.1 else "dim"))
    return Text(" · ").join(parts)


def _lag(seconds: float) -> str:
    """`5 min later`, `2 h 03 earlier`."""
    length = abs(seconds)
    if length < 3600:
        minutes = round(length / 60)
        told = both(f"{minutes} min", f"{minutes} 分")
    elif length < 86_400:
        told = span(timedelta(seconds=length))
    else:
        days = length / 86_400
        told = both(f"{days:.1f} days", f"{days:.1f} 天")
    if not round(length):
        return both("at once", "同时")
    return f"{told} {both('later', '之后') if seconds > 0 else both('earlier', '之前')}"


def neighbourhood_lines(counts: pl.DataFrame, *, rows: int) -> list[Text]:
    """Write communities and buildings with how many people live there; nobody of them is listed.

    Parameters
    ----------
    counts : DataFrame
        As `tracing.neighbourhoods.count_neighbourhoods` gives it.
    rows : int
        Places listed of each level.

    Returns
    -------
    list of Text
    """
    levels = {"community": both("community", "社区"), "building": both("building", "楼栋")}
    return [
        Text.assemble(
            (f"{told} ", "bold"),
            plain(row["place"]),
            f" · {both('on the list', '名册')} {row['residents']:,} · {both('of the tube', '本管')} {row['people']:,}",
        )
        for level, told in levels.items()
        for row in counts.filter(level=level).head(rows).to_dicts()
    ]
