"""Hide small counts by place, and as many others that no sum of what is shown gives a hidden one back.

Counts of a night lie in a tree: a city, its townships, their communities, their buildings; a parent is the sum of its
children. A leaf is *small* where its count lies between 1 and the policy's limit, or where so few people (or tubes) are
behind it that any count would tell of them. A small leaf is hidden; that alone is no protection, for its parent less its
brothers gives it back. So leaves are hidden in groups among which counts could be moved without changing any sum that
is shown. A group is safe when each of its small leaves could have any count from the least one it may have up to the
limit. A reader is taken to know the rules: that a hidden count is at most as large as what is behind it, and at least 1
where more than the limit are behind it and no brother of count 0 had to be hidden with it.

::

      shown    9 = [2] + 0 + [7]      2 could be 1, 2, 3, 4 ... 8: the 7 makes up for it
              5 = [1] + [0] + [4]     a 0 is hidden, too, where otherwise each hidden count would have to be 1
      hidden  [3] = [1] + 0 + [2]     a parent is hidden where its children cannot protect each other
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["hide_small"]

Key = tuple[object, ...]


@dataclass(slots=True)
class _Leaf:
    """A count that may be hidden."""

    key: Key
    count: int
    most: int
    is_small: bool
    is_hidden: bool
    may_be_none: bool = False

    @property
    def least(self) -> int:
        """The least count it could have, seen from outside."""
        return 0 if self.may_be_none else min(1, self.count)


@dataclass(slots=True)
class _Node:
    """A sum of leaves and nodes, and the hidden leaves below whose sum is not shown by any node in between."""

    key: Key
    is_hidden: bool = False
    nodes: list[_Node] = field(default_factory=list)
    leaves: list[_Leaf] = field(default_factory=list)

    def open_leaves(self) -> list[_Leaf]:
        """Hidden leaves among which counts could be moved without changing this sum."""
        found = [leaf for leaf in self.leaves if leaf.is_hidden]
        for node in self.nodes:
            if node.is_hidden:
                found += node.open_leaves()
        return found


def hide_small(
    leaves: pl.DataFrame, keys: Sequence[str], count: str, most: str, limit: int, *, small: str | None = None
) -> list[pl.DataFrame]:
    """Say which nodes of a tree of counts must not be shown.

    Parameters
    ----------
    leaves : DataFrame
        One row a leaf: the columns `keys`, from the root's down to the leaf's own; `count`, from 0 to `most`; `most`,
        how many people or tubes are behind it.
    keys : sequence of str
        Names of the key columns, the root's first; leaves with equal first keys are of one tree.
    count, most : str
        Names of the columns.
    limit : int
        Counts from 1 to this are small; 0 hides nothing.
    small : str, optional
        A column of truth values that says which leaves are small; by default a count from 1 to the limit is, and any
        count of at most `limit` people or tubes.

    Returns
    -------
    list of DataFrame
        For each of `keys`, the rows of its level that are hidden: the keys down to it. The first are trees that cannot
        be protected: nothing of them may be shown, not their sum either.
    """
    hidden: list[list[Key]] = [[] for _ in keys]
    if limit > 0:
        for root in _trees(leaves, keys, count, most, limit, small):
            _protect(root, limit)
            _collect(root, hidden)
    schema = {name: leaves.schema[name] for name in keys}
    return [
        pl.DataFrame(rows, {name: schema[name] for name in keys[: level + 1]}, orient="row")
        for level, rows in enumerate(hidden)
    ]


def _trees(
    leaves: pl.DataFrame, keys: Sequence[str], count: str, most: str, limit: int, small: str | None
) -> list[_Node]:
    """Lay the leaves out as trees; children in the order of their keys, so that the order of rows changes nothing."""
    roots: dict[Key, _Node] = {}
    nodes: dict[Key, _Node] = {}
    few = pl.col(count).is_between(1, limit) | (pl.col(most) <= limit)
    flag = few if small is None else pl.col(small)
    rows = leaves.sort(*keys).select(*keys, pl.col(count, most).cast(pl.Int64), flag.alias("small"))
    depth = len(keys)
    for row in rows.iter_rows():
        key, (n, behind, is_small) = row[:depth], row[depth:]
        leaf = _Leaf(key, n, behind, is_small, is_small and behind > 0, may_be_none=is_small and not n)
        parent = key[:-1]
        if parent not in nodes:
            _grow(parent, nodes, roots)
        nodes[parent].leaves.append(leaf)
    return list(roots.values())


def _grow(key: Key, nodes: dict[Key, _Node], roots: dict[Key, _Node]) -> None:
    """Make a node and those above it."""
    node = nodes[key] = _Node(key)
    if len(key) == 1:
        roots[key] = node
        return
    if key[:-1] not in nodes:
        _grow(key[:-1], nodes, roots)
    nodes[key[:-1]].nodes.append(node)


def _protect(node: _Node, limit: int) -> int:
    """Hide what must be hidden below a node, and the node itself where that does not protect its leaves.

    Returns the node's count.
    """
    total = sum(leaf.count for leaf in node.leaves) + sum(_protect(each, limit) for each in node.nodes)
    opened = node.open_leaves()
    while opened and not _is_safe(opened, limit):
        added = _smallest_shown(node)
        if added is not None:
            _hide(node, added)
        elif not _hide_zeros(node):
            node.is_hidden = True
            return total
        opened = node.open_leaves()
    node.is_hidden = bool(opened) and 1 <= total <= limit
    return total


def _is_safe(opened: list[_Leaf], limit: int) -> bool:
    """Whether each small leaf could have any count from its least to the limit while the sum of all stays."""
    if len(opened) < 2:
        return False
    up = sum(leaf.most - leaf.count for leaf in opened)
    down = sum(leaf.count - leaf.least for leaf in opened)
    return all(
        up - (leaf.most - leaf.count) >= leaf.count - leaf.least
        and down - (leaf.count - leaf.least) >= min(limit, leaf.most) - leaf.count
        for leaf in opened
        if leaf.is_small
    )


def _smallest_shown(node: _Node) -> _Leaf | None:
    """The shown leaf below a node with the smallest count above 0, the first of equal ones; None where there is none."""
    shown = [leaf for leaf in node.leaves if not leaf.is_hidden and leaf.count]
    below = [found for each in node.nodes if (found := _smallest_shown(each)) is not None]
    return min(shown + below, key=lambda leaf: leaf.count, default=None)


def _hide_zeros(node: _Node) -> bool:
    """Hide a leaf of count 0 beside the open ones of each family that has none hidden; whether there was any.

    Only families with a hidden count above 0 have one, so that nothing is told by it of a family without.
    """
    found = False
    if any(leaf.is_hidden and not leaf.may_be_none for leaf in node.leaves):
        zero = next((leaf for leaf in node.leaves if not leaf.is_hidden and not leaf.count), None)
        if zero is not None:
            zero.is_hidden = found = True
            for leaf in node.leaves:
                leaf.may_be_none = leaf.is_hidden
    for each in node.nodes:
        if each.is_hidden:
            found = _hide_zeros(each) or found
    return found


def _hide(node: _Node, leaf: _Leaf) -> None:
    """Hide a leaf, and every node between it and a node above, whose sum is shown."""
    leaf.is_hidden = True
    while len(node.key) < len(leaf.key) - 1:
        node = next(each for each in node.nodes if each.key == leaf.key[: len(each.key)])
        node.is_hidden = True


def _collect(node: _Node, hidden: list[list[Key]]) -> None:
    if node.is_hidden:
        hidden[len(node.key) - 1].append(node.key)
    hidden[-1].extend(leaf.key for leaf in node.leaves if leaf.is_hidden)
    for each in node.nodes:
        _collect(each, hidden)
