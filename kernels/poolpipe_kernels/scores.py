"""Hazards of infection by household and queue, and the share that each link has of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LATENT",
    "first_seen",
    "household_hazards",
    "household_shares",
    "outside_hazards",
    "queue_hazards",
]

DAY_US = 86_400_000_000.0
"""Microseconds of a day."""

LEAST = 1e-12
"""Least hazard of everybody else."""

LATENT, BEFORE, RATE, NEAR, DECAY, LONGEST = range(6)
"""Places in `natures`: days from infection to the first positive test; days before a first test in which infections count; household
hazard a day; share infected by a neighbour in the queue; days by which that falls to 37 %; days between people of a queue."""

#  tests of a person      t0          t1          t2
#  windows of infection   [ 0 )[   1     )[   2     )[ 3: not seen yet
#                             ^ t0 - latent
#  A person first seen at t1 became infectious between t0 and t1, each moment as likely, and was until the isolation.


@kernel
def _exposed(since: float, seen: float, until: float, upto: float) -> float:
    """Days up to a moment for which a person is infectious, on average over when that began.

    Parameters
    ----------
    since, seen : float
        Infectious from some moment between these, days.
    until, upto : float
        End of being infectious, and of the count, days.

    Returns
    -------
    float
    """
    end = min(until, upto)
    if end <= since:
        return 0.0
    if end < seen:
        return (end - since) * (end - since) / (2.0 * (seen - since))
    return (seen - since) / 2.0 + end - seen


@kernel
def _hazard(
    x: int, k: int, y: int, j: int, test_begins: NDArray[np.int64], test_at: NDArray[np.float64],
    until: NDArray[np.float64], natures: NDArray[np.float64],
) -> float:  # fmt: skip
    """Hazard of one housemate, first seen at a test, for another in a window.

    Parameters
    ----------
    x, k, y, j : int
        Person and test, person and window.
    test_begins, test_at, until, natures
        As of `household_hazards`.

    Returns
    -------
    float
    """
    first, begin = test_begins[x], test_begins[y]
    tests = test_begins[y + 1] - begin
    seen = test_at[first + k]
    since = test_at[first + k - 1] if k else seen - natures[BEFORE]
    high = math.inf if j == tests else test_at[begin + j] - natures[LATENT]
    if tests == 0:
        low = -math.inf
    elif j:
        low = test_at[begin + j - 1] - natures[LATENT]
    else:
        low = test_at[begin] - natures[LATENT] - natures[BEFORE]
    end = until[first + k]
    return float(natures[RATE]) * (_exposed(since, seen, end, high) - _exposed(since, seen, end, low))


@kernel("int64[] float64[] float64[]")
def first_seen(test_begins: NDArray[np.int64], p: NDArray[np.float64], chance: NDArray[np.float64]) -> None:
    """Probability of each person's windows: infected in it, first seen at the test behind it; the last: not seen.

        #  p 0.0 0.9   ->   chance 0.0 0.9 0.1

    Parameters
    ----------
    test_begins : (people + 1,) int64
        Where each person's tests begin.
    p : (tests,) float64
        P(infected) at each test.
    chance : (tests + people,) float64
        Output.
    """
    for person in range(len(test_begins) - 1):
        left = 1.0
        for test in range(test_begins[person], test_begins[person + 1]):
            chance[test + person] = left * p[test]
            left *= 1.0 - p[test]
        chance[test_begins[person + 1] + person] = left


@kernel("int64[] int32[] bool[] int64[] float64[] float64[] float64[] float64[] float64[]")
def household_hazards(
    people_begins: NDArray[np.int64],
    people: NDArray[np.int32],
    counts: NDArray[np.bool_],
    test_begins: NDArray[np.int64],
    test_at: NDArray[np.float64],
    until: NDArray[np.float64],
    chance: NDArray[np.float64],
    natures: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Add the hazard of the housemates that count to each window.

    Parameters
    ----------
    people_begins, people : (households + 1,) int64 and int32
        Each household's people.
    counts : (people,) bool
        Whose hazards count.
    test_begins, test_at, until : (people + 1,) int64 and (tests,) float64
        Each person's tests, days, and the end of being infectious for who is first seen there.
    chance : (tests + people,) float64
        As `first_seen` gives it.
    natures : (6,) float64
        See `LATENT`.
    total : (tests + people,) float64
        Added to.
    """
    for home in range(len(people_begins) - 1):
        for a in range(people_begins[home], people_begins[home + 1]):
            x = people[a]
            if not counts[x]:
                continue
            for k in range(test_begins[x + 1] - test_begins[x]):
                likely = chance[test_begins[x] + x + k]
                if likely < 1e-5:
                    continue
                for b in range(people_begins[home], people_begins[home + 1]):
                    y = people[b]
                    if x != y:
                        for j in range(test_begins[y + 1] - test_begins[y] + 1):
                            here = test_begins[y] + y + j
                            total[here] += likely * _hazard(x, k, y, j, test_begins, test_at, until, natures)


@kernel(
    "int64[] int64[] int64[] float64[] int32[] int64[] int32[] int64[] float64[] float64[] float64[] int64[]"
)
def queue_hazards(
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    seat: NDArray[np.int64],
    p: NDArray[np.float64],
    test_of: NDArray[np.int32],
    seat_at: NDArray[np.int64],
    seat_person: NDArray[np.int32],
    test_begins: NDArray[np.int64],
    test_at: NDArray[np.float64],
    natures: NDArray[np.float64],
    hazard: NDArray[np.float64],
    window: NDArray[np.int64],
) -> None:
    """Hazard of the people of a tube for somebody who stood near them, and the window in which that would be.

    Parameters
    ----------
    begins, ends, seat : (links,) int64
        Seats from which each link starts, and the seat to which it leads.
    p : (tests,) float64
        P(infected) at each test.
    test_of, seat_at, seat_person : (seats,) int32, int64 and int32
        Test, microseconds, and person.
    test_begins, test_at, natures
        As of `household_hazards`.
    hazard, window : (links,) float64 and int64
        Output.
    """
    for link in range(len(seat)):
        y = int(seat_person[seat[link]])
        at = seat_at[seat[link]] / DAY_US
        hazard[link] = 0.0
        latest = at
        for other in range(begins[link], ends[link]):
            likely, moment = p[test_of[other]], seat_at[other] / DAY_US
            lag = abs(moment - at)
            if likely > 1e-5 and seat_person[other] != y and lag <= natures[LONGEST]:
                hazard[link] += likely * natures[NEAR] * math.exp(-lag / natures[DECAY])
                latest = max(latest, moment)
        test = test_begins[y]
        while test < test_begins[y + 1] and test_at[test] - natures[LATENT] < latest:
            test += 1
        window[link] = test + y


@kernel("int64[] float64[] float64 float64 float64[]")
def outside_hazards(
    test_begins: NDArray[np.int64],
    test_at: NDArray[np.float64],
    rate: float,
    first_days: float,
    outside: NDArray[np.float64],
) -> None:
    """Hazard of everybody else in each window.

    Parameters
    ----------
    test_begins, test_at
        As of `household_hazards`.
    rate : float
        A day.
    first_days : float
        Days of a person's first window.
    outside : (tests + people,) float64
        Output; the last window of each person, still open, has none.
    """
    for person in range(len(test_begins) - 1):
        first, last = test_begins[person], test_begins[person + 1]
        for test in range(first, last):
            days = first_days if test == first else test_at[test] - test_at[test - 1]
            outside[test + person] = max(rate * days, LEAST)
        outside[last + person] = LEAST


@kernel(
    "int64[] int64[] int32[] int32[] int64[] int32[] int64[] int32[] bool[] int64[] float64[] float64[] float64[] float64[] "
    "float64[] float64[] float64[]"
)
def household_shares(
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    person: NDArray[np.int32],
    seat_person: NDArray[np.int32],
    home_begins: NDArray[np.int64],
    homes: NDArray[np.int32],
    people_begins: NDArray[np.int64],
    people: NDArray[np.int32],
    counts: NDArray[np.bool_],
    test_begins: NDArray[np.int64],
    test_at: NDArray[np.float64],
    until: NDArray[np.float64],
    chance: NDArray[np.float64],
    natures: NDArray[np.float64],
    total: NDArray[np.float64],
    outside: NDArray[np.float64],
    score: NDArray[np.float64],
) -> None:
    """Probability that a housemate among the people of a tube infected somebody.

    Of two people who may each have infected the other, or both have it from others, the three are weighed by their hazards: those
    of the first link of the tree of infections (matrix-tree theorem for two people).

    Parameters
    ----------
    begins, ends : (links,) int64
        Seats of the tube from which each link starts.
    person : (links,) int32
        Whom it leads to.
    seat_person : (seats,) int32
        Person of each seat.
    home_begins, homes : (people + 1,) int64 and int32
        Each person's households.
    people_begins, people, counts, test_begins, test_at, until, chance, natures
        As of `household_hazards`.
    total, outside : (tests + people,) float64
        Hazard of all links in each window, and that of everybody else.
    score : (links,) float64
        Output.
    """
    for link in range(len(person)):
        y = int(person[link])
        wins = test_begins[y] + y
        tests = test_begins[y + 1] - test_begins[y]
        score[link] = 0.0
        for member in range(begins[link], ends[link]):
            x = int(seat_person[member])
            mates = False
            for h in range(home_begins[y], home_begins[y + 1]):
                for d in range(people_begins[homes[h]], people_begins[homes[h] + 1]):
                    mates |= people[d] == x
            if not mates or x == y:
                continue
            for j in range(tests + 1):
                of_x = 0.0  # the total has it where x counts
                for k in range(test_begins[x + 1] - test_begins[x] if counts[x] else 0):
                    of_x += chance[test_begins[x] + x + k] * _hazard(
                        x, k, y, j, test_begins, test_at, until, natures
                    )
                for k in range(test_begins[x + 1] - test_begins[x]):
                    own = test_begins[x] + x + k
                    if chance[own] < 1e-5 or chance[wins + j] < 1e-7:
                        continue
                    here = _hazard(x, k, y, j, test_begins, test_at, until, natures)
                    if here <= 0.0:
                        continue
                    others = max(total[wins + j] - of_x, 0.0) + outside[wins + j]
                    every = others + here
                    if j == tests:
                        score[link] += chance[own] * chance[wins + j] * -math.expm1(-every) * here / every
                        continue
                    of_y = 0.0
                    for i in range(tests if counts[y] else 0):
                        of_y += chance[wins + i] * _hazard(y, i, x, k, test_begins, test_at, until, natures)
                    back = _hazard(y, j, x, k, test_begins, test_at, until, natures)
                    beyond = max(total[own] - of_y, 0.0) + outside[own]
                    score[link] += (
                        chance[own] * chance[wins + j] * here * beyond / (beyond * every + others * back)
                    )
