"""Voids: which events count as of a moment, which ids several events share, and which voids name no event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import ENTITIES
from poolpipe.coding.hash_groups import rows_not_alone
from poolpipe.tables import EVENTS, KINDS, TIME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["Standing", "conflicting_ids", "events_with_ids", "latest_at", "standing_events"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Events that count.

    Attributes
    ----------
    frames : mapping of DataFrame
        Coded events per kind up to the moment, without voids and without what they withdraw.
    unknown_voids, conflicts : DataFrame
        round, subject (the event_id, texts), at: voids that name no event; ids with several contents.
    """

    frames: Mapping[str, pl.DataFrame]
    unknown_voids: pl.DataFrame
    conflicts: pl.DataFrame


def latest_at(frames: Mapping[str, pl.DataFrame]) -> datetime | None:
    """Latest moment of any event; None if there is no event."""
    moments = pl.Series([frame["at"].max() for frame in frames.values()], dtype=TIME)
    return cast("datetime | None", moments.max())


def standing_events(
    frames: Mapping[str, pl.DataFrame], codes: Dictionaries, as_of: datetime | None
) -> Standing:
    """Select the events up to `as_of`, without those that voids withdraw.

    A void withdraws every event of its id, of any kind and round, except other voids; a void is never withdrawn.

    Parameters
    ----------
    frames : mapping of DataFrame
        Coded events by kind, voids among them.
    codes : Dictionaries
        Give the event ids of collects.
    as_of : datetime or None
        Later events are left out; None keeps all.

    Returns
    -------
    Standing
    """
    if as_of is not None and as_of != latest_at(frames):
        frames = {kind: frame.filter(pl.col("at") <= pl.lit(as_of, TIME)) for kind, frame in frames.items()}
    voids = frames["void"]
    events = {kind: frames[kind] for kind in KINDS if kind != "void"}
    wanted = voids["event"].unique() if voids.height else pl.Series("event", [], pl.String)
    hit: list[pl.Series] = []
    if len(wanted):
        for kind, frame in events.items():
            event_ids, which = _event_ids(frame, codes)
            withdrawn = event_ids.is_in(wanted.implode()).fill_null(value=False)
            if withdrawn.any():
                hit.append(event_ids.filter(withdrawn))
                events[kind] = frame.filter(~(withdrawn if which is None else withdrawn[which]))
    known = pl.concat([pl.Series("event_id", [], pl.String), *hit]).unique()
    conflicts = conflicting_ids(events_with_ids({**events, "void": voids}, codes), codes.texts["round"])
    return Standing(events, _unknown(voids, known, codes), conflicts)


def _unknown(voids: pl.DataFrame, known: pl.Series, codes: Dictionaries) -> pl.DataFrame:
    if voids.is_empty():
        return pl.DataFrame(schema={"round": pl.String, "subject": pl.String, "at": TIME})
    missed = voids.filter(~pl.col("event").is_in(known.implode())).sort("at")
    told = missed.select(codes.text("round", missed["round"]), pl.col("event").alias("subject"), "at")
    return told.unique(["round", "subject"], keep="first", maintain_order=True)


def events_with_ids(frames: Mapping[str, pl.DataFrame], codes: Dictionaries) -> pl.DataFrame:
    """List the events that have an id: event_id, at, round (its number).

    Parameters
    ----------
    frames : mapping of DataFrame
        Coded events by kind.
    codes : Dictionaries
        Give the ids of collects.
    """
    parts = [
        named.select("event_id", "at", _round(kind, named, codes))
        for kind, frame in frames.items()
        if (named := _with_event_id(frame, codes)).height
    ]
    return pl.concat([pl.DataFrame(schema={"event_id": pl.String, "at": TIME, "round": pl.UInt32}), *parts])


def conflicting_ids(named: pl.DataFrame, rounds: pl.Series) -> pl.DataFrame:
    """Find ids that events of several contents share; duplicates are removed before, so any two events of one id differ.

    Parameters
    ----------
    named : DataFrame
        As `events_with_ids` gives them.
    rounds : Series of String
        Text of each round.

    Returns
    -------
    DataFrame
        As `Standing.conflicts`.
    """
    if named.height < 2:
        return pl.DataFrame(schema={"round": pl.String, "subject": pl.String, "at": TIME})
    candidates = named[rows_not_alone(named["event_id"].hash(seed=1).to_numpy())]
    shared = candidates.filter(pl.len().over("event_id") > 1).sort("at")
    told = shared.select(rounds[shared["round"]].alias("round"), pl.col("event_id").alias("subject"), "at")
    return told.unique(["round", "subject"], keep="last", maintain_order=True)


def _event_ids(frame: pl.DataFrame, codes: Dictionaries) -> tuple[pl.Series, pl.Series | None]:
    """The ids that events have, and which of them each event has; None where there is one for each event."""
    nothing = pl.Series("event_id", [], pl.String)
    if "attributes_id" not in frame.columns:
        return (frame["event_id"], None) if "event_id" in frame.columns else (nothing, None)
    if "event_id" not in codes.attribute_sets.columns:
        return nothing, None
    occur = np.zeros(codes.attribute_sets.height, np.bool_)
    occur[frame["attributes_id"].to_numpy()] = True
    attributes_id = codes.attribute_sets["event_id"]
    return pl.select(pl.when(pl.Series(occur)).then(attributes_id).alias("event_id")).to_series(), frame[
        "attributes_id"
    ]


def _with_event_id(frame: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Select the events that have an id, with the id as a column."""
    if "attributes_id" in frame.columns:
        return codes.with_attribute("event_id", frame)
    if "event_id" not in frame.columns:
        return frame.clear()
    return frame.filter(pl.col("event_id").is_not_null())


def _round(kind: str, frame: pl.DataFrame, codes: Dictionaries) -> pl.Series:
    """Number of each event's round: that of the tube, box or plate its kind must name, else its own."""
    entity = next((name for name in EVENTS[kind].must if name in ENTITIES), None)
    if entity is None:
        return frame["round"].alias("round")
    return pl.Series("round", codes.entities[entity].rounds)[frame[entity]]
