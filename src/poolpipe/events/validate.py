"""Validate the records of a batch: valid events, and a typed reason for each other record."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.cleaning import FAULTS
from poolpipe.coding.plain_texts import as_text
from poolpipe.coding.targets import targets_known
from poolpipe.coding.vocabulary import WORDS as VOCABULARY
from poolpipe.coding.vocabulary import known_words, words_known
from poolpipe.events.attribute_sets import number_attribute_sets
from poolpipe.events.batches import picked
from poolpipe.events.clean import canonical_numbers, ct_of_rows, parse_whole, well_positions
from poolpipe.events.columns import EncodedColumn, coded, plain_codes, plain_words, small_numbers
from poolpipe.events.payloads import PayloadPolicy, check_characters_fit, decode_payloads
from poolpipe.events.persons import persons
from poolpipe.events.split_times import with_joined_times
from poolpipe.events.times import TIME_FAULTS, Times, time_column
from poolpipe.events.valid_events import CODED, WORDS, ValidEvents
from poolpipe.messages import message
from poolpipe.tables import CALLS, EVENTS, MODES, ROLES
from poolpipe.words import EVENT_WORDS, VALUE_WORDS, words_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from poolpipe.policy import Policy

__all__ = ["validate"]

_FIXED = {"mode": (MODES, "unknown_mode"), "role": (ROLES, "unknown_role"), "call": (CALLS, "unknown_call")}
_DEFAULT = {"mode": 0, "role": 0}
_WHOLE = ("capacity", "swabs", "tubes")
_PATTERNED = {"tube": "tube", "recall_of": "tube", "box": "box", "plate": "plate"}
_NAMED = ("site", "point", "lab")
_IDS = ("event_id", "event")
_LONGEST_NAME = 64
_CYCLES = message("no_cycles", {})
_HOUR_US = 3_600_000_000
_LENGTH_RULE = message("length_rule", {"most": _LONGEST_NAME})


def validate(
    table: pa.Table,
    kind: str,
    policy: Policy,
    left_out: frozenset[str] = frozenset(),
    files: NDArray[np.int32] | None = None,
    arrived: NDArray[np.int64] | None = None,
) -> tuple[ValidEvents, pl.DataFrame]:
    """Clean and check records of one kind, whole columns at a time.

    Parameters
    ----------
    table : pyarrow.Table
        Records, known columns under their proper names.
    kind : str
        Kind of event.
    policy : Policy
        Code patterns, wells of a plate and time zone.
    left_out : frozenset of str
        Columns of the file that no event has; a reject for a missing value names them.
    files : (n,) int32, optional
        File of each record, where they are of several.
    arrived : (n,) int64, optional
        When each came, microseconds since 1970, UTC; an event dated too far ahead of it is rejected.

    Returns
    -------
    events : ValidEvents
        The records that are valid, in their order.
    rejected : DataFrame
        row, code, detail of every other record.
    """
    reading = _Validation(with_joined_times(table), kind, policy, left_out)
    reading.events.files = files
    for step in (_missing, _times, _codes, _wells, _numbers, _fixed_words):
        step(reading)
    if arrived is not None and len(reading.events.at):
        _not_ahead(reading, arrived)
    rejected = reading.rejected()
    events = reading.events
    if rejected.height:
        events = events.kept(np.flatnonzero(reading.reason == 0))
    if kind == "collect":
        number_attribute_sets(events)
    if events.person is not None:
        events.person = events.person.checked()
    return events, rejected


class _Validation:
    """A batch while it is validated: its valid columns so far, and the first fault of each row."""

    def __init__(self, table: pa.Table, kind: str, policy: Policy, left_out: frozenset[str]) -> None:
        self.table = table
        self.kind = kind
        self.policy = policy
        self.left_out = left_out
        self.height = table.num_rows
        self.columns = [name for name in EVENTS[kind].columns if name in table.column_names]
        self.events = ValidEvents(kind, np.zeros(0, np.int64))  # without a column `at` no record is valid
        self.reason = np.zeros(self.height, np.uint8)
        self.checks: list[tuple[str, str, str]] = []
        self.at: Times | None = None
        self.faults: dict[str, NDArray[np.uint8] | None] = {}

    def refuse(self, bad: NDArray[np.bool_], code: str, column: str, rule: str) -> None:
        """Give a reject code to those of these rows that have none yet."""
        if not bad.any():
            return
        self.checks.append((code, column, rule))
        self.reason[(self.reason == 0) & bad] = len(self.checks)

    def refuse_values(
        self, given: EncodedColumn, bad: NDArray[np.bool_], code: str, column: str, rule: str
    ) -> None:
        """Give reject codes to rows by the faults of their distinct values."""
        if bad.any():
            self.refuse(given.spread(bad, missing=False), code, column, rule)

    def rejected(self) -> pl.DataFrame:
        rows = np.flatnonzero(self.reason)
        parts = [
            pl.DataFrame({"row": mine, "code": code, "detail": self._detail(mine, column, rule)})
            for check, (code, column, rule) in enumerate(self.checks, start=1)
            if len(mine := rows[self.reason[rows] == check])
        ]
        empty = pl.DataFrame(schema={"row": pl.Int64, "code": pl.String, "detail": pl.String})
        return pl.concat([empty, *parts]).sort("row") if parts else empty

    def _detail(self, rows: NDArray[np.int64], column: str, rule: str) -> pl.Series:
        if column not in self.table.column_names:
            return pl.Series([f"{column}: {rule}"]).new_from_index(0, len(rows))
        values = pl.Series(
            as_text(self.table.column(column).take(picked(rows)).combine_chunks()), dtype=pl.String
        )
        return f"{column} '" + values.fill_null("").str.slice(0, 80) + f"': {rule}"

    def coded(self, column: str) -> EncodedColumn:
        if column not in self.events.codes:
            given = column in self.columns
            found = self._scanned(column) if given else EncodedColumn.nothing(self.height)
            if column not in (*_PATTERNED, *_NAMED) and not found.profile:
                # a mere prefix: bad in these columns, missing in others
                found = replace(found, values=found.values.replace("", None))
            if column in VOCABULARY:
                if told := words_known(column, found.values):
                    self.events.words_known[column] = told
                found = replace(found, values=known_words(column, found.values))
            assay = self.policy.assay
            if column == "target" and (
                told := targets_known(found.values, assay.targets, assay.internal_control)
            ):
                self.events.words_known[column] = told
                found = replace(found, values=found.values.replace(told))
            self.events.codes[column] = found
        return self.events.codes[column]

    def _scanned(self, column: str) -> EncodedColumn:
        """Strip from a column of codes what, by the policy, scanners add to printed ones."""
        codes = self.policy.codes
        added = codes.scanner_prefixes or codes.scanner_suffixes or codes.gs1_identifiers
        if column not in _PATTERNED or not added:
            return coded(self.table.column(column))
        payload = PayloadPolicy(
            prefixes=codes.scanner_prefixes,
            suffixes=codes.scanner_suffixes,
            gs1_identifiers=codes.gs1_identifiers,
        )
        return coded(
            self.table.column(column), before=lambda values: decode_payloads(values, payload)["code"]
        )


def _missing(reading: _Validation) -> None:
    """Reject rows without a required value; decided after cleaning, so that a cell of blanks is missing, too."""
    kind = EVENTS[reading.kind]
    for column in ("at", *kind.must):
        if (absent := _absent(reading, column)).any():  # the rule is looked for only where it is told
            reading.refuse(absent, "missing_value", column, _must(reading, column))
    if reading.kind == "load":
        needs = ~_controls(reading)
        rule = message("sample_without_tube", {})
        reading.refuse(needs & _absent(reading, "tube"), "missing_value", "tube", rule)


def _must(reading: _Validation, column: str) -> str:
    others = sorted(reading.left_out)
    near = difflib.get_close_matches(column, others, n=1, cutoff=0.5) or [
        name for name in others if len(column) > 2 and name.lower().startswith(column)
    ]
    if column == "lab" and not near:
        return message("load_without_lab", {})
    if column in reading.columns:
        return message("value_missing", {"kind": EVENT_WORDS[reading.kind]})
    hint = f"; did you mean the column '{near[0]}'?" if near else ""
    return message("column_absent", {"kind": EVENT_WORDS[reading.kind], "hint": hint})


def _absent(reading: _Validation, column: str) -> NDArray[np.bool_]:
    if column not in reading.columns:
        return np.ones(reading.height, np.bool_)
    given = reading.table.column(column)
    if column == "at":
        reading.at = time_column(given, reading.policy.time_zone)
        return reading.at.missing
    if column == "person":
        types = reading.coded("person_type") if "person_type" in reading.columns else None
        reading.events.codes.pop("person_type", None)
        if types is not None and types.faults is not None:
            reading.faults["person_type"] = types.spread(types.faults, missing=0)
        reading.events.person = persons(given, types)
        reading.faults["person"] = reading.events.person.faults
        return reading.events.person.missing
    if column in _IDS:
        return _ids(reading, column).is_null().to_numpy()
    if column in WORDS:
        words = reading.events.words[column] = plain_words(given)
        return words.is_null().to_numpy()
    return reading.coded(column).missing()


def _controls(reading: _Validation) -> NDArray[np.bool_]:
    role = reading.coded("role")
    is_control = role.values.is_in(ROLES[1:]).fill_null(value=False).to_numpy()
    return role.spread(is_control.astype(np.bool_), missing=False)


def _ids(reading: _Validation, column: str) -> pl.Series:
    """Clean ids row by row, because hardly one occurs twice."""
    if column not in reading.events.words:
        ids, faults = plain_codes(reading.table.column(column))
        reading.events.words[column], reading.faults[column] = ids, faults
    return reading.events.words[column]


def _times(reading: _Validation) -> None:
    """Parse times, in the policy's zone where they have no offset."""
    if reading.at is not None:
        reading.events.at = reading.at.micros
        _refuse_times(reading, "at", reading.at)
    if "sent_at" in reading.columns:
        sent = time_column(reading.table.column("sent_at"), reading.policy.time_zone)
        _refuse_times(reading, "sent_at", sent)
        reading.events.sent = sent.where_told()


def _refuse_times(reading: _Validation, column: str, told: Times) -> None:
    if told.faults is not None:
        for fault in np.unique(told.faults[told.faults > 0]).tolist():
            reading.refuse(told.faults == fault, "bad_time", column, TIME_FAULTS[fault])


def _codes(reading: _Validation) -> None:
    """Reject texts that are not codes, then codes outside their patterns and names of a wrong length."""
    for column in EVENTS[reading.kind].columns:
        if column not in reading.columns:
            continue
        if column in _IDS:
            ids = _ids(reading, column)
        elif column in CODED:
            given = reading.coded(column)
            if given.faults is not None:
                reading.faults[column] = given.spread(given.faults, missing=0)
        _refuse_faults(reading, column)
        if column in _PATTERNED:
            _pattern(reading, column, _PATTERNED[column])
        elif column in _NAMED:
            _length(reading, column)
        elif column in _IDS:
            reading.refuse(_bad_length(ids), "bad_code", column, _LENGTH_RULE)
        elif column == "person" and reading.events.person is not None:
            reading.refuse(reading.events.person.bad_length, "bad_code", column, _LENGTH_RULE)


def _refuse_faults(reading: _Validation, column: str) -> None:
    """Reject texts that are not codes: numbers that lost digits, objects, errors of spreadsheets."""
    faults = reading.faults.get(column)
    if faults is not None:
        for fault in np.unique(faults[faults > 0]).tolist():
            reading.refuse(faults == fault, "bad_code", column, FAULTS[fault])


def _pattern(reading: _Validation, column: str, code: str) -> None:
    given = reading.coded(column)
    pattern = getattr(reading.policy.codes, code)
    rule = getattr(reading.policy.codes, f"{code}_check")
    if not (given.profile and given.profile.fits(pattern)):
        fits = given.values.str.contains(f"^(?:{pattern})$").fill_null(value=True).to_numpy()
        bad = given.spread(~fits, missing=False)
        if column == "tube" and reading.kind == "load" and bad.any():
            # a control needs no tube: laboratories write its name there
            reading.events.codes[column] = replace(given, values=given.values.set(pl.Series(~fits), None))
            bad &= ~_controls(reading)
        reading.refuse(bad, "bad_code", column, message("outside_pattern", {"pattern": pattern}))
    if rule != "none":
        checked = check_characters_fit(given.values, rule).fill_null(value=True).to_numpy()
        reading.refuse_values(given, ~checked, "bad_code", column, message("check_character", {"rule": rule}))


def _length(reading: _Validation, column: str) -> None:
    given = reading.coded(column)
    if given.profile and given.profile.longest <= _LONGEST_NAME:
        return
    reading.refuse_values(given, _bad_length(given.values), "bad_code", column, _LENGTH_RULE)


def _bad_length(values: pl.Series) -> NDArray[np.bool_]:
    lengths = values.str.len_chars()
    return ((lengths == 0) | (lengths > _LONGEST_NAME)).fill_null(value=False).to_numpy()


def _wells(reading: _Validation) -> None:
    if "well" not in EVENTS[reading.kind].columns:
        return
    given = reading.coded("well")
    del reading.events.codes["well"]
    wells = reading.policy.codes.plate_wells
    positions = well_positions(given.values, wells)
    reading.events.well = given.spread(positions, missing=-1).astype(np.int32)
    reading.refuse(
        reading.events.well < 0,
        "bad_well",
        "well",
        message("no_such_well", {"wells": wells}),
    )


def _numbers(reading: _Validation) -> None:
    for column in _WHOLE:
        if column in reading.columns:
            array = reading.table.column(column)
            given = reading.events.codes.pop(column, None)
            if given is None and (small := small_numbers(array)):
                reading.events.numbers[column] = small
                continue
            given = given or coded(array)
            whole, good = parse_whole(given.values)
            reading.events.numbers[column] = EncodedColumn(given.rows, whole)
            rule = message("no_whole_number", {})
            reading.refuse_values(given, ~good.to_numpy(), "bad_number", column, rule)
    if "ct" in reading.columns:
        ct, are_good = ct_of_rows(reading.table.column("ct"))
        reading.events.numbers["ct"] = ct
        reading.refuse(~are_good, "bad_number", "ct", _CYCLES)


def _fixed_words(reading: _Validation) -> None:
    """Convert mode, role and call to numbers; then add the columns that are not checked."""
    columns = EVENTS[reading.kind].columns
    for column, (words, code) in _FIXED.items():
        if column not in columns:
            continue
        if column not in reading.columns:
            reading.events.codes.pop(column, None)
            reading.events.fixed[column] = np.full(reading.height, _DEFAULT.get(column, -1), np.int8)
            continue
        given = reading.coded(column)
        del reading.events.codes[column]
        known = given.values.replace_strict(words, range(len(words)), default=-2, return_dtype=pl.Int8)
        if given.values.null_count():
            known = pl.select(pl.when(given.values.is_null()).then(-1).otherwise(known)).to_series()
        numbers = given.spread(known.cast(pl.Int8).to_numpy(), missing=-1).astype(np.int8)
        reading.refuse(
            numbers == -2, code, column, message("none_of_words", {"words": words_of(VALUE_WORDS, words)})
        )
        numbers[numbers == -1] = _DEFAULT.get(column, -1)
        reading.events.fixed[column] = numbers
    for column in WORDS:
        if column in reading.columns and column not in reading.events.words:
            reading.events.words[column] = plain_words(reading.table.column(column))
    if "temperature_c" in reading.events.words:
        reading.events.words["temperature_c"] = canonical_numbers(reading.events.words["temperature_c"])
    reading.events.drop_empty()


def _not_ahead(reading: _Validation, arrived: NDArray[np.int64]) -> None:
    """Reject events that are dated further ahead of their arrival than the policy allows."""
    hours = reading.policy.arrivals.future_h
    ahead = reading.events.at > arrived + round(hours * _HOUR_US)
    reading.refuse(ahead, "future_time", "at", message("after_arrival", {"hours": f"{hours:g}"}))
