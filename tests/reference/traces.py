"""Links from a positive outwards, hop by hop, in plain dicts and loops."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .day import Day

Key = tuple[Any, ...]
Person = tuple[str, str]
Row = dict[str, Any]

LIMITS = {"look_back_s": 3 * 86_400, "queue_s": 600, "queue_scans": 20, "hops": 2}


class Walk:
    """Everything around the tubes of a day; `residents` are (person_type, person, household)."""

    def __init__(
        self,
        day: Day,
        residents: Iterable[tuple[str, str, str | None]] = (),
        limits: dict[str, Any] | None = None,
    ) -> None:
        self.day, self.limits = day, LIMITS | (limits or {})
        self.household: dict[Person, set[str]] = {}
        self.people: dict[str, set[Person]] = {}
        for person_type, person, home in residents:
            if home is not None:
                self.household.setdefault((person_type, person), set()).add(home)
                self.people.setdefault(home, set()).add((person_type, person))
        self.swabs: dict[Person, list[tuple[datetime, Key]]] = {}
        self.queues: dict[Any, list[tuple[datetime, str, int, Person]]] = {}
        for key, tube in sorted(day.tubes.items()):
            for position, (at, kind, number) in enumerate(tube.members):
                self.swabs.setdefault((kind, number), []).append((at, key))
                if tube.place() != (None, None):
                    queue = self.queues.setdefault((tube.round, *tube.place()), [])
                    queue.append((at, tube.tube, position, (kind, number)))
        for swabs in self.swabs.values():
            swabs.sort()
        for queue in self.queues.values():
            queue.sort(key=lambda scan: scan[:3])

    def sources(self) -> list[Key]:
        """``A source is a tube that is recalled, or a single tube called positive.``"""
        recalled = {(row["round"], row["tube"]) for row in self.day.recalls}
        positive = {
            key
            for key, tube in self.day.tubes.items()
            if tube.mode == "single" and self.day.pools[key]["call"] == "positive"
        }
        return sorted(recalled | positive)

    def rows(self, source: Key) -> list[Row]:
        """All links of one source."""
        tube = self.day.tubes[source]
        since = min(at for at, *_ in tube.members) - timedelta(seconds=self.limits["look_back_s"])
        members = [(at, (person_type, person)) for at, person_type, person in tube.members]
        found = [_row(source, person, "member", 0, 0.0, None) for _, person in members]
        best: list[Row] = []
        if self.limits["hops"] > 0:
            found += [*self._queue(source, members), *self._household(members, since)]
            again = self._again(source, members, since)
            found += [*again, *self._box(source), *self._well(source)]
            best = self._further(found, again, since)
        return [{"source_round": source[0], "source_tube": source[1], **row} for row in [*found, *best]]

    def _queue(self, source: Key, members: list[tuple[datetime, Person]]) -> list[Row]:
        """``at most 10 minutes and 20 scans before or after that member``, the nearest member of each."""
        tube = self.day.tubes[source]
        queue = self.queues.get((tube.round, *tube.place()), [])
        best: dict[tuple[Key, Person], Row] = {}
        for at, member in members:
            own = [
                i
                for i, scan in enumerate(queue)
                if scan[0] == at and scan[1] == tube.tube and scan[3] == member
            ]
            for place, (moment, code, _, person) in enumerate(queue):
                lag = (moment - at).total_seconds()
                near = own and abs(place - own[0]) <= self.limits["queue_scans"]
                if code == tube.tube or not near or abs(lag) > self.limits["queue_s"]:
                    continue
                _nearest(best, _row((tube.round, code), person, "queue", 1, lag, member))
        return list(best.values())

    def _household(self, members: list[tuple[datetime, Person]], since: datetime) -> list[Row]:
        """``one row for each of their tubes in the look-back, or one with round and tube null``."""
        best: dict[tuple[Key, Person], Row] = {}
        inside = {member for _, member in members}
        for at, member in members:
            for home in self.household.get(member, ()):
                for person in self.people[home] - inside:
                    swabs = [swab for swab in self.swabs.get(person, []) if swab[0] >= since]
                    for moment, key in swabs:
                        lag = (moment - at).total_seconds()
                        _nearest(best, _row(key, person, "household", 1, lag, member))
                    if not swabs:
                        nowhere = _row((None, None), person, "household", 1, None, member)
                        best.setdefault(((None, None), person), nowhere)
        return list(best.values())

    def _again(self, source: Key, members: list[tuple[datetime, Person]], since: datetime) -> list[Row]:
        """``a member's other tube in the look-back (singles that answer this source's recall aside)``."""
        recalled = {(row["round"], row["tube"]) for row in self.day.recalls}
        rows = []
        for at, member in members:
            answers = set()
            if source in recalled:
                opened_at = self.day.calls.opened_at(source)
                assert opened_at is not None
                answers = {key for _, key in self.day._answers(source, *member, opened_at)}
            rows += [
                _row(key, member, "again", 1, (moment - at).total_seconds(), member)
                for moment, key in self.swabs[member]
                if key != source and moment >= since and key not in answers
            ]
        return rows

    def _box(self, source: Key) -> list[Row]:
        """``another tube of the same box and journey``."""
        own = self.day.pools[source]
        journey = ("round", "box", "picked_up_at", "received_at")
        if own["box"] is None:
            return []
        return [
            _row(key, None, "box", 1, (pool["packed_at"] - own["packed_at"]).total_seconds(), own["box"])
            for key, pool in self.day.pools.items()
            if key != source and all(pool[name] == own[name] for name in journey)
        ]

    def _well(self, source: Key) -> list[Row]:
        """``another tube in one of the eight wells around a well of the source``, the nearest loading of each."""
        best: dict[tuple[Key, Any], Row] = {}
        for own in sorted(
            self.day.tubes[source].loads, key=lambda load: (load["at"], load["plate"], load["well"])
        ):
            beside = [
                (load["well"], load["at"], key)
                for key, tube in self.day.tubes.items()
                for load in tube.loads
                if key != source
                and (load["round"], load["plate"]) == (own["round"], own["plate"])
                and _touch(load["well"], own["well"])
            ]
            for _, at, key in sorted(beside):
                lag = (at - own["at"]).total_seconds()
                _nearest(best, _row(key, None, "well", 1, lag, f"{own['plate']}:{own['well']}"))
        return list(best.values())

    def _further(self, found: list[Row], again: list[Row], since: datetime) -> list[Row]:
        """``from two hops on each (source, round, tube, person) keeps its best path``: the fewest links, then the nearest."""
        reached = {(_key(row), _person(row)) for row in found}
        rows: list[Row] = []
        block = again
        for hops in range(2, self.limits["hops"] + 1):
            best: dict[tuple[Key, Person], Row] = {}
            for row in block:
                for each in self._tube(row, hops) if hops % 2 == 0 else self._other_tubes(row, hops, since):
                    if (_key(each), _person(each)) not in reached:
                        _nearest(best, each)
            reached |= set(best)
            block = list(best.values())
            rows += block
        return rows

    def _tube(self, row: Row, hops: int) -> list[Row]:
        """``a person in a tube of an again row``, with that row's lag."""
        members = self.day.tubes[_key(row)].members
        return [
            _row(_key(row), (person_type, person), "tube", hops, row["lag_s"], _person(row))
            for _, person_type, person in members
        ]

    def _other_tubes(self, row: Row, hops: int, since: datetime) -> list[Row]:
        person = _person(row)
        own = next(at for at, key in self.swabs[person] if key == _key(row))
        return [
            _row(key, person, "again", hops, (at - own).total_seconds(), person)
            for at, key in self.swabs[person]
            if key != _key(row) and at >= since
        ]


def traces(
    day: Day, residents: Iterable[tuple[str, str, str | None]] = (), limits: dict[str, Any] | None = None
) -> list[Row]:
    """The table `traces` without scores: the links of every source."""
    walk = Walk(day, residents, limits)
    return [row for source in walk.sources() for row in walk.rows(source)]


def _row(key: Any, person: Any, kind: str, hops: int, lag: float | None, via: Any) -> Row:
    told = ":".join(via) if isinstance(via, tuple) else via
    person_type, number = person or (None, None)
    return {
        "round": key[0], "tube": key[1], "person_type": person_type, "person": number,
        "kind": kind, "hops": hops, "lag_s": lag, "via": told,
    }  # fmt: skip


def _key(row: Row) -> Key:
    return row["round"], row["tube"]


def _person(row: Row) -> Person:
    return row["person_type"], row["person"]


def _nearest(best: dict[Any, Row], row: Row) -> None:
    """Keep the row of the shortest lag, of equal ones the one found first."""
    key = (_key(row), _person(row))
    if key not in best or abs(row["lag_s"]) < abs(best[key]["lag_s"]):
        best[key] = row


def _touch(well: str, other: str) -> bool:
    down, right = abs(ord(well[0]) - ord(other[0])), abs(int(well[1:]) - int(other[1:]))
    return max(down, right) == 1
