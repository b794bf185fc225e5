"""Raw records to readings: every Ct is a number, undetermined, or left out and named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from poolpipe.instruments.cells import NOTHING, decimal_mark, fold, number
from poolpipe.instruments.targets import target_name
from poolpipe.instruments.words import yes_or_no

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.tables import Record, Table

__all__ = ["Reading", "readings_of", "table_decimal"]


EARLIEST = 5.0  # cycles; in tables that labs make themselves, a target's column may hold something else
FEW = 4  # a quarter of the rows at least have no target where the dye replaces it


class _LeftOut:
    """A Ct that is not to be read at all, as against undetermined."""


LEFT_OUT = _LeftOut()


@dataclass(slots=True)
class Reading:
    """One row of READINGS to be, with what only checks need."""

    record: Record
    well: str
    target: str
    ct: float | None
    ct_text: str
    flags: list[str] = field(default_factory=list)
    at: datetime | None = None

    def row(self, plate: str | None, at: datetime | None) -> dict[str, Any]:
        """Make a row of READINGS.

        Parameters
        ----------
        plate : str or None
            Barcode of the plate.
        at : datetime or None
            Time of readings without one of their own.

        Returns
        -------
        dict
        """
        return {
            "plate": plate, "well": self.well, "target": self.target, "ct": self.ct,
            "sample": self.record["sample"] or self.record["tube"] or None, "flags": self.flags,
            "ct_text": self.ct_text, "at": self.at or at, "line": self.record.line,
        }  # fmt: skip


def table_decimal(table: Table) -> str:
    """The table's decimal mark; raises AmbiguousFileError where evidence contradicts itself."""
    cts = [text for record in table.records for _, text in record.cts]
    means = [record["mean"] for record in table.records]
    return decimal_mark(cts, [*means, *table.others])


def readings_of(
    layout: Layout,
    table: Table,
    wells: list[str | None],
    decimal: str,
    policy: ImportPolicy,
    notes: Notes,
    heading: dict[str, str] | None = None,
) -> list[Reading]:
    """Readings of one table.

    Parameters
    ----------
    wells : list of str or None
        The well of each record; a record without well is left out (already noted).
    decimal : str
        Decimal mark of the table.
    heading : dict of str to str
        `target` or else `channel` that the lines above the table name, for tables that have no column for it.
    """
    readings = []
    by_dye = _targets_are_dyes(table)
    others = _columns_of_others(layout, table, decimal, notes)
    for record, well in zip(table.records, wells, strict=True):
        if well is None or not _counts(layout, record, well, policy, notes):
            continue
        for channel, text in record.cts:
            if channel in others:
                continue
            dye = record["dye"] if by_dye else ""
            default = {} if channel else heading or {}
            target = _target(channel or record["target"], dye, default, policy, notes)
            empty_row = not text and not (channel or record["target"] or record["sample"])
            if empty_row or (not target and (not text or (by_dye and _is_nothing(layout, text)))):
                continue
            if not target:
                notes.found(
                    "no_target", "a Ct without target or dye", line=record.line, sheet=record.sheet, text=text
                )
                continue
            ct = _ct(layout, text, decimal, record, well, policy, notes)
            if not isinstance(ct, _LeftOut):
                flags = [*record.flags, *_amplification_flags(layout, record, ct, well, notes)]
                readings.append(Reading(record, well, target, ct, text, flags))
    _note_repeats(readings, notes)
    return readings


def _columns_of_others(layout: Layout, table: Table, decimal: str, notes: Notes) -> frozenset[str]:
    """Names of a wide table's columns that hold something else than Ct values: a count, or mostly numbers below any Ct."""
    if not layout.target_columns:
        return frozenset()
    columns: dict[str, list[float]] = {}
    for record in table.records:
        for channel, text in record.cts:
            if (value := number(text, decimal)) is not None:
                columns.setdefault(channel, []).append(value)
    others = set()
    for channel, values in columns.items():
        counted = len(values) >= FEW and sorted(values) == list(range(1, len(values) + 1))
        if channel and (counted or sum(0 < value < EARLIEST for value in values) * 2 > len(values)):
            others.add(channel)
            what = f"the column {channel!r} counts rows or is below any Ct: it is not read"
            notes.found("bad_ct", what, sheet=table.sheet, line=table.columns.header.line, column=channel)
    return frozenset(others)


def _counts(layout: Layout, record: Record, well: str, policy: ImportPolicy, notes: Notes) -> bool:
    """Whether the row is to be read: not omitted by the operator, not flagged where the policy leaves these out."""
    place = f"{well} (line {record.line})"
    omitted = _omitted(layout, record, place, policy, notes)
    if omitted is None:
        return False
    if omitted and any(text for _, text in record.cts):
        what = "the operator omitted the well"
        notes.ask("omitted_well", what, f"{place}: {record.cts[0][1]}", options=("leave_out", "keep"),
                  decided=policy.omitted_wells, setting="omitted_wells")  # fmt: skip
    if record.flags:
        notes.ask("flagged_well", "the instrument's software flagged the well", f"{place}: {', '.join(record.flags)}",
                  options=("keep", "leave_out"), decided=policy.flagged_wells, setting="flagged_wells")  # fmt: skip
    left_out = (omitted and policy.omitted_wells == "leave_out") or (
        bool(record.flags) and policy.flagged_wells == "leave_out"
    )
    return not left_out


def _omitted(layout: Layout, record: Record, place: str, policy: ImportPolicy, notes: Notes) -> bool | None:
    """Whether the operator omitted the row; None where a word is neither yes nor no, so that the row is left out."""
    answers = {"omit": False, "include": True}
    for role in answers:
        word = fold(record[role])
        if not word:
            continue
        yes = (*policy.yes_words, *(layout.omitted if role == "omit" else ()))
        known = {fold(each): True for each in yes} | {fold(each): False for each in policy.no_words}
        answer = known.get(word, yes_or_no(record[role]))
        if answer is None:
            notes.ask("yes_or_no", f"a word in the column for {role} is neither yes nor no",
                      f"{place}: {record[role]}", options=("yes_words", "no_words"), decided="left out",
                      setting="yes_words")  # fmt: skip
            return None
        answers[role] = answer
    return answers["omit"] or not answers["include"]


def _targets_are_dyes(table: Table) -> bool:
    """Whether an empty target means the dye: where it is the file's habit, and no name that got lost."""
    filled = sum(bool(record["target"]) for record in table.records)
    return filled * FEW < len(table.records) * (FEW - 1)


def _target(text: str, dye: str, heading: dict[str, str], policy: ImportPolicy, notes: Notes) -> str:
    """The target's name in the policy's words; the channel or dye where the file leaves the target empty."""
    named, channel = text or heading.get("target", ""), heading.get("channel", "")
    name = named or channel or dye
    if not name:
        return ""
    target = target_name(name, policy, notes)
    if not named and channel:
        notes.ask("target_is_channel", "the file names no target, only the channel", channel,
                  options=("channel", "targets"), decided=target, setting="targets")  # fmt: skip
    elif not named:
        notes.ask("target_is_dye", "the file names no target, only the dye", name, options=("dye", "targets"),
                  decided=target, setting="targets")  # fmt: skip
    return target


def _is_nothing(layout: Layout, text: str) -> bool:
    return not text or fold(text) in NOTHING or fold(text) in map(fold, layout.nothing.words)


def _ct(
    layout: Layout, text: str, decimal: str, record: Record, well: str, policy: ImportPolicy, notes: Notes
) -> float | _LeftOut | None:
    """The Ct, None for undetermined, LEFT_OUT where the row is left out."""
    place = f"{well} (line {record.line})"
    if not text:
        if layout.nothing.empty == "undetermined" or (
            layout.nothing.empty == "call" and _looked_at(layout, record)
        ):
            return None
        notes.ask("empty_ct", "the Ct is empty where this format writes a word for no amplification", place,
                  options=("leave_out", "undetermined"), decided=policy.empty_ct, setting="empty_ct")  # fmt: skip
        return None if policy.empty_ct == "undetermined" else LEFT_OUT
    if _is_nothing(layout, text):
        return None
    ct = number(text, decimal)
    early = (
        bool(layout.target_columns) and ct is not None and 0 < ct < EARLIEST and ct not in policy.no_call_ct
    )
    if ct is None or early or not (0 <= ct <= 100 or ct in policy.no_call_ct):
        what = "no Ct: neither a number from 0 to 100 nor a word for no amplification"
        if early:
            what = (
                f"no Ct is below {EARLIEST:g}: a count, a difference or a fluorescence under a target's name?"
            )
        elif ct is not None:
            what += f"; if the machine writes it where nothing amplified: no_call_ct = [{ct:g}]"
        notes.found("bad_ct", what, line=record.line, sheet=record.sheet, column="ct", text=text)
        return LEFT_OUT
    if ct == 0 and ct not in policy.no_call_ct:
        notes.ask("ct_is_zero", "a Ct of 0 is no crossing", place, options=("leave_out", "undetermined", "number"),
                  decided=policy.zero_ct, setting="zero_ct")  # fmt: skip
        zero: dict[str, float | _LeftOut | None] = {"leave_out": LEFT_OUT, "undetermined": None, "number": ct}
        return zero[policy.zero_ct]
    return _no_call(layout, ct, record, place, policy, notes)


def _looked_at(layout: Layout, record: Record) -> bool:
    """Whether the row's own call says that the lab looked at its targets and found some or none."""
    return layout.word(layout.calls, record["call"]) in ("positive", "suspect", "negative")


def _no_call(
    layout: Layout, ct: float, record: Record, place: str, policy: ImportPolicy, notes: Notes
) -> float | None:
    """None for a number that means *no amplification* by the file or the policy."""
    if ct not in layout.nothing.numbers and ct not in policy.no_call_ct:
        return ct
    by_file = bool(record["amplified"]) and fold(record["amplified"]) in map(
        fold, layout.nothing.not_amplified
    )
    undetermined = by_file or ct in policy.no_call_ct
    decided = f"{ct:g} is " + ("undetermined" if undetermined else "a number")
    reason = "amplification status of the file" if by_file else "no_call_ct"
    notes.ask("ct_may_be_no_call", f"{ct:g} may stand for no amplification", place,
              options=("number", "undetermined"), decided=decided, setting=reason)  # fmt: skip
    return None if undetermined else ct


def _amplification_flags(layout: Layout, record: Record, ct: object, well: str, notes: Notes) -> list[str]:
    """Flags where the amplification status and the Ct say different things."""
    status = fold(record["amplified"])
    if not status or not layout.nothing.not_amplified:
        return []
    not_amplified = status in map(fold, layout.nothing.not_amplified)
    if ct is None and status == "amp":
        notes.found("amplified_without_ct", f"{well} amplified and has no Ct", severity="warning", line=record.line,
                    sheet=record.sheet, text=record["target"])  # fmt: skip
        return ["amplified without Ct"]
    return ["Ct without amplification"] if not_amplified and ct is not None else []


def _note_repeats(readings: list[Reading], notes: Notes) -> None:
    """Note wells with two rows for one target: both are written, and the call rests on the smaller Ct (docs/tables.md)."""
    counts = Counter((reading.record["plate"], reading.well, reading.target) for reading in readings)
    for reading in readings:
        if counts[reading.record["plate"], reading.well, reading.target] > 1:
            notes.found("repeated_reading", f"{reading.well} {reading.target} has several rows", severity="warning",
                        line=reading.record.line, sheet=reading.record.sheet, text=reading.ct_text)  # fmt: skip
