"""All tables of a day from its accepted events: the rules word for word, in plain Python."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .anomalies import anomalies_of
from .cleaning import DEFAULT_POLICY, Event, by_time, plates_of_rejected_loads, voided
from .custody import STATES, Tube, pool_row, tubes_of
from .wells import Calls, Key, Plates

Row = dict[str, Any]


class Day:
    """The accepted events up to ``as_of``, sorted out; what the tables and the anomalies are read from."""

    def __init__(self, events: list[Event], policy: dict[str, Any], as_of: datetime | None) -> None:
        self.policy = policy
        # ``as_of: … events after it do not exist. Default: the latest at of the accepted events.``
        self.as_of = as_of if as_of is not None else max((e["at"] for e in events), default=None)
        self.known = [e for e in events if self.as_of is not None and e["at"] <= self.as_of]
        self.events, self.withdrawn, self.missed_voids = voided(self.known)
        self.events.sort(key=lambda e: (e["kind"], *by_time(e)))
        self.collected_controls = self._collected_controls()
        loads, reads = self.of("load"), self.of("read")
        self.plates = Plates(loads, reads, policy)
        self.calls = Calls(self.plates, loads, self.of("report"))
        self.tubes: dict[Key, Tube] = tubes_of(self.events, policy)
        self.pools = {key: pool_row(tube, self.calls) for key, tube in self.tubes.items()}
        self.recalls = self._recalls()
        self.plates_of_rejected_loads: set[tuple[str, str]] = set()

    def _collected_controls(self) -> list[Event]:
        """Loads as a control by the name of a collected tube; they are made loads of that tube as a sample."""
        collected = {(event["round"], event["tube"]) for event in self.of("collect")}
        found = [
            load
            for load in self.of("load")
            if load["role"] != "sample"
            and load["role_from"] == "name"
            and (load["round"], load["tube"]) in collected
        ]
        for load in found:
            load["role"] = "sample"
        return found

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["kind"] == kind]

    def members(self) -> list[Row]:
        return [
            {
                "round": tube.round,
                "tube": tube.tube,
                "person_type": person_type,
                "person": person,
                "collected_at": at,
                "position": position,
            }
            for tube in self.tubes.values()
            for position, (at, person_type, person) in enumerate(tube.members, start=1)
        ]

    def _recalls(self) -> list[Row]:
        """``every member of a pool tube that is positive or suspect, and of a single tube that is suspect``."""
        rows = []
        for key, tube in self.tubes.items():
            call = self.pools[key]["call"]
            if call == "suspect" or (call == "positive" and tube.mode == "pool"):
                rows += [self._recall(key, person_type, person) for _, person_type, person in tube.members]
        return rows

    def _recall(self, key: Key, person_type: str, person: str) -> Row:
        opened_at = self.calls.opened_at(key)
        assert opened_at is not None
        assert self.as_of is not None
        due_at = opened_at + timedelta(seconds=self.policy["recall_s"])
        answers = self._answers(key, person_type, person, opened_at)
        row = {
            "round": key[0],
            "tube": key[1],
            "person_type": person_type,
            "person": person,
            "opened_at": opened_at,
            "due_at": due_at,
            "status": "open",
            "recollected_at": None,
            "single_round": None,
            "single_tube": None,
            "outcome": None,
            "closed_at": None,
            "lab": self.pools[key]["lab"],
        }
        if answers:
            row["status"] = "recollected"
            row["recollected_at"], (row["single_round"], row["single_tube"]) = answers[0]
        for outcome in ("positive", "negative"):
            closing = sorted(
                (self.pools[single]["called_at"], single)
                for _, single in answers
                if self.pools[single]["call"] == outcome
            )
            if closing:
                row["status"], row["outcome"] = "closed", outcome
                row["closed_at"], (row["single_round"], row["single_tube"]) = closing[0]
                break
        row["overdue"] = row["status"] != "closed" and self.as_of > due_at
        row["late"] = row["status"] == "closed" and row["closed_at"] > due_at
        return row

    def _answers(
        self, key: Key, person_type: str, person: str, opened_at: datetime
    ) -> list[tuple[datetime, Key]]:
        """``the person's other single tubes (any round) collected at or after opened_at, or naming this
        tube in recall_of (whatever the round)``, the first collected first."""
        answers = []
        for other, tube in self.tubes.items():
            if other == key or tube.mode != "single":
                continue
            for at, member_type, member in tube.members:
                if (member_type, member) != (person_type, person):
                    continue
                named = any(
                    c["recall_of"] == key[1] and (c["person_type"], c["person"]) == (person_type, person)
                    for c in tube.collects
                )
                if at >= opened_at or named:
                    answers.append((at, other))
        return sorted(answers)

    def cases(self) -> list[Row]:
        """``every member of a single tube called positive``."""
        rows = []
        for key, tube in self.tubes.items():
            pool = self.pools[key]
            if tube.mode != "single" or pool["call"] != "positive":
                continue
            for at, person_type, person in tube.members:
                rows.append(
                    {
                        "round": key[0],
                        "tube": key[1],
                        "person_type": person_type,
                        "person": person,
                        "collected_at": at,
                        "called_at": pool["called_at"],
                        "lab": pool["lab"],
                        "recall_of": tube.first_with("recall_of", (person_type, person)),
                    }
                )
        return rows

    def ledger(self) -> list[Row]:
        """``The ledger counts collected tubes that reached the step or a later one``."""
        rows: dict[Key, Row] = {}
        for pool in self.pools.values():
            place = (pool["round"], pool["site"], pool["box"])
            row = rows.setdefault(
                place,
                dict(zip(("round", "site", "box"), place, strict=True))
                | dict.fromkeys(STATES, 0)
                | {"orphans": 0},
            )
            if pool["mode"] is None:
                row["orphans"] += 1
                continue
            for state in STATES[: STATES.index(pool["state"]) + 1]:
                row[state] += 1
        return list(rows.values())


def conclude(
    events: list[Event],
    policy: dict[str, Any] | None = None,
    as_of: datetime | None = None,
    sites: list[Row] | None = None,
    rejects: list[Event] | None = None,
) -> dict[str, list[Row]]:
    """Every table from accepted events and rejects (``cleaning.accept``); ``sites`` says which sites have priority."""
    day = Day(events, DEFAULT_POLICY | (policy or {}), as_of)
    day.plates_of_rejected_loads = plates_of_rejected_loads(rejects or [], policy, day.as_of)
    priority = {site["site"] for site in sites or [] if site.get("priority")}
    return {
        "pools": list(day.pools.values()),
        "members": day.members(),
        "recalls": day.recalls,
        "cases": day.cases(),
        "anomalies": anomalies_of(day, priority),
        "ledger": day.ledger(),
    }
