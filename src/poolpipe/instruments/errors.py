"""What stops the reading of an instrument's or robot's file; a row that cannot be read never comes here."""

from __future__ import annotations

from poolpipe.errors import PoolpipeError

__all__ = [
    "AmbiguousFileError",
    "DamagedFileError",
    "InstrumentError",
    "LayoutError",
    "MissingFactError",
    "RefusedFormatError",
    "UnknownFormatError",
]


class InstrumentError(PoolpipeError):
    """Base: this file gives no readings, no loads and no reports, and why.

    Examples
    --------
    >>> from poolpipe.instruments import read
    >>> read("data/samples/instruments/README.md")
    Traceback (most recent call last):
    poolpipe.instruments.errors.UnknownFormatError: ...
    """


class UnknownFormatError(InstrumentError):
    """No layout fits the content: nothing was read, nothing was guessed."""


class RefusedFormatError(InstrumentError):
    """The format is known and cannot be read here; `way_out` says which export to make instead."""


class DamagedFileError(InstrumentError):
    """The file is cut short, edited past recognition, or not what its container claims."""


class AmbiguousFileError(InstrumentError):
    """Two meanings of the whole file are possible and evidence decides for neither."""


class MissingFactError(InstrumentError):
    """Events need a fact (plate, time, lab) that neither the file nor the policy gives.

    Examples
    --------
    >>> error = MissingFactError.of("facts_missing", where="run.xlsx", problems="no plate")
    >>> isinstance(error, InstrumentError), error.where
    (True, 'run.xlsx')
    """


class LayoutError(InstrumentError):
    """A layout (TOML) is not well formed."""
