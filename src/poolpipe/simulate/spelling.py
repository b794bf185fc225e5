"""How events are spelled in files: codes, names, devices, in the columns of rich and of lean scanners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.laboratory import CALLS, TARGETS, WELLS
from poolpipe.simulate.residents import names_of, phones_of
from poolpipe.simulate.text import numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.simulate.labels import Labels

__all__ = ["STREAMS", "columns_of", "spell"]

_ROLES: tuple[str, ...] = ("sample", "negative_control", "positive_control")
_MODES = pl.Series(["pool", "single"], dtype=pl.String)

#: Folder and file name of each stream of events; the emergency teams' tablets write more columns than the sites'
#: scanners, so their scans have a folder of their own, and the files say that they are collections.
STREAMS: Mapping[str, tuple[str, str]] = {
    "collect": ("collect", "part"),
    "emergency": ("emergency", "collect"),
    **{
        kind: (kind, "part")
        for kind in ("seal", "pack", "pickup", "receive", "load", "read", "report", "void")
    },
}

# How event ids and devices of each stream begin: no two alike, for an event id is one event's in all the world.
_INITIALS: Mapping[str, str] = {
    "collect": "co",
    "emergency": "em",
    "seal": "se",
    "pack": "pk",
    "pickup": "pu",
    "receive": "rc",
    "load": "ld",
    "read": "rd",
    "report": "rp",
    "void": "vo",
}

_LEAN: Mapping[str, tuple[str, ...]] = {
    "collect": ("at", "tube", "person", "site", "point", "capacity"),
    "emergency": ("at", "tube", "person", "site", "point", "mode", "capacity", "recall_of"),
    "pack": ("at", "tube", "box"),
    "pickup": ("at", "box", "giver", "receiver"),
    "receive": ("at", "box", "giver", "receiver", "lab", "tubes"),
    "load": ("at", "plate", "well", "lab", "tube", "role"),
    "read": ("at", "plate", "well", "target", "ct"),
    "report": ("at", "tube", "call", "lab"),
}
_ROUND, _AUDIT = ("round",), ("event_id", "device", "operator", "sent_at")
_PERSON = ("at", "tube", "person_type", "person", "name", "phone", "site", "point", "mode", "capacity")
_RICH: Mapping[str, tuple[str, ...]] = {
    "collect": (*_ROUND, *_PERSON, *_AUDIT),
    "emergency": (*_ROUND, *_PERSON, "recall_of", *_AUDIT),
    "seal": (*_ROUND, "at", "tube", "swabs", *_AUDIT),
    "pack": (*_ROUND, "at", "tube", "box", "site", *_AUDIT),
    "pickup": (*_ROUND, "at", "box", "giver", "receiver", "site", "vehicle", "temperature_c", *_AUDIT),
    "receive": (*_ROUND, "at", "box", "giver", "receiver", "lab", "temperature_c", "tubes", *_AUDIT),
    "load": (*_ROUND, *_LEAN["load"], *_AUDIT),
    "read": (*_ROUND, *_LEAN["read"], "reagent", "instrument", *_AUDIT),
    "report": (*_ROUND, *_LEAN["report"], *_AUDIT),
    "void": (*_ROUND, "at", "event", "reason", *_AUDIT),
}


def columns_of(*, rich: bool) -> Mapping[str, tuple[str, ...]]:
    """Columns of every stream, in the order in which they are written."""
    return _RICH if rich else _LEAN


def spell(
    stream: str, frame: pl.DataFrame, codes: Labels, *, rich: bool, round_name: str, run: int
) -> pl.DataFrame:
    """Spell the events of a stream as the files have them, in the order of time.

    Parameters
    ----------
    frame : DataFrame
        Integer columns; see `scans.Scans`.
    round_name : str
        Empty for a lean city's only round: its files have no such column.
    run : int
        Number of the round from 0: part of every event id.
    """
    wanted = columns_of(rich=rich)[stream]
    frame = frame.sort("at", maintain_order=True)
    spelled = _spellings(stream, frame, codes, rich=rich)
    if round_name:
        wanted = ("round", *(name for name in wanted if name != "round"))
        spelled["round"] = pl.repeat(round_name, len(frame), dtype=pl.String, eager=True)
    if rich:
        ids = f"{_INITIALS[stream]}{run}-{codes.township:03d}-"
        spelled["event_id"] = numbered(ids, np.arange(len(frame)), 7)
    unsaid = pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    return pl.DataFrame({name: spelled.get(name, unsaid) for name in wanted})


def _spellings(stream: str, frame: pl.DataFrame, codes: Labels, *, rich: bool) -> dict[str, pl.Series]:
    count = len(frame)
    spelled: dict[str, pl.Series] = {"at": frame["at"].cast(pl.Datetime("us", "UTC"))}
    for column in ("tube", "box", "plate", "lab"):
        if column in frame.columns:
            spelled[column] = getattr(codes, column).gather(frame[column])
    if stream in ("collect", "emergency"):
        spelled |= _collect_spellings(frame, codes, rich=rich)
    if "site" in frame.columns:
        spelled["site"] = codes.site.gather(frame["site"])
    if "recall_of" in frame.columns:
        spelled["recall_of"] = codes.tube.gather(frame["recall_of"])
    if "well" in frame.columns:
        spelled["well"] = pl.Series(WELLS).gather(frame["well"])
    if "role" in frame.columns:
        spelled["role"] = pl.Series(_ROLES).gather(frame["role"])
    if "target" in frame.columns:
        spelled["target"] = pl.Series(TARGETS).gather(frame["target"])
        spelled["ct"] = frame["ct"].cast(pl.Float32).fill_nan(None)
    if "call" in frame.columns:
        spelled["call"] = pl.Series(CALLS).gather(frame["call"])
    for column in ("swabs", "tubes"):
        if column in frame.columns:
            spelled[column] = frame[column].cast(pl.Int16)
    if "giver" in frame.columns:
        spelled["giver"] = numbered(f"G{codes.township:03d}", frame["giver"].to_numpy(), 3)
        spelled["receiver"] = numbered(f"R{codes.township:03d}", frame["receiver"].to_numpy(), 3)
    if rich:
        spelled |= _audit_spellings(stream, frame, codes, count)
    return spelled


def _collect_spellings(frame: pl.DataFrame, codes: Labels, *, rich: bool) -> dict[str, pl.Series]:
    point = frame["point"].to_numpy()
    spelled = {
        "person": codes.person.gather(frame["person"]),
        "site": codes.site.gather(codes.point_site[point]),
        "point": codes.point.gather(point),
        "mode": _MODES.gather(frame["mode"]),
        "capacity": frame["capacity"].cast(pl.Int16),
    }
    if rich:
        person = codes.home[frame["person"].to_numpy()]
        spelled |= {
            "person_type": codes.person_type.gather(frame["person"]),
            "name": names_of(person),
            "phone": phones_of(codes.township, person),
        }
    return spelled


def _audit_spellings(stream: str, frame: pl.DataFrame, codes: Labels, count: int) -> dict[str, pl.Series]:
    """Device, operator and sending time, and the transport's and the instrument's particulars."""
    station = next(
        (frame[name].to_numpy() for name in ("point", "site", "plate", "box") if name in frame.columns),
        np.zeros(count, np.int64),
    )
    at = frame["at"].to_numpy()
    hour = at // 3_600_000_000 % 24
    delay = (at // 1_000_000 * 7919 % 11 + 1) * 1_000_000
    prefix = f"{_INITIALS[stream].upper()}{codes.township:03d}"
    spelled = {
        "device": numbered(f"D{prefix}", station % 1000, 3),
        "operator": numbered(f"O{prefix}", (station * 7 + hour // 2) % 1000, 3),
        "sent_at": pl.Series(at + delay).cast(pl.Datetime("us", "UTC")),
    }
    if stream in ("pickup", "receive"):
        spelled["vehicle"] = numbered("SIM", station % 40, 3)
        spelled["temperature_c"] = pl.Series(np.round(3.0 + (at // 1_000_000 % 30) / 10.0, 1))
    if stream == "read":
        spelled["reagent"] = pl.repeat("模拟试剂 2022-04", count, dtype=pl.String, eager=True)
        spelled["instrument"] = numbered("PCR-", station % 12, 2)
    return spelled
