"""Validate batches kind by kind, and place what comes of them: valid events, rejects and counts of each file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.cleaning import clean_codes
from poolpipe.events.batches import picked
from poolpipe.events.columns import coded
from poolpipe.events.folders import unused_columns, with_columns_of_folders
from poolpipe.events.rejected_loads import plates_of
from poolpipe.events.validate import validate
from poolpipe.messages import message
from poolpipe.tables import DATE_OF_TIME, EVENTS, KINDS, TABLES
from poolpipe.words import EVENT_WORDS, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.assemble import Piece
    from poolpipe.events.batches import Batch
    from poolpipe.events.naming import NamedColumns
    from poolpipe.events.sources import Source
    from poolpipe.policy import Policy

__all__ = ["REJECTS", "Placed", "Taken", "columns_not_used", "placed_alone", "take"]

REJECTS = {column.name: column.dtype for column in TABLES["rejects"]}
_ORDER: dict[str, pl.DataType] = {"segment": pl.Int64(), "place": pl.Int64()}
"""Where a reject stands among those of a bundle: by segment; in it broken records first, then kind by kind as they occur."""

_BROKEN = -2
_UNTOLD = -1
_ANY_EVENT = frozenset(column for kind in EVENTS.values() for column in kind.columns)


@dataclass(frozen=True, slots=True)
class Placed:
    """A batch, and the segments that its records are of: of one file alone, or of many small ones.

    Attributes
    ----------
    batch : Batch
        Records; its columns include those that folders give.
    kind : str or None
        Kind of the events whose record gives none.
    files : (segments,) int64
        File of each segment, an index among the sources.
    rows : (n,) int32
        Segment of each row of `batch.table`.
    broken : (m,) int32
        Segment of each record of `batch.broken`.
    left_out : mapping of int to frozenset of str
        Segment to the columns in it that are not used.
    hint : frozenset of str
        Columns not used that a reject for a missing value may name.
    told : mapping of int to NamedColumns
        Segment to what its header means, of texts with one.
    """

    batch: Batch
    kind: str | None
    files: NDArray[np.int64]
    rows: NDArray[np.int32]
    broken: NDArray[np.int32]
    left_out: dict[int, frozenset[str]]
    hint: frozenset[str]
    told: dict[int, NamedColumns] = field(default_factory=dict)


@dataclass(slots=True)
class Taken:
    """The outcome of the batches of one or several files.

    Attributes
    ----------
    done : float
        Share of the last file that is read.
    files : (segments,) int64
        Index of a file among the sources; a file may occur twice.
    read, rejected, repeated : (segments,) int64
        How many records each had, how many of them were rejected, and how many repeat the one before.
    pieces : list of Piece
    rejects : DataFrame
        As `REJECTS`, in the order of the files.
    rejected_loads : list of DataFrame
        As `rejected_loads.PLATES`.
    left_out : mapping of int to frozenset of str
        File to columns in it that are not used.
    words : list of mapping
        As `ValidEvents.words_known`, of accepted and rejected records.
    told : mapping of int to NamedColumns
        File to what its header means, of texts with one.
    skipped : str
        Why the file holds no events; empty where it does.
    is_anew : bool
        Whether the file is read again from its start: what came of it does not count.
    waiting : list of Placed
        Parts that are to be taken when all files are read; nothing of them is counted yet.
    """

    done: float
    files: NDArray[np.int64]
    read: NDArray[np.int64]
    rejected: NDArray[np.int64]
    repeated: NDArray[np.int64]
    pieces: list[Piece] = field(default_factory=list)
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECTS))
    rejected_loads: list[pl.DataFrame] = field(default_factory=list)
    left_out: dict[int, frozenset[str]] = field(default_factory=dict)
    words: list[Mapping[str, Mapping[str, str]]] = field(default_factory=list)
    told: dict[int, NamedColumns] = field(default_factory=dict)
    skipped: str = ""
    is_anew: bool = False
    waiting: list[Placed] = field(default_factory=list)

    @classmethod
    def of(cls, files: NDArray[np.int64], *, done: float = 1.0, skipped: str = "") -> Taken:
        """Make the outcome of files without records."""
        read, rejected, repeated = (np.zeros(len(files), np.int64) for _ in range(3))
        return cls(done, files, read, rejected, repeated, skipped=skipped)


def placed_alone(batch: Batch, source: Source, file: int) -> Placed:
    """Place a batch that holds records of one file only, with the columns that its folders give."""
    kind = source.kind or (batch.told.kind if batch.told else "") or None
    rows = np.zeros(batch.table.num_rows, np.int32)
    if source.columns:
        batch = with_columns_of_folders(batch, [source.columns], rows)
    left_out = batch.left_out | columns_not_used(batch.table.column_names, kind, source.columns)
    files, broken = np.array([file]), np.zeros(batch.broken.height, np.int32)
    told = {0: batch.told} if batch.told else {}
    return Placed(batch, kind, files, rows, broken, {0: left_out}, left_out, told)


def columns_not_used(
    names: Iterable[str], kind: str | None, folders: Mapping[str, str | None]
) -> frozenset[str]:
    """Columns of other kinds or tables among known ones, and those of folders that no event has: often a mistake."""
    given = frozenset(names)
    own = EVENTS[kind].columns if kind and "kind" not in given else _ANY_EVENT
    return (given - frozenset(own) - {"kind", DATE_OF_TIME}) | unused_columns(folders)


def take(
    parts: Sequence[Placed],
    sources: Sequence[Source],
    policy: Policy,
    arrived: Callable[[Source], int] | None = None,
) -> Taken:
    """Validate batches of one bundle, or the only batch of a file.

    Parameters
    ----------
    parts : sequence of Placed
        Batches of the same segments.
    sources : sequence of Source
        All sources.
    policy : Policy
        As in `validate`.
    arrived : callable, optional
        When the events of a source came, microseconds since 1970, UTC.

    Returns
    -------
    Taken
    """
    files = parts[0].files
    names = [sources[file].name for file in files.tolist()]
    taken = Taken.of(files, done=parts[-1].batch.done)
    taken.is_anew = parts[0].batch.is_anew
    came = arrived and np.array([arrived(sources[file]) for file in files.tolist()], np.int64)
    rejects: list[pl.DataFrame] = []
    for part in parts:
        rejects += _taken_part(part, names, policy, came, taken)
        for segment, columns in part.left_out.items():
            file = int(files[segment])
            taken.left_out[file] = taken.left_out.get(file, frozenset()) | columns
        taken.told |= {int(files[segment]): told for segment, told in part.told.items()}
    every = pl.concat([pl.DataFrame(schema=REJECTS | _ORDER), *rejects])
    taken.rejected += _per_segment(every["segment"].to_numpy(), len(files))
    if len(files) > 1:
        every = every.sort(*_ORDER, maintain_order=True)
    taken.rejects = every.drop(*_ORDER)
    return taken


def _taken_part(
    part: Placed, names: Sequence[str], policy: Policy, came: NDArray[np.int64] | None, taken: Taken
) -> Iterator[pl.DataFrame]:
    """Validate one batch into `taken`, and yield its rejects, as `REJECTS` and `_ORDER`."""
    batch = part.batch
    for segments in (part.rows, part.broken):
        taken.read += _per_segment(segments, len(part.files))
    if batch.repeated:
        taken.read[0] += batch.repeated
        taken.repeated[0] += batch.repeated
    if batch.broken.height:
        kind_and_code = {"kind": pl.lit(part.kind, pl.String), "code": pl.lit("not_parseable")}
        places = [_BROKEN] * batch.broken.height
        yield _rejects(batch.broken.with_columns(**kind_and_code), names, part.broken, places)
    for kind, rows, is_told in _kinds(part):
        table = batch.table if rows is None else batch.table.take(picked(rows))
        segments = part.rows if rows is None else part.rows[rows]
        if kind not in KINDS:
            bad = _of_no_kind(kind, names, segments)
        else:
            files = part.files[segments].astype(np.int32) if len(part.files) > 1 else None
            events, bad = validate(
                table, kind, policy, part.hint, files, None if came is None else came[segments]
            )
            taken.words.append(events.words_known)
            if len(events.at):
                taken.pieces.append((events, int(part.files[0])))
        if kind == "load" and bad.height:
            taken.rejected_loads.append(plates_of(table, bad["row"], policy.time_zone))
        if bad.height:
            chosen = bad["row"].to_numpy()
            mine = chosen if rows is None else rows[chosen]
            firsts = _first_rows(segments, rows) if is_told else {}
            places = [firsts.get(segment, _UNTOLD) for segment in part.rows[mine].tolist()]
            found = bad.with_columns(
                pl.Series("line", batch.lines[mine], pl.Int64).replace(0, None),
                pl.lit(kind, pl.String).alias("kind"),
                pl.Series("raw", batch.raw(mine), pl.String),
            )
            yield _rejects(found, names, part.rows[mine], places)


def _per_segment(segments: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """How many records each segment has; a million of one need no counting."""
    return np.bincount(segments, minlength=count) if count > 1 else np.array([len(segments)])


def _of_no_kind(kind: str | None, names: Sequence[str], segments: NDArray[np.int32]) -> pl.DataFrame:
    """Reject all records of an unknown kind, or of none; row, code, detail as `validate` gives them."""
    if kind:
        details = pl.Series([message("kind_unknown", {"kind": kind, "kinds": words_of(EVENT_WORDS, KINDS)})])
        details = details.new_from_index(0, len(segments))
    else:
        details = pl.Series([message("kind_untold", {"file": name}) for name in names]).gather(segments)
    return pl.DataFrame({"row": np.arange(len(segments)), "detail": details}).with_columns(
        pl.lit("unknown_kind").alias("code")
    )


class _OfKind(NamedTuple):
    """Records of one kind: their rows (None for all), and whether they give the kind themselves."""

    kind: str | None
    rows: NDArray[np.int64] | None
    is_told: bool


def _kinds(part: Placed) -> list[_OfKind]:
    """List each kind in a batch with its rows."""
    table = part.batch.table
    if not table.num_rows:
        return []
    if "kind" not in table.column_names:
        return [_OfKind(part.kind, None, is_told=False)]
    column = coded(table.column("kind"))
    names = clean_codes(column.values)
    kinds = [name for name in names.unique(maintain_order=True).to_list() if name is not None]
    number = names.replace_strict(kinds, range(len(kinds)), default=-1, return_dtype=pl.Int64).to_numpy()
    per_row = column.spread(number, -1)
    found: list[_OfKind] = []
    for index, kind in [(-1, part.kind), *enumerate(kinds)]:
        rows = np.flatnonzero(per_row == index)
        if len(rows) == table.num_rows:
            return [_OfKind(kind, None, is_told=False)]
        if len(rows):
            found.append(_OfKind(kind, rows, is_told=index >= 0))
    return found


def _first_rows(segments: NDArray[np.int32], rows: NDArray[np.int64] | None) -> dict[int, int]:
    """The first row that each segment has of a kind."""
    found, firsts = np.unique(segments, return_index=True)
    return dict(zip(found.tolist(), (firsts if rows is None else rows[firsts]).tolist(), strict=True))


def _rejects(
    frame: pl.DataFrame, names: Sequence[str], segments: NDArray[np.int32], places: Sequence[int]
) -> pl.DataFrame:
    files = pl.Series(names, dtype=pl.String).gather(segments)
    order = {"segment": pl.Series(segments), "place": pl.Series(places, dtype=pl.Int64)}
    return frame.with_columns(file=files, **order).select(
        pl.col(name).cast(dtype) for name, dtype in (REJECTS | _ORDER).items()
    )
