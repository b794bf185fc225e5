"""Whether a text has any Chinese."""

from __future__ import annotations

__all__ = ["has_chinese"]


def has_chinese(text: str) -> bool:
    """Whether a text has any Chinese character (CJK Unified Ideographs)."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)
