"""Expected positives of a day, naively: every pool's chance by itself, and the law of their number by adding pool after pool."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def chance_of_alarm(people, prior, sensitivity, specificity):
    """P(a pool is not negative): somebody infected and found, or nobody and a false alarm."""
    clean = (1 - prior) ** people
    return sensitivity * (1 - clean) + (1 - specificity) * clean


def law(chances):
    """P(k of independent pools are positive), k = 0, 1, ..."""
    told = [1.0]
    for chance in chances:
        more = [0.0, *(chance * each for each in told)]
        told = [(1 - chance) * each for each in told] + [0.0]
        told = [one + other for one, other in zip(told, more, strict=True)]
    return told


def quantile(told, share):
    total = 0.0
    for count, each in enumerate(told):
        total += each
        if total >= share:
            return count
    return len(told) - 1


def positives(tubes, prior, sensitivity, specificity):
    """Found, expected, lower and upper number of pools of a day that are not negative."""
    pools = [
        each for each in tubes
        if each["mode"] == "pool" and each["people"] and each["call"] in ("positive", "suspect", "negative")
    ]  # fmt: skip
    told = law([chance_of_alarm(each["people"], prior, sensitivity, specificity) for each in pools])
    mean = sum(count * each for count, each in enumerate(told))
    return (
        sum(each["call"] != "negative" for each in pools),
        mean,
        quantile(told, 0.025),
        quantile(told, 0.975),
    )


def retested(tubes, recalls):
    """Positive pools of a day all of whose people were answered: people and positive people of each."""
    answers: dict[Any, dict[Any, Any]] = defaultdict(dict)
    for each in recalls:
        answers[each["round"], each["tube"]][each["person_type"], each["person"]] = each["outcome"]
    found = {}
    for tube in tubes:
        told = answers[tube["round"], tube["tube"]]
        done = [person for person, outcome in told.items() if outcome is not None]
        if tube["mode"] == "pool" and tube["call"] == "positive" and len(done) == tube["people"] > 0:
            positive = frozenset(person for person in done if told[person] == "positive")
            found[tube["round"], tube["tube"]] = (tube["people"], positive)
    return found


def counted_once(found):
    """Pools without anybody who is positive in an earlier one."""
    seen: set[Any] = set()
    kept = {}
    for key in sorted(found):
        if not seen & found[key][1]:
            kept[key] = found[key]
        seen |= found[key][1]
    return kept


def findings(tubes, pools, members):
    """Pools of a day with somebody whose single of the round, taken before the pool's result, is positive."""
    singles = {
        (each["round"], each["tube"])
        for each in pools
        if each["mode"] == "single" and each["call"] == "positive"
    }
    taken = defaultdict(list)
    for seat in members:
        if (seat["round"], seat["tube"]) in singles:
            taken[seat["round"], seat["person_type"], seat["person"]].append(seat["collected_at"])
    of_day = {
        (each["round"], each["tube"]): each for each in tubes
        if each["mode"] == "pool" and each["people"] and each["call"] in ("positive", "negative")
    }  # fmt: skip
    found = {}
    for seat in members:
        tube = of_day.get((seat["round"], seat["tube"]))
        moments = taken.get((seat["round"], seat["person_type"], seat["person"]), [])
        if tube is not None and any(each < tube["called_at"] for each in moments):
            found[seat["round"], seat["tube"]] = tube["call"] == "positive"
    return found
