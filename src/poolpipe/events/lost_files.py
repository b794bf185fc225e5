"""Name the files that hold data of which nothing was accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from poolpipe.display import number_of, visible
from poolpipe.events.folders import kind_of_name
from poolpipe.events.sources import NOT_EVENTS, SETTLED
from poolpipe.messages import message
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["unused_files"]

_FEW: Final = 5
"""The most files that are named."""


def unused_files(
    files: Iterable[Mapping[str, Any]], skipped: Mapping[str, str], told: Collection[str] = ()
) -> list[str]:
    """Name the files of which nothing was accepted: every record rejected, or passed over with content that nothing else tells.

    Parameters
    ----------
    files : iterable of mapping
        file, read, accepted, duplicates, rejected of each file that was read, as in `summary.json`.
    skipped : mapping of str to str
        Name of each file that was passed over, and why. Reasons in `SETTLED`, such as an empty file, need no
        action, and a note or picture whose name begins with no kind of event holds none.
    told : collection of str
        Warnings given already; a file that one of them names is not named again.

    Returns
    -------
    list of str
        A sentence per file in both languages, with the way out; behind the fifth the number of other files.
    """
    lost = [
        message("all_rejected", {"file": visible(each["file"]), "records": _records(each["rejected"])})
        for each in files
        if each["rejected"]
        and not each["accepted"]
        and not each["duplicates"]
        and not any(each["file"] in warning for warning in told)
    ]
    lost += [
        message("file_lost", {"file": visible(file), "why": why})
        for file, why in skipped.items()
        if why not in SETTLED and (why != NOT_EVENTS or kind_of_name(file))
    ]
    more = len(lost) - _FEW
    rest = [message("more_lost", {"count": f"{more:,}"})] if more > 0 else []
    return [*lost[:_FEW], *rest]


def _records(count: int) -> Wording:
    return Wording(number_of(count, "record"), f"{count:,} 条记录")
