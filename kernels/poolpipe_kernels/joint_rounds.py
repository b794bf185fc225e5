"""Components of several rounds as one joint distribution over people and rounds, one component after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel
from poolpipe_kernels.elimination import eliminate, schedule

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["COMPONENT", "solve_jointly"]

COMPONENT, BEFORE, FIRST, LAST = range(4)
"""Columns of `infections`: its component; the same person's infection before, -1 none; the rounds it lies in."""

INFECTIONS, ROUNDS, TUBES_OF_PERSON, STATES, KEPT = range(5)
"""Places in `most`: infections and rounds of what is decoded as one, tubes of a person, states as in `Effort`."""

STAYING, CATCHING = range(2)
"""Columns of `turnover`: P(infected | infected in the infection before), P(infected | not infected in it)."""

#  component 2: tube 7 of round 1, people a b     its people sat before in    component 0: tube 3 of round 0, people a b c
#  history of a   00 01 10 11    (bit i: infected in round i)    weight  P(round 0) * P(round 1 | round 0)
#  each tube multiplies in P(outcome | whether any history of its people is infected in its round)


@kernel
def _insert(values: NDArray[np.int64], count: int, value: int) -> int:
    """Put a value in its place, unless it is there.

    Parameters
    ----------
    values : (n,) int64
        The first `count` are distinct and ascending; changed in place.
    count, value : int
        How many there are, and the new one.

    Returns
    -------
    int
        How many there are then.
    """
    place = count
    while place > 0 and values[place - 1] > value:
        place -= 1
    if place > 0 and values[place - 1] == value:
        return count
    for at in range(count, place, -1):
        values[at] = values[at - 1]
    values[place] = value
    return count + 1


@kernel
def _place(values: NDArray[np.int64], count: int, value: int) -> int:
    """Find a value by halves.

    Parameters
    ----------
    values : (n,) int64
        The first `count` are distinct and ascending.
    count, value : int
        How many there are, and one of them.

    Returns
    -------
    int
        Its place.
    """
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _gather(
    root: int,
    infection_at: NDArray[np.int64],
    infection_by: NDArray[np.int64],
    infections: NDArray[np.int64],
    found: NDArray[np.int64],
    who: NDArray[np.int64],
) -> tuple[int, int]:
    """Find a component and all those that its people, and people in these, sat in before.

    Parameters
    ----------
    root : int
        The component.
    infection_at, infection_by, infections
        As in `solve_jointly`.
    found, who : (most infections,) int64
        Output: the components, and their infections, ascending.

    Returns
    -------
    components, people : int, int
        How many were found; 0 components where there are too many infections.
    """
    found[0] = root
    count, size, at = 1, 0, 0
    while at < count:
        begin, end = infection_at[found[at]], infection_at[found[at] + 1]
        if size + end - begin > who.size:
            return 0, 0
        for place in range(begin, end):
            infection = infection_by[place]
            size = _insert(who, size, infection)
            earlier = infections[infection, BEFORE]
            if earlier < 0:
                continue
            component = infections[earlier, COMPONENT]
            known = False
            for other in range(count):
                known |= found[other] == component
            if not known:
                if count == found.size:
                    return 0, 0
                found[count] = component
                count += 1
        at += 1
    return count, size


@kernel
def _weigh(
    first: int,
    last: int,
    who: NDArray[np.int64],
    infections: NDArray[np.int64],
    turnover: NDArray[np.float64],
    rounds: NDArray[np.int64],
    count: int,
    prior: float,
    weight: NDArray[np.float64],
) -> None:
    """P(history) of one person; 0 where rounds of one infection differ, or one without a seat is infected.

    Parameters
    ----------
    first, last : int
        The person's infections are ``who[first:last]``, in the order of time.
    who, infections, turnover, prior
        As in `solve_jointly`.
    rounds : (n,) int64
        The first `count` are ascending.
    count : int
        How many there are.
    weight : (histories,) float64
        Output.
    """
    for history in range(1 << count):
        chance = 1.0
        asked = 0
        before = False
        for at in range(first, last):
            infection = who[at]
            begin = _place(rounds, count, infections[infection, FIRST])
            end = _place(rounds, count, infections[infection, LAST]) + 1
            mask = (1 << end) - (1 << begin)
            asked |= mask
            infected = (history >> begin) & 1 == 1
            if at == first:
                here = prior
            elif before:
                here = turnover[infection, STAYING]
            else:
                here = turnover[infection, CATCHING]
            chance *= here if infected else 1.0 - here
            if history & mask != (mask if infected else 0):
                chance = 0.0
            before = infected
        weight[history] = 0.0 if history & ~asked else chance


@kernel(
    "int64[] int64[] int64[] int64[] int64[] int64[] int64[] int64[,] float64[,] int64[] float64[,] float64 int64[] float64[] float64[]"
)
def solve_jointly(
    roots: NDArray[np.int64],
    infection_at: NDArray[np.int64],
    infection_by: NDArray[np.int64],
    tube_at: NDArray[np.int64],
    tube_by: NDArray[np.int64],
    seat_at: NDArray[np.int64],
    infection_of_seat: NDArray[np.int64],
    infections: NDArray[np.int64],
    turnover: NDArray[np.float64],
    round_of_tube: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    prior: float,
    most: NDArray[np.int64],
    p_infected: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Sum over every history of everybody in some components and those before them, within bounds.

    Parameters
    ----------
    roots : (n,) int64
        Components to solve.
    infection_at, infection_by : (components + 1,) and (infections,) int64
        Infections by component: those of c are ``infection_by[infection_at[c]:infection_at[c + 1]]``. They are numbered by
        person and then by time.
    tube_at, tube_by : (components + 1,) and (tubes,) int64
        Tubes by component.
    seat_at, infection_of_seat : (tubes + 1,) and (seats,) int64
        Infections by tube.
    infections : (infections, 4) int64
        Component, infection before, first and last round.
    turnover : (infections, 2) float64
        Chances of being infected, given the infection before; not used where there is none.
    round_of_tube : (tubes,) int64
    likelihood : (tubes, 2) float64
        P(outcome | nobody, somebody infected).
    prior : float
        P(infected) of whom nothing else is known.
    most : (5,) int64
        Bounds; components beyond them, and impossible ones, stay as they are.
    p_infected, nobody : (infections,) and (tubes,) float64
        Of the infections and tubes of `roots`: changed in place.
    """
    found, who = np.empty(most[INFECTIONS], np.int64), np.empty(most[INFECTIONS], np.int64)
    rounds, tubes = np.empty(most[ROUNDS] + 1, np.int64), np.empty(round_of_tube.size, np.int64)
    for root in roots:
        components, size = _gather(root, infection_at, infection_by, infections, found, who)
        if components == 0:
            continue
        count, held = 0, 0
        for at in range(size):
            for column in range(FIRST, LAST + 1):
                if count <= most[ROUNDS]:
                    count = _insert(rounds, count, infections[who[at], column])
        for at in range(components):
            for place in range(tube_at[found[at]], tube_at[found[at] + 1]):
                held = _insert(tubes, held, tube_by[place])
                if count <= most[ROUNDS]:
                    count = _insert(rounds, count, round_of_tube[tube_by[place]])
        if count > most[ROUNDS] or held == 0:
            continue

        # infections without one before open a person
        histories = 1 << count
        person = np.empty(size, np.int64)
        people = 0
        for at in range(size):
            if infections[who[at], BEFORE] < 0:
                people += 1
            person[at] = people - 1
        weight = np.empty((people, histories))
        begin = 0
        for at in range(1, size + 1):
            if at == size or person[at] != person[begin]:
                _weigh(begin, at, who, infections, turnover, rounds, count, prior, weight[person[begin]])
                begin = at

        # seats by person
        seats = np.zeros(people + 1, np.int64)
        for at in range(held):
            for seat in range(seat_at[tubes[at]], seat_at[tubes[at] + 1]):
                seats[person[_place(who, size, infection_of_seat[seat])] + 1] += 1
        widest = 0
        for each in range(people):
            widest = max(widest, seats[each + 1])
            seats[each + 1] += seats[each]
        if widest > most[TUBES_OF_PERSON]:
            continue
        pools = np.empty(seats[people], np.int32)
        touches = np.zeros((people, histories), np.int64)
        filled = np.zeros(people, np.int64)
        rows = np.empty((held, 2))
        for at in range(held):
            tube = tubes[at]
            rows[at, 0], rows[at, 1] = likelihood[tube, 0], likelihood[tube, 1]
            bit = _place(rounds, count, round_of_tube[tube])
            for seat in range(seat_at[tube], seat_at[tube + 1]):
                each = person[_place(who, size, infection_of_seat[seat])]
                pools[seats[each] + filled[each]] = at
                for history in range(histories):
                    touches[each, history] |= ((history >> bit) & 1) << filled[each]
                filled[each] += 1

        base = np.full(held, 2, np.int64)
        kinds, subjects = np.empty(people + 2 * held, np.int8), np.empty(people + 2 * held, np.int32)
        steps, kept, largest = schedule(seats, pools, base, float(most[STATES]), kinds, subjects)
        if steps == 0 or kept > most[KEPT]:
            continue
        chance, clean = np.empty(people * histories), np.empty(held)
        evidence = eliminate(
            seats, pools, np.arange(people + 1) * histories, weight.ravel(), touches.ravel(), rows, base, kinds[:steps],
            subjects[:steps], np.empty(int(kept)), int(largest), chance, clean,
        )  # fmt: skip
        if not np.isfinite(evidence):
            continue
        for at in range(size):
            infection = who[at]
            if infections[infection, COMPONENT] == root:
                bit = _place(rounds, count, infections[infection, FIRST])
                total = 0.0
                for history in range(histories):
                    if (history >> bit) & 1:
                        total += chance[person[at] * histories + history]
                p_infected[infection] = min(total, 1.0)
        for at in range(tube_at[root], tube_at[root + 1]):
            nobody[tube_by[at]] = clean[_place(tubes, held, tube_by[at])]
