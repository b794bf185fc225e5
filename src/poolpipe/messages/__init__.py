"""The catalogue of messages: every code's text and way out, in English and Chinese, with the same fields in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poolpipe.languages import has_chinese, language, speaking
from poolpipe.messages.clusters import CLUSTERS
from poolpipe.messages.commands import COMMANDS
from poolpipe.messages.decode import DECODE
from poolpipe.messages.design import DESIGN
from poolpipe.messages.drawing import Pair, apart, chinese_of, draw, find_again
from poolpipe.messages.exchange import EXCHANGE
from poolpipe.messages.inputs import INPUTS
from poolpipe.messages.instrument_files import INSTRUMENT_FILES
from poolpipe.messages.instrument_tables import INSTRUMENT_TABLES
from poolpipe.messages.left_out import LEFT_OUT
from poolpipe.messages.misfits import MISFITS
from poolpipe.messages.nights import NIGHTS
from poolpipe.messages.pages import PAGES
from poolpipe.messages.phrases import OPTION_WORDS, phrase_in_chinese
from poolpipe.messages.planning import PLANNING
from poolpipe.messages.policies import POLICIES
from poolpipe.messages.records import RECORDS
from poolpipe.messages.rejects import REJECTS
from poolpipe.messages.results import RESULTS
from poolpipe.messages.settings import SETTINGS
from poolpipe.messages.stores import STORES
from poolpipe.messages.streams import STREAMS
from poolpipe.messages.template import Message
from poolpipe.messages.usage import USAGE
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MESSAGES",
    "Message",
    "chinese",
    "in_both",
    "in_language",
    "message",
    "message_in_language",
    "way_out",
    "way_out_in_language",
]

MESSAGES: Final[Mapping[str, Message]] = {
    **INPUTS, **RESULTS, **POLICIES, **SETTINGS, **REJECTS, **RECORDS, **LEFT_OUT, **USAGE, **COMMANDS,
    **DECODE, **MISFITS, **DESIGN, **PLANNING, **EXCHANGE, **PAGES, **INSTRUMENT_FILES, **INSTRUMENT_TABLES,
    **STORES, **STREAMS, **NIGHTS, **CLUSTERS,
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
    'must be greater than or equal to 1, not 0 不得小于 1，现为 0'
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
    with speaking("zh"):
        return chinese_of((MESSAGES[code].english, MESSAGES[code].chinese), _in_language(fields))


def message_in_language(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message in the language of the reader (`poolpipe.languages`), values that hold messages too.

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
    >>> from poolpipe.languages import speaking
    >>> with speaking("zh"):
    ...     message_in_language("setting_at_least", {"least": 1, "value": 0})
    '不得小于 1，现为 0'
    """
    told = MESSAGES[code]
    if language() == "both":
        return _joined(told.english, told.chinese, fields)
    return draw((told.english, told.chinese), _in_language(fields))


def way_out_in_language(code: str, fields: Mapping[str, object]) -> str:
    """Fill in a message's way out in the language of the reader.

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
    if language() == "both":
        return _joined(told.way_out, told.way_out_chinese, fields)
    return draw((told.way_out, told.way_out_chinese), _in_language(fields))


def in_language(text: str) -> str:
    """Draw a text of tables, summaries or errors in the language of the reader: the catalogue's messages in it.

    Parameters
    ----------
    text : str
        In both languages; what the catalogue does not know stays as it is.

    Returns
    -------
    str

    Examples
    --------
    >>> from poolpipe.languages import speaking
    >>> with speaking("zh"):
    ...     in_language("well 'J01': no such well on a plate of 96, such as A01 该 96 孔板无此孔位，孔位如 A01")
    "well 'J01': 该 96 孔板无此孔位，孔位如 A01"
    """
    if language() == "zh" and not has_chinese(text):
        return (phrase_in_chinese(text) if " " in text else None) or text
    told = [find_again(each, _PAIRS, in_language) for each in apart(text)]
    return ("；" if language() == "zh" else "; ").join(told)


_PAIRS: Final[tuple[Pair, ...]] = tuple(
    pair
    for told in MESSAGES.values()
    for pair in ((told.english, told.chinese), (told.way_out, told.way_out_chinese))
    if all(pair)
)
"""Templates that a text in both languages may have been made of."""


def in_both(text: str) -> Wording:
    """A text of tables, summaries or errors in English and in Chinese, as `in_language` draws it for each reader."""
    told = []
    for name in ("en", "zh"):
        with speaking(name):
            told.append(in_language(text))
    return Wording(*told)


def _in_language(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: object) -> object:
    """A field in the language of the reader, English or Chinese; a `Wording` has both."""
    if isinstance(value, Wording):
        return value.chinese if language() == "zh" else value.english
    if isinstance(value, BaseException):  # a reason may be another error, whose text has both languages
        value = str(value)
    if not isinstance(value, str):
        return value
    if name == "what" and language() == "zh":
        return OPTION_WORDS.get(value, value)
    return in_language(value)


def _joined(english: str, chinese: str, fields: Mapping[str, object]) -> str:
    """Both templates, each with its fields in its own language; an English one alone takes fields in both."""
    if not chinese:
        return english.format_map(fields)
    told = []
    for name, template in (("en", english), ("zh", chinese)):
        with speaking(name):
            told.append(template.format_map(_in_language(fields)))
    return " ".join(filter(None, told))
