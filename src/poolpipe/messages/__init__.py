"""The catalogue of messages: every code's text and way out, in English and Chinese, with the same fields in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poolpipe.messages.commands import COMMANDS
from poolpipe.messages.decode import DECODE
from poolpipe.messages.design import DESIGN
from poolpipe.messages.exchange import EXCHANGE
from poolpipe.messages.inputs import INPUTS
from poolpipe.messages.instrument_files import INSTRUMENT_FILES
from poolpipe.messages.instrument_tables import INSTRUMENT_TABLES
from poolpipe.messages.pages import PAGES
from poolpipe.messages.planning import PLANNING
from poolpipe.messages.policies import POLICIES
from poolpipe.messages.rejects import REJECTS
from poolpipe.messages.results import RESULTS
from poolpipe.messages.settings import SETTINGS
from poolpipe.messages.template import Message
from poolpipe.messages.usage import USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MESSAGES", "Message", "chinese", "message", "way_out"]

MESSAGES: Final[Mapping[str, Message]] = {
    **INPUTS, **RESULTS, **POLICIES, **SETTINGS, **REJECTS, **USAGE, **COMMANDS,
    **DECODE, **DESIGN, **PLANNING, **EXCHANGE, **PAGES, **INSTRUMENT_FILES, **INSTRUMENT_TABLES,
}  # fmt: skip
"""Code to message. A code is not changed once it has been released."""


def message(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message in both languages.

    Parameters
    ----------
    code : str
        A key of `MESSAGES`.
    fields : mapping of str to object
        Values of the template's fields.

    Returns
    -------
    str

    Examples
    --------
    >>> message("setting_at_least", {"least": 1, "value": 0})
    'must be greater than or equal to 1, not 0 不得小于 1'
    """
    told = MESSAGES[code]
    return _joined(told.english, told.chinese, fields)


def way_out(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message's way out in both languages.

    Parameters
    ----------
    code : str
        A key of `MESSAGES`.
    fields : mapping of str to object
        Values of the template's fields.

    Returns
    -------
    str
        Empty where the catalogue has no way out for it.
    """
    told = MESSAGES[code]
    return _joined(told.way_out, told.way_out_chinese, fields)


def chinese(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message in Chinese alone.

    Parameters
    ----------
    code : str
        A key of `MESSAGES`.
    fields : mapping of str to object
        Values of the template's fields.

    Returns
    -------
    str
    """
    return MESSAGES[code].chinese.format_map(fields)


def _joined(english: str, chinese: str, fields: Mapping[str, object]) -> str:
    return " ".join(text.format_map(fields) for text in (english, chinese) if text)
