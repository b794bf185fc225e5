"""Trace tubes and people of a concluded day: the rows of `traces` for whatever is asked."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from poolpipe.choices import suggestion
from poolpipe.display import mask
from poolpipe.errors import InputError
from poolpipe.events.reference import Reference, read_reference
from poolpipe.policy import load_policy
from poolpipe.results.day import Day
from poolpipe.results.kept_day import kept_day
from poolpipe.results.record_batches import BufferPool
from poolpipe.results.traces import traces_batch
from poolpipe.results.written import opened
from poolpipe.tables import SORT_KEYS, TABLES, as_table
from poolpipe.tracing.coded_day import CodedDay, code_day
from poolpipe.tracing.sources import source_tubes, trace_sources

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from poolpipe.coding.frames import Frame
    from poolpipe.policy import Policy, Rules

__all__ = ["trace"]

_CODED: WeakKeyDictionary[Day, dict[int, CodedDay]] = WeakKeyDictionary()
"""Days in memory that were traced before."""


def trace(
    day: Day | str | os.PathLike[str],
    *,
    tubes: str | Iterable[str] = (),
    people: str | Iterable[str] = (),
    hops: int | None = None,
    policy: Rules = None,
    residents: Frame | str | os.PathLike[str] | None = None,
) -> pl.DataFrame:
    """Follow tubes and people outwards: who shared a tube, stood in the queue, lives with them, and was with them before.

    Parameters
    ----------
    day : Day, str or Path
        A concluded day, or the folder of a result. A folder keeps an index in `.trace-index`, made at the first call.
    tubes : str or iterable of str, optional
        Codes of tubes, in whatever round. Without tubes and people: every source of the day.
    people : str or iterable of str, optional
        Document numbers, or `type:number`: each tube in which one of them is.
    hops : int, optional
        Most links; by default the policy's, two.
    policy : Policy, str, Path or mapping, optional
        Look-back, queue and weights; `ten-in-one` by default.
    residents : frame, str or Path, optional
        The list of residents, for households; by default that of the day.

    Returns
    -------
    polars.DataFrame
        Columns and order of the table `traces` (docs/tables.md). The rows of a source of the day are those of its table, unless hops,
        policy or residents are given.

    Raises
    ------
    InputError
        If a tube or person is in no tube of the day.

    Examples
    --------
    >>> import poolpipe
    >>> day = poolpipe.run("data/samples/town/events")
    >>> source = day.recalls["tube"][0]
    >>> links = poolpipe.trace(day, tubes=source, hops=1)
    >>> links.filter(kind="member").height == day.pools.filter(tube=source)["people"][0]
    True
    """
    labels, numbers = _texts(tubes), _texts(people)  # an iterator can be read only once
    rules = load_policy(policy)
    coded = _coded(day, rules.codes.plate_wells)
    known = (
        Reference(people=day.people)
        if isinstance(day, Day) and residents is None
        else read_reference(people=residents)
    )
    asked = _asked(coded, labels, numbers)
    sources = source_tubes(coded.pools)
    if not labels and not numbers:
        asked = sources
    walked = asked
    told: list[pl.DataFrame] = []
    if hops is None and policy is None and residents is None:
        told.append(_of_table(day, coded, np.intersect1d(asked, sources)))
        walked = np.setdiff1d(asked, sources)
    told.append(_walk(coded, walked, hops, rules, known))
    return pl.concat(told).sort(SORT_KEYS["traces"], nulls_last=False)


def _texts(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _coded(day: Day | str | os.PathLike[str], plate_wells: int) -> CodedDay:
    if not isinstance(day, Day):
        return kept_day(Path(day), plate_wells)
    kept = _CODED.setdefault(day, {})
    if plate_wells not in kept:
        kept[plate_wells] = code_day(day.pools, day.members, day.recalls, day.cases, plate_wells)
    return kept[plate_wells]


def _asked(coded: CodedDay, tubes: list[str], people: list[str]) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """Numbers of the collected tubes that are named, or that hold a person who is."""
    found = [np.empty(0, np.uint32)]
    known = coded.codes.entities["tube"]
    there = coded.pools["mode"].is_not_null().to_numpy()
    for tube in tubes:
        number = coded.codes.number("tube", tube)
        rows = np.flatnonzero((known.texts == number) & there) if number is not None else np.empty(0)
        if not len(rows):
            near = suggestion(tube, coded.codes.texts["tube"].head(100_000).to_list())
            raise InputError.of("tube_not_collected", where="tubes", tube=tube, hint=near)
        found.append(rows.astype(np.uint32))
    for person in people:
        rows = _seats(coded, person)
        if not len(rows):
            raise InputError.of("person_not_collected", where="people", person=mask(person))
        found.append(coded.members["tube"].gather(rows).to_numpy())
    return np.unique(np.concatenate(found)).astype(np.uint32)


def _seats(coded: CodedDay, person: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Seats of the people of a document number, with a type before it or of any type."""
    kind, colon, number = person.partition(":")
    others = coded.codes.others
    kinds = [kind] if colon else ["RIC", *others.filter(pl.col("person") == person)["person_type"].to_list()]
    asked = pl.DataFrame({"person_type": kinds, "person": [number if colon else person] * len(kinds)})
    keys = coded.codes.person_keys(asked).drop_nulls()
    return np.flatnonzero(np.isin(coded.members["person"].to_numpy(), keys.to_numpy()))


def _of_table(
    day: Day | str | os.PathLike[str], coded: CodedDay, sources: np.ndarray[Any, Any]
) -> pl.DataFrame:
    """Rows of the day's own table."""
    rounds, tubes = coded.codes.entity("tube", pl.Series(sources, dtype=pl.UInt32))
    wanted = pl.DataFrame({"source_round": rounds, "source_tube": tubes})
    if isinstance(day, Day):
        rows = day.traces
    else:
        with opened(Path(day)) as written:
            rows = pl.read_parquet(written.path("traces"))
            written.check()
    return as_table(
        rows.join(wanted, on=["source_round", "source_tube"], how="semi", maintain_order="left"), "traces"
    )


def _walk(
    coded: CodedDay, sources: np.ndarray[Any, Any], hops: int | None, rules: Policy, known: Reference
) -> pl.DataFrame:
    homes_of = partial(known.homes, coded.codes)
    traced = None
    if len(sources):
        traced = trace_sources(
            coded.pools, coded.members, coded.offsets, coded.loads, coded.answers, homes_of, coded.codes, rules,
            sources.astype(np.uint32), hops,
        )  # fmt: skip
    if traced is None:
        return pl.DataFrame(schema={column.name: column.dtype for column in TABLES["traces"]})
    rows = traces_batch(traced, rules.codes.plate_wells, range(traced.rows.height), BufferPool())
    return as_table(pl.DataFrame(rows), "traces")
