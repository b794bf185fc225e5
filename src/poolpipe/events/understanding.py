"""Tell before a run how each file is understood: its kind, its header column by column, its words and times, and what is asked."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.display import withhold_values
from poolpipe.events.batches import looks_like_a_record, unpacked
from poolpipe.events.cells import split_cells
from poolpipe.events.encodings import SAMPLE, UTF8, Evidence, encoding_of
from poolpipe.events.formats import NoEventsError
from poolpipe.events.naming import Naming, OpenQuestion
from poolpipe.events.opening import open_inputs
from poolpipe.events.pipes import Spool
from poolpipe.events.plate_labs import PlateLabs, noted, waits_for_labs
from poolpipe.events.questions import questions_of_machine
from poolpipe.events.taking import placed_alone, take
from poolpipe.events.understood_columns import UnderstoodColumn, time_form, understood_columns
from poolpipe.events.unpacking import DamageError, opened
from poolpipe.events.validate import validate
from poolpipe.events.workbooks import sheet_text
from poolpipe.messages import message
from poolpipe.tables import KINDS, REFERENCE, REJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from poolpipe.events.assemble import Piece
    from poolpipe.events.batches import Batch, Unread
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Foreign, Inputs
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Placed
    from poolpipe.policy import Policy

__all__ = ["UnderstoodFile", "understand"]

_ROWS: Final = 1000
"""Records of a file that are looked at."""


@dataclass(frozen=True, slots=True)
class UnderstoodFile:
    """How a file or a sheet of a workbook is understood.

    Attributes
    ----------
    file : str
        Its name in results.
    kind : str
        Kind of its events, or the reference table that it fits; empty where none is known, or each record tells its own.
    kind_from : str
        `mapping`, `name`, `option`, `header`, `column`, `machine` or `table`; empty without kind.
    form : str
        Encoding of a text, `workbook`, or the format of a machine.
    header_line : int or None
        Line or row of the header, from 1.
    columns : tuple of UnderstoodColumn
    words : mapping
        Column to words of laboratories and the values that they stand for.
    times : str
        How its times are written, by an example; empty where they are written in no known way.
    records : int
        Records that were looked at, at most a thousand.
    rejects : mapping of str to int
        Reject code to how many of them it is given to.
    examples : mapping of str to (int, str)
        Reject code to the line of the first of these records (0 where the file has none) and the reason.
    skipped : str
        Why the file is not read; empty where it is.
    questions : tuple of OpenQuestion
        What is asked.
    decided : mapping of str to str
        Doubts about a machine's file that the policy decides, and the setting of each.
    """

    file: str
    kind: str = ""
    kind_from: str = ""
    form: str = ""
    header_line: int | None = None
    columns: tuple[UnderstoodColumn, ...] = ()
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    times: str = ""
    records: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)
    skipped: str = ""
    questions: tuple[OpenQuestion, ...] = ()
    decided: dict[str, str] = field(default_factory=dict)


def understand(
    inputs: Inputs,
    policy: Policy,
    *,
    foreign: Foreign | None = None,
    kind: str | None = None,
    mapping: ColumnMapping | None = None,
) -> list[UnderstoodFile]:
    """Tell how each file and sheet would be read, from its first thousand records.

    Parameters
    ----------
    inputs : path or paths
        As in `read_events`.
    policy : Policy
        Code patterns and time zone.
    foreign : Foreign, optional
        Reads files of PCR machines.
    kind : str, optional
        Kind of files without one.
    mapping : ColumnMapping, optional
        What headers, words and files mean beyond docs/tables.md.

    Returns
    -------
    list of UnderstoodFile
        In the order of names; files that are left aside last.
    """
    with Spool() as spool:
        sources, batches, skipped = open_inputs(inputs, foreign, spool, policy, kind=kind, mapping=mapping)
        labs = cache(partial(_plate_labs, sources, batches, policy, foreign))
        told = [
            _machine(source, foreign, batches, labs)
            if foreign and not source.sheet and foreign.recognises(source.path)
            else replace(_understood(source, batches, policy), kind_from=_kind_from(source, kind))
            for source in sources
        ]
    told = [_completed(each) for each in told]
    return [*told, *(UnderstoodFile(name, skipped=why) for name, why in skipped.items())]


def _completed(told: UnderstoodFile) -> UnderstoodFile:
    """The file with how its kind is known by its own content, where neither a name nor an option tells."""
    if told.kind in REFERENCE:
        return replace(told, kind_from="table")
    if told.form.startswith("machine "):
        return replace(told, kind_from="machine")
    if told.kind_from or not told.kind:
        return told if told.kind else replace(told, kind_from="column" if _has(told, "kind") else "")
    return replace(told, kind_from="header")


def _has(told: UnderstoodFile, column: str) -> bool:
    return any(each.column == column for each in told.columns)


def _kind_from(source: Source, option: str | None) -> str:
    if source.mapped and source.mapped.kind:
        return "mapping"
    if not source.kind:
        return ""
    return "option" if source.kind == option else "name"


def _understood(
    source: Source, batches: Callable[[Source], Iterator[Batch | Unread]], policy: Policy
) -> UnderstoodFile:
    form = "workbook" if source.sheet else _encoding(source)
    try:
        batch = _first(batches(source))
    except NoEventsError as why:
        if table := _table_of_sheet(source):
            return _understood(replace(source, table=table), batches, policy)
        return UnderstoodFile(source.name, form=form, skipped=str(why))
    told = batch.told if batch else None
    open_to_tables = told is not None and not (source.table or source.kind or told.kind)
    if told and open_to_tables and (table := _table_of(told.header)):
        return _understood(replace(source, table=table), batches, policy)
    if batch and told and looks_like_a_record(told.header, told):
        return _headless(source, batch, form)
    kind = source.table or source.kind or (told.kind if told else "")
    if batch is None:
        return UnderstoodFile(source.name, kind, form=form)
    line, questions = (told.line or None, told.questions) if told else (None, ())
    base = UnderstoodFile(
        source.name, kind, form=form, header_line=line, columns=understood_columns(batch), questions=questions
    )
    return _looked_at(base, batch, policy)


def _headless(source: Source, batch: Batch, form: str) -> UnderstoodFile:
    """A text whose first line is a record: nothing of it is shown, because no name tells what is whose."""
    detail = next(iter(batch.broken["detail"].to_list()), "")
    asked = OpenQuestion(
        "no_header", message("no_header", {"why": detail}), f'[files."{source.name}"] header = N'
    )
    rejects = {"not_parseable": batch.broken.height}
    return UnderstoodFile(
        source.name,
        source.kind or "",
        form=form,
        records=batch.broken.height,
        rejects=rejects,
        questions=(asked,),
    )


def _first(came: Iterator[Batch | Unread]) -> Batch | None:
    """The first batch of a file with records; that of its last attempt where it was read anew."""
    kept: Batch | None = None
    for batch in (each for item in came for each in unpacked(item)):
        if batch.is_anew:
            kept = None
        elif kept is None or not kept.table.num_rows:
            kept = batch
        if kept and kept.table.num_rows:
            break
    return kept


def _looked_at(base: UnderstoodFile, batch: Batch, policy: Policy) -> UnderstoodFile:
    """Validate the first records of a batch."""
    # a table without columns grows when it is sliced: PyArrow gives it as many rows as were asked for
    table = batch.table.slice(0, min(_ROWS, batch.table.num_rows))
    rejects = {"not_parseable": batch.broken.height} if batch.broken.height else {}
    examples = {"not_parseable": _example(batch.broken)} if batch.broken.height else {}
    records = table.num_rows + batch.broken.height
    if base.kind not in KINDS or not table.num_rows:
        several = (
            "kind" in batch.table.column_names and batch.table.column("kind").null_count < table.num_rows
        )
        asked = () if base.kind or several or base.questions or not records else (_untold(base.file),)
        return replace(
            base, records=records, rejects=rejects, examples=examples, questions=base.questions + asked
        )
    events, bad = validate(table, base.kind, policy, batch.left_out)
    counted = bad["code"].value_counts(sort=True)
    rejects |= dict(zip(counted["code"].to_list(), counted["count"].to_list(), strict=True))
    placed = bad.with_columns(pl.Series("line", batch.lines[bad["row"].to_numpy()]))
    examples |= {code: _example(placed.filter(pl.col("code") == code)) for code in counted["code"]}
    worst = counted.head(1)
    if not base.questions and worst.height and 2 * worst["count"][0] >= records:
        detail = bad.filter(pl.col("code") == worst["code"][0])["detail"][0]
        base = replace(base, questions=(_mostly_refused(worst["code"][0], withhold_values(detail)),))
    times = next((time_form(each.samples) for each in base.columns if each.column == "at"), "")
    words = {column: dict(found) for column, found in events.words_known.items()}
    return replace(base, words=words, times=times, records=records, rejects=rejects, examples=examples)


def _example(refused: pl.DataFrame) -> tuple[int, str]:
    """Line and reason of the first of some refused records."""
    line, detail = refused.select("line", "detail").row(0)
    return line or 0, detail


def _untold(file: str) -> OpenQuestion:
    return OpenQuestion(
        "kind_untold", message("kind_untold", {"file": file}), f"poolpipe run FILE --kind {'|'.join(KINDS)}"
    )


def _mostly_refused(code: str, detail: str) -> OpenQuestion:
    """The question for a column that is written as no event's may be, such as days before months."""
    asked = message("mostly_refused", {"code": code, "detail": detail})
    return OpenQuestion("mostly_refused", asked, f"{REJECTS[code].way_out} {REJECTS[code].way_out_chinese}")


def _table_of(header: Sequence[str]) -> str:
    """The reference table that a header fits: it has its key and another of its columns; empty where it fits none."""
    for table, columns in REFERENCE.items():
        known = set(filter(None, Naming(table=table).read(header).names))
        own = set(columns) - {"person", "site", "lab", "point", "name", "phone", "person_type"}
        if columns[0] in known and known & own:
            return table
    return ""


def _table_of_sheet(source: Source) -> str:
    if not source.sheet:
        return ""
    for table in REFERENCE:
        text = sheet_text(replace(source, table=table))
        if not isinstance(text, str):
            line = next(line for line in text.content.decode().split("\n") if line)
            if _table_of(split_cells(line, ord(","))) == table:
                return table
    return ""


def _encoding(source: Source) -> str:
    """The encoding of a text by its first bytes; empty for Parquet and Arrow, and where it cannot be opened."""
    try:
        raw, file, _ = opened(source.path)
        with raw:
            head = bytes(file.read(SAMPLE))
    except (OSError, DamageError):
        return ""
    if head.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        return "parquet" if head.startswith(b"PAR1") else "arrow"
    name = encoding_of(head)
    if name != UTF8:
        return name
    evidence = Evidence()
    evidence.add(head)
    return evidence.decided()


def _plate_labs(
    sources: Iterable[Source],
    batches: Callable[[Source], Iterator[Batch | Unread]],
    policy: Policy,
    foreign: Foreign | None,
) -> PlateLabs:
    """The labs that the first batches of the files of loads name for their plates."""
    pieces: list[Piece] = []
    for source in sources:
        if foreign and not source.sheet and foreign.recognises(source.path):
            continue
        with suppress(NoEventsError):
            batch = _first(batches(source))
            if batch and "load" in (source.kind, batch.told.kind if batch.told else None):
                pieces += take([placed_alone(batch, source, 0)], [source], policy).pieces
    return PlateLabs.of(pieces)


def _machine(
    source: Source,
    foreign: Foreign,
    batches: Callable[[Source], Iterator[Batch | Unread]],
    labs: Callable[[], PlateLabs],
) -> UnderstoodFile:
    """A machine's file: its format, its events by kind, and what would cost events."""
    counted: dict[str, int] = {}
    broken = 0
    waiting: list[Placed] = []
    for batch in (each for item in batches(source) for each in unpacked(item)):
        broken += batch.broken.height
        if batch.table.num_rows:
            kind = batch.table.column("kind")[0].as_py()
            counted[kind] = counted.get(kind, 0) + batch.table.num_rows
            part = placed_alone(batch, source, 0)
            waiting += [part] if waits_for_labs(part) else []
    note: dict[str, Any] = dict(foreign.notes().get(source.path, {}))
    if waiting and all(labs().told_to(part)[1] for part in waiting):
        note = noted(note)
    answers = dict(note.get("answers", {}))
    questions = [OpenQuestion(*told) for told in questions_of_machine(note)]
    answers = {code: setting for code, setting in answers.items() if not code.endswith("_missing")}
    return UnderstoodFile(
        source.name, ", ".join(f"{kind} {count}" for kind, count in counted.items()), form=f"machine {note.get('format', '')}",
        records=sum(counted.values()) + broken, rejects={"not_parseable": broken} if broken else {}, questions=tuple(questions),
        decided=answers,
    )  # fmt: skip
