"""A whole city: its people, tubes and infected shared out to townships, which are simulated and written in turn."""

from __future__ import annotations

import dataclasses
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.choices import check_choice
from poolpipe.errors import InputError
from poolpipe.simulate.queues import NEVER
from poolpipe.simulate.settings import FORMATS, Spread, settings_for
from poolpipe.simulate.spelling import STREAMS
from poolpipe.simulate.township import simulate_township
from poolpipe.simulate.troubles.lines import unreadable_lines, write_unreadable
from poolpipe.simulate.truth import pending_at
from poolpipe.simulate.writing import StreamWriter, TableWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from poolpipe.simulate.fault_rates import LabFaults
    from poolpipe.simulate.settings import Settings
    from poolpipe.simulate.township import TownshipFrames

__all__ = ["Summary", "simulate", "townships_of"]

_FIRST_DAY = np.datetime64("2022-04-04")
_CHINA_OFFSET_US = 8 * 3_600_000_000
_DAYS_BETWEEN_ROUNDS = 3
# Sender and format of each stream, where formats are mixed: sites, couriers (转运) and laboratories (检测) have their own systems.
_MIXED: Mapping[str, tuple[str, str]] = {
    "collect": ("", "csv.gz"),
    "emergency": ("应急", "ndjson"),
    "seal": ("", "ndjson.gz"),
    "pack": ("转运", "csv.zst"),
    "pickup": ("转运", "csv"),
    "receive": ("检测", "ndjson"),
    "load": ("检测", "parquet"),
    "read": ("检测", "arrow"),
    "report": ("检测", "csv"),
    "void": ("", "ndjson"),
}


@dataclass(frozen=True)
class Summary:
    """What `simulate` wrote.

    Attributes
    ----------
    folder : Path
        The folder it wrote to.
    settings : Settings
        Settings of the city, defaults included.
    seed : int
        Seed of the random numbers.
    events, references, truth : mapping of str to int
        Rows written, by kind of event, by reference table and by table of the truth.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = simulate(folder, people=500, seed=1)
    >>> written.seed, written.events["collect"] > 500
    (1, True)
    """

    folder: Path
    settings: Settings
    seed: int
    events: Mapping[str, int]
    references: Mapping[str, int]
    truth: Mapping[str, int]


def simulate(
    folder: str | Path,
    *,
    people: int | None = None,
    seed: int = 0,
    preset: str = "town",
    format: str = "parquet",  # noqa: A002 - the word users know
    pieces: int = 1,
    troubles: Mapping[str, float] | None = None,
    rounds: int | None = None,
    spread: Spread | bool = False,
    faults: LabFaults | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Simulate a screening campaign and write its events, reference tables and truth below a folder.

    The same people, seed, preset, rounds, troubles, spread and faults give the same city, whatever the format and the pieces.

    Parameters
    ----------
    folder : str or Path
        Where ``events/``, ``reference/`` and ``truth/`` go; made if it is not there.
    people : int, optional
        Residents, 100 to 100 million; townships, sites and infected go with them. Default: the preset's.
    seed : int
        Not negative.
    preset : {"town", "ruijin", "shanghai"}
        5,000 people with rich columns and two rounds; 700,000; 25,665,000 with lean columns.
    format : str
        Of the event files, one of `FORMATS`; reference tables and truth are always Parquet.
    pieces : int
        Files of each kind of event.
    troubles : mapping of str to float, optional
        Shares of carriers befallen, by the names of `TROUBLES`; those not named keep their usual rate.
    rounds : int, optional
        Rounds of screening, three days apart. Default: the preset's.
    spread : Spread or bool
        Let infections spread by household, queue and building over the days of the campaign, and write who infected whom to
        ``truth/transmissions``; True takes the published rates.
    faults : LabFaults, optional
        Let the laboratories make false positives, by splash and by a bad lot of reagent, and note them in ``truth/troubles``.
    force : bool
        Overwrite the three folders if `folder` is not empty; other files in it are left alone.
    progress : callable, optional
        Called with the townships done and all townships after each.

    Returns
    -------
    Summary
        Rows written, by stream and table.

    Raises
    ------
    PolicyError
        A preset, trouble, rate or number of people or rounds that cannot be.
    InputError
        A format or number of pieces that cannot be, or a folder that is not empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = simulate(folder, people=500, seed=1)
    >>> written.references["people"]
    500
    """
    settings = settings_for(preset, people=people, troubles=troubles, rounds=rounds)
    if spread:
        settings = dataclasses.replace(settings, spread=Spread() if spread is True else spread)
    settings = dataclasses.replace(settings, faults=faults)
    check_choice("format", format, FORMATS, InputError)
    if pieces < 1:
        raise InputError.of("pieces", where="pieces", pieces=pieces)
    target = _empty_folder(Path(folder), force=force)
    files = _CityFiles(target, settings, format=format, pieces=pieces)
    for township, frames in enumerate(townships_of(settings, seed)):
        files.write(township, frames)
        if progress is not None:
            progress(township + 1, settings.townships)
    files.write_truth("rejects", _unreadable(settings, seed, target / "events"))
    return files.close(seed)


class _CityFiles:
    """The open files of a city; clocks that still run wait for its last event."""

    def __init__(self, target: Path, settings: Settings, *, format: str, pieces: int) -> None:  # noqa: A002
        self._target = target
        self._settings = settings
        self._streams = _writers(target / "events", settings, format=format, pieces=pieces)
        self._tables: dict[str, dict[str, TableWriter]] = {"reference": {}, "truth": {}}
        self._pending: list[pl.DataFrame] = []
        self._last_at = NEVER

    def write(self, township: int, frames: TownshipFrames) -> None:
        """Write one township."""
        self._pending += frames.pending
        self._last_at = max(self._last_at, frames.last_at)
        for stream, frame in frames.events.items():
            self._streams[stream].write(township, frame)
        for name, frame in frames.references.items():
            self._write_table("reference", name, frame)
        for name, frame in frames.truth.items():
            self.write_truth(name, frame)

    def write_truth(self, name: str, frame: pl.DataFrame) -> None:
        """Write rows of a table of the truth."""
        self._write_table("truth", name, frame)

    def close(self, seed: int) -> Summary:
        """Decide the clocks that run, close every file and count what was written."""
        if self._pending:
            self.write_truth("troubles", pending_at(pl.concat(self._pending), self._last_at))
        for stream in self._streams.values():
            stream.close()
        for group in self._tables.values():
            for table in group.values():
                table.close()
        return Summary(
            folder=self._target,
            settings=self._settings,
            seed=seed,
            events={name: stream.rows for name, stream in self._streams.items()},
            references={name: table.rows for name, table in self._tables["reference"].items()},
            truth={name: table.rows for name, table in self._tables["truth"].items()},
        )

    def _write_table(self, group: str, name: str, frame: pl.DataFrame) -> None:
        path = self._target / group / f"{name}.parquet"
        self._tables[group].setdefault(name, TableWriter(path)).write(frame)


def townships_of(settings: Settings, seed: int) -> Iterator[TownshipFrames]:
    """Make the townships of a city one after the other; the next is made in another thread while one is written.

    Parameters
    ----------
    settings : Settings
        The city's parameters.
    seed : int
        Seed of all random numbers.

    Yields
    ------
    TownshipFrames
    """
    rng = np.random.default_rng([seed, 999_999])
    weights = rng.uniform(0.6, 1.4, settings.townships)
    people = _shares(settings.people, weights)
    uneven = 0.7 if settings.clustered else 0.0
    infected = _shares(settings.infected, people * rng.lognormal(0.0, uneven, settings.townships))
    infected = np.minimum(infected, people // 3)
    tubes: list[int | None] = [None] * settings.townships
    if settings.tubes_per_person is not None:
        tubes = list(_shares(round(settings.people * settings.tubes_per_person), people).tolist())
    days = _days(settings)
    with ThreadPoolExecutor(max_workers=2) as pool:
        waiting: deque[Future[TownshipFrames]] = deque()
        for township in range(settings.townships):
            waiting.append(
                pool.submit(
                    simulate_township,
                    settings,
                    township,
                    seed=seed,
                    people=int(people[township]),
                    infected=int(infected[township]),
                    tubes=tubes[township],
                    days=days,
                )
            )
            if len(waiting) > 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _writers(events: Path, settings: Settings, *, format: str, pieces: int) -> dict[str, StreamWriter]:  # noqa: A002
    """A writer for each stream; mixed formats lie in folders as several senders would name them."""
    writers = {}
    for stream, (folder, name) in STREAMS.items():
        sender, chosen = _MIXED[stream] if format == "mixed" else ("", format)
        place = events / sender / folder
        writers[stream] = StreamWriter(place, chosen, pieces=pieces, chunks=settings.townships, name=name)
    return writers


def _unreadable(settings: Settings, seed: int, events: Path) -> pl.DataFrame:
    """Write the unreadable lines; give file, line and reject code of each."""
    rng = np.random.default_rng([seed, 999_998])
    count = unreadable_lines(settings.troubles["unreadable"], settings.people, settings.least, rng)
    rows = write_unreadable(events, count, rng)
    return pl.DataFrame(rows, schema={"file": pl.String, "line": pl.Int64, "code": pl.String}, orient="row")


def _days(settings: Settings) -> list[tuple[str, int]]:
    """Name and midnight (China) of every round; a lean city's only round has no name."""
    days = []
    named = settings.rich or settings.rounds > 1
    for run in range(settings.rounds):
        date = _FIRST_DAY + run * _DAYS_BETWEEN_ROUNDS
        midnight = int(date.astype("datetime64[us]").astype(np.int64)) - _CHINA_OFFSET_US
        days.append((str(date) if named else "", midnight))
    return days


def _shares(total: int, weights: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers in proportion to the weights that sum to the total exactly."""
    edges = np.round(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
    shares: NDArray[np.int64] = np.diff(edges, prepend=0)
    return shares


def _empty_folder(folder: Path, *, force: bool) -> Path:
    if folder.exists() and any(folder.iterdir()):
        if not force:
            raise InputError.of("folder_not_empty", where=str(folder))
        for part in ("events", "reference", "truth"):
            shutil.rmtree(folder / part, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
