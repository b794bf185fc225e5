"""Kinds of option values: numbers that are numbers, and time zones that exist; anything else is wrong usage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click import Context, Parameter

__all__ = ["CHANCE", "POSITIVE", "SHARE", "ZONE", "Number"]


class Number(click.FloatRange):
    """A finite number in a range; `nan` and `inf`, which compare with nothing, are none."""

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> float:
        """Give the number, or fail as wrong usage."""
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
