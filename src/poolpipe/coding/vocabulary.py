"""Translate the words that laboratories and forms write (阳性, female, 居民身份证) into the values of docs/tables.md.

One table for events, reference tables and the tables of `decode` and `design`; docs/tables.md prints it. Words are
looked up after cleaning, to the letter; texts that are not in the table are kept.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BEGINNINGS", "NO", "WORDS", "YES", "known_words", "resembles", "words_known", "yes_or_no"]

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "mode": {
        **dict.fromkeys(("混采", "混检", "混样", "混合采样"), "pool"),
        **dict.fromkeys(("单采", "单检", "单人单管", "单人单采"), "single"),
    },
    "call": {
        **dict.fromkeys(("阳性", "阳性(+)"), "positive"),
        **dict.fromkeys(("可疑", "可疑阳性"), "suspect"),
        **dict.fromkeys(("阴性", "阴性(-)"), "negative"),
        "无效": "invalid",
    },
    "role": {
        **dict.fromkeys(("样本", "标本"), "sample"),
        **dict.fromkeys(("阴性对照", "阴性质控", "阴性质控品", "阴性对照品"), "negative_control"),
        **dict.fromkeys(("阳性对照", "阳性质控", "阳性质控品", "阳性对照品"), "positive_control"),
    },
    "person_type": {
        **dict.fromkeys(
            ("居民身份证", "身份证", "二代身份证", "第二代居民身份证", "中华人民共和国居民身份证", "临时居民身份证", "临时身份证"),
            "RIC",
        ),
        **dict.fromkeys(("护照", "普通护照", "中国护照", "外国护照"), "PASSPORT"),
        "回乡证": "HKM",
        "台胞证": "TW",
    },
}  # fmt: skip
"""Column to the words that laboratories write for its values."""

BEGINNINGS: Final[Mapping[str, Mapping[str, str]]] = {"person_type": {"港澳": "HKM", "台湾": "TW"}}
"""Column to beginnings of longer words: 港澳居民来往内地通行证, 台湾居民来往大陆通行证 and their like."""

YES: Final = ("1", "true", "t", "yes", "y", "是", "重点")
NO: Final = ("0", "false", "f", "no", "n", "否", "非重点")


def known_words(column: str, values: pl.Series) -> pl.Series:
    """Replace the words that laboratories write by the values of docs/tables.md; other texts stay.

    Parameters
    ----------
    column : str
        A column of docs/tables.md; values of one without words of its own are returned unchanged.
    values : Series of String
        Cleaned as codes are.
    """
    if column not in WORDS or not values.str.contains("[^ -~]").any():  # none of the words is ASCII
        return values
    words = WORDS[column]
    values = values.replace(list(words), list(words.values()))
    for beginning, meaning in BEGINNINGS.get(column, {}).items():
        begins = values.str.starts_with(beginning)
        if begins.any():
            values = pl.select(pl.when(begins).then(pl.lit(meaning)).otherwise(values)).to_series()
    return values.alias(values.name)


def words_known(column: str, values: pl.Series) -> dict[str, str]:
    """Find which words of laboratories occur in a column, and the value that each is replaced by.

    Parameters
    ----------
    column : str
        A column of docs/tables.md.
    values : Series of String
        Cleaned as codes are; null where missing.

    Returns
    -------
    dict of str to str
        Word to value; of words known by their beginning only that, as `港澳…`.
    """
    if column not in WORDS or not values.str.contains("[^ -~]").any():
        return {}
    distinct = values.drop_nulls().unique().to_list()
    told = {word: WORDS[column][word] for word in distinct if word in WORDS[column]}
    beginnings = BEGINNINGS.get(column, {})
    return told | {
        f"{beginning}…": beginnings[beginning]
        for beginning in beginnings
        if any(word.startswith(beginning) for word in distinct)
    }


def resembles(column: str, value: str) -> bool:
    """Tell whether a refused value resembles a word of its column, so that a message may quote it without a name in it.

    Parameters
    ----------
    column : str
        `mode`, `role`, `call`, `person_type` or `kind`; for any other column the result is False.
    value : str
        As it was given.

    Notes
    -----
    Like are texts of which more than 0.55 of all characters are shared in order (Ratcliff and Obershelp 1988, as
    `difflib` has it): 混合 is like 混合采样 (0.67), while a name of two characters that shares one with 单采 is not (0.5).

    Examples
    --------
    >>> resembles("mode", "混合"), resembles("mode", "张三"), resembles("site", "混合")
    (True, False, False)
    """
    words = [*KINDS] if column == "kind" else [*WORDS.get(column, {}), *WORDS.get(column, {}).values()]
    return bool(difflib.get_close_matches(value.strip().lower(), words, n=1, cutoff=0.55))


def yes_or_no(values: pl.Series) -> pl.Series:
    """Read cleaned texts as yes or no, in any case; null where they are missing or neither."""
    small = values.str.to_lowercase()
    return pl.select(
        pl.when(small.is_in(YES)).then(statement=True).when(small.is_in(NO)).then(statement=False)
    ).to_series()
