"""What a machine's file says, and whether a damaged or edited copy of it may say that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.instruments import ImportPolicy, InstrumentError, read

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

__all__ = ["POLICY", "Facts", "Variant", "facts_of", "verdict"]


# Questions about a whole file, which say nothing of a row that was left out.
OF_FILES = ("time_missing", "time_without_zone", "plate_missing", "plate_size", "encoding", "zone_ambiguous")
POLICY = ImportPolicy(plate=None, at=None, lab="L", zone_abbreviations={"CST": "+08:00"})


@dataclass(frozen=True)
class Variant:
    """A file after a mishap; `silent`: what is lost leaves no trace, so that it need not be named."""

    sample: str
    kind: str
    what: str
    content: bytes
    silent: bool = False
    lines: bytes = b""  # of a cut file: its lines, the last one whole; losing whole lines leaves no trace
    # (a last line of blanks and delimiters is no line)


@dataclass(frozen=True)
class Facts:
    """What a file says: facts without line and time, and what is told of it with the place of each."""

    facts: frozenset[tuple[object, ...]]
    told: frozenset[tuple[str, str]]


def facts_of(file: InstrumentFile) -> Facts:
    """The facts of a file that was read: readings, loads, reports and pools."""
    facts: set[tuple[object, ...]] = set()
    for kind, frame, columns in (
        ("read", file.readings, ("plate", "well", "target", "ct")),
        ("load", file.loads, ("plate", "well", "tube", "role")),
        ("report", file.reports, ("tube", "call")),
        ("pool", file.pools, ("pool", "sample")),
    ):
        # A spreadsheet that saves a text rounds numbers to ten digits.
        rounded = frame.with_columns(pl.col("ct").round(4)) if kind == "read" else frame
        facts |= {(kind, *row) for row in rounded.select(columns).rows()}
    told = {(finding.code, f"{finding.line} {finding.text}") for finding in file.not_understood}
    asked = [question for question in file.questions if question.code not in OF_FILES]
    told |= {(question.code, place) for question in asked for place in question.where}
    return Facts(frozenset(facts), frozenset(told))


def verdict(whole: Facts, variant: Variant) -> str:
    """`same`, `refused`, `fewer`, `told`, or what is wrong.

    Wrong is a fact that the whole file does not have, or one lost in silence. Of two exports pasted together both may be
    read where the file tells that they are two (`told`).
    """
    try:
        found = facts_of(read(variant.content, name=variant.sample, policy=POLICY))
    except InstrumentError:
        return "refused"
    known = whole.facts | {_without_plate(fact) for fact in whole.facts}
    told = bool(found.told - whole.told)
    invented = sorted(map(str, found.facts - known))
    if invented and not (variant.kind == "pasted" and told):
        return f"wrong: {', '.join(invented[:3])}"
    lost = {_without_plate(fact) for fact in whole.facts} - {_without_plate(fact) for fact in found.facts}
    if not lost:
        return "told" if invented else "same"
    named = variant.silent or told or (variant.lines and found.facts >= _facts(variant.lines, variant.sample))
    return "fewer" if named else f"wrong: lost in silence {sorted(map(str, lost))[:3]}"


def _facts(content: bytes, name: str) -> frozenset[tuple[object, ...]]:
    try:
        return facts_of(read(content, name=name, policy=POLICY)).facts
    except InstrumentError:
        return frozenset()


def _without_plate(fact: tuple[object, ...]) -> tuple[object, ...]:
    return (fact[0], None, *fact[2:]) if fact[0] in ("read", "load") else fact
