"""A store as the input of a command: whether it is one, and the day that is concluded from it."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poolpipe.errors import InputError
from poolpipe.paths import LEDGER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.policy import Policy
    from poolpipe.results.day import Day
    from poolpipe.store import Store

__all__ = ["concluded", "opened_store", "store_among", "store_policy"]


def store_among(inputs: Sequence[str]) -> Path | None:
    """The store that is given as input; None where files are.

    Raises
    ------
    InputError
        If there is something beside it: what a store holds is concluded alone.
    """
    stores = [each for each in inputs if (Path(each) / LEDGER).is_file()]
    if not stores:
        return None
    if len(inputs) > 1:
        raise InputError.of("store_as_files", where=stores[0])
    return Path(stores[0])


def opened_store(path: Path, key: str | None) -> Store:
    """Open a store that exists, for somebody at the terminal."""
    from poolpipe.store import Store

    return Store(path, key=key, create=False)


def store_policy(path: Path, key: str | None) -> Policy:
    """The policy with which a store was made."""
    with opened_store(path, key) as store:
        return store.policy


def concluded(path: Path, key: str | None, why: str | None, **asked: Any) -> Day:
    """Conclude a store's events; that its identities were opened is written into it.

    Parameters
    ----------
    path : Path
        The store.
    key : str, optional
        File of its key.
    why : str, optional
        What the reader gave as the reason.
    **asked
        As in `Store.run`.
    """
    with opened_store(path, key) as store:
        if store.has_key:
            store.note_unsealing(_reader(), " ".join(sys.argv[1:3]), why or "")
        return store.run(**asked)


def _reader() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name
        return "?"
