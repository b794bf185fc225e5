"""The console of all commands: boards, progress, warnings, and the checks of moments and paths typed there."""

from __future__ import annotations

import difflib
import glob
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from poolpipe.display import mask_identities, visible
from poolpipe.errors import InputError
from poolpipe.paths import NATURES, expand, is_stdin, nature, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

__all__ = ["check_inputs", "check_out", "parse_moment", "show", "tell"]


def show(renderables: Iterable[RenderableType]) -> None:
    """Write boards to stdout: as wide as the terminal, a hundred columns into a file or a pipe."""
    console = _console(sys.stdout)
    for each in renderables:
        console.print(each)
        console.print()


def tell(text: str, *, err: bool = False) -> None:
    """Write one line to stdout or stderr; what a path or a file says in it cannot command the terminal."""
    click.echo(visible(mask_identities(text)), err=err)


def parse_moment(text: str | None, zone: str) -> datetime | None:
    """Read `--as-of`: RFC 3339, in the policy's zone where it has no offset.

    Raises
    ------
    click.BadParameter
        If it is no such time.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        message = (
            f"{text!r} is no time; write it as 2022-02-10T08:30:00+08:00 请写作 2022-02-10T08:30:00+08:00"
        )
        raise click.BadParameter(message, param_hint="--as-of") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


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
        path = Path(each)
        if not each:
            raise click.UsageError(
                "an empty path names nothing; give a file or a folder 路径为空；请给出文件或文件夹"
            )
        if is_stdin(each) and pipes:
            if sys.stdin is None or sys.stdin.isatty():
                raise click.UsageError(f"{each}: nothing is piped in; give a file 没有管道输入；请给出文件")
        elif glob.has_magic(each) and not path.exists():
            if not expand(each):
                raise InputError.of("no_match", where=shown(each))
        elif not path.exists():
            raise InputError.of("no_such_path", where=shown(each), way_out=_nearest(path))
        elif (what := nature(path.stat())) in NATURES and not (pipes and what == "pipe"):
            raise click.UsageError(
                f"{shown(each)}: {NATURES[what]}; give a file or a folder 请给出文件或文件夹"
            )
        elif not os.access(path, os.R_OK):
            raise InputError.of("unreadable", where=shown(each))


def check_out(folder: Path) -> None:
    """Refuse a result folder that cannot be written, before anything is computed.

    Raises
    ------
    InputError
        If it is a file, or it or its nearest existing parent may not be written.
    """
    standing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not standing.is_dir():
        raise InputError.of("out_is_file", where=str(folder), name=standing.name)
    if not os.access(standing, os.W_OK):
        raise InputError.of("out_not_writable", where=str(standing))


def _nearest(path: Path) -> str:
    """Suggest the existing path most like this one: the first part that is not there, corrected."""
    parts = path.parts
    missing = next(n for n in range(1, len(parts) + 1) if not Path(*parts[:n]).exists())
    parent = Path(*parts[: missing - 1]) if missing > 1 else Path()
    names = (
        sorted(each.name for each in parent.iterdir() if not each.name.startswith("."))
        if parent.is_dir() and os.access(parent, os.R_OK)
        else []
    )
    alike = difflib.get_close_matches(parts[missing - 1], names, n=1, cutoff=0.5)
    if alike:
        return f"did you mean 您是否指: {shown(parent / alike[0])}"
    return f"{shown(parent.absolute())} holds 内有: {shown(', '.join(names[:8])) or 'nothing 无'}"


def _console(stream: object) -> Console:
    from rich.console import Console

    from poolpipe.terminal.boards import WIDTH

    isatty = getattr(stream, "isatty", bool)
    return Console(file=stream, width=None if isatty() else WIDTH, highlight=False)  # type: ignore[arg-type]
