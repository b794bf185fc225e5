"""HL7 v2.5.1 ORU^R01: one message per person, the specimen marked as pooled (SPM-11 = L, SPM-13 = members).

A message has one patient: receivers match a message to one person, and hl7apy's own parser puts a second PID into the
first PATIENT_RESULT and then calls the message invalid.

Messages are written here, field by field, and read back by hl7apy, which validates them. Building them with hl7apy
would escape what is escaped already, and takes 25 ms a message.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from poolpipe.exchange.codings import (
    FINDINGS,
    IDENTITY_TYPES,
    OTHER_DOCUMENT,
    SHARED_WELL,
    STATUSES,
    SWAB,
    TEST,
    UNDETERMINED,
    WITHDRAWN,
    status_of,
)
from poolpipe.exchange.tube_results import ExchangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from poolpipe.exchange.tube_results import Statement, TubeResult

__all__ = ["escape", "oru_messages"]

DELETED = '""'
"""HL7's explicit null (v2.5.1, 2.5.3): what was in this field before is to be deleted."""

_DELIMITERS = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R"}
_BREAKS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
"""Control characters and line ends of any kind: MLLP frames a message by 0B and 1C 0D, and 0D ends a segment."""

_ESCAPES = str.maketrans(
    {
        **{letter: f"\\{code}\\" for letter, code in _DELIMITERS.items()},
        **{chr(point): f"\\X{chr(point).encode().hex().upper()}\\" for point in _BREAKS},
    }
)
_ALIKE = str.maketrans(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0" * 10 + "a" * 26 + "A" * 26
)


def escape(text: str) -> str:
    """Text for an HL7 field: delimiters and control characters as escape sequences (v2.5.1, 2.7)."""
    return text.translate(_ESCAPES)


def oru_messages(
    result: TubeResult,
    *,
    sender: str = "POOLPIPE",
    receiver: str = "CITY",
    zone: str = "Asia/Shanghai",
) -> list[str]:
    """Make the ORU^R01 messages of a tube, validated: one per person, or one without patient where no person is known.

    Parameters
    ----------
    result : TubeResult
        A tube with a call, or one whose call was withdrawn.
    sender, receiver : str
        MSH-4 and MSH-6.
    zone : str
        Zone in which times are written, to the second and with their offset.

    Returns
    -------
    list of str
        In the order of `result.statements`; segments ended by carriage returns. MSH-10 is made of the content: the
        same statement is the same message. The order number (OBR-3) is the tube's, in a correction too.

    Raises
    ------
    ExchangeError
        If hl7apy's validator finds a message invalid.
    """
    place = ZoneInfo(zone)
    exact = _Rendering(escape, lambda moment: moment.astimezone(place).strftime("%Y%m%d%H%M%S%z"))
    messages = []
    for statement in result.statements:
        body = _body(result, statement, exact)
        unnumbered = _header(statement, "", sender, receiver, exact) + body
        number = hashlib.sha256(f"{statement.revision} {unnumbered}".encode()).hexdigest()[:20]
        message = _header(statement, number, sender, receiver, exact) + body
        shape = _header(statement, "", sender, receiver, _SHAPE) + _body(result, statement, _SHAPE)
        _check(message, shape, result)
        messages.append(message)
    return messages


class _Rendering(NamedTuple):
    """Write texts from files, and times, into a field."""

    text: Callable[[str], str]
    moment: Callable[[datetime], str]


_SHAPE = _Rendering(lambda text: escape(text).translate(_ALIKE), lambda _: "0")
"""Maps all letters to one letter and all digits to one digit, so that messages of one shape become equal."""

_VALID: set[str] = set()
_MOST_SHAPES = 10_000


def _check(message: str, shape: str, result: TubeResult) -> None:
    """Let hl7apy validate a message, unless one of the same shape was found valid before.

    hl7apy checks structure, cardinality and data types; the letters and digits of a code do not matter to it.
    """
    if shape in _VALID:
        return
    from hl7apy.exceptions import HL7apyException

    try:
        _validate(message)
    except (HL7apyException, ValueError) as error:
        raise ExchangeError.of("no_hl7", where=f"tube {result.tube}", why=str(error)) from error
    if len(_VALID) >= _MOST_SHAPES:
        _VALID.clear()
    _VALID.add(shape)


def _validate(message: str) -> None:
    """Parse a message strictly; a code longer than the standard's field is sent whole."""
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.exceptions import MaxLengthReached
    from hl7apy.parser import parse_message

    try:
        parse_message(message, VALIDATION_LEVEL.STRICT, find_groups=True).validate()
    except MaxLengthReached:
        parse_message(message, VALIDATION_LEVEL.TOLERANT, find_groups=True).validate()


def _body(result: TubeResult, statement: Statement, say: _Rendering) -> str:
    """PID, OBR, OBX and SPM of one statement."""
    return "".join(
        (
            *_patient(statement, say),
            _order(result, statement, say),
            *_observations(result, statement, say),
            _specimen(result, statement, say),
        )
    )


def _segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment of the fields that there are, by their numbers, with its end."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))]) + "\r"


def _header(statement: Statement, control: str, sender: str, receiver: str, say: _Rendering) -> str:
    return _segment(
        "MSH",
        {
            1: "^~\\&",  # the separator before it is MSH-1, so that every number here is one too small
            2: "poolpipe",
            3: say.text(sender),
            5: say.text(receiver),
            6: say.moment(statement.stated_at),
            8: "ORU^R01^ORU_R01",
            9: control,
            10: "P",
            11: "2.5.1",
            17: "UNICODE UTF-8",
        },
    )


def _patient(statement: Statement, say: _Rendering) -> list[str]:
    """PID of a known person: the number, its issuer and its kind; names are not sent (PID-5, type S)."""
    if statement.person is None or statement.person_type is None:
        return []
    kind = IDENTITY_TYPES.get(statement.person_type, OTHER_DOCUMENT).code
    number = f"{say.text(statement.person)}^^^{say.text(statement.person_type)}^{kind}"
    return [_segment("PID", {1: "1", 3: number, 5: "^^^^^^S"})]


def _order(result: TubeResult, statement: Statement, say: _Rendering) -> str:
    """OBR; the tube's code is the order, and in a round the round is its namespace, too: codes are used again."""
    number = say.text(result.tube)
    if result.round:
        number = f"{say.text(result.round)}/{number}^{say.text(result.round)}"
    fields = {1: "1", 3: number, 4: f"{TEST.code}^{TEST.display}^LN"}
    if statement.collected_at is not None:
        fields[7] = say.moment(statement.collected_at)
    fields |= {22: say.moment(statement.stated_at), 25: status_of(statement.status, result.call).order}
    return _segment("OBR", fields)


def _observations(result: TubeResult, statement: Statement, say: _Rendering) -> list[str]:
    """The finding, the sampling, a Ct per target, and deletions of targets sent before."""
    common = {11: STATUSES[statement.status].observation}
    if statement.collected_at is not None:
        common[14] = say.moment(statement.collected_at)
    sampling = {2: "ST", 3: "SAMPLING^Sampling^L"}
    if statement.status == "withdrawn":
        found = [_finding(result, statement, say), {**sampling, 5: DELETED}]
        note = WITHDRAWN.both
    else:
        found = [_finding(result, statement, say), {**sampling, 5: result.mixture}]
        found += [_ct(target, ct, say) for target, ct in result.cts]
        note = SHARED_WELL.both if result.shared else ""
    found += [{2: "ST", 3: _ct_name(target, say), 5: DELETED, 11: "W"} for target in statement.retired]
    lines = [_segment("OBX", {1: str(n), **common, **fields}) for n, fields in enumerate(found, 1)]
    return [lines[0], *([_segment("NTE", {1: "1", 2: "L", 3: note})] if note else []), *lines[1:]]


def _finding(result: TubeResult, statement: Statement, say: _Rendering) -> dict[int, str]:
    """OBX of the result: SNOMED CT beside poolpipe's own word; HL7's null where it was withdrawn."""
    status = status_of(statement.status, result.call).observation
    fields = {2: "CWE", 3: f"{TEST.code}^{TEST.display}^LN", 5: DELETED, 11: status}
    if statement.status != "withdrawn" and result.call is not None and result.called_at is not None:
        finding = FINDINGS[result.call]
        fields[5] = f"{finding.snomed.code}^{finding.snomed.display}^SCT^{result.call}^{finding.chinese}^L"
        fields[8] = finding.flag
        fields[19] = say.moment(result.called_at)
    if result.reagent:
        fields[17] = f"^{say.text(result.reagent)}"
    if result.instrument:
        fields[18] = say.text(result.instrument)
    if result.lab:
        fields[23] = say.text(result.lab)
    return fields


def _ct(target: str, ct: str | None, say: _Rendering) -> dict[int, str]:
    """OBX of a target's Ct in cycles; without amplification the text `Undetermined`."""
    name = {3: _ct_name(target, say)}
    if ct is None:
        return {2: "ST", **name, 5: UNDETERMINED}
    return {2: "NM", **name, 5: say.text(ct), 6: "{cycles}^cycles^UCUM"}


def _ct_name(target: str, say: _Rendering) -> str:
    return f"CT-{say.text(target)}^Ct {say.text(target)}^L"


def _specimen(result: TubeResult, statement: Statement, say: _Rendering) -> str:
    tube = say.text(result.tube) + (f"&{say.text(result.round)}" if result.round else "")
    fields = {1: "1", 2: tube, 4: f"{SWAB.code}^{SWAB.display}^SCT"}
    if result.pooled:
        fields |= {11: "L^Pooled patient specimens^HL70369", 13: str(result.people)}
    elif result.mode is not None:
        fields[11] = "P^Patient^HL70369"
    if statement.collected_at is not None:
        fields[17] = say.moment(statement.collected_at)
    return _segment("SPM", fields)
