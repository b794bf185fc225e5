"""The keys of a store: a master key in a file outside of it, and the data keys that it wraps.

Whoever has the master key can turn every pseudonym back into a document number, by trying all numbers if need be:
how it is kept decides how well identities are kept. Changing the master key rewraps the data keys; only a leaked
data key makes rewriting necessary.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from poolpipe.errors import InputError
from poolpipe.results.durable import Followed, sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENVIRONMENT", "DataKeys", "MasterKey", "default_key_file"]

ENVIRONMENT = "POOLPIPE_KEY_FILE"
"""The environment variable that names the file of the master key."""

_HEAD = "poolpipe-store-key-1 "
_BYTES = 32


def default_key_file(store: Path) -> Path:
    """Where a store's master key is looked for when nothing names it: beside the store's folder, or beside a link to it."""
    named = store if store.name not in ("", "..") else store.resolve()
    beside = named.with_name(f"{named.name}.key")
    if not beside.exists() and named.is_symlink():
        return default_key_file(named.resolve())
    return beside


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A master key.

    Attributes
    ----------
    secret : bytes
        32 random bytes.
    path : Path
        The file that it was read from or written to.
    """

    secret: bytes
    path: Path

    @classmethod
    def new(cls, path: Path) -> Self:
        """Make a key and write it into a new file that its owner alone may read; the file is synced.

        Raises
        ------
        InputError
            If there is such a file, or it cannot be written.
        """
        secret = secrets.token_bytes(_BYTES)
        try:
            unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
            try:
                number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(number, "w") as file:
                    file.write(f"{_HEAD}{base64.b64encode(secret).decode()}\n")
                Followed(unfinished).finish()
                os.link(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)
            sync_folder(path.parent)
        except FileExistsError as error:
            raise InputError.of("key_file_exists", where=str(path)) from error
        except OSError as error:
            raise InputError.of("key_file_failed", where=str(path), why=error.strerror or error) from error
        return cls(secret, path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a key file.

        Raises
        ------
        InputError
            If it cannot be read, or holds no key.
        """
        try:
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError.of("key_file_failed", where=str(path), why=why) from error
        try:
            secret = base64.b64decode(text.removeprefix(_HEAD).strip(), validate=True)
        except binascii.Error:
            secret = b""
        if not text.startswith(_HEAD) or len(secret) != _BYTES:
            raise InputError.of("no_key_in_file", where=str(path))
        return cls(secret, path)

    def in_place_of(self, old: Path) -> None:
        """Give this key's file the name of an old one's, which is kept with the ending `.old`, and one so kept before with a number."""
        kept = old.with_name(f"{old.name}.old")
        if old.exists() and not (kept.exists() and kept.samefile(old)):
            if kept.exists():  # it opens older copies, or another store
                free = (old.with_name(f"{kept.name}.{number}") for number in count(1))
                os.link(kept, next(each for each in free if not each.exists()))
                sync_folder(old.parent)  # it has a name on the disk before it loses the other
                kept.unlink()
            os.link(old, kept)  # whoever looks for the key meanwhile finds one
        self.path.replace(old)
        sync_folder(old.parent)

    def newer(self) -> Self | None:
        """The key beside this one that a change of keys wrote which was cut short; None where there is none."""
        path = self.path.with_name(f"{self.path.name}.new")
        return type(self).read(path) if path.is_file() else None

    def settle(self) -> None:
        """Give this key, which opens the store, its name, and another one that such a change left the ending `.unused`."""
        newer = self.newer()
        if newer is None:
            return
        if newer.secret == self.secret:
            newer.in_place_of(self.path)
        else:  # no key is ever removed
            newer.path.replace(self.path.with_name(f"{self.path.name}.unused"))
            sync_folder(self.path.parent)

    @classmethod
    def of(cls, store: Path, given: str | os.PathLike[str] | None) -> Self | None:
        """Read the key that is given, or named by the environment, or lies beside the store; None where there is none."""
        named = given if given is not None else os.environ.get(ENVIRONMENT)
        if named is not None:
            return cls.read(Path(named))
        beside = default_key_file(store)
        return cls.read(beside) if beside.is_file() else None


@dataclass(frozen=True, slots=True)
class DataKeys:
    """The keys that seal a store's data, each for one use.

    Attributes
    ----------
    people : (32,) bytes
        AES-256: pseudonyms of document numbers that fit a block.
    long : (64,) bytes
        Keyed BLAKE2b: pseudonyms of the others.
    vault : (32,) bytes
        AES-256-GCM: the files of the vault.
    match : (16,) bytes
        SipHash: by which equal events are found.
    """

    people: bytes
    long: bytes
    vault: bytes
    match: bytes

    @classmethod
    def new(cls) -> Self:
        """Make random keys."""
        return cls(*(secrets.token_bytes(size) for size in (32, 64, 32, 16)))

    def wrapped(self, master: MasterKey) -> dict[str, bytes]:
        """Wrap each key by a master key (RFC 3394)."""
        return {name: aes_key_wrap(master.secret, getattr(self, name)) for name in self.__slots__}

    @classmethod
    def unwrapped(cls, wrapped: Mapping[str, bytes], master: MasterKey) -> Self:
        """Unwrap the keys.

        Raises
        ------
        InputError
            If it is another store's master key, or a wrapped key is damaged.
        """
        try:
            return cls(**{name: aes_key_unwrap(master.secret, wrapped[name]) for name in cls.__slots__})
        except (InvalidUnwrap, ValueError, KeyError) as error:
            raise InputError.of("key_does_not_fit", where=str(master.path)) from error
