"""Messages for wrong command lines in the language of the reader: click's English, and Chinese for it."""

from __future__ import annotations

from typing import Final

import click

from poolpipe.display import visible
from poolpipe.languages import has_chinese, language
from poolpipe.messages import chinese, in_language
from poolpipe.messages.click_reasons import CLICK_REASONS
from poolpipe.messages.drawing import whole

__all__ = ["show_usage", "usage_message"]


def usage_message(error: click.ClickException) -> str:
    """Draw the message of a wrong command line, line by line, with arguments escaped.

    Parameters
    ----------
    error : click.ClickException
        As click or a command raised it.

    Returns
    -------
    str
        In both languages click's words, and, where they have no Chinese, the catalogue's for the error's class.
    """
    said = error.format_message()
    if isinstance(error, click.UsageError):
        said = _chinese(error, said) if language() == "zh" else in_language(said)
        if language() == "both" and not has_chinese(said):
            code, name = _kind(error)
            said = f"{said} {chinese(code, {'name': name})}"
    return "\n".join(visible(line) for line in said.expandtabs(4).split("\n"))


def show_usage(error: click.UsageError, said: str, file: object = None) -> None:  # noqa: ARG001 -- click's signature
    """Write the usage, the way to the help and what is wrong to stderr, in Chinese."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # the help itself, and nothing is wrong
        click.echo(error.format_message(), err=True)
        return
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        click.echo(f"说明见 {error.ctx.command_path} --help\n", err=True)
    click.echo(f"错误：{said}", err=True)


def _chinese(error: click.UsageError, said: str) -> str:
    """The message in Chinese; one that is unknown follows the Chinese of its class."""
    told = _translated(said)
    if has_chinese(told):
        return told
    code, name = _kind(error)
    return f"{chinese(code, {'name': name})}（{told}）"


def _translated(said: str) -> str:
    """The Chinese of what click says, and of the reason that it quotes; as it is where that is unknown."""
    for english, told in CLICK_REASONS:
        found = whole(english).fullmatch(said.strip())
        if found:
            fields = {name: value.strip() for name, value in found.groupdict().items()}
            if "reason" in fields:
                fields["reason"] = _translated(fields["reason"])
            return told.format_map(fields)
    return in_language(said)


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
