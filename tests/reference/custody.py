"""Tubes: who is in them, where they went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cleaning import Event, by_time
from .wells import Calls, Key, grouped

if TYPE_CHECKING:
    from datetime import datetime


def first(events: list[Event]) -> Event | None:
    """``First and last are by at, a tie goes to the larger content``."""
    if not events:
        return None
    earliest = min(event["at"] for event in events)
    return max((e for e in events if e["at"] == earliest), key=by_time)


def last(events: list[Event]) -> Event | None:
    return max(events, key=by_time, default=None)


def journey(scans: list[Event], packed_at: datetime) -> Event | None:
    """``that box's first pickup (receive) at or after the packing, where there is none the last one before``."""
    after = [scan for scan in scans if scan["at"] >= packed_at]
    return first(after) if after else last(scans)


class Tube:
    """Everything about one tube except its call."""

    def __init__(self, key: Key, day: dict[str, dict[Key, list[Event]]], policy: dict[str, Any]) -> None:
        self.key = key
        self.round, self.tube = key
        self.collects = day["collect"].get(key, [])
        self.seals = day["seal"].get(key, [])
        self.packs = day["pack"].get(key, [])
        self.loads = [load for load in day["load"].get(key, []) if load["role"] == "sample"]
        self.reports = day["report"].get(key, [])
        self.members = self._members()
        self.pack = last(self.packs)
        self.pickup = self.receive = None
        if self.pack is not None:
            box = (self.round, self.pack["box"])
            self.pickup = journey(day["pickup"].get(box, []), self.pack["at"])
            self.receive = journey(day["receive"].get(box, []), self.pack["at"])
        self.load = last(self.loads)
        self.mode = self.capacity = None
        if self.collects:
            opening = first(self.collects)
            assert opening is not None
            self.mode = opening["mode"]
            given = [c["capacity"] for c in self.collects if c["capacity"] is not None]
            self.capacity = 1 if self.mode == "single" else max(given, default=policy["capacity"])

    def _members(self) -> list[tuple[datetime, str, str]]:
        times: dict[tuple[str, str], datetime] = {}
        for collect in self.collects:
            person = (collect["person_type"], collect["person"])
            times[person] = min(times.get(person, collect["at"]), collect["at"])
        return sorted((at, *person) for person, at in times.items())

    def first_with(self, name: str, person: tuple[str, str] | None = None) -> Any:
        """What the first collect that says it says; only this person's collects, if one is given."""
        holder = first(
            [
                collect
                for collect in self.collects
                if collect[name] is not None and person in (None, (collect["person_type"], collect["person"]))
            ]
        )
        return holder[name] if holder else None

    def place(self) -> tuple[Any, Any]:
        return self.first_with("site"), self.first_with("point")

    def points(self) -> set[tuple[Any, Any]]:
        return {(c["site"], c["point"]) for c in self.collects} - {(None, None)}

    def first_loaded(self) -> datetime | None:
        return min((load["at"] for load in self.loads), default=None)


def tubes_of(events: list[Event], policy: dict[str, Any]) -> dict[Key, Tube]:
    by_kind = grouped(events, "kind")
    day = {
        kind: grouped(by_kind.get((kind,), []), "round", "box" if kind in ("pickup", "receive") else "tube")
        for kind in ("collect", "seal", "pack", "pickup", "receive", "load", "report")
    }
    day["load"] = {
        key: loads for key, loads in day["load"].items() if any(load["role"] == "sample" for load in loads)
    }
    keys = {key for kind in ("collect", "seal", "pack", "load", "report") for key in day[kind]}
    return {key: Tube(key, day, policy) for key in sorted(keys)}


def pool_row(tube: Tube, calls: Calls) -> dict[str, Any]:
    site, point = tube.place()
    called = calls.call(tube.key)
    seal = last(tube.seals)
    lab = tube.load["lab"] if tube.load else None
    if lab is None and tube.receive:
        lab = tube.receive["lab"]
    if lab is None:
        lab = calls.reporting_lab(tube.key)
    row = {
        "round": tube.round,
        "tube": tube.tube,
        "mode": tube.mode,
        "capacity": tube.capacity,
        "people": len(tube.members),
        "swabs": seal["swabs"] if seal else None,
        "site": site,
        "point": point,
        "first_collected": min((m[0] for m in tube.members), default=None),
        "last_collected": max((m[0] for m in tube.members), default=None),
        "box": tube.pack["box"] if tube.pack else None,
        "packed_at": tube.pack["at"] if tube.pack else None,
        "picked_up_at": tube.pickup["at"] if tube.pickup else None,
        "received_at": tube.receive["at"] if tube.receive else None,
        "lab": lab,
        "plate": tube.load["plate"] if tube.load else None,
        "well": tube.load["well"] if tube.load else None,
        "loaded_at": tube.load["at"] if tube.load else None,
        "call": called[0] if called else None,
        "called_at": called[1] if called else None,
        "called_by": calls.called_by(tube.key),
    }
    return {**row, "state": _state(row)}


STATES = ("collected", "packed", "picked_up", "received", "loaded", "reported")


def _state(row: dict[str, Any]) -> str:
    """``how far the tube got: …, reported (has a call other than invalid)``."""
    if row["call"] not in (None, "invalid"):
        return "reported"
    for state, column in (
        ("loaded", "loaded_at"),
        ("received", "received_at"),
        ("picked_up", "picked_up_at"),
    ):
        if row[column] is not None:
            return state
    return "packed" if row["packed_at"] is not None else "collected"
