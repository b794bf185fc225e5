"""Everything wrong with a day: the contract's table of anomalies, line by line."""

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

    def add(self, code: str, kind: str, round_: str, subject: str) -> None:
        row = {
            "code": code,
            "severity": SEVERITY[code],
            "round": round_,
            "subject_kind": kind,
            "subject": subject,
        }
        self.rows[code, kind, round_, subject] = row


def anomalies_of(day: Day, priority_sites: set[str]) -> list[dict[str, Any]]:
    found = Found()
    for key, tube in day.tubes.items():
        pool = day.pools[key]
        if tube.collects:
            _collected(found, tube)
            _clocks(found, tube, pool, day, priority_sites)
        else:
            found.add("orphan_tube", "tube", *key)
        _travelled(found, tube, pool)
        _called(found, key, pool, day)
    _people(found, day)
    _boxes(found, day)
    _wells(found, day)
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
    seats: dict[tuple[str, str, str], set[str]] = {}
    for tube in day.tubes.values():
        for _, person_type, person in tube.members:
            if person_type == "RIC" and not valid_resident_id(person):
                found.add("bad_person_id", "person", tube.round, f"RIC:{person}")
            if tube.mode == "pool":
                seats.setdefault((tube.round, person_type, person), set()).add(tube.tube)
    for (round_, person_type, person), tubes in seats.items():
        if len(tubes) > 1:
            found.add("person_in_two_tubes", "person", round_, f"{person_type}:{person}")


def _collected(found: Found, tube: Tube) -> None:
    times: dict[tuple[str, str], set[datetime]] = {}
    for collect in tube.collects:
        times.setdefault((collect["person_type"], collect["person"]), set()).add(collect["at"])
    if any(len(moments) > 1 for moments in times.values()):
        found.add("rescanned", "tube", *tube.key)
    people = len(tube.members)
    if people > tube.capacity:
        found.add("overfull_pool", "tube", *tube.key)
    if people < tube.capacity and tube.mode == "pool":
        found.add("short_pool", "tube", *tube.key)
    if len(tube.points()) > 1:
        found.add("tube_at_two_points", "tube", *tube.key)
    if len({collect["mode"] for collect in tube.collects}) > 1:
        found.add("mixed_mode", "tube", *tube.key)


def _travelled(found: Found, tube: Tube, pool: dict[str, Any]) -> None:
    if pool["swabs"] is not None and pool["swabs"] != pool["people"]:
        found.add("swab_count_mismatch", "tube", *tube.key)
    if len({pack["box"] for pack in tube.packs}) > 1:
        found.add("tube_in_two_boxes", "tube", *tube.key)
    if len({(load["plate"], load["well"]) for load in tube.loads}) > 1:
        found.add("tube_reloaded", "tube", *tube.key)
    steps = ("first_collected", "packed_at", "picked_up_at", "received_at", "loaded_at", "called_at")
    known = [pool[step] for step in steps if pool[step] is not None]
    if any(after < before for before, after in itertools.pairwise(known)):
        found.add("out_of_order", "tube", *tube.key)


def _called(found: Found, key: Key, pool: dict[str, Any], day: Day) -> None:
    if len({call for call, _ in day.calls.said(key)} - {"invalid"}) > 1:
        found.add("conflicting_calls", "tube", *key)
    if day.calls.set_aside(key) and pool["call"] not in ("positive", "suspect"):
        found.add("positive_set_aside", "tube", *key)


def _boxes(found: Found, day: Day) -> None:
    packs = grouped(day.of("pack"), "round", "box")
    receives = grouped(day.of("receive"), "round", "box")
    for box in {*receives, *grouped(day.of("pickup"), "round", "box")}:
        if box not in packs:
            found.add("empty_box", "box", *box)
    for box, group in receives.items():
        firsts, again = _receipts(group, packs.get(box, []))
        if again:
            found.add("box_received_twice", "box", *box)
        for receive in firsts:
            tubes = sum(tube.receive is receive for tube in day.tubes.values())
            if receive["tubes"] is not None and receive["tubes"] != tubes:
                found.add("box_count_mismatch", "box", *box)


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
    for plate in plates.missing:
        found.add("plate_control_missing", "plate", *plate)
    for plate in plates.failed:
        found.add("plate_control_failed", "plate", *plate)
    for key, loads in plates.loads.items():
        round_, plate, well = key
        if plates.shared(key):
            found.add("well_shared", "well", round_, f"{plate}:{well}")
        sample = any(load["role"] == "sample" for load in loads)
        if sample and key[:2] in plates.read_plates and plates.well(key).incomplete():
            found.add("reading_incomplete", "well", round_, f"{plate}:{well}")
    for round_, plate, well in plates.rows:
        if (round_, plate, well) not in plates.loads:
            found.add("reading_without_load", "well", round_, f"{plate}:{well}")


def _recalls(found: Found, day: Day) -> None:
    for key, rows in grouped(day.recalls, "round", "tube").items():
        if day.tubes[key].mode == "pool" and all(row["outcome"] == "negative" for row in rows):
            found.add("unexplained_pool", "tube", *key)
        if any(row["overdue"] or row["late"] for row in rows):
            found.add("clock_recall", "tube", *key)
        for row in rows:
            if row["single_tube"] is None:
                continue
            single = (row["single_round"], row["single_tube"])
            lab = day.pools[single]["lab"]
            if lab is not None and row["lab"] is not None and lab != row["lab"]:
                found.add("recall_wrong_lab", "tube", *single)


def _events(found: Found, day: Day) -> None:
    by_id: dict[str, list[Event]] = {}
    # A withdrawn event counts ``as if it had never come``; a void is an event like others.
    for event in day.events + [event for event in day.known if event["kind"] == "void"]:
        if event["event_id"] is not None:
            by_id.setdefault(event["event_id"], []).append(event)
    for event_id, events in by_id.items():
        if len({content(event) for event in events}) > 1:
            for event in events:
                found.add("conflicting_event", "event", event["round"], event_id)
    for void in day.missed_voids:
        found.add("void_without_event", "event", void["round"], void["event"])


def _clocks(found: Found, tube: Tube, pool: dict[str, Any], day: Day, priority_sites: set[str]) -> None:
    """``Where a clock's own end is missing it ends at the first later step that is known …, and runs on to
    as_of while there is none``."""
    policy = day.policy
    called, loaded, received = pool["called_at"], pool["loaded_at"], pool["received_at"]
    # ``invalid is no result``: for clock_result alone; the other clocks an invalid call does end.
    result = called if pool["call"] != "invalid" else None
    collected = pool["first_collected"]

    def over(start: datetime | None, ends: list[datetime | None], limit_s: float) -> bool:
        if start is None:
            return False
        end = next((moment for moment in ends if moment is not None), day.as_of)
        return end - start > timedelta(seconds=limit_s)

    if over(collected, [received, loaded, called], policy["room_temperature_s"]):
        found.add("clock_room_temperature", "tube", *tube.key)
    if over(collected, [tube.first_loaded(), called], policy["cold_store_s"]):
        found.add("clock_cold_store", "tube", *tube.key)
    limit_s = policy["priority_result_s" if pool["site"] in priority_sites else "result_s"]
    if over(received, [result], limit_s) or over(collected, [result], policy["result_collected_s"]):
        found.add("clock_result", "tube", *tube.key)
    waits = [pool["picked_up_at"], received, loaded, called]
    if pool["site"] is not None and over(pool["last_collected"], waits, policy["pickup_s"]):
        found.add("clock_pickup", "site", tube.round, pool["site"])
