"""Boxes packed with more tubes than they take: every journey counts by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.policy import Policy

START = datetime.fromisoformat("2022-04-04T00:00:00+00:00")
FIVE = Policy(pools={"box_capacity": 5})


def at(hours):
    return (START + timedelta(hours=hours)).isoformat()


def packed(box, hours, count, first=0):
    rows = []
    for number in range(first, first + count):
        tube = f"{box}-{number:03}"
        rows.append({"kind": "collect", "at": at(0), "tube": tube, "person": f"P{tube}", "person_type": "X"})
        rows.append({"kind": "pack", "at": at(hours), "tube": tube, "box": box})
    return rows


def pickup(box, hours):
    return {"kind": "pickup", "at": at(hours), "box": box, "giver": "g", "receiver": "r"}


def receive(box, hours):
    return {"kind": "receive", "at": at(hours), "box": box, "giver": "g", "receiver": "r", "lab": "L1"}


def full(events, policy=FIVE):
    day = poolpipe.run(frames_of(events), policy=policy)
    boxes = [(row["box"], row["tubes"]) for row in day.full_boxes().to_dicts()]
    assert day.summary["boxes"]["over_capacity"] == len(boxes)
    return boxes, day.summary["boxes"]


def test_boxes__over_capacity_are_counted_and_listed_the_fullest_first():
    events = [
        *packed("B1", 1, 6),
        pickup("B1", 2),
        *packed("B2", 1, 9),
        receive("B2", 2),
        *packed("B3", 1, 5),
    ]
    assert full(events) == ([("B2", 9), ("B1", 6)], {"capacity": 5, "journeys": 3, "over_capacity": 2})
    assert full(events, Policy())[0] == []


def test_boxes__that_are_used_again_count_every_journey_by_itself():
    events = [
        *packed("B1", 1, 4), pickup("B1", 2), receive("B1", 3),
        *packed("B1", 4, 4, first=4), pickup("B1", 5), receive("B1", 6),
        *packed("B1", 7, 4, first=8),
    ]  # fmt: skip
    assert full(events) == ([], {"capacity": 5, "journeys": 3, "over_capacity": 0})


def test_boxes__that_wait_are_counted_and_those_never_scanned_on_their_way_are_not_guessed():
    assert full(packed("B1", 1, 6))[0] == [("B1", 6)]
    spread = [*packed("B1", 1, 4), *packed("B1", 30, 4, first=4)]
    assert full(spread) == ([], {"capacity": 5, "journeys": 0, "over_capacity": 0})


def test_boxes__of_random_cities_hold_every_packed_tube_at_most_once():
    for seed in range(9500, 9504):
        day = poolpipe.run(frames_of(city(seed, size="medium")), policy=Policy(pools={"box_capacity": 1}))
        pools = day.pools.filter(day.pools["box"].is_not_null())
        journeys: dict[tuple[object, ...], int] = {}
        for row in pools.to_dicts():
            left = row["picked_up_at"] or row["received_at"]
            if left is not None and row["packed_at"] <= left:
                key = (row["round"], row["box"], row["picked_up_at"], row["received_at"])
                journeys[key] = journeys.get(key, 0) + 1
        told = {
            (row["round"], row["box"], row["picked_up_at"], row["received_at"]): row["tubes"]
            for row in day.full_boxes().to_dicts()
            if row["picked_up_at"] or row["received_at"]
        }
        assert told == {key: count for key, count in journeys.items() if count > 1}
