"""Read some files on a worker: their events as bytes, the pairs that decide where these go, and what became of every record."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from poolpipe.cluster.event_blobs import event_table, kept_bytes, unpacked
from poolpipe.cluster.routing import PAIRS, pairs_of
from poolpipe.coding.quarters import Heard
from poolpipe.errors import PoolpipeError
from poolpipe.events.outcomes import outcomes_of
from poolpipe.events.reading import Tally
from poolpipe.instruments.event_source import InstrumentSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from poolpipe.events.assemble import Piece
    from poolpipe.events.file_outcomes import FileOutcomes
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Placed
    from poolpipe.policy import Policy

__all__ = [
    "OUTCOME",
    "PAIRS_FOUND",
    "PLACES",
    "FilesRead",
    "ReadTask",
    "TravellingRow",
    "outcome_row",
    "pairs_in",
    "received",
    "rows_of_pieces",
    "rows_of_tally",
    "versions_here",
]

OUTCOME: Final = "outcome"
PAIRS_FOUND: Final = "pairs"

PLACES: Final = 32
"""Bits of a place below the number of its task."""

_ROWS: Final = 1 << 19
"""The most events of a blob: some tens of megabytes."""


class TravellingRow(NamedTuple):
    """A row of what travels between machines.

    Attributes
    ----------
    part : int
        Partition that it is for; -1 for none.
    what : str
        A kind of event, or what else it is.
    place : int
        Where it stands in the order of the files.
    owned : bool
        Whether its events are counted in that partition.
    blob : bytes or pyarrow.Buffer
        Of a row that was kept in a file, the file's name.
    """

    part: int
    what: str
    place: int
    owned: bool
    blob: bytes | pa.Buffer


def versions_here() -> str:
    """Versions of Python, poolpipe and polars."""
    own = version("poolpipe")
    return (
        f"Python {sys.version_info.major}.{sys.version_info.minor}, poolpipe {own}, polars {pl.__version__}"
    )


@dataclass(slots=True)
class FilesRead:
    """What a task tells beside the events.

    Attributes
    ----------
    number : int
        The task's.
    first : int
        Number of the first file.
    files : FileOutcomes
    latest : int or None
        Time of the latest event, microseconds since 1970, UTC.
    events, reads, collects : int
        How many events there are, and of these kinds, duplicates among them.
    versions : str
        Of what reads them: hashes are equal only where these are.
    unseen : list of str
        Names of the files that the worker does not find, or finds shorter than the driver did.
    waiting : list of Placed
        Loads of machines that lack a lab, which loads of other files may name.
    notes : dict
        Name of each machine's file, and the notes on it.
    heard : Heard
        What arrivals tell, of a store.
    error : PoolpipeError or None
        Why the input cannot be used at all.
    """

    number: int
    first: int
    files: FileOutcomes
    latest: int | None = None
    events: int = 0
    reads: int = 0
    collects: int = 0
    versions: str = field(default_factory=versions_here)
    unseen: list[str] = field(default_factory=list)
    waiting: list[Placed] = field(default_factory=list)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard.nothing)
    error: PoolpipeError | None = None


@dataclass(frozen=True, slots=True)
class ReadTask:
    """Files that one task reads.

    Attributes
    ----------
    number : int
    first : int
        Number of the first file.
    sources : list of Source
        Files that follow each other.
    policy : Policy
    mapping : ColumnMapping or None
    """

    number: int
    first: int
    sources: list[Source]
    policy: Policy
    mapping: ColumnMapping | None

    def rows(self) -> Iterator[TravellingRow]:
        """Read the files.

        Yields
        ------
        TravellingRow
            Events of a kind (`event_blobs`), `PAIRS_FOUND` (a frame as `routing.PAIRS`), and one `OUTCOME` (`FilesRead`, pickled).
        """
        tally, machines = Tally(self.sources), InstrumentSource(self.policy)
        told = FilesRead(self.number, self.first, tally.files)
        told.unseen = [source.name for source in self.sources if not _is_seen(source)]
        try:
            for taken in outcomes_of(self.sources, self.policy, self.mapping, machines):
                tally.add(taken)
                told.waiting += taken.waiting
        except PoolpipeError as error:
            told.error = error
        names = {source.path: source.name for source in self.sources}
        told.notes = {names[path]: note for path, note in machines.notes().items()}
        yield from rows_of_tally(tally, told, self.policy.codes.plate_wells)


def received(blob: bytes | pa.Buffer) -> Any:
    """Read what another process of the session has pickled, which runs the same code with the same rights."""
    return pickle.loads(blob)  # noqa: S301 - as Spark itself sends functions


def rows_of_tally(tally: Tally, told: FilesRead, wells: int) -> Iterator[TravellingRow]:
    """Give the events of a tally as rows, and what is told of them; places follow from `told.number`."""
    tally.staging.close()
    yield from rows_of_pieces(tally.pieces, told.first, wells, told.number << PLACES, told)
    yield outcome_row(told)


def rows_of_pieces(
    pieces: Iterable[Piece], first: int, wells: int, place: int, told: FilesRead
) -> Iterator[TravellingRow]:
    """Give events as rows, and count them.

    Parameters
    ----------
    pieces : iterable of Piece
    first : int
        Is added to the numbers of their files.
    wells : {96, 384}
        Wells of the plate.
    place : int
        Place of the first row.
    told : FilesRead
        What is counted, and the time of the latest event.
    """
    pairs = [pl.DataFrame(schema=PAIRS)]
    for piece, file in pieces:
        rows = len(piece.at)
        if not rows:
            continue
        told.events += rows
        told.reads += rows if piece.kind == "read" else 0
        told.collects += rows if piece.kind == "collect" else 0
        told.latest = max(int(piece.at.max()), told.latest or 0)
        table = event_table(piece, file, first, wells)
        if piece.kind in ("load", "pack"):
            pairs.append(pairs_of(piece.kind, table))
        for begin in range(0, rows, _ROWS):
            yield TravellingRow(-1, piece.kind, place, owned=True, blob=kept_bytes(table.slice(begin, _ROWS)))
            place += 1
    found = pl.concat(pairs).unique()
    if found.height:
        yield TravellingRow(-1, PAIRS_FOUND, place, owned=True, blob=kept_bytes(found.to_arrow()))


def outcome_row(told: FilesRead) -> TravellingRow:
    """The row that says what came of a task."""
    return TravellingRow(-1, OUTCOME, told.number << PLACES, owned=True, blob=pickle.dumps(told))


def _is_seen(source: Source) -> bool:
    """Whether a file is here as it was where it was listed: a folder that is not mounted is no reason to reject its events."""
    try:
        return source.path.is_file() and (bool(source.sheet) or source.path.stat().st_size >= source.size)
    except OSError:
        return False


def pairs_in(blob: bytes | pa.Buffer) -> pl.DataFrame:
    """Read `PAIRS_FOUND` back."""
    return pl.DataFrame(unpacked(blob)).cast(PAIRS)  # type: ignore[arg-type]
