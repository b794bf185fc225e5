"""What a file is, from its first lines or its container's table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.instruments import eds, grids, rdml, tecan
from poolpipe.instruments.assembly import find_layout
from poolpipe.instruments.cells import fold
from poolpipe.instruments.documents import open_document
from poolpipe.instruments.layouts import load_layouts
from poolpipe.instruments.policy import ImportPolicy

if TYPE_CHECKING:
    import re
from pathlib import Path

__all__ = ["recognise_bytes"]

EVENT_MAGIC = (b"PAR1", b"ARROW1", b"\x28\xb5\x2f\xfd", b"{")  # Parquet, Arrow IPC, zstd, NDJSON


def recognise_bytes(content: bytes, name: str, *, whole: bool, layouts: Path | None = None) -> str | None:
    """The format's name; `whole` is false where `content` is only the head of a text."""
    if content.startswith(EVENT_MAGIC):
        return None
    first = content[:4096].split(b"\n", 1)[0].decode("utf-8", "replace")
    if {"at", "kind"} & {fold(name) for name in re.split("[,;\t]", first)}:
        return None  # an event file: the contract's own columns
    if not whole and b"\n" in content:
        content = content[: content.rindex(b"\n") + 1]
    document = open_document(content, ImportPolicy(), name=name)
    if eds.is_eds(document):
        return "eds"
    if rdml.is_rdml(document):
        return "rdml"
    found = find_layout(document, load_layouts(layouts))
    if found is not None:
        return found[0].format
    if tecan.is_worklist(document):
        return "tecan-worklist"
    grid = grids.find_grid(document)
    return None if grid is None else f"plate-grid-{grid[2]}"
