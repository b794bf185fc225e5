"""Readings, loads and reports as events (docs/tables.md), each with an id made of its content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.import_policy import ImportPolicy
from poolpipe.instruments.errors import MissingFactError
from poolpipe.messages import in_both
from poolpipe.words import Wording

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

__all__ = ["events", "missing_facts"]

SEPARATOR = "\x1f"
COLUMNS: dict[str, tuple[str, ...]] = {
    "read": ("at", "plate", "well", "target", "ct", "instrument", "round"),
    "load": ("at", "plate", "well", "tube", "role", "role_from", "lab", "round"),
    "report": ("at", "tube", "call", "lab", "round"),
}


def events(
    instrument_file: InstrumentFile,
    policy: ImportPolicy | None = None,
    *,
    without_lab: bool = False,
    lines: bool = False,
) -> dict[str, pl.DataFrame]:
    """Turn an instrument file into events (docs/tables.md) by kind.

    Parameters
    ----------
    instrument_file : InstrumentFile
        As read, with the same policy.
    policy : ImportPolicy, optional
        Gives the `round`.
    without_lab : bool
        Also give loads without a lab, which `run` rejects as `missing_value`.
    lines : bool
        Give a column `line` as well (int64): the event's line in the file, from 1; 0 where a format has none.

    Returns
    -------
    dict of str to DataFrame
        Kind (`read`, `load`, `report`) to a frame with the columns of docs/tables.md: `at` in UTC, `ct` null for
        undetermined, and an `event_id` made of the kind and the content, so that importing twice changes nothing,
        and a re-analysed run, which has another time, is a new reading. Kinds without rows are absent. Loads without
        a lab are left out by default: they are not valid events, and `missing_facts` names them.

    Raises
    ------
    MissingFactError
        Readings without plate or time, reports without time, and loads with a lab but without plate or time.
    """
    policy = policy or ImportPolicy()
    problems = [text for text in missing_facts(instrument_file) if not text.startswith("loads have no lab")]
    if problems:
        raise MissingFactError.of("facts_missing", where=instrument_file.name, problems=_listed(problems))
    machine = instrument_file.recognised
    instrument = (
        " ".join(part for part in (machine.instrument or machine.vendor, machine.serial) if part) or None
    )
    frames = {
        "read": instrument_file.readings.with_columns(instrument=pl.lit(instrument, pl.String)),
        "load": _named(instrument_file.loads.filter(pl.col("lab").is_not_null() | pl.lit(without_lab))),
        "report": instrument_file.reports,
    }
    return {
        kind: _with_ids(kind, frame, policy.round, lines=lines)
        for kind, frame in frames.items()
        if frame.height
    }


def _named(loads: pl.DataFrame) -> pl.DataFrame:
    """Loads in which a control that only its name makes one carries the name: collected, it is no control."""
    by_name = pl.when(pl.col("name").is_not_null()).then(pl.lit("name"))
    return loads.with_columns(pl.coalesce("tube", "name").alias("tube"), by_name.alias("role_from"))


def missing_facts(instrument_file: InstrumentFile) -> list[str]:
    """Facts that are missing to make events of the file, as sentences; empty where none is."""
    problems = []
    for name, frame in (("readings", instrument_file.readings), ("loads", instrument_file.loads)):
        usable = frame.filter(pl.col("lab").is_not_null()) if name == "loads" else frame
        if name == "loads" and usable.height < frame.height:
            problems.append(
                f"loads have no lab ({frame.height - usable.height}): they are not written without --lab"
            )
        if usable["plate"].null_count():
            problems.append(f"{name} have no plate")
        if usable["at"].null_count():
            problems.append(f"{name} have no time")
    if instrument_file.reports["at"].null_count():
        problems.append("reports have no time")
    return problems


def _listed(problems: list[str]) -> Wording:
    told = [in_both(each) for each in problems]
    return Wording("; ".join(each.english for each in told), "；".join(each.chinese for each in told))


def _with_ids(kind: str, frame: pl.DataFrame, screening_round: str, *, lines: bool) -> pl.DataFrame:
    """The columns of an event and an id made of them: the same facts have the same id wherever they come from.

    The text that is hashed is the kind and `name=value` of every column that has a value, in the order of the names.
    """
    named = frame.with_columns(pl.lit(screening_round).alias("round")).select(COLUMNS[kind])
    facts = [
        pl.lit(f"{name}=") + _text(name, named.schema[name]) + pl.lit(SEPARATOR)
        for name in sorted(COLUMNS[kind])
    ]
    texts = named.select(pl.concat_str(facts, ignore_nulls=True)).to_series()
    ids = [f"imp-{hashlib.sha256(f'{kind}{SEPARATOR}{text}'.encode()).hexdigest()[:32]}" for text in texts]
    told = named.with_columns(pl.Series("event_id", ids, pl.String), *([frame["line"]] if lines else []))
    return told.unique("event_id", keep="first", maintain_order=True)


def _text(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as text; null where it has no value, and so no part in the id."""
    if kind == pl.Datetime:
        return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    value = pl.col(name).cast(pl.String)
    return pl.when(value != "").then(value)
