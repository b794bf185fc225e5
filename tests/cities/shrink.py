"""The smallest city that still shows a difference: for reading, when a random one has found something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def smallest(
    events: list[dict[str, Any]], fails: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """Leave out ever smaller stretches of ``events`` while ``fails`` stays true (Zeller 2002, ddmin)."""
    kept = list(events)
    stretch = max(1, len(kept) // 2)
    while stretch:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + stretch :]
            if fails(fewer):
                kept = fewer
            else:
                start += stretch
        stretch //= 2
    return kept
