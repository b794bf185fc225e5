"""Parts of a packed workbook (ECMA-376 part 2): the file that a relation of the workbook names."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zipfile

__all__ = ["part_of"]


def part_of(archive: zipfile.ZipFile, relations: str, key: str) -> str | None:
    """Find the path of a part inside a workbook.

    Parameters
    ----------
    archive : ZipFile
        An xlsx or xlsb.
    relations : str
        Member that lists the workbook's relations.
    key : str
        Id of the relation.

    Returns
    -------
    str or None
        None where there is no such relation, or the archive does not hold its part.
    """
    from defusedxml.ElementTree import fromstring

    names = frozenset(archive.namelist())
    if relations not in names:
        return None
    listed = fromstring(archive.read(relations)).iter()
    target = next((each.get("Target", "") for each in listed if each.get("Id") == key), "")
    path = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return path if path in names else None
