"""Everything wrong with a day: the table of anomalies (docs/tables.md), line by line."""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .cleaning import Event, by_time, content
from .wells import Key, grouped

if TYPE_CHECKING:
    from .custody import Tube
    from .day import Day

SEVERITY = {
    "bad_person_id": "warning",
    "rescanned": "info",
    "person_in_two_tubes": "error",
    "overfull_pool": "error",
    "short_pool": "info",
    "swab_count_mismatch": "warning",
    "tube_at_two_points": "error",
    "mixed_mode": "error",
    "tube_in_two_boxes": "warning",
    "box_received_twice": "warning",
    "empty_box": "warning",
    "box_count_mismatch": "error",
    "orphan_tube": "error",
    "tube_reloaded": "info",
    "well_shared": "error",
    "plate_control_missing": "error",
    "plate_control_failed": "error",
    "control_was_collected": "error",
    "reading_incomplete": "warning",
    "reading_without_load": "warning",
    "conflicting_calls": "error",
    "positive_set_aside": "error",
    "out_of_order": "warning",
    "recall_wrong_lab": "warning",
    "unexplained_pool": "error",
    "conflicting_event": "warning",
    "void_without_event": "warning",
    "clock_room_temperature": "warning",
    "clock_cold_store": "warning",
    "clock_result": "warning",
    "clock_recall": "error",
    "clock_pickup": "warning",
}


class Found:
    """Anomalies so far, one row per subject."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str, str], dict[str, Any]] = {}

    def add(
        self,
        code: str,
        kind: str,
        key: Key,
        at: datetime | None = None,
        facts: str | None = None,
        *,
        blamed: bool = False,
    ) -> None:
        """``facts`` is what the detail begins with; None: the meaning of the code. ``blamed``: on rejected loads."""
        round_, subject = key
        row = {
            "code": code,
            "severity": SEVERITY[code],
            "round": round_,
            "subject_kind": kind,
            "subject": subject,
            "at": at,
            "facts": facts,
            "blamed": blamed,
        }
        key = (code, kind, round_, subject)
        assert key not in self.rows, key
        self.rows[key] = row


def _orphan(key: Key, call: str | None, day: Day) -> str:
    """What a tube without people says: a call that needs somebody, and the code it may have been before a spreadsheet."""
    facts = "known from later steps, never collected"
    if call in ("positive", "suspect"):
        facts += f", and called {call}"
    with_zeros = [
        tube
        for (round_, tube), other in day.tubes.items()
        if other.collects
        and round_ == key[0]
        and re.fullmatch("0[0-9]+", tube)
        and tube.lstrip("0") == key[1]
    ]
    if with_zeros:
        facts += f"; perhaps it is tube '{min(with_zeros)}', and a spreadsheet took the zeros 可能丢失前导零"
    return facts


def anomalies_of(day: Day, priority_sites: set[str]) -> list[dict[str, Any]]:
    found = Found()
    for key, tube in day.tubes.items():
        pool = day.pools[key]
        if tube.collects:
            _collected(found, tube)
        else:
            found.add("orphan_tube", "tube", key, pool["packed_at"], facts=_orphan(key, pool["call"], day))
        _travelled(found, tube, pool)
        _called(found, key, pool, day)
    _all_clocks(found, day, priority_sites)
    _people(found, day)
    _boxes(found, day)
    _wells(found, day)
    _controls(found, day)
    _recalls(found, day)
    _events(found, day)
    return list(found.rows.values())


def valid_resident_id(number: str) -> bool:
    """``RIC not 17 digits and a check character that fits, or no real birth date`` (GB 11643, ISO 7064)."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number, re.ASCII):
        return False
    weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    if "10X98765432"[weighted % 11] != number[17]:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return True


def _people(found: Found, day: Day) -> None:
    seats: dict[tuple[str, str, str], list[tuple[datetime, str, str | None]]] = {}
    for tube in day.tubes.values():
        for at, person_type, person in tube.members:
            seats.setdefault((tube.round, person_type, person), []).append((at, tube.tube, tube.mode))
    for (round_, person_type, person), sat in seats.items():
        subject = f"{person_type}:{person}"
        if person_type == "RIC" and not valid_resident_id(person):
            facts = "resident ID fails its check character or birth date (GB 11643)"
            found.add("bad_person_id", "person", (round_, subject), min(sat)[0], facts)
        pools = sorted((at, tube) for at, tube, mode in sat if mode == "pool")
        if len(pools) > 1:
            facts = f"in the pool tubes {', '.join(tube for _, tube in pools)} of one round"
            found.add("person_in_two_tubes", "person", (round_, subject), pools[-1][0], facts)


def _collected(found: Found, tube: Tube) -> None:
    times: dict[tuple[str, str], set[datetime]] = {}
    for collect in tube.collects:
        times.setdefault((collect["person_type"], collect["person"]), set()).add(collect["at"])
    assert tube.capacity is not None
    people = len(tube.members)
    collected = max(at for at, _, _ in tube.members)
    crowd = f"{people} people where {tube.capacity} fit"
    if any(len(moments) > 1 for moments in times.values()):
        facts = _cut_numbers(tube)
        found.add("rescanned", "tube", tube.key, collected, facts)
    if people > tube.capacity:
        found.add("overfull_pool", "tube", tube.key, collected, crowd)
    if people < tube.capacity and tube.mode == "pool":
        found.add("short_pool", "tube", tube.key, collected, crowd)
    if len(tube.points()) > 1:
        found.add("tube_at_two_points", "tube", tube.key, collected)
    if len({collect["mode"] for collect in tube.collects}) > 1:
        found.add("mixed_mode", "tube", tube.key, collected)


def _cut_numbers(tube: Tube) -> str | None:
    """``many different scans of one tube under one number that ends in 000``: a spreadsheet keeps 15 digits."""
    scans: dict[tuple[str, str], list[datetime]] = {}
    for collect in tube.collects:
        number = collect["person"]
        if number.isdigit() and number.isascii() and len(number) > 16 and not number[15:].strip("0"):
            scans.setdefault((collect["person_type"], number), []).append(collect["at"])
    several = sorted(at for moments in scans.values() if len(moments) > 1 for at in moments)
    if not several:
        return None
    people = sum(len(moments) > 1 for moments in scans.values())
    numbers = "one number" if people == 1 else f"{people} numbers"
    told = ", ".join(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in several[:12])
    return (
        f"{len(several)} scans of {numbers} whose last digits are all zero, at {told}{', …' if len(several) > 12 else ''}: "
        "a spreadsheet may have cut the numbers, and they may be several people"
    )


def _travelled(found: Found, tube: Tube, pool: dict[str, Any]) -> None:
    if pool["swabs"] is not None and pool["swabs"] != pool["people"]:
        facts = f"{pool['swabs']} swabs counted at sealing, {pool['people']} people scanned"
        found.add("swab_count_mismatch", "tube", tube.key, pool["last_collected"], facts)
    boxes = list(dict.fromkeys(box for _, box in sorted((pack["at"], pack["box"]) for pack in tube.packs)))
    if len(boxes) > 1:
        packed_at = max(pack["at"] for pack in tube.packs)
        found.add("tube_in_two_boxes", "tube", tube.key, packed_at, f"packed into {', '.join(boxes)}")
    wells = {(load["plate"], load["well"]) for load in tube.loads}
    if len(wells) > 1:
        found.add("tube_reloaded", "tube", tube.key, pool["loaded_at"], f"loaded into {len(wells)} wells")
    steps = ("first_collected", "packed_at", "picked_up_at", "received_at", "loaded_at", "called_at")
    known = [pool[step] for step in steps if pool[step] is not None]
    if any(after < before for before, after in itertools.pairwise(known)):
        found.add("out_of_order", "tube", tube.key, pool["called_at"])


def _called(found: Found, key: Key, pool: dict[str, Any], day: Day) -> None:
    if len({call for call, _ in day.calls.said(key)} - {"invalid"}) > 1:
        found.add("conflicting_calls", "tube", key, pool["called_at"])
    if day.calls.set_aside(key) and pool["call"] not in ("positive", "suspect"):
        found.add("positive_set_aside", "tube", key, pool["loaded_at"])


def _boxes(found: Found, day: Day) -> None:
    packs = grouped(day.of("pack"), "round", "box")
    receives = grouped(day.of("receive"), "round", "box")
    for box, scans in grouped(day.of("receive") + day.of("pickup"), "round", "box").items():
        if box not in packs:
            found.add("empty_box", "box", box, min(scan["at"] for scan in scans))
    for box, group in receives.items():
        firsts, again = _receipts(group, packs.get(box, []))
        if again:
            found.add("box_received_twice", "box", box, again[0]["at"])
        for receive in firsts:
            tubes = sum(tube.receive is receive for tube in day.tubes.values())
            if receive["tubes"] is not None and receive["tubes"] != tubes:
                facts = f"{receive['tubes']} tubes counted at receipt, {tubes} packed"
                found.add("box_count_mismatch", "box", box, receive["at"], facts)
                break


def _receipts(receives: list[Event], packs: list[Event]) -> tuple[list[Event], list[Event]]:
    """Receipts and second receipts: ``a receive at a later moment than another with no packing in between;
    receipts of a box at one moment are one receipt (the larger content)``."""
    firsts: list[Event] = []
    again: list[Event] = []
    before: Event | None = None
    one_a_moment = {receive["at"]: receive for receive in sorted(receives, key=by_time)}
    for receive in one_a_moment.values():
        packed = before is None or any(before["at"] < pack["at"] <= receive["at"] for pack in packs)
        (firsts if packed else again).append(receive)
        before = receive
    return firsts, again


def _wells(found: Found, day: Day) -> None:
    plates = day.plates
    for code, those in (("plate_control_missing", plates.missing), ("plate_control_failed", plates.failed)):
        for key in those:
            missing = code == "plate_control_missing" and key in day.plates_of_rejected_loads
            found.add(code, "plate", key, max(row["at"] for row in plates.read_plates[key]), blamed=missing)
    for key, loads in plates.loads.items():
        round_, plate, well = key
        if plates.shared(key):
            found.add("well_shared", "well", (round_, f"{plate}:{well}"))
        sample = any(load["role"] == "sample" for load in loads)
        if sample and key[:2] in plates.read_plates and plates.well(key).incomplete():
            found.add("reading_incomplete", "well", (round_, f"{plate}:{well}"))
    for round_, plate, well in plates.rows:
        if (round_, plate, well) not in plates.loads:
            blamed = (round_, plate) in day.plates_of_rejected_loads
            found.add("reading_without_load", "well", (round_, f"{plate}:{well}"), blamed=blamed)


def _controls(found: Found, day: Day) -> None:
    """docs/contract-decisions: a load as a control by the name of a collected tube is a load of that tube."""
    for (round_, tube), loads in grouped(day.collected_controls, "round", "tube").items():
        found.add("control_was_collected", "tube", (round_, tube), min(load["at"] for load in loads))


def _recalls(found: Found, day: Day) -> None:
    for key, rows in grouped(day.recalls, "round", "tube").items():
        if day.tubes[key].mode == "pool" and all(row["outcome"] == "negative" for row in rows):
            found.add("unexplained_pool", "tube", key, max(row["closed_at"] for row in rows))
        missed = sum(row["overdue"] or row["late"] for row in rows)
        if missed:
            facts = f"{missed} of its people not re-tested in time"
            found.add("clock_recall", "tube", key, rows[0]["due_at"], facts)
    answered = [row for row in day.recalls if row["single_tube"] is not None]
    for single, rows in grouped(answered, "single_round", "single_tube").items():
        lab = day.pools[single]["lab"]
        astray = [
            row["recollected_at"] for row in rows if None not in (lab, row["lab"]) and lab != row["lab"]
        ]
        if astray:
            found.add("recall_wrong_lab", "tube", single, min(astray))


def _events(found: Found, day: Day) -> None:
    by_id: dict[str, list[Event]] = {}
    # A withdrawn event counts ``as if it had never come``; a void is an event like others.
    for event in day.events + [event for event in day.known if event["kind"] == "void"]:
        if event["event_id"] is not None:
            by_id.setdefault(event["event_id"], []).append(event)
    for event_id, events in by_id.items():
        if len({content(event) for event in events}) > 1:
            for (round_,), some in grouped(events, "round").items():
                found.add(
                    "conflicting_event", "event", (round_, event_id), max(event["at"] for event in some)
                )
    for (round_, event_id), voids in grouped(day.missed_voids, "round", "event").items():
        found.add("void_without_event", "event", (round_, event_id), min(void["at"] for void in voids))


def _hours(spent: timedelta) -> str:
    """Whole seconds in hours to one decimal."""
    return str(round(int(spent.total_seconds()) / 360) / 10)


class _Waits:
    """How long each clock of one tube ran.

    ``Where a clock's own end is missing it ends at the first later step that is known …, and runs on to
    as_of while there is none``.
    """

    def __init__(self, tube: Tube, pool: dict[str, Any], day: Day) -> None:
        self.pool, self.as_of = pool, day.as_of
        called, loaded, received = pool["called_at"], pool["loaded_at"], pool["received_at"]
        # ``invalid is no result``: for clock_result alone; the other clocks an invalid call does end.
        result = called if pool["call"] != "invalid" else None
        self.to_receipt = self._since("first_collected", received, loaded, called)
        self.to_load = self._since("first_collected", tube.first_loaded(), called)
        self.from_receipt = self._since("received_at", result)
        self.from_swab = self._since("first_collected", result)
        self.to_pickup = self._since("last_collected", pool["picked_up_at"], received, loaded, called)

    def _since(self, start: str, *ends: datetime | None) -> timedelta:
        if self.pool[start] is None:
            return timedelta(0)
        end = next((end for end in ends if end is not None), self.as_of)
        ran: timedelta = end - self.pool[start]
        return ran


def _clocks(
    found: Found, tube: Tube, pool: dict[str, Any], waits: _Waits, limits: dict[str, timedelta]
) -> None:
    told = "from the first swab to receipt"
    if waits.to_receipt > limits["room_temperature_s"]:
        facts = f"{_hours(waits.to_receipt)} h {told}"
        found.add("clock_room_temperature", "tube", tube.key, pool["last_collected"], facts)
    told = "from the first swab to the first load"
    if waits.to_load > limits["cold_store_s"]:
        facts = f"{_hours(waits.to_load)} h {told}"
        found.add("clock_cold_store", "tube", tube.key, pool["last_collected"], facts)
    # The time since receipt is told where it is over its limit, else the time since the first swab.
    late = waits.from_receipt > limits["result_s"]
    if late or waits.from_swab > limits["result_collected_s"]:
        facts = f"{_hours(waits.from_receipt if late else waits.from_swab)} h to a result"
        found.add("clock_result", "tube", tube.key, pool["last_collected"], facts)


def _all_clocks(found: Found, day: Day, priority_sites: set[str]) -> None:
    limits = {name: timedelta(seconds=value) for name, value in day.policy.items() if name.endswith("_s")}
    waiting: dict[Key, list[tuple[timedelta, datetime]]] = {}
    for key, tube in day.tubes.items():
        pool = day.pools[key]
        if not tube.collects:
            continue
        waits = _Waits(tube, pool, day)
        priority = {"result_s": limits["priority_result_s"]} if pool["site"] in priority_sites else {}
        _clocks(found, tube, pool, waits, limits | priority)
        if pool["site"] is not None and waits.to_pickup > limits["pickup_s"]:
            place = (tube.round, pool["site"])
            waiting.setdefault(place, []).append((waits.to_pickup, pool["last_collected"]))
    for (round_, site), tubes in waiting.items():
        facts = f"{len(tubes)} tubes waited up to {_hours(max(tubes)[0])} h"
        found.add("clock_pickup", "site", (round_, site), min(at for _, at in tubes), facts)
