"""What a reader hands back: readings, loads, reports, and beside them what was recognised and what was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["LOADS", "POOLS", "READINGS", "REPORTS", "Finding", "InstrumentFile", "Question", "Recognised"]

TIME = pl.Datetime("us", "UTC")

READINGS: dict[str, pl.DataType | type[pl.DataType]] = {
    "plate": pl.String,  # null: neither file nor policy knows it
    "well": pl.String,  # A01 .. P24
    "target": pl.String,
    "ct": pl.Float64,  # cycles; null = undetermined
    "sample": pl.String,
    "flags": pl.List(pl.String),
    "ct_text": pl.String,  # as it stood in the file
    "at": TIME,  # null: the time is not known
    "line": pl.Int64,
}
LOADS: dict[str, pl.DataType | type[pl.DataType]] = {
    "plate": pl.String,
    "well": pl.String,
    "tube": pl.String,  # null for a control
    "role": pl.String,  # sample, negative_control, positive_control
    "lab": pl.String,
    "at": TIME,
    "line": pl.Int64,
    "name": pl.String,  # of a control that only its name makes one; null where the file itself says so
}
REPORTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "tube": pl.String,
    "call": pl.String,
    "lab": pl.String,
    "at": TIME,
    "line": pl.Int64,
}
POOLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "pool": pl.String,
    "sample": pl.String,
    "volume_ul": pl.Float64,
    "line": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the file that could not be read or does not fit, and its place.

    `severity` is `error` where a row was left out, `warning` where the file contradicts itself, `info` else.
    `line` counts from 1 in the text or the sheet; 0 means the whole file.
    """

    code: str
    what: str
    severity: str = "error"
    sheet: str = ""
    line: int = 0
    column: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """An ambiguity: what can be meant, how it was decided, and the policy setting that decides it."""

    code: str
    what: str
    where: tuple[str, ...]
    options: tuple[str, ...]
    decided: str
    setting: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the file is, by its content.

    `run_time` is the time its readings carry (UTC), `time_of` says whose time that is (analysis, run end, ...),
    `zone` where the offset came from. `undetermined` are the texts that were taken for *no amplification*.
    """

    format: str
    vendor: str = ""
    instrument: str = ""
    serial: str = ""
    software: str = ""
    plate: str | None = None
    plate_from: str = ""
    plate_wells: int | None = None
    run_time: datetime | None = None
    time_of: str = ""
    time_text: str = ""
    zone: str = ""
    encoding: str = ""
    decimal: str = "."
    undetermined: tuple[str, ...] = ()
    undetermined_why: str = ""
    controls: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    sha256: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstrumentFile:
    """One file's content as frames (schemas READINGS, LOADS, REPORTS, POOLS) with its meaning beside it."""

    name: str
    readings: pl.DataFrame
    loads: pl.DataFrame
    reports: pl.DataFrame
    pools: pl.DataFrame
    recognised: Recognised
    not_understood: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the rows, for programs: times as RFC 3339, counts per kind, findings, questions."""
        from dataclasses import asdict

        from poolpipe.instruments.answers import answer

        recognised = asdict(self.recognised)
        at = self.recognised.run_time
        recognised["run_time"] = None if at is None else utc_text(at)
        return {
            "file": self.name,
            "recognised": recognised,
            "readings": self.readings.height,
            "undetermined": self.readings["ct"].null_count(),
            "wells": self.readings["well"].n_unique(),
            "loads": self.loads.height,
            "reports": self.reports.height,
            "pools": self.pools.height,
            "not_understood": [asdict(finding) for finding in self.not_understood],
            "questions": [
                asdict(question) | {"answer": answer(question.setting)} for question in self.questions
            ],
        }
