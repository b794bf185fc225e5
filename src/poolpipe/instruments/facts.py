"""The preamble: plate, machine, software, and the moment a reading has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from poolpipe.instruments.cells import fold, is_damaged, plain
from poolpipe.instruments.errors import AmbiguousFileError
from poolpipe.instruments.tables import preamble_pairs
from poolpipe.instruments.times import Moment, date_order_evidence, moment

if TYPE_CHECKING:
    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Row
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["When", "file_facts", "plate_barcode", "plate_size", "policy_time", "time_texts", "when_read"]

_NO_TIME = re.compile(r"lot|serial|batch|barcode|name|note|comment|version|批|序列|编号|名称|备注")  # of keys
ABSENT = frozenset(("", "na", "n/a", "none", "-", "null"))
TIMES_OF = {
    "analysed": "analysis",
    "modified": "last modification",
    "run_end": "end of run",
    "run_start": "start of run",
}


@dataclass(frozen=True, slots=True)
class When:
    """The time of a file's readings and whose time it is."""

    at: datetime | None
    time_of: str = ""
    text: str = ""
    zone: str = ""


def file_facts(layout: Layout, preamble: list[Row]) -> dict[str, str]:
    """Read the facts of a preamble, by name; values such as `N/A` are left out, the first of several counts.

    Parameters
    ----------
    layout : Layout
        Names of the facts.
    preamble : list of Row
        Lines above the table.

    Returns
    -------
    dict of str to str
    """
    keys = {fold(name): fact for fact, names in layout.facts.items() for name in names}
    facts: dict[str, str] = {}
    for key, value, _ in preamble_pairs(preamble):
        fact = keys.get(fold(key))
        if fact is not None and fold(value) not in ABSENT:
            facts.setdefault(fact, value)
    for pattern in filter(None, (layout.target_from, layout.instrument_from)):
        lines = ["\t".join(cell for cell in row.cells if cell) for row in preamble]
        for line, below in zip(lines, [*lines[1:], ""], strict=False):  # the nearest above the table is last
            if match := re.search(pattern, line):
                facts = {key: value for key, value in facts.items() if key not in match.groupdict()}
                if not below.strip() or re.search(
                    "[\t:=]", below
                ):  # else a line break tore the heading in two
                    facts |= {k: plain(v) for k, v in match.groupdict().items() if v}
    return _joined(facts)


def _joined(facts: dict[str, str]) -> dict[str, str]:
    """The facts with a start of run out of `day` and `clock` where there is no other time, and one name of the software."""
    day, clock = facts.pop("day", ""), facts.pop("clock", "")
    if day and not TIMES_OF.keys() & facts.keys():
        facts["run_start"] = f"{day} {clock}".strip()
    if version := facts.pop("software_version", ""):
        facts["software"] = f"{facts.get('software', '')} {version}".strip()
    return facts


def time_texts(preamble: list[Row]) -> list[str]:
    """Values of the preamble that may be times: not those of a lot, a serial number or a name, which only look like one.

    Parameters
    ----------
    preamble : list of Row
        The lines above a table.
    """
    values = [value for key, value, _ in preamble_pairs(preamble) if not _NO_TIME.search(fold(key))]
    return values + [cell for row in preamble for cell in row.cells[2:]]


def policy_time(policy: ImportPolicy) -> datetime | None:
    """The policy's own time in UTC; without an offset it is in the policy's zone."""
    if policy.at is None:
        return None
    at = policy.at if policy.at.tzinfo else policy.at.replace(tzinfo=ZoneInfo(policy.zone))
    return at.astimezone(UTC)


def when_read(
    layout: Layout, facts: dict[str, str], preamble: list[Row], policy: ImportPolicy, notes: Notes
) -> When:
    """Find the time of the readings: the analysis or the run's end, as the policy decides, else the policy's own time.

    Parameters
    ----------
    layout : Layout
        Gives the zone.
    facts : dict of str to str
        As `file_facts` gives them.
    preamble : list of Row
        Lines above the table.
    policy : ImportPolicy
        `reading_time`, zone and date order.
    notes : Notes
        Takes the questions.

    Returns
    -------
    When
    """
    texts = time_texts(preamble)
    order = ("analysed", "modified", "run_end", "run_start")
    order = order if policy.reading_time == "analysis" else (*order[2:], *order[:2])
    moments: dict[str, Moment] = {}
    for fact in order:
        if fact in facts:
            moments[fact] = moment(facts[fact], policy, evidence=date_order_evidence(texts), zone=layout.zone)
    known = [(fact, m) for fact, m in moments.items() if m.at is not None]
    if policy.reading_time == "analysis" and len(known) > 1:
        # A file modified before its run ended (a template's date) was not analysed then.
        known.sort(key=lambda pair: pair[1].at or datetime.min.replace(tzinfo=UTC), reverse=True)
    chosen = known[0] if known else None
    doubtful = [chosen] if chosen else list(moments.items())[:1]
    for fact, m in doubtful:
        for code, what, options, decided, setting in m.doubts:
            notes.ask(code, what, fact, options=options, decided=decided, setting=setting)
    if chosen:
        fact, m = chosen
        return When(m.at, TIMES_OF[fact], facts[fact], m.zone)
    if (at := policy_time(policy)) is not None:
        return When(at, "policy (at)", at.isoformat(), f"policy: {policy.zone}")
    return When(None)


def plate_barcode(
    facts: dict[str, str], name: str, policy: ImportPolicy, notes: Notes
) -> tuple[str | None, str]:
    """Find the plate's barcode.

    Parameters
    ----------
    facts : dict of str to str
        As `file_facts` gives them.
    name : str
        Name of the file.
    policy : ImportPolicy
        The plate where the file has none, and `plate_file_name`.
    notes : Notes
        Takes the question where no source has it.

    Returns
    -------
    barcode, source : str or None, str
        None where it is not known; the source names where it came from.

    Raises
    ------
    AmbiguousFileError
        Where the file has one plate and the policy another.
    """
    written = facts.get("plate")
    if written and is_damaged(written):
        notes.found("barcode_damaged", "a spreadsheet damaged the plate's barcode: it is not taken",
                    column="plate", text=written)  # fmt: skip
        written = None
    if written and policy.plate and written != policy.plate:
        raise AmbiguousFileError.of("plate_differs", where=name, written=written, given=policy.plate)
    if written:
        return written, "file"
    if policy.plate:
        return policy.plate, "policy (plate)"
    if policy.plate_file_name and (match := re.search(policy.plate_file_name, name)):
        plate = match.groupdict().get("plate") or match[0]
        notes.ask("plate_from_file_name", f"the plate {plate!r} is taken from the file's name", name,
                  options=("file name", "none"), decided=plate, setting="plate_file_name")  # fmt: skip
        return plate, "file name"
    notes.ask("plate_missing", "the file names no plate", name, options=("--plate", "plate_file_name"),
              decided="left unknown: no events until it is given", setting="plate")  # fmt: skip
    return None, ""


def plate_size(facts: dict[str, str]) -> int | None:
    """96 or 384 where the block type says it, else None."""
    match = re.search(r"\b(96|384)", facts.get("block", ""))
    return int(match[1]) if match else None
