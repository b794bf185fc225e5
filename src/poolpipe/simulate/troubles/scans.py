"""What goes wrong with the scans themselves: sent late, sent twice, spelled oddly, corrected, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.queues import SECOND
from poolpipe.simulate.text import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["plant"]

Frames = dict[str, pl.DataFrame]

# Code columns and how real files spell them: with an AIM symbology prefix, in full width, padded.
_MESSY = {
    "collect": "tube",
    "seal": "tube",
    "pack": "box",
    "load": "plate",
    "report": "tube",
}
_WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x30, 0x3A)}


def plant(campaign: Campaign, frames: Frames) -> Frames:
    """Plant the troubles of scanning and sending into events.

    Parameters
    ----------
    campaign : Campaign
        Its truth is extended.
    frames : dict of str to DataFrame
        Events by stream.

    Returns
    -------
    dict of str to DataFrame
        New frames.
    """
    frames = dict(frames)
    frames["collect"] = _late(campaign, frames["collect"])
    for stream in _MESSY:
        if stream in frames:
            frames[stream] = _messy(campaign, stream, frames[stream])
    frames["collect"], voids = _voided(campaign, frames["collect"])
    frames["collect"] = _conflicting(campaign, frames["collect"])
    if len(voids):
        frames["void"] = voids
    for stream in ("collect", "pack"):
        if stream in frames:
            frames[stream] = _twice(campaign, frames[stream], stream)
    return frames


def _rows(campaign: Campaign, trouble: str, count: int) -> NDArray[np.int64]:
    return campaign.chosen(trouble, np.arange(count))


def _note_events(campaign: Campaign, trouble: str, code: str | None, events: pl.Series) -> None:
    campaign.note(trouble, code, "event", events)


def _late(campaign: Campaign, frame: pl.DataFrame) -> pl.DataFrame:
    """Scanners that were offline for hours."""
    rows = _rows(campaign, "late_upload", len(frame))
    delay = np.zeros(len(frame), np.int64)
    delay[rows] = campaign.luck("late_upload").integers(2, 9, len(rows)) * 3600 * SECOND
    _note_events(campaign, "late_upload", None, frame["event_id"].gather(rows))
    return frame.with_columns(pl.col("sent_at") + pl.Series(delay).cast(pl.Duration("us")))


def _messy(campaign: Campaign, stream: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Codes as wedge scanners, full-width keyboards and spreadsheets leave them; the same code after cleaning."""
    column = _MESSY[stream]
    rows = _rows(campaign, "messy_codes", len(frame))
    code = frame[column].gather(rows)
    style = np.arange(len(rows)) % 3
    spelled = pl.DataFrame({"code": code, "style": style}).select(
        pl.when(pl.col("style") == 0)
        .then("]C1" + pl.col("code"))
        .when(pl.col("style") == 1)
        .then(pl.col("code").str.replace_many(_WIDE))
        .otherwise("  " + pl.col("code") + " ")
    )
    _note_events(campaign, "messy_codes", None, frame["event_id"].gather(rows))
    return frame.with_columns(frame[column].scatter(rows, spelled.to_series()))


def _voided(campaign: Campaign, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People scanned into the wrong tube, noticed and withdrawn; and voids of what was never sent."""
    rows = _rows(campaign, "voided_scan", len(frame))
    prefix = f"{campaign.run}-{campaign.codes.township:03d}-"
    wrong = frame[rows].with_columns(
        tube=frame["tube"].gather((rows + 997) % len(frame)),
        event_id=numbered(f"wrong{prefix}", np.arange(len(rows)), 5),
        at=pl.col("at") + pl.duration(seconds=4),
    )
    nothing = frame[_rows(campaign, "void_of_nothing", len(frame))]
    unknown = numbered(f"never{prefix}", np.arange(len(nothing)), 5)
    _note_events(campaign, "voided_scan", None, wrong["event_id"])
    _note_events(campaign, "void_of_nothing", "void_without_event", unknown)
    hits = _void_events(wrong, wrong["event_id"], f"void{prefix}a")
    misses = _void_events(nothing, unknown, f"void{prefix}b")
    return pl.concat([frame, wrong]), pl.concat([hits, misses])


def _void_events(frame: pl.DataFrame, events: pl.Series, prefix: str) -> pl.DataFrame:
    return frame.with_columns(event=events, event_id=numbered(prefix, np.arange(len(events)), 5)).select(
        "round",
        pl.col("at") + pl.duration(minutes=2),
        "event",
        pl.lit("扫错试管 wrong tube").alias("reason"),
        "event_id",
        "device",
        "operator",
        pl.col("sent_at") + pl.duration(minutes=2),
    )


def _conflicting(campaign: Campaign, frame: pl.DataFrame) -> pl.DataFrame:
    """The same event sent again with another telephone number."""
    rows = _rows(campaign, "conflicting_event", len(frame))
    rows = rows[frame["event_id"].gather(rows).str.starts_with("co").to_numpy()]
    again: pl.DataFrame = frame[rows].with_columns(phone=pl.lit("00099999999"))
    _note_events(campaign, "conflicting_event", "conflicting_event", again["event_id"])
    return pl.concat([frame, again])


def _twice(campaign: Campaign, frame: pl.DataFrame, stream: str) -> pl.DataFrame:
    """A retried upload: the same events once more, later, after everything else."""
    rows = _rows(campaign, "double_upload", len(frame))
    again = frame[rows].with_columns(pl.col("sent_at") + pl.duration(hours=1))
    if stream == "collect":
        _note_events(campaign, "double_upload", None, again["event_id"])
    return pl.concat([frame, again])
