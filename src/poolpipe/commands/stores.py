"""A store as the input of a command: whether it is one, and the day that follows from it."""

from __future__ import annotations

import getpass
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import click

from poolpipe.errors import InputError, PoolpipeError
from poolpipe.messages import message_in_language
from poolpipe.paths import LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poolpipe.events.reference import Reference
    from poolpipe.policy import Policy
    from poolpipe.results.day import Day
    from poolpipe.store import Store

__all__ = [
    "concluded",
    "keep_tables",
    "log_unsealing",
    "only_of_store",
    "opened_store",
    "result_of_store",
    "store_among",
    "store_policy",
]


_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


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


def opened_store(path: Path, key: str | None, *, settle: bool = True) -> Store:
    """Open a store that exists, for somebody at the terminal; `settle` as `Store` takes it."""
    from poolpipe.store import Store

    return Store(path, key=key, create=False, settle=settle)


def store_policy(path: Path, key: str | None) -> Policy:
    """The policy with which a store was made."""
    with opened_store(path, key) as store:
        return store.policy


def concluded(
    path: Path,
    key: str | None,
    why: str | None,
    *,
    tables: Sequence[str],
    version: int | None = None,
    reference: Reference | None = None,
    **asked: Any,
) -> Day:
    """Give the day of a store: as it was kept, else concluded; that its identities were opened is written into it.

    Parameters
    ----------
    path : Path
        The store.
    key : str, optional
        File of its key.
    why : str, optional
        What the reader gave as the reason.
    tables : sequence of str
        Which are needed of what was kept: they are read here. None where the day must be concluded.
    version, reference, **asked
        As in `Store.run`.
    """
    from poolpipe.store.conclusion_tables import needs_key

    with opened_store(path, key) as store:
        log_unsealing(store, why)
        legible = store.has_key or not any(map(needs_key, tables))
        if tables and reference is None and legible:
            told = {name: asked[name] for name in ("policy", "as_of") if name in asked}
            kept = store.kept(version, **told)
            if kept is not None:
                for table in tables:
                    kept.table(table)
                return kept
        return store.run(version=version, reference=reference, **asked)


def log_unsealing(store: Store, why: str | None) -> None:
    """Write into a store who is about to see its identities; without the key nobody is."""
    if store.has_key:
        # not the arguments as they were typed: they may name a person
        store.note_unsealing(_reader(), click.get_current_context().info_name or "", why or "")


def keep_tables(store: Store, *, quiet: bool) -> None:
    """Conclude a store's newest version and keep its tables; where that fails, say so: what it holds is safe all the same."""
    from poolpipe.progress import Steps
    from poolpipe.terminal.console import tell

    try:
        with Steps(quiet=quiet) as steps:
            store.conclude(steps)
    except (PoolpipeError, MemoryError) as error:
        what = (
            "; ".join(filter(None, error.in_language())) if isinstance(error, PoolpipeError) else repr(error)
        )
        tell(message_in_language("tables_not_kept", {"why": what}), err=True)
    else:
        if not quiet:
            tell(message_in_language("tables_kept", {"version": store.version}), err=True)


@contextmanager
def result_of_store(
    path: Path, key: str | None, why: str | None, version: int | None, *, shows_people: bool, quiet: bool
) -> Iterator[Path]:
    """Give a store's tables as the folder of a result, which is gone after the block.

    It lies in memory where the system has such a folder with room, because people are in clear in it; its owner alone may read it.

    Parameters
    ----------
    path : Path
        The store.
    key, why
        As in `concluded`.
    version : int, optional
        The newest by default.
    shows_people : bool
        Whether people are shown in full: that needs the key.
    quiet : bool
        No progress.

    Raises
    ------
    InputError
        If the key is needed and not here.
    """
    from poolpipe.progress import Steps
    from poolpipe.results.writing import Writing

    with opened_store(path, key) as store:
        if shows_people and not store.has_key:
            raise InputError.of("people_without_key", where=str(path), file=str(store.key_file))
        log_unsealing(store, why)
        with TemporaryDirectory(prefix="poolpipe-", dir=_in_memory(path)) as folder:
            result = Path(folder) / "result"
            kept = store.kept(version) if store.has_key else None
            if kept is not None:
                kept.write(result)
            else:
                with Steps(quiet=quiet) as steps, Writing(result) as writing:
                    store.run(version=version, views=False, progress=steps, out=writing)
            yield result


def _in_memory(store: Path) -> Path | None:
    """The folder that Linux keeps in memory, where it has room for a store's tables; None for the usual one."""
    needed = 2 * sum(part.stat().st_size for part in store.glob("tables/*/*.parquet"))
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > needed
    return _MEMORY if has_room else None


def only_of_store(store: Path | None, at_version: int | None) -> None:
    """Refuse `--at-version` where there is no store.

    Raises
    ------
    click.UsageError
        If one is asked for.
    """
    if store is None and at_version is not None:
        raise click.UsageError(message_in_language("version_of_no_store", {}))


def _reader() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name
        return "?"
