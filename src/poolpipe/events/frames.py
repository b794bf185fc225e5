"""Read frames as sources of events: one frame, several, or one (or several) per kind of event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.choices import suggestion
from poolpipe.coding.frames import Frame, as_frame, is_frame
from poolpipe.coding.plain_texts import json_lines
from poolpipe.errors import InputError, TableError
from poolpipe.events.batches import Batch, broken, column_names, header_trouble, plain_table
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.events.sources import Source
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    import polars as pl
    from typing_extensions import TypeIs

__all__ = ["Frames", "are_frames", "frame_batch", "frames_by_source", "sources_of_frames"]

Frames = Frame | list[Frame] | tuple[Frame, ...] | Mapping[str, Frame | list[Frame] | tuple[Frame, ...]]
"""One frame with a column `kind`, several of them, or one or several per kind of event."""

ANY = "events"
"""Name of frames that hold several kinds, by a column `kind`."""

_ROWS = 1 << 20


def are_frames(inputs: object) -> TypeIs[Frames]:
    """Whether inputs are frames and not paths; of a list or tuple one frame among its items is enough."""
    return (
        isinstance(inputs, Mapping)
        or is_frame(inputs)
        or (isinstance(inputs, list | tuple) and any(is_frame(each) for each in inputs))
    )


def frames_by_source(inputs: Any, kind: str | None = None) -> dict[str, tuple[str | None, pl.DataFrame]]:
    """Take every given frame as a polars frame.

    Parameters
    ----------
    inputs : frame, list or tuple of frames, or mapping of str to these
        Inputs for which `are_frames` is True. The keys of a mapping are kinds of event, or `events`.
    kind : str, optional
        Kind of the records of frames that are named `events` and have no column `kind`.

    Returns
    -------
    dict
        Name of the source to its kind (None: its column `kind` tells) and its frame. A frame alone is called by its
        kind, several of a kind `collect[1]`, `collect[2]`, ... in the order given.

    Raises
    ------
    InputError
        If a key of the mapping is no kind of event.
    TableError
        If something is no frame.
    """
    given = inputs if isinstance(inputs, Mapping) else {ANY: inputs}
    unknown = sorted({str(each) for each in given} - {*KINDS, ANY})
    if unknown:
        hint = suggestion(unknown[0], KINDS)
        raise InputError.of(
            "no_such_frame", where="frames", kind=", ".join(unknown), kinds=", ".join(KINDS), hint=hint
        )
    found: dict[str, tuple[str | None, pl.DataFrame]] = {}
    for name, frames in given.items():
        several = isinstance(frames, list | tuple)
        if several and frames and not any(is_frame(each) for each in frames):
            as_frame(frames, name)  # raises: a list of dicts, or of paths, is no list of frames
        for place, each in enumerate(frames if several else [frames], start=1):
            source = f"{name}[{place}]" if several and len(frames) > 1 else name
            found[source] = (kind if name == ANY else name, as_frame(each, source))
    return found


def sources_of_frames(
    inputs: Any, kind: str | None = None
) -> tuple[list[Source], Callable[[Source], Iterator[Batch]]]:
    """List frames as sources, and give the function that reads the records of each.

    Parameters
    ----------
    inputs : frame, list or tuple of frames, or mapping
        As in `frames_by_source`.
    kind : str, optional
        Kind of the records of frames without a column `kind`.

    Returns
    -------
    sources : list of Source
    batches : callable
        Yields the batches of a source.

    Raises
    ------
    InputError, TableError
        As `frames_by_source`; also TableError where a frame has no kind at all.
    """
    frames = frames_by_source(inputs, kind)
    for name, (promised, frame) in frames.items():
        told = Naming(promised or "").read(frame.columns)
        if promised is None and frame.width and not told.kind and "kind" not in told.names:
            raise TableError.of("frame_without_kind", where=name)

    def batches(source: Source) -> Iterator[Batch]:
        frame = frames[source.name][1]
        for start in range(0, max(1, frame.height), _ROWS):
            yield frame_batch(frame.slice(start, _ROWS), start, Naming(source.kind or "", file=source.name))

    return [Source(Path(name), name, promised) for name, (promised, _) in frames.items()], batches


def frame_batch(frame: pl.DataFrame, start: int, naming: Naming = ANY_NAMES) -> Batch:
    """Make a batch of the records of a frame.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows of the source.
    start : int
        How many rows of the source come before these.
    naming : Naming
        How the names of the columns are understood.

    Returns
    -------
    Batch
        Its lines are numbered from ``start + 1``; all records are broken where the column names are ambiguous.
    """
    lines = np.arange(start + 1, start + 1 + frame.height)
    told = naming.read(frame.columns)
    if trouble := header_trouble(frame.columns, told):
        everything = np.arange(frame.height)
        why = [trouble] * frame.height
        refused = Batch.of_broken(broken(lines.tolist(), why, _legible(frame, everything)))
        return replace(refused, told=told)
    known, left_out = column_names(frame.columns, told)
    columns = {known[index]: frame.to_series(index).to_arrow() for index in known}
    return Batch(
        plain_table(columns, frame.height), lines, partial(_legible, frame), broken(), left_out, told=told
    )


def _legible(frame: pl.DataFrame, rows: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    return json_lines(frame[rows].to_arrow())
