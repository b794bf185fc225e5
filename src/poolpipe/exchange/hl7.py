"""HL7 v2.5.1 ORU^R01: one message a member, the specimen marked as pooled (SPM-11 = L, SPM-13 = members).

One patient a message: receivers match a message to one person, and hl7apy's own parser puts a second PID into the
first PATIENT_RESULT and then calls the message invalid.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from poolpipe.errors import PoolpipeError

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.exchange.results import Member, Result

__all__ = ["ExchangeError", "oru_messages"]

# LOINC 94500-6: SARS-CoV-2 RNA, respiratory specimen, NAA with probe detection; SNOMED CT for the findings.
TEST = "94500-6^SARS-CoV-2 RNA^LN"
FINDINGS = {
    "positive": "260373001^Detected^SCT",
    "negative": "260415000^Not detected^SCT",
    "suspect": "419984006^Inconclusive^SCT",
    "invalid": "455371000124106^Invalid result^SCT",
}
FLAGS = {"positive": "A", "suspect": "A", "negative": "N", "invalid": ""}
IDENTITY_TYPES = {"RIC": "NI", "PASSPORT": "PPN"}  # HL7 table 0203; others are governments' documents (PI)
_ESCAPES = {
    "\\": "\\E\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "&": "\\T\\",
    "~": "\\R\\",
    "\r": "\\X0D\\",
    "\n": "\\X0A\\",
}


class ExchangeError(PoolpipeError):
    """A message is not valid by its own standard's validator."""


def _escape(text: str) -> str:
    """Text for an HL7 field (v2.5.1, 2.7.1)."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def oru_messages(
    result: Result,
    *,
    sender: str = "POOLPIPE",
    receiver: str = "CITY",
    zone: str = "Asia/Shanghai",
) -> list[str]:
    """The ORU^R01 messages of a tube, validated: one a member, or one without patient where nobody is known.

    Parameters
    ----------
    result : Result
        A tube with a call.
    sender, receiver : str
        MSH-4 and MSH-6.
    zone : str
        Zone in which times are written, with their offset.

    Returns
    -------
    list of str
        Segments ended by carriage returns. The control id (MSH-10) is made of the content: sending the same result
        again is the same message.

    Raises
    ------
    ExchangeError
        Where hl7apy's validator finds a message invalid.
    """
    place = ZoneInfo(zone)
    return [_message(result, member, sender, receiver, place) for member in result.members or (None,)]


def _message(result: Result, member: Member | None, sender: str, receiver: str, place: ZoneInfo) -> str:
    from hl7apy.consts import VALIDATION_LEVEL  # type: ignore[import-untyped]  # ships no types
    from hl7apy.core import Message  # type: ignore[import-untyped]  # ships no types
    from hl7apy.exceptions import HL7apyException  # type: ignore[import-untyped]  # ships no types

    try:
        message = Message("ORU_R01", version="2.5.1", validation_level=VALIDATION_LEVEL.TOLERANT)
        _header(message, result, member, sender, receiver, place)
        _patient_result(message, result, member, place)
        message.validate()
    except HL7apyException as error:
        raise ExchangeError(
            str(error), where=f"tube {result.tube}", way_out="correct the field it names"
        ) from error
    return str(message.to_er7()) + "\r"


def _stamp(moment: datetime, place: ZoneInfo) -> str:
    return moment.astimezone(place).strftime("%Y%m%d%H%M%S%z")


def _header(
    message: Any, result: Result, member: Member | None, sender: str, receiver: str, place: ZoneInfo
) -> None:
    facts = repr((result, member, sender, receiver)).encode()
    msh = message.msh
    msh.msh_3 = "poolpipe"
    msh.msh_4 = _escape(sender)
    msh.msh_6 = _escape(receiver)
    msh.msh_7 = _stamp(result.called_at, place)
    msh.msh_9 = "ORU^R01^ORU_R01"
    msh.msh_10 = hashlib.sha256(facts).hexdigest()[:20]
    msh.msh_11 = "P"
    msh.msh_12 = "2.5.1"
    msh.msh_18 = "UNICODE UTF-8"


def _patient_result(message: Any, result: Result, member: Member | None, place: ZoneInfo) -> None:
    """One member's group: who, the order, the finding, the Ct values, the tube."""
    group = message.add_group("ORU_R01_PATIENT_RESULT")
    if member is not None:
        pid = group.add_group("ORU_R01_PATIENT").add_segment("PID")
        pid.pid_1 = "1"
        kind = IDENTITY_TYPES.get(member.person_type, "PI")
        pid.pid_3 = f"{_escape(member.person)}^^^{_escape(member.person_type)}^{kind}"
        pid.pid_5 = "^^^^^^S"  # a name without content: names stay at home
    order = group.add_group("ORU_R01_ORDER_OBSERVATION")
    obr = order.add_segment("OBR")
    obr.obr_1 = "1"
    obr.obr_3 = _escape(f"{result.round}/{result.tube}" if result.round else result.tube)
    obr.obr_4 = TEST
    collected = member.collected_at if member else result.collected_at
    if collected is not None:
        obr.obr_7 = _stamp(collected, place)
    obr.obr_22 = _stamp(result.called_at, place)
    obr.obr_25 = "X" if result.call == "invalid" else "F"
    _observations(order, result, place)
    spm = order.add_group("ORU_R01_SPECIMEN").add_segment("SPM")
    spm.spm_1 = "1"
    spm.spm_2 = _escape(result.tube)
    spm.spm_4 = "258500001^Nasopharyngeal swab^SCT"
    spm.spm_11 = "L^Pooled patient specimens^HL70369" if result.pooled else "P^Patient^HL70369"
    if result.pooled:
        spm.spm_13 = str(len(result.members))
    if collected is not None:
        spm.spm_17 = _stamp(collected, place)


def _observations(order: Any, result: Result, place: ZoneInfo) -> None:
    obx = order.add_group("ORU_R01_OBSERVATION").add_segment("OBX")
    obx.obx_1 = "1"
    obx.obx_2 = "CWE"
    obx.obx_3 = TEST
    obx.obx_5 = FINDINGS[result.call]
    obx.obx_8 = FLAGS[result.call]
    obx.obx_11 = "X" if result.call == "invalid" else "F"
    obx.obx_19 = _stamp(result.called_at, place)
    if result.lab:
        obx.obx_23 = _escape(result.lab)
    obx = order.add_group("ORU_R01_OBSERVATION").add_segment("OBX")
    obx.obx_1 = "2"
    obx.obx_2 = "ST"
    obx.obx_3 = "SAMPLING^Sampling^L"
    obx.obx_5 = _escape(result.mixture)
    obx.obx_11 = "F"
    for number, (target, ct) in enumerate(result.cts, 3):
        obx = order.add_group("ORU_R01_OBSERVATION").add_segment("OBX")
        obx.obx_1 = str(number)
        obx.obx_2 = "NM" if ct is not None else "ST"
        obx.obx_3 = f"CT-{_escape(target)}^Ct {_escape(target)}^L"
        obx.obx_5 = f"{ct:g}" if ct is not None else "Undetermined"
        obx.obx_11 = "F"
