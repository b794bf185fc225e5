"""Keys of JSON objects: which columns they stand for, each object by its own keys, as each file by its header."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.events.batches import column_names, proper_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import polars as pl
    from numpy.typing import NDArray

    from poolpipe.events.naming import NamedColumns, Naming

__all__ = ["KeyGroup", "are_foreign", "columns_of_keys", "grouped"]


class KeyGroup(NamedTuple):
    """Objects in which each key has one meaning.

    Attributes
    ----------
    lines : (n,) int64
        Their places among the lines.
    told : NamedColumns or None
        What their keys mean; None where each is a column's name, or none.
    """

    lines: NDArray[np.int64]
    told: NamedColumns | None

    @property
    def meant(self) -> dict[str, str]:
        """Key to the column that it stands for; empty where it is left out."""
        return dict(zip(self.told.header, self.told.names, strict=True)) if self.told else {}


def columns_of_keys(
    keys: Collection[str], meant: Mapping[str, str] | None = None
) -> tuple[dict[str, list[str]], frozenset[str]]:
    """Sort keys of objects: the keys that are meant by each known column, and those that no event has.

    Parameters
    ----------
    keys : collection of str
    meant : mapping of str to str, optional
        Key to column, for keys that do not stand for the column of their own name.
    """
    meant = meant or {}
    plain = sorted(key for key in keys if key not in meant)
    known, left_out = column_names(plain)
    spellings: dict[str, list[str]] = {proper: [] for proper in known.values()}
    for key in plain:
        spellings.get(proper_name(key), []).append(key)
    unused = set(left_out.difference(*spellings.values()))
    for key in sorted(set(keys) & set(meant)):
        if meant[key]:
            spellings.setdefault(meant[key], []).append(key)
        else:
            unused.add(key)
    return spellings, frozenset(unused)


def are_foreign(shapes: Iterable[str], naming: Naming) -> bool:
    """Whether a key of any object stands for a column of another name; `shapes` are JSON lists of keys."""
    return any(naming.is_foreign(keys) for shape in shapes if (keys := _keys(shape)))


def grouped(shapes: pl.Series, naming: Naming) -> list[KeyGroup]:
    """Group objects so that in each group every key has one meaning.

    Parameters
    ----------
    shapes : Series of String
        JSON list of the keys of each object.
    naming : Naming
        How keys are understood.
    """
    told: list[NamedColumns | None] = []
    group_of: dict[str, int] = {}
    for shape in sorted(shapes.unique().to_list()):
        keys = _keys(shape)
        mine = naming.read(keys) if keys and naming.is_foreign(keys) else None
        place = next((at for at, other in enumerate(told) if _agree(mine, other)), len(told))
        if place == len(told):
            told.append(mine)
        elif mine and (other := told[place]):
            told[place] = other.joined(mine)
        group_of[shape] = place
    of_line = np.array([group_of[shape] for shape in shapes.to_list()], np.int64)
    return [KeyGroup(np.flatnonzero(of_line == place), each) for place, each in enumerate(told)]


def _keys(shape: str) -> list[str]:
    """The distinct keys of an object, in the order of their letters."""
    return sorted(set(json.loads(shape)))


def _agree(one: NamedColumns | None, other: NamedColumns | None) -> bool:
    """Whether what two objects' keys mean can be said of both."""
    if one is None or other is None:
        return one is other
    meant = dict(zip(other.header, other.names, strict=True))
    return one.kind == other.kind and all(
        meant.get(key, column) == column for key, column in zip(one.header, one.names, strict=True)
    )
