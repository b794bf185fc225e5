"""Read a bundle of small files as few batches: segments of one header are parsed together, those of one kind validated together.

What is told of a record never depends on the files around it. Segments share a batch only where every message about their
records would be the same if each were read alone, and the batches of a kind keep the order of the files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.events.batches import Batch, picked, plain_table
from poolpipe.events.csv_records import (
    SUSPECTS,
    framed_texts,
    headers_among,
    read_records,
)
from poolpipe.events.folders import event_columns, with_columns_of_folders
from poolpipe.events.json_keys import are_foreign, columns_of_keys
from poolpipe.events.mapping import with_words
from poolpipe.events.naming import ANY_NAMES
from poolpipe.events.ndjson import read_lines
from poolpipe.events.taking import Placed, columns_not_used
from poolpipe.tables import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.csv_records import Header
    from poolpipe.events.naming import NamedColumns
    from poolpipe.events.small_files import Segment
    from poolpipe.events.sources import Source

__all__ = ["Block", "columns_of_shapes", "in_other_words", "read_bundle", "told_of"]

_SHAPES = 1 << 12
"""Kinds with their columns that are kept in the cache; a campaign has a few."""


def read_bundle(
    bundle: Sequence[Segment],
    sources: Sequence[Source],
    longest: int,
    words: Mapping[str, Mapping[str, str]],
) -> Iterator[list[Placed] | int]:
    """Read the segments of a bundle as batches, in the order of its files.

    Parameters
    ----------
    bundle : sequence of Segment
        In the order of the files.
    sources : sequence of Source
        All sources.
    longest : int
        Bytes of the longest record.
    words : mapping of str to mapping
        Of a mapping: column to words and the values that they stand for.

    Yields
    ------
    list of Placed or int
        Batches of the same segments, those of a kind in the order of the segments; or the index of a file that must be
        read alone, because headers further down are among its lines, or keys in other words.
    """
    blocks, odd = _blocks(bundle, longest)
    if not odd:
        yield [
            replace(part, batch=_filled(part, bundle, sources, words))
            for part in _parts(bundle, blocks, sources)
        ]
        return
    for alone, run in groupby(bundle, lambda segment: segment.file in odd):
        if alone:
            yield from (segment.file for segment in run)
        else:
            yield from read_bundle(list(run), sources, longest, words)


class _SegmentColumns(NamedTuple):
    """Known columns of a segment's records that can be read, by their proper names; the others as they are written; the header."""

    known: frozenset[str]
    left_out: frozenset[str]
    told: NamedColumns | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Records that were parsed together; a segment is its index in the bundle.

    Attributes
    ----------
    batch : Batch
    rows, broken : (n,), (m,) int32
        Segment of each row, and of each broken record.
    columns : dict of int to _SegmentColumns
        The columns of each segment that has records.
    """

    batch: Batch
    rows: NDArray[np.int32]
    broken: NDArray[np.int32]
    columns: dict[int, _SegmentColumns]

    @classmethod
    def of(
        cls,
        batch: Batch,
        lines: NDArray[np.int64],
        segments: NDArray[np.int32],
        columns: dict[int, _SegmentColumns],
    ) -> Block:
        """Make a block of a batch whose lines are indices into `lines` and `segments`."""
        rows, broken = batch.lines, batch.broken["line"].to_numpy()
        trouble = batch.broken.with_columns(pl.Series("line", lines[broken], pl.Int64))
        batch = replace(batch, lines=lines[rows], broken=trouble)
        return cls(batch, segments[rows], segments[broken], columns)

    def kept(self, segments: NDArray[np.bool_]) -> Block:
        """Only the records of some segments."""
        rows, broken = np.flatnonzero(segments[self.rows]), np.flatnonzero(segments[self.broken])
        if len(rows) == len(self.rows) and len(broken) == len(self.broken):
            return self
        batch = replace(
            self.batch,
            table=self.batch.table.take(picked(rows)),
            lines=self.batch.lines[rows],
            raw=lambda wanted: self.batch.raw(rows[wanted]),
            broken=self.batch.broken[broken],
        )
        return replace(self, batch=batch, rows=self.rows[rows], broken=self.broken[broken])


def _blocks(bundle: Sequence[Segment], longest: int) -> tuple[list[Block], set[int]]:
    """Parse the segments of each header together; also give the files in which headers are among the lines."""
    by_header: dict[Header | None, list[int]] = {}
    for index, segment in enumerate(bundle):
        by_header.setdefault(segment.header, []).append(index)
    blocks: list[Block] = []
    odd: set[int] = set()
    for header, indices in by_header.items():
        if header is None:
            block, in_other_words = _block_of_objects(bundle, indices, longest)
            blocks.append(block)
            odd.update(bundle[index].file for index in in_other_words)
        else:
            block, with_headers = _block_of_cells(bundle, indices, header, longest)
            blocks.append(block)
            odd.update(bundle[index].file for index in with_headers)
    return blocks, odd


def _block_of_cells(
    bundle: Sequence[Segment], indices: list[int], header: Header, longest: int
) -> tuple[Block, list[int]]:
    """Parse CSV segments of one header; also find those that hold a further header."""
    text, framed, places = framed_texts([bundle[index].text for index in indices], header.separator, longest)
    segments = np.array(indices, np.int32)[places]
    batch, suspects = read_records(text, framed._replace(lines=np.arange(len(places))), header)
    of_segment = segments[suspects]
    among_own = np.arange(len(suspects)) - np.searchsorted(of_segment, of_segment)
    suspects = suspects[among_own < SUSPECTS]
    found = headers_among(text, framed, suspects, header)
    odd = segments[np.fromiter(found, np.int64)]
    nothing = _SegmentColumns(frozenset(), header.left_out, header.told)
    columns = dict.fromkeys(np.unique(segments).tolist(), nothing)
    filled = np.unique(segments[batch.lines]).tolist()
    columns |= dict.fromkeys(filled, nothing._replace(known=frozenset(header.known.values())))
    return Block.of(batch, framed.lines, segments, columns), odd.tolist()


def _block_of_objects(bundle: Sequence[Segment], indices: list[int], longest: int) -> tuple[Block, list[int]]:
    """Parse segments of NDJSON; also find those with keys that stand for columns of other names."""
    texts = [bundle[index].text for index in indices]
    heights = [text.count(b"\n") + 1 for text in texts]
    segments = np.repeat(np.array(indices, np.int32), heights)
    lines = np.concatenate(
        [np.arange(height) + bundle[index].line for index, height in zip(indices, heights, strict=True)]
    )
    batch, present, keys = read_lines(b"\n".join(texts), longest)
    shapes: dict[int, set[str]] = {}
    for segment, shape in set(zip(segments[present].tolist(), keys.to_list(), strict=True)):
        shapes.setdefault(segment, set()).add(shape)
    columns = {segment: columns_of_shapes(frozenset(own)) for segment, own in shapes.items()}
    odd = [segment for segment, own in shapes.items() if in_other_words(frozenset(own))]
    return Block.of(batch, lines, segments, columns), odd


@lru_cache(_SHAPES)
def in_other_words(shapes: frozenset[str]) -> bool:
    """Whether a key of objects whose keys are these JSON lists stands for a column of another name."""
    return are_foreign(shapes, ANY_NAMES)


@lru_cache(_SHAPES)
def columns_of_shapes(shapes: frozenset[str]) -> _SegmentColumns:
    """Columns of objects whose keys are these JSON lists."""
    spellings, left_out = columns_of_keys({key for shape in shapes for key in json.loads(shape)})
    return _SegmentColumns(frozenset(spellings or ["kind"]), left_out)  # as `plain_table`


class _Told(NamedTuple):
    """What messages about a segment's records depend on besides the records.

    Attributes
    ----------
    kind : str or None
        Kind of all its events; None where the records give it.
    columns : frozenset of str
        The columns whose absence a message tells.
    hint : frozenset of str
        Columns not used that a message may name.
    """

    kind: str | None
    columns: frozenset[str]
    hint: frozenset[str]


@lru_cache(_SHAPES)
def told_of(kind: str | None, known: frozenset[str], left_out: frozenset[str]) -> _Told:
    """What is told of the records under these columns; in doubt all columns are."""
    if kind is None or "kind" in known:
        return _Told(None, known, left_out)
    required = {"at", *EVENTS[kind].must, "tube", "well"} & set(EVENTS[kind].columns)
    named = not required <= known or "lab" in required
    return _Told(kind, known & required, left_out if named else frozenset())


@dataclass(slots=True)
class _SegmentGroup:
    """Segments whose records are validated together: their kind, their known columns, and those not used of each."""

    told: _Told
    kind: str | None
    known: frozenset[str] = frozenset()
    left_out: dict[int, frozenset[str]] = field(default_factory=dict)
    headers: dict[int, NamedColumns] = field(default_factory=dict)


def _parts(bundle: Sequence[Segment], blocks: Sequence[Block], sources: Sequence[Source]) -> list[Placed]:
    """Divide the records of all blocks into batches, each of segments of which the same is told."""
    columns = {segment: own for block in blocks for segment, own in block.columns.items()}
    filled = {segment for block in blocks for segment in np.unique(block.rows).tolist()}
    own_sources = [sources[segment.file] for segment in bundle]
    latest: dict[str | None, _SegmentGroup] = {}
    groups: list[_SegmentGroup] = []
    for segment, (known, left_out, header) in sorted(columns.items()):
        source = own_sources[segment]
        kind = source.kind or (header.kind if header else "") or None
        given = known | event_columns(source.columns) if segment in filled else known
        unused = left_out | columns_not_used(given, kind, source.columns)
        told = told_of(kind, given, unused)
        if segment in filled:
            if (None in latest) != (told.kind is None):
                latest.clear()  # records that give their own kind may be of any: the next group comes behind them
            group = latest.get(told.kind)
            fits = group is not None and (group.told, group.kind) == (told, kind)
        else:  # of broken records alone the kind of the file is told
            group = next((each for each in latest.values() if each.kind == kind), None)
            fits = group is not None
        if group is None or not fits:
            group = latest[told.kind] = _SegmentGroup(told, kind)
            groups.append(group)
        group.left_out[segment] = unused
        if header:
            group.headers[segment] = header
        group.known |= known if segment in filled else frozenset()
    files = np.array([segment.file for segment in bundle])
    return [_placed(group, blocks, files) for group in groups]


def _placed(group: _SegmentGroup, blocks: Sequence[Block], files: NDArray[np.int64]) -> Placed:
    """Make the batch of a group from its records in all blocks."""
    mine = np.zeros(len(files), np.bool_)
    mine[list(group.left_out)] = True
    kept = [block.kept(mine) for block in blocks if group.left_out.keys() & block.columns.keys()]
    block = _merged(kept, group.known)
    return Placed(
        block.batch,
        group.kind,
        files,
        block.rows,
        block.broken,
        group.left_out,
        group.told.hint,
        group.headers,
    )


def _filled(
    part: Placed, bundle: Sequence[Segment], sources: Sequence[Source], words: Mapping[str, Mapping[str, str]]
) -> Batch:
    """The batch of a part with the words of a mapping replaced, and with the columns that folders give."""
    batch = replace(part.batch, table=with_words(part.batch.table, words))
    folders = [
        sources[segment.file].columns if index in part.left_out else {}
        for index, segment in enumerate(bundle)
    ]
    return with_columns_of_folders(batch, folders, part.rows) if any(folders) else batch


def _merged(blocks: Sequence[Block], known: frozenset[str]) -> Block:
    """Put the records of several blocks into one, in the order of their segments, with the known columns of all."""
    rows = np.concatenate([block.rows for block in blocks])
    order = np.argsort(rows, kind="stable")
    places = np.concatenate([np.arange(len(block.rows)) for block in blocks])[order]
    origin = np.repeat(np.arange(len(blocks)), [len(block.rows) for block in blocks])[order]

    def raw(wanted: NDArray[np.int64]) -> list[str]:
        texts = np.empty(len(wanted), object)
        for index, block in enumerate(blocks):
            own = np.flatnonzero(origin[wanted] == index)
            texts[own] = block.batch.raw(places[wanted[own]])
        return texts.tolist()

    table = pa.concat_tables(
        [_texts(block.batch.table, known) for block in blocks], promote_options="default"
    )
    if len(blocks) > 1:
        table = table.take(picked(order))
    columns = {name: table.column(name) for name in table.column_names}
    batch = Batch(
        plain_table(columns, len(rows)),
        np.concatenate([block.batch.lines for block in blocks])[order],
        raw,
        pl.concat([block.batch.broken for block in blocks]),
    )
    return Block(batch, rows[order], np.concatenate([block.broken for block in blocks]), {})


def _texts(table: pa.Table, known: frozenset[str]) -> pa.Table:
    """The known columns of a table, all of one type of text."""
    return pa.table(
        {name: table.column(name).cast(pa.large_string()) for name in table.column_names if name in known}
    )
