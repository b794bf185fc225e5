"""What a file is, from its first lines or its container's table of contents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poolpipe.import_policy import ImportPolicy
from poolpipe.instruments import eds, grids, rdml, tecan
from poolpipe.instruments.assembly import find_layout
from poolpipe.instruments.cells import fold
from poolpipe.instruments.documents import Document, open_document
from poolpipe.instruments.errors import RefusedFormatError
from poolpipe.instruments.layouts import load_layouts
from poolpipe.instruments.reader import refusal
from poolpipe.instruments.result_columns import unread_results

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["recognise_bytes"]

EVENT_MAGIC = (b"PAR1", b"ARROW1", b"\x28\xb5\x2f\xfd", b"{")  # Parquet, Arrow IPC, zstd, NDJSON


def recognise_bytes(
    content: bytes, name: str, *, whole: bool, layouts: Path | None = None, policy: ImportPolicy | None = None
) -> str | None:
    """Recognise the format of a file by its bytes.

    Parameters
    ----------
    content : bytes
        The file, or its first bytes.
    name : str
        Name of the file in messages.
    whole : bool
        False where `content` is only the beginning of a text.
    layouts : Path, optional
        Folder of the lab's own layouts.
    policy : ImportPolicy, optional
        Expected targets.

    Returns
    -------
    str or None
        As `poolpipe.instruments.recognise`.
    """
    policy = policy or ImportPolicy()
    if content.startswith(EVENT_MAGIC) or _is_event_table(content):
        return None
    if not whole and b"\n" in content:
        content = content[: content.rindex(b"\n") + 1]
    try:
        document = open_document(content, policy, name=name)
    except RefusedFormatError:
        return "refused"
    if document.container in ("zip", "xml"):
        return _archive_format(document)
    return _table_format(document, layouts, policy)


def _table_format(document: Document, layouts: Path | None, policy: ImportPolicy) -> str | None:
    """The format of a text or spreadsheet."""
    if (found := find_layout(document, load_layouts(layouts), policy)) is not None:
        return found[0].format
    if tecan.is_worklist(document):
        return "tecan-worklist"
    grid = grids.find_grid(document)
    if unread_results(document) is not None or (grid and grids.is_result(grid)):
        return "refused"
    return f"plate-grid-{grid[2]}" if grid else None


def _archive_format(document: Document) -> str | None:
    if eds.is_eds(document):
        return "eds"
    if rdml.is_rdml(document):
        return "rdml"
    return "refused" if isinstance(refusal(document), RefusedFormatError) else None


def _is_event_table(content: bytes) -> bool:
    """Whether the first line has `at` or `kind`, as event files have and no instrument's table."""
    first = content[:4096].split(b"\n", 1)[0].decode("utf-8", "replace")
    return bool({"at", "kind"} & {fold(name.strip(' "\r')) for name in re.split("[,;\t]", first)})
