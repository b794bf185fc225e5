"""FHIR R4: a bundle a tube, with the pool's specimen made of its members' specimens.

Built and validated with fhir.resources' R4B models, whose Bundle, DiagnosticReport, Observation, Specimen, Patient and
Group have the elements of R4 that are used here.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from poolpipe.exchange.hl7 import ExchangeError

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.exchange.results import Member, Result

__all__ = ["bundle"]

SPACE = uuid.UUID("6f1d2f5e-4f0b-5d0a-9b43-2f6b6c9d4b11")  # of poolpipe's resources: ids are made of content
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
TEST = {
    "coding": [{"system": LOINC, "code": "94500-6", "display": "SARS-CoV-2 RNA, respiratory specimen, NAA"}]
}
FINDINGS = {
    "positive": ("260373001", "Detected"),
    "negative": ("260415000", "Not detected"),
    "suspect": ("419984006", "Inconclusive"),
}
NO_VALUE = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "error"}]
}
UNDETERMINED = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "negative-infinity"}
    ],
    "text": "Undetermined",
}


def bundle(result: Result, *, zone: str = "Asia/Shanghai", identifiers: str = "urn:poolpipe") -> str:
    """The FHIR bundle of a tube as JSON, validated.

    Parameters
    ----------
    result : Result
        A tube with a call.
    zone : str
        Zone of the times.
    identifiers : str
        Base of the identifier systems: `…:tube`, `…:person:RIC`, `…:lab`.

    Returns
    -------
    str
        A Bundle (collection): Patients with identifier only, one Specimen a member, the tube's Specimen whose
        `parent` are these, a Group as subject of a pool, an Observation with a component a target, a DiagnosticReport.
        Ids are made of content: the same result gives the same bundle.

    Raises
    ------
    ExchangeError
        Where the models find it invalid.
    """
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    resources = _resources(result, ZoneInfo(zone), identifiers)
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources]
    content = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    try:
        return str(Bundle.model_validate(content).model_dump_json(exclude_none=True))
    except ValidationError as error:
        raise ExchangeError(
            str(error), where=f"tube {result.tube}", way_out="correct the element it names"
        ) from error


def _resources(result: Result, place: ZoneInfo, base: str) -> list[dict[str, Any]]:
    tube = f"{base}|{result.round}|{result.tube}"
    patients = [_patient(member, base) for member in result.members]
    subject = _reference(patients[0]) if len(patients) == 1 and not result.pooled else None
    group: list[dict[str, Any]] = []
    if patients and subject is None:
        members = [{"entity": _reference(patient)} for patient in patients]
        group = [{"resourceType": "Group", "id": _id(tube, "group"), "type": "person", "actual": True,
                  "quantity": len(members), "member": members}]  # fmt: skip
        subject = _reference(group[0])
    swabs = (
        [_swab(tube, m, p, place) for m, p in zip(result.members, patients, strict=True)]
        if result.pooled
        else []
    )
    specimen: dict[str, Any] = {
        "resourceType": "Specimen", "id": _id(tube, "specimen"),
        "identifier": [{"system": f"{base}:tube", "value": result.tube}],
        "type": {"coding": [{"system": SNOMED, "code": "258500001", "display": "Nasopharyngeal swab"}],
                 "text": result.mixture},
    }  # fmt: skip
    if swabs:
        specimen["parent"] = [_reference(swab) for swab in swabs]
    if result.collected_at is not None:
        specimen["collection"] = {"collectedDateTime": _when(result.collected_at, place)}
    observation = _observation(tube, result, place, base)
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport", "id": _id(tube, "report"), "status": "final", "code": TEST,
        "identifier": [{"system": f"{base}:report", "value": f"{result.round}/{result.tube}"}],
        "issued": _when(result.called_at, place), "specimen": [_reference(specimen)],
        "result": [_reference(observation)], "conclusion": f"{result.call} ({result.mixture})",
    }  # fmt: skip
    for resource in (specimen, observation, report):
        if subject is not None:
            resource["subject"] = subject
    observation["specimen"] = _reference(specimen)
    if result.lab:
        performer = {"identifier": {"system": f"{base}:lab", "value": result.lab}, "display": result.lab}
        report["performer"] = [performer]
        observation["performer"] = [performer]
    return [*patients, *group, *swabs, specimen, observation, report]


def _observation(tube: str, result: Result, place: ZoneInfo, base: str) -> dict[str, Any]:
    """The finding; an invalid run has no value, for it is no result."""
    observation: dict[str, Any] = {
        "resourceType": "Observation", "id": _id(tube, "observation"), "status": "final", "code": TEST,
        "issued": _when(result.called_at, place),
    }  # fmt: skip
    if result.call in FINDINGS:
        code, display = FINDINGS[result.call]
        observation["valueCodeableConcept"] = {
            "coding": [{"system": SNOMED, "code": code, "display": display}]
        }
    else:
        observation["dataAbsentReason"] = NO_VALUE
    components = [
        {"code": {"coding": [{"system": f"{base}:ct", "code": target}], "text": f"Ct {target}"}}
        | (
            {"dataAbsentReason": UNDETERMINED}
            if ct is None
            else {"valueQuantity": {"value": ct, "unit": "cycles"}}
        )
        for target, ct in result.cts
    ]
    return observation | ({"component": components} if components else {})


def _patient(member: Member, base: str) -> dict[str, Any]:
    system = f"{base}:person:{member.person_type}"
    return {"resourceType": "Patient", "id": _id(system, member.person),
            "identifier": [{"system": system, "value": member.person}]}  # fmt: skip


def _swab(tube: str, member: Member, patient: dict[str, Any], place: ZoneInfo) -> dict[str, Any]:
    return {"resourceType": "Specimen", "id": _id(tube, f"swab {member.person_type} {member.person}"),
            "subject": _reference(patient),
            "collection": {"collectedDateTime": _when(member.collected_at, place)}}  # fmt: skip


def _reference(resource: dict[str, Any]) -> dict[str, str]:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _id(*parts: str) -> str:
    return str(uuid.uuid5(SPACE, "\x1f".join(parts)))


def _when(moment: datetime, place: ZoneInfo) -> str:
    return moment.astimezone(place).isoformat(timespec="seconds")
