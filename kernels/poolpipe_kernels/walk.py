"""Walk from a positive tube outwards: to its people, their queues, households and other tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Integer = int | np.integer[Any]

__all__ = ["AGAIN", "COLUMNS", "HOUSEHOLD", "MEMBER", "NO_LAG", "QUEUE", "TUBE", "WELL", "walk"]

AGAIN, _, HOUSEHOLD, MEMBER, QUEUE, TUBE, WELL = range(7)
"""Kinds of links, numbered in the order of their names."""

COLUMNS = 8
"""Columns of a row: source, seat, person, kind, hops, lag, via, row it was reached from."""

NO_LAG = np.int64(-9223372036854775808)
"""The lag of a link without a time."""

_SEAT, _PERSON, _HOPS, _LAG, _VIA, _FROM = 1, 2, 4, 5, 6, 7

#  queue of a place, by time      tubes A and B; A is the source, a2 and a3 its members
#
#  seat   b1   a2   a3   b4   b5
#  lag    -40s  .    .   +30s +70s      b4: nearest member a3
#
#  hops 0: member a2 a3;  hops 1: queue b1 b4 b5, household, again (a2's tube C);  hops 2: tube (all of C but a2)


@kernel
def _put(
    rows: NDArray[np.int64], row: Integer, source: Integer, seat: Integer, person: Integer, kind: Integer, hops: Integer, lag: Integer,
    via: Integer, reached: Integer,
) -> Integer:  # fmt: skip
    """Write one row.

    Parameters
    ----------
    rows : (capacity, COLUMNS) int64
        Where to.
    row : int
        Which row of it.
    source, seat, person, kind, hops, lag, via, reached : int
        Its values.

    Returns
    -------
    int
        The next row.
    """
    rows[row, 0] = source
    rows[row, 1] = seat
    rows[row, 2] = person
    rows[row, 3] = kind
    rows[row, 4] = hops
    rows[row, 5] = lag
    rows[row, 6] = via
    rows[row, 7] = reached
    return row + 1


@kernel
def _offer(
    rows: NDArray[np.int64], row: Integer, seat_row: NDArray[np.int32], begin: Integer, source: Integer, seat: Integer,
    person: Integer, kind: Integer, hops: Integer, lag: Integer, via: Integer, reached: Integer,
) -> Integer:  # fmt: skip
    """Write a row for a seat, or shorten the lag of the row that it has since `begin`.

    Parameters
    ----------
    rows, row, source, seat, person, kind, hops, lag, via, reached
        As of `_put`.
    seat_row : (seats,) int32
        The last row of each seat, plus one; 0 for none.
    begin : int
        Rows before this one are of another kind or source.

    Returns
    -------
    int
        The next row.
    """
    old = np.int64(seat_row[seat]) - 1
    if old >= begin:
        if np.abs(lag) < np.abs(rows[old, _LAG]):
            rows[old, _LAG] = lag
            rows[old, _VIA] = via
            rows[old, _FROM] = reached
        return row
    seat_row[seat] = row + 1
    return _put(rows, row, source, seat, person, kind, hops, lag, via, reached)


@kernel
def _queue(
    rows: NDArray[np.int64], row: Integer, members: Integer, end: Integer, source: Integer, longest: Integer, scans: Integer,
    seat_tube: NDArray[np.uint32], seat_person: NDArray[np.int32], seat_at: NDArray[np.int64],
    tube_place: NDArray[np.int64], queue: NDArray[np.int32], queue_rank: NDArray[np.int32],
    seat_row: NDArray[np.int32],
) -> Integer:  # fmt: skip
    """Write those who stood near a member in the queue of a place.

    Parameters
    ----------
    rows, row
        Where to, and the next row.
    members, end : int
        Rows of the members: from the first one of this source up to `end`.
    source : int
        Number of the source.
    longest, scans : int
        How far, microseconds and scans.
    seat_tube, seat_person, seat_at, tube_place, queue, queue_rank, seat_row
        As of `walk`.

    Returns
    -------
    int
        The next row, -1 where `rows` is full.
    """
    count = end - members
    place = tube_place[seat_tube[rows[members, _SEAT]]]
    if place < 0:
        return row
    # Members by their place in the queue: whoever stands between two of them is nearest to one of these.
    line = np.empty(count, np.int64)
    for k in range(count):
        rank = queue_rank[rows[members + k, _SEAT]]
        j = k
        while j > 0 and queue_rank[rows[line[j - 1], _SEAT]] > rank:
            line[j] = line[j - 1]
            j -= 1
        line[j] = members + k
    for gap in range(count + 1):
        if row + 2 * scans > len(rows):
            return -1
        low = np.int64(queue_rank[rows[line[gap - 1], _SEAT]]) if gap else np.int64(-1)
        high = np.int64(queue_rank[rows[line[gap], _SEAT]]) if gap < count else np.int64(len(queue))
        outside = gap in (0, count)
        there = low + 1 if gap else high - 1
        while low < there < high:
            other = np.int64(queue[there])
            after, before = gap > 0 and there - low <= scans, gap < count and high - there <= scans
            if outside and (not (after or before) or tube_place[seat_tube[other]] != place):
                break
            if not (after or before):
                there = high - scans
                continue
            reached, lag = np.int64(-1), np.int64(0)
            if before:
                reached = line[gap]
                lag = seat_at[other] - seat_at[rows[reached, _SEAT]]
            if after:
                k = gap - 1
                own = rows[line[k], _SEAT]
                # Of members swabbed at one moment the first counts.
                while k > 0:
                    earlier = rows[line[k - 1], _SEAT]
                    if seat_at[earlier] != seat_at[own] or there - queue_rank[earlier] > scans:
                        break
                    own = earlier
                    k -= 1
                since = seat_at[other] - seat_at[own]
                if not before or since < -lag or (since == -lag and line[k] < reached):
                    reached, lag = line[k], since
            if abs(lag) <= longest:
                seat_row[other] = row + 1
                via = rows[reached, _PERSON]
                row = _put(rows, row, source, other, seat_person[other], QUEUE, 1, lag, via, reached)
            elif outside:
                break
            there += 1 if gap else -1
    return row


@kernel
def _household(
    rows: NDArray[np.int64], row: Integer, members: Integer, end: Integer, source: Integer, since: Integer,
    seat_at: NDArray[np.int64], person_begins: NDArray[np.int64], person_seats: NDArray[np.int32],
    home_begins: NDArray[np.int64], homes: NDArray[np.int32],
    people_begins: NDArray[np.int64], people: NDArray[np.int32],
    seat_row: NDArray[np.int32], person_row: NDArray[np.int32],
) -> Integer:  # fmt: skip
    """Write those who share a household with a member.

    Parameters
    ----------
    rows, row, members, end, source
        As of `_queue`.
    since : int
        Begin of the look-back, microseconds.
    seat_at, person_begins, person_seats, home_begins, homes, people_begins, people, seat_row, person_row
        As of `walk`.

    Returns
    -------
    int
        The next row, -1 where `rows` is full.
    """
    first = row
    for reached in range(members, end):
        member = rows[reached, _PERSON]
        at = seat_at[rows[reached, _SEAT]]
        for h in range(home_begins[member], home_begins[member + 1]):
            for p in range(people_begins[homes[h]], people_begins[homes[h] + 1]):
                person = people[p]
                if members < person_row[person] <= end:
                    continue  # a member of the source
                if row + 1 + person_begins[person + 1] - person_begins[person] > len(rows):
                    return -1
                seen = False
                for s in range(person_begins[person], person_begins[person + 1]):
                    seat = np.int64(person_seats[s])
                    if seat_at[seat] >= since:
                        seen = True
                        row = _offer(
                            rows, row, seat_row, first, source, seat, person, HOUSEHOLD, 1, seat_at[seat] - at,
                            member, reached,
                        )  # fmt: skip
                if not seen and person_row[person] <= first:
                    person_row[person] = row + 1
                    row = _put(rows, row, source, -1, person, HOUSEHOLD, 1, NO_LAG, member, reached)
    return row


@kernel
def _again(
    rows: NDArray[np.int64], row: Integer, begin: Integer, end: Integer, members: Integer, source: Integer, since: Integer, hops: Integer,
    seat_tube: NDArray[np.uint32], seat_at: NDArray[np.int64],
    person_begins: NDArray[np.int64], person_seats: NDArray[np.int32], answers: NDArray[np.int64],
    seat_row: NDArray[np.int32],
) -> Integer:  # fmt: skip
    """Write the other tubes of the people in some rows.

    Parameters
    ----------
    rows, row, members, source, since
        As of `_household`.
    begin, end, hops : int
        Rows of the people: from `begin` up to `end`; and the links up to the rows written.
    seat_tube, seat_at, person_begins, person_seats, answers, seat_row
        As of `walk`.

    Returns
    -------
    int
        The next row, -1 where `rows` is full.
    """
    first = row
    for reached in range(begin, end):
        person = rows[reached, _PERSON]
        own = rows[reached, _SEAT]
        if row + person_begins[person + 1] - person_begins[person] > len(rows):
            return -1
        for s in range(person_begins[person], person_begins[person + 1]):
            seat = np.int64(person_seats[s])
            if seat == own or seat_at[seat] < since:
                continue
            if hops == 1:
                key = (np.int64(seat_tube[own]) << 32) | seat
                low, high = 0, len(answers)
                while low < high:
                    middle = (low + high) // 2
                    if answers[middle] < key:
                        low = middle + 1
                    else:
                        high = middle
                if low < len(answers) and answers[low] == key:
                    continue
            elif members < seat_row[seat] <= first:
                continue  # reached with fewer links
            row = _offer(
                rows, row, seat_row, first, source, seat, person, AGAIN, hops, seat_at[seat] - seat_at[own],
                person, reached,
            )  # fmt: skip
    return row


@kernel
def _tube(
    rows: NDArray[np.int64], row: Integer, begin: Integer, end: Integer, members: Integer, source: Integer, hops: Integer,
    seat_tube: NDArray[np.uint32], seat_person: NDArray[np.int32], tube_begins: NDArray[np.int64],
    seat_row: NDArray[np.int32],
) -> Integer:  # fmt: skip
    """Write the people of the tubes in some rows who were not reached with fewer links.

    Parameters
    ----------
    rows, row, begin, end, members, source, hops
        As of `_again`.
    seat_tube, seat_person, tube_begins, seat_row
        As of `walk`.

    Returns
    -------
    int
        The next row, -1 where `rows` is full.
    """
    first = row
    for reached in range(begin, end):
        tube = seat_tube[rows[reached, _SEAT]]
        if row + tube_begins[tube + 1] - tube_begins[tube] > len(rows):
            return -1
        for seat in range(tube_begins[tube], tube_begins[tube + 1]):
            if not members < seat_row[seat] <= first:
                row = _offer(
                    rows, row, seat_row, first, source, seat, seat_person[seat], TUBE, hops,
                    rows[reached, _LAG], rows[reached, _PERSON], reached,
                )  # fmt: skip
    return row


@kernel(
    "uint32[] int64[] int64 int64[] uint32[] int32[] int64[] int64[] int64[] int32[] int64[] int32[] int32[] "
    "int64[] int32[] int64[] int32[] int64[] int32[] int32[] int64[,] int64[]"
)
def walk(
    sources: NDArray[np.uint32],
    since: NDArray[np.int64],
    first_source: int,
    limits: NDArray[np.int64],
    seat_tube: NDArray[np.uint32],
    seat_person: NDArray[np.int32],
    seat_at: NDArray[np.int64],
    tube_begins: NDArray[np.int64],
    person_begins: NDArray[np.int64],
    person_seats: NDArray[np.int32],
    tube_place: NDArray[np.int64],
    queue: NDArray[np.int32],
    queue_rank: NDArray[np.int32],
    home_begins: NDArray[np.int64],
    homes: NDArray[np.int32],
    people_begins: NDArray[np.int64],
    people: NDArray[np.int32],
    answers: NDArray[np.int64],
    seat_row: NDArray[np.int32],
    person_row: NDArray[np.int32],
    rows: NDArray[np.int64],
    done: NDArray[np.int64],
) -> None:
    """List the people whom each source leads to, until the rows are full.

    Parameters
    ----------
    sources, since : (sources,) uint32 and int64
        Tube of each source, and the begin of its look-back, microseconds.
    first_source : int
        The source to begin with.
    limits : (3,) int64
        Longest lag of a queue, microseconds; its most scans; most hops.
    seat_tube, seat_person, seat_at : (seats,) uint32, int32, int64
        Tube, person and time of each seat, tube by tube in the order of its queue.
    tube_begins : (tubes + 1,) int64
        Where each tube's seats begin.
    person_begins, person_seats : (people + 1,) int64 and (seats,) int32
        Each person's seats by time, then tube.
    tube_place : (tubes,) int64
        Round, site and point of each tube as one number, -1 for none.
    queue, queue_rank : (queued,) and (seats,) int32
        Seats of tubes that have a place by place, time, tube and position; and where each seat stands there.
    home_begins, homes : (people + 1,) int64 and int32
        Each person's households.
    people_begins, people : (households + 1,) int64 and int32
        Each household's people.
    answers : (answers,) int64
        Seats that answer the recall of a tube: ``tube << 32 | seat``, ascending.
    seat_row, person_row : (seats,) and (people,) int32
        In: zeros. Written to.
    rows : (capacity, COLUMNS) int64
        Output: links in the order of the sources. Via is a person, -1 for none.
    done : (2,) int64
        Output: the source to go on with, and how many rows there are.
    """
    row: Integer = 0
    for source in range(first_source, len(sources)):
        tube = sources[source]
        begin, low = row, since[source]
        done[0] = source
        done[1] = begin
        if row + tube_begins[tube + 1] - tube_begins[tube] > len(rows):
            return
        for seat in range(tube_begins[tube], tube_begins[tube + 1]):
            seat_row[seat] = row + 1
            person_row[seat_person[seat]] = row + 1
            row = _put(rows, row, source, seat, seat_person[seat], MEMBER, 0, 0, -1, -1)
        end = row
        if limits[2] >= 1:
            row = _queue(
                rows, row, begin, end, source, limits[0], limits[1], seat_tube, seat_person, seat_at, tube_place,
                queue, queue_rank, seat_row,
            )  # fmt: skip
            if row >= 0:
                row = _household(
                    rows, row, begin, end, source, low, seat_at, person_begins, person_seats, home_begins, homes,
                    people_begins, people, seat_row, person_row,
                )  # fmt: skip
        first, last = begin, end
        for hops in range(1, limits[2] + 1):
            if row < 0:
                return
            block = row
            if hops % 2:
                row = _again(
                    rows, row, first, last, begin, source, low, hops, seat_tube, seat_at, person_begins, person_seats,
                    answers, seat_row,
                )  # fmt: skip
            else:
                row = _tube(
                    rows, row, first, last, begin, source, hops, seat_tube, seat_person, tube_begins, seat_row
                )
            if block == row:
                break
            first, last = block, row
        if row < 0:
            return
    done[0] = len(sources)
    done[1] = row
