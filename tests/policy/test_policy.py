"""Policies: every setting changes something, and what cannot be a policy is its writer's mistake, said as such."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

import poolpipe
from cli.scans import write_scans
from house.rooms import ROOT
from pipeline.naive import frames_of
from poolpipe.cli import poolpipe as cli
from poolpipe.errors import PolicyError
from poolpipe.policy import PRESETS, Policy, load_policy
from poolpipe.zones import known_zone

AS_OF = "2022-04-07T12:00:00Z"


def at(hours):
    return f"2022-04-{4 + int(hours) // 24:02}T{int(hours) % 24:02}:{int(hours % 1 * 60):02}:00Z"


def collect(tube, person, hours=0.0, site="S2", **more):
    seat = {"tube": tube, "person": person, "person_type": "X", "site": site}
    return {"kind": "collect", "at": at(hours), **seat, **more}


def way(tube, box, site, steps):
    """A tube's way through a box of its own: packed, picked up, received and called at so many hours."""
    packed, picked, received, called, call = steps
    return [
        collect(tube, f"P{tube}", site=site),
        {"kind": "pack", "at": at(packed), "tube": tube, "box": box},
        {"kind": "pickup", "at": at(picked), "box": box, "giver": "g", "receiver": "r"},
        {"kind": "receive", "at": at(received), "box": box, "giver": "g", "receiver": "r", "lab": "L"},
        {"kind": "report", "at": at(called), "tube": tube, "call": call, "lab": "L"},
    ]


def well(plate, name, tube=None, role="sample", hours=30.0, **cts):
    load = {"kind": "load", "at": at(hours), "plate": plate, "well": name, "lab": "L", "role": role}
    reads = [
        {"kind": "read", "at": at(hours + 2), "plate": plate, "well": name, "target": target, "ct": ct}
        for target, ct in cts.items()
    ]
    return [{**load, "tube": tube} if tube else load, *reads]


EVENTS = [
    *way("T1", "B1", "S1", (1, 5, 6, 13, "positive")),
    *way("T2", "B2", "S2", (1, 1.5, 2, 15, "negative")),
    *way("T3", "B3", "S2", (1, 1.5, 20, 25, "negative")),
    *way("T4", "B4", "S2", (1, 1.5, 2, 3, "suspect")),
    collect("T4", "second"),
    collect("T10", "alone", mode="single"),
    {"kind": "report", "at": at(3), "tube": "T10", "call": "positive", "lab": "L"},
    collect("79927398713", "luhn"),
    collect("X-T6-Z", "wedge"),
    collect("(01)09312345678907(21)T7", "gs1"),
    {"kind": "collect", "at": "2022-04-04T09:00:00", "tube": "T8", "person": "local", "person_type": "X"},
    *well("P1", "A01", "W1", ORF1ab="36.5", N="36.5", IC="25"),
    *well("P1", "A02", "W2", ORF1ab="39", N="", IC="25"),
    *well("P1", "A03", "W3", ORF1ab="", N="", IC="39.5"),
    *well("P1", "A04", "W4", ORF1ab="25", N="", IC="25"),
    *well("P1", "H11", role="negative_control", ORF1ab="", N="", IC="25"),
    *well("P1", "H12", role="positive_control", ORF1ab="25", N="25", IC="25"),
    *well("P2", "P24", "W5", ORF1ab="", N="", IC="25"),
]  # fmt: skip
SITES = pl.DataFrame({"site": ["S1"], "priority": ["1"]})
PEOPLE = pl.DataFrame({"person": ["PT1", "PT2", "second"], "person_type": ["X"] * 3})

OTHERWISE = {
    "name": "another",
    "time_zone": "Europe/Lisbon",
    "pools.capacity": 2,
    "pools.box_capacity": 1,
    "codes.tube": "T[0-9]{1,3}",
    "codes.box": "B[1-3]",
    "codes.plate": "P1",
    "codes.tube_check": "luhn",
    "codes.box_check": "luhn",
    "codes.plate_check": "luhn",
    "codes.plate_wells": 384,
    "codes.scanner_prefixes": ["X-"],
    "codes.scanner_suffixes": ["-Z"],
    "codes.gs1_identifiers": ["21"],
    "assay.targets": ["ORF1ab"],
    "assay.internal_control": "RNP",
    "assay.detected_ct": 36,
    "assay.grey_ct": 38.5,
    "assay.internal_control_ct": 39,
    "assay.negative_controls": 2,
    "assay.positive_controls": 2,
    "clocks.pickup": 10,
    "clocks.room_temperature": 10,
    "clocks.cold_store": 40,
    "clocks.result": 20,
    "clocks.result_priority": 8,
    "clocks.result_never_beyond": 30,
    "clocks.recall": 100,
    "clocks.city_half": 1,
    "clocks.city_all": 100,
    "retention.negative": 100,
    "retention.negative_c": 8,
    "retention.positive": 24,
    "retention.positive_c": -70,
    "retention.discard": 100,
    "decoding.prior": 0.01,
    "decoding.sensitivity": 0.8,
    "decoding.specificity": 0.9,
    "decoding.single_specificity": 0.9,
    "decoding.positive_days": 2,
}
"""Another value of every setting, under which the events above conclude something else."""


def settings(model=Policy, above=""):
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{name}.")
        else:
            yield f"{above}{name}"


OF_SECTIONS = {
    "trace": "tests/tracing/test_reference.py", "clusters": "tests/clusters/test_growing.py", "store": "tests/store/test_expiry.py",
    "arrivals": "tests/stages/test_arrivals.py", "drift": "tests/drift/test_settings.py", "nightly": "tests/nightly/test_night.py",
    "serve": "tests/serve/test_service.py",
    "false_alarms": "tests/stages/test_false_alarms.py",
}  # fmt: skip
OF_FILES = {
    "machines": "tests/instruments/test_event_source.py",
    "files.longest_record": "tests/events/test_long_records.py",
    **dict.fromkeys(("assay.ct_mean", "assay.ct_sd", "assay.efficiency"), "tests/stages/test_fit.py"),
    **{name: OF_SECTIONS[name.split(".")[0]] for name in settings() if name.split(".")[0] in OF_SECTIONS},
    "serve.drift_seconds": "tests/serve/test_drifting_labs.py",
}
"""Settings that the events above cannot show, and where their effect is shown."""


def concluded(policy):
    day = poolpipe.run(frames_of(EVENTS), policy=policy, as_of=AS_OF, sites=SITES, people=PEOPLE)
    tables = {name: day.table(name).to_dicts() for name in day.names()}
    summary = {key: value for key, value in day.summary.items() if key != "policy"}
    return tables, summary, day.summary["policy"]["name"]


@pytest.fixture(scope="module")
def usual():
    return concluded(Policy())


def test_settings__are_all_tried():
    assert {*OTHERWISE, *OF_FILES} == set(settings()), "give every setting another value here"
    for setting, place in OF_FILES.items():
        assert setting.rpartition(".")[2] in (ROOT / place).read_text(encoding="utf-8")


def test_events__show_what_the_clocks_measure(usual):
    assert {"clock_pickup", "clock_room_temperature", "clock_cold_store", "clock_result"} <= set(
        usual[1]["anomalies"]
    )


@pytest.mark.parametrize(
    "setting", [name for name in OTHERWISE if name not in ("pools.box_capacity", "decoding.positive_days")]
)
def test_setting__has_an_effect(usual, setting):
    part, _, name = setting.rpartition(".")
    changed = {part: {name: OTHERWISE[setting]}} if part else {name: OTHERWISE[setting]}
    assert concluded(Policy.model_validate(changed)) != usual, (
        f"{setting} changes nothing: a setting without effect is a lie"
    )


def test_box_capacity__has_an_effect_where_a_box_holds_more():
    events = [*EVENTS, {"kind": "pack", "at": at(1), "tube": "T8", "box": "B1"}]
    over = [
        poolpipe.run(frames_of(events), policy=Policy(pools={"box_capacity": capacity})).summary["boxes"][
            "over_capacity"
        ]
        for capacity in (1, 2)
    ]
    assert over == [1, 0]


def test_positive_days__have_an_effect_where_people_come_to_a_second_round():
    events = [*EVENTS, {**collect("T9", "second"), "at": at(20), "round": "2"}]
    likely = [
        poolpipe.run(frames_of(events), policy=Policy(decoding={"positive_days": days}))
        .members.filter(round="2")["p_infected"]
        .to_list()
        for days in (2, 17)
    ]
    assert 0.001 < likely[0][0] < likely[1][0]


def refused(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"policy\.toml") as caught:
        load_policy(path)
    return caught.value.what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('time_zone = "Asia/Beijing"', "such as Asia/Shanghai"),
        ('time_zone = "Asia"', "is not a time zone"),
        ('time_zone = "localtime"', "is not a time zone"),
        ("[codes]\ntube = '(?=T)T.*'", "look-around"),
        ("[codes]\nbox = '(B)\\1'", "backreferences"),
        ("[codes]\nplate = 'a)(b'", "no regular expression"),
        ("[codes]\ntube = '(?x) T # '", "no regular expression"),
        ("[codes]\ntube = '\\d{1,1000}{1,1000}'", "size limit"),
        ("[pools]\ncapacty = 3", "did you mean capacity?"),
        ("[pols]\ncapacity = 3", "did you mean pools?"),
        ("pools = 3", "pools: "),
        ("[pools]\ncapacity = true", "no setting is a yes or no"),
        ("[pools]\ncapacity = 0", "greater than or equal to 1"),
        ("[clocks]\nrecall = nan", "finite number"),
        ("[clocks]\nrecall = inf", "finite number"),
        ("[clocks]\nrecall = -1", "greater than 0"),
        ("[clocks]\nsilence = 2", "no such setting any more"),
        ("[clocks]\ntransfer_positive = 2", "no such setting any more"),
        ("[clocks]\ncity_half = 60", "lies below city_half"),
        ("[assay]\ngrey_ct = 30", "lies below detected_ct"),
        ('[assay]\ntargets = ["N "]', "begins or ends with a blank"),
        ('[assay]\ntargets = ["N", "N"]', "names of their own"),
        ("[retention]\npositive_c = -400", "-273.15"),
        ("[decoding]\nsensitivity = 0", "greater than 0"),
        ("[decoding]\npositive_days = 0", "greater than 0"),
        ("[decoding]\nprior = 5e-324", "write 0 for people who cannot be infected"),
        ('[machines]\nlab = " "', "nothing but blanks"),
        ('[machines]\nlab = "' + "x" * 65 + '"', "at most 64"),
        ("[machines]\nmax_bytes = 0", "greater than 0"),
        ("[decoding]\nprior = 1.5", "less than or equal to 1"),
        ('base = "eleven"', "is unknown"),
        ('base = ["ten-in-one"]', "is unknown"),
        ("x = [", "cannot be read"),
        ("x = " + "[" * 50_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_policy__that_cannot_be_is_refused_with_the_rule(tmp_path, text, said):
    assert said in refused(tmp_path, text)


def test_policy__tells_every_broken_rule_at_once(tmp_path):
    said = refused(tmp_path, "[pools]\ncapacity = 0\n[clocks]\nrecall = -1\nfuture = 1\n")
    assert all(part in said for part in ("pools.capacity", "clocks.recall", "clocks.future"))


WRONG = """
time_zone = "Asia/Beijing"
foo = 3
[pools]
capacity = true
box_capacity = 0
[codes]
tube = "(?=T)T.*"
plate_wells = 100
scanner_prefixes = "x"
[assay]
targets = ["N ", "N "]
grey_ct = 30
negative_controls = "x"
positive_controls = 400
[clocks]
city_half = 60
recal = 3
future = 1
[decoding]
sensitivity = 0.1
specificity = 0.2
prior = nan
[retention]
discard = "soon"
[machines]
zne = "UTC"
tube_pattern = "(("
at = "noon"
date_order = "ymd"
"""
RULES = (
    *("time_zone", "foo", "pools.capacity", "pools.box_capacity", "codes.tube", "codes.plate_wells"),
    *("codes.scanner_prefixes", "assay.negative_controls", "assay.positive_controls", "clocks.recal"),
    *("clocks.future", "decoding.prior", "retention.discard", "machines.zne", "machines.tube_pattern"),
    *("machines.at", "machines.date_order", "assay", "assay", "assay", "clocks", "decoding"),
)


def test_policy__tells_each_of_many_broken_rules_in_both_languages(tmp_path):
    (tmp_path / "policy.toml").write_text(WRONG, encoding="utf-8")
    with pytest.raises(PolicyError, match="did you mean recall") as caught:
        load_policy(tmp_path / "policy.toml")
    said: Any = caught.value.fields["broken"]
    assert caught.value.code == "policy_broken"
    assert sorted(each.partition(": ")[0] for each in said) == sorted(RULES)
    for each in said:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in each), each
        assert "Input should" not in each
    told = CliRunner().invoke(
        cli, ["run", ".", "--out", str(tmp_path / "o"), "--policy", str(tmp_path / "policy.toml")]
    )
    assert told.exit_code == 1
    assert told.stderr.count("what  问题: ") == len(RULES)


def test_policy__asks_rules_between_settings_only_of_sound_ones(tmp_path):
    said = refused(tmp_path, '[assay]\ndetected_ct = "x"\ngrey_ct = 30\n')
    assert "assay.detected_ct" in said
    assert "lies below" not in said


def test_policy__that_is_not_there_may_be_a_misspelt_preset():
    with pytest.raises(PolicyError, match=r"did you mean 'ten-in-one'\?.*请给出 TOML 文件"):
        load_policy("ten-in-on")


def test_run__says_that_a_policy_is_wrong_and_not_the_program(tmp_path):
    (tmp_path / "p.toml").write_text("[codes]\ntube = '(?<!x)T'\n", encoding="utf-8")
    scans = write_scans(tmp_path / "scans")
    for command in (["run", scans, "--out", tmp_path / "out"], ["plan", "--people", "1000"]):
        told = CliRunner().invoke(cli, [*map(str, command), "--policy", str(tmp_path / "p.toml")])
        assert told.exit_code == 1
        assert "p.toml" in told.stderr
        assert "inside poolpipe" not in told.stderr


@pytest.mark.parametrize(
    "zone", ["Asia/Beijing", "Asia", "", "CST", "../etc/passwd", "localtime", "x" * 5000]
)
@pytest.mark.parametrize(
    "command", [["export", ".", "--format", "csv", "--out", "x"], ["import", "x.csv", "--dry-run"]]
)
def test_zone__that_is_none_is_wrong_usage(tmp_path, monkeypatch, command, zone):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(cli, [*command, "--zone", zone])
    assert told.exit_code == 2, told.output
    assert "Asia/Shanghai" in told.stderr


def test_zone__that_exists_is_itself():
    for zone in ("Asia/Shanghai", "UTC", "Europe/Lisbon", "America/Argentina/Buenos_Aires"):
        assert known_zone(zone) == zone


def test_import_policy__that_cannot_be_is_refused_with_the_rule(tmp_path):
    path = tmp_path / "import.toml"
    for text, said in (
        ("[import]\nzne = 'UTC'", "did you mean zone?"),
        ("import = 3", "no table of settings"),
        ("x = [", "cannot be read"),
    ):
        path.write_text(text, encoding="utf-8")
        told = CliRunner().invoke(cli, ["import", str(path), "--policy", str(path), "--dry-run"])
        assert told.exit_code == 1, told.output
        assert said in told.stderr
        assert "pydantic" not in told.stderr


@pytest.mark.parametrize("preset", PRESETS)
def test_preset__says_what_it_is(preset):
    policy = load_policy(preset)
    assert policy.name == preset
    assert policy.pools.capacity == {"ten-in-one": 10, "twenty-in-one": 20, "single": 1}[preset]


def test_accuracy__has_one_default():
    from poolpipe.accuracy import SENSITIVITY, SPECIFICITY
    from poolpipe.commands.decode import decode
    from poolpipe.decode import Assay
    from poolpipe.plan import Assumptions

    options = {each.name: each.default for each in decode.params}
    for each in (Policy().decoding, Assay(), Assumptions()):
        assert (each.sensitivity, each.specificity) == (SENSITIVITY, SPECIFICITY)
    assert (options["sensitivity"], options["specificity"]) == (SENSITIVITY, SPECIFICITY)


def test_policy_file__without_a_name_is_called_by_its_own(tmp_path):
    rules = 'base = "twenty-in-one"\n[assay]\ndetected_ct = 35\ngrey_ct = 38\n'
    (tmp_path / "city.toml").write_text(rules, encoding="utf-8")
    (tmp_path / "named.toml").write_text(f'name = "city 2022"\n{rules}', encoding="utf-8")
    unnamed, named = load_policy(tmp_path / "city.toml"), load_policy(tmp_path / "named.toml")
    assert (unnamed.name, named.name) == ("city.toml", "city 2022")
    assert unnamed.version == named.version
    assert load_policy({"base": "twenty-in-one"}).name == "twenty-in-one"
