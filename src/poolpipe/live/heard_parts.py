"""Who was heard when, batch by batch: joined when somebody reads, for a city's devices are many and a batch tells of few."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from poolpipe.coding.quarters import joined_quarters

if TYPE_CHECKING:
    from poolpipe.coding.quarters import Heard

__all__ = ["HeardParts"]

_MOST: Final = 24
"""Parts, the first of which is the largest."""


@dataclass(frozen=True)
class HeardParts:
    """What was heard up to a version. It never changes: `with_more` gives the next.

    Attributes
    ----------
    parts : tuple of Heard
    """

    parts: tuple[Heard, ...]

    def with_more(self, heard: Heard) -> HeardParts:
        """What was heard in a batch, too."""
        if not len(heard):
            return self
        first, *later = (*self.parts, heard)
        if len(later) < _MOST:
            return HeardParts((first, *later))
        joined = joined_quarters(later)
        if 2 * len(joined) > len(first):
            return HeardParts((joined_quarters([first, joined]),))
        return HeardParts((first, joined))

    @cached_property
    def whole(self) -> Heard:
        """All of it as one."""
        return self.parts[0] if len(self.parts) == 1 else joined_quarters(self.parts)
