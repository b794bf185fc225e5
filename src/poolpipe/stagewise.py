"""Single stages as functions on frames in contract columns, for whoever wants one answer.

Inside, the pipeline works on integer codes; here texts go in and texts come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.dictionaries import well_names
from poolpipe.events import read_events
from poolpipe.pipeline import run
from poolpipe.policy import load_policy
from poolpipe.results.members import queue_positions
from poolpipe.stages.calls import call
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.links import link
from poolpipe.stages.voids import standing_events
from poolpipe.tables import CALLS, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy

    Rules = Policy | str | Path | None

__all__ = ["anomalies", "calls", "custody", "ledger", "links", "recalls"]


def links(collects: pl.DataFrame, *, policy: Rules = None) -> pl.DataFrame:
    """Link people to tubes.

    Parameters
    ----------
    collects : DataFrame
        Collect events with the contract's columns: at, tube, person, and what else was told.
    policy : Policy, str or Path, optional

    Returns
    -------
    DataFrame
        round, tube, person_type, person, collected_at, position: one row per person of a tube, in queue
        order. Events that cannot be understood are left out; `poolpipe.run` tells which.
    """
    frames, codes, rules = _coded({"collect": collects}, policy)
    members = link(frames["collect"], codes, rules).members
    return (
        _tubes(codes, members)
        .hstack(list(codes.person(members["person"])))
        .hstack([members["collected_at"], queue_positions(members["tube"])])
    )


def custody(events: Mapping[str, pl.DataFrame], *, policy: Rules = None) -> pl.DataFrame:
    """Follow tubes through boxes and labs to their wells.

    Parameters
    ----------
    events : mapping of DataFrame
        Any of seal, pack, pickup, receive and load.

    Returns
    -------
    DataFrame
        round, tube, swabs, box, packed_at, picked_up_at, received_at, lab, plate, well, loaded_at: one row
        per tube that was sealed, packed or loaded.
    """
    frames, codes, rules = _coded(events, policy)
    tubes = _known(keep_custody(frames, codes).tubes)
    lab = tubes.select(pl.coalesce("load_lab", "box_lab")).to_series()
    return _tubes(codes, tubes).with_columns(
        tubes["swabs"],
        codes.entity("box", tubes["box"])[1],
        *tubes.select("packed_at", "picked_up_at", "received_at").get_columns(),
        codes.text("lab", lab),
        codes.entity("plate", tubes["plate"])[1],
        well_names(tubes["well"], rules.codes.plate_wells),
        tubes["loaded_at"],
    )


def calls(events: Mapping[str, pl.DataFrame], *, policy: Rules = None) -> pl.DataFrame:
    """Interpret read-outs and reports.

    Parameters
    ----------
    events : mapping of DataFrame
        Any of load, read and report.

    Returns
    -------
    DataFrame
        round, tube, call, called_at: one row per tube that was loaded or reported; no call is null.
    """
    frames, codes, rules = _coded(events, policy)
    tubes = _known(call(frames, codes, rules).tubes)
    words = pl.Series("call", CALLS).gather(tubes["call"])
    return _tubes(codes, tubes).with_columns(words, tubes["called_at"])


def recalls(
    events: Mapping[str, pl.DataFrame], *, policy: Rules = None, as_of: datetime | str | None = None
) -> pl.DataFrame:
    """List whom to re-collect, most urgent first: the contract's `recalls` table of these events."""
    return run(events, policy=policy, as_of=as_of).recalls


def ledger(
    events: Mapping[str, pl.DataFrame], *, policy: Rules = None, as_of: datetime | str | None = None
) -> pl.DataFrame:
    """Tell what became of every group of tubes: the contract's `ledger` table of these events."""
    return run(events, policy=policy, as_of=as_of).ledger


def anomalies(
    events: Mapping[str, pl.DataFrame], *, policy: Rules = None, as_of: datetime | str | None = None
) -> pl.DataFrame:
    """Find everything that is wrong: the contract's `anomalies` table of these events."""
    return run(events, policy=policy, as_of=as_of).anomalies


def _coded(
    events: Mapping[str, pl.DataFrame], policy: Rules
) -> tuple[Mapping[str, pl.DataFrame], Dictionaries, Policy]:
    rules = load_policy(policy)
    read = read_events({kind: events[kind] for kind in KINDS if kind in events}, rules)
    return standing_events(read.frames, read.codes, None).frames, read.codes, rules


def _tubes(codes: Dictionaries, frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(list(codes.entity("tube", frame["tube"])))


def _known(tubes: pl.DataFrame) -> pl.DataFrame:
    return tubes.with_row_index("tube").filter("known")
