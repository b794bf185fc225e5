"""Watch the recalls of a store: the board, or each changed row, whenever somebody has taken events in."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from poolpipe.display import json_text
from poolpipe.terminal.console import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from poolpipe.live.changes import Changes
    from poolpipe.live.following import FollowedStore
    from poolpipe.live.tables import LiveTables

__all__ = ["changed_recalls", "versions_of", "watch_boards", "watch_changes"]

_PAUSE_S: Final = 0.5


def versions_of(
    followed: FollowedStore, pause: Callable[[], None] | None = None
) -> Iterator[tuple[LiveTables, list[Changes] | None]]:
    """Give the tables now, and again after every commit, with what changed: None where all was read again.

    Parameters
    ----------
    followed : FollowedStore
    pause : callable, optional
        Waits between two looks; half a second by default.
    """
    yield followed.live.tables, None
    while True:
        (pause or _wait)()
        shown = followed.live.tables.version
        changes = followed.follow()
        if followed.live.tables.version != shown:
            yield followed.live.tables, changes


def watch_boards(
    followed: FollowedStore,
    board: Callable[[LiveTables], RenderableType],
    pause: Callable[[], None] | None = None,
) -> None:
    """Show the board of every version, on a terminal in the place of the one before, until interrupted.

    Parameters
    ----------
    followed : FollowedStore
    board : callable
        Draws the recalls of a version.
    pause : callable, optional
        As of `versions_of`.
    """
    for tables, _ in versions_of(followed, pause):
        if sys.stdout.isatty():
            click.clear()
        show([board(tables)])


def watch_changes(followed: FollowedStore, pause: Callable[[], None] | None = None) -> None:
    """Write each changed recall as a line of JSON, first all that there are, until interrupted.

    Parameters
    ----------
    followed : FollowedStore
    pause : callable, optional
        As of `versions_of`.
    """
    for tables, changes in versions_of(followed, pause):
        for line in changed_recalls(tables, changes):
            click.echo(json_text(json.loads(line), indent=None))


def changed_recalls(tables: LiveTables, changes: list[Changes] | None) -> list[str]:
    """Lines of JSON: version, change (new, changed, gone; all: every row of a first look), and the recall.

    Parameters
    ----------
    tables : LiveTables
    changes : list of Changes or None
        None where every row is told.
    """
    if changes is None or any(each.is_whole for each in changes):
        rows = tables.table("recalls").write_ndjson().splitlines()
        return [f'{{"version": {tables.version}, "change": "all", "recall": {row}}}' for row in rows]
    told = []
    for each in changes:
        for row in each.rows.rows(named=True):
            if row["table"] == "recalls":
                recall = row["after"] if row["after"] is not None else row["before"]
                told.append(
                    f'{{"version": {each.version}, "change": {json.dumps(row["change"])}, "recall": {recall}}}'
                )
    return told


def _wait() -> None:
    time.sleep(_PAUSE_S)
