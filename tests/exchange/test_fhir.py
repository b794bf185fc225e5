"""FHIR R4: what each element says, against the specification's code systems."""

from __future__ import annotations

import json

import pytest
from fhir.resources.R4B.bundle import Bundle

from exchange.frames import FIRST, LATER, SECOND, members, person, pools, reading, readings, tube
from poolpipe.exchange import ExchangeError, codings
from poolpipe.exchange.fhir import bundle
from poolpipe.exchange.statements import first_told, revised, statements
from poolpipe.exchange.tube_results import results, results_of

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


class Resources:
    """A bundle's resources by type, and those a reference means."""

    def __init__(self, text):
        content = json.loads(text)
        Bundle.model_validate(content)
        assert (content["resourceType"], content["type"]) == ("Bundle", "collection")
        self.by_url = {entry["fullUrl"]: entry["resource"] for entry in content["entry"]}
        assert all(url == f"urn:uuid:{resource['id']}" for url, resource in self.by_url.items())

    def all(self, kind):
        return [each for each in self.by_url.values() if each["resourceType"] == kind]

    def only(self, kind):
        (found,) = self.all(kind)
        return found

    def meant(self, reference):
        return self.by_url[reference["reference"]]

    @property
    def tube(self):
        (found,) = (each for each in self.all("Specimen") if "identifier" in each)
        return found


def told(*tubes, people=(), read=(), **options):
    found = results(pools(*tubes), members(*people), readings(*read))
    return [Resources(bundle(result, **options)) for result in found]


def corrected(before, now, *, people=(), later_people=None, read=()):
    earlier = first_told(statements(pools(*before), members(*people), readings(*read)))
    people = people if later_people is None else later_people
    anew = revised(statements(pools(*now), members(*people)), earlier, LATER)
    return [Resources(bundle(result)) for result in results_of([anew])]


@pytest.mark.parametrize(
    ("call", "finding", "interpretation", "words"),
    [
        ("positive", ("260373001", "Detected"), ("POS", "Positive"), "detected 阳性"),
        ("suspect", ("419984006", "Inconclusive"), ("IND", "Indeterminate"), "inconclusive 可疑"),
        ("negative", ("260415000", "Not detected"), ("NEG", "Negative"), "not detected 阴性"),
    ],
)
def test_each_call__has_its_finding_interpretation_and_status(call, finding, interpretation, words):
    (found,) = told(tube("T1", call), people=[person("T1", FIRST)])
    observation, report = found.only("Observation"), found.only("DiagnosticReport")
    assert observation["valueCodeableConcept"] == {
        "coding": [{"system": SNOMED, "code": finding[0], "display": finding[1]}], "text": words
    }  # fmt: skip
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    assert observation["interpretation"] == [
        {"coding": [{"system": system, "code": interpretation[0], "display": interpretation[1]}]}
    ]
    assert "dataAbsentReason" not in observation
    assert (observation["status"], report["status"]) == ("final", "final")
    assert report["conclusion"] == f"{words} (1:1 mixed 混采)"
    coding = {"coding": [{"system": LOINC, "code": "94500-6", "display": "SARS-CoV-2 RNA"}]}
    assert observation["code"] == report["code"] == coding


def test_invalid__is_no_value_but_an_error():
    (found,) = told(tube("T1", "invalid"), people=[person("T1", FIRST)], read=[reading("N", 20.0)])
    observation = found.only("Observation")
    assert observation["dataAbsentReason"] == {
        "coding": [{"system": ABSENT, "code": "error"}],
        "text": "invalid 无效",
    }
    assert not {"valueCodeableConcept", "interpretation", "component"} & observation.keys()
    assert found.only("DiagnosticReport")["conclusion"] == "invalid 无效 (1:1 mixed 混采)"
    assert (observation["status"], found.only("DiagnosticReport")["status"]) == ("final", "final")


def test_undetermined__is_absent_without_number_or_direction():
    read = [reading("IC", 24.0), reading("N", 22.0988941192627), reading("ORF1ab", None)]
    (found,) = told(tube("T1", "suspect"), people=[person("T1", FIRST)], read=read)
    control, n, orf = found.only("Observation")["component"]
    for component, target, value in ((control, "IC", 24), (n, "N", 22.0988941192627)):
        assert component == {
            "code": {"coding": [{"system": "urn:poolpipe:ct", "code": target}], "text": f"Ct {target}"},
            "valueQuantity": {"value": value, "unit": "cycles", "system": "http://unitsofmeasure.org", "code": "{cycles}"},
        }  # fmt: skip
    assert orf == {
        "code": {"coding": [{"system": "urn:poolpipe:ct", "code": "ORF1ab"}], "text": "Ct ORF1ab"},
        "dataAbsentReason": {
            "coding": [{"system": ABSENT, "code": "not-applicable"}],
            "text": "Undetermined",
        },
    }


def test_times__are_to_the_second_with_offset():
    people = [person("T1", FIRST), person("T1", SECOND, 2)]
    (found,) = told(tube("T1", "positive"), people=people)
    for resource in (found.only("Observation"), found.only("DiagnosticReport")):
        assert resource["issued"] == "2022-02-10T12:05:06+08:00"
        assert resource["effectiveDateTime"] == "2022-02-10T09:02:03+08:00"
    swabs = [found.meant(parent) for parent in found.tube["parent"]]
    assert [swab["collection"]["collectedDateTime"] for swab in (found.tube, *swabs)] == [
        "2022-02-10T09:02:03+08:00", "2022-02-10T09:02:03+08:00", "2022-02-10T09:02:44+08:00",
    ]  # fmt: skip
    (utc,) = told(tube("T1", "positive"), people=people, zone="UTC")
    assert utc.only("Observation")["issued"] == "2022-02-10T04:05:06+00:00"


@pytest.mark.parametrize(
    ("person_type", "kind", "display"),
    [
        ("RIC", "NI", "National unique individual identifier"),
        ("PASSPORT", "PPN", "Passport number"),
        ("HKM", "PI", "Patient internal identifier"),
        ("TW", "PI", "Patient internal identifier"),
    ],
)
def test_patient__is_an_identifier_and_nothing_else(person_type, kind, display):
    (found,) = told(tube("T1", "negative"), people=[person("T1", FIRST, person_type=person_type)])
    patient = found.only("Patient")
    assert patient["identifier"] == [
        {
            "type": {"coding": [{"system": V2_0203, "code": kind, "display": display}]},
            "system": f"urn:poolpipe:person:{person_type}",
            "value": FIRST,
        }
    ]
    assert patient.keys() == {"resourceType", "id", "identifier"}


def test_pool__is_a_group_and_a_specimen_made_of_its_members_swabs():
    people = [person("T1", FIRST), person("T1", SECOND, 2)]
    (found,) = told(tube("T1", "positive", lab="CDC1"), people=people)
    patients = found.all("Patient")
    assert [each["identifier"][0]["value"] for each in patients] == [FIRST, SECOND]
    swabs = [found.meant(parent) for parent in found.tube["parent"]]
    assert [found.meant(swab["subject"]) for swab in swabs] == patients
    assert all("status" not in swab for swab in swabs)
    group = found.only("Group")
    assert (group["type"], group["actual"], group["quantity"]) == ("person", True, 2)
    assert [found.meant(member["entity"]) for member in group["member"]] == patients
    assert all("inactive" not in member for member in group["member"])
    report, observation = found.only("DiagnosticReport"), found.only("Observation")
    for resource in (found.tube, observation, report):
        assert found.meant(resource["subject"]) == group
    assert found.meant(observation["specimen"]) == found.meant(report["specimen"][0]) == found.tube
    assert found.meant(report["result"][0]) == observation
    performer = [{"identifier": {"system": "urn:poolpipe:lab", "value": "CDC1"}, "display": "CDC1"}]
    assert observation["performer"] == report["performer"] == performer
    assert found.tube["type"] == {
        "coding": [{"system": SNOMED, "code": "257261003", "display": "Swab"}], "text": "2:1 mixed 混采"
    }  # fmt: skip
    assert found.tube["identifier"] == [{"system": "urn:poolpipe:tube", "value": "T1"}]
    assert report["identifier"] == [{"system": "urn:poolpipe:report", "value": "T1"}]


def test_single__is_its_person():
    (found,) = told(tube("T1", "positive", mode="single"), people=[person("T1", FIRST)])
    assert not found.all("Group")
    assert "parent" not in found.tube
    for resource in (found.tube, found.only("Observation"), found.only("DiagnosticReport")):
        assert found.meant(resource["subject"]) == found.only("Patient")
    assert found.tube["type"]["text"] == "single 单采"


def test_pool_of_one__is_a_group_still():
    (found,) = told(tube("T1", "positive"), people=[person("T1", FIRST)])
    assert found.meant(found.only("Observation")["subject"]) == found.only("Group")


def test_tube_without_known_people_lab_or_swab__claims_none():
    (found,) = told(tube("T1", "suspect", mode=None, lab=None, first_collected=None))
    assert not found.all("Patient") + found.all("Group")
    for resource in (found.tube, found.only("Observation"), found.only("DiagnosticReport")):
        assert not {"subject", "performer", "effectiveDateTime", "collection", "parent"} & resource.keys()
    assert found.tube["type"]["text"] == "not registered 未登记"


def test_reagent_instrument_and_shared_well__stand_with_the_observation():
    read = [reading("N", 20.0, reagent="kit", instrument="PCR7", shared=True)]
    (found,) = told(tube("T1", "suspect"), people=[person("T1", FIRST)], read=read)
    observation = found.only("Observation")
    assert (observation["method"], observation["device"]) == ({"text": "kit"}, {"display": "PCR7"})
    assert "several tubes in one well" in observation["note"][0]["text"]
    assert "一孔多样" in observation["note"][0]["text"]
    (bare,) = told(tube("T1", "suspect"), people=[person("T1", FIRST)], read=[reading("N", 20.0)])
    assert not {"method", "device", "note"} & bare.only("Observation").keys()


def test_ids__are_the_same_each_time_and_differ_between_tubes_rounds_and_bases():
    rows = [
        tube("T1", "positive"),
        tube("T2", "positive"),
        tube("T1", "positive", round="2"),
        tube("2/T1", "positive"),
    ]
    people = [person(row["tube"], FIRST, round=row["round"]) for row in rows]
    once, again = told(*rows, people=people), told(*rows[::-1], people=people[::-1])
    assert [found.by_url for found in once] == [found.by_url for found in again]
    for kind in ("DiagnosticReport", "Observation", "Group"):
        assert len({found.only(kind)["id"] for found in once}) == 4
    assert len({found.tube["id"] for found in once}) == 4
    assert len({str(found.tube["identifier"]) for found in once}) == 4
    assert len({str(found.only("DiagnosticReport")["identifier"]) for found in once}) == 4
    assert len({found.only("Patient")["id"] for found in once}) == 1, "one person is one Patient"
    (other,) = told(rows[0], people=people[:1], identifiers="urn:x")
    assert not other.by_url.keys() & once[0].by_url.keys()
    assert other.tube["identifier"][0]["system"] == "urn:x:tube"


def test_systems__are_uris_whatever_a_round_or_a_document_is_called():
    (found,) = told(
        tube("T1", "positive", round="第 2 轮/a"),
        people=[person("T1", FIRST, person_type="军 官", round="第 2 轮/a")],
    )
    assert found.tube["identifier"][0]["system"] == "urn:poolpipe:tube:%E7%AC%AC%202%20%E8%BD%AE%2Fa"
    assert found.only("Patient")["identifier"][0]["system"] == "urn:poolpipe:person:%E5%86%9B%20%E5%AE%98"
    assert found.only("DiagnosticReport")["identifier"][0]["value"] == "第 2 轮/a/T1"


def test_codes__come_back_as_they_went_in():
    code, number, lab = 'T"\\|1\n', "H\x00\r\x0b1", "实验室\u2028\t"
    (found,) = told(tube(code, "positive", lab=lab), people=[person(code, number)])
    assert found.tube["identifier"][0]["value"] == code
    assert found.only("Patient")["identifier"][0]["value"] == number
    assert found.only("Observation")["performer"][0]["display"] == lab


def test_correction__has_the_ids_of_what_it_corrects_and_says_so():
    people = [person("T1", FIRST)]
    (before,) = told(tube("T1", "positive"), people=people, read=[reading("N", 20.0)])
    (after,) = corrected(
        [tube("T1", "positive")], [tube("T1", "negative")], people=people, read=[reading("N", 20.0)]
    )
    for kind in ("Observation", "DiagnosticReport"):
        assert after.only(kind)["id"] == before.only(kind)["id"]
        assert (after.only(kind)["status"], after.only(kind)["issued"]) == (
            "corrected",
            "2022-02-11T15:08:09+08:00",
        )
    assert after.only("Observation")["valueCodeableConcept"]["coding"][0]["code"] == "260415000"
    assert "component" not in after.only("Observation")


def test_withdrawn_result__was_entered_in_error_and_has_no_value():
    (after,) = corrected(
        [tube("T1", "positive")], [tube("T1", None)], people=[person("T1", FIRST)], read=[reading("N", 20.0)]
    )
    observation, report = after.only("Observation"), after.only("DiagnosticReport")
    assert (observation["status"], report["status"]) == ("entered-in-error", "entered-in-error")
    assert observation["issued"] == "2022-02-11T15:08:09+08:00"
    reason = observation["dataAbsentReason"]
    assert reason["coding"] == [{"system": ABSENT, "code": "unknown"}]
    assert "does not stand" in reason["text"]
    assert "撤回" in reason["text"]
    assert not {"valueCodeableConcept", "interpretation", "component"} & observation.keys()
    assert report["conclusion"] == "(1:1 mixed 混采)"
    assert "etected" not in json.dumps(after.by_url)


def test_withdrawn_single__keeps_its_person():
    (after,) = corrected([tube("T1", "positive", mode="single")], [], people=[person("T1", FIRST)])
    assert after.meant(after.only("DiagnosticReport")["subject"]) == after.only("Patient")


def test_single_of_another_person__is_the_persons_who_is_in_it_now():
    before, now = [tube("T1", "positive", mode="single")], [tube("T1", "positive", mode="single")]
    (after,) = corrected(before, now, people=[person("T1", SECOND)], later_people=[person("T1", FIRST)])
    assert after.only("Patient")["identifier"][0]["value"] == FIRST
    assert after.only("DiagnosticReport")["status"] == "corrected"


def test_person_taken_out_of_a_pool__is_inactive_and_the_swab_in_error():
    people = [person("T1", FIRST), person("T1", SECOND, 2)]
    (after,) = corrected(
        [tube("T1", "positive")], [tube("T1", "positive")], people=people, later_people=people[1:]
    )
    group = after.only("Group")
    assert group["quantity"] == 1
    assert [(after.meant(m["entity"])["identifier"][0]["value"], m.get("inactive")) for m in group["member"]] == [
        (FIRST, True), (SECOND, None),
    ]  # fmt: skip
    swabs = {
        after.meant(s["subject"])["identifier"][0]["value"]: s
        for s in after.all("Specimen")
        if s != after.tube and "identifier" not in s
    }
    assert (swabs[FIRST]["status"], swabs[SECOND].get("status")) == ("entered-in-error", None)
    assert [after.meant(parent) for parent in after.tube["parent"]] == [swabs[SECOND]]
    assert after.only("DiagnosticReport")["status"] == "corrected"
    assert after.tube["collection"]["collectedDateTime"] == "2022-02-10T09:02:44+08:00"


def test_bundle_that_is_not_valid__is_refused_with_its_tube(monkeypatch):
    wrong = codings.STATUSES["final"]._replace(fhir="no  code")
    monkeypatch.setitem(codings.STATUSES, "final", wrong)
    (result,) = results(pools(tube("T9", "positive")), members())
    with pytest.raises(ExchangeError, match=r"tube T9: no valid FHIR R4: "):
        bundle(result)


def test_text__is_utf8_and_compact():
    (result,) = results(pools(tube("管1", "positive")), members())
    assert '"value":"管1"' in bundle(result)
