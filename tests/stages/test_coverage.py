"""How far each round has got with the list of residents, and the city's two deadlines."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.policy import Policy

START = datetime.fromisoformat("2022-04-04T00:00:00+00:00")


def at(hours):
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def collect(tube, person, hours, round_="1"):
    return {
        "kind": "collect",
        "at": at(hours),
        "tube": tube,
        "person": person,
        "person_type": "X",
        "round": round_,
    }


def report(tube, hours, call="negative", round_="1"):
    return {"kind": "report", "at": at(hours), "tube": tube, "call": call, "lab": "L", "round": round_}


PEOPLE = pl.DataFrame({"person": ["A", "B", "C", "D", "E", "E"], "person_type": ["X"] * 5 + ["Y"]})
EVENTS = [
    collect("T1", "A", 0), collect("T1", "B", 1), collect("T2", "C", 2), collect("T3", "D", 3), collect("T4", "stranger", 1),
    report("T1", 10), report("T2", 30), report("T3", 20, "invalid"), report("T4", 5),
    collect("T5", "A", 4), report("T5", 6),
    collect("T1", "A", 50, "2"),
]  # fmt: skip


def covered(events, **options):
    return poolpipe.run(frames_of(events), people=PEOPLE, **options).summary["coverage"]


def test_coverage__counts_people_of_the_list_once_a_round():
    first, second = covered(EVENTS)
    assert (first["round"], first["people"], first["collected"], first["reported"]) == ("1", 6, 4, 3)
    assert (second["round"], second["people"], second["collected"], second["reported"]) == ("2", 6, 1, 0)
    assert (first["started_at"], first["half_due"], first["all_due"]) == (at(0), at(24), at(48))
    assert first["half_at"] == at(30), "the third of six: A at 6, B at 10, C at 30"
    assert (first["half_late"], first["all_at"], first["all_late"]) == (True, None, True)
    assert (second["half_at"], second["half_late"], second["all_late"]) == (None, False, False)


def test_coverage__of_a_round_without_anybody_of_the_list_is_nobody():
    first, second = covered(
        [collect("T1", "A", 0), collect("T9", "stranger", 50, "2"), report("T9", 60, round_="2")]
    )
    assert (first["collected"], first["reported"]) == (1, 0)
    assert (second["round"], second["people"], second["collected"], second["reported"]) == ("2", 6, 0, 0)
    assert (second["started_at"], second["half_at"], second["half_late"]) == (at(50), None, False)


def test_coverage__is_late_only_once_the_deadline_has_passed():
    (early,) = covered(EVENTS, as_of=at(24))
    assert (early["reported"], early["half_at"], early["half_late"]) == (2, None, False)
    (late,) = covered(EVENTS, as_of=at(25))
    assert late["half_late"]
    (patient,) = covered(EVENTS, as_of=at(40), policy=Policy(clocks={"city_half": 30, "city_all": 40}))
    assert (patient["half_due"], patient["half_late"], patient["all_due"]) == (at(30), False, at(40))


def test_coverage__of_everybody_says_when_the_last_was_reported():
    events = [collect("T1", person, 0) for person in "ABCDE"] + [report("T1", 7)]
    people = PEOPLE.head(5)
    (told,) = poolpipe.run(frames_of(events), people=people).summary["coverage"]
    assert (told["reported"], told["half_at"], told["all_at"], told["all_late"]) == (5, at(7), at(7), False)


def test_coverage__without_a_list_is_nothing():
    assert poolpipe.run(frames_of(EVENTS)).summary["coverage"] == []


@pytest.mark.parametrize("seed", range(9600, 9603))
def test_coverage__agrees_with_plain_sets_on_random_cities(seed):
    frames = frames_of(city(seed, size="medium" if seed % 2 else "small"))
    members = poolpipe.run(frames).members
    everybody = members.select("person_type", "person").unique().sort("person_type", "person")
    people = pl.concat([everybody[::2], pl.DataFrame({"person_type": ["X"], "person": ["nobody ever saw"]})])
    day = poolpipe.run(frames, people=pl.concat([people, people.head(3)]))
    listed = set(people.rows())
    calls = {(row["round"], row["tube"]): row for row in day.pools.to_dicts()}
    for told in day.summary["coverage"]:
        seen: set[tuple[str, str]] = set()
        first: dict[tuple[str, str], datetime] = {}
        for row in members.filter(pl.col("round") == told["round"]).to_dicts():
            who, tube = (row["person_type"], row["person"]), calls[row["round"], row["tube"]]
            if who in listed:
                seen.add(who)
                if tube["call"] not in (None, "invalid"):
                    first[who] = min(first.get(who, tube["called_at"]), tube["called_at"])
        results = sorted(first.values())
        half = -(-len(listed) // 2)
        assert (told["people"], told["collected"], told["reported"]) == (len(listed), len(seen), len(first))
        expected = results[half - 1] if len(results) >= half else None
        assert told["half_at"] == (None if expected is None else expected.strftime("%Y-%m-%dT%H:%M:%SZ"))
        assert told["all_at"] is None, "one of the list was never seen"
