"""Wells, plates and the calls of tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cleaning import CONTROLS, Event, by_time

if TYPE_CHECKING:
    from datetime import datetime

GRAVITY = ("positive", "suspect", "negative", "invalid")
Key = tuple[str, ...]


def grouped(events: list[Event], *names: str) -> dict[Key, list[Event]]:
    groups: dict[Key, list[Event]] = {}
    for event in events:
        groups.setdefault(tuple(event[name] for name in names), []).append(event)
    return groups


class Well:
    """The rows of one well, target by target."""

    def __init__(self, rows: list[Event], policy: dict[str, Any]) -> None:
        self.policy = policy
        self.rows = rows

    def class_of(self, ct: float | None, target: str) -> str:
        grey = self.policy["grey"]
        if target == self.policy["internal_control"]:
            return "amplified" if ct is not None and ct <= grey else "not amplified"
        if ct is not None and ct <= self.policy["detected"]:
            return "detected"
        return "grey" if ct is not None and ct <= grey else "not detected"

    def class_and_time(self, target: str) -> tuple[str, datetime] | None:
        """``Two rows for one target in one well: the smaller ct, a number before undetermined``;
        ``a target's time is its earliest reading in the class that counts``. None: no row."""
        rows = [row for row in self.rows if row["target"] == target]
        if not rows:
            return None
        numbers = [row["ct"] for row in rows if row["ct"] is not None]
        ct = min(numbers) if numbers else None
        kept = self.class_of(ct, target)
        return kept, min(row["at"] for row in rows if self.class_of(row["ct"], target) == kept)

    def found(self, target: str) -> str | None:
        standing = self.class_and_time(target)
        return standing[0] if standing else None

    def outcome(self) -> str | None:
        """What the well says by itself, on a valid plate and not shared."""
        found = [self.found(target) for target in self.policy["targets"]]
        if all(one == "detected" for one in found):
            return "positive"
        if any(one in ("detected", "grey") for one in found):
            return "suspect"
        control = self.found(self.policy["internal_control"])
        if control is None or None in found:
            return None
        return "negative" if control == "amplified" else "invalid"

    def stood_at(self, outcome: str) -> datetime:
        """When the outcome first stood, the plate's controls aside."""
        standing = [self.class_and_time(target) for target in self.policy["targets"]]
        known = [one for one in standing if one is not None]
        if outcome == "positive":
            return max(time for _, time in known)
        if outcome == "suspect":
            return min(time for found, time in known if found in ("detected", "grey"))
        control = self.class_and_time(self.policy["internal_control"])
        assert control is not None
        return max([time for _, time in known] + [control[1]])

    def first_sign(self) -> datetime | None:
        """The first detected or grey reading."""
        signs = [
            row["at"]
            for row in self.rows
            if row["target"] in self.policy["targets"]
            and self.class_of(row["ct"], row["target"]) in ("detected", "grey")
        ]
        return min(signs, default=None)

    def incomplete(self) -> bool:
        return any(self.found(t) is None for t in (*self.policy["targets"], self.policy["internal_control"]))


class Plates:
    """Every plate with a reading, judged; and every well with what it says."""

    def __init__(self, loads: list[Event], reads: list[Event], policy: dict[str, Any]) -> None:
        self.policy = policy
        self.loads = grouped(loads, "round", "plate", "well")
        self.rows = grouped(reads, "round", "plate", "well")
        self.read_plates = grouped(reads, "round", "plate")
        self.missing: set[Key] = set()
        self.failed: set[Key] = set()
        self.controls_at: dict[Key, datetime] = {}
        for plate in self.read_plates:
            self._judge(plate)

    def well(self, key: Key) -> Well:
        return Well(self.rows.get(key, []), self.policy)

    def _judge(self, plate: Key) -> None:
        times: list[datetime] = []
        have = set()
        for key, loads in self.loads.items():
            roles = {load["role"] for load in loads} & set(CONTROLS)
            if key[:2] != plate or not roles:
                continue
            have |= roles
            well = self.well(key)
            found = [well.found(target) for target in self.policy["targets"]]
            if "negative_control" in roles and any(one != "not detected" for one in found):
                self.failed.add(plate)
            if "positive_control" in roles and any(one != "detected" for one in found):
                self.failed.add(plate)
            standing = [well.class_and_time(target) for target in self.policy["targets"]]
            times += [one[1] for one in standing if one is not None]
        if have != set(CONTROLS):
            self.missing.add(plate)
        if times:
            self.controls_at[plate] = max(times)

    def valid(self, plate: Key) -> bool:
        return plate in self.read_plates and plate not in self.missing and plate not in self.failed

    def shared(self, key: Key) -> bool:
        """``several tubes, or a tube and a control, ever loaded into one well``."""
        loads = self.loads.get(key, [])
        tubes = {load["tube"] for load in loads if load["role"] == "sample"}
        return len(tubes) > 1 or (bool(tubes) and any(load["role"] in CONTROLS for load in loads))

    def says(self, key: Key) -> tuple[str, datetime] | None:
        """Call of a sample well and when it first stood."""
        plate = key[:2]
        if plate not in self.read_plates:
            return None
        if not self.valid(plate):
            # ``On an invalid plate every sample well is invalid, read or not, shared or not``;
            # ``On an invalid plate, invalid stands from the plate's latest reading``.
            return "invalid", max(row["at"] for row in self.read_plates[plate])
        well = self.well(key)
        outcome = well.outcome()
        if self.shared(key):
            outcome = "suspect" if outcome in ("positive", "suspect") else None
        if outcome is None:
            return None
        return outcome, max(well.stood_at(outcome), self.controls_at[plate])


class Calls:
    """Calls of the tubes: from all wells and all reports."""

    def __init__(self, plates: Plates, loads: list[Event], reports: list[Event]) -> None:
        self.plates = plates
        samples = [load for load in loads if load["role"] == "sample"]
        self.wells = {
            tube: sorted({(e["round"], e["plate"], e["well"]) for e in group})
            for tube, group in grouped(samples, "round", "tube").items()
        }
        self.reports = grouped(reports, "round", "tube")

    def said(self, tube: Key) -> list[tuple[str, datetime]]:
        said = [self.plates.says(well) for well in self.wells.get(tube, [])]
        reported = [(report["call"], report["at"]) for report in self.reports.get(tube, [])]
        return [one for one in said if one is not None] + reported

    def call(self, tube: Key) -> tuple[str, datetime] | None:
        """``the gravest of positive > suspect > negative > invalid``, from when it first stood."""
        said = self.said(tube)
        if not said:
            return None
        gravest = min((call for call, _ in said), key=GRAVITY.index)
        return gravest, min(at for call, at in said if call == gravest)

    def called_by(self, tube: Key) -> str | None:
        """The well or report that its call rests on; of several of one moment the first well of the first plate."""
        call = self.call(tube)
        wells = [well for well in self.wells.get(tube, []) if call and self.plates.says(well) == call]
        if wells:
            return "well {}:{}".format(*min(wells)[1:])
        return f"report {self.reporting_lab(tube) or ''}".strip() if call else None

    def reporting_lab(self, tube: Key) -> str | None:
        """``the lab of the report that gave its call``: the first report with that call."""
        call = self.call(tube)
        reports = [r for r in self.reports.get(tube, []) if call and r["call"] == call[0]]
        if not reports:
            return None
        first = min(report["at"] for report in reports)
        lab: str | None = max((r for r in reports if r["at"] == first), key=by_time)["lab"]
        return lab

    def opened_at(self, tube: Key) -> datetime | None:
        """``its earliest such report or, in a well on a valid plate, the later of the first detected or
        grey reading and the plate's controls``."""
        moments = [r["at"] for r in self.reports.get(tube, []) if r["call"] in ("positive", "suspect")]
        for key in self.wells.get(tube, []):
            sign = self.plates.well(key).first_sign()
            if sign is not None and self.plates.valid(key[:2]):
                moments.append(max(sign, self.plates.controls_at[key[:2]]))
        return min(moments, default=None)

    def set_aside(self, tube: Key) -> bool:
        """A well of it would be positive or suspect but for its invalid plate."""
        return any(
            key[:2] in self.plates.read_plates
            and not self.plates.valid(key[:2])
            and self.plates.well(key).outcome() in ("positive", "suspect")
            for key in self.wells.get(tube, [])
        )
