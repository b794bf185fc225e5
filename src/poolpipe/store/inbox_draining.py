"""The inbox of a store as its other processes meet it: its key, its lock, and what a service left in it."""

from __future__ import annotations

import hashlib
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from poolpipe.errors import InputError
from poolpipe.inbox.log import INBOX, LostInbox, damages, read_rest, remove_all, segments
from poolpipe.inbox.packing import gathered
from poolpipe.messages import message
from poolpipe.results.durable import sync_folder
from poolpipe.results.locks import held
from poolpipe.store.checking import StoreFinding
from poolpipe.store.inbox_taking import InboxTaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from poolpipe.inbox.segments import InboxRecord
    from poolpipe.policy import Policy
    from poolpipe.store.inbox_taking import Commit
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger
    from poolpipe.store.part_files import PartFiles

__all__ = [
    "APPENDING",
    "BROKER",
    "appending",
    "check_broker_holds_nothing",
    "holds_requests",
    "inbox_findings",
    "inbox_secret",
    "take_in_inbox",
]

_EVENTS_A_COMMIT: Final = 1 << 20
APPENDING: Final = ".appending.lock"
"""The file that whoever appends locks."""

BROKER: Final = "nats"
"""Below the store: the folder of a NATS server of its own."""


def inbox_secret(sealing: DataKeys) -> bytes:
    """The key of the inbox, which follows from that of the vault."""
    return hashlib.blake2b(key=sealing.vault, person=b"poolpipe inbox", digest_size=32).digest()


@contextmanager
def appending(store: Path) -> Iterator[Path]:
    """Hold the inbox of a store, whose folder is made where there is none, against every other process that would append.

    Raises
    ------
    InputError
        If another process holds it.
    """
    folder = store / INBOX
    folder.mkdir(exist_ok=True)
    sync_folder(store)  # before anything in it is acknowledged, whoever made it
    with ExitStack() as stack:
        for pause in (0.05, 0.2, 0.5, 1, 2, 4, 0):  # a door whose other process died is about to end
            try:
                stack.enter_context(held(folder / APPENDING))
                break
            except BlockingIOError as error:
                if not pause:
                    raise InputError.of("store_in_use", where=str(folder)) from error
                time.sleep(pause)
        yield folder


def check_broker_holds_nothing(store: Path) -> None:
    """Prove that a NATS server of the store's own holds nothing that a key of the inbox sealed.

    Raises
    ------
    InputError
        If a service has not ended as it should: then it may.
    """
    if (store / BROKER / "jetstream").exists():
        raise InputError.of("stream_holds", where=str(store / BROKER))


def holds_requests(store: Path) -> bool:
    """Whether there is anything in a store's inbox, perhaps only what its tables have already."""
    return bool(segments(store / INBOX))


def inbox_findings(store: Path, ledger: Ledger, sealing: DataKeys | None) -> list[StoreFinding]:
    """What of the inbox is damaged of that which the tables do not have yet; without the key the seals are not proved."""
    secret = None if sealing is None else inbox_secret(sealing)
    lost = damages(store / INBOX, secret, ledger.inbox_position())
    return [
        StoreFinding(
            "inbox_damaged",
            f"{INBOX}/{each.path.name}",
            message("inbox_damaged", {"place": each.place, "why": each.told}),
        )
        for each in lost
    ]


def take_in_inbox(
    store: Path,
    ledger: Ledger,
    files: PartFiles,
    sealing: DataKeys,
    policy: Policy,
    commit: Commit,
    *,
    accepts_loss: bool = False,
) -> int:
    """Take all that is in the inbox into the tables, and empty it, while the store's lock is held and nobody appends.

    Parameters
    ----------
    store : Path
    ledger, files, sealing, policy
        The store's.
    commit : callable
        As `InboxTaking` takes it.
    accepts_loss : bool
        Whether what cannot be read is given up; the input that is taken in says what was lost.

    Returns
    -------
    int
        How many requests were taken in.

    Raises
    ------
    InputError
        If anything that was acknowledged cannot be read, and that is not accepted: what comes before it is taken in, and
        all stays where it is.
    """
    if not holds_requests(store):
        return 0
    secret, count = inbox_secret(sealing), 0
    with appending(store) as folder:
        taking = InboxTaking(ledger, files, sealing, policy, commit)
        lost: list[LostInbox] = []
        give_up = taking.note_loss if accepts_loss else None
        for requests, _ in gathered(_legible(read_rest(folder, secret, taking.done), lost, give_up)):
            new = [each for each in requests if each.position > taking.done]
            count += len(new)
            if new:
                taking.clean(new)
            if taking.events_waiting >= _EVENTS_A_COMMIT:
                taking.commit()
        taking.commit()  # damage further on takes nothing from what comes before it
        if lost:
            raise lost[0].as_error()
        remove_all(folder)
    return count


def _legible(
    reading: Iterable[InboxRecord | LostInbox],
    lost: list[LostInbox],
    give_up: Callable[[LostInbox], None] | None,
) -> Iterator[InboxRecord]:
    """The records up to the first that is lost, which is put into `lost`; with `give_up` that is told of each, and all others come."""
    for found in reading:
        if not isinstance(found, LostInbox):
            yield found
        elif give_up is not None:
            give_up(found)
        else:
            lost.append(found)
            return
