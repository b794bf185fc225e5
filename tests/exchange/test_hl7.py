"""HL7 v2.5.1: what each field says, against the standard's tables, read back by a reader of its own and by hl7apy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange import er7
from exchange.frames import CALLED, FIRST, LATER, SECOND, members, person, pools, reading, readings, tube
from poolpipe.exchange import ExchangeError, hl7
from poolpipe.exchange.codings import STATUSES
from poolpipe.exchange.hl7 import oru_messages
from poolpipe.exchange.statements import first_told, revised, statements
from poolpipe.exchange.tube_results import results, results_of

POSITIVE_CT = [reading("IC", 24.0), reading("N", 31.5), reading("ORF1ab", None)]


def messages(*tubes, people=(), read=(), **options):
    found = results(pools(*tubes), members(*people), readings(*read))
    return [er7.segments(text) for result in found for text in oru_messages(result, **options)]


def corrected(before, now, *, people=(), later_people=None, read=(), later_read=(), as_of=LATER):
    """Messages of `now` after `before` was told."""
    told = first_told(statements(pools(*before), members(*people), readings(*read)))
    people = people if later_people is None else later_people
    anew = revised(statements(pools(*now), members(*people), readings(*later_read)), told, as_of)
    return [er7.segments(text) for result in results_of([anew]) for text in oru_messages(result)]


# call, OBX-5 (SNOMED CT and our own word), OBX-8 (table 0078), OBX-11 (table 0085), OBR-25 (table 0123)
@pytest.mark.parametrize(
    ("call", "finding", "flag", "observation", "order"),
    [
        ("positive", "260373001^Detected^SCT^positive^阳性^L", "A", "F", "F"),
        ("suspect", "419984006^Inconclusive^SCT^suspect^可疑^L", "A", "F", "F"),
        ("negative", "260415000^Not detected^SCT^negative^阴性^L", "N", "F", "F"),
        ("invalid", "455371000124106^Invalid result^SCT^invalid^无效^L", "", "X", "X"),
    ],
)
def test_each_call__has_its_finding_flag_and_status(call, finding, flag, observation, order):
    (message,) = messages(tube("T1", call), people=[person("T1", FIRST)])
    obx = er7.every(message, "OBX")[0]
    assert (er7.field(obx, 2), er7.field(obx, 3)) == ("CWE", "94500-6^SARS-CoV-2 RNA^LN")
    assert (er7.field(obx, 5), er7.field(obx, 8), er7.field(obx, 11)) == (finding, flag, observation)
    obr = er7.only(message, "OBR")
    assert (er7.field(obr, 4), er7.field(obr, 25)) == ("94500-6^SARS-CoV-2 RNA^LN", order)


def test_header__names_sender_receiver_type_version_and_charset():
    (message,) = messages(
        tube("T1", "positive"), people=[person("T1", FIRST)], sender="LAB|A", receiver="CDC^B"
    )
    msh = er7.only(message, "MSH")
    assert msh[2] == "^~\\&"
    assert [er7.unescaped(msh[n]) for n in (3, 4, 5, 6)] == ["poolpipe", "LAB|A", "", "CDC^B"]
    assert [msh[n] for n in (8, 9, 11, 12, 18)] == ["", "ORU^R01^ORU_R01", "P", "2.5.1", "UNICODE UTF-8"]
    assert [name for name, _ in message] == ["MSH", "PID", "OBR", "OBX", "OBX", "SPM"]


def test_times__are_to_the_second_with_offset_each_in_its_field():
    people = [person("T1", FIRST), person("T1", SECOND, 2)]
    first, second = messages(tube("T1", "positive"), people=people, read=POSITIVE_CT)
    for message, swabbed in ((first, "20220210090203+0800"), (second, "20220210090244+0800")):
        assert er7.only(message, "MSH")[7] == "20220210120506+0800"
        obr = er7.only(message, "OBR")
        assert (obr[7], obr[22]) == (swabbed, "20220210120506+0800")
        observations = er7.every(message, "OBX")
        # OBX-14 is the specimen's time, as OBR-7 and SPM-17 are; OBX-19 that of the result
        assert {er7.field(obx, 14) for obx in observations} == {swabbed}
        assert [er7.field(obx, 19) for obx in observations] == ["20220210120506+0800", "", "", "", ""]
        assert er7.only(message, "SPM")[17] == swabbed
    (utc,) = messages(tube("T1", "positive"), people=[person("T1", FIRST)], zone="UTC")
    assert (er7.only(utc, "OBR")[7], er7.only(utc, "MSH")[7]) == (
        "20220210010203+0000",
        "20220210040506+0000",
    )


# HL7 table 0203: NI national unique individual identifier, PPN passport number, PI unique within its authority (CX.4)
@pytest.mark.parametrize(
    ("person_type", "kind"),
    [("RIC", "NI"), ("PASSPORT", "PPN"), ("HKM", "PI"), ("TW", "PI"), ("FOREIGN", "PI")],
)
def test_identity__is_number_authority_and_kind_of_document(person_type, kind):
    (message,) = messages(tube("T1", "negative"), people=[person("T1", "H0012", person_type=person_type)])
    pid = er7.only(message, "PID")
    assert pid == ["PID", "1", "", f"H0012^^^{person_type}^{kind}", "", "^^^^^^S"]


def test_observations__are_finding_sampling_and_a_ct_a_target():
    (message,) = messages(tube("T1", "suspect"), people=[person("T1", FIRST)], read=POSITIVE_CT)
    found = [(obx[1], obx[2], obx[3], obx[5], er7.field(obx, 6), er7.field(obx, 8), obx[11])
             for obx in er7.every(message, "OBX")]  # fmt: skip
    assert found[1:] == [
        ("2", "ST", "SAMPLING^Sampling^L", "1:1 mixed 混采", "", "", "F"),
        ("3", "NM", "CT-IC^Ct IC^L", "24", "{cycles}^cycles^UCUM", "", "F"),
        ("4", "NM", "CT-N^Ct N^L", "31.5", "{cycles}^cycles^UCUM", "", "F"),
        ("5", "ST", "CT-ORF1ab^Ct ORF1ab^L", "Undetermined", "", "", "F"),
    ]


def test_lab_reagent_and_instrument__stand_with_the_finding():
    read = [reading("N", 20.0, reagent="kit|1", instrument="PCR^7")]
    (message,) = messages(tube("T1", "suspect", lab="CDC&2"), people=[person("T1", FIRST)], read=read)
    finding = er7.every(message, "OBX")[0]
    assert er7.components(finding[17]) == ["", "kit|1"]  # CE.2: its words
    assert er7.components(finding[18]) == ["PCR^7"]
    assert er7.components(finding[23]) == ["CDC&2"]
    (bare,) = messages(tube("T1", "suspect", lab=None), people=[person("T1", FIRST)])
    assert all(er7.field(er7.every(bare, "OBX")[0], n) == "" for n in (17, 18, 23))


@pytest.mark.parametrize(
    ("mode", "sampling", "kind", "count"),
    [
        ("pool", "2:1 mixed 混采", "L^Pooled patient specimens^HL70369", "2"),
        ("single", "single 单采", "P^Patient^HL70369", ""),
        (None, "not registered 未登记", "", ""),
    ],
)
def test_specimen__says_whether_it_was_pooled_and_of_how_many(mode, sampling, kind, count):
    people = [] if mode is None else [person("T1", FIRST), person("T1", SECOND, 2)]
    for message in messages(tube("T1", "negative", mode=mode), people=people):
        spm = er7.only(message, "SPM")
        assert (spm[1], spm[2], spm[4]) == ("1", "T1", "257261003^Swab^SCT")
        assert (er7.field(spm, 11), er7.field(spm, 13)) == (kind, count)
        assert er7.every(message, "OBX")[1][5] == sampling


def test_tube_without_known_people__has_one_message_without_patient():
    (message,) = messages(tube("T1", "suspect", mode=None, first_collected=None))
    assert [name for name, _ in message] == ["MSH", "OBR", "OBX", "OBX", "SPM"]
    assert er7.only(message, "OBR")[7] == ""
    assert er7.field(er7.only(message, "SPM"), 17) == ""
    assert {er7.field(obx, 14) for obx in er7.every(message, "OBX")} == {""}


def test_shared_well__is_said_behind_the_finding():
    read = [reading("N", 20.0, shared=True)]
    (message,) = messages(tube("T1", "suspect"), people=[person("T1", FIRST)], read=read)
    assert [name for name, _ in message] == ["MSH", "PID", "OBR", "OBX", "NTE", "OBX", "OBX", "SPM"]
    note = er7.only(message, "NTE")
    assert note[:3] == ["NTE", "1", "L"]
    assert "several tubes in one well" in note[3]
    assert "一孔多样" in note[3]


def test_codes_of_two_rounds__are_two_orders_and_two_specimens():
    (none,) = messages(tube("a/b", "negative"))
    (first,) = messages(tube("b", "negative", round="a"))
    assert (er7.only(none, "OBR")[3], er7.only(none, "SPM")[2]) == ("a/b", "a/b")
    assert (er7.only(first, "OBR")[3], er7.only(first, "SPM")[2]) == ("a/b^a", "b&a")


# law: a code comes back as it went in, and nothing in it is taken for structure
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=20)
@given(code=ANY_TEXT, number=ANY_TEXT, target=ANY_TEXT, lab=ANY_TEXT, kind=ANY_TEXT, number_of_round=ANY_TEXT)
def test_code__comes_back_as_it_went_in(code, number, target, lab, kind, number_of_round):
    row = tube(code, "suspect", lab=lab, round=number_of_round)
    who = person(code, number, person_type=kind, round=number_of_round)
    (result,) = results(
        pools(row), members(who), readings(reading(target, 20.0, round=number_of_round, instrument=lab))
    )
    (text,) = oru_messages(result)
    assert not re.search(r"[\x00-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]", text)
    message = er7.segments(text)
    assert [name for name, _ in message] == ["MSH", "PID", "OBR", "OBX", "OBX", "OBX", "SPM"]
    assert er7.components(er7.only(message, "PID")[3])[:4] == [number, "", "", kind]
    assert er7.components(er7.only(message, "OBR")[3]) == [f"{number_of_round}/{code}", number_of_round]
    assert [er7.unescaped(part) for part in er7.only(message, "SPM")[2].split("&")] == [code, number_of_round]
    finding, _, ct = er7.every(message, "OBX")
    assert (er7.unescaped(finding[23]), er7.unescaped(finding[18])) == (lab, lab)
    assert er7.components(ct[3]) == [f"CT-{target}", f"Ct {target}", "L"]


@pytest.mark.parametrize(
    ("letter", "sequence"),
    [("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\"), ("\\", "\\E\\"), ("\r", "\\X0D\\"), ("\n", "\\X0A\\"),
     ("\x0b", "\\X0B\\"), ("\x1c", "\\X1C\\"), ("\x00", "\\X00\\"), ("\x7f", "\\X7F\\"), ("\x85", "\\XC285\\"),
     ("\u2028", "\\XE280A8\\"), ("\u2029", "\\XE280A9\\"), (" ", " "), ("阳", "阳"), ("\\F\\", "\\E\\F\\E\\")],
)  # fmt: skip
def test_escape__is_that_of_the_standard(letter, sequence):
    assert hl7.escape(letter) == sequence


def test_hl7apy__reads_every_message_and_finds_it_valid():
    texts = [
        text
        for row in (
            tube("T1", "positive"),
            tube("T2", "invalid", mode="single"),
            tube("T|3", "negative", round="2"),
        )
        for result in results(
            pools(row), members(person(row["tube"], FIRST, round=row["round"])), readings(*POSITIVE_CT)
        )
        for text in oru_messages(result)
    ]
    for text in texts:
        parsed = parse_message(text, VALIDATION_LEVEL.STRICT, find_groups=True)
        assert parsed.validate()
        assert parsed.oru_r01_patient_result.oru_r01_patient.pid.pid_3.pid_3_1.to_er7() == FIRST


def test_message_that_is_not_valid__is_refused_with_its_tube(monkeypatch):
    monkeypatch.setitem(STATUSES, "final", STATUSES["final"]._replace(observation=""))
    (result,) = results(pools(tube("T9", "positive")), members())
    with pytest.raises(
        ExchangeError, match=r"tube T9: no valid HL7 v2\.5\.1: Missing required child OBX\.OBX_11"
    ):
        oru_messages(result)


def test_time_that_is_not_valid__is_refused(monkeypatch):
    (result,) = results(pools(tube("T9", "positive", lab="seen never before")), members())
    monkeypatch.setattr(hl7, "_validate", lambda message: parse_time("2022-02-10"))
    with pytest.raises(ExchangeError, match="not an HL7 valid date"):
        oru_messages(result)


def parse_time(text):
    message = f"MSH|^~\\&|a|b||c|{text}||ORU^R01^ORU_R01|1|P|2.5.1\r"
    return parse_message(message, VALIDATION_LEVEL.STRICT, find_groups=True)


def test_code_longer_than_its_field__is_sent_whole():
    lab = "L" * 64  # longer than any limit of XON.1 that hl7apy knows
    (message,) = messages(
        tube("T" * 64, "positive", lab=lab), people=[person("T" * 64, "9" * 64)], sender="S" * 64
    )
    assert er7.every(message, "OBX")[0][23] == lab
    assert er7.components(er7.only(message, "PID")[3])[0] == "9" * 64
    assert er7.only(message, "MSH")[4] == "S" * 64


def test_shapes_found_valid__are_forgotten_before_they_fill_memory(monkeypatch):
    monkeypatch.setattr(hl7, "_MOST_SHAPES", 2)
    monkeypatch.setattr(hl7, "_VALID", set())
    for length in range(1, 5):
        messages(tube("T" * length, "negative"))
    assert 1 <= len(hl7._VALID) <= 2


def test_every_new_shape__is_validated_and_none_twice(monkeypatch):
    seen: list[Any] = []
    monkeypatch.setattr(hl7, "_VALID", set())
    monkeypatch.setattr(hl7, "_validate", seen.append)
    messages(*(tube(f"T{n}", "negative") for n in range(1, 4)))
    assert len(seen) == 1
    messages(tube("T-1", "negative"))
    messages(tube("T1", "positive"))
    messages(tube("T1", "negative", mode="single"))
    assert len(seen) == 4


def controls(*tubes, **options):
    return [er7.only(message, "MSH")[10] for message in messages(*tubes, **options)]


def test_control_id__is_unique_stable_and_of_twenty_characters_at_most():
    people = [
        person(code, number, place)
        for code in ("T1", "T2")
        for place, number in enumerate((FIRST, SECOND), 1)
    ]
    tubes = [tube("T1", "positive"), tube("T2", "negative")]
    once = controls(*tubes, people=people, read=POSITIVE_CT)
    assert once == controls(*tubes[::-1], people=people[::-1], read=POSITIVE_CT[::-1])
    assert len(set(once)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{20}", control) for control in once)
    for other in ({"sender": "X"}, {"receiver": "X"}, {"zone": "UTC"}):
        assert not set(once) & set(controls(*tubes, people=people, read=POSITIVE_CT, **other))


def test_correction__has_the_order_of_what_it_corrects_and_says_so():
    people = [person("T1", FIRST)]
    (before,) = messages(tube("T1", "positive"), people=people, read=POSITIVE_CT)
    (after,) = corrected([tube("T1", "positive")], [tube("T1", "negative")], people=people, read=POSITIVE_CT,
                         later_read=[reading("N", None)])  # fmt: skip
    assert er7.only(after, "OBR")[3] == er7.only(before, "OBR")[3]
    assert er7.only(after, "PID") == er7.only(before, "PID")
    assert er7.only(after, "MSH")[10] != er7.only(before, "MSH")[10]
    obr = er7.only(after, "OBR")
    # since the result that brought it, not since the call stands: receivers take an older one for out of date
    assert (obr[22], obr[25], er7.only(after, "MSH")[7]) == (
        "20220211150809+0800",
        "C",
        "20220211150809+0800",
    )
    found = [(obx[3].split("^")[0], obx[5].split("^")[0], obx[11]) for obx in er7.every(after, "OBX")]
    assert found == [("94500-6", "260415000", "C"), ("SAMPLING", "1:1 mixed 混采", "C"), ("CT-N", "Undetermined", "C"),
                     ("CT-IC", '""', "W"), ("CT-ORF1ab", '""', "W")]  # fmt: skip
    assert er7.every(after, "OBX")[0][19] == "20220210120506+0800"


def test_correction_to_invalid__replaces_what_was_told():
    (after,) = corrected([tube("T1", "positive")], [tube("T1", "invalid")], people=[person("T1", FIRST)])
    obx = er7.every(after, "OBX")[0]
    assert (er7.only(after, "OBR")[25], obx[5].split("^")[0], obx[8], obx[11]) == (
        "C",
        "455371000124106",
        "",
        "C",
    )


def test_withdrawn_result__says_nothing_that_could_be_read_as_a_result():
    people = [person("T1", FIRST)]
    (before,) = messages(tube("T1", "positive"), people=people, read=POSITIVE_CT)
    (after,) = corrected([tube("T1", "positive")], [tube("T1", None)], people=people, read=POSITIVE_CT)
    assert [name for name, _ in after] == ["MSH", "PID", "OBR", "OBX", "NTE", *["OBX"] * 4, "SPM"]
    assert er7.only(after, "OBR")[3] == er7.only(before, "OBR")[3]
    assert er7.only(after, "PID") == er7.only(before, "PID")
    assert (er7.only(after, "OBR")[22], er7.only(after, "OBR")[25]) == ("20220211150809+0800", "X")
    told = {obx[3] for obx in er7.every(before, "OBX")}
    found = er7.every(after, "OBX")
    assert {obx[3] for obx in found} == told
    assert {(obx[5], er7.field(obx, 8), obx[11], er7.field(obx, 19)) for obx in found} == {
        ('""', "", "W", "")
    }
    note = er7.only(after, "NTE")
    assert note[:3] == ["NTE", "1", "L"]
    assert "does not stand" in note[3]
    assert "撤回" in note[3]
    assert "etected" not in str(after)


def test_person_taken_out_of_a_tube__is_withdrawn_and_the_others_corrected():
    people = [person("T1", FIRST), person("T1", SECOND, 2)]
    stay, gone = corrected(
        [tube("T1", "positive")], [tube("T1", "positive")], people=people, later_people=people[:1]
    )
    assert (er7.only(stay, "OBR")[25], er7.only(gone, "OBR")[25]) == ("C", "X")
    assert er7.components(er7.only(gone, "PID")[3])[0] == SECOND
    assert er7.every(gone, "OBX")[0][5] == '""'
    assert er7.every(stay, "OBX")[0][5].startswith("260373001")


def test_second_correction_to_the_same_facts__is_another_message():
    rows = {call: statements(pools(tube("T1", call)), members()) for call in ("positive", "negative")}
    told, ids = first_told(rows["positive"]), []
    for call in ("negative", "positive", "negative"):
        told = revised(rows[call], told, LATER)
        (result,) = results_of([told])
        ids.append(er7.only(er7.segments(oru_messages(result)[0]), "MSH")[10])
    assert len(set(ids)) == 3
    assert CALLED < LATER
