"""What each command writes with `--json`, as pydantic models, from which JSON schemas are written (docs/schemas.md)."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, Field, RootModel

from poolpipe.results.summary_schema import Open, RunSummary

__all__ = ["SCHEMAS"]


class _BeforeAfter(Open):
    """A fact of two results."""

    before: Any
    after: Any


class _DiffJson(Open):
    """`poolpipe diff A B --json`."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.diff/1$")
    as_of: _BeforeAfter
    policy: _BeforeAfter
    counts: dict[str, int] = Field(description="How many calls, recalls, cases and codes differ")
    calls: list[dict[str, Any]] = Field(
        description="Tubes whose call differs: round, tube, before, after, known"
    )
    recalls: list[dict[str, Any]] = Field(description="Recalls that appeared, vanished or changed")
    cases: list[dict[str, Any]] = Field(description="Positive people that appeared or vanished")
    anomalies: list[dict[str, Any]] = Field(description="Codes whose number differs: code, before, after")


class _NeedJson(Open):
    """What a round takes of one thing."""

    item: str
    chinese: str = Field(alias="中文")
    quantity: int = Field(ge=0)
    basis: str


class _PlanJson(Open):
    """`poolpipe plan --json`."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.plan/1$")
    needs: list[_NeedJson]
    hours: list[dict[str, int | float | None]] = Field(description="Hour by hour: tubes and people")
    keeps_up: bool
    lab_gap_tubes_per_day: int
    finished_h: int | float | None = Field(description="Hour in which the last tube is tested")
    assumed_tubes_per_day: int | None


class _DecodeJson(Open):
    """`poolpipe decode --json`."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.decode/1$")
    people: list[dict[str, Any]] = Field(description="person, p_infected, method, error, component")
    components: list[dict[str, Any]]
    pools: list[dict[str, Any]]
    doubts: list[dict[str, Any]] = Field(description="Pools that could not be used: pool, code, detail")
    fit: dict[str, Any] = Field(description="table, warnings, better")


class _SimulateJson(Open):
    """`poolpipe simulate --json`."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.simulate/1$")
    folder: str
    seed: int
    events: dict[str, int]
    reference: dict[str, int]
    truth: dict[str, int]


class _CheckJson(Open):
    """`poolpipe check --json`; docs/your-files.md explains the keys."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.check/1$")
    asked: int = Field(ge=0)
    files: list[dict[str, Any]]


class _TraceJson(Open):
    """`poolpipe trace --json`; docs/trace.md explains the links."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.trace/1$")
    links: list[dict[str, Any]] = Field(description="Rows of the table traces")
    neighbourhoods: list[dict[str, Any]] = Field(
        description="Communities and buildings: level, place, people, residents"
    )


class _IngestJson(Open):
    """`poolpipe ingest --json`; docs/store.md explains the keys."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.ingest/1$")
    version: int = Field(ge=0, description="The store's version afterwards")
    files: list[dict[str, Any]] = Field(description="file, read, accepted, duplicates, rejected, again")
    skipped: dict[str, str] = Field(description="File to the reason why it was not read")


class _VersionsJson(Open):
    """`poolpipe versions --json`."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.versions/1$")
    versions: list[dict[str, Any]] = Field(
        description="version, at, what, tables: whether conclusions were kept"
    )
    inputs: list[dict[str, Any]] = Field(
        description="Every file that was taken in, its counts and its version"
    )


class _NightlyJson(Open):
    """`poolpipe nightly --json`; with `--mart` the rows of that table."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.nightly/1$")
    date: str = Field(description="The last day that was counted")
    days: int = Field(ge=1, description="How many days up to it")
    version: str = Field(description="Equal for equal tables: a hash of a result, or a store's version")
    as_of: str
    policy: dict[str, str]
    rows: dict[str, int] = Field(description="Rows of each mart for these days, and of each dimension")
    notes: list[dict[str, str]] = Field(description="What is missing: code, told")
    report: dict[str, str] | None = Field(
        None, description="Files of the report: html, pdf; null: none was written"
    )


class _StoreCheckJson(Open):
    """`poolpipe check STORE --json`."""

    schema_: str = Field(alias="schema", pattern=r"^poolpipe\.store-check/1$")
    findings: list[dict[str, str]] = Field(description="code, where, what; empty where the store is sound")


class _ImportedFileJson(Open):
    """What one instrument file means."""

    path: str
    events: dict[str, int] = Field(description="Kind to the number of events")
    missing: list[str]
    crosschecks: list[dict[str, Any]]
    written: dict[str, str] = Field(description="File to what happened to it")


class _ImportJson(RootModel[list[_ImportedFileJson]]):
    """`poolpipe import --json`, a file each."""


class _DesignJson(Open):
    """What a design promises."""

    scheme: str
    sizes: list[int]
    expected_tests: float
    tests_per_person: float
    pooling_sensitivity: float
    pooling_specificity: float
    ppv: float | None
    npv: float | None
    note: str
    groups: list[dict[str, Any]] = Field(description="People for whom it promises the same")


class _DesignsJson(RootModel[list[_DesignJson]]):
    """`poolpipe design best --json` and `design characteristics --json`."""


class _EstimateJson(Open):
    """A prevalence with its interval; columns of `--by` stand before."""

    prevalence: float | None
    lower: float | None
    upper: float | None
    pools: int
    positive: int
    people: int
    method: str


class _EstimatesJson(RootModel[list[_EstimateJson]]):
    """`poolpipe design prevalence --json`, a stratum each."""


class _RowsJson(RootModel[list[dict[str, Any]]]):
    """`design screen` and `design assign` (a row each, as in `--out`), `recalls` and `show` (rows of the table, times as text)."""


SCHEMAS: Final[dict[str, type[BaseModel]]] = {
    "summary": RunSummary,
    "diff": _DiffJson,
    "plan": _PlanJson,
    "decode": _DecodeJson,
    "simulate": _SimulateJson,
    "check": _CheckJson,
    "trace": _TraceJson,
    "ingest": _IngestJson,
    "versions": _VersionsJson,
    "store-check": _StoreCheckJson,
    "nightly": _NightlyJson,
    "import": _ImportJson,
    "design": _DesignsJson,
    "prevalence": _EstimatesJson,
    "rows": _RowsJson,
}
"""Name to model; lists have no key for their version, which is that of the file."""
