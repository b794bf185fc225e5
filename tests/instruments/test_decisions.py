"""Ambiguities: each is a question with its decision, and the policy decides, never the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poolpipe.errors import PolicyError
from poolpipe.instruments import ImportPolicy, read, recognise
from poolpipe.instruments.batch import load_import_policy
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, RefusedFormatError

if TYPE_CHECKING:
    from poolpipe.instruments.model import InstrumentFile

HEAD = "* Experiment Barcode = P1\n* Block Type = 96-Well Block\n* Experiment Run End Time = 2022-02-10 12:00:00\n\n[Results]\n"
COLUMNS = (
    "Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tReporter\tCT\tCt Mean\tAmp Status\tHIGHSD\n"
)


def rows(*lines: str) -> bytes:
    return (HEAD + COLUMNS + "".join(f"{line}\n" for line in lines)).encode()


def row(
    well: int,
    ct: str,
    *,
    omit: str = "false",
    mean: str = "",
    amp: str = "",
    flag: str = "N",
    sample: str = "S",
) -> str:
    name = f"{'ABCDEFGH'[(well - 1) // 12]}{(well - 1) % 12 + 1}"
    return f"{well}\t{name}\t{omit}\t{sample}{well}\tN\tUNKNOWN\tFAM\t{ct}\t{mean}\t{amp}\t{flag}"


def question(file: InstrumentFile, code: str) -> tuple[tuple[str, ...], str, str]:
    found = next(q for q in file.questions if q.code == code)
    return found.where, found.decided, found.setting


def finding(file: InstrumentFile) -> list[tuple[str, str]]:
    return [(f.code, f.severity) for f in file.not_understood]


@pytest.mark.parametrize(
    "word", ["Undetermined", "UNDETERMINED", "undetermined", "NaN", "N/A", "No Ct", "NoCt", "-", "Ｎ/Ａ"]
)
def test_undetermined__is_null_however_it_is_written(word: str) -> None:
    file = read(rows(row(1, word), row(2, "20.5")))
    assert file.readings["ct"].to_list() == [None, 20.5]
    assert file.readings["ct_text"].to_list()[1] == "20.5"


def test_words_for_undetermined__are_told_in_order() -> None:
    words = ["Undetermined", "NoCt", "-", "No Ct", "NaN", "N/A", "UNDETERMINED"]
    file = read(rows(*(row(well, word) for well, word in enumerate(words, 1)), row(9, "20.5")))
    assert file.recognised.undetermined == tuple(sorted(words))


@pytest.mark.parametrize("number", ["40", "40.0", "40.000", "45.0", "100"])
def test_a_number_that_may_be_no_call__is_a_number_until_the_policy_says(number: str) -> None:
    content = rows(row(1, number), row(2, "20.5"))
    kept = read(content)
    assert kept.readings["ct"].to_list() == [float(number), 20.5]
    assert question(kept, "ct_may_be_no_call")[0] == ("A01 (line 7)",)
    told = read(content, policy=ImportPolicy(no_call_ct=(float(number),)))
    assert told.readings["ct"].to_list() == [None, 20.5]
    assert question(told, "ct_may_be_no_call")[1].endswith("undetermined")


def test_forty_with_no_amplification__is_undetermined_because_the_file_says_so() -> None:
    file = read(rows(row(1, "40.0", amp="No Amp"), row(2, "40.0", amp="Amp"), row(3, "35.2", amp="No Amp")))
    assert file.readings["ct"].to_list() == [None, 40.0, 35.2]
    assert file.readings["flags"].to_list() == [[], [], ["Ct without amplification"]]


def test_thirty_nine_point_nine__is_never_asked() -> None:
    assert "ct_may_be_no_call" not in {q.code for q in read(rows(row(1, "39.99"))).questions}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-1", "bad_ct"),
        ("101", "bad_ct"),
        ("28. May", "bad_ct"),
        ("2,022-05-28", "bad_ct"),
        ("inf", "bad_ct"),
    ],
)
def test_what_is_no_ct__is_left_out_and_named(text: str, code: str) -> None:
    file = read(rows(row(1, text), row(2, "20.5")))
    assert file.readings["well"].to_list() == ["A02"]
    assert [(f.code, f.line, f.text) for f in file.not_understood] == [(code, 7, text)]


@pytest.mark.parametrize(
    ("decision", "expected"), [("leave_out", [20.5]), ("undetermined", [None, 20.5]), ("number", [0.0, 20.5])]
)
def test_a_ct_of_zero__is_decided_by_policy(decision: str, expected: list[float | None]) -> None:
    file = read(rows(row(1, "0"), row(2, "20.5")), policy=ImportPolicy.model_validate({"zero_ct": decision}))
    assert file.readings["ct"].to_list() == expected
    assert question(file, "ct_is_zero")[1:] == (decision, "zero_ct")


def test_an_empty_ct__is_no_negative_by_default() -> None:
    content = rows(row(1, ""), row(2, "20.5"))
    assert read(content).readings["well"].to_list() == ["A02"]
    told = read(content, policy=ImportPolicy(empty_ct="undetermined"))
    assert told.readings["ct"].to_list() == [None, 20.5]
    assert question(told, "empty_ct")[1] == "undetermined"


def test_an_unused_well__is_nothing_at_all() -> None:
    file = read(rows("1\tA1\tfalse\t\t\t\t\t\t\t\t", row(2, "20.5")))
    assert (file.readings.height, file.not_understood, "empty_ct" in {q.code for q in file.questions}) == (
        1,
        (),
        False,
    )


def test_an_omitted_well__is_left_out_and_its_ct_is_told() -> None:
    content = rows(row(1, "18.2", omit="true"), row(2, "20.5"))
    file = read(content)
    assert file.readings["well"].to_list() == ["A02"]
    assert question(file, "omitted_well") == (("A01 (line 7): 18.2",), "leave_out", "omitted_wells")
    assert read(content, policy=ImportPolicy(omitted_wells="keep")).readings.height == 2


def test_a_flagged_well__is_kept_with_its_flag() -> None:
    content = rows(row(1, "18.2", flag="Y"), row(2, "20.5"))
    file = read(content)
    assert file.readings["flags"].to_list() == [["HIGHSD"], []]
    assert question(file, "flagged_well")[0] == ("A01 (line 7): HIGHSD",)
    assert read(content, policy=ImportPolicy(flagged_wells="leave_out")).readings.height == 1


def test_two_ct_columns_that_differ__are_refused() -> None:
    two = b"Plate,Well,Target,Ct,Ct\nP1,A1,N,20.5,20.5\nP1,A2,N,21.5,31.5\n"
    with pytest.raises(AmbiguousFileError, match=r"line 3: two columns for the ct differ: 21.5 \| 31.5"):
        read(two)
    assert read(two, policy=ImportPolicy(duplicate_columns="last")).readings["ct"].to_list() == [20.5, 31.5]
    assert read(two.replace(b"31.5", b"21.5")).readings["ct"].to_list() == [20.5, 21.5]


def test_commas_and_points_together__are_refused() -> None:
    with pytest.raises(AmbiguousFileError, match="comma"):
        read(rows(row(1, "18,2"), row(2, "20.5")))


def test_a_decimal_comma_in_a_comma_file__is_noticed_as_shifted_cells() -> None:
    with pytest.raises(DamagedFileError, match="shifted"):
        read(b"Plate,Well,Target,Ct\nP1,A1,N,20,5\nP1,A2,N,21,5\n")


def twin(well: int, ct: str, mean: str) -> str:
    return "\t".join([str(well), f"A{well}", "false", "S", "N", "UNKNOWN", "FAM", ct, mean, "", "N"])


def test_an_edited_ct__is_noticed_by_its_mean() -> None:
    honest = read(rows(twin(1, "20.100", "20.200"), twin(2, "20.300", "20.200")))
    assert finding(honest) == []
    edited = read(rows(twin(1, "20.100", "20.200"), twin(2, "35.300", "20.200")))
    assert finding(edited) == [("mean_disagrees", "warning")]
    erased = read(rows(twin(1, "Undetermined", "20.200")))
    assert finding(erased) == [("mean_disagrees", "warning")]


def test_an_edited_ct__is_noticed_from_what_rounding_cannot_explain_on() -> None:
    for mean, rings in (("20.206", True), ("20.201", False), ("20.400", True), ("19.900", True)):
        file = read(rows(twin(1, "20.100", mean), twin(2, "20.300", mean)))
        assert [code for code, _ in finding(file)] == ["mean_disagrees"] * rings, mean


def group(sample: str, mean: str, *cts: str, first: int, omit: int = -1) -> list[str]:
    lines = []
    for i, ct in enumerate(cts):
        well, omitted = first + i, "true" if i == omit else "false"
        name = f"{'ABCDEFGH'[(well - 1) // 12]}{(well - 1) % 12 + 1}"
        lines.append("\t".join([str(well), name, omitted, sample, "N", "UNKNOWN", "FAM", ct, mean, "", "N"]))
    return lines


SOUND = [*group("S1", "20.200", "20.100", "20.300", first=1), *group("S2", "30.5", "30.25", "30.75", first=3)]


@pytest.mark.parametrize(
    "lines",
    [
        group("S", "20.2000003", "20.1", "20.299999", first=5),  # single precision
        group("S", "21.000", "20.000", "22.000", "33.000", first=5, omit=2),  # without the omitted well
        group("S", "25.000", "20.000", "22.000", "33.000", first=5, omit=2),  # with it
        group("S", "30.000", "20.000", "Undetermined", first=5),  # undetermined as the last cycle
        group("S", "20.000", "20.000", "Undetermined", first=5),
        [
            *group("S_1", "21.000", "20.000", first=5),
            *group("S_2", "21.000", "22.000", first=6),
        ],  # a biological group
        group("S", "38.500", "37.000", "40.000", first=5),
    ],
)
def test_means_of_a_sound_file__ring_for_nothing(lines: list[str]) -> None:
    assert [code for code, _ in finding(read(rows(*SOUND, *lines)))] == []
    odd = group("T", "20.200", "20.100", "35.300", first=13)
    assert [code for code, _ in finding(read(rows(*SOUND, *lines, *odd)))] == ["mean_disagrees"]


def test_means_of_something_else__say_nothing_about_rows() -> None:
    lines = [line for i in range(1, 8) for line in group(f"S{i}", f"2{i}.500", "31.000", first=i)]
    assert finding(read(rows(*lines))) == [("means_of_others", "info")]


def test_lost_rows__are_noticed_by_the_setup() -> None:
    setup = "[Sample Setup]\nWell\tWell Position\tSample Name\tTarget Name\n1\tA1\tS1\tN\n2\tA2\tS2\tN\n3\tA3\t\t\n\n"
    file = read((setup + "[Results]\n" + COLUMNS + row(1, "20.5") + "\n").encode())
    assert [f.what for f in file.not_understood] == ["1 well set up with a target without a row: A02"]


def test_two_rows_of_one_target__both_stay_and_are_named() -> None:
    file = read(rows(row(1, "20.5"), row(1, "Undetermined")))
    assert file.readings["ct"].to_list() == [20.5, None]
    assert finding(file) == [("repeated_reading", "warning")] * 2


def test_a_plate__comes_from_the_file_or_the_import_and_never_from_both() -> None:
    assert read(rows(row(1, "20.5"))).recognised.plate_from == "file"
    with pytest.raises(AmbiguousFileError, match="the file says plate 'P1', the import says 'P2'"):
        read(rows(row(1, "20.5")), plate="P2")
    bare = rows(row(1, "20.5")).replace(b"= P1", b"= NA")
    assert read(bare).readings["plate"].to_list() == [None]
    named = read(bare, name="run_P77.txt", policy=ImportPolicy(plate_file_name=r"run_(?P<plate>P\d+)"))
    assert named.readings["plate"].to_list() == ["P77"]
    assert question(named, "plate_from_file_name")[1] == "P77"


def test_barcodes_that_a_spreadsheet_broke__make_no_load() -> None:
    file = read(b"Plate,Well,Tube\nP1,A1,2.2021E+11\nP1,A2,220210000002\n")
    assert file.loads["tube"].to_list() == ["220210000002"]
    assert finding(file) == [("barcode_damaged", "error")]


def test_chinese_text__is_read_in_gb18030() -> None:
    text = "反应孔\t样本编号\t检测项目\tCt\nA1\t样本一\tN\t20.5\n"
    file = read(text.encode("gb18030"))
    assert (file.readings["sample"].to_list(), file.recognised.encoding) == (["样本一"], "gb18030")
    western = read("Well\tFluor\tContent\tSample\tCq\nA01\tFAM\tUnkn\tM\u00fcller\t20.5\n".encode("cp1252"))
    assert (western.readings["sample"].to_list(), western.recognised.encoding) == (["Müller"], "cp1252")


def test_an_import_policy__refuses_what_it_does_not_know() -> None:
    with pytest.raises(PolicyError, match="no_cal_ct"):
        load_import_policy(None, no_cal_ct=(40.0,))
    with pytest.raises(PolicyError, match="not a time zone"):
        load_import_policy(None, zone="Asia/Ruijin")
    with pytest.raises(PolicyError, match="write it as"):
        load_import_policy(None, zone_abbreviations={"CST": "8"})
    with pytest.raises(PolicyError, match="regular expression"):
        load_import_policy(None, plate_file_name="(")


def test_a_well_zero__proves_that_wells_count_from_zero() -> None:
    numbered = b"Well\tSample Name\tTarget Name\tTask\tCT\n%d\tS\tN\tUNKNOWN\t20.5\n12\tS\tN\tUNKNOWN\t21.5\n"
    assert read(numbered % 0).readings["well"].to_list() == ["A01", "B01"]
    assert "wells_from_zero" in {q.code for q in read(numbered % 0).questions}
    assert read(numbered % 1).readings["well"].to_list() == ["A01", "A12"]


def test_numbered_replicates__have_the_role_of_their_kind() -> None:
    rows = "A01,FAM,N,Unkn-1,S1,31.25\nA02,FAM,N,Neg Ctrl-2,,N/A\nA03,FAM,N,Pos Ctrl,,22\nA04,FAM,N,Std-1,S2,22\n"
    loads = read(("Well,Fluor,Target,Content,Sample,Cq\n" + rows).encode()).loads
    assert loads.select("well", "role", "tube").rows() == [
        ("A01", "sample", "S1"), ("A02", "negative_control", None), ("A03", "positive_control", None),
    ]  # fmt: skip


def test_the_same_well_of_two_plates__is_no_repeat() -> None:
    file = read(b"Plate,Well,Target,Ct\nP1,A1,N,20.5\nP2,A1,N,30.5\n")
    assert (file.readings["plate"].to_list(), finding(file)) == (["P1", "P2"], [])


def test_slan__is_read_without_sample_column_and_in_english_only_by_its_name() -> None:
    chinese = "仪器型号\tSLAN-96P\n\n反应孔\t目标\t项目\tCt\nA1\tN\t新冠\t20.5\nA2\tN\t新冠\t-\n"
    assert read(chinese.encode("gb18030")).readings.select("target", "ct").rows() == [
        ("N", 20.5),
        ("N", None),
    ]
    english = b"Instrument,SLAN-96P\nWell,Target,Ct\nA1,N,20.5\nA2,N,NoCt\n"
    assert read(english).recognised.format == "slan-96p-english"
    assert recognise(english.replace(b"SLAN-96P", b"other")) == "refused"


def test_a_table_without_any_ct__is_not_taken_for_negatives() -> None:
    head = "Experiment: x  Filter: FAM\nInclude\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus\n"
    silent = (head + "True\t255\tA1\tS1\t\t\t0\t\nTrue\t255\tA2\tS2\t\t\t0\t\n").encode()
    with pytest.raises(DamagedFileError, match=r"Ct is empty.*empty_ct decides"):
        read(silent)
    told = read(silent, policy=ImportPolicy(empty_ct="undetermined"))
    assert told.readings["ct"].to_list() == [None, None]


def reaction(well: int, cq: str) -> str:
    return f'<react id="{well}"><sample id="S{well}"/><data><tar id="N"/>{cq}</data></react>'


def rdml(*runs: str) -> bytes:
    body = "".join(
        f'<run id="{i}"><pcrFormat><rows>8</rows><columns>12</columns></pcrFormat>{run}</run>'
        for i, run in enumerate(runs)
    )
    return f'<rdml version="1.3" xmlns="http://www.rdml.org"><experiment id="e">{body}</experiment></rdml>'.encode()


def test_an_rdml_file_without_any_cq__was_not_analysed() -> None:
    with pytest.raises(RefusedFormatError, match="not analysed"):
        read(rdml(reaction(1, "") + reaction(2, "")))
    assert read(rdml(reaction(1, "<cq>20.5</cq>") + reaction(2, ""))).readings["ct"].to_list() == [20.5, None]


def test_two_plates_in_one_rdml_file__are_refused_and_two_tellings_are_one() -> None:
    with pytest.raises(AmbiguousFileError, match="both read N in A01 and differ"):
        read(rdml(reaction(1, "<cq>20.5</cq>"), reaction(1, "<cq>30.5</cq>")))
    plates = read(
        rdml(reaction(1, "<cq>20.5</cq>"), reaction(1, "<cq>30.5</cq>")),
        policy=ImportPolicy(runs="run_is_plate"),
    )
    assert plates.readings.select("plate", "ct").rows() == [("0", 20.5), ("1", 30.5)]
    twice = read(rdml(reaction(1, "<cq>20.5</cq>"), reaction(1, "<cq>20.5</cq>")))
    assert twice.readings["ct"].to_list() == [20.5]


def test_rdml_positions__may_be_names_and_rotors_are_asked_about() -> None:
    named = rdml(reaction(1, "<cq>20.5</cq>").replace('id="1"', 'id="B7"'))
    assert read(named).readings["well"].to_list() == ["B07"]
    rotor = rdml(reaction(13, "<cq>20.5</cq>")).replace(
        b"<rows>8</rows><columns>12</columns>", b"<rows>1</rows><columns>72</columns>"
    )
    assert read(rotor).readings["well"].to_list() == ["B01"]
    assert "rotor_positions" in {q.code for q in read(rotor).questions}


def test_a_target__in_other_spelling_is_the_expected_one_and_a_stranger_is_asked_about() -> None:
    file = read(b"Plate,Well,Target,Ct\nP1,A1,ORF1AB,20.5\nP1,A1,E,21.5\nP1,A1,N,22.5\n")
    assert file.readings["target"].to_list() == ["ORF1ab", "E", "N"]
    assert question(file, "target_spelling") == (("ORF1AB",), "ORF1ab", "targets")
    assert question(file, "target_not_expected")[0] == ("E",)
    told = read(b"Plate,Well,Target,Ct\nP1,A1,E,21.5\n", policy=ImportPolicy(targets={"e": "ORF1ab"}))
    assert told.readings["target"].to_list() == ["ORF1ab"]
    assert "target_not_expected" not in {q.code for q in told.questions}


def test_two_exports_in_one_file__are_refused() -> None:
    once = rows(row(1, "20.5"))
    with pytest.raises(AmbiguousFileError, match="second table of the same kind"):
        read(once + b"\n" + once.replace(b"= P1", b"= P2"))
    with pytest.raises(AmbiguousFileError, match="several exports in one file"):
        read(once + COLUMNS.encode() + row(2, "30.5").encode() + b"\n")


def test_channels_of_a_lightcycler__keep_their_own_target() -> None:
    head = "Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus\n"
    channel = "Experiment: x  Selected Filter: %s\n" + head + "True\t255\tA1\tS\t%s\t\t0\t\n"
    file = read(
        (channel % ("FAM", "20.5") + channel % ("VIC", "30.5") + "\n" + channel % ("CY5", "")).encode()
    )
    assert file.readings.select("target", "ct").rows() == [("FAM", 20.5), ("VIC", 30.5), ("CY5", None)]
