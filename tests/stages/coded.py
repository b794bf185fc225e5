"""Cleaned events as the stages take them: integers and dictionaries, encoded here in plain Python.

The events are those of `reference.cleaning.accept`, so that the naive reference takes the very same ones. Moments are
minutes after `START`; residents are small numbers, whose order is that of their identity numbers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS, ENTITIES, RESIDENT, Dictionaries, Entities
from poolpipe.tables import CALLS, MODES, ROLES, TIME
from reference.cleaning import MAY, MUST, columns_of

Event = dict[str, Any]
Codes = dict[str, dict[str, int]]

START = datetime(2022, 2, 10, tzinfo=UTC)
WORDS = {"mode": MODES, "role": ROLES, "call": CALLS}
NUMBERS = {"swabs": pl.Int64(), "tubes": pl.Int64(), "capacity": pl.Int64(), "ct": pl.Float64()}
BESIDE = ("at", "tube", "person", "person_type", "sent_at", "round")
"""What a collect says is all but these: they have columns of their own."""


def minute(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def resident(number: int) -> str:
    """The identity number of a resident, whose key this is."""
    return f"{number // 11:017d}" + "0123456789X"[number % 11]


def event(kind: str, at: float, **facts: Any) -> Event:
    """A cleaned event with every column of its kind; `person` is a resident's number, or a text of another document."""
    made: Event = dict.fromkeys(columns_of(kind)) | {"kind": kind, "at": minute(at), "round": ""} | facts
    if kind == "collect":
        made["mode"] = made["mode"] or "pool"
        made["person_type"] = made["person_type"] or (RESIDENT if isinstance(made["person"], int) else "HKM")
        made["person"] = resident(made["person"]) if made["person_type"] == RESIDENT else made["person"]
    if kind == "load":
        made["role"] = made["role"] or "sample"
        made["lab"] = made["lab"] or "L1"
    return made


def collect(at: float, tube: str, person: int | str, **facts: Any) -> Event:
    return event("collect", at, tube=tube, person=person, **facts)


class Coded(NamedTuple):
    """Frames of integers per kind, and what the integers stand for."""

    frames: dict[str, pl.DataFrame]
    codes: Dictionaries

    def of(self, tube: str, round_: str = "") -> int:
        """Number of a tube."""
        known = self.codes.entity("tube", pl.Series(range(len(self.codes.entities["tube"]))))
        return list(zip(*known, strict=True)).index((round_, tube))


def coded(events: list[Event]) -> Coded:
    """Encode events: texts get numbers in the order of the texts, tubes, boxes and plates in that of round and code."""
    texts = {domain: _texts(events, domain) for domain in dict.fromkeys(DOMAINS.values())}
    things = {name: _things(events, name) for name in ENTITIES}
    others = sorted(
        {(each["person_type"], each["person"]) for each in events if each["kind"] == "collect"}
        - {(RESIDENT, each["person"]) for each in events if each["kind"] == "collect"}
    )
    attribute_sets, said = _attribute_sets(events, texts)
    codes = Dictionaries(
        {domain: pl.Series(domain, sorted(known), pl.String) for domain, known in texts.items()},
        {name: _entities(known, texts, name) for name, known in things.items()},
        pl.DataFrame(others, {"person_type": pl.String, "person": pl.String}, orient="row"),
        attribute_sets,
    )
    frames = {
        kind: _frame(kind, [each for each in events if each["kind"] == kind], texts, things)
        for kind in MUST
        if kind != "collect"
    }
    frames["collect"] = _collects(
        [each for each in events if each["kind"] == "collect"], things, others, said
    )
    return Coded(frames, codes)


def _texts(events: list[Event], domain: str) -> dict[str, int]:
    columns = [column for column, of in DOMAINS.items() if of == domain]
    found = {each[column] for each in events for column in columns if each.get(column) is not None}
    return {text: number for number, text in enumerate(sorted(found))}


def _things(events: list[Event], name: str) -> dict[tuple[str, str], int]:
    found = {(each["round"], each[name]) for each in events if each.get(name) is not None}
    return {thing: number for number, thing in enumerate(sorted(found))}


def _entities(known: dict[tuple[str, str], int], texts: Codes, name: str) -> Entities:
    rounds = np.array([texts["round"][round_] for round_, _ in known], np.uint32)
    return Entities(rounds, np.array([texts[name][code] for _, code in known], np.uint32))


def _value(column: str, each: Event, texts: Codes, things: Any) -> Any:
    value = each[column]
    if value is None:
        return None
    if column in ENTITIES:
        return things[column][each["round"], value]
    if column in DOMAINS:
        return texts[DOMAINS[column]][value]
    if column in WORDS:
        return WORDS[column].index(value)
    if column == "well":
        return (ord(value[0]) - ord("A")) * 12 + int(value[1:]) - 1
    return value


def _dtype(column: str) -> pl.DataType:
    if column in DOMAINS:
        return pl.UInt32()
    if column in WORDS:
        return pl.Int8()
    return {**NUMBERS, "at": TIME, "sent_at": TIME, "well": pl.Int32()}.get(column, pl.String())


def _frame(kind: str, events: list[Event], texts: Codes, things: Any) -> pl.DataFrame:
    """One kind's events; a column that is not a must is there where some event has it."""
    must = [*MUST[kind], *(["role"] if kind == "load" else []), *(["round"] if kind == "void" else [])]
    given = [name for name in ("event_id", "device", "operator", *MAY[kind]) if name not in must]
    names = [*must, *(name for name in given if any(each[name] is not None for each in events))]
    return pl.DataFrame(
        {name: [_value(name, each, texts, things) for each in events] for name in names},
        schema={name: _dtype(name) for name in names},
    )


def _said(each: Event) -> tuple[Any, ...]:
    return tuple(each[name] for name in columns_of("collect") if name not in BESIDE)


def _attribute_sets(events: list[Event], texts: Codes) -> tuple[pl.DataFrame, dict[Any, int]]:
    """What collects say beside who, where and when, each once; and the row of each."""
    names = [name for name in columns_of("collect") if name not in BESIDE]
    sets = list(dict.fromkeys(_said(each) for each in events if each["kind"] == "collect"))
    rows = [dict(zip(names, told, strict=True)) for told in sets]
    there = [name for name in names if name == "mode" or any(row[name] is not None for row in rows)]
    columns = {name: [_value(name, row, texts, {}) for row in rows] for name in there}
    frame = pl.DataFrame(columns, schema={name: _dtype(name) for name in there})
    return frame, {told: row for row, told in enumerate(sets)}


def _collects(events: list[Event], things: Any, others: Any, said: Any) -> pl.DataFrame:
    """Collects in the order of `poolpipe.coding.scans.Scans`: everybody's first scan tube by tube, then later ones."""
    rows: list[list[tuple[Any, ...]]] = [[], []]
    seated = set()
    for each in sorted(events, key=lambda e: (e["round"], e["tube"], e["at"], e["person_type"], e["person"])):
        who = (each["person_type"], each["person"])
        tube = things["tube"][each["round"], each["tube"]]
        regular = who[0] == RESIDENT
        key = int(who[1][:17]) * 11 + "0123456789X".index(who[1][17]) if regular else -1 - others.index(who)
        later = (tube, who) in seated
        seated.add((tube, who))
        rows[later].append((each["at"], tube, key, said[_said(each)], later))
    schema: dict[str, Any] = {
        "at": TIME, "tube": pl.UInt32, "person": pl.Int64, "attributes_id": pl.UInt32, "later": pl.Boolean
    }  # fmt: skip
    return pl.DataFrame(rows[0] + rows[1], schema, orient="row")
