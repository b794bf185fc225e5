"""Make a store, and open its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from poolpipe.errors import InputError
from poolpipe.results.durable import sync_folder
from poolpipe.results.locks import held
from poolpipe.store.keys import DataKeys, MasterKey, default_key_file
from poolpipe.store.ledger import Ledger, is_store

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from poolpipe.policy import Policy

__all__ = ["LOCK", "make_store", "opened_keys"]

LOCK: Final = ".writing.lock"
"""The file that a writer locks; readers need no lock."""


def opened_keys(ledger: Ledger, master: MasterKey | None) -> tuple[MasterKey | None, DataKeys | None]:
    """Unwrap the data keys, also where a change of the master key was cut short."""
    if master is None:
        return None, None
    wrapped = {name: ledger.meta(f"key.{name}") for name in DataKeys.__slots__}
    try:
        return master, DataKeys.unwrapped(wrapped, master)
    except InputError:
        newer = master.path.with_name(f"{master.path.name}.new")
        if not newer.is_file():
            raise
        other = MasterKey.read(newer)
        return other.in_place_of(master), DataKeys.unwrapped(wrapped, other)


def make_store(path: Path, key: str | os.PathLike[str] | None, policy: Policy) -> None:
    """Make an empty store: its folder, its key where there is none, its ledger last."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        strange = next(
            (each.name for each in path.iterdir() if not each.name.startswith((".", "ledger."))), None
        )
    except OSError as error:
        raise InputError.of("store_not_made", where=str(path), why=error.strerror or error) from error
    if strange is not None:
        raise InputError.of("store_not_empty", where=str(path), name=strange)
    with held(path / LOCK):
        if is_store(path):
            return
        master = MasterKey.of(path, key) or MasterKey.new(default_key_file(path))
        sealing = DataKeys.new()
        meta: dict[str, Any] = {f"key.{name}": value for name, value in sealing.wrapped(master).items()}
        meta["policy"] = policy.model_dump_json().encode()
        Ledger.create(path, meta).close()
        sync_folder(path.parent)
