"""A city concluded by the naive reference, and a day of ours laid beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from cities.compare import COLUMNS, differences, normalised
from cities.files import KINDS
from poolpipe.policy import Policy
from poolpipe.stages.anomalies.rescans import CUT_WAY_OUT
from poolpipe.tables import ANOMALIES
from reference.cleaning import DEFAULT_POLICY, accept, records_of
from reference.day import conclude
from reference.reading import read_files

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import poolpipe

Event = dict[str, Any]


@dataclass
class Rules:
    """One policy, written for us and for the reference."""

    ours: dict[str, Any] = field(default_factory=dict)
    naive: dict[str, Any] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        return Policy.model_validate(self.ours)


@dataclass
class Expected:
    """What the reference says of some records."""

    tables: dict[str, list[dict[str, Any]]]
    read: int
    accepted: list[Event]
    duplicates: int

    @classmethod
    def of_records(
        cls,
        records: list[Event],
        rules: dict[str, Any] | None = None,
        as_of: datetime | None = None,
        sites: list[dict[str, Any]] | None = None,
    ) -> Expected:
        policy = DEFAULT_POLICY | (rules or {})
        accepted, duplicates, rejects = accept(records, policy)
        tables = conclude(accepted, policy, as_of, sites, rejects) | {"rejects": rejects}
        return cls(tables, len(records), accepted, len(duplicates))

    @classmethod
    def of_folder(cls, folder: Path, **options: Any) -> Expected:
        return cls.of_records(records_of(read_files(folder)), **options)


def unlike(expected: Expected, day: poolpipe.Day) -> str:
    """How a day differs from what the reference says; empty if not at all."""
    found = []
    for table in COLUMNS:
        told = differences(
            normalised(expected.tables[table], table), normalised(day.table(table).to_dicts(), table)
        )
        found += [f"{table}:\n{told}"] if told else []
    told = differences(sorted(map(_told, expected.tables["anomalies"])), sorted(_details(day)))
    found += [f"at and detail of anomalies:\n{told}"] if told else []
    told = differences(
        sorted(map(_basis, expected.tables["pools"])), sorted(map(_basis, day.pools.to_dicts()))
    )
    found += [f"what calls rest on:\n{told}"] if told else []
    rejects = [_place(row) for row in day.rejects.to_dicts()]
    told = differences(sorted(map(_place, expected.tables["rejects"])), sorted(rejects))
    found += [f"places of rejects:\n{told}"] if told else []
    files = day.summary["files"]
    counts = {name: sum(file[name] for file in files) for name in ("read", "duplicates", "accepted")}
    wanted = {"read": expected.read, "duplicates": expected.duplicates, "accepted": len(expected.accepted)}
    if counts != wanted:
        found.append(f"counted {counts}, expected {wanted}")
    return "\n".join(found)


def _told(row: dict[str, Any]) -> str:
    """An anomaly of the reference with its moment and the whole detail that a clerk reads."""
    told = ANOMALIES[row["code"]]
    facts = told.meaning if row["facts"] is None else row["facts"]
    cut = row["code"] == "rescanned" and row["facts"] is not None
    way_out, chinese = CUT_WAY_OUT if cut else (told.way_out, told.way_out_chinese)
    if row["blamed"]:
        facts += "; loads of this plate were rejected 本板的上机记录被拒收"
        way_out = "mend those loads first, see rejects, and run again; the plate itself may be good"
        chinese = "先改正被拒收的上机记录后重新运行，板本身可能没有问题"
    detail = f"{facts}; {way_out}; {told.chinese}：{chinese}"
    return f"{row['code']} {row['round']} {row['subject']} {row['at']} {detail}"


def _basis(row: dict[str, Any]) -> str:
    return f"{row['round']} {row['tube']} {row['called_by']}"


def _place(row: dict[str, Any]) -> str:
    return f"{row['file']}:{row['line']} {row['kind'] or ''} {row['code']}"


def _details(day: poolpipe.Day) -> list[str]:
    return [
        f"{row['code']} {row['round']} {row['subject']} {row['at']} {row['detail']}"
        for row in day.anomalies.to_dicts()
    ]


def frames_of(events: list[Event]) -> dict[str, pl.DataFrame]:
    """The same raw events as frames of texts: one per kind, and one named `events` for unknown kinds."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        kind = event.get("kind")
        groups.setdefault(kind if kind in KINDS else "events", []).append(event)
    frames = {}
    for name, group in groups.items():
        columns = sorted(
            {column for event in group for column in event} - ({"kind"} if name != "events" else set())
        )
        frames[name] = pl.DataFrame(
            {column: [event.get(column) for event in group] for column in columns},
            schema=dict.fromkeys(columns, pl.String),
        )
    return frames


def records_of_frames(frames: dict[str, pl.DataFrame]) -> list[Event]:
    """The frames' rows as the reference takes them."""
    return [
        {**({} if name == "events" else {"kind": name}), **row, "file": name, "line": line}
        for name, frame in frames.items()
        for line, row in enumerate(frame.to_dicts(), start=1)
    ]
