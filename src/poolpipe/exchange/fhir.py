"""FHIR R4: one bundle per tube, with the pool's specimen made of its members' specimens.

Validated with fhir.resources' R4B models, whose Bundle, DiagnosticReport, Observation, Specimen, Patient and Group have
the elements of R4 that are used here.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from poolpipe.exchange.codings import (
    FINDINGS,
    IDENTITY_TYPES,
    OTHER_DOCUMENT,
    SHARED_WELL,
    SWAB,
    TEST,
    UNDETERMINED,
    WITHDRAWN,
    status_of,
)
from poolpipe.exchange.tube_results import ExchangeError

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.exchange.codings import Coding
    from poolpipe.exchange.tube_results import Statement, TubeResult

__all__ = ["bundle"]

SPACE = uuid.UUID("6f1d2f5e-4f0b-5d0a-9b43-2f6b6c9d4b11")  # of poolpipe's resources: ids are made of content
LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"


def bundle(result: TubeResult, *, zone: str = "Asia/Shanghai", identifiers: str = "urn:poolpipe") -> str:
    """Make the FHIR bundle of a tube as JSON, validated.

    Parameters
    ----------
    result : TubeResult
        A tube with a call, or one whose call was withdrawn.
    zone : str
        Zone of the times, which are written to the second and with their offset.
    identifiers : str
        Base of the identifier systems: `…:tube`, `…:person:RIC`, `…:lab`; tubes of a round in `…:tube:ROUND`.

    Returns
    -------
    str
        A Bundle (collection): Patients with identifier only, one Specimen a member, the tube's Specimen whose
        `parent` are these, a Group as subject of a pool, an Observation with a component a target, a DiagnosticReport.
        Ids are made of round, tube and person: a correction has those of what it corrects.

    Raises
    ------
    ExchangeError
        If the models find it invalid.
    """
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    resources = _Tube(result, ZoneInfo(zone), identifiers).resources()
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources]
    content = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    try:
        Bundle.model_validate(content)
    except ValidationError as error:
        raise ExchangeError.of("no_fhir", where=f"tube {result.tube}", why=str(error)) from error
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


class _Tube:
    """One tube as resources."""

    def __init__(self, result: TubeResult, place: ZoneInfo, base: str) -> None:
        self.result, self.place, self.base = result, place, base
        self.key = (base, result.round, result.tube)
        self.status = status_of(result.status, result.call).fhir

    def resources(self) -> list[dict[str, Any]]:
        """Every resource, each before those that refer to it."""
        told = [s for s in self.result.statements if s.person is not None]
        patients = [self._patient(statement) for statement in told]
        swabs: list[dict[str, Any]] = []
        group: list[dict[str, Any]] = []
        if self.result.pooled:
            swabs = [self._swab(s, p) for s, p in zip(told, patients, strict=True)]
        stand = [p for s, p in zip(told, patients, strict=True) if s.status != "withdrawn"] or patients
        if len(stand) == 1 and not self.result.pooled:
            subject, patients = _reference(stand[0]), stand
        elif patients:
            group = [self._group(told, patients)]
            subject = _reference(group[0])
        else:
            subject = {}
        specimen, observation = self._specimen(swabs), self._observation()
        report = self._report(specimen, observation)
        observation["specimen"] = _reference(specimen)
        for resource in (specimen, observation, report):
            if subject:
                resource["subject"] = subject
        return [*patients, *group, *swabs, specimen, observation, report]

    def _id(self, *parts: str) -> str:
        return str(uuid.uuid5(SPACE, json.dumps(parts)))

    def _when(self, moment: datetime) -> str:
        return moment.astimezone(self.place).isoformat(timespec="seconds")

    def _system(self, kind: str) -> str:
        """System of a tube's identifiers: a code used in another round is another tube."""
        system = f"{self.base}:{kind}"
        return f"{system}:{quote(self.result.round, safe='')}" if self.result.round else system

    def _patient(self, statement: Statement) -> dict[str, Any]:
        person_type, person = str(statement.person_type), str(statement.person)
        system = f"{self.base}:person:{quote(person_type, safe='')}"
        kind = IDENTITY_TYPES.get(person_type, OTHER_DOCUMENT)
        identifier = {"type": _concept(IDENTIFIER_TYPE, kind), "system": system, "value": person}
        return {"resourceType": "Patient", "id": self._id(system, person), "identifier": [identifier]}

    def _group(self, told: list[Statement], patients: list[dict[str, Any]]) -> dict[str, Any]:
        """The pool's people; a person sent before who is no member now stays in it as inactive."""
        members: list[dict[str, Any]] = []
        for statement, patient in zip(told, patients, strict=True):
            gone = {"inactive": True} if statement.status == "withdrawn" else {}
            members.append({"entity": _reference(patient), **gone})
        return {"resourceType": "Group", "id": self._id(*self.key, "group"), "type": "person", "actual": True,
                "quantity": len(self.result.members), "member": members}  # fmt: skip

    def _swab(self, statement: Statement, patient: dict[str, Any]) -> dict[str, Any]:
        swab = {"resourceType": "Specimen",
                "id": self._id(*self.key, "swab", str(statement.person_type), str(statement.person)),
                "subject": _reference(patient)}  # fmt: skip
        if statement.status == "withdrawn":
            swab["status"] = "entered-in-error"
        if statement.collected_at is not None:
            swab["collection"] = {"collectedDateTime": self._when(statement.collected_at)}
        return swab

    def _specimen(self, swabs: list[dict[str, Any]]) -> dict[str, Any]:
        result = self.result
        specimen: dict[str, Any] = {
            "resourceType": "Specimen", "id": self._id(*self.key, "specimen"),
            "identifier": [{"system": self._system("tube"), "value": result.tube}],
            "type": {**_concept(SNOMED, SWAB), "text": result.mixture},
        }  # fmt: skip
        if stand := [swab for swab in swabs if "status" not in swab]:
            specimen["parent"] = [_reference(swab) for swab in stand]
        if result.collected_at is not None:
            specimen["collection"] = {"collectedDateTime": self._when(result.collected_at)}
        return specimen

    def _common(self, kind: str, name: str) -> dict[str, Any]:
        """The elements that an Observation and a DiagnosticReport have in common."""
        result = self.result
        resource: dict[str, Any] = {
            "resourceType": kind, "id": self._id(*self.key, name), "status": self.status,
            "code": _concept(LOINC, TEST), "issued": self._when(result.stated_at),
        }  # fmt: skip
        if result.collected_at is not None:
            resource["effectiveDateTime"] = self._when(result.collected_at)
        if result.lab:
            identifier = {"system": f"{self.base}:lab", "value": result.lab}
            resource["performer"] = [{"identifier": identifier, "display": result.lab}]
        return resource

    def _report(self, specimen: dict[str, Any], observation: dict[str, Any]) -> dict[str, Any]:
        result = self.result
        words = f"{_words(result.call)} " if result.call is not None else ""
        number = f"{result.round}/{result.tube}" if result.round else result.tube
        return self._common("DiagnosticReport", "report") | {
            "identifier": [{"system": self._system("report"), "value": number}],
            "specimen": [_reference(specimen)], "result": [_reference(observation)],
            "conclusion": f"{words}({result.mixture})",
        }  # fmt: skip

    def _observation(self) -> dict[str, Any]:
        """The finding; an invalid run is no result and has no value, and neither has a withdrawn one."""
        result = self.result
        observation = self._common("Observation", "observation")
        finding = FINDINGS.get(result.call or "")
        if finding is not None and finding.interpretation is not None:
            observation["valueCodeableConcept"] = {
                **_concept(SNOMED, finding.snomed), "text": _words(result.call)
            }  # fmt: skip
            observation["interpretation"] = [_concept(INTERPRETATION, finding.interpretation)]
        elif finding is not None:
            observation["dataAbsentReason"] = _absent("error", _words(result.call))
        else:
            observation["dataAbsentReason"] = _absent("unknown", WITHDRAWN.both)
        if result.shared:
            observation["note"] = [{"text": SHARED_WELL.both}]
        if result.reagent:
            observation["method"] = {"text": result.reagent}
        if result.instrument:
            observation["device"] = {"display": result.instrument}
        if result.cts:
            observation["component"] = [self._component(target, ct) for target, ct in result.cts]
        return observation

    def _component(self, target: str, ct: str | None) -> dict[str, Any]:
        """A target's Ct; without amplification there is no value and no comparator."""
        code = {"coding": [{"system": f"{self.base}:ct", "code": target}], "text": f"Ct {target}"}
        if ct is None:
            return {"code": code, "dataAbsentReason": _absent("not-applicable", UNDETERMINED)}
        value = {"value": float(ct), "unit": "cycles", "system": UCUM, "code": "{cycles}"}
        return {"code": code, "valueQuantity": value}


def _words(call: str | None) -> str:
    finding = FINDINGS[str(call)]
    return f"{finding.english} {finding.chinese}"


def _concept(system: str, coding: Coding) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": coding.code, "display": coding.display}]}


def _absent(reason: str, words: str) -> dict[str, Any]:
    return {"coding": [{"system": ABSENT, "code": reason}], "text": words}


def _reference(resource: dict[str, Any]) -> dict[str, str]:
    return {"reference": f"urn:uuid:{resource['id']}"}
