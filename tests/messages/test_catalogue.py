"""Chinese of the catalogue: it names every value that the English names, and has no English word but codes and loanwords."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from poolpipe.languages import speaking
from poolpipe.messages import MESSAGES, chinese, in_both, in_language, message, message_in_language
from poolpipe.messages.facts import FACTS, MORE_FACTS
from poolpipe.messages.phrases import PHRASES, phrase_in_chinese
from poolpipe.words import COLUMN_WORDS, EVENT_WORDS, TABLE_WORDS, Wording

PAIRS = {
    **{f"{code}": (told.english, told.chinese) for code, told in MESSAGES.items() if told.chinese},
    **{
        f"{code}, way out": (told.way_out, told.way_out_chinese)
        for code, told in MESSAGES.items()
        if told.way_out
    },
    **{english: (english, chinese) for english, chinese in PHRASES},
    **{name: (told.english, told.chinese) for name, told in {**FACTS, **MORE_FACTS}.items()},
}

STANDS_BEFORE = {"kind_unknown": {"kind"}}
"""Values that stand before a reason already, where they are withheld from who may not see them."""

CODES = frozenset(
    """
    poolpipe import run check null true false base grey_ct detected_ct city_all city_half prior machines polars pandas pyarrow events
    look_back_days silence_days
    yyyy mm dd hh ss zip gzip xlsx csv dilution table cycles suspect_infected suspect_clean sensitivity specificity infection_per_day
    clearance_per_day offsets calls positive negative p_known cleared se sp confidence pool single force max_bytes
    max_unpacked_bytes encoding omitted_wells leave_out keep runs run_is_plate required columns source_plate quadrant
    duplicate_columns first last ntp list calls
    """.split()  # noqa: SIM905
)
"""Names of settings, formats, commands and values, which are the same in every language."""


def names(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(PAIRS))
def test_chinese__names_every_value_of_the_english(code):
    english, chinese = PAIRS[code]
    missing = names(english) - names(chinese) - STANDS_BEFORE.get(code, set())
    assert not missing, f"{chinese!r} leaves out {sorted(missing)}"


@pytest.mark.parametrize("code", sorted(PAIRS))
def test_chinese__has_no_english_word(code):
    quoted = r"\{[^}]*\}|`[^`]*`|'[^']*'|--[a-z-]+|\.[a-z]\w*|\w+\.[a-z_]\w*|docs/[\w/.-]+|[A-Z][A-Za-z-]*(?: [A-Z&][A-Za-z]*)*"
    words = set(re.findall(r"[a-z][a-z_]+", re.sub(quoted, "", PAIRS[code][1])))
    english = words - CODES - set(COLUMN_WORDS) - set(EVENT_WORDS) - set(TABLE_WORDS)
    assert not english, f"{PAIRS[code][1]!r}: {sorted(english)}; write it in Chinese, or a code in backquotes"


def test_message__takes_each_half_in_its_own_language():
    told = message("file_lost", {"file": "a.csv", "why": message("vanished", {})})
    assert told == (
        "a.csv: not read, nothing of it counts: it vanished while the folder was being read: run again "
        "a.csv：该文件未读取，未起任何作用：读取期间消失，请重新运行"
    )
    english, _, chinese = told.partition(" a.csv：")
    assert in_both(told) == Wording(english, f"a.csv：{chinese}")
    assert message("out_failed", {"why": "No space left on device"}) == (
        "cannot be written: No space left on device 无法写入：磁盘空间不足"
    )
    hinted = message(
        "no_choice", {"what": "preset", "given": "'x'", "hint": "did you mean 'y'? ", "choices": "y"}
    )
    assert hinted == "unknown preset 'x' 没有这个预设：'x'"


def test_wording__is_a_field_in_both_languages():
    told = message("unregistered", {"told": Wording("2 positive tubes", "阳性 2 管")})
    assert told.startswith("2 positive tubes whose people are unknown")
    with speaking("zh"):
        assert (
            in_language(told)
            == "阳性 2 管无人登记，无法复采：请向采样点索取名单，或核对管码（`orphan_tube`）"
        )


def test_phrase__that_is_unknown_stays_as_it_is():
    assert phrase_in_chinese("nobody knows this") is None
    with speaking("zh"):
        assert in_language("nobody knows this") == "nobody knows this"


@pytest.mark.parametrize(
    "why",
    [
        "it is missing",
        "it cannot be read (broken)",
        "it has 3 rows, not the 4",
        "it has 1,024 bytes with SHA-256 0123456789ab…, not those",
        "it has the columns a, b, not those of pools",
        "another result took its place while it was being read",
        "pools cannot be read (broken)",
    ],
)
def test_damaged_result__is_told_in_chinese_alone(why: str):
    fields = {"name": "pools.parquet", "summary": "summary.json", "why": why}
    assert why not in chinese("torn_result", fields)


def test_placeholder__of_a_command_is_chinese_in_chinese():
    told = chinese("import_then_run", {"file": "a.xlsx", "options": "--plate BARCODE --at TIME"})
    assert (
        told == "请先 poolpipe import a.xlsx --plate 板号 --at 时间 --lab 机构 --out 文件夹，再 run 该文件夹"
    )


def test_reason__that_is_another_error_is_in_one_language():
    why = ValueError(message("table_without_header", {"key": "person"}))
    assert "no sheet" not in chinese("no_table_file", {"why": why})
    with speaking("en"):
        assert "工作簿" not in message_in_language("no_table_file", {"why": why})
