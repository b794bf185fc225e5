"""Events that contradict, withdraw or repeat others, and events that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

    from .random_city import City

Event = dict[str, Any]

CALLS = ("positive", "suspect", "negative", "negative", "negative", "invalid")
OTHER_FACTS = {
    "collect": "person",
    "seal": "swabs",
    "pack": "box",
    "load": "well",
    "read": "ct",
    "report": "call",
}


def add_conflicts(made: City) -> None:
    """The same event_id again with other content, in the same or another round."""
    rng = made.rng
    named = [event for event in made.events if "event_id" in event and event["kind"] in OTHER_FACTS]
    for event in rng.sample(named, min(len(named), rng.choice([0, 0, 1, 3]))):
        values: dict[str, list[str]] = {
            "person": [person for _, person in made.people],
            "swabs": ["7"],
            "box": made.boxes,
            "well": made.wells,
            "ct": ["33.3", "40.01", ""],
            "call": list(CALLS),
        }
        name = OTHER_FACTS[event["kind"]]
        other = {**event, name: rng.choice(values[name])}
        if rng.random() < 0.6:
            other["at"] = made.at(rng.randint(0, 20))
        if rng.random() < 0.2:
            other["round"] = rng.choice(made.rounds)
        made.events.append(other)


def add_ties(made: City) -> None:
    """Scans of every kind at the very moment of another one of the same thing, that say something else."""
    rng = made.rng
    others: dict[str, dict[str, list[str | None]]] = {
        "collect": {
            "site": ["S1", "S2", None],
            "point": ["P1", "P2", None],
            "mode": ["pool", "single", None],
            "capacity": ["1", "5", None],
            "recall_of": [*made.tubes, None],
        },
        "seal": {"swabs": ["1", "2", "7", "10"]},
        "pack": {"box": [*made.boxes], "site": ["S1", None]},
        "pickup": {"receiver": ["An", "Zhou"], "temperature_c": ["4", "10.5", None]},
        "receive": {
            "lab": ["L1", "L2", "县医院"],
            "tubes": ["0", "1", "2", "10", None],
            "giver": ["An", "Zhou"],
        },
        "load": {"plate": [*made.plates], "well": [*made.wells[:4]], "lab": ["L1", "L2"]},
        "read": {"ct": ["20", "37.5", ""], "reagent": ["a", "b"]},
        "report": {"call": [*CALLS], "lab": ["L1", "L2", None]},
    }
    for kind, values in others.items():
        events = [event for event in made.events if event["kind"] == kind]
        for event in rng.sample(events, min(len(events), rng.choice([0, 1, 3]))):
            said = {
                name: rng.choice(values[name])
                for name in rng.sample(sorted(values), rng.randint(1, len(values)))
            }
            facts = {
                name: value
                for name, value in event.items()
                if name not in ("kind", "at", "round", "event_id")
            }
            tied = made.add(kind, event["round"], 0, **(facts | said))
            tied["at"] = event["at"]


def add_voids(made: City) -> None:
    """Voids of events, of unknown ids, of voids and of what was never understood."""
    rng = made.rng
    for _ in range(rng.choice([0, 1, 2, 5])):
        ids = [event["event_id"] for event in made.events if "event_id" in event]
        target = rng.choice([*rng.sample(ids, min(8, len(ids))), "no-such-event", "bad-0"])
        made.add(
            "void",
            rng.choice(made.rounds),
            rng.randint(0, 40),
            event=target,
            reason=rng.choice(["误扫", "again"]),
        )


LONG = "L" * 65
# What is changed in an event of which kinds; several may be changed at once: the first code in the order of docs/tables.md counts.
BREAKS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    ("unknown_kind", (), {"kind": "swab"}),
    ("unknown_kind", (), {"kind": ""}),
    ("missing_value", ("collect",), {"person": ""}),
    ("missing_value", ("read",), {"target": " "}),
    ("missing_value", ("load",), {"tube": "", "role": "sample"}),
    ("missing_value", ("load",), {"tube": "", "role": "blank"}),
    ("missing_value", ("receive",), {"lab": ""}),
    ("missing_value", ("void",), {"reason": ""}),
    ("bad_time", (), {"at": "10.02.2022 08:00"}),
    ("bad_time", (), {"at": "2022-02-10T25:01:00Z"}),
    ("bad_time", (), {"at": "2022-02-30T08:00:00Z"}),
    ("bad_time", (), {"at": "10/2/2022 8:05"}),
    ("bad_time", (), {"at": "2022/2/10"}),
    ("bad_time", (), {"at": "44602.3368055556"}),
    ("bad_time", (), {"at": "2022/2/10 24:00"}),
    ("bad_time", (), {"at": "2022-02-10T23:59:60Z"}),
    ("bad_time", (), {"at": "2022/2/10 上午 13:05"}),
    ("bad_time", (), {"at": "0001-01-01T00:00:00"}),
    ("bad_time", (), {"at": "2200-01-01T00:00:00Z"}),
    ("bad_time", (), {"sent_at": "9999-12-31T23:59:59+08:00"}),
    ("bad_time", (), {"sent_at": "yesterday"}),
    ("bad_code", ("collect", "seal", "pack", "report"), {"tube": "T 01"}),
    ("bad_code", ("collect", "seal", "pack", "report"), {"tube": "试管1"}),
    ("bad_code", ("collect",), {"person": "9.90100E+17"}),
    ("bad_code", ("collect",), {"person": "990100199001010012.0"}),
    ("bad_code", ("collect",), {"person": '{"id": "990100199001010012"}'}),
    ("bad_code", ("collect",), {"person": '["H1", "H2"]'}),
    ("bad_code", ("collect",), {"person": "#N/A"}),
    ("bad_code", ("collect",), {"person": "TRUE"}),
    ("bad_code", ("collect",), {"recall_of": "3.6e+17"}),
    ("bad_code", ("collect",), {"person_type": "[]"}),
    ("bad_code", ("collect", "pickup"), {"site": "3.60781E+17"}),
    ("bad_code", ("collect", "seal", "pack", "report"), {"tube": "9912345678901234.0"}),
    ("bad_code", ("read",), {"target": "{}"}),
    ("bad_code", (), {"device": "1.5E+20"}),
    ("bad_code", (), {"event_id": "4e+17"}),
    ("bad_code", (), {"round": "2.0E17"}),
    ("bad_code", ("pack", "pickup", "receive"), {"box": "B" * 65}),
    ("bad_code", ("load", "read"), {"plate": "#"}),
    ("bad_code", ("collect",), {"recall_of": "T" * 65}),
    ("bad_code", ("collect",), {"person": LONG}),
    ("bad_code", ("collect", "pickup"), {"site": LONG}),
    ("bad_code", ("void",), {"event": LONG}),
    ("bad_code", (), {"event_id": LONG}),
    ("bad_well", ("load", "read"), {"well": "Z1"}),
    ("bad_well", ("load", "read"), {"well": "A0"}),
    ("bad_well", ("load", "read"), {"well": "A13"}),
    ("bad_number", ("read",), {"ct": "31,5"}),
    ("bad_number", ("read",), {"ct": "100.5"}),
    ("bad_number", ("read",), {"ct": "-0.5"}),
    ("bad_number", ("collect",), {"capacity": "ten"}),
    ("bad_number", ("seal",), {"swabs": "1.5"}),
    ("bad_number", ("receive",), {"tubes": "-1"}),
    ("unknown_mode", ("collect",), {"mode": "both"}),
    ("unknown_role", ("load",), {"role": "blank"}),
    ("unknown_call", ("report",), {"call": "maybe"}),
)


def add_rejects(made: City) -> None:
    """Events that cannot be read, some for several reasons at once."""
    rng = made.rng
    for number in range(rng.choice([0, 1, 3, 8])):
        kind = rng.choice(sorted({event["kind"] for event in made.events}))
        event = dict(rng.choice([event for event in made.events if event["kind"] == kind]))
        for _ in range(rng.choice([1, 1, 2, 3])):
            fitting = [(code, changes) for code, kinds, changes in BREAKS if event["kind"] in kinds]
            if not fitting or rng.random() < 0.3:
                fitting = [(code, changes) for code, kinds, changes in BREAKS if not kinds]
            wanted = rng.choice(sorted({code for code, _ in fitting}))
            event |= rng.choice([changes for code, changes in fitting if code == wanted])
        if event.get("event_id") != LONG:
            event["event_id"] = f"bad-{number}"
        made.events.append(event)


def add_duplicates(rng: random.Random, events: list[Event]) -> None:
    """Sent again by devices that were offline: the same content, another sent_at."""
    for event in rng.sample(events, min(len(events), rng.choice([0, 2, len(events) // 3]))):
        again = dict(event)
        if rng.random() < 0.5 and event.get("sent_at") != "yesterday":
            again["sent_at"] = "2022-02-12T00:00:00Z"
        events.append(again)
