"""Messages for wrong command lines in both languages: click's English, and the catalogue's Chinese for the error's class."""

from __future__ import annotations

from typing import Final

import click

from poolpipe.display import visible
from poolpipe.languages import has_chinese
from poolpipe.messages import chinese

__all__ = ["usage_message"]


def usage_message(error: click.ClickException) -> str:
    """Draw the message of a wrong command line, line by line, with arguments escaped.

    Parameters
    ----------
    error : click.ClickException
        As click or a command raised it.

    Returns
    -------
    str
        The message; where it has no Chinese, that of its class follows.
    """
    said = error.format_message()
    if isinstance(error, click.UsageError) and not has_chinese(said):
        code, name = _kind(error)
        said = f"{said} {chinese(code, {'name': name})}"
    return "\n".join(visible(line) for line in said.expandtabs(4).split("\n"))


_KINDS: Final = (
    (click.MissingParameter, "usage_missing"),
    (click.BadParameter, "usage_value"),
    (click.NoSuchOption, "usage_option"),
    (click.NoSuchCommand, "usage_command"),
    (click.BadOptionUsage, "usage_option_value"),
    (click.BadArgumentUsage, "usage_argument"),
)
"""click's classes of wrong usage, the narrower before the wider, and the catalogue's codes."""


def _kind(error: click.UsageError) -> tuple[str, str]:
    """The catalogue's code of a usage error, and the option, argument or command it is about."""
    name = getattr(error, "option_name", "") or getattr(error, "command_name", "")
    if isinstance(error, click.BadParameter):
        hint = error.param_hint or (error.param.get_error_hint(error.ctx) if error.param else "")
        name = hint if isinstance(hint, str) else " / ".join(hint)
    other = "usage_extra" if "unexpected extra" in error.message else "usage"
    return next((code for kind, code in _KINDS if isinstance(error, kind)), other), name
