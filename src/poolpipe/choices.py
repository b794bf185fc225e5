"""Refuse a word that is none of a closed set, with the likely one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from poolpipe.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.errors import PoolpipeError

__all__ = ["check_choice", "likely", "suggestion"]


def check_choice(
    where: str, given: object, choices: Iterable[str], error: type[PoolpipeError] = PolicyError
) -> None:
    """Refuse an option's value that is none of its words.

    Parameters
    ----------
    where : str
        Name of the option.
    given : object
        Its value.
    choices : iterable of str
        The words there are.
    error : type of PoolpipeError
        What is raised.

    Raises
    ------
    PoolpipeError
        Of class `error`, with the likely word and all words.

    Examples
    --------
    >>> check_choice("readings", "al", ("auto", "all"))
    Traceback (most recent call last):
    poolpipe.errors.PolicyError: readings: unknown readings 'al' 没有这个扩增结果范围：'al'; did you mean 'all'? give one of auto, all ...
    """
    words = list(choices)
    if given in words:
        return
    told = ", ".join(words)
    raise error.of(
        "no_choice", where=where, what=where, given=repr(given), hint=suggestion(given, words), choices=told
    )


def likely(given: object, choices: Iterable[str]) -> str:
    """The word that a misspelt one resembles, in any case; empty where none does.

    Examples
    --------
    >>> likely("Dorfmann", ["dorfman", "array"]), likely("x", ["dorfman"])
    ('dorfman', '')
    """
    words = {each.lower(): each for each in choices}
    near = difflib.get_close_matches(str(given).strip().lower(), words, n=1, cutoff=0.7)
    return words[near[0]] if near else ""


def suggestion(given: object, choices: Iterable[str]) -> str:
    """`did you mean 'all'? `, with a blank behind; empty where no word is alike."""
    near = likely(given, choices)
    return f"did you mean {near!r}? " if near else ""
