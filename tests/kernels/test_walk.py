"""The walk from a tube on seats drawn at random, against plain loops, however few rows fit into a block."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels import walk as kernels

PEOPLE, TUBES, HOMES = 5, 5, 3
seats = st.sets(st.tuples(st.integers(0, TUBES - 1), st.integers(0, PEOPLE - 1)), min_size=1)
moments = st.lists(st.integers(0, 12), min_size=TUBES * PEOPLE, max_size=TUBES * PEOPLE)
places = st.lists(st.integers(-1, 1), min_size=TUBES, max_size=TUBES)
homes = st.sets(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, HOMES - 1)))


class City:
    """Drawn seats as the arrays that the kernel takes."""

    def __init__(self, seats, moments, places, homes, answering):
        self.seats = sorted((tube, moments[tube * PEOPLE + person], person) for tube, person in seats)
        self.tube, self.at, self.person = (list(column) for column in zip(*self.seats, strict=True))
        self.places, self.homes = places, sorted(homes)
        self.queue = sorted(
            (k for k in range(len(self.seats)) if places[self.tube[k]] >= 0),
            key=lambda k: (places[self.tube[k]], self.at[k], k),
        )
        self.answers = {(tube, k % len(self.seats)) for tube, k in answering}

    def arrays(self):
        count, rank = len(self.seats), np.full(len(self.seats), -1, np.int32)
        rank[self.queue] = np.arange(len(self.queue))
        by_person = sorted(range(count), key=lambda k: (self.person[k], self.at[k], self.tube[k]))
        by_home = sorted(self.homes, key=lambda pair: (pair[1], pair[0]))
        return (
            np.array(self.tube, np.uint32), np.array(self.person, np.int32), np.array(self.at, np.int64),
            begins(self.tube, TUBES), begins(self.person, PEOPLE), np.array(by_person, np.int32),
            np.array(self.places, np.int64), np.array(self.queue, np.int32), rank,
            begins([p for p, _ in self.homes], PEOPLE), np.array([h for _, h in self.homes], np.int32),
            begins([h for _, h in by_home], HOMES), np.array([p for p, _ in by_home], np.int32),
            np.array(sorted((tube << 32) | k for tube, k in self.answers), np.int64),
            np.zeros(count, np.int32), np.zeros(PEOPLE, np.int32),
        )  # fmt: skip

    def expected(self, tube, since, longest, scans, hops):
        """Rows (seat, person, kind, hops, lag, via) of one source, as a set."""
        members = [k for k, own in enumerate(self.tube) if own == tube]
        inside = {self.person[k] for k in members}
        rows = {(k, self.person[k], kernels.MEMBER, 0, 0, -1) for k in members}
        if not hops:
            return rows
        rows |= self._queue(members, longest, scans) | self._household(members, inside, since)
        reached = {row[0] for row in rows}
        block = [
            (k, self.person[m], kernels.AGAIN, 1, self.at[k] - self.at[m], self.person[m])
            for m in members
            for k in self._others(m, since)
            if (tube, k) not in self.answers
        ]
        rows |= set(block)
        for hop in range(2, hops + 1):
            reached |= {row[0] for row in rows}
            best: dict[object, Any] = {}
            for seat, person, _, _, lag, _ in block:
                if hop % 2:
                    for k in self._others(seat, since):
                        offer(best, (k, person, kernels.AGAIN, hop, self.at[k] - self.at[seat], person))
                else:
                    for k in (k for k, own in enumerate(self.tube) if own == self.tube[seat]):
                        offer(best, (k, self.person[k], kernels.TUBE, hop, lag, person))
            block = [row for seat, row in best.items() if seat not in reached]
            rows |= set(block)
        return rows

    def _others(self, seat, since):
        own = [k for k in range(len(self.seats)) if self.person[k] == self.person[seat]]
        return sorted((k for k in own if k != seat and self.at[k] >= since), key=lambda k: (self.at[k], k))

    def _queue(self, members, longest, scans):
        best: dict[object, Any] = {}
        for m in members:
            line = [k for k in self.queue if self.places[self.tube[k]] == self.places[self.tube[m]]]
            near = [k for k in line if m in line and abs(line.index(k) - line.index(m)) <= scans]
            for k in near:
                lag = self.at[k] - self.at[m]
                if self.tube[k] != self.tube[m] and abs(lag) <= longest:
                    offer(best, (k, self.person[k], kernels.QUEUE, 1, lag, self.person[m]))
        return set(best.values())

    def _household(self, members, inside, since):
        best: dict[object, Any] = {}
        for m in members:
            mine = {home for person, home in self.homes if person == self.person[m]}
            for person in {person for person, home in self.homes if home in mine} - inside:
                swabs = [k for k, own in enumerate(self.person) if own == person and self.at[k] >= since]
                for k in swabs:
                    lag = self.at[k] - self.at[m]
                    offer(best, (k, person, kernels.HOUSEHOLD, 1, lag, self.person[m]))
                if not swabs:
                    nowhere = (-1, person, kernels.HOUSEHOLD, 1, int(kernels.NO_LAG), self.person[m])
                    best.setdefault(("nowhere", person), nowhere)
        return set(best.values())


def begins(numbers, groups):
    return np.searchsorted(np.sort(np.array(numbers, np.int64)), np.arange(groups + 1))


def offer(best, row):
    """Keep the row of the shortest lag of a seat, of equal ones the first."""
    if row[0] not in best or abs(row[4]) < abs(best[row[0]][4]):
        best[row[0]] = row


@both(kernels.walk)
@settings(max_examples=60)
@given(
    st.builds(City, seats, moments, places, homes, st.sets(st.tuples(st.integers(0, 4), st.integers(0, 24)))),
    st.integers(0, 4), st.integers(0, 6), st.integers(1, 3), st.integers(0, 4), st.integers(1, 60),
)  # fmt: skip
def test_walk__agrees_with_plain_loops_however_few_rows_fit(run, city, look_back, longest, scans, hops, size):
    sources = np.unique(np.array(city.tube, np.uint32))
    since = np.array(
        [min(at for tube, at, _ in city.seats if tube == s) - look_back for s in sources], np.int64
    )
    done, told, first = np.zeros(2, np.int64), [], 0
    while first < len(sources):
        rows = np.empty((size, kernels.COLUMNS), np.int64)
        run(sources, since, first, np.array([longest, scans, hops]), *city.arrays(), rows, done)
        told += [(row[0], *row[1:7]) for row in rows[: done[1]].tolist()]
        size = size if done[0] > first else 2 * size
        first = int(done[0])
    wanted = {
        (k, *row)
        for k, tube in enumerate(sources.tolist())
        for row in city.expected(tube, int(since[k]), longest, scans, hops)
    }
    assert len(told) == len(set(told))
    assert set(told) == wanted
