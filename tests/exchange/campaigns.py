"""A small campaign as event frames, concluded and written by the pipeline: what exports start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

import poolpipe

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]
DAY = "2022-02-10T"
PEOPLE = {"T1": ("990100199001010012", "990100199001010020"), "T2": ("990100199001010039",)}


def at(clock: str) -> str:
    return f"{DAY}{clock}:00+08:00"


def swab(tube: str, person: str, clock: str = "08:00", **facts: Any) -> Event:
    return {"kind": "collect", "at": at(clock), "tube": tube, "person": person, "site": "S1", **facts}


def plate(name: str, clock: str, wells: dict[str, tuple[str, dict[str, Any]]], **facts: Any) -> list[Event]:
    """A valid plate: loaded, and an hour later read. `wells` holds the tube and the Ct of each target."""
    controls: dict[str, tuple[str, dict[str, Any]]] = {
        "H11": ("negative_control", {"ORF1ab": None, "N": None}),
        "H12": ("positive_control", {"ORF1ab": 28.0, "N": 29.0}),
    }
    loads = [{"kind": "load", "at": at(clock), "plate": name, "well": well, "lab": "LAB1", "tube": tube, "role": "sample"}
             for well, (tube, _) in wells.items()]  # fmt: skip
    loads += [{"kind": "load", "at": at(clock), "plate": name, "well": well, "lab": "LAB1", "role": role}
              for well, (role, _) in controls.items()]  # fmt: skip
    later = f"{int(clock[:2]) + 1:02d}{clock[2:]}"
    reads = [{"kind": "read", "at": at(later), "plate": name, "well": well, "target": target, "ct": ct,
              "event_id": f"{name}:{well}:{target}", **facts}
             for well, (_, cts) in (wells | controls).items() for target, ct in cts.items()]  # fmt: skip
    return loads + reads


POSITIVE = {"ORF1ab": 25.1, "N": 26.2, "IC": 24.0}
NEGATIVE = {"ORF1ab": None, "N": None, "IC": 24.0}


def swabs() -> list[Event]:
    """Two people in T1, one in T2."""
    return [
        swab(tube, person, f"08:0{n}") for tube, people in PEOPLE.items() for n, person in enumerate(people)
    ]


def void(*events: str, clock: str = "18:00") -> list[Event]:
    return [{"kind": "void", "at": at(clock), "event": event, "reason": "wrong"} for event in events]


def write(folder: Path, *events: Event, **options: Any) -> Path:
    """Conclude from events and write the result."""
    frames = {kind: pl.DataFrame([{k: v for k, v in event.items() if k != "kind"} for event in events if event["kind"] == kind],
                                 infer_schema_length=None)
              for kind in {event["kind"] for event in events}}  # fmt: skip
    poolpipe.run(frames, **options).write(folder)
    return folder
