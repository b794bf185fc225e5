"""Options that several commands have, and kinds of values: numbers that are numbers, time zones that exist."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from poolpipe.messages import message_in_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from click import Context, Parameter

Command = TypeVar("Command", bound="Callable[..., Any] | click.Command")

__all__ = [
    "CHANCE",
    "POSITIVE",
    "SHARE",
    "ZONE",
    "Number",
    "as_json",
    "at_version",
    "check_kind",
    "key",
    "mapping",
    "out_folder",
    "quiet",
    "rows",
    "show_ids",
    "why",
]


class Number(click.FloatRange):
    """A finite number in a range; `nan` and `inf`, which compare with nothing, are none."""

    def _describe_range(self) -> str:
        """Describe the range in --help; without a bound there is none, where click writes `x<=None`."""
        return "" if self.min is None and self.max is None else super()._describe_range()

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> float:
        """Convert the text of an option; anything but a finite number is wrong usage.

        Parameters
        ----------
        value : str or float
            As typed, or the default.
        param, ctx
            As click passes them.

        Returns
        -------
        float
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number to reckon with 不是可用的数字", param, ctx)
        return number


class _Zone(click.ParamType[str]):
    """A time zone of the IANA database."""

    name = "zone"

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> str:
        """Give the zone's name, or fail as wrong usage with the likely one."""
        from poolpipe.zones import known_zone

        try:
            return known_zone(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SHARE = Number(0, 1)
CHANCE = Number(0, 1, min_open=True)
POSITIVE = Number(0, min_open=True)
ZONE = _Zone()

rows = click.option(
    "--rows",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="Longest list on a board  看板最多显示的行数",
)
mapping = click.option(
    "--mapping",
    metavar="FILE",
    help="What other headers, words and files mean, TOML; `check` writes one"
    "  列对应文件（TOML）：说明其他表头、词语与文件的含义，可由 `check` 写出",
)
key = click.option(
    "--key",
    metavar="FILE",
    help="Of a store: the file of its key; default POOLPIPE_KEY_FILE, else STORE.key  "
    "数据仓库的密钥文件；默认取 POOLPIPE_KEY_FILE，其次 STORE.key",
)
why = click.option(
    "--why",
    metavar="TEXT",
    help="Of a store: why identities are opened; it is logged  读取身份信息的原因，将被记录",
)
at_version = click.option(
    "--at-version",
    type=click.IntRange(min=0),
    metavar="N",
    help="Of a store: as it was at this version; default the newest  数据仓库的版本，默认为最新",
)
show_ids = click.option("--show-ids", is_flag=True, help="Show identity numbers in full  显示完整证件号")


def as_json(told: str = "As JSON on stdout  以 JSON 输出") -> Callable[[Command], Command]:
    """`--json`: what a command shows, for programs."""
    return click.option("--json", "as_json", is_flag=True, help=told)


def quiet(told: str) -> Callable[[Command], Command]:
    """`--quiet`: what is left out then differs between commands."""
    return click.option("--quiet", is_flag=True, help=told)


def out_folder(default: str | None = None, *, required: bool = True) -> Callable[[Command], Command]:
    """`--out`: the folder of a result, asked for where it has no default."""
    standing: dict[str, Any] = {"required": required}
    if default is not None:  # to click None is a default like any other
        standing = {"default": default, "show_default": True}
    return click.option(
        "--out",
        **standing,
        metavar="OUT",
        type=click.Path(path_type=Path),
        help="Folder for the tables  写入结果表的文件夹",
    )


def check_kind(kind: str | None) -> None:
    """Refuse a kind of event that there is not.

    Raises
    ------
    click.BadParameter
        If it is none of the nine.
    """
    from poolpipe.tables import KINDS

    if kind is not None and kind not in KINDS:
        raise click.BadParameter(
            message_in_language("kind_of_file", {"kind": kind, "kinds": ", ".join(KINDS)}),
            param_hint="--kind",
        )
