"""The tokens of a store's devices: only a hash of each is kept, in a file of its own, so that no door waits for a commit."""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import apsw

from poolpipe.choices import check_choice, suggestion
from poolpipe.errors import InputError
from poolpipe.events.posted import OF_STREAM
from poolpipe.results.durable import sync_folder
from poolpipe.store.ledger_file import new_ledger_file, now_text, opened_ledger_file
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["DEVICES", "READS", "Device", "DeviceTokens", "KnownTokens", "digest_of"]

DEVICES: Final = "devices.sqlite"
_BYTES: Final = 32
_CHANGES: Final = 24
"""The place of four bytes in which an SQLite file counts the transactions that changed it."""

_SCHEMA: Final = """
create table devices (
    device text not null, sha256 blob not null unique, site text not null, kinds text not null, rate real not null,
    made text not null, withdrawn text, reads text not null default '', lab text not null default '') strict;
"""

_LATER: Final = ("reads", "lab")
"""Columns that files of earlier versions do not have."""

READS: Final = ("", "tables", "identities")
"""What a token lets read: nothing, tables with pseudonyms, tables with identities."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device, and what its token allows.

    Attributes
    ----------
    name : str
    sha256 : bytes
        Of the token.
    site : str
        The only site whose events it may send, and whose rows it may read; empty for any.
    kinds : frozenset of str
        The only kinds of events that it may send; empty for all, and for none where it reads.
    rate : float
        Requests a second, on average; 0 for the policy's.
    made : str
        When, RFC 3339.
    withdrawn : str
        When; empty while it counts.
    reads : {"", "tables", "identities"}
        Whether it may read tables, and whether people are in clear there.
    lab : str
        The only laboratory whose rows it may read; empty for all.
    """

    name: str
    sha256: bytes
    site: str = ""
    kinds: frozenset[str] = field(default_factory=frozenset)
    rate: float = 0.0
    made: str = ""
    withdrawn: str = ""
    reads: str = ""
    lab: str = ""

    @property
    def sends(self) -> bool:
        """Whether it may send events: who reads does only where kinds are named."""
        return not self.reads or bool(self.kinds)


def digest_of(token: str | bytes) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


class DeviceTokens:
    """The devices of a store, for whoever administers them; any number of processes may do so at once.

    Parameters
    ----------
    store : Path
    """

    def __init__(self, store: Path) -> None:
        self._path = store / DEVICES

    def add(
        self, device: str, *, site: str = "", kinds: Sequence[str] = (), rate: float = 0.0, reads: str = "", lab: str = ""
    ) -> str:  # fmt: skip
        """Make a token for a device; give it, which nobody can a second time.

        Parameters
        ----------
        device : str
            Its name; a device has one token that counts.
        site, kinds, rate, reads, lab
            As `Device`.

        Raises
        ------
        InputError
            If the device has a token, the name is empty or longer than 64 characters, there is no such kind or right, or a
            laboratory is named of a token that reads nothing.
        """
        if not device.strip() or len(device) > 64 or not device.isprintable() or device.startswith(OF_STREAM):
            raise InputError.of("device_unnamed", where="DEVICE")
        for kind in kinds:
            if kind not in KINDS:
                hint = suggestion(kind, KINDS)
                raise InputError.of(
                    "no_such_kind", where="kind", kind=kind, kinds=", ".join(KINDS), hint=hint
                )
        check_choice("reads", reads, READS, InputError)
        if lab and not reads:
            raise InputError.of("lab_without_reading", where=device)
        token = secrets.token_urlsafe(_BYTES)
        with self._opened(make=True) as devices:
            if list(
                devices.execute("select 1 from devices where device = ? and withdrawn is null", (device,))
            ):
                raise InputError.of("device_has_token", where=device)
            row = (device, digest_of(token), site, " ".join(sorted(set(kinds))), rate, now_text(), reads, lab)
            devices.execute(
                "insert into devices (device, sha256, site, kinds, rate, made, reads, lab) values (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return token

    def revoke(self, device: str) -> None:
        """Withdraw a device's token: from then on no door takes it.

        Raises
        ------
        InputError
            If the device has none.
        """
        names = [each.name for each in self.list() if not each.withdrawn]
        if device not in names:
            raise InputError.of("device_unknown", where=device, hint=suggestion(device, names))
        with self._opened() as devices:
            devices.execute(
                "update devices set withdrawn = ? where device = ? and withdrawn is null",
                (now_text(), device),
            )

    def list(self) -> list[Device]:
        """All devices, also those whose token is withdrawn, in the order in which they were added."""
        if not self._path.exists():
            return []
        with self._opened() as devices:
            return _rows(devices)

    @contextmanager
    def _opened(self, *, make: bool = False) -> Iterator[apsw.Connection]:
        """Open the file; what is changed in the block is one transaction."""
        try:
            if make and not self._path.exists():
                self._make()
            devices = opened_ledger_file(self._path, writes=True)
            try:
                with devices:
                    if make:
                        _add_later_columns(devices)
                    yield devices
            finally:
                devices.close()
        except (apsw.Error, OSError) as error:
            raise InputError.of("ledger_unreadable", where=str(self._path), why=str(error)) from error

    def _make(self) -> None:
        """Make the file, whole or not at all."""
        unfinished = self._path.with_name(f".{DEVICES}.{secrets.token_hex(4)}.new")
        try:
            made = new_ledger_file(unfinished)
            with made:
                made.execute(_SCHEMA)
            made.close()
            os.link(unfinished, self._path)
            sync_folder(self._path.parent)
        except FileExistsError:  # another process has made it meanwhile
            return
        finally:
            unfinished.unlink(missing_ok=True)


class KnownTokens:
    """The tokens that count at this moment, for a door that asks for each request.

    Parameters
    ----------
    store : Path
    """

    def __init__(self, store: Path) -> None:
        self._path = store / DEVICES
        self._head: mmap.mmap | None = None
        self._changes = b""
        self._devices: dict[bytes, Device] = {}

    def device(self, token: bytes) -> Device | None:
        """The device of a token; None for none that counts.

        A token is found by its SHA-256, of which nobody can choose a part: how long that takes tells nothing of others.
        """
        if (self._head is not None or self._open()) and self._count() != self._changes:
            self._read()
        return self._devices.get(digest_of(token))

    def close(self) -> None:
        """Close the file."""
        if self._head is not None:
            self._head.close()
            self._head = None

    def _open(self) -> bool:
        """Map the file's head: to look there takes no system call, and a door looks for each request."""
        try:
            file = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            self._head = mmap.mmap(file, _CHANGES + 4, access=mmap.ACCESS_READ)
        finally:
            os.close(file)
        return True

    def _count(self) -> bytes:
        return b"" if self._head is None else self._head[_CHANGES : _CHANGES + 4]

    def _read(self) -> None:
        """Read the file anew; the count is read first, so that a change meanwhile is met the next time."""
        try:
            changes = self._count()
            devices = opened_ledger_file(self._path, writes=False)
            try:
                self._devices = {each.sha256: each for each in _rows(devices) if not each.withdrawn}
            finally:
                devices.close()
        except (apsw.Error, OSError):  # whom it would let in is not known
            self._devices, changes = {}, b""
        self._changes = changes


def _add_later_columns(devices: apsw.Connection) -> None:
    """Bring a file of an earlier version up to this one."""
    for name in _LATER:
        if name not in _columns(devices):
            devices.execute(f"alter table devices add column {name} text not null default ''")


def _columns(devices: apsw.Connection) -> set[str]:
    return {str(name) for (name,) in devices.execute("select name from pragma_table_info('devices')")}


def _rows(devices: apsw.Connection) -> list[Device]:
    known = _columns(devices)
    later = ", ".join(name if name in known else f"'' as {name}" for name in _LATER)
    found = devices.execute(
        f"select device, sha256, site, kinds, rate, made, coalesce(withdrawn, ''), {later} from devices order by rowid"  # noqa: S608 - our own names
    )
    return [
        Device(
            str(name), bytes(sha256), str(site), frozenset(str(kinds).split()), float(rate), str(made), str(withdrawn), str(reads),
            str(lab),
        )
        for name, sha256, site, kinds, rate, made, withdrawn, reads, lab in found
    ]  # fmt: skip
