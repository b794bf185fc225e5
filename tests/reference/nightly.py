"""The marts of a night, naively: rows of a result as plain dicts in, rows of a mart as plain dicts out."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

EAST = timedelta(hours=8)
HOUR = timedelta(hours=1)
LIMITS = {"pickup": 2, "room_temperature": 4, "cold_store": 24, "result": 12, "result_never_beyond": 24}
RESULTS = ("positive", "suspect", "negative")
STEPS = ("collect", "pack", "pickup", "deliver", "load", "report")
SPANS = {
    "pickup": (2, 3),
    "room_temperature": (1, 4),
    "cold_store": (1, 5),
    "result": (5, 6),
    "result_never_beyond": (1, 6),
}


def day_of(moment):
    return None if moment is None else (moment + EAST).date()


def first(*values):
    return next((value for value in values if value is not None), None)


def hours(begin, end):
    return None if begin is None or end is None else (end - begin) / HOUR


def quantile(values, share):
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * len(ordered) * 1e9) // 10**9) - 1)] if ordered else None


def tubes_of(day, pools, sites):
    """Tubes of a day with their area, priority and whether they have a result."""
    area: dict[Any, Any] = {}
    for each in sites:
        known = area.setdefault(each["site"], dict(each))
        for name in ("township", "community"):
            known[name] = min(filter(None, (known[name], each[name])), default=None)
        known["priority"] = bool(known["priority"]) or bool(each["priority"])
    found = []
    for tube in pools:
        later = [
            tube[name] for name in ("packed_at", "picked_up_at", "received_at", "loaded_at", "called_at")
        ]
        if day_of(first(tube["first_collected"], *later)) != day:
            continue
        place = area.get(tube["site"], {})
        has_result = tube["call"] in RESULTS
        found.append(
            {
                **tube,
                "township": place.get("township"),
                "community": place.get("community"),
                "priority": bool(place.get("priority")),
                "orphan": tube["first_collected"] is None,
                "has_result": has_result,
                "result_at": tube["called_at"] if has_result else None,
            }
        )
    return found


def throughput(tubes, sites):
    found: dict[Any, Any] = defaultdict(lambda: [0, 0])
    for tube in tubes:
        if not tube["orphan"]:
            key = (tube["site"], tube["point"], (tube["first_collected"] + EAST).hour)
            found[key][0] += 1
            found[key][1] += tube["people"]
    used = {(site, point) for site, point, _ in found}
    for each in sites:
        if each["point"] is not None and (each["site"], each["point"]) not in used:
            found[each["site"], each["point"], None] = [0, 0]
    return {key: tuple(counts) for key, counts in found.items()}


def timed(tubes, as_of):
    """Hours of every step and clock of collected tubes."""
    found = []
    for tube in tubes:
        if tube["orphan"]:
            continue
        packed, picked, received, loaded = (
            tube[name] for name in ("packed_at", "picked_up_at", "received_at", "loaded_at")
        )
        result, called = tube["result_at"], tube["called_at"]
        ends = [
            tube["last_collected"],
            first(packed, picked, received, loaded, result, as_of),
            first(picked, received, loaded, result, as_of),
            first(received, loaded, result, as_of),
            first(loaded, result, as_of),
            first(result, as_of),
        ]
        begins = [tube["first_collected"], *ends[:-1]]
        spent = dict(zip(STEPS, map(hours, begins, ends), strict=True))
        begun, last = tube["first_collected"], tube["last_collected"]
        clocks = {
            "pickup": hours(last, first(picked, received, loaded, called, as_of)),
            "room_temperature": hours(begun, first(received, loaded, called, as_of)),
            "cold_store": hours(begun, first(loaded, called, as_of)),
            "result": hours(received, first(result, as_of)),
            "result_never_beyond": hours(begun, first(result, as_of)),
        }
        ended = {
            **dict(zip(STEPS, (True, *(each is not None for each in (packed, picked, received, loaded, result))), strict=True)),
            "room_temperature": received is not None,
            "cold_store": loaded is not None,
            "result": result is not None,
            "result_never_beyond": result is not None,
        }  # fmt: skip
        limits = {**LIMITS, "result": 6 if tube["priority"] else 12}
        found.append(
            {
                "tube": tube,
                "steps": spent,
                "clocks": clocks,
                "ended": ended,
                "limits": limits,
                "picked": picked,
            }
        )
    return found


def turnaround(times):
    groups = defaultdict(list)
    for each in times:
        tube = each["tube"]
        for kind, spans in (("step", each["steps"]), ("clock", each["clocks"])):
            for place, (span, spent) in enumerate(spans.items(), 1):
                name = f"{place} {span}" if kind == "step" else span
                ended = (
                    each["ended"][span] if (kind, span) != ("clock", "pickup") else each["picked"] is not None
                )
                limit = each["limits"][span] if kind == "clock" else None
                for key in (("city", None, None), ("laboratory", tube["lab"], tube["priority"])):
                    groups[(key[0], kind, name, *key[1:])].append((spent, ended, limit))
    found: dict[Any, Any] = {}
    for key, rows in groups.items():
        done = [spent for spent, ended, _ in rows if ended and spent is not None]
        known = [(spent, limit) for spent, _, limit in rows if spent is not None]
        found[key] = (
            len(known),
            len(done),
            sum(limit is not None and spent > limit for spent, limit in known),
            *(quantile(done, share) for share in (0.5, 0.9, 0.95)),
            max(done, default=None),
        )
    return found


def breaches(times):
    usual = {step: quantile([each["steps"][step] for each in times], 0.5) for step in STEPS}
    found: dict[Any, Any] = defaultdict(lambda: [0, 0, 0.0])
    for each in times:
        for clock, spent in each["clocks"].items():
            if spent is None or not spent > each["limits"][clock]:
                continue
            begin, end = SPANS[clock]
            within = STEPS[begin - 1 : end]
            guilty = max(within, key=lambda step: each["steps"][step] - usual[step])
            key = (clock, guilty, each["tube"]["lab"], each["tube"]["site"])
            found[key][0] += 1
            found[key][1] += each["tube"]["people"]
            found[key][2] = max(found[key][2], spent)
    return {key: tuple(counts) for key, counts in found.items()}


def losses(tubes):
    found: dict[Any, Any] = defaultdict(lambda: [0, 0])
    for tube in tubes:
        if tube["orphan"]:
            outcome = "orphan"
        elif tube["has_result"]:
            outcome = "result"
        else:
            outcome = "invalid" if tube["call"] == "invalid" else "no_result"
        key = (tube["round"], tube["site"], tube["lab"], tube["state"], outcome)
        found[key][0] += 1
        found[key][1] += tube["people"]
    return {key: tuple(counts) for key, counts in found.items()}


def pool_sizes(tubes):
    found: dict[Any, Any] = defaultdict(lambda: [0] * 7)
    for tube in tubes:
        if tube["mode"] == "pool":
            people, capacity = tube["people"], tube["capacity"]
            counts = (
                1, people == capacity, people < capacity, people > capacity, people,
                max(capacity - people, 0), max(people - capacity, 0),
            )  # fmt: skip
            key = tube["site"], capacity
            found[key] = [a + b for a, b in zip(found[key], counts, strict=True)]
    return {key: tuple(counts) for key, counts in found.items()}


def positivity(tubes, readings):
    kits = defaultdict(set)
    for each in readings:
        if each["reagent"] is not None:
            kits[each["round"], each["plate"]].add(each["reagent"])
    found: dict[Any, Any] = defaultdict(lambda: [0, 0])
    for tube in tubes:
        if tube["orphan"] or not tube["has_result"]:
            continue
        mode, town, community = tube["mode"], tube["township"] or "", tube["community"] or ""
        kit = "+".join(sorted(kits[tube["round"], tube["plate"]])) or None
        for key in (
            (mode, "city", None),
            (mode, "township", town),
            (mode, "community", (town, community)),
            (mode, "lab", tube["lab"]),
            (mode, "plate", (tube["lab"], tube["plate"])),
            (mode, "kit", kit),
            (mode, "hour", (tube["result_at"] + EAST).hour),
        ):
            found[key][0] += 1
            found[key][1] += tube["call"] != "negative"
    return {key: tuple(counts) for key, counts in found.items()}


def retention_due(day, retention):
    found: dict[Any, Any] = defaultdict(int)
    for each in retention:
        goes = day_of(each["keep_until"])
        due = goes is not None and goes <= day + timedelta(days=1)
        found[each["lab"], each["temperature_c"], each["status"], goes, due] += 1
    return dict(found)


def laboratory_load(day, workload, labs):
    capacity = {each["lab"]: each["capacity_per_day"] / 24 for each in labs}
    return {
        (each["lab"], (each["hour"] + EAST).hour): (
            *(each[name] for name in ("received", "loaded", "reported", "waiting")),
            capacity.get(each["lab"], each["capacity_per_hour"]),
        )
        for each in workload
        if day_of(each["hour"]) == day
    }


def forecast(loads, day, waiting, labs):
    """Mean of each hour over the days, and the tubes left waiting at capacity."""
    capacity = {each["lab"]: each["capacity_per_day"] / 24 for each in labs}
    days = sorted({each for each, _, _ in loads if each <= day})[-7:]
    found: dict[Any, Any] = {}
    for lab in {lab for _, lab, _ in loads}:
        left = waiting.get(lab, 0)
        for hour in range(24):
            came = [loads.get((each, lab, hour), 0) for each in days]
            mean = sum(came) / len(days)
            left = max(0, left + mean - capacity[lab]) if lab in waiting else None
            found[lab, hour] = (len(days), mean, min(came), max(came), left)
    return found


def scan_faults(tubes, members, anomalies, day):
    """Faults by code and site; of a person at the site of their first tube within 48 hours."""
    codes = {
        "bad_person_id", "person_in_two_tubes", "rescanned", "tube_at_two_points", "mixed_mode", "tube_in_two_boxes",
        "orphan_tube", "swab_count_mismatch", "control_was_collected", "out_of_order",
    }  # fmt: skip
    site = {(tube["round"], tube["tube"]): tube["site"] for tube in tubes}
    seats = defaultdict(list)
    for seat in members:
        if day - timedelta(days=1) <= day_of(seat["collected_at"]) <= day:
            key = (seat["round"], f"{seat['person_type']}:{seat['person']}")
            seats[key].append((seat["collected_at"], seat["tube"]))
    found: dict[Any, Any] = defaultdict(int)
    for each in anomalies:
        if each["code"] not in codes or each["subject_kind"] not in ("tube", "person"):
            continue
        tube = each["subject"]
        if each["subject_kind"] == "person":
            mine = seats.get((each["round"], tube))
            tube = min(mine)[1] if mine else None
        if (each["round"], tube) in site:
            found[each["code"], site[each["round"], tube]] += 1
    return dict(found)
