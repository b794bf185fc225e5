"""Texts that no message of the catalogue has: whether they are in Chinese, and what they mean in Chinese by their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["has_chinese", "in_both_languages"]

_BY_CLASS: Final = {
    "InputError": "输入无法使用",
    "PolicyError": "参数或设置不可用",
    "TableError": "表的内容不可用",
    "InstrumentError": "仪器文件未能读取",
    "SpreadsheetError": "表格文件未能读取",
    "ExchangeError": "报文不符合标准",
}
"""Class of an error without a code to its meaning in Chinese."""


def has_chinese(text: str) -> bool:
    """Whether a text has any Chinese character (CJK Unified Ideographs)."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def in_both_languages(text: str, classes: Iterable[str]) -> str:
    """Add the meaning of its class of errors to a text without any Chinese.

    Parameters
    ----------
    text : str
        Text of an error.
    classes : iterable of str
        Names of its classes, the narrowest first; the first in the catalogue is used.
    """
    if has_chinese(text):
        return text
    return " ".join([text, *[_BY_CLASS[name] for name in classes if name in _BY_CLASS][:1]])
