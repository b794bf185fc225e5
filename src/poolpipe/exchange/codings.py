"""Codes and words that every format shares: LOINC, SNOMED CT, flags, statuses, kinds of identity document."""

from __future__ import annotations

from typing import NamedTuple

from poolpipe.words import CALL_WORDS, MODE_WORDS, Wording

__all__ = [
    "FINDINGS",
    "IDENTITY_TYPES",
    "OTHER_DOCUMENT",
    "POOLED",
    "SHARED_WELL",
    "SINGLE",
    "STATUSES",
    "SWAB",
    "TEST",
    "UNDETERMINED",
    "UNREGISTERED",
    "WITHDRAWN",
    "Coding",
    "ResultCoding",
    "Status",
    "status_of",
]


class Coding(NamedTuple):
    """A code of a public code system, with the system's display text."""

    code: str
    display: str


class ResultCoding(NamedTuple):
    """The codes and words of one call in each standard.

    Attributes
    ----------
    snomed : Coding
        SNOMED CT.
    flag : str
        HL7 table 0078: A abnormal, N normal, empty for no result.
    interpretation : Coding or None
        FHIR's ObservationInterpretation; None for no result.
    english, chinese : str
        The words of the report form.
    """

    snomed: Coding
    flag: str
    interpretation: Coding | None
    english: str
    chinese: str


class Status(NamedTuple):
    """The status of a result, in each standard's own code.

    Attributes
    ----------
    order : str
        OBR-25, HL7 table 0123.
    observation : str
        OBX-11, HL7 table 0085.
    fhir : str
        DiagnosticReport.status and Observation.status.
    english, chinese : str
        Words of the CSV.
    """

    order: str
    observation: str
    fhir: str
    english: str
    chinese: str


TEST = Coding("94500-6", "SARS-CoV-2 RNA")
"""LOINC: SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory system specimen by NAA with probe detection."""

SWAB = Coding("257261003", "Swab")
"""SNOMED CT. No event has the body site of the swab, so none is stated."""

UNDETERMINED = "Undetermined"
"""Text of a target without amplification in every format: it has no Ct value."""

POOLED = Wording("mixed", MODE_WORDS["pool"].chinese)
"""Text behind the number of people mixed: `10:1 mixed`."""

SINGLE = MODE_WORDS["single"]
UNREGISTERED = Wording("not registered", "未登记")
"""Text for the sampling of a tube without registered people."""

SHARED_WELL = Wording(
    "several tubes in one well: its Ct values are those of all of them", "一孔多样：Ct 值属于同孔各管"
)
"""Remark on the Ct values of a well that several tubes share."""

WITHDRAWN = Wording("sent before, and does not stand", "此前报告的结果已撤回")
"""Text in the place of a result that was withdrawn."""

FINDINGS = {
    "positive": ResultCoding(
        Coding("260373001", "Detected"), "A", Coding("POS", "Positive"), "detected", CALL_WORDS["positive"].chinese
    ),
    "suspect": ResultCoding(
        Coding("419984006", "Inconclusive"), "A", Coding("IND", "Indeterminate"), "inconclusive", CALL_WORDS["suspect"].chinese
    ),
    "negative": ResultCoding(
        Coding("260415000", "Not detected"), "N", Coding("NEG", "Negative"), "not detected", CALL_WORDS["negative"].chinese
    ),
    "invalid": ResultCoding(Coding("455371000124106", "Invalid result"), "", None, "invalid", CALL_WORDS["invalid"].chinese),
}  # fmt: skip
"""Call to its codes and words."""

STATUSES = {
    "final": Status("F", "F", "final", "final", "终报"),
    "corrected": Status("C", "C", "corrected", "corrected", "更正"),
    "withdrawn": Status("X", "W", "entered-in-error", "withdrawn", "撤回"),
}
"""Status to its codes: sent for the first time, sent again with other facts, or no longer valid."""

_NO_RESULT = Status("X", "X", "final", "final", "终报")

IDENTITY_TYPES = {"RIC": Coding("NI", "National unique individual identifier"),
                  "PASSPORT": Coding("PPN", "Passport number")}  # fmt: skip
"""HL7 table 0203 for kinds of identity document."""

OTHER_DOCUMENT = Coding("PI", "Patient internal identifier")
"""Travel permits (HKM, TW) and all others: a number that is unique within its assigning authority, which is named."""


def status_of(status: str, call: str | None) -> Status:
    """Codes of a status; a first result that is `invalid` is no result (X), a corrected one replaces (C).

    Parameters
    ----------
    status : {"final", "corrected", "withdrawn"}
        Status of a statement.
    call : str or None
        The tube's call.

    Returns
    -------
    Status
    """
    return _NO_RESULT if status == "final" and call == "invalid" else STATUSES[status]
