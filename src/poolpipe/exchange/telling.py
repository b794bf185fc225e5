"""Send a result: write its statements as CSV, HL7 or FHIR files into an outbox, and count them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Protocol

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.errors import InputError
from poolpipe.exchange.city_csv import HEADERS, SPREADSHEET_ROWS, csv_files, csv_rows
from poolpipe.exchange.outbox import Outbox
from poolpipe.exchange.tube_results import results_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from poolpipe.exchange.source import ResultFolder
    from poolpipe.exchange.tube_results import TubeResult

    Progress = Callable[[str, int, int], None]

__all__ = ["Csv", "ExportCounts", "Fhir", "Form", "Hl7", "tell"]


@dataclass
class ExportCounts:
    """Counts of an export.

    Attributes
    ----------
    files : int
        Of messages or rows.
    statements : dict
        How many statements (one per person, or one for a tube without known people) were written, per status.
    early : list of (str, str)
        Round and tube of results that are dated at or before a swab of their tube: receivers may refuse them.
    unmeasured : int
        How many tubes are sent without Ct values though their call rests on a well.
    """

    files: int = 0
    statements: dict[str, int] = field(default_factory=dict)
    early: list[tuple[str, str]] = field(default_factory=list)
    unmeasured: int = 0

    def count(self, statements: pl.DataFrame, wells: pl.DataFrame) -> None:
        """Add some statements to the counts.

        Parameters
        ----------
        statements : DataFrame
            Of whole tubes.
        wells : DataFrame
            round and tube of the calls that rest on a well.
        """
        for status, number in statements.group_by("status").len().iter_rows():
            self.statements[status] = self.statements.get(status, 0) + number
        tubes = statements.filter(pl.col("call").is_not_null()).unique(["round", "tube"], maintain_order=True)
        self.unmeasured += tubes.filter(pl.col("ct").is_null() & (pl.col("call") != "invalid")).join(
            wells, on=["round", "tube"], how="semi"
        ).height  # fmt: skip
        early = statements.filter(pl.col("called_at") <= pl.col("collected_at")).select("round", "tube")
        self.early += early.unique(maintain_order=True).rows()


class Form(Protocol):
    """A format in which statements are written."""

    name: ClassVar[str]

    @property
    def receiver(self) -> str:
        """The receiver, where the format names one."""
        ...

    def write(
        self, stretches: Iterable[pl.DataFrame], outbox: Outbox, advance: Callable[[int], None]
    ) -> None:
        """Write all files of some statements.

        Parameters
        ----------
        stretches : iterable of DataFrame
            Statements, each frame of whole tubes.
        outbox : Outbox
            Open outbox that takes the files.
        advance : callable
            Called with the number of further tubes done.
        """
        ...


def tell(
    source: ResultFolder,
    out: Path,
    form: Form,
    *,
    calls: Collection[str] = (),
    progress: Progress | None = None,
) -> ExportCounts:
    """Write a result into an outbox, in one atomic step.

    Parameters
    ----------
    source : ResultFolder
        The result.
    out : Path
        The outbox: none yet, empty, or an earlier export in this form.
    form : Form
        The format and its options.
    calls : collection of str, optional
        Only these are sent for the first time; statements sent before are always included.
    progress : callable, optional
        Called with (what, done, total) as tubes are done.

    Raises
    ------
    InputError
        If the outbox cannot be written, holds something else, or holds a newer result.
    ExchangeError
        If a message is not valid by its standard's validator; then nothing is written.
    """
    told = ExportCounts()
    wells = source.pools.filter(pl.col("called_by").str.starts_with("well ")).select("round", "tube")
    advance = _Advance(progress)
    with Outbox(out, form.name, form.receiver, source.about) as outbox:
        moment = _moment(source.about["as_of"], out, before=outbox.before is not None)

        def stretches() -> Iterator[pl.DataFrame]:
            for statements, total in source.stretches(outbox.before, moment, calls=calls):
                advance.total = total
                outbox.keep(statements)
                told.count(statements, wells)
                yield statements

        form.write(stretches(), outbox, advance)
        source.check()
        told.files = outbox.files
    return told


def _moment(as_of: str | None, out: Path, *, before: bool) -> datetime:
    """The result's moment; a result without any event is refused, because it would withdraw everything."""
    if as_of is not None:
        return datetime.fromisoformat(as_of)
    if before:
        raise InputError.of("told_nothing", where=str(out))
    return datetime.now(UTC)


class _Advance:
    """Sums up how many tubes are done."""

    def __init__(self, progress: Progress | None) -> None:
        self.total = self._done = 0
        self._progress = progress

    def __call__(self, tubes: int) -> None:
        self._done += tubes
        if self._progress:
            self._progress("exporting", self._done, self.total)


@dataclass(frozen=True)
class Csv:
    """CSV files; see `city_csv`."""

    zone: str = "Asia/Shanghai"
    language: str = "en"
    for_spreadsheet: bool = False
    rows_per_file: int = SPREADSHEET_ROWS
    name: ClassVar[str] = "csv"
    receiver: str = ""

    def __post_init__(self) -> None:
        """Refuse a language that there is not.

        Raises
        ------
        InputError
            If `language` is neither `en` nor `zh`.
        """
        check_choice("language", self.language, HEADERS, InputError)

    def write(
        self, stretches: Iterable[pl.DataFrame], outbox: Outbox, advance: Callable[[int], None]
    ) -> None:
        """Write `results-001.csv`, …: UTF-8 with byte-order mark, so that spreadsheets read Chinese.

        Parameters
        ----------
        stretches, outbox, advance
            As in `Form.write`.
        """
        rows = self._rows(stretches, advance)
        for number, parts in enumerate(csv_files(rows, rows_per_file=self.rows_per_file), 1):
            with outbox.file(f"results-{number:03d}.csv", rows=sum(part.height for part in parts)) as file:
                header = pl.DataFrame(schema=dict.fromkeys(HEADERS[self.language], pl.String))
                header.write_csv(file, include_bom=True, line_terminator="\r\n")
                for part in parts:
                    part.write_csv(file, include_header=False, line_terminator="\r\n")

    def _rows(
        self, stretches: Iterable[pl.DataFrame], advance: Callable[[int], None]
    ) -> Iterator[pl.DataFrame]:
        for statements in stretches:
            yield csv_rows(
                statements, zone=self.zone, language=self.language, for_spreadsheet=self.for_spreadsheet
            )
            advance(statements.select(pl.struct("round", "tube").n_unique()).item())


@dataclass(frozen=True)
class Hl7:
    """HL7 messages, those of a tube in one file; see `hl7`."""

    zone: str = "Asia/Shanghai"
    sender: str = "POOLPIPE"
    receiver: str = "CITY"
    name: ClassVar[str] = "hl7"

    def write(
        self, stretches: Iterable[pl.DataFrame], outbox: Outbox, advance: Callable[[int], None]
    ) -> None:
        """Write `TIME-TUBE-….hl7`, so that the order of names is the order of sending.

        Parameters
        ----------
        stretches, outbox, advance
            As in `Form.write`.
        """
        from poolpipe.exchange.hl7 import oru_messages

        for result in results_of(stretches):
            messages = oru_messages(result, sender=self.sender, receiver=self.receiver, zone=self.zone)
            outbox.write(_file_name(result, "hl7"), "".join(messages).encode(), messages=len(messages))
            advance(1)


@dataclass(frozen=True)
class Fhir:
    """FHIR bundles, one per tube; see `fhir`."""

    zone: str = "Asia/Shanghai"
    name: ClassVar[str] = "fhir"
    receiver: str = ""

    def write(
        self, stretches: Iterable[pl.DataFrame], outbox: Outbox, advance: Callable[[int], None]
    ) -> None:
        """Write `TIME-TUBE-….json`, so that the order of names is the order of sending.

        Parameters
        ----------
        stretches, outbox, advance
            As in `Form.write`.
        """
        from poolpipe.exchange.fhir import bundle

        for result in results_of(stretches):
            outbox.write(_file_name(result, "json"), bundle(result, zone=self.zone).encode(), bundles=1)
            advance(1)


def _file_name(result: TubeResult, ending: str) -> str:
    """A file name in order of time, distinct for each tube; no round or barcode can lead out of the folder by it."""
    digest = hashlib.sha256(json.dumps([result.round, result.tube]).encode()).hexdigest()[:12]
    readable = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in result.tube)
    moment = result.stated_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{moment}-{readable[:48]}-{digest}.{ending}"
