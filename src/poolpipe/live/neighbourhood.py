"""What a batch of events can change, and which events have to be looked at to conclude that anew (docs/live.md has the rules)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct, distinct_of_all
from poolpipe.live.held_rows import COLLECT, hashed_ids
from poolpipe.tables import KINDS, MODES, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.live.held_rows import HeldRows, Rows
    from poolpipe.live.overlays import Overlaid

__all__ = ["Affected", "NeighbourhoodLimits", "Siblings", "affected_by", "context_of"]


class NeighbourhoodLimits(NamedTuple):
    """How far a neighbourhood goes.

    Attributes
    ----------
    closed : int
        So many tubes may hang together with those that a batch concerns, by their people; of more, P(infected) waits until all is
        concluded.
    most : int
        Neighbourhoods of more tubes are concluded with everything else.
    """

    closed: int = 2_000
    most: int = 20_000


_OF_TUBES = ("collect", "seal", "pack", "load", "report")
_OF_BOXES = ("pickup", "receive")
_OF_PLATES = ("load", "read")
_SAMPLE: Final = ROLES.index("sample")
_SINGLE: Final = MODES.index("single")


@dataclass(slots=True)
class Affected:
    """Subjects whose rows are concluded anew, by the numbers that stay; each sorted.

    Attributes
    ----------
    tubes : (n,) int64
        All rows of these, and of their people in their rounds.
    boxes, plates : (n,) int64
        Anomalies of these and of their wells.
    ids : (n,) uint64
        Hashes of event ids.
    event_ids : Series of String
        The ids.
    beside : (m,) int64
        Tubes of which everything is asked, too: other tubes of the people.
    is_cut : bool
        Whether others hang together with these, so that their people's P(infected) is not known by that.
    """

    tubes: NDArray[np.int64]
    boxes: NDArray[np.int64]
    plates: NDArray[np.int64]
    ids: NDArray[np.uint64]
    event_ids: pl.Series
    beside: NDArray[np.int64]
    is_cut: bool


class Siblings:
    """Tubes of a round whose codes are one number but for leading zeros: one may be a misread code of the other."""

    def __init__(self, held: HeldRows) -> None:
        from poolpipe.live.row_index import RowIndex

        self._held, self._index, self._known = held, RowIndex(), 0

    def of(self, tubes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the siblings of some tubes, themselves among them if their codes are numbers."""
        self._note()
        return self._index.find(distinct(self._keys(tubes)[0]))

    def _note(self) -> None:
        count = self._held.codes.count("tube")
        if count > self._known:
            keys, tubes = self._keys(np.arange(self._known, count))
            self._index.add(keys, tubes)
            self._known = count

    def _keys(self, tubes: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        rounds, texts = self._held.codes.entity_parts("tube", tubes)
        codes = self._held.codes.texts("tube")[texts]
        numeric = np.flatnonzero(codes.str.contains(r"^[0-9]+$").to_numpy())
        bare = codes[numeric].str.strip_chars_start("0")
        keyed = pl.DataFrame({"round": rounds[numeric], "bare": bare})
        return keyed.hash_rows(seed=37).to_numpy(), tubes[numeric]


def affected_by(
    held: HeldRows, added: Rows, siblings: Siblings, plates: NDArray[np.int64], pools: Overlaid, recalled: NDArray[np.int64],
    limits: NeighbourhoodLimits,
) -> Affected | None:  # fmt: skip
    """Find what some added events can change.

    Parameters
    ----------
    held : HeldRows
        The events are among them.
    added : Rows
    siblings : Siblings
    plates : (n,) int64
        Others that are affected: of which a load was rejected.
    pools : Overlaid
        As they were before.
    recalled : (m,) int64
        Tubes that were recalled before.
    limits : NeighbourhoodLimits

    Returns
    -------
    Affected or None
        None where there are too many tubes.
    """
    voids = added.get("void", np.empty(0, np.int64))
    named = held.distinct("void", "event", voids) if len(voids) else np.empty(0, np.uint64)
    touched = {
        kind: distinct_of_all(added.get(kind, np.empty(0, np.int64)), held.find(kind, "event_id", named))
        for kind in KINDS
    }
    event_ids = pl.concat(
        [
            pl.Series("event_id", [], pl.String),
            *(held.column(kind, "event_id", rows).cast(pl.String).alias("event_id") for kind, rows in touched.items() if len(rows)),
            held.column("void", "event", touched["void"]).cast(pl.String).alias("event_id"),
        ]
    ).drop_nulls().unique()  # fmt: skip
    own = _values(held, touched, "tube", _OF_TUBES)
    boxes = distinct_of_all(
        _values(held, touched, "box", ("pack", *_OF_BOXES)),
        _column(held, "pack", "box", held.find("pack", "tube", _numbers(_column(held, "pack", "tube", touched["pack"])))),
    )  # fmt: skip
    # whether a control by its name is a tube depends on whether that was collected
    collected = _column(held, COLLECT, "tube", touched[COLLECT])
    named_loads = held.find("load", "tube", _numbers(collected))
    named_loads = named_loads[_by_name(held, named_loads)]
    plates = distinct_of_all(
        plates, _values(held, touched, "plate", _OF_PLATES), _column(held, "load", "plate", named_loads)
    )
    moved = _values(held, touched, "box", _OF_BOXES)
    tubes = distinct_of_all(
        own,
        _column(held, "pack", "tube", held.find("pack", "box", _numbers(moved))),
        _column(held, "load", "tube", held.find("load", "plate", _numbers(plates))),
    )
    ids = distinct(hashed_ids(event_ids).to_numpy().astype(np.uint64))
    if len(tubes) > limits.most:
        return None
    closed = _closure(held, tubes, siblings, limits.closed)
    if closed is not None:
        nothing = np.empty(0, np.int64)
        return Affected(closed, boxes, plates, ids, event_ids, nothing, is_cut=False)
    tubes = distinct_of_all(tubes, siblings.of(tubes))
    met = _tubes_of(held, _people_of(held, tubes))
    tubes = distinct_of_all(tubes, np.intersect1d(met, recalled, assume_unique=True))
    met = _tubes_of(held, _people_of(held, tubes))
    own_rounds = np.isin(held.codes.rounds_of("tube", met), held.codes.rounds_of("tube", tubes))
    singles = pools.of(met).filter(pl.col("mode") == _SINGLE)["tube"].to_numpy()
    beside = met[own_rounds | np.isin(met, singles) | np.isin(met, recalled)]
    if len(tubes) + len(beside) > limits.most:
        return None
    return Affected(tubes, boxes, plates, ids, event_ids, beside, is_cut=True)


def context_of(held: HeldRows, affected: Affected, more: NDArray[np.int64]) -> Rows:
    """Find the events that the conclusions about affected subjects rest on.

    Parameters
    ----------
    held : HeldRows
    affected : Affected
    more : (n,) int64
        Other tubes of which all is asked.

    Returns
    -------
    Rows
        All events of the affected tubes, of their boxes and plates; the packings of the affected boxes; the events of the affected ids; and
        the voids of any of these.
    """
    tubes = distinct_of_all(affected.tubes, affected.beside, more)
    keys = _numbers(tubes)
    rows = {kind: [held.find(kind, "tube", keys)] for kind in _OF_TUBES}
    own_boxes = _column(held, "pack", "box", rows["pack"][0])
    rows["pack"].append(held.find("pack", "box", _numbers(affected.boxes)))
    packed = _column(held, "pack", "tube", rows["pack"][1])
    rows["pack"].append(held.find("pack", "tube", _numbers(packed)))
    boxes = _numbers(distinct_of_all(affected.boxes, own_boxes))
    for kind in _OF_BOXES:
        rows[kind] = [held.find(kind, "box", boxes)]
    plates = _numbers(distinct_of_all(affected.plates, _column(held, "load", "plate", rows["load"][0])))
    rows["load"].append(held.find("load", "plate", plates))
    rows["read"] = [held.find("read", "plate", plates)]
    named = distinct_of_all(*rows["load"])
    by_name = named[_by_name(held, named)]
    rows[COLLECT].append(held.find(COLLECT, "tube", _numbers(_column(held, "load", "tube", by_name))))
    rows["void"] = [np.empty(0, np.int64)]
    for kind in KINDS:
        rows[kind].append(held.find(kind, "event_id", affected.ids))
    found = {kind: distinct_of_all(*parts) for kind, parts in rows.items()}
    ids = [
        affected.ids,
        *(held.distinct(kind, "event_id", each) for kind, each in found.items() if len(each)),
    ]
    every = distinct(np.concatenate([each.astype(np.uint64) for each in ids]))
    found["void"] = distinct_of_all(found["void"], held.find("void", "event", every))
    return found


def _closure(
    held: HeldRows, tubes: NDArray[np.int64], siblings: Siblings, most: int
) -> NDArray[np.int64] | None:
    """Tubes that hang together with some by people or by codes that are one number; None if there are too many."""
    every, new = tubes, tubes
    while len(new):
        if len(every) > len(tubes) + most:
            return None
        grown = distinct_of_all(every, _tubes_of(held, _people_of(held, new)), siblings.of(new))
        new = np.setdiff1d(grown, every, assume_unique=True)
        every = grown
    return every


def _people_of(held: HeldRows, tubes: NDArray[np.int64]) -> NDArray[np.int64]:
    return _column(held, COLLECT, "person", held.find(COLLECT, "tube", _numbers(tubes)))


def _tubes_of(held: HeldRows, people: NDArray[np.int64]) -> NDArray[np.int64]:
    return _column(held, COLLECT, "tube", held.find(COLLECT, "person", people))


def _by_name(held: HeldRows, loads: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of loads that are controls."""
    if not len(loads):
        return loads
    roles = held.column("load", "role", loads)
    return np.flatnonzero((roles != _SAMPLE).fill_null(value=True).to_numpy())


def _values(held: HeldRows, rows: Rows, column: str, kinds: tuple[str, ...]) -> NDArray[np.int64]:
    return distinct_of_all(*(_column(held, kind, column, rows[kind]) for kind in kinds))


def _column(held: HeldRows, kind: str, column: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct numbers of a column of some rows."""
    if not len(rows):
        return np.empty(0, np.int64)
    return held.distinct(kind, column, rows).astype(np.int64)


def _numbers(values: NDArray[np.int64]) -> NDArray[np.uint32]:
    return values.astype(np.uint32)
