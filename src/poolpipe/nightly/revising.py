"""A day that is counted again: which counts the reader of the earlier file must not be shown, or he takes one from the other.

Results that come late change a day that stands in the file already. Whoever kept the earlier file subtracts: a community of 6
positive tubes that has 8 now had 2 late ones, which is a small count by place like any other. So the changes are hidden as
the counts are (`suppression`): a change from 1 to the limit is small, others are hidden with it, and a count whose change is
hidden is hidden itself. What was hidden once stays hidden, or a count shown now would open the sum it was hidden in.

::

    shown before   20 = 6 + 9 + 5
    now            29 = 8 + 14 + 7         changes 9 = 2 + 5 + 2
    shown now      29 = [8] + [14] + [7]   2 and 2 are small, and 5 would give their sum away

What is shown of a day is thus always part of what was shown of it before. The unknown counts of the first file and the unknown
changes since are two separate riddles, each of which is as safe as a single file is: so it holds for any number of nights.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.nightly.suppression import hide_small

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["changed_little", "hide_changes"]

_REST = "\0"
"""In the place of a key: what is hidden below a node, together."""

Key = tuple[object, ...]


def hide_changes(
    leaves: pl.DataFrame, keys: Sequence[str], count: str, most: str, before: pl.DataFrame, limit: int
) -> list[pl.DataFrame]:
    """Say which nodes of a tree of counts must not be shown beside an earlier file.

    Parameters
    ----------
    leaves : DataFrame
        As in `suppression.hide_small`: the counts of now.
    keys, count, most, limit
        As in `suppression.hide_small`.
    before : DataFrame
        What the earlier file says of the nodes: the columns `keys`, null below the node's own; `was`, its count; null where
        it is hidden or not told. A node without a row counted nothing; a tree without a row at its root was not in the file.

    Returns
    -------
    list of DataFrame
        For each of `keys`, the rows of its level that are hidden: the keys down to it.
    """
    depth = len(keys)
    was: dict[Key, int | None] = {}
    for *places, told in before.select(*keys, pl.col("was").cast(pl.Int64)).iter_rows():
        was[tuple(place for place in places if place is not None)] = told
    now: dict[Key, int] = defaultdict(int)
    behind: dict[Key, int] = {}
    for *places, told, many in leaves.select(*keys, pl.col(count, most).cast(pl.Int64)).iter_rows():
        leaf = tuple(places)
        if limit > 0 and leaf[:1] in was:
            behind[leaf] = many
            for level in range(1, depth + 1):
                now[leaf[:level]] += told
    hidden: list[set[Key]] = [set() for _ in keys]
    for node in now:
        if was.get(node, 0) is None:
            hidden[len(node) - 1].add(node)
    changes = pl.DataFrame(
        _changes(now, was, behind, depth),
        {**{name: leaves.schema[name] for name in keys}, "change": pl.Int64, "most": pl.Int64},
        orient="row",
    )
    small = changes.with_columns(pl.col("change").is_between(1, limit).alias("is_small"))
    found = hide_small(small, keys, "change", "most", limit, small="is_small")
    for rows in found:
        for node in rows.iter_rows():
            if _REST not in node:
                hidden[len(node) - 1].add(node)
    return [
        pl.DataFrame(
            sorted(nodes, key=str), {name: leaves.schema[name] for name in keys[: level + 1]}, orient="row"
        )
        for level, nodes in enumerate(hidden)
    ]


def _changes(
    now: dict[Key, int], was: dict[Key, int | None], behind: dict[Key, int], depth: int
) -> list[tuple[object, ...]]:
    """The leaves of the tree of changes: those that were shown, and for each node what was hidden below it, together."""
    explained: dict[Key, int] = defaultdict(int)  # by what is shown below
    has_hidden: set[Key] = set()
    rows: list[tuple[object, ...]] = []
    for node in sorted(now, key=len, reverse=True):
        before = was.get(node, 0)
        above = node[:-1]
        if before is None:
            if len(node) == depth or node in has_hidden:
                has_hidden.add(above)
            explained[above] += explained[node]
            continue
        change = now[node] - before
        explained[above] += change
        if len(node) == depth:
            rows.append((*node, abs(change), max(behind[node], abs(change))))
        elif node in has_hidden:
            rest = abs(change - explained[node])
            key = (*node, *[_REST] * (depth - len(node)))
            rows.append((*key, rest, max(now[node], rest)))
    return rows


def changed_little(now: pl.Expr, was: pl.Expr, limit: int) -> pl.Expr:
    """Whether a count differs from an earlier one by so little that the difference is a small count; null where one is hidden."""
    return (now.cast(pl.Int64) - was.cast(pl.Int64)).abs().is_between(1, limit)
