"""What people see of somebody else's text: nothing that commands, and nobody's number."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.display import (
    COMMANDING,
    column_list,
    json_text,
    mask,
    mask_identities,
    mask_numbers,
    mask_sound_ids,
    visible,
    withheld,
    withhold_values,
)
from poolpipe.errors import InputError

ADULT = "110101199003070038"


def test_visible__leaves_no_control_format_separator_or_surrogate_character():
    commanding = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    left = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in commanding and not COMMANDING.match(chr(code))
    ]
    assert not left


@pytest.mark.parametrize("code", [0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, 0xFE0F, 0xE0100, 0x180B])
def test_visible__shows_characters_that_are_drawn_as_nothing(code):
    escape = f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    assert visible(f"a{chr(code)}b") == f"a{escape}b"


@pytest.mark.parametrize(
    ("hostile", "drawn"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\x7f\x00", "\\x7f\\x00"),
        ("T1\u202e001", "T1\\u202e001"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("T\u200b1\ufeff", "T\\u200b1\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("collect-\udcd5\udcc5.csv", "collect-\\xd5\\xc5.csv"),
        ("瑞金 ０１ [red] C:\\x", "瑞金 ０１ [red] C:\\x"),
    ],
)
def test_visible__draws_escapes_and_leaves_the_rest(hostile, drawn):
    assert visible(hostile) == drawn


@given(st.text())
def test_visible__once_is_enough(text):
    assert not COMMANDING.search(visible(text))
    assert visible(visible(text)) == visible(text)


def test_error__shows_its_text_drawn_and_keeps_it_as_given():
    error = InputError("no\x1b[2J", where="a\u202eb", way_out="c\nd")
    assert str(error) == "a\\u202eb: no\\x1b[2J; c\\nd"
    assert (error.what, error.where, error.way_out) == ("no\x1b[2J", "a\u202eb", "c\nd")


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=5))
def test_json_text__is_the_same_values_without_anything_that_commands(value):
    text = json_text(value)
    assert json.loads(text) == value
    assert not COMMANDING.search(text.replace("\n", ""))


def test_mask_numbers__hides_long_runs_alone():
    assert mask_numbers("T1 13800138000 20220404") == "T1 138******00 20220404".replace(
        "138******00", mask("13800138000")
    )


@pytest.mark.parametrize("number", [ADULT, "13800138000", "11010519491231002X"])
def test_mask_identities__finds_resident_ids_and_telephones(number):
    assert mask_identities(f"a{number}。") == f"a{mask(number)}。"


@pytest.mark.parametrize("other", ["2022040408000012345", "999999999999999999", "12345678901", "20220404"])
def test_mask_identities__leaves_other_figures(other):
    assert mask_identities(f"out-{other}") == f"out-{other}"


def test_mask_sound_ids__leaves_barcodes_with_the_day_of_a_campaign():
    assert mask_sound_ids(ADULT) == mask(ADULT)
    assert mask_sound_ids(ADULT[:-1] + "7") == ADULT[:-1] + "7", "does not check: a code"
    dated = "360781202202100015"
    assert mask_sound_ids(dated) == dated


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Z99", "Z99"),
        ("31,55", "31,55"),
        ("10/2/2022 8:00", "10/2/2022 8:00"),
        ("2022年2月10日 8:00", "2022年2月10日 8:00"),
        ("2022-02-10 8:00 张三", "****-**-** *:** **"),
        ("T#12", "*#12"),
        ("张三", "**"),
        ("孙", "*"),
        ("13800138000赵", "************"),
        ("138-0013-8000", "***-****-****"),
        ("Zhang San", "***** ***"),
        ("a\x1bb王", "*\\x1b**"),
        ("Li", "**"),
    ],
)
def test_withheld__keeps_signs_times_and_short_figures(value, shape):
    assert withheld(value) == shape


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("well 'Z99': no such well on a plate of 96", "well 'Z99': no such well on a plate of 96"),
        ("tube '赵六': outside the pattern [0-9]{1,9}", "tube '**': outside the pattern [0-9]{1,9}"),
        ("tube '赵': '六': outside", "tube '*': '*': outside"),
        ("'王五' is none of collect, pack", "'**' is none of collect, pack"),
        ("'王'五' is none of collect, pack", "'*'*' is none of collect, pack"),
        (
            "tube: every collect must have it, and there is no such column; did you mean the column 'tube_no'?",
            "tube: every collect must have it, and there is no such column; did you mean the column 'tube_no'?",
        ),
        ('could not parse `李四` in ["13800138000"]', "could not parse '**' in ['***********']"),
        ("4 cells where the header has 5", "4 cells where the header has 5"),
    ],
)
def test_withhold_values__tells_the_rule_and_hides_the_value(detail, told):
    assert withhold_values(detail) == told


def test_withhold_values__tells_what_is_known():
    detail = "neither a kind column nor the name '扫码/a.csv' tells which kind of event this is"
    assert withhold_values(detail, known=("扫码/a.csv",)) == detail


def test_column_list__withholds_a_first_line_that_is_data():
    assert column_list(["tube_no", "天气\x1b"]) == ["tube_no", "天气\\x1b"]
    assert column_list(["T1", "张三丰", ADULT]) == ["T1", "***", "*" * 18]
