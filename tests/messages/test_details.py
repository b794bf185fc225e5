"""Details of anomalies and rejects, and what `import` and `plan` tell, exist in Chinese: every text that is made has one."""

from __future__ import annotations

import ast
import re

import pytest

import poolpipe
from house.rooms import ROOT, modules, nodes
from poolpipe.details import anomaly_detail, anomaly_text, reject_text
from poolpipe.findings import ANOMALIES, CUT_NUMBERS, LOADS_REJECTED
from poolpipe.languages import has_chinese, speaking
from poolpipe.messages import in_language, message
from poolpipe.messages.facts import FACTS, MORE_FACTS
from poolpipe.messages.instrument_findings import QUESTIONS
from poolpipe.messages.phrases import import_word, import_word_in_chinese
from poolpipe.plan import plan

CASES = ROOT / "tests" / "cases"
INPUTS = [
    ROOT / "data" / "samples" / "town" / "events",
    ROOT / "data" / "samples" / "county",
    *(CASES / "torture" / name for name in ("date-max", "deep-json", "person-object", "privacy-headerless")),
    *sorted(each / "input" for each in (CASES / "scans").iterdir() if (each / "input").is_dir()),
]

ENGLISH = re.compile(r"[a-z]{2,}[,;:]? [a-z]{2,}")
"""Two English words in a row."""


def bare(text):
    """A Chinese text without what it quotes: values, codes and commands."""
    return re.sub(r"'[^']*'|`[^`]*`|poolpipe \w+|\[machines\]|--[a-z-]+|\([^)]*=[^)]*\)", "", text)


def is_chinese(text):
    return has_chinese(text) and not ENGLISH.search(bare(text))


@pytest.fixture(scope="module")
def days():
    return [poolpipe.run(each) for each in INPUTS]


def test_details__of_anomalies_have_a_chinese_form(days):
    seen = {
        (code, detail) for day in days for code, detail in day.anomalies.select("code", "detail").iter_rows()
    }
    assert len({code for code, _ in seen}) > 25
    with speaking("zh"):
        wrong = [f"{code}: {detail}" for code, detail in seen if not is_chinese(anomaly_text(code, detail))]
    assert not wrong, "\n".join([*sorted(wrong)[:20], "give the facts a template in messages.facts"])


def test_details__of_anomalies_are_told_in_one_language(days):
    for day in days[:2]:
        for code, detail in day.anomalies.select("code", "detail").head(400).iter_rows():
            with speaking("en"):
                assert not has_chinese(anomaly_text(code, detail))
            assert anomaly_text(code, detail) == detail


def test_details__of_rejects_have_a_chinese_form(days):
    seen = {detail for day in days for detail in day.rejects["detail"].drop_nulls()}
    assert len(seen) > 20
    with speaking("zh"):
        wrong = [detail for detail in seen if not is_chinese(reject_text(detail))]
    assert not wrong, "\n".join([*sorted(wrong)[:20], "make the reason of a message of the catalogue"])
    with speaking("en"):
        assert not [detail for detail in seen if has_chinese(re.sub(r"'.*'", "", reject_text(detail)))]


def test_summaries__warn_in_chinese(days):
    told = [
        text
        for day in days
        for text in [
            *day.summary.get("warnings", ()),
            *day.summary.get("skipped_because", {}).values(),
            *(each["question"] for each in day.summary.get("asked", ())),
        ]
    ]
    assert len(told) > 5
    with speaking("zh"):
        wrong = [text for text in told if not is_chinese(in_language(text))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_facts__are_found_again_with_their_fields(name):
    names = re.findall(r"\{(\w+)", FACTS[name].english)
    assert sorted(names) == sorted(re.findall(r"\{(\w+)", FACTS[name].chinese))
    values = {each: str(7 + place) for place, each in enumerate(names)}
    about = ANOMALIES["tube_reloaded"]
    detail = (
        f"{FACTS[name].english.format_map(values)}; {about.way_out}; {about.chinese}：{about.way_out_chinese}"
    )
    told = anomaly_detail("tube_reloaded", detail)
    assert told is not None
    assert told.facts == (FACTS[name].english.format_map(values), FACTS[name].chinese.format_map(values))
    assert told.way_out == (about.way_out, about.way_out_chinese)


def test_facts__behind_the_first_are_found_in_any_number():
    about = ANOMALIES["orphan_tube"]
    more = MORE_FACTS["grave_call"].english.format(call="positive") + MORE_FACTS["zeros_lost"].english.format(
        tube="0012"
    )
    told = anomaly_detail("orphan_tube", f"{about.meaning}{more}; {about.way_out}; {about.chinese}：…")
    assert told is not None
    assert told.facts.chinese == "无登记样本管，结果为阳性；可能是样本管 '0012' 丢失了前导零"
    assert told.more.english == more


@pytest.mark.parametrize("way", [LOADS_REJECTED, CUT_NUMBERS])
def test_way_out__of_another_reason_is_found(way):
    about = ANOMALIES["plate_control_missing"]
    told = anomaly_detail(
        "plate_control_missing", f"{about.meaning}; {way.way_out}; {about.chinese}：{way.way_out_chinese}"
    )
    assert told is not None
    assert told.way_out.chinese == way.way_out_chinese


@pytest.mark.parametrize(
    ("code", "detail"), [("lab_drift", "x; y; z"), ("orphan_tube", "who knows"), ("orphan_tube", "")]
)
def test_detail__of_another_version_stays_as_it_is(code, detail):
    with speaking("zh"):
        assert anomaly_text(code, detail) == detail


def test_reject__names_its_column_in_chinese():
    rule = message("no_cycles", {})
    with speaking("zh"):
        assert (
            reject_text(f"ct '101': {rule}") == "Ct 值 '101'：应为 0 至 100 的数字，未检出请填 Undetermined"
        )
        assert reject_text(f"unknown '101': {rule}").startswith("unknown '101': ")


def _texts(node, held):
    """Every text that an expression may be: fields of it are `7`, both branches of a choice count."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        told = [""]
        for part in node.values:
            told = [before + piece for before in told for piece in _pieces(part, held)]
        return told
    if isinstance(node, ast.BinOp):
        return [left + right for left in _texts(node.left, held) for right in _texts(node.right, held)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, held) + _texts(node.orelse, held)
    name = getattr(node, "id", "")
    others = {each: values for each, values in held.items() if each != name}
    return [text for value in held.get(name, ()) for text in _texts(value, others)]


def _pieces(part, held):
    """What a part of an f-string may be."""
    if not isinstance(part, ast.FormattedValue):
        return _texts(part, held)
    if "number_of" in ast.unparse(part):
        return ["7 wells", "1 well"]
    return _texts(part.value, held) or ["'7'" if part.conversion == ord("r") else "7"]


def _told_by_instruments():
    """Place, code and text of every finding and question that readers of instrument files note."""
    for path in (
        path for name, path in modules("src/poolpipe").items() if name.startswith("poolpipe.instruments")
    ):
        for function in (node for node in nodes(path) if isinstance(node, ast.FunctionDef)):
            held: dict[str, list[ast.expr]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    held.setdefault(node.targets[0].id, []).append(node.value)
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                name = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
                if name in {"found", "ask", "Finding", "Question"} and len(call.args) > 1:
                    for text in _texts(call.args[1], held):
                        yield f"{path.name}:{call.lineno}", name, _texts(call.args[0], held), text


def test_findings__of_instrument_files_have_a_chinese_form():
    told = list(_told_by_instruments())
    assert len(told) > 80
    wrong = {
        f"{place}: {text}" for place, _, _, text in told if not has_chinese(import_word_in_chinese(text))
    }
    assert not wrong, "\n".join([*sorted(wrong), "give it a template in messages.instrument_findings"])
    asked = {code for _, name, codes, _ in told if name in {"ask", "Question"} for code in codes}
    assert asked <= set(QUESTIONS), f"{sorted(asked - set(QUESTIONS))}: give them a word in QUESTIONS"


def test_plan__says_what_each_quantity_rests_on():
    needs = plan(700_000, days=2).needs
    with speaking("zh"):
        wrong = [basis for basis in needs["basis"] if not is_chinese(in_language(basis))]
    assert not wrong, wrong


def test_word__of_an_import_is_that_of_the_reader():
    with speaking("zh"):
        assert import_word("the file names no plate") == "文件未写板号"
        assert (
            import_word("zero_ct under [machines] of --policy FILE")
            == "--policy 文件 [machines] 下的 zero_ct"
        )
        assert import_word("SLAN-96P") == "SLAN-96P"
    assert import_word("the file names no plate") == "the file names no plate 文件未写板号"
