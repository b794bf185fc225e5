"""The exceptions that stop a job; bad rows are data and never raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from poolpipe.display import visible
from poolpipe.messages import in_language, message, message_in_language, way_out_in_language
from poolpipe.messages import way_out as way_out_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        As given; in the exception's own text control characters are escaped.
    code : str
        The message's code in `poolpipe.messages`, by which a program knows the error; empty where it has none.
    fields : mapping
        Values of the message's fields.

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
        self.code = ""
        self.fields: Mapping[str, object] = {}
        told = "; ".join(part for part in (f"{where}: {what}" if where else what, way_out) if part)
        super().__init__(visible(told))

    @classmethod
    def of(cls, code: str, *, where: str = "", way_out: str = "", **fields: object) -> Self:
        """Make an error of the catalogue's message `code`, in English and Chinese.

        Parameters
        ----------
        code : str
            Key of `poolpipe.messages.MESSAGES`.
        where : str, optional
            File, table, column or option it is wrong in; a reader whose caller knows the file leaves it out.
        way_out : str, optional
            Replaces the catalogue's.
        **fields
            Values of the templates' fields.

        Examples
        --------
        >>> str(InputError.of("no_time", where="as_of", text="noon", way_out="mend it"))
        "as_of: 'noon' is not a time 'noon' 不是有效的时间; mend it"
        """
        error = cls(message(code, fields), where=where, way_out=way_out or way_out_of(code, fields))
        error.code, error.fields = code, fields
        return error

    def in_language(self) -> tuple[str, str]:
        """What is wrong and the way out in the language of the reader (`poolpipe.languages`)."""
        own = not self.code or self.way_out != way_out_of(self.code, self.fields)
        way_out = in_language(self.way_out) if own else way_out_in_language(self.code, self.fields)
        return message_in_language(self.code, self.fields) if self.code else in_language(self.what), way_out

    @classmethod
    def like(cls, error: PoolpipeError, *, where: str, way_out: str = "") -> Self:
        """Make an error of this class that says what another says, of a place that its reader knows.

        Parameters
        ----------
        error : PoolpipeError
            Its text, code and fields are taken.
        where : str
            File, table, column or option it is wrong in.
        way_out : str, optional
            Replaces that of `error`.

        Examples
        --------
        >>> error = InputError.of("no_stdin")
        >>> str(InputError.like(error, where="scans.csv", way_out="mend it"))
        'scans.csv: there is no standard input 没有标准输入; mend it'
        """
        again = cls(error.what, where=where, way_out=way_out or error.way_out)
        again.code, again.fields = error.code, error.fields
        return again


class InputError(PoolpipeError):
    """The input cannot be used at all: no such file, no right to read it, nothing that matches.

    Examples
    --------
    >>> import poolpipe
    >>> poolpipe.run("no/such/scans")
    Traceback (most recent call last):
    poolpipe.errors.InputError: no/such/scans: there is no such file or folder 没有这个文件或文件夹...
    """


class PolicyError(PoolpipeError):
    """A policy file or preset is unknown, unreadable or contradicts itself; or an argument is out of its range.

    Examples
    --------
    >>> import poolpipe
    >>> poolpipe.load_policy("twelve-in-one")
    Traceback (most recent call last):
    poolpipe.errors.PolicyError: twelve-in-one: there is no such policy 没有这个判读规则; ...
    """


class TableError(PoolpipeError):
    """A frame lacks a column, has one of the wrong type or a value that cannot be used; or something is no frame.

    Examples
    --------
    >>> import poolpipe
    >>> poolpipe.run(42)
    Traceback (most recent call last):
    poolpipe.errors.TableError: inputs: an int is no frame int 不是数据框; ...
    """


class UnknownTableError(PoolpipeError, KeyError):
    """A result has no table of the given name; also a KeyError.

    Examples
    --------
    >>> str(UnknownTableError.of("table_misspelt", where="day", name="recals", near="recalls"))
    "day: there is no table 'recals' 没有表 'recals'; did you mean 'recalls'? 是否为 'recalls'"
    """

    __str__ = Exception.__str__  # KeyError quotes its message


class PoolpipeWarning(UserWarning):
    """The job is done, but took longer than it need, or its result has a limitation.

    Examples
    --------
    Where such a job must not pass unnoticed, make it an error:

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", PoolpipeWarning)
    ...     warnings.warn("kernels are compiled at every start", PoolpipeWarning)
    Traceback (most recent call last):
    poolpipe.errors.PoolpipeWarning: kernels are compiled at every start
    """
