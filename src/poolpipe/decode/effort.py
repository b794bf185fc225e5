"""How much an exact answer, or a better one, may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from poolpipe.choices import check_choice
from poolpipe.errors import PolicyError

__all__ = ["Effort", "as_effort"]


@dataclass(frozen=True)
class Effort:
    """How much an exact answer may cost before belief propagation takes over.

    Parameters
    ----------
    states : int
        Largest joint state of open pools in elimination (8 bytes each).
    kept : int
        States kept for the backward pass (8 bytes each).
    people : int
        Most people whose 2^n patterns are enumerated.
    columns : int
        Most columns (the shorter side) of an array.
    sweeps : int
        How often every person is drawn anew where beliefs may be off; 0: nothing is sampled.

    Examples
    --------
    >>> Effort(people=16).people
    16
    """

    states: int = 1 << 18
    kept: int = 1 << 24
    people: int = 24
    columns: int = 12
    sweeps: int = 20_000

    def __post_init__(self) -> None:
        """Refuse an effort with a number below its range."""
        for name, least, most in (
            ("states", 1, 1 << 32),
            ("kept", 0, 1 << 32),
            ("people", 0, 40),
            ("columns", 0, 24),
            ("sweeps", 0, 1 << 32),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise PolicyError.of(
                    "effort_range", where="effort", name=name, given=value, least=least, most=most
                )


def as_effort(effort: Effort | Mapping[str, Any] | None) -> Effort:
    """Return `effort` as an object; a mapping needs no more than what differs from the usual.

    Raises
    ------
    PolicyError
        A field is unknown or out of range, or it is something else.
    """
    if effort is None or isinstance(effort, Effort):
        return effort or Effort()
    if not isinstance(effort, Mapping):
        raise PolicyError.of("no_effort", where="effort", type=type(effort).__name__)
    for name in effort:
        check_choice("effort", name, tuple(field.name for field in fields(Effort)))
    return Effort(**effort)
