"""Take a scanner's payload apart: wedge suffixes, AIM prefixes, GS1 element strings, check characters.

Pure functions over whole columns. The cleaning of every code (strip, AIM prefix, half width) is in `coding.cleaning`; these
functions do what a policy asks for beyond it.

Sources: ISO/IEC 15424 (AIM symbology identifiers), GS1 General Specifications 7.8 and 7.9 (element strings, check
digit), ISO/IEC 7064 (MOD 11-2, MOD 37-2, MOD 37,36), ISO/IEC 16388 (Code 39, MOD 43), ISO/IEC 7812-1 (Luhn).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

__all__ = [
    "CheckScheme",
    "PayloadPolicy",
    "aim_identifiers",
    "check_characters_fit",
    "decode_payloads",
    "gs1_values",
    "strip_aim",
    "strip_wedge",
]

CheckScheme = Literal["gs1_mod10", "luhn", "mod43", "mod11_2", "mod37_2", "mod37_36"]

GS1_SYMBOLOGIES = ("]C1", "]d2", "]Q3", "]e0", "]J1")  # GS1-128, DataMatrix, QR, DataBar, DotCode
GROUP_SEPARATOR = "\x1d"
_AIM = r"^\][A-Za-z][0-9A-Za-z]"
_GS1_HINT = r"^(?:\](?:C1|d2|Q3|e0|J1)|\x1d|\(\d{2,4}\))"
_ALPHABET_43 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_ALPHABET_37 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"


class PayloadPolicy(BaseModel):
    """The additions of a lab's labels and scanners to a tube's code.

    Parameters
    ----------
    prefixes, suffixes : tuple of str
        Texts that the scanner is set to send before and after the code; CR, LF, TAB, STX and ETX go in any case.
    gs1_identifiers : tuple of str
        Application identifiers whose value is the code, first found first (`("21", "00")`). Empty: an element string
        stays as it is.
    check : CheckScheme, optional
        Scheme of the last character of every code.
    check_action : {"flag", "strip"}
        Whether a fitting check character stays in the code or is taken off. One that does not fit always stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    gs1_identifiers: tuple[str, ...] = ()
    check: CheckScheme | None = None
    check_action: Literal["flag", "strip"] = "flag"


def strip_wedge(codes: pl.Expr, prefixes: Iterable[str] = (), suffixes: Iterable[str] = ()) -> pl.Expr:
    """Strip from codes what a keyboard wedge adds: CR, LF, TAB, STX, ETX at either end, and the scanner's own texts.

    Parameters
    ----------
    codes : polars.Expr
        Column of texts.
    prefixes, suffixes : iterable of str
        Texts that the scanner is set to send before and after a code.

    Returns
    -------
    polars.Expr
    """
    stripped = codes.str.strip_chars("\r\n\t\x02\x03\x04 ")
    for prefix in prefixes:
        stripped = stripped.str.strip_prefix(prefix)
    for suffix in suffixes:
        stripped = stripped.str.strip_suffix(suffix)
    return stripped


def strip_aim(codes: pl.Expr) -> pl.Expr:
    """Codes without an AIM symbology identifier (`]C1`, `]d2`, `]Q3`, ...)."""
    return codes.str.replace(_AIM, "")


def aim_identifiers(codes: pl.Expr) -> pl.Expr:
    """The AIM symbology identifier of each code; null where there is none."""
    return codes.str.extract(f"({_AIM})", 1)


def gs1_values(codes: pl.Series, identifiers: tuple[str, ...]) -> pl.Series:
    """The value of the first of these application identifiers in each element string.

    Parameters
    ----------
    codes : Series of String
        Payloads: with a GS1 symbology identifier, a leading FNC1, or as printed, `(01)…(21)…`. Others are not taken
        for element strings, for almost every number would parse as one.
    identifiers : tuple of str
        Application identifiers in order of preference.

    Returns
    -------
    Series of String
        Null where the payload is no element string, is malformed, or has none of them.
    """
    hinted = codes.str.contains(_GS1_HINT).fill_null(value=False)
    distinct = codes.filter(hinted).unique()
    found = {code: _gs1_value(code, identifiers) for code in distinct}
    if not found:
        return pl.Series(codes.name, [None] * len(codes), pl.String)
    return codes.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.String)


def _gs1_value(code: str, identifiers: tuple[str, ...]) -> str | None:
    from biip import ParseError
    from biip.gs1_messages import GS1Message

    text = re.sub(_AIM, "", code).strip("\r\n\t\x02\x03\x04 ").removeprefix(GROUP_SEPARATOR)
    try:
        message = GS1Message.parse_hri(text) if text.startswith("(") else GS1Message.parse(text)
    except ParseError:
        return None
    values = {string.ai.ai: string.value for string in reversed(message.element_strings)}
    return next((values[identifier] for identifier in identifiers if identifier in values), None)


def check_characters_fit(codes: pl.Series, scheme: CheckScheme) -> pl.Series:
    """Whether the last character of each code is the check character of the rest.

    Parameters
    ----------
    codes : Series of String
        Codes with their check character; lower-case letters count as upper case.
    scheme : CheckScheme
        How it is computed.

    Returns
    -------
    Series of Boolean
        Null where the code is null; false where a character is outside the scheme's alphabet or there is no rest.
    """
    upper = codes.str.to_uppercase()
    lengths = upper.str.len_bytes().fill_null(0).to_numpy()
    fits = np.zeros(len(codes), np.bool_)
    for length in np.unique(lengths):
        if length < 2:
            continue
        rows = np.flatnonzero(lengths == length)
        letters = np.frombuffer("".join(upper.gather(rows).to_list()).encode(), np.uint8).reshape(-1, length)
        fits[rows] = _SCHEMES[scheme](letters)
    return pl.Series(codes.name, fits).set(codes.is_null(), None)


def decode_payloads(codes: pl.Series, policy: PayloadPolicy) -> pl.DataFrame:
    """Payloads as codes.

    Parameters
    ----------
    codes : Series of String
        As scanned.
    policy : PayloadPolicy
        What to strip and what to check.

    Returns
    -------
    DataFrame
        `code`; `symbology`, the AIM identifier or null; `check_fits`, null without a scheme.
    """
    bare = codes.to_frame("payload").with_columns(
        code=strip_wedge(pl.col("payload"), policy.prefixes, policy.suffixes)
    )
    decoded = bare.select(symbology=aim_identifiers(pl.col("code")), code=strip_aim(pl.col("code")))
    if policy.gs1_identifiers:
        values = gs1_values(bare["code"], policy.gs1_identifiers)
        decoded = decoded.with_columns(code=pl.coalesce(values.alias("value"), pl.col("code")))
    if policy.check is None:
        return decoded.select("code", "symbology", check_fits=pl.lit(None, pl.Boolean))
    fits = check_characters_fit(decoded["code"], policy.check)
    if policy.check_action == "strip":
        kept = pl.when(fits.alias("fits")).then(pl.col("code").str.head(-1)).otherwise(pl.col("code"))
        decoded = decoded.with_columns(code=kept)
    return decoded.select("code", "symbology", check_fits=fits)


def _numbers(letters: NDArray[np.uint8], profile: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Index of each character in the scheme's alphabet, and which rows have no other character."""
    table = np.full(256, -1, np.int64)
    table[np.frombuffer(profile.encode(), np.uint8)] = np.arange(len(profile))
    numbers = table[letters]
    known: NDArray[np.bool_] = np.all(numbers >= 0, axis=1)
    return numbers, known


def _gs1_mod10(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    numbers, known = _numbers(letters, "0123456789")
    weights = np.where(np.arange(letters.shape[1])[::-1] % 2 == 0, 1, 3)
    fits: NDArray[np.bool_] = known & ((numbers * weights).sum(axis=1) % 10 == 0)
    return fits


def _luhn(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    numbers, known = _numbers(letters, "0123456789")
    doubled = np.where(np.arange(letters.shape[1])[::-1] % 2 == 0, numbers, numbers * 2)
    fits: NDArray[np.bool_] = known & ((doubled - 9 * (doubled > 9)).sum(axis=1) % 10 == 0)
    return fits


def _mod43(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    numbers, known = _numbers(letters, _ALPHABET_43)
    fits: NDArray[np.bool_] = known & (numbers[:, :-1].sum(axis=1) % 43 == numbers[:, -1])
    return fits


def _pure(
    modulus: int, radix: int, profile: str, body: int
) -> Callable[[NDArray[np.uint8]], NDArray[np.bool_]]:
    """ISO/IEC 7064 pure system: the weighted sum is 1; the supplementary character stands only at the end."""

    def fit(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
        numbers, known = _numbers(letters, profile)
        known &= (numbers[:, :-1] < body).all(axis=1)
        total = np.zeros(len(letters), np.int64)
        for column in range(letters.shape[1]):
            total = (total * radix + numbers[:, column]) % modulus
        fits: NDArray[np.bool_] = known & (total == 1)
        return fits

    return fit


def _mod37_36(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """ISO/IEC 7064 hybrid system MOD 37,36."""
    numbers, known = _numbers(letters, _ALPHABET_37[:36])
    carry = np.full(len(letters), 36, np.int64)
    for column in range(letters.shape[1] - 1):
        total = (carry + numbers[:, column]) % 36
        carry = np.where(total == 0, 36, total) * 2 % 37
    fits: NDArray[np.bool_] = known & ((carry + numbers[:, -1]) % 36 == 1)
    return fits


_SCHEMES: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.bool_]]] = {
    "gs1_mod10": _gs1_mod10,
    "luhn": _luhn,
    "mod43": _mod43,
    "mod11_2": _pure(11, 2, "0123456789X", 10),
    "mod37_2": _pure(37, 2, _ALPHABET_37, 36),
    "mod37_36": _mod37_36,
}
