"""Wrong clocks and silent sources, event by event as docs/store.md says it; imports nothing of poolpipe."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import Any

Event = dict[str, Any]
"""device, site, lab (text or None); at, arrived (microseconds); sent (microseconds or None)."""

QUARTER = 15 * 60 * 1_000_000
DAY = 96
RULES: dict[str, float] = {
    "skew_minutes": 5,
    "skew_quarters": 4,
    "skew_peers": 5,
    "silence_quarters": 8,
    "silence_days": 3,
    "silence_share": 0.8,
    "look_back_days": 7,
    "late_h": 6,
    "forget_days": 2,
}


def quarter_of(event: Event) -> int:
    """In which an event was heard."""
    return int(event["arrived"]) // QUARTER


def known_from(event: Event) -> int:
    """The quarter in which it has happened, and has come."""
    return int(max(event["at"], event["arrived"])) // QUARTER


def up_to(events: list[Event], moment: int | None) -> list[Event]:
    """``in whole quarters of an hour``: what was known before the quarter of the moment."""
    if moment is None:
        return events
    return [event for event in events if (known_from(event) + 1) * QUARTER <= moment]


def wrong_clocks(events: list[Event], rules: dict[str, float] = RULES) -> dict[str, tuple[int, int]]:
    """Device to error (microseconds, positive ahead) and quarters that agree."""
    tolerance = rules["skew_minutes"] * 60_000_000
    by_quarter: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in events:
        if event["device"] is not None:
            by_quarter[event["device"], quarter_of(event)].append(event)
    delays = {
        key: [each["arrived"] - each["sent"] for each in mine if each["sent"] is not None]
        for key, mine in by_quarter.items()
    }
    everybody: dict[int, list[int]] = defaultdict(list)
    for (_, quarter), mine in delays.items():
        everybody[quarter] += [min(mine)] if mine else []
    found = {}
    for device in {device for device, _ in by_quarter}:
        stretches: list[list[int]] = []
        kind_before, last_before = "", None
        for quarter in sorted(quarter for one, quarter in by_quarter if one == device):
            mine, came = delays[device, quarter], [each["arrived"] for each in by_quarter[device, quarter]]
            gap = None if last_before is None else min(came) - last_before
            last_before = max(came)
            if not mine:
                continue
            many, usual = len(everybody[quarter]) >= rules["skew_peers"], median(everybody[quarter])
            if many and usual < -tolerance:
                continue
            if min(mine) < -tolerance:
                kind = "ahead"
            elif min(mine) <= tolerance:
                kind = "right"
            elif not many or usual > tolerance or max(mine) - min(mine) > tolerance:
                continue
            elif gap is not None and gap < min(mine):
                kind = "behind"
            else:
                continue
            if kind == "right":
                kind_before = kind
                stretches.append([])
                continue
            if kind != kind_before or abs(min(mine) - stretches[-1][-1]) > tolerance:
                stretches.append([])
            stretches[-1].append(min(mine))
            kind_before = kind
        long = [stretch for stretch in stretches if len(stretch) >= rules["skew_quarters"]]
        if long:
            found[device] = (-min(long[-1]), len(long[-1]))
    return found


def silent_sources(events: list[Event], rules: dict[str, float] = RULES) -> set[tuple[str, str]]:
    """``device``, ``site`` or ``lab``, and its name."""
    if not events:
        return set()
    now = max(event["arrived"] for event in events) // QUARTER
    back = now - (rules["look_back_days"] + rules["forget_days"] + 1) * DAY
    near = [event for event in events if quarter_of(event) >= back]
    fed = {quarter_of(event) for event in near}
    found = set()
    for kind in ("device", "site", "lab"):
        heard: dict[str, dict[int, int]] = defaultdict(dict)
        for event in near:
            if event[kind] is not None:
                age, quarter = event["arrived"] - event["at"], quarter_of(event)
                if age <= rules["late_h"] * 3_600_000_000:
                    heard[event[kind]][quarter] = age
        for source, quarters in heard.items():
            last, first = max(quarters), min(quarters)
            if now - last > round(rules["forget_days"] * DAY):
                continue
            missed = range(last + 1, min(now, last + DAY))
            if len(missed) < rules["silence_quarters"]:
                continue
            days = [
                day for day in range(1, int(rules["look_back_days"]) + 1) if last + 1 - day * DAY >= first
            ]
            usual = sum(
                sum(quarter - day * DAY in quarters and quarter in fed for quarter in missed)
                >= rules["silence_quarters"]
                for day in days
            )
            if len(days) >= rules["silence_days"] and usual >= rules["silence_share"] * len(days):
                found.add((kind, source))
    return found
