"""The content of `summary.json` as pydantic models, from which the JSON schema is written (docs/schemas.md)."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SUMMARY", "Open", "RunSummary"]

SUMMARY: Final = "poolpipe.summary/1"
"""Name and version of the content; the version grows when a key changes its meaning or goes, not when one is added."""


class Open(BaseModel):
    """A model to which later versions may add keys."""

    model_config = ConfigDict(extra="allow", frozen=True)


class _PolicyTold(Open):
    """The rules of the run."""

    name: str = Field(description="The policy's name, of its preset or file")
    version: str = Field(description="A hash of all rules")


class _FileCounts(Open):
    """What became of a file's records: read = accepted + duplicates + rejected."""

    file: str
    read: int = Field(ge=0)
    accepted: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    rejected: int = Field(ge=0)


class _BoxesTold(Open):
    """Journeys of boxes, and those with more tubes than the policy allows."""

    capacity: int
    journeys: int = Field(ge=0)
    over_capacity: int = Field(ge=0)


class _LabTotal(Open):
    """A lab's tubes over all days."""

    lab: str | None = Field(description="null: tubes of which no lab is known")
    capacity_per_day: float | None
    received: int = Field(ge=0)
    loaded: int = Field(ge=0)
    reported: int = Field(ge=0)
    waiting: int = Field(ge=0)
    busiest_day: str | None = Field(description="Its local day, YYYY-MM-DD")
    busiest_share: float | None = Field(description="Tubes of that day over the capacity")


class _AskedTold(Open):
    """A question that a file leaves open."""

    file: str
    code: str
    question: str
    answer: str = Field(description="The setting or option that answers it")


class _RoundTold(Open):
    """How much of the list of people a round has reached, and by when it should."""

    round: str | None
    people: int
    collected: int
    reported: int
    started_at: str | None
    half_due: str | None
    half_at: str | None
    half_late: bool | None
    all_due: str | None
    all_at: str | None
    all_late: bool | None


class _TableProof(Open):
    """Size and hash of a table's file."""

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class RunSummary(Open):
    """Content of `summary.json`, and of `poolpipe run --json`."""

    schema_: str = Field(
        alias="schema", pattern=r"^poolpipe\.summary/1$", description="Name and version of this content"
    )
    as_of: str | None = Field(
        description="The moment of the view, RFC 3339 in UTC; null where there is no event"
    )
    policy: _PolicyTold
    files: list[_FileCounts]
    rows: dict[str, int] = Field(description="Table to its number of rows")
    anomalies: dict[str, int] = Field(description="Anomaly code to its number of rows")
    retention: dict[str, int] = Field(description="keep, may_discard, overdue to the number of tubes")
    boxes: _BoxesTold
    labs: list[_LabTotal]
    columns_left_out: dict[str, list[str]] = Field(description="File to the columns that are not used")
    skipped: list[str] = Field(description="Files that are not read")
    skipped_because: dict[str, str] = Field(description="Each of them to the reason, in English and Chinese")
    words: dict[str, dict[str, str]] = Field(
        description="Column to the words of laboratories and what they were taken for"
    )
    understood: dict[str, Any] = Field(
        description="File to its kind, and its headers to the columns they were taken for"
    )
    asked: list[_AskedTold]
    instruments: dict[str, Any] = Field(
        description="Machine's file to what was read of it and what was decided"
    )
    reference_lines_broken: dict[str, int] = Field(
        description="Reference file to its lines that could not be read"
    )
    warnings: list[str] = Field(description="In English and Chinese")
    unregistered: dict[str, int] = Field(description="positive and suspect to tubes without a collect")
    readings: str = Field(description="Which read-outs the table readings keeps: all, or not-negative")
    coverage: list[_RoundTold] | None = Field(default=None, description="With a list of people")
    fit: dict[str, Any] | None = Field(
        default=None, description="How the results fit the policy's assay; docs/decode.md"
    )
    tables: dict[str, _TableProof] = Field(description="Table to the size and hash of its file")
