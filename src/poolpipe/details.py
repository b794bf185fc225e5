"""Details of anomalies in both languages: the table holds them in English, readers of Chinese get them in Chinese."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.findings import ANOMALIES, CUT_NUMBERS, LOADS_REJECTED
from poolpipe.languages import language
from poolpipe.messages import in_language
from poolpipe.messages.drawing import whole
from poolpipe.messages.facts import FACTS, MORE_FACTS
from poolpipe.words import CALL_WORDS, COLUMN_WORDS, Wording

if TYPE_CHECKING:
    from poolpipe.findings import Anomaly, Reject
    from poolpipe.messages.template import Message

__all__ = ["AnomalyDetail", "anomaly_detail", "anomaly_text", "reject_text"]


class AnomalyDetail(NamedTuple):
    """A detail of the table `anomalies`, taken apart.

    Attributes
    ----------
    facts : Wording
        What is known of the subject; the code's meaning where there is nothing more.
    more : Wording
        The part of the facts behind that, such as the call of a tube that nobody is registered for; may be empty.
    way_out : Wording
        What the reader can do.
    """

    facts: Wording
    more: Wording
    way_out: Wording


_WAYS: Final = (LOADS_REJECTED, CUT_NUMBERS)
"""Ways out that a detail may have in place of its code's."""

_NOTHING: Final = Wording("", "")


def anomaly_detail(code: str, detail: str) -> AnomalyDetail | None:
    """Take the detail of an anomaly apart.

    Parameters
    ----------
    code, detail : str
        As the table `anomalies` has them.

    Returns
    -------
    AnomalyDetail or None
        None where the code, or the form of the detail, is not one of this version.

    Examples
    --------
    >>> told = anomaly_detail("tube_reloaded", "loaded into 2 wells; every well counts; void a wrong load; 重复上机：各孔…")
    >>> told.facts.chinese
    '上机 2 孔'
    """
    about = ANOMALIES.get(code)
    if about is None:
        return None
    ways: list[Anomaly | Reject] = [about, *_WAYS]
    way = next((each for each in ways if f"; {each.way_out}; " in detail), None)
    if way is None:
        return None
    facts = detail.partition(f"; {way.way_out}; ")[0]
    main, more = _without_more(facts)
    told = Wording(main, about.chinese) if main == about.meaning else _fact(main)
    if told is None:
        return None
    return AnomalyDetail(
        Wording(*(first + second for first, second in zip(told, more, strict=True))),
        more,
        Wording(way.way_out, way.way_out_chinese),
    )


def anomaly_text(code: str, detail: str) -> str:
    """Write the detail of an anomaly in the language of the reader: facts and way out; in both, and unknown ones, as it stands.

    Parameters
    ----------
    code, detail : str
        As the table `anomalies` has them.
    """
    told = None if language() == "both" else anomaly_detail(code, detail)
    if told is None:
        return detail
    chinese = language() == "zh"
    return ("；" if chinese else "; ").join((told.facts[chinese], told.way_out[chinese]))


def reject_text(detail: str) -> str:
    """Write the reason of a reject in the language of the reader, to readers of Chinese with its column in Chinese.

    Parameters
    ----------
    detail : str
        As the table `rejects` has it, or with its value withheld.

    Examples
    --------
    >>> from poolpipe.languages import speaking
    >>> with speaking("zh"):
    ...     reject_text("well 'J01': no such well on a plate of 96, such as A01 该 96 孔板无此孔位，孔位如 A01")
    "孔位 'J01'：该 96 孔板无此孔位，孔位如 A01"
    """
    found = _PLACE.fullmatch(detail) if language() == "zh" else None
    if found is None or found["column"] not in COLUMN_WORDS:
        return in_language(detail)
    value = f" {found['value']}" if found["value"] not in (None, "''") else ""
    return f"{COLUMN_WORDS[found['column']]}{value}：{_reason(found['reason'])}"


_PLACE: Final = re.compile(r"(?P<column>\w+)(?: (?P<value>'.*'))?: (?P<reason>.*)", re.DOTALL)


@lru_cache(maxsize=1024)
def _reason(text: str) -> str:
    """A reason in Chinese; most records are rejected for one of few."""
    return in_language(text)


def _fact(text: str) -> Wording | None:
    for told in FACTS.values():
        if found := whole(told.english).fullmatch(text):
            return Wording(text, told.chinese.format_map(found.groupdict()))
    return None


def _without_more(facts: str) -> tuple[str, Wording]:
    """Split what `MORE_FACTS` tells off the end of a text."""
    more = _NOTHING
    while found := next(filter(None, (_behind(each).fullmatch(facts) for each in MORE_FACTS.values())), None):
        told = next(each for each in MORE_FACTS.values() if _behind(each) is found.re)
        fields = {name: _call(value) for name, value in found.groupdict().items() if name != "before"}
        more = Wording(
            facts[len(found["before"]) :] + more.english, told.chinese.format_map(fields) + more.chinese
        )
        facts = found["before"]
    return facts, more


def _call(value: str) -> str:
    return CALL_WORDS[value].chinese if value in CALL_WORDS else value


@cache
def _behind(told: Message) -> re.Pattern[str]:
    return re.compile(f"(?P<before>.*?){whole(told.english).pattern}", re.DOTALL)
