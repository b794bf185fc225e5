"""Every column of every event kind and every result table, declared once.

Stages share this module only. `Column.null` says what a missing value means; a column whose `null` is empty has no
missing values.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.display import column_list
from poolpipe.errors import TableError
from poolpipe.findings import ANOMALIES, FALSE_ALARMS, REJECTS, Anomaly, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "ANOMALIES",
    "CALLS",
    "DATE_OF_TIME",
    "EVENTS",
    "FALSE_ALARMS",
    "KINDS",
    "LINKS",
    "MODES",
    "REFERENCE",
    "REJECTS",
    "RETENTION",
    "ROLES",
    "SORT_KEYS",
    "STATES",
    "TABLES",
    "TIME",
    "Anomaly",
    "Column",
    "EventKind",
    "Reject",
    "as_table",
    "require",
]

TIME: Final = pl.Datetime("us", "UTC")
TEXT: Final = pl.String()
COUNT: Final = pl.Int64()
SHARE: Final = pl.Float64()
FLAG: Final = pl.Boolean()

CALLS: Final = ("invalid", "negative", "suspect", "positive")
"""A tube's possible calls, from the least to the gravest."""

MODES: Final = ("pool", "single")
"""How a tube can be used; in coded frames a mode is its index here."""

ROLES: Final = ("sample", "negative_control", "positive_control")
"""What can be in a well; in coded frames a role is its index here."""

STATES: Final = ("collected", "packed", "picked_up", "received", "loaded", "reported")
"""The steps of a tube, in order; a tube's state is the last it reached."""

LINKS: Final = ("again", "box", "household", "member", "queue", "tube", "well")
"""Kinds of links from a positive, in the order of their names; in coded frames a kind is its index here."""

RETENTION: Final = ("keep", "may_discard", "overdue")
"""Status of a kept tube; in coded frames a status is its index here."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, its unit or range, what it means and what its absence means."""

    name: str
    dtype: pl.DataType
    unit: str
    meaning: str
    null: str = ""


def _columns(
    *rows: tuple[str, pl.DataType, str, str] | tuple[str, pl.DataType, str, str, str],
) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class EventKind:
    """Required and optional columns of one kind of event, besides `at` and those that every event may have."""

    must: tuple[str, ...]
    may: tuple[str, ...]
    says: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column an event of this kind can have, in alphabetical order, in which contents are compared."""
        return tuple(sorted({"at", *self.must, *self.may, *EVERY_EVENT}))


EVERY_EVENT: Final = ("round", "event_id", "device", "operator", "sent_at")

EVENTS: Final[Mapping[str, EventKind]] = {
    "collect": EventKind(
        ("tube", "person"),
        ("person_type", "name", "phone", "site", "point", "mode", "capacity", "recall_of"),
        "this person's swab went into this tube",
    ),
    "seal": EventKind(("tube", "swabs"), (), "the tube was closed with so many swabs"),
    "pack": EventKind(("tube", "box"), ("site",), "the tube went into the box"),
    "pickup": EventKind(
        ("box", "giver", "receiver"), ("site", "vehicle", "temperature_c"), "the courier took the box"
    ),
    "receive": EventKind(
        ("box", "giver", "receiver", "lab"), ("temperature_c", "tubes"), "the lab took the box"
    ),
    "load": EventKind(("plate", "well", "lab"), ("tube", "role", "role_from"), "what is in the well"),
    "read": EventKind(("plate", "well", "target"), ("ct", "reagent", "instrument"), "one target's read-out"),
    "report": EventKind(("tube", "call"), ("lab",), "a lab that interprets for itself"),
    "void": EventKind(("event", "reason"), (), "withdraws the event with that event_id"),
}
"""The nine kinds of event. `load` must have a tube, too, unless its role is a control.

`role_from` is `name` where a sample is a control only by its name in a machine's file; `tube` is then that name, and
where a tube of that code was collected the well holds that tube.
"""

KINDS: Final = tuple(EVENTS)

DATE_OF_TIME: Final = "at_date"
"""Column of a file with the date of `at`, where `at` is the time of day alone; events have it in `at`."""

REFERENCE: Final[Mapping[str, tuple[str, ...]]] = {
    "people": (
        "person", "person_type", "name", "phone", "sex", "birth_date",
        "township", "community", "address", "building", "household", "batch",
    ),
    "sites": ("site", "point", "township", "community", "longitude", "latitude", "lab", "priority"),
    "labs": ("lab", "capacity_per_day"),
}  # fmt: skip
"""Columns of the optional reference tables."""

_TUBE = (
    ("round", TEXT, "", "screening round, empty where none was given"),
    ("tube", TEXT, "", "tube barcode as cleaned"),
)
_PERSON = (
    ("person_type", TEXT, "", "kind of identity document, RIC for resident IDs"),
    ("person", TEXT, "", "document number as cleaned"),
)
_BELIEF = ("p_infected", SHARE, "0 to 1", "probability of infection, all results considered")
_NO_SCAN = "no growth, or all positives are of one site or one day, or of no site"
_NEVER = "it did not happen, or was not recorded"

TABLES: Final[Mapping[str, tuple[Column, ...]]] = {
    "pools": _columns(
        *_TUBE,
        ("mode", TEXT, "pool, single", "how the tube was used, by its earliest collect", "an orphan"),
        ("capacity", COUNT, "people", "how many people the tube is meant for", "an orphan"),
        ("people", COUNT, "people", "distinct people collected into it"),
        ("swabs", COUNT, "swabs", "counted at its last sealing", "never sealed"),
        ("site", TEXT, "", "sampling site, of the earliest collect that names a place", "none named"),
        ("point", TEXT, "", "sampling point of that collect", "none named"),
        ("first_collected", TIME, "UTC", "earliest of its members' times", "an orphan"),
        ("last_collected", TIME, "UTC", "latest of its members' times", "an orphan"),
        ("box", TEXT, "", "box of the last packing", "never packed"),
        ("packed_at", TIME, "UTC", "last packing", "never packed"),
        ("picked_up_at", TIME, "UTC", "pickup of the box on this tube's journey", _NEVER),
        ("received_at", TIME, "UTC", "receipt of the box on this tube's journey", _NEVER),
        ("lab", TEXT, "", "lab of its load, else of its receipt, else of its deciding report", "none known"),
        ("plate", TEXT, "", "plate of the last load", "never loaded"),
        ("well", TEXT, "A01 to H12", "well of the last load", "never loaded"),
        ("loaded_at", TIME, "UTC", "last load", "never loaded"),
        ("call", TEXT, "positive, suspect, negative, invalid", "the gravest of its calls", "no result"),
        ("called_at", TIME, "UTC", "when that call first stood", "no result"),
        ("state", TEXT, "collected to reported", "how far the tube got"),
        ("called_by", TEXT, "", "what the call rests on: `well plate:well` or `report lab`", "no result"),
        (
            "p_false_positive",
            SHARE,
            "0 to 1",
            "probability that nobody in a positive or suspect tube is infected, all results of the round considered",
            "no other tube gives evidence: none shares its people, no single was taken; or not positive or suspect",
        ),
    ),
    "members": _columns(
        *_TUBE,
        *_PERSON,
        ("collected_at", TIME, "UTC", "this person's first swab into this tube"),
        ("position", COUNT, "from 1", "place in the queue of the tube"),
        _BELIEF,
    ),
    "recalls": _columns(
        *_TUBE,
        *_PERSON,
        ("opened_at", TIME, "UTC", "when the tube was first positive or suspect"),
        ("due_at", TIME, "UTC", "opened_at and the policy's recall limit"),
        ("status", TEXT, "open, recollected, closed", "how far the re-sampling got"),
        ("overdue", FLAG, "", "not closed, and due_at has passed"),
        ("late", FLAG, "", "closed after due_at"),
        ("recollected_at", TIME, "UTC", "collection of the first answer", "not yet re-sampled"),
        ("single_round", TEXT, "", "round of single_tube", "not yet re-sampled"),
        ("single_tube", TEXT, "", "the single tube that answers", "not yet re-sampled"),
        ("outcome", TEXT, "positive, negative", "call of the answer that closed it", "not closed"),
        ("closed_at", TIME, "UTC", "when that answer was called", "not closed"),
        ("lab", TEXT, "", "lab that found the pool: the singles go back there", "not known"),
        _BELIEF,
        ("rank", COUNT, "from 1", "urgency: due first, then likelier, households together"),
    ),
    "cases": _columns(
        *_TUBE,
        *_PERSON,
        ("collected_at", TIME, "UTC", "the person's first swab into this tube"),
        ("called_at", TIME, "UTC", "when the tube was first positive"),
        ("lab", TEXT, "", "lab of the tube", "not known"),
        ("recall_of", TEXT, "", "pool tube this single answers, as its first collect that has one says", "not said"),
    ),
    "traces": _columns(
        ("source_round", TEXT, "", "round of the positive tube"),
        ("source_tube", TEXT, "", "the positive tube: recalled, or a positive single"),
        ("round", TEXT, "", "round of the other tube", "a person of a household who was not swabbed in the look-back"),
        ("tube", TEXT, "", "the other tube; of a member the positive tube itself", "the same"),
        ("person_type", TEXT, "", "kind of the person's document", "the link is one of tubes: box, well"),
        ("person", TEXT, "", "document number as cleaned", "the same"),
        ("kind", TEXT, "again, box, household, member, queue, tube, well", "what links them"),
        ("hops", COUNT, "links", "links between the positive and this row; a member has none"),
        (
            "lag_s",
            SHARE,
            "s",
            "time from the positive's swab, packing or loading to this one's, negative where this one was earlier",
            "this person of a household was not swabbed in the look-back",
        ),
        ("score", SHARE, "0 to 1", "probability that the link explains the person's infection (docs/scores.md)", "a tube of the same box"),
        ("via", TEXT, "", "who or what led there: a person as type:number, a box, a well as plate:well", "a member"),
    ),
    "anomalies": _columns(
        ("code", TEXT, "", "what is wrong"),
        ("severity", TEXT, "info, warning, error", "how bad it is"),
        ("round", TEXT, "", "screening round"),
        ("subject_kind", TEXT, "", "tube, person, box, plate, well, site, event, device, lab"),
        ("subject", TEXT, "", "which; a person as type:number, a well as plate:well", "no site was named"),
        ("at", TIME, "UTC", "when it happened", "no one moment"),
        ("detail", TEXT, "", "what exactly, the rule, the way out"),
    ),
    "ledger": _columns(
        ("round", TEXT, "", "screening round"),
        ("site", TEXT, "", "sampling site", "none named"),
        ("box", TEXT, "", "transport box", "never packed"),
        ("collected", COUNT, "tubes", "tubes collected"),
        ("packed", COUNT, "tubes", "of those, packed or further"),
        ("picked_up", COUNT, "tubes", "of those, picked up or further"),
        ("received", COUNT, "tubes", "of those, received or further"),
        ("loaded", COUNT, "tubes", "of those, loaded or further"),
        ("reported", COUNT, "tubes", "of those, with a result"),
        ("orphans", COUNT, "tubes", "tubes without registered people, not counted in the other columns"),
    ),
    "rejects": _columns(
        ("file", TEXT, "", "file, relative to the input it was found under"),
        ("line", COUNT, "from 1", "line of a text file, row of a sheet, record of a binary one",
         "the file as a whole, or a format that tells no place"),
        ("kind", TEXT, "", "kind of event", "not known"),
        ("code", TEXT, "", "why it was not understood"),
        ("detail", TEXT, "", "which column, which value, which rule"),
        ("raw", TEXT, "", "the record as it came", "nothing legible"),
    ),
    "readings": _columns(
        ("round", TEXT, "", "round of the plate"),
        ("plate", TEXT, "", "plate barcode as cleaned"),
        ("well", TEXT, "A01 to H12", "well"),
        ("target", TEXT, "", "what was amplified, the internal control too"),
        ("ct", SHARE, "cycles", "threshold cycle", "undetermined: nothing amplified"),
        ("at", TIME, "UTC", "when it was read"),
        ("reagent", TEXT, "", "reagent kit", "not recorded"),
        ("instrument", TEXT, "", "PCR machine", "not recorded"),
        ("shared", FLAG, "", "several tubes, or a tube and a control, lie in the well"),
    ),
    "retention": _columns(
        *_TUBE,
        ("lab", TEXT, "", "lab that has the tube", "not known"),
        ("call", TEXT, "positive, suspect, negative, invalid", "the call it is kept for", "its positive well was set aside"),
        ("kept_from", TIME, "UTC", "since when that call holds", "it must be tested again"),
        ("keep_until", TIME, "UTC", "from then on it may be discarded", "until it has been tested again"),
        ("temperature_c", SHARE, "degrees Celsius", "how cold it is kept", "it must be tested again"),
        ("status", TEXT, "keep, may_discard, overdue", "may it go; overdue: it should be gone by now"),
    ),
    "workload": _columns(
        ("lab", TEXT, "", "testing lab", "not known which"),
        ("hour", TIME, "UTC", "begin of the hour"),
        ("received", COUNT, "tubes", "tubes whose box the lab took in it"),
        ("loaded", COUNT, "wells", "sample wells loaded in it, re-runs too"),
        ("reported", COUNT, "tubes", "tubes whose result first stood in it"),
        ("waiting", COUNT, "tubes", "tubes there at its end without a result"),
        ("capacity_per_hour", SHARE, "tubes", "capacity_per_day of the table labs, by the hour", "not given"),
    ),
    "false_alarms": _columns(
        ("round", TEXT, "", "screening round", "several"),
        ("subject_kind", TEXT, "lab, plate, well, lot, instrument, channel, run", "what may explain positives"),
        ("subject", TEXT, "", "which; a well as plate:well, a lab with the day, a run by its first and last tube"),
        ("statistic", TEXT, "queue_bracket, splash, join_count, stratified, run_loaded, run_received, run_instrument",
         "by which test; see docs/false-alarms.md"), ("lab", TEXT, "", "lab where it was loaded", "not known, or several"),
        ("at", TIME, "UTC", "first load of what was tested"),
        ("seen", COUNT, "", "positives that speak against it; for join_count pairs of them side by side"),
        ("expected", SHARE, "", "as many would be expected if it explained none"),
        ("p", SHARE, "0 to 1", "probability of `seen` or more if it explained none", "a posterior is given"),
        ("q", SHARE, "0 to 1", "p adjusted for all tests of its kind: the false discovery rate", "a posterior is given"),
        ("posterior", SHARE, "0 to 1", "probability that the well's positive is splash", "a p-value is given"),
        ("tubes", COUNT, "tubes", "tubes to repeat"),
        ("repeat", TEXT, "", "tubes to repeat, with a blank between two; their calls stand until then"),
    ),
    "clusters": _columns(
        ("round", TEXT, "", "round of its first positive tube"), ("tube", TEXT, "", "its first positive tube, which names the cluster"),
        ("size", COUNT, "positives", "likely infected people, and pools in which nobody is known to be the one yet"),
        ("pools", COUNT, "positives", "of these, pools"), ("households", COUNT, "households", "known households of these people"),
        ("first_seen", TIME, "UTC", "earliest swab of its positives"), ("last_seen", TIME, "UTC", "latest of these swabs"),
        ("growth", COUNT, "positives", "those of the last days (policy: clusters.days)"), ("sites", COUNT, "sites", "their sites"),
        ("places", TEXT, "", "the three places with most positives: site/point (positives)", "no place was named"),
        ("ask_first", TEXT, "", "people to ask first, as type:number: known infected ones, the earliest swab first"),
        ("p", SHARE, "0 to 1", "probability that chance gives as unusual a cylinder of sites and last days anywhere", _NO_SCAN),
        ("recurrence_days", SHARE, "days", "recurrence interval: so often chance alone gives such a cylinder, 1 / p", _NO_SCAN)),
}  # fmt: skip
"""The result tables: every column in order."""

SORT_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "pools": ("round", "tube"),
    "members": ("round", "tube", "position"),
    "recalls": ("rank",),
    "cases": ("round", "tube", "person_type", "person"),
    "traces": ("source_round", "source_tube", "round", "tube", "person_type", "person", "kind"),
    "anomalies": ("code", "round", "subject_kind", "subject"),
    "ledger": ("round", "site", "box"),
    "rejects": ("file", "line", "code"),
    "readings": ("round", "plate", "well", "target", "ct", "at"),
    "retention": ("round", "tube"),
    "workload": ("lab", "hour"),
    "false_alarms": ("round", "subject_kind", "subject", "statistic", "lab"),
    "clusters": ("first_seen", "round", "tube"),
}
"""Table to the columns that it is sorted by."""


def require(frame: pl.DataFrame | Sequence[str], columns: Iterable[str], *, table: str) -> None:
    """Refuse a frame in which a needed column is missing.

    Parameters
    ----------
    frame : polars.DataFrame or sequence of str
        The frame, or the names of its columns.
    columns : iterable of str
        The needed columns.
    table : str
        Name of the frame in the error.

    Raises
    ------
    TableError
        Naming the missing columns and what the frame has instead.
    """
    there = frame.columns if isinstance(frame, pl.DataFrame) else list(frame)
    needed = list(columns)
    missing = [column for column in needed if column not in there]
    if missing:
        near = difflib.get_close_matches(
            missing[0], [each for each in there if each not in needed], n=1, cutoff=0.5
        )
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise TableError.of(
            "column_missing",
            where=table,
            columns=", ".join(missing),
            present=", ".join(column_list(there)) or "no column",
            hint=hint,
            needed=", ".join(needed),
        )


def as_table(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Select the declared columns of `table`, in order and cast to the declared types.

    Parameters
    ----------
    frame : polars.DataFrame
        With at least these columns.
    table : str
        A key of `TABLES`.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    TableError
        If a declared column is missing.
    """
    columns = TABLES[table]
    require(frame, (column.name for column in columns), table=table)
    return frame.select(pl.col(column.name).cast(column.dtype) for column in columns)
