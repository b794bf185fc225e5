"""P(infected) of every member and recall by enumeration, and the order of recalls. Imports nothing of ours."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from datetime import datetime

Row = dict[str, Any]
Person = tuple[str, str]
"""person_type, person."""
Infection = tuple[str, str, str]
"""Whose infection in which round: person_type, person, round."""
Tube = tuple[str, str]
"""round, tube."""

SAYS = ("positive", "suspect", "negative")


def p_infected(
    tubes: dict[Tube, dict[Person, datetime]],
    calls: dict[Tube, str | None],
    answers: set[tuple[Tube, Tube, Person]],
    test: dict[str, float],
    most: int,
) -> dict[Infection, float]:
    """Each person's probability in each round, given the results that hang together with theirs, and what lies behind.

    Parameters
    ----------
    tubes
        (round, tube) to its people and when each was swabbed.
    calls
        (round, tube) to its call.
    answers
        (recalled tube, the single that answers, person): both ask about one infection, as do the rounds between.
    test
        prior, sensitivity, specificity, positive_days.
    most
        Infections enumerated together at most; of more nothing is told.
    """
    chains = _chains(tubes, answers)
    same = {round_: rounds[0] for chain in chains for rounds in chain for round_ in rounds}
    before = {later[0]: earlier[0] for chain in chains for earlier, later in itertools.pairwise(chain)}
    seats = {tube: {same[*person, tube[0]] for person in people} for tube, people in tubes.items()}
    swabs: dict[Infection, list[datetime]] = {}
    together = _Groups()
    for tube, people in tubes.items():
        for person, at in people.items():
            swabs.setdefault(same[*person, tube[0]], []).append(at)
        if calls[tube] in SAYS:
            for one, other in itertools.pairwise(sorted(seats[tube])):
                together.join(one, other)
    parts: dict[Infection, set[Infection]] = {}
    for infection in swabs:
        parts.setdefault(together.of(infection), set()).add(infection)
    found: dict[Infection, float] = {}
    for part in parts.values():
        behind = set(part)
        while more := {
            together.of(before[one]) for one in behind if one in before and before[one] not in behind
        }:
            behind |= set().union(*(parts[one] for one in more))
        if len(behind) <= most:
            asked = sorted(behind)
            mine = [(people, calls[tube]) for tube, people in seats.items() if people & behind]
            likely = dict(zip(asked, _enumerated(asked, before, swabs, mine, test), strict=True))
            found |= {infection: likely[infection] for infection in part}
    return {round_: found[infection] for round_, infection in same.items() if infection in found}


def _chains(
    tubes: dict[Tube, dict[Person, datetime]], answers: set[tuple[Tube, Tube, Person]]
) -> list[list[list[Infection]]]:
    """Everybody's infections in the order of time, each as the rounds in which it is asked about."""
    begins: dict[str, datetime] = {}
    for (round_, _), people in tubes.items():
        for at in people.values():
            begins[round_] = min(at, begins.get(round_, at))
    order = sorted(begins, key=lambda round_: (begins[round_], round_))
    chains = []
    for person in sorted({person for people in tubes.values() for person in people}):
        sat = [r for r in order if any(tube[0] == r and person in people for tube, people in tubes.items())]
        chain: list[list[Infection]] = []
        for place, round_ in enumerate(sat):
            asked_across = any(
                whose == person
                and min(sat.index(recalled[0]), sat.index(single[0])) < place
                and max(sat.index(recalled[0]), sat.index(single[0])) >= place
                for recalled, single, whose in answers
            )
            if not asked_across:
                chain.append([])
            chain[-1].append((*person, round_))
        chains.append(chain)
    return chains


def _enumerated(
    asked: list[Infection],
    before: dict[Infection, Infection],
    swabs: dict[Infection, list[datetime]],
    tubes: list[tuple[set[Infection], str | None]],
    test: dict[str, float],
) -> list[float]:
    """Every pattern of infections with its weight: who is infected when, and what their tubes say."""
    patterns = (np.arange(1 << len(asked))[:, None] >> np.arange(len(asked)) & 1).astype(bool)
    weight = np.ones(len(patterns))
    for place, one in enumerate(asked):
        chance: Any = test["prior"]
        if one in before:
            days = max(0.0, (min(swabs[one]) - max(swabs[before[one]])).total_seconds() / 86400)
            clearing = 1 / test["positive_days"]
            catching = clearing * test["prior"] / (1 - test["prior"])
            kept = np.exp(-(clearing + catching) * days)
            was = patterns[:, asked.index(before[one])]
            chance = test["prior"] + (was - test["prior"]) * kept
        weight = weight * np.where(patterns[:, place], chance, 1 - chance)
    for people, call in tubes:
        if call not in SAYS:
            continue
        somebody = patterns[:, [asked.index(one) for one in sorted(people)]].any(axis=1)
        if call == "negative":
            weight = weight * np.where(somebody, 1 - test["sensitivity"], test["specificity"])
        else:
            weight = weight * np.where(somebody, test["sensitivity"], 1 - test["specificity"])
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
