"""The ledger of a store: which files its tables consist of at each version, where they came from, and who looked.

One SQLite file, synced at every commit: what it says happened has happened, whenever the power fails. Files are written
and synced before the ledger names them; files that it does not name are leftovers.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import apsw

from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.paths import LEDGER
from poolpipe.results.durable import sync_folder
from poolpipe.store.ledger_file import new_ledger_file, now_text, opened_ledger_file
from poolpipe.store.ledger_rows import (
    InputTaken,
    TablePart,
    Version,
    Withdrawn,
    digest_of_files,
    digest_of_inputs,
)
from poolpipe.store.ledger_schema import (
    CHECKSUMS,
    FORGET_CHECKSUMS,
    PARTS,
    SCHEMA,
    WITHDRAWN,
    WITHOUT_CHECKSUMS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["LEDGER", "InputTaken", "Ledger", "TablePart", "Version", "Withdrawn", "is_store", "json_of"]

_APPLICATION: Final = 0x706F6F6C
"""What marks an SQLite file as a ledger of poolpipe: "pool"."""

_FORMAT: Final = 1

_OF_INBOX: Final = "inbox:"
"""What the marks of inputs from the inbox begin with; hashes of files are hexadecimal."""


def is_store(folder: Path) -> bool:
    """Whether a folder is a store."""
    try:
        with (folder / LEDGER).open("rb") as file:
            head = file.read(72)
    except OSError:
        return False
    return head[:15] == b"SQLite format 3" and head[68:72] == _APPLICATION.to_bytes(4, "big")


class Ledger:
    """An open ledger; one process writes, which holds the store's lock, and any number read."""

    def __init__(self, folder: Path, *, writes: bool) -> None:
        self.folder = folder
        path = folder / LEDGER
        try:
            self._connection = opened_ledger_file(path, writes=writes)
        except (apsw.Error, OSError) as error:
            raise InputError.of("ledger_unreadable", where=str(path), why=str(error)) from error
        told = int(self._one("pragma user_version"))
        if told > _FORMAT:
            raise InputError.of("ledger_of_newer", where=str(path), format=told, known=_FORMAT)

    @classmethod
    def create(cls, folder: Path, meta: dict[str, bytes]) -> Ledger:
        """Make the ledger of a new store, whole or not at all; `meta` is what it holds beside its tables."""
        path, unfinished = folder / LEDGER, folder / f"{LEDGER}.new"
        for each in folder.glob(f"{unfinished.name}*"):
            each.unlink()
        try:
            made = new_ledger_file(unfinished)
            made.pragma("application_id", _APPLICATION)
            made.pragma("user_version", _FORMAT)
            with made:
                for _ in made.execute(SCHEMA + WITHDRAWN + CHECKSUMS):
                    pass
                made.executemany("insert into meta values (?, ?)", meta.items())
                made.execute(
                    "insert into versions values (0, ?, 'created', ?, '')", (now_text(), digest_of_files([]))
                )
            made.close()
            unfinished.rename(path)
            sync_folder(folder)
        except (apsw.Error, OSError) as error:
            raise InputError.of("store_not_made", where=str(folder), why=str(error)) from error
        return cls(folder, writes=True)

    def close(self) -> None:
        """Close it; what was committed stays."""
        self._connection.close()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """One transaction: all changes in the block, or none; synced when it ends.

        Raises
        ------
        InputError
            If the disk does not take it: then nothing has changed.
        """
        try:
            self._connection.execute("begin immediate")
            try:
                yield
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise
        except apsw.Error as error:
            raise InputError.of("ledger_refused", where=str(self.folder / LEDGER), why=str(error)) from error

    def meta(self, name: str) -> bytes:
        """A value beside the tables: the policy as JSON, the wrapped keys."""
        told = self._one("select value from meta where name = ?", name)
        return bytes(told) if told is not None else b""

    def set_meta(self, name: str, value: bytes) -> None:
        """Change one, within `committing`."""
        self._connection.execute("insert or replace into meta values (?, ?)", (name, value))

    def newest(self) -> int:
        """The newest version."""
        return int(self._one("select max(version) from versions"))

    def versions(self) -> list[Version]:
        """All versions that can still be read, the oldest first."""
        return [
            Version(*row) for row in self._rows("select version, at, what from versions order by version")
        ]

    def parts(self, version: int, contents: Iterable[str] | None = None) -> list[TablePart]:
        """The files that the tables consist of at a version, in the order in which they were added."""
        parts = self._parts_at(version)
        if digest_of_files(parts) != self._one("select files from versions where version = ?", version):
            raise self._mixed(version)
        wanted = None if contents is None else set(contents)
        return [part for part in parts if wanted is None or part.content in wanted]

    def newest_with(self, content: str, until: int | None = None) -> int | None:
        """The newest kept version, up to one, that has a file of a table; None where none has."""
        found = self._one(
            "select max(version) from versions, parts where content = ? and added <= version "
            "and (removed is null or removed > version) and version <= coalesce(?, version)", content, until,
        )  # fmt: skip
        return None if found is None else int(found)

    def all_parts(self) -> list[TablePart]:
        """The files of all versions."""
        return self._parts("order by id")

    def inputs(self, version: int) -> list[InputTaken]:
        """What had been ingested at a version, in order."""
        found = self._rows(
            "select id, name, coalesce(sha256, ''), arrived, read, accepted, duplicates, rejected, told, version "
            "from inputs where version <= ? order by id",
            version,
        )
        inputs = [InputTaken(*row) for row in found]
        if digest_of_inputs(inputs, self._withdrawn(version)) != self._one(
            "select inputs from versions where version = ?", version
        ):
            raise self._mixed(version)
        return inputs

    def held(self, version: int) -> list[InputTaken]:
        """The inputs at a version, counted without what was withdrawn of them."""
        gone = self.withdrawn(version)
        return [each.without(*gone.get(each.id, (0, 0))) for each in self.inputs(version)]

    def withdrawn(self, version: int) -> dict[int, tuple[int, int]]:
        """How many events and rejected records of each input were withdrawn up to a version."""
        told: dict[int, tuple[int, int]] = {}
        for each in self._withdrawn(version):
            accepted, rejected = told.get(each.input, (0, 0))
            told[each.input] = accepted + each.accepted, rejected + each.rejected
        return told

    def _withdrawn(self, version: int) -> list[Withdrawn]:
        if not self._has("withdrawn"):
            return []
        wanted = "select input, accepted, rejected, why, version from withdrawn where version <= ? order by version, input"
        return [Withdrawn(*row) for row in self._rows(wanted, version)]

    def input_like(self, sha256: str) -> str | None:
        """Name of an input that had this content; None where there was none."""
        name = self._one("select name from inputs where sha256 = ? order by id limit 1", sha256)
        return None if name is None else str(name)

    def newest_notes(self, sha256: str) -> dict[str, Any]:
        """What was noted when this content came last; empty where it never did."""
        told = self._one("select told from inputs where sha256 = ? order by id desc limit 1", sha256)
        notes: dict[str, Any] = {} if told is None else json.loads(str(told))
        return notes

    @staticmethod
    def inbox_mark(position: int) -> str:
        """What an input from the inbox has in the place of a hash: the last position that it brought."""
        return f"{_OF_INBOX}{position:020d}"

    def inbox_position(self) -> int:
        """Up to which position the tables have the inbox; 0 where nothing came from it."""
        told = self._one(
            "select max(sha256) from inputs where sha256 >= ? and sha256 < ?", _OF_INBOX, f"{_OF_INBOX}:"
        )
        return int(str(told).removeprefix(_OF_INBOX)) if told else 0

    def stream_place(self) -> tuple[str, int]:
        """Up to where the tables have a broker's stream: when that was made, and the sequence; nothing where none came."""
        # every input from the inbox says it, from the first message of a stream on
        notes = self.newest_notes(self.inbox_mark(self.inbox_position()))
        made, sequence = notes.get("stream", ("", 0))
        return str(made), int(sequence)

    def next_input(self) -> int:
        """The number of the next input."""
        return int(self._one("select coalesce(max(id), 0) + 1 from inputs"))

    def add_version(
        self,
        what: str,
        added: Iterable[TablePart],
        *,
        removed: Iterable[int] = (),
        inputs: Iterable[InputTaken] = (),
        withdrawn: Iterable[Withdrawn] = (),
    ) -> int:
        """Add a version, within `committing`: its new files, the ids of files that it no longer has, its inputs, what went."""
        version = self.newest() + 1
        run = self._connection
        before = self._one("select inputs from versions where version = ?", version - 1)
        # robots' files wait for the laboratory of their plates, and end after later ones: the digest has one order
        taken = sorted((replace(each, version=version) for each in inputs), key=attrgetter("id"))
        added = list(added)
        gone = sorted((replace(each, version=version) for each in withdrawn), key=attrgetter("input"))
        for part in added:
            run.execute(
                "insert into parts values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                (part.content, part.path, part.rows, part.size, part.sha256, part.vault or None, part.vault_size,
                 part.vault_sha256, part.first_at, part.last_at, version),
            )  # fmt: skip
        self._note_checksums(added)
        run.executemany("update parts set removed = ? where id = ?", [(version, each) for each in removed])
        for each in taken:
            run.execute(
                "insert into inputs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (each.id, each.name, each.sha256 or None, each.arrived, version, each.read, each.accepted,
                 each.duplicates, each.rejected, each.told),
            )  # fmt: skip
        if gone:
            run.execute(WITHDRAWN)
        for lost in gone:
            row = (lost.input, lost.accepted, lost.rejected, lost.why, version)
            run.execute("insert into withdrawn values (?, ?, ?, ?, ?)", row)
        run.execute(
            "insert into versions values (?, ?, ?, ?, ?)",
            (
                version,
                now_text(),
                what,
                digest_of_files(self._parts_at(version)),
                digest_of_inputs(taken, gone, before),
            ),
        )
        return version

    def replace_parts(self, made: Iterable[tuple[TablePart, TablePart]]) -> None:
        """Put other files in the place of some, in all versions that have them, within `committing`."""
        run, made = self._connection, list(made)
        for old, new in made:
            run.execute(
                "update parts set path=?, rows=?, bytes=?, sha256=?, vault=?, vault_bytes=?, vault_sha256=? where id=?",
                (new.path, new.rows, new.size, new.sha256, new.vault or None, new.vault_size, new.vault_sha256, old.id),
            )  # fmt: skip
        self._note_checksums(new for _, new in made)
        for each in self.versions():
            told = digest_of_files(self._parts_at(each.version)), each.version
            run.execute("update versions set files = ? where version = ?", told)

    def drop_parts(self, parts: Iterable[TablePart]) -> None:
        """Take files out of all versions that have them, within `committing`; `replace_parts` follows, which notes it."""
        self._connection.executemany("delete from parts where id = ?", [(part.id,) for part in parts])

    def versions_before(self, days: float) -> list[int]:
        """The oldest versions up to the first that is younger than some days; never the newest.

        A clock that jumped back makes a later version look older: what came before it is kept as long as it must be.
        """
        least = datetime.now(UTC) - timedelta(days=days)
        older = takewhile(lambda each: datetime.fromisoformat(each.at) < least, self.versions()[:-1])
        return [each.version for each in older]

    def forget_before(self, version: int) -> list[TablePart]:
        """Forget the versions before one, within `committing`; give the files that no version has any more."""
        found = self._parts("where removed <= ?", version)
        self._connection.execute("delete from parts where removed <= ?", (version,))
        self._note_checksums([])
        self._connection.execute("delete from versions where version < ?", (version,))
        return found

    def note_unsealing(self, who: str, what: str, why: str) -> None:
        """Write down that identities were shown: to whom, which, and why."""
        with self.committing():
            self._connection.execute(
                "insert into unsealings values (?, ?, ?, ?)", (now_text(), who, what, why)
            )

    def unsealings(self) -> list[dict[str, str]]:
        """Who has seen identities: at, who, what, why."""
        found = self._rows("select at, who, what, why from unsealings order by rowid")
        return [dict(zip(("at", "who", "what", "why"), row, strict=True)) for row in found]

    def troubles(self) -> list[str]:
        """What is wrong with the file: what SQLite's own check finds, or the page that is not as it was written."""
        try:
            found = [str(row[0]) for row in self._connection.execute("pragma integrity_check")]
            for each in self.versions():
                self.parts(each.version)
            self.inputs(self.newest())
        except (apsw.Error, InputError) as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def _parts_at(self, version: int) -> list[TablePart]:
        asked = "where added <= ? and (removed is null or removed > ?) order by id"
        return self._parts(asked, version, version)

    def _parts(self, asked: str, *given: Any) -> list[TablePart]:
        query = ("" if self._has("checksums") else WITHOUT_CHECKSUMS) + PARTS + asked
        return [TablePart(*row) for row in self._rows(query, *given)]

    def _note_checksums(self, parts: Iterable[TablePart]) -> None:
        """Write down the checksums of new files, within `committing`, and forget those of files that are no more."""
        rows = [row for each in parts for row in each.checksums.items()]
        self._connection.execute(CHECKSUMS)
        self._connection.executemany("insert or replace into checksums values (?, ?)", rows)
        self._connection.execute(FORGET_CHECKSUMS)

    def _has(self, table: str) -> bool:
        return bool(self._rows("select 1 from sqlite_master where name = ?", table))

    def _mixed(self, version: int) -> InputError:
        why = message("ledger_mixed", {"version": version})
        return InputError.of("ledger_unreadable", where=str(self.folder / LEDGER), why=why)

    def _rows(self, query: str, *given: Any) -> list[tuple[Any, ...]]:
        """All rows at once: an open cursor would keep the writer from committing."""
        try:
            return list(self._connection.execute(query, given))
        except apsw.Error as error:
            raise InputError.of(
                "ledger_unreadable", where=str(self.folder / LEDGER), why=str(error)
            ) from error

    def _one(self, query: str, *given: Any) -> Any:
        rows = self._rows(query, *given)
        return rows[0][0] if rows else None


def json_of(told: Any) -> str:
    """Write what was understood of an input as JSON, in one order."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True)
