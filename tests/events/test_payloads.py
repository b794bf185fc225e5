"""Scanner payloads against published examples and python-stdnum."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_11_2, mod_37_2, mod_37_36

from poolpipe.events.payloads import (
    CheckScheme,
    PayloadPolicy,
    aim_identifiers,
    check_characters_fit,
    decode_payloads,
    gs1_values,
    strip_aim,
    strip_wedge,
)


def test_wedge__takes_off_what_the_keyboard_added() -> None:
    codes = pl.Series("code", ["T1\r\n", "\x02T1\x03", "\tT1 ", "T1", None, "<<T1>>\r"])
    told = codes.to_frame().select(strip_wedge(pl.col("code"), ("<<",), (">>",)))["code"].to_list()
    assert told == ["T1", "T1", "T1", "T1", None, "T1"]


def test_aim__is_found_and_taken_off() -> None:
    codes = pl.Series("code", ["]C1T1", "]d2T1", "T]C1", "]T1", None]).to_frame()
    assert codes.select(aim_identifiers(pl.col("code")))["code"].to_list() == [
        "]C1",
        "]d2",
        None,
        "]T1",
        None,
    ]
    assert codes.select(strip_aim(pl.col("code")))["code"].to_list() == ["T1", "T1", "T]C1", "", None]


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ("]C1010952112345678821TUBE1\x1d17220210", "TUBE1"),  # GS1-128, separator before the next element
        ("]d201095211234567881722021021TUBE1", "TUBE1"),  # DataMatrix, fixed length first
        ("]Q321TUBE1", "TUBE1"),
        ("\x1d21TUBE1", "TUBE1"),  # FNC1 sent as group separator
        ("(01)09521123456788(21)TUBE1", "TUBE1"),  # as printed
        ("]C100095211234567890126", "095211234567890126"),  # only an SSCC: second choice
        ("21TUBE1", None),  # nothing says that this is an element string
        ("]d2nonsense", None),
        (None, None),
    ],
)
def test_gs1__gives_the_serial_or_the_sscc(payload: str | None, value: str | None) -> None:
    assert gs1_values(pl.Series([payload], dtype=pl.String), ("21", "00")).to_list() == [value]


@pytest.mark.parametrize(
    ("code", "scheme"),
    [
        ("4006381333931", "gs1_mod10"),  # EAN-13 of GS1's examples
        ("79927398713", "luhn"),  # ISO/IEC 7812-1 annex
        ("CODE39W", "mod43"),  # ISO/IEC 16388: C+O+D+E+3+9 = 12+24+13+14+3+9 = 75, 75 mod 43 = 32 = W
        ("07940", "mod11_2"),  # ISO/IEC 7064, 0794 -> 0
        ("11010519491231002X", "mod11_2"),  # GB 11643 annex
    ],
)
def test_check_characters__of_the_standards_fit(code: str, scheme: CheckScheme) -> None:
    assert check_characters_fit(pl.Series([code]), scheme).to_list() == [True]
    wrong = ("1" if code[0] != "1" else "2") + code[1:]
    assert check_characters_fit(pl.Series([wrong]), scheme).to_list() == [False]


REFERENCES: list[tuple[CheckScheme, Any, str]] = [
    ("mod11_2", mod_11_2, "0123456789"),
    ("mod37_2", mod_37_2, "0123456789ABCXYZ"),
    ("mod37_36", mod_37_36, "0123456789ABCXYZ"),
    ("luhn", luhn, "0123456789"),
]


@pytest.mark.parametrize(("scheme", "reference", "alphabet"), REFERENCES)
def test_check_characters__agree_with_stdnum(scheme: CheckScheme, reference: Any, alphabet: str) -> None:
    @settings(max_examples=40)
    @given(st.lists(st.text(alphabet, min_size=2, max_size=20), min_size=1, max_size=20))
    def agree(codes: list[str]) -> None:
        assert check_characters_fit(pl.Series(codes), scheme).to_list() == [
            reference.is_valid(code) for code in codes
        ]
        completed = [code + reference.calc_check_digit(code) for code in codes]
        assert check_characters_fit(pl.Series(completed), scheme).all()

    agree()


def test_check_characters__of_foreign_letters_never_fit() -> None:
    codes = pl.Series(["管1", "x", "", None, "A\u00df1"])
    assert check_characters_fit(codes, "mod37_36").to_list() == [False, False, False, None, False]


def test_decode__does_it_all_at_once() -> None:
    policy = PayloadPolicy(suffixes=("#",), gs1_identifiers=("21",), check="mod37_36", check_action="strip")
    good = "TUBE1" + mod_37_36.calc_check_digit("TUBE1")
    told = decode_payloads(pl.Series([f"]C121{good}\r\n", f"{good}#\r", "TUBE1?", None]), policy)
    assert told["code"].to_list() == ["TUBE1", "TUBE1", "TUBE1?", None]
    assert told["symbology"].to_list() == ["]C1", None, None, None]
    assert told["check_fits"].to_list() == [True, True, False, None]


def test_decode__by_default_does_what_the_contract_says_and_no_more() -> None:
    told = decode_payloads(pl.Series(["]C121TUBE1", "0012 "]), PayloadPolicy())
    assert told.rows() == [("21TUBE1", "]C1", None), ("0012", None, None)]
