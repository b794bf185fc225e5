"""RDML's own decisions: what a datum is worth, which run it is of, and what is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from poolpipe.instruments import ImportPolicy, events, read
from poolpipe.instruments.errors import DamagedFileError


def datum(well: int, inside: str, *, target: str = "N") -> str:
    return f'<react id="{well}"><sample id="S{well}"/><data><tar id="{target}"/>{inside}</data></react>'


def rdml(*reactions: str, version: str = "1.3", run: str = "", samples: str = "") -> bytes:
    shape = "<pcrFormat><rows>8</rows><columns>12</columns></pcrFormat>"
    inside = f'<experiment id="e"><run id="r1">{shape}{run}{"".join(reactions)}</run></experiment>'
    return f'<rdml version="{version}" xmlns="http://www.rdml.org">{samples}{inside}</rdml>'.encode()


SOUND = datum(12, "<cq>20.5</cq>")


def decided(content: bytes, code: str, policy: ImportPolicy | None = None) -> list[tuple[str, str]]:
    return [(q.decided, q.setting) for q in read(content, policy=policy).questions if q.code == code]


@pytest.mark.parametrize(
    ("decision", "expected"),
    [("leave_out", [20.5]), ("undetermined", [None, 20.5]), ("number", [0.0, 20.5])],
)
def test_a_cq_of_zero__is_decided_by_policy(decision: str, expected: list[float | None]) -> None:
    policy = ImportPolicy.model_validate({"zero_ct": decision})
    content = rdml(datum(1, "<cq>0</cq>"), SOUND)
    assert read(content, policy=policy).readings["ct"].to_list() == expected
    assert decided(content, "ct_is_zero", policy) == [(decision, "zero_ct")]


@pytest.mark.parametrize("text", ["1", "0.5", "12.25", "99.9"])
def test_a_cq__is_a_number_that_nobody_is_asked_about(text: str) -> None:
    content = rdml(datum(1, f"<cq>{text}</cq>"), SOUND)
    assert read(content).readings["ct"].to_list() == [float(text), 20.5]
    assert {q.code for q in read(content).questions} == {"plate_missing", "time_missing"}


@pytest.mark.parametrize("text", ["40", "45.0", "50", "100"])
def test_a_round_cq__is_a_number_until_the_policy_says_no_call(text: str) -> None:
    content = rdml(datum(1, f"<cq>{text}</cq>"), SOUND)
    number = float(text)
    assert read(content).readings["ct"].to_list() == [number, 20.5]
    assert decided(content, "ct_may_be_no_call") == [(f"{number:g} is a number", "no_call_ct")]
    policy = ImportPolicy(no_call_ct=(number,))
    assert read(content, policy=policy).readings["ct"].to_list() == [None, 20.5]
    assert decided(content, "ct_may_be_no_call", policy) == [(f"{number:g} is undetermined", "no_call_ct")]


@pytest.mark.parametrize("text", ["", "NaN", "-1.0", "-0.5"])
def test_no_cq__is_undetermined(text: str) -> None:
    file = read(rdml(datum(1, f"<cq>{text}</cq>" if text else ""), SOUND))
    assert file.readings["ct"].to_list() == [None, 20.5]
    assert file.recognised.undetermined == (text or "(no cq)",)


@pytest.mark.parametrize("text", ["100.5", "abc", "12,5"])
def test_what_is_no_cq__is_left_out_and_named(text: str) -> None:
    file = read(rdml(SOUND, datum(1, f"<cq>{text}</cq>")))
    assert file.readings["ct"].to_list() == [20.5]
    assert [(f.code, f.column, f.text, f.line) for f in file.not_understood] == [("bad_ct", "cq", text, 2)]


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("<excl>drop</excl>", "drop"),
        ("<excl/>", "no reason given"),
        ("<excl>true</excl>", "true"),
        ("<excl>false</excl>", ""),
        ("<excl>0</excl>", ""),
    ],
)
def test_an_excluded_datum__is_left_out_and_kept_if_the_policy_says(element: str, reason: str) -> None:
    content = rdml(datum(1, f"<cq>30.5</cq>{element}"), SOUND)
    file, kept = read(content), read(content, policy=ImportPolicy(omitted_wells="keep"))
    assert file.readings["ct"].to_list() == ([20.5] if reason else [30.5, 20.5])
    assert kept.readings["flags"].to_list() == [["excluded"] if reason else [], []]
    asked = [q.where for q in file.questions if q.code == "omitted_well"]
    assert asked == ([(f"A01 N: 30.5 ({reason})",)] if reason else [])


def test_a_datum_without_target__is_left_out_and_named() -> None:
    file = read(rdml(SOUND, datum(1, "<cq>30.5</cq>", target="")))
    assert file.readings["ct"].to_list() == [20.5]
    assert [(f.code, f.text) for f in file.not_understood] == [("no_target", "30.5")]


def test_dyes_without_targets__are_told_apart_in_a_well() -> None:
    dyes = {"FAM@": "FAM", "HEX@": "HEX"}
    declared = "".join(f'<target id="{key}"><dyeId id="{dye}"/></target>' for key, dye in dyes.items())
    data = (datum(1, f"<cq>3{number}.5</cq>", target=key) for number, key in enumerate(dyes))
    content = rdml(*data, samples=declared)
    file = read(content)
    assert sorted(file.readings["ct"]) == [30.5, 31.5]
    assert file.readings["target"].n_unique() == 2
    assert len(decided(content, "target_is_dye")) == 2


def test_a_well_that_is_none__is_named_with_its_run() -> None:
    file = read(rdml(SOUND, datum(97, "<cq>30.5</cq>")))
    assert file.readings["well"].to_list() == ["A12"]
    assert [(f.code, f.text) for f in file.not_understood] == [("bad_well", "97")]
    assert "r1" in file.not_understood[0].what


def test_another_version__is_read_and_named() -> None:
    for version in ("1.0", "1.1", "1.2", "1.3"):
        assert read(rdml(SOUND, version=version)).not_understood == ()
    file = read(rdml(SOUND, version="2.0"))
    assert file.readings["ct"].to_list() == [20.5]
    assert file.recognised.format == "rdml-2.0"
    assert [(f.code, f.severity) for f in file.not_understood] == [("rdml_version", "warning")]


def test_a_file_without_reactions__is_damaged() -> None:
    with pytest.raises(DamagedFileError, match=r"no reaction with data .*; export it again"):
        read(rdml())


def test_a_run_date__is_the_time_of_its_readings_before_the_policys() -> None:
    dated = rdml(SOUND, run="<runDate>2022-02-10T13:07:52Z</runDate>")
    policy = ImportPolicy(at=datetime(2022, 2, 11, tzinfo=UTC))
    for file in (read(dated), read(dated, policy=policy)):
        assert file.readings["at"].to_list() == [datetime(2022, 2, 10, 13, 7, 52, tzinfo=UTC)]
        assert (file.recognised.run_time, file.recognised.time_of) == (file.readings["at"][0], "run date")
    assert read(rdml(SOUND), policy=policy).readings["at"].to_list() == [policy.at]


@pytest.mark.parametrize(
    ("kind", "role"),
    [("ntc", "negative_control"), ("nac", "negative_control"), ("ntp", "negative_control"),
     ("pos", "positive_control"), ("unkn", "sample"), ("std", None)],
)  # fmt: skip
def test_a_sample_type__is_a_role_and_a_standard_is_no_load(kind: str, role: str | None) -> None:
    file = read(rdml(SOUND, samples=f'<sample id="S12"><type>{kind}</type></sample>'))
    assert file.loads.select("well", "tube", "role").rows() == (
        [("A12", "S12" if role == "sample" else None, role)] if role else []
    )


def test_events__name_no_instrument_where_the_file_names_none() -> None:
    policy = ImportPolicy(plate="P1", at=datetime(2022, 2, 11, tzinfo=UTC))
    assert events(read(rdml(SOUND), policy=policy))["read"]["instrument"].to_list() == [None]
    named = rdml(SOUND, run="<instrument>CFX96</instrument>")
    assert events(read(named, policy=policy))["read"]["instrument"].to_list() == ["CFX96"]
