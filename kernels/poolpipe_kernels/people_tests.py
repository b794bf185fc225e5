"""The tests of each person, one a round, from the seats in tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NEVER", "tests_of_people"]

NEVER = np.int64(9223372036854775807)
"""The alarm of a tube that gave none."""

#  a person's seats by time   s0  s1  s2  s3
#  round                       A   A   B   A      tests: A (seen at s0; the earliest alarm of s0, s1 and s3), B (s2)


@kernel("int64[] int32[] uint32[] uint32[] int64[] int64[] int32[] int64[] int32[] bool[]")
def tests_of_people(
    person_begins: NDArray[np.int64],
    person_seats: NDArray[np.int32],
    seat_tube: NDArray[np.uint32],
    tube_round: NDArray[np.uint32],
    alarmed_at: NDArray[np.int64],
    test_begins: NDArray[np.int64],
    seen: NDArray[np.int32],
    alarm: NDArray[np.int64],
    test_of: NDArray[np.int32],
    counts: NDArray[np.bool_],
) -> int:
    """List each person's tests.

    Parameters
    ----------
    person_begins, person_seats : (people + 1,) int64 and (seats,) int32
        Each person's seats by time.
    seat_tube : (seats,) uint32
        Tube of each seat.
    tube_round, alarmed_at : (tubes,) uint32 and int64
        Round of each tube, and when it was called positive or suspect, `NEVER` for others.
    test_begins : (people + 1,) int64
        Output: where each person's tests begin.
    seen, alarm : (seats,) int32 and int64
        Output, of each test: the first seat in its round, and the earliest alarm of the round's tubes.
    test_of : (seats,) int32
        Output: test of each seat.
    counts : (people,) bool
        In: False. Out: whether somebody is in a tube that gave an alarm.

    Returns
    -------
    int
        How many tests there are.
    """
    tests = np.int64(0)
    for person in range(len(person_begins) - 1):
        first = tests
        test_begins[person] = first
        for k in range(person_begins[person], person_begins[person + 1]):
            seat = person_seats[k]
            tube = seat_tube[seat]
            test = first
            while test < tests and tube_round[seat_tube[seen[test]]] != tube_round[tube]:
                test += 1
            if test == tests:
                seen[test] = seat
                alarm[test] = NEVER
                tests += 1
            test_of[seat] = test
            if alarmed_at[tube] < NEVER:
                counts[person] = True
                alarm[test] = min(alarm[test], alarmed_at[tube])
    test_begins[len(person_begins) - 1] = tests
    return int(tests)
