"""Read some files on a worker: their events as bytes, the pairs that decide where these go, and what became of every record."""

from __future__ import annotations

import pickle
import sys
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
import pyarrow as pa

from poolpipe.cluster.event_blobs import event_table, packed
from poolpipe.cluster.routing import PAIRS, pairs_of
from poolpipe.events.outcomes import outcomes_of
from poolpipe.events.reading import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poolpipe.events.file_outcomes import FileOutcomes
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.sources import Source
    from poolpipe.policy import Policy

__all__ = [
    "OUTCOME",
    "PAIRS_FOUND",
    "FilesRead",
    "ReadTask",
    "TravellingRow",
    "pairs_in",
    "read_tasks",
    "received",
    "scan",
    "versions_here",
]

OUTCOME: Final = "outcome"
PAIRS_FOUND: Final = "pairs"

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
    blob : bytes
    """

    part: int
    what: str
    place: int
    owned: bool
    blob: bytes


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


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What a task tells beside the events.

    Attributes
    ----------
    number : int
        The task's.
    files : FileOutcomes
    latest : int or None
        Time of the latest event, microseconds since 1970, UTC.
    events, reads, collects : int
        How many events there are, and of these kinds, duplicates among them.
    versions : str
        Of what reads them: hashes are equal only where these are.
    unseen : list of str
        Names of the files that the worker does not find, or finds shorter than the driver did.
    """

    number: int
    files: FileOutcomes
    latest: int | None
    events: int
    reads: int
    collects: int
    versions: str
    unseen: list[str]


def received(blob: bytes) -> Any:
    """Read what another process of the session has pickled, which runs the same code with the same rights."""
    return pickle.loads(blob)  # noqa: S301 - as Spark itself sends functions


def versions_here() -> str:
    """Versions of Python, poolpipe and polars."""
    own = version("poolpipe")
    return (
        f"Python {sys.version_info.major}.{sys.version_info.minor}, poolpipe {own}, polars {pl.__version__}"
    )


def read_tasks(
    sources: Sequence[Source], most: int, policy: Policy, mapping: ColumnMapping | None
) -> list[ReadTask]:
    """Cut the files of an input, in their order, into tasks of about as many bytes.

    Parameters
    ----------
    sources : sequence of Source
    most : int
        How many tasks there are at most, about: a file is not cut.
    policy, mapping
        As in `read_events`.
    """
    share = max(1, sum(source.size for source in sources) // max(1, most))
    tasks: list[ReadTask] = []
    begin, held = 0, 0
    for place, source in enumerate(sources):
        if place > begin and held + source.size > share:
            tasks.append(ReadTask(len(tasks), begin, list(sources[begin:place]), policy, mapping))
            begin, held = place, 0
        held += source.size
    if begin < len(sources):
        tasks.append(ReadTask(len(tasks), begin, list(sources[begin:]), policy, mapping))
    return tasks


def scan(task: ReadTask) -> Iterator[TravellingRow]:
    """Read the files of a task.

    Yields
    ------
    TravellingRow
        Events of a kind (`event_blobs`), `PAIRS_FOUND` (a frame as `routing.PAIRS`), and one `OUTCOME` (`FilesRead`, pickled).
    """
    unseen = [source.name for source in task.sources if not _is_seen(source)]
    tally = Tally(task.sources)
    for taken in outcomes_of(task.sources, task.policy, task.mapping):
        tally.add(taken)
    tally.staging.close()
    latest, place, seen = None, task.number << 32, Counter[str]()
    pairs = [pl.DataFrame(schema=PAIRS)]
    for piece, file in tally.pieces:
        rows = len(piece.at)
        if not rows:
            continue
        seen[piece.kind] += rows
        latest = max(int(piece.at.max()), latest or 0)
        table = event_table(piece, piece.file_of_each(file) + task.first, task.policy.codes.plate_wells)
        if piece.kind in ("load", "pack"):
            pairs.append(pairs_of(piece.kind, table))
        for begin in range(0, rows, _ROWS):
            yield TravellingRow(-1, piece.kind, place, owned=True, blob=packed(table.slice(begin, _ROWS)))
            place += 1
    found = pl.concat(pairs).unique()
    if found.height:
        yield TravellingRow(-1, PAIRS_FOUND, place, owned=True, blob=packed(found.to_arrow()))
    told = FilesRead(
        task.number, tally.files, latest, seen.total(), seen["read"], seen["collect"], versions_here(), unseen
    )
    yield TravellingRow(-1, OUTCOME, place, owned=True, blob=pickle.dumps(told))


def _is_seen(source: Source) -> bool:
    """Whether a file is here as it was where it was listed: a folder that is not mounted is no reason to reject its events."""
    try:
        return source.path.is_file() and (bool(source.sheet) or source.path.stat().st_size >= source.size)
    except OSError:
        return False


def pairs_in(blob: bytes) -> pl.DataFrame:
    """Read `PAIRS_FOUND` back."""
    return pl.DataFrame(pa.ipc.open_stream(blob).read_all()).cast(PAIRS)  # type: ignore[arg-type]
