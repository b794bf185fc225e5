"""The console of all commands: boards, progress, warnings, and the checks of moments and paths typed there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from poolpipe.display import mask_identities, visible
from poolpipe.errors import InputError
from poolpipe.messages import message_in_language
from poolpipe.paths import is_stdin, unusable
from poolpipe.terminal.documentation import page_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.console import Console, RenderableType

__all__ = ["check_inputs", "check_out", "parse_moment", "show", "tell"]


_WRONG_USAGE: Final = {"empty_path", "no_file_or_folder"}
"""Codes of errors in the command line itself: the exit status is 2."""

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # of `s3://bucket` a path keeps one stroke


def show(renderables: Iterable[RenderableType]) -> None:
    """Write boards to stdout: as wide as `COLUMNS` says, else as the terminal; a hundred columns into a file or a pipe.

    Below them stands where the pages lie that they name.
    """
    console = _console(sys.stdout)
    for each in renderables:
        console.print(each)
        console.print()
    for line in page_lines([console.export_text()]):
        console.print(line, soft_wrap=True)


def tell(text: str, *, err: bool = False) -> None:
    """Write one line to stdout or stderr; control characters are escaped and identities masked.

    Parameters
    ----------
    text : str
        The line.
    err : bool
        Whether it goes to stderr.
    """
    click.echo(visible(mask_identities(text)), err=err)


def parse_moment(text: str | None, zone: str) -> datetime | None:
    """Parse `--as-of`.

    Parameters
    ----------
    text : str or None
        RFC 3339; None where the option is not given.
    zone : str
        IANA zone of a time without offset.

    Returns
    -------
    datetime or None
        In UTC.

    Raises
    ------
    click.BadParameter
        If it is no time.
    """
    from poolpipe.stages.viewpoint import moment_of

    try:
        return moment_of(text, zone)
    except InputError as error:
        raise click.BadParameter("; ".join(error.in_language()), param_hint="--as-of") from None


def check_inputs(inputs: Iterable[str], *, pipes: bool = False) -> None:
    """Refuse a path or pattern that names nothing, before anything is computed.

    Parameters
    ----------
    inputs : str
        Paths or patterns.
    pipes : bool
        Whether the standard input and pipes are taken as well.

    Raises
    ------
    InputError
        With the nearest name that does exist.
    click.UsageError
        If it is a device or a socket, a pipe where none is taken, or the standard input where that is a terminal.
    """
    for each in inputs:
        if pipes and is_stdin(each) and (sys.stdin is None or sys.stdin.isatty()):
            raise click.UsageError(message_in_language("nothing_piped", {"path": each}))
        error = unusable(each, pipes=pipes)
        if error and error.code in _WRONG_USAGE:
            raise click.UsageError(f"{error.where}: {'; '.join(error.in_language())}")
        if error:
            raise error


def check_out(folder: Path) -> None:
    """Refuse a result folder that cannot be written, before anything is computed.

    Raises
    ------
    InputError
        If it is a file or an address, or it or its nearest existing parent may not be written.
    """
    if _ADDRESS.match(str(folder)) and not Path(folder.parts[0]).exists():
        raise InputError.of("out_is_address", where=str(folder))
    standing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not standing.is_dir():
        raise InputError.of("out_is_file", where=str(folder), name=standing.name)
    if not os.access(standing, os.W_OK):
        raise InputError.of("out_not_writable", where=str(standing))


def _console(stream: object) -> Console:
    from rich.console import Console

    from poolpipe.terminal.boards import WIDTH

    isatty = getattr(stream, "isatty", bool)
    told = os.environ.get("COLUMNS", "")  # rich reads it as well, but without it takes 80 for a pipe
    own = isatty() or (told.isdecimal() and int(told) > 0)
    return Console(file=stream, width=None if own else WIDTH, highlight=False, record=True)  # type: ignore[arg-type]
