"""The templates of one message in both languages."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Message"]


class Message(NamedTuple):
    """Templates of one message; `{name}` stands for a field.

    Attributes
    ----------
    english, chinese : str
        What is wrong.
    way_out, way_out_chinese : str
        What the reader can do; both empty where the code that raises the error gives it.
    """

    english: str
    chinese: str
    way_out: str = ""
    way_out_chinese: str = ""
