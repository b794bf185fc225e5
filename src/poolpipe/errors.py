"""The exceptions that stop a job; bad rows are data and never raise."""

from __future__ import annotations

from poolpipe.display import visible

__all__ = ["InputError", "PolicyError", "PoolpipeError", "PoolpipeWarning", "TableError", "UnknownTableError"]


class PoolpipeError(Exception):
    """Base of every error poolpipe raises: what happened, where, the rule, and the way out.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str, optional
        File, table, column or option it is wrong in.
    way_out : str, optional
        What the reader can do about it.

    Attributes
    ----------
    what, where, way_out : str
        As given; the exception's own text draws what could command a terminal as escapes.

    Examples
    --------
    >>> error = PoolpipeError("there is no such tube", where="pools", way_out="give another")
    >>> print(error)
    pools: there is no such tube; give another
    """

    def __init__(self, what: str, *, where: str = "", way_out: str = "") -> None:
        self.what = what
        self.where = where
        self.way_out = way_out
        told = "; ".join(part for part in (f"{where}: {what}" if where else what, way_out) if part)
        super().__init__(visible(told))


class InputError(PoolpipeError):
    """The input cannot be used at all: no such file, no right to read it, nothing that matches."""


class PolicyError(PoolpipeError):
    """A policy file or preset is unknown, unreadable or contradicts itself."""


class TableError(PoolpipeError):
    """A frame handed to a stage lacks a column or has one of the wrong type."""


class UnknownTableError(PoolpipeError, KeyError):
    """A result was asked for a table that there is not; whoever catches KeyError catches it, too."""

    __str__ = Exception.__str__  # KeyError quotes its message


class PoolpipeWarning(UserWarning):
    """The job is done, and costs more than it need or rests on less than one would think."""
