"""P(infected) of every member and recall by enumeration, and the order of recalls. Imports nothing of ours."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

Row = dict[str, Any]
Infection = tuple[str, str, str]
"""Whose infection in which round: person_type, person, round."""


def p_infected(
    tubes: dict[tuple[str, str], set[tuple[str, str]]],
    calls: dict[tuple[str, str], str | None],
    answers: set[tuple[tuple[str, str], tuple[str, str], tuple[str, str]]],
    test: dict[str, float],
    most: int,
) -> dict[Infection, float]:
    """Each person's probability in each round, given all results of their tubes in that round.

    Parameters
    ----------
    tubes
        (round, tube) to its people (person_type, person).
    calls
        (round, tube) to its call.
    answers
        (recalled tube, the single that answers, person): both ask about one infection, and are told together.
    test
        prior, sensitivity, specificity.
    most
        Infections that hang together at most; of more nothing is told.
    """
    same = _Groups()
    for recalled, single, person in answers:
        same.join((*person, recalled[0]), (*person, single[0]))
    seats = {tube: {same.of((*person, tube[0])) for person in people} for tube, people in tubes.items()}
    together = _Groups()
    for people in seats.values():
        for one, other in itertools.pairwise(sorted(people)):
            together.join(one, other)
    parts: dict[Infection, set[Infection]] = {}
    for infection in set().union(*seats.values()):
        parts.setdefault(together.of(infection), set()).add(infection)
    found: dict[Infection, float] = {}
    for part in parts.values():
        if len(part) <= most:
            asked = sorted(part)
            mine = [(people, calls[tube]) for tube, people in seats.items() if people & part]
            found |= zip(asked, _enumerated(asked, mine, test), strict=True)
    return {
        (*person, round_): found[same.of((*person, round_))]
        for (round_, _), people in tubes.items()
        for person in people
        if same.of((*person, round_)) in found
    }


def _enumerated(
    asked: list[Infection], tubes: list[tuple[set[Infection], str | None]], test: dict[str, float]
) -> list[float]:
    """Every pattern of infections with its weight: who is infected, and what their tubes say."""
    patterns = (np.arange(1 << len(asked))[:, None] >> np.arange(len(asked)) & 1).astype(bool)
    weight = np.where(patterns, test["prior"], 1 - test["prior"]).prod(axis=1)
    for people, call in tubes:
        somebody = patterns[:, [asked.index(one) for one in sorted(people)]].any(axis=1)
        if call in ("positive", "suspect"):
            weight = weight * np.where(somebody, test["sensitivity"], 1 - test["specificity"])
        elif call == "negative":
            weight = weight * np.where(somebody, 1 - test["sensitivity"], test["specificity"])
    return [float(weight[patterns[:, place]].sum() / weight.sum()) for place in range(len(asked))]


class _Groups:
    """What was joined is one group, named by its smallest."""

    def __init__(self) -> None:
        self._above: dict[Infection, Infection] = {}

    def of(self, one: Infection) -> Infection:
        while one in self._above:
            one = self._above[one]
        return one

    def join(self, one: Infection, other: Infection) -> None:
        low, high = sorted((self.of(one), self.of(other)))
        if low != high:
            self._above[high] = low


def ranks(recalls: list[Row], households: dict[tuple[str, str], str]) -> list[int]:
    """``rank from 1: what is not closed first, then due time, then the likeliest of a household, its people together``.

    Parameters
    ----------
    recalls
        In the order of round, tube and position, with status, due_at and p_infected.
    households
        (person_type, person) to household, of those whose household is known.
    """
    groups: dict[Any, list[int]] = {}
    for place, row in enumerate(recalls):
        household = households.get((row["person_type"], row["person"]))
        # Who is alone comes behind households that are as urgent and as likely.
        home = (1, "", place) if household is None else (0, household, 0)
        groups.setdefault((row["status"] == "closed", row["due_at"], home), []).append(place)
    order: list[tuple[Any, ...]] = []
    for (closed, due_at, home), places in groups.items():
        likeliest = max(recalls[place]["p_infected"] for place in places)
        for place in places:
            order.append((closed, due_at, -likeliest, home, -recalls[place]["p_infected"], place))
    places = [row[-1] for row in sorted(order)]
    return [places.index(place) + 1 for place in range(len(recalls))]
