"""Marts of a night that look at people, naively: coverage, release, visits, the city's clocks, recalls."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from reference.nightly import RESULTS, day_of, hours, quantile


def covered(day, tubes, pools, members, people):
    """Of each round with swabs on the day: residents with a swab within 48 hours, their results."""
    rounds = {tube["round"] for tube in tubes if not tube["orphan"]}
    call = {(tube["round"], tube["tube"]): tube for tube in pools}
    listed = {(each["person_type"], each["person"]) for each in people}
    seen = defaultdict(list)
    for seat in members:
        since = day - timedelta(days=1)
        if seat["round"] in rounds and since <= day_of(seat["collected_at"]) <= day:
            person = seat["person_type"], seat["person"]
            if person in listed:
                seen[seat["round"], person].append((seat["collected_at"], call[seat["round"], seat["tube"]]))
    return rounds, seen


def coverage(rounds, seen, people):
    found: dict[Any, Any] = defaultdict(lambda: [0, 0])
    for each in people:
        area = (each["township"], each["community"], each["building"])
        for name in {each for each, _ in seen}:
            missed = (name, (each["person_type"], each["person"])) not in seen
            for level in range(4):
                found[name, *area[:level]][0] += 1
                found[name, *area[:level]][1] += missed
    assert {name for name, _ in seen} <= rounds
    return {key: tuple(counts) for key, counts in found.items()}


def release(seen, people):
    found: dict[Any, Any] = {}
    for name in {each for each, _ in seen}:
        for area in {(each["township"], each["community"]) for each in people}:
            homes = [each for each in people if (each["township"], each["community"]) == area]
            swabs = [seen.get((name, (each["person_type"], each["person"])), []) for each in homes]
            calls = [[tube["call"] for _, tube in each] for each in swabs]
            found[name, *area] = (
                len(homes),
                all(calls),
                all(any(call in RESULTS for call in each) for each in calls),
                not any(call in ("positive", "suspect") for each in calls for call in each),
                all(each and all(call == "negative" for call in each) for each in calls),
            )
    return found


def home_visits(seen, people):
    found: dict[Any, Any] = {}
    for name in {each for each, _ in seen}:
        homes: dict[Any, Any] = defaultdict(list)
        for each in people:
            taken = (name, (each["person_type"], each["person"])) in seen
            home = (each["township"], each["community"], each["building"], each["household"])
            homes[home].append(taken)
        counts: dict[Any, Any] = defaultdict(lambda: [0, 0, 0])
        for (town, community, _, household), swabs in homes.items():
            kind = 2 if household is None else 1 if any(swabs) else 0
            counts[town, community][kind] += swabs.count(False)
        found |= {(name, *area): tuple(told) for area, told in counts.items()}
    return found


def city_clocks(seen, people):
    found: dict[Any, Any] = {}
    for name in {each for each, _ in seen}:
        mine = [swabs for (each, _), swabs in seen.items() if each == name]
        start = min(at for swabs in mine for at, _ in swabs)
        results = sorted(
            min(known)
            for swabs in mine
            if (known := [tube["called_at"] for _, tube in swabs if tube["call"] in RESULTS])
        )
        half = -(-len(people) // 2)
        found[name] = (
            len(people),
            len(results),
            hours(start, results[half - 1]) if len(results) >= half else None,
            hours(start, results[-1]) if len(results) == len(people) else None,
        )
    return found


def recalls_of(day, recalls):
    return [each for each in recalls if day_of(each["opened_at"]) == day]


def recall_steps(opened, pools):
    call = {(tube["round"], tube["tube"]): tube for tube in pools}
    groups = defaultdict(list)
    for each in opened:
        single = call.get((each["single_round"], each["single_tube"]), {})
        moments = [
            each["opened_at"], each["recollected_at"], single.get("received_at"), single.get("loaded_at"),
            each["closed_at"],
        ]  # fmt: skip
        names = ("1 recollect", "2 deliver", "3 load", "4 report")
        spans = {name: moments[place : place + 2] for place, name in enumerate(names)}
        spans["all"] = [moments[0], moments[-1]]
        for name, (begin, end) in spans.items():
            for key in (("city", None, name), ("laboratory", each["lab"], name)):
                groups[key].append((each, hours(begin, end), end))
    found: dict[Any, Any] = {}
    for key, rows in groups.items():
        spent = [each for _, each, _ in rows if each is not None]
        found[key] = (
            len(rows),
            len({(each["round"], each["tube"]) for each, _, _ in rows}),
            sum(end is not None for _, _, end in rows),
            sum(end is not None and end <= each["due_at"] for each, _, end in rows),
            sum(each["overdue"] or each["late"] for each, _, _ in rows),
            quantile(spent, 0.5),
            quantile(spent, 0.9),
            max(spent, default=None),
        )
    return found


def recall_curve(opened):
    if not opened:
        return {}
    found: dict[Any, Any] = {}
    for minutes in range(0, 721, 15):
        reach = timedelta(minutes=minutes)
        found[minutes] = (
            len(opened),
            *(
                sum(each[name] is not None and each[name] - each["opened_at"] <= reach for each in opened)
                for name in ("recollected_at", "closed_at")
            ),
        )
    return found


def unexplained(opened, pools):
    mode = {(tube["round"], tube["tube"]): tube["mode"] for tube in pools}
    answers = defaultdict(list)
    for each in opened:
        answers[each["round"], each["tube"]].append(each["outcome"])
    return {
        key: len(each)
        for key, each in answers.items()
        if mode[key] == "pool" and all(outcome == "negative" for outcome in each)
    }
