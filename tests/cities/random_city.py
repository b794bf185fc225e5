"""Small random cities in which everything goes wrong at once, drawn from a seed.

Labels, moments and results come from tiny sets, so that collisions and ties are the rule: the same tube in
two rounds, boxes used again, two tubes in a well, readings at the very moment of a clock's limit.
All people are invented.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from .mishaps import CALLS, add_conflicts, add_duplicates, add_rejects, add_ties, add_voids
from .spelling import spelled

Event = dict[str, Any]

START = datetime(2022, 2, 10, tzinfo=UTC)
SIZES = {"tiny": (2, 4), "small": (3, 9), "medium": (12, 30), "large": (60, 120)}
CTS = (
    "",
    "Undetermined",
    "20",
    "36.99",
    "37",
    "37.01",
    "39.5",
    "40",
    "40.01",
    "42",
    "28.13",
    "-",
    "No Ct",
    "0",
)
FOUND = ("20", "28.13", "36.99", "37")
ABSENT = ("", "Undetermined", "40.01", "42", "-", "N/A", "NaN")
TARGETS = ("ORF1ab", "N", "IC")
LABS = ("L1", "L2", "县医院")
SITES = ("S1", "S2", "一小", None, "NA", "null")


def resident_id(rng: random.Random) -> str:
    """An 18-character resident ID that fits GB 11643, of a region that does not exist."""
    body = f"990781{rng.randint(1930, 2015)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(0, 999):03d}"
    weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "10X98765432"[weighted % 11]


def _people(rng: random.Random, count: int) -> list[tuple[str | None, str]]:
    people: list[tuple[str | None, str]] = []
    for _ in range(count):
        number = resident_id(rng)
        people.append(
            rng.choice(
                [
                    (None, number),
                    ("RIC", number),
                    ("RIC", number),
                    ("RIC", number[:-1] + "x") if number.endswith("X") else (None, number),
                    ("RIC", number[:6] + "20220230" + number[14:]),
                    (None, number[:17] + ("1" if number[17] == "0" else "0")),
                    (None, number[:17]),
                    (None, number[:15] + "000"),
                    ("HKM", f"H{rng.randint(0, 9999):08d}"),
                    ("TW", number),
                    ("PASSPORT", f"ez{rng.randint(0, 99)}x"),
                ]
            )
        )
    return people


class City:
    """The sets everything is drawn from, and the events so far."""

    def __init__(self, rng: random.Random, size: str) -> None:
        self.rng = rng
        low, high = SIZES[size]
        tubes = rng.randint(low, high)
        self.rounds = rng.choice([[""], ["", "2"], ["R1", "R2"], ["R1", "R1+", ""]])
        shape = rng.choice(["T-{}", "{:05d}", "t_{}.a", "{}"])
        self.tubes = [shape.format(number) for number in range(1, tubes + 1)]
        self.boxes = [f"B{number}" for number in range(1, 2 + max(1, tubes // 4))]
        self.plates = [f"PL{number}" for number in range(1, 2 + max(1, tubes // 8))]
        self.wells = [f"{row}{column:02d}" for column in range(1, 3 + tubes // 8) for row in "ABCDEFGH"[:6]]
        self.people = _people(rng, rng.randint(3, 4 + 2 * tubes))
        self.capacities: list[str | None] = rng.choice(
            [[None], ["10", None], ["2", "3"], ["1", "5", "20", None]]
        )
        self.step_s = rng.choice([60, 1800, 1800, 3600])
        self.fraction_us = rng.choice([0, 0, 480_000, 123_456])
        self.ids = rng.choice([0.0, 0.7, 1.0])
        self.events: list[Event] = []

    def at(self, steps: float) -> str:
        moment = START + timedelta(seconds=int(steps * self.step_s), microseconds=self.fraction_us)
        return moment.isoformat().replace("+00:00", "Z")

    def add(self, kind: str, round_: str, steps: float, **facts: Any) -> Event:
        event = {"kind": kind, "at": self.at(steps), "round": round_, **facts}
        if self.rng.random() < self.ids:
            event["event_id"] = f"{round_}{kind[:3]}-{len(self.events):04d}"
        for name, values, share in (
            ("device", ("D1", "D2"), 0.3),
            ("operator", ("Li", '王, "护士"'), 0.2),
            ("sent_at", (self.at(steps + 1), self.at(steps + 40)), 0.4),
        ):
            if self.rng.random() < share:
                event[name] = self.rng.choice(values)
        self.events.append({name: value for name, value in event.items() if value is not None})
        return self.events[-1]


def city(seed: int, *, size: str = "small", unparseable: bool = False) -> list[Event]:
    """Raw events of one small city, in random order, their values as text like scanners send them.

    ``size`` is ``tiny``, ``small``, ``medium`` or ``large``. With ``unparseable`` a few records are only
    ``{"not_parseable": True, "raw": …}``: lines that are no JSON, which ``write_city`` can write.
    """
    rng = random.Random(seed)
    made = City(rng, size)
    if rng.random() < 0.2:
        _soup(made)
    else:
        for number, round_ in enumerate(made.rounds):
            _round(made, round_, number * rng.choice([0, 4, 30]))
        _mishaps(made)
    _singles(made)
    add_ties(made)
    add_conflicts(made)
    add_voids(made)
    add_rejects(made)
    events = [dict(event) for event in made.events]
    add_duplicates(rng, events)
    if rng.random() < 0.5:
        events = [spelled(event, rng) for event in events]
    if unparseable:
        lines = rng.sample(['{"kind": "collect", "at": "2022-02', "scanner restarted", "{tube: T1}"], 2)
        events += [{"not_parseable": True, "raw": line} for line in lines]
    rng.shuffle(events)
    return events


def _round(made: City, round_: str, start: int) -> None:
    """One round as it should be, only with very few people, boxes, plates and moments."""
    rng = made.rng
    for tube in rng.sample(made.tubes, rng.randint(1, len(made.tubes))):
        first = start + rng.randint(0, 3)
        mode = rng.choice(["pool", "pool", None, "single"])
        capacity, site = rng.choice(made.capacities), rng.choice(SITES)
        point = rng.choice(["P1", "P2"]) if site else None
        people = rng.sample(made.people, 1 if mode == "single" else rng.randint(1, min(4, len(made.people))))
        for person_type, person in people:
            _collect(
                made,
                round_,
                first + rng.choice([0, 0, 1]),
                tube,
                person_type,
                person,
                mode,
                capacity,
                site,
                point,
            )
        if rng.random() < 0.6:
            made.add("seal", round_, first + 1, tube=tube, swabs=str(len(people) + rng.choice([0, 0, 0, 1])))
        if rng.random() < 0.85:
            made.add(
                "pack", round_, first + rng.randint(1, 2), tube=tube, box=rng.choice(made.boxes), site=site
            )
    for box in made.boxes:
        _carry(made, round_, start + rng.randint(2, 5), box)
    for plate in made.plates:
        if rng.random() < 0.9:
            _run(made, round_, start + rng.randint(5, 9), plate)
    for tube in made.tubes:
        if rng.random() < 0.15:
            _report(made, round_, start + rng.randint(6, 20), tube)


def _collect(
    made: City,
    round_: str,
    steps: float,
    tube: str,
    person_type: str | None,
    person: str,
    mode: str | None = None,
    capacity: str | None = None,
    site: str | None = None,
    point: str | None = None,
    recall_of: str | None = None,
) -> Event:
    name = made.rng.choice([None, "张三", "Lee, A", 'x "y" z'])
    return made.add(
        "collect",
        round_,
        steps,
        tube=tube,
        person=person,
        person_type=person_type,
        mode=mode,
        capacity=capacity,
        site=site,
        point=point,
        recall_of=recall_of,
        name=name,
        phone=made.rng.choice([None, "0138"]),
    )


def _carry(made: City, round_: str, steps: float, box: str) -> None:
    rng = made.rng
    counted = rng.choice([None, "0", "1", "2", "2", "3"])
    if rng.random() < 0.85:
        site, warmth = rng.choice(SITES), rng.choice([None, "4.5"])
        made.add(
            "pickup", round_, steps, box=box, giver="Li", receiver="Wang", site=site, temperature_c=warmth
        )
    if rng.random() < 0.85:
        later = steps + rng.randint(0, 2)
        made.add(
            "receive",
            round_,
            later,
            box=box,
            giver="Wang",
            receiver="Xu",
            lab=rng.choice(LABS),
            tubes=counted,
        )


def _run(made: City, round_: str, steps: float, plate: str) -> None:
    """One plate: loaded, read, perhaps with failed or missing controls, lost rows and re-analyses."""
    rng = made.rng
    lab = rng.choice(LABS)
    wells = rng.sample(made.wells, min(len(made.wells), 2 + rng.randint(1, 5)))
    loads: list[tuple[str, str, str | None]] = []
    for role, well in zip(("negative_control", "positive_control"), wells, strict=False):
        if rng.random() < 0.92:
            loads.append((well, role, rng.choice([None, None, None, rng.choice(made.tubes)])))
    for well in wells[2:]:
        loads.append((well, rng.choice(["sample", ""]), rng.choice(made.tubes)))
    for well, role, tube in loads:
        by_name = rng.choice([None, "name"]) if tube and role not in ("sample", "") else None
        made.add(
            "load",
            round_,
            steps,
            plate=plate,
            well=well,
            lab=lab,
            tube=tube,
            role=role or None,
            role_from=by_name,
        )
    if rng.random() < 0.1:
        return
    failing = rng.random() < 0.2
    for well, role, _ in loads:
        found = role == "positive_control" or (role != "negative_control" and rng.random() < 0.3)
        for target in TARGETS:
            slips = 0.3 if failing else 0.08 if role in ("sample", "") else 0.02
            if rng.random() < slips / 2:
                continue
            ct = rng.choice(FOUND if found or target == "IC" else ABSENT)
            if rng.random() < slips:
                ct = rng.choice(CTS)
            _read(made, round_, steps + rng.choice([2, 2, 2, 3, 1]), plate, well, target, ct)
            if rng.random() < 0.12:
                _read(
                    made,
                    round_,
                    steps + rng.choice([1, 2, 4, 9]),
                    plate,
                    well,
                    target,
                    rng.choice([ct, *CTS]),
                )


def _read(made: City, round_: str, steps: float, plate: str, well: str, target: str, ct: str) -> None:
    instrument = made.rng.choice([None, "QS5"])
    made.add("read", round_, steps, plate=plate, well=well, target=target, ct=ct, instrument=instrument)


def _report(made: City, round_: str, steps: float, tube: str) -> None:
    made.add(
        "report", round_, steps, tube=tube, call=made.rng.choice(CALLS), lab=made.rng.choice([*LABS, None])
    )


def _soup(made: City) -> None:
    """Events without any plan: whatever meets, meets."""
    rng = made.rng
    for _ in range(12 * len(made.tubes)):
        _scan(made, rng.choice(made.rounds), rng.randint(0, 14))


def _scan(made: City, round_: str, steps: float) -> None:
    rng = made.rng
    tube, box, plate = rng.choice(made.tubes), rng.choice(made.boxes), rng.choice(made.plates)
    well = rng.choice(made.wells[:5])
    kind = rng.choice(
        [
            "collect",
            "collect",
            "collect",
            "seal",
            "pack",
            "pack",
            "carry",
            "load",
            "load",
            "read",
            "read",
            "read",
            "report",
        ]
    )
    if kind == "collect":
        mode, capacity = rng.choice(["pool", "single", None]), rng.choice(made.capacities)
        site, point, recall_of = (
            rng.choice(SITES),
            rng.choice(["P1", None]),
            rng.choice([None, rng.choice(made.tubes)]),
        )
        _collect(made, round_, steps, tube, *rng.choice(made.people), mode, capacity, site, point, recall_of)
    elif kind == "seal":
        made.add("seal", round_, steps, tube=tube, swabs=str(rng.randint(0, 4)))
    elif kind == "pack":
        made.add("pack", round_, steps, tube=tube, box=box)
    elif kind == "carry":
        _carry(made, round_, steps, box)
    elif kind == "load":
        role = rng.choice(["sample", "sample", None, "negative_control", "positive_control"])
        made.add("load", round_, steps, plate=plate, well=well, lab=rng.choice(LABS), tube=tube, role=role)
    elif kind == "read":
        _read(made, round_, steps, plate, well, rng.choice(TARGETS), rng.choice(CTS))
    else:
        _report(made, round_, steps, tube)


def _mishaps(made: City) -> None:
    """Single scans that should not be: other boxes, second receipts, unknown tubes, wrong wells, X1 never collected."""
    for _ in range(made.rng.randint(0, 6)):
        if made.rng.random() < 0.2:
            made.tubes.append(made.rng.choice(["X1", "T-O1", "0001"]))
        _scan(made, made.rng.choice(made.rounds), made.rng.randint(0, 14))
    for event in made.rng.sample(made.events, min(len(made.events), made.rng.randint(0, 4))):
        # The same fact scanned again, at the same moment or a little later, perhaps by another device.
        facts = {
            name: value for name, value in event.items() if name not in ("kind", "at", "round", "event_id")
        }
        again = made.add(event["kind"], event["round"], made.rng.randint(0, 14), **facts)
        if made.rng.random() < 0.5:
            again["at"] = event["at"]
        again["device"] = made.rng.choice(["D1", "D9"])


def _singles(made: City) -> None:
    """Singles of the same people: naming a pool or not, in any round, some twice, some called, some not."""
    rng = made.rng
    collects = [event for event in made.events if event["kind"] == "collect"]
    for number, event in enumerate(rng.sample(collects, min(len(collects), rng.randint(0, 8)))):
        round_ = rng.choice([event["round"], *made.rounds])
        tube = rng.choice([f"S{number}", f"S{number}", "S0", rng.choice(made.tubes)])
        steps = rng.randint(4, 26)
        recall_of = rng.choice([None, event["tube"], event["tube"], rng.choice(made.tubes)])
        _collect(
            made,
            round_,
            steps,
            tube,
            event.get("person_type"),
            event["person"],
            "single",
            recall_of=recall_of,
        )
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            _report(made, round_, steps + rng.randint(0, 14), tube)
