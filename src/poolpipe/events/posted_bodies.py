"""Validate what devices posted: thousands of single objects at once, all else as files of its kind are read.

Objects are parsed as the lines of one text. Those share a batch of which the same is told, so that no message about one
depends on another.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.events.batches import Batch, broken, unpacked
from poolpipe.events.bundles import Block, columns_of_shapes, in_other_words, read_bundle, told_of
from poolpipe.events.formats import NoEventsError
from poolpipe.events.naming import Naming
from poolpipe.events.ndjson import batches_of_lines, read_lines
from poolpipe.events.opening import batches_of
from poolpipe.events.posted import PostedForm
from poolpipe.events.posted_streams import read_streams
from poolpipe.events.small_files import PlainTexts
from poolpipe.events.sources import Source
from poolpipe.events.taking import Placed, columns_not_used, placed_alone, take
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.posted import Posted
    from poolpipe.events.small_files import Segment
    from poolpipe.events.taking import Taken
    from poolpipe.policy import Policy

__all__ = ["name_of", "take_posted"]

_NOWHERE: Final = Path("inbox")


def name_of(posted: Posted) -> str:
    """The name of a request in messages."""
    return f"inbox/{posted.position}"


def take_posted(requests: Sequence[Posted], policy: Policy) -> Iterator[Taken]:
    """Clean and check what was posted, by the rules of files.

    Parameters
    ----------
    requests : sequence of Posted
        With their positions. Each counts as a file of its own, and arrived when it says.
    policy : Policy
        As in `read_events`.

    Yields
    ------
    Taken
        Its `files` are indices of requests. One that turns out to hold no events is one rejected record.
    """
    sources = [Source(_NOWHERE, name_of(each), each.kind, size=len(each.content)) for each in requests]
    times = {source.name: each.arrived for source, each in zip(sources, requests, strict=True)}
    reader = _RequestReader(requests, sources, policy.files.longest_record)
    forms = np.fromiter((each.form for each in requests), np.int8, len(requests))
    parts = [reader.objects(np.flatnonzero(forms == PostedForm.OBJECT))]
    parts += [
        reader.texts(np.flatnonzero(forms == PostedForm.TEXT)),
        reader.streams(np.flatnonzero(forms == PostedForm.ARROW)),
        reader.refused(np.flatnonzero(forms == PostedForm.REFUSED)),
    ]
    for placed in (each for several in parts for each in several):
        yield take([placed], sources, policy, lambda source: times[source.name])


class _RequestReader:
    """Reads requests as batches; an index is that of a request."""

    def __init__(self, requests: Sequence[Posted], sources: Sequence[Source], longest: int) -> None:
        self._requests, self._sources, self._longest = requests, sources, longest

    def objects(self, indices: NDArray[np.int64]) -> Iterator[Placed]:
        """Read single objects, each on a line of its own."""
        if not len(indices):
            return
        text = b"\n".join([self._requests[index].content for index in indices.tolist()])
        batch, present, keys = read_lines(text, self._longest)
        shapes = keys.unique(maintain_order=True)
        shape_of = keys.replace_strict(shapes, range(len(shapes)), return_dtype=pl.Int64).to_numpy()
        kinds = [self._requests[index].kind for index in indices[present].tolist()]
        names = list(dict.fromkeys(kinds))
        kind_of = (
            pl.Series(kinds, dtype=pl.String)
            .fill_null("")
            .replace_strict([name or "" for name in names], range(len(names)), return_dtype=pl.Int64)
        )
        group = np.full(len(indices), -1)
        group[present] = kind_of.to_numpy() * len(shapes) + shape_of
        block = Block(
            replace(batch, lines=np.ones(len(batch.lines), np.int64), broken=batch.broken.with_columns(line=pl.lit(1, pl.Int64))),
            batch.lines.astype(np.int32), batch.broken["line"].to_numpy().astype(np.int32), {},
        )  # fmt: skip
        yield from self._groups(block, indices, group, shapes.to_list(), names)

    def _groups(
        self,
        block: Block,
        indices: NDArray[np.int64],
        group: NDArray[np.int64],
        shapes: list[str],
        names: list[str | None],
    ) -> Iterator[Placed]:
        """Divide objects, by their kinds and keys, into batches of which the same is told."""
        together: dict[object, list[int]] = {}
        known: dict[int, frozenset[str]] = {}
        unused: dict[int, frozenset[str]] = {}
        for each in np.unique(group[group >= 0]).tolist():
            kind, own = names[each // len(shapes)], frozenset([shapes[each % len(shapes)]])
            columns = columns_of_shapes(own)
            known[each] = columns.known
            unused[each] = columns.left_out | columns_not_used(columns.known, kind, {})
            is_odd = in_other_words(own)
            told = told_of(kind, columns.known, unused[each])
            together.setdefault((is_odd, kind, own if is_odd else told), []).append(each)
        for (is_odd, kind, told), several in together.items():  # type: ignore[misc]
            mine = np.isin(group, several)
            if is_odd:
                yield from self._in_other_words(indices[mine], kind)
                continue
            kept = block.kept(mine)
            left_out = frozenset().union(*(unused[each] for each in several))
            named = frozenset().union(*(known[each] for each in several))
            table = kept.batch.table
            batch = replace(
                kept.batch, table=table.select([name for name in table.column_names if name in named])
            )
            first = int(np.flatnonzero(mine)[0])
            yield Placed(batch, kind, indices, kept.rows, kept.broken, {first: left_out}, told.hint)

    def _in_other_words(self, indices: NDArray[np.int64], kind: str | None) -> Iterator[Placed]:
        """Read objects whose keys stand for columns of other names."""
        text = b"\n".join([self._requests[index].content for index in indices.tolist()])
        naming = Naming(kind or "", "", "", {}, self._sources[indices[0]].name)
        for batch in batches_of_lines(text, np.arange(len(indices)), self._longest, naming):
            rows, lost = batch.lines.astype(np.int32), batch.broken["line"].to_numpy().astype(np.int32)
            own = kind or (batch.told.kind if batch.told else "") or None
            left_out = batch.left_out | columns_not_used(batch.table.column_names, own, {})
            first = batch.broken.with_columns(line=pl.lit(1, pl.Int64))
            plain = replace(batch, lines=np.ones(len(rows), np.int64), broken=first)
            yield Placed(plain, own, indices, rows, lost, {0: left_out}, left_out)

    def texts(self, indices: NDArray[np.int64]) -> Iterator[Placed]:
        """Read NDJSON, arrays and CSV: those that can be, together."""
        plain, bundle = PlainTexts(self._longest), list["Segment"]()
        for index in indices.tolist():
            segments = plain.segments(index, self._sources[index], self._requests[index].content)
            if segments is None:
                yield from self._alone(index)
            else:
                bundle += segments
        for each in read_bundle(bundle, self._sources, self._longest, {}) if bundle else ():
            if isinstance(each, int):
                yield from self._alone(each)
            else:
                yield from each

    def streams(self, indices: NDArray[np.int64]) -> Iterator[Placed]:
        """Read Arrow streams: those that can be, together."""
        for each in read_streams(self._requests, self._sources, indices, self._longest):
            if isinstance(each, int):
                yield from self._alone(each)
            else:
                yield each

    def refused(self, indices: NDArray[np.int64]) -> Iterator[Placed]:
        """Keep each message that was refused as one rejected record."""
        for index in indices.tolist():
            why, _, content = self._requests[index].content.partition(b"\n")
            yield self._lost(index, why.decode(), content)

    def _alone(self, index: int) -> Iterator[Placed]:
        """Read a request as a file of its own."""
        source, placed = self._sources[index], list[Placed]()
        with _as_file(self._requests[index].content) as path:
            try:
                for came in batches_of(replace(source, path=path), self._longest):
                    for batch in unpacked(came):
                        placed = [] if batch.is_anew else [*placed, placed_alone(batch, source, index)]
            except NoEventsError as reason:
                placed = [self._lost(index, reason, self._requests[index].content)]
            yield from placed

    def _lost(self, index: int, why: object, content: bytes) -> Placed:
        """A request of which nothing can be read, as one rejected record."""
        told = message("inbox_unreadable_body", {"why": why})
        batch = Batch.of_broken(broken([None], [told], [content.decode(errors="replace")]))
        return placed_alone(batch, self._sources[index], index)


@contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    """Give content a path, in memory where the system has such files: what it says in clear is not to lie on a disk."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("posted")
        with os.fdopen(number, "wb", buffering=0) as file:
            file.write(content)
            yield Path(f"/proc/self/fd/{number}")
    else:
        with NamedTemporaryFile() as named:
            named.write(content)
            named.flush()
            yield Path(named.name)
