"""The changes of the last versions as readers are told them: rows, and no whole tables, so that many versions can be kept."""

from __future__ import annotations

import io
import json
from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

from poolpipe.live.changes import ANNOUNCED, CHANGE_KEYS, differing_rows, unlike
from poolpipe.live.rights import seen_rows
from poolpipe.store.pseudonymous import tells_subject
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.live.changes import Changes
    from poolpipe.live.rights import ReaderRights
    from poolpipe.store.keys import DataKeys

__all__ = ["KeptVersion", "ToldChanges", "ToldVersion", "again"]

_PLACES: Final = ("round", "tube", "site", "lab")
_BYTES: Final = 128_000_000
"""Bytes of all versions that are kept, at most."""

_OBJECT_BYTES: Final = 300
"""What something small takes beside its content."""

_TEXT_BYTES: Final = 16_000_000
"""Bytes of what was written for followers: who is further behind waits until it is written again."""


@dataclass(frozen=True)
class ToldVersion:
    """What one version changed, row by row.

    Attributes
    ----------
    before, version : int
        The version before, and this one.
    rows : dict of (DataFrame, DataFrame) or None
        Of each table of `ANNOUNCED` the rows as they were and as they are, some of them equal; None where all was concluded anew.
    pools : (DataFrame, DataFrame)
        round, tube, site, lab of their tubes, as they were and as they are.
    overdue : DataFrame or None
        Recalls that became overdue by the clock on the wall.
    """

    before: int
    version: int
    rows: dict[str, tuple[pl.DataFrame, pl.DataFrame]] | None
    pools: tuple[pl.DataFrame, pl.DataFrame]
    overdue: pl.DataFrame | None = None

    @classmethod
    def of(cls, changes: Changes) -> ToldVersion:
        """Take over what a version changed."""
        nothing = pl.DataFrame(schema=dict.fromkeys(_PLACES, pl.String))
        if changes.tubes is None:
            return cls(changes.before.version, changes.version, None, (nothing, nothing))
        if not (len(changes.tubes) or len(changes.owners)):
            return cls(changes.before.version, changes.version, {}, (nothing, nothing))
        before, after = changes.both("pools")
        places = before.select(_PLACES), after.select(_PLACES)
        # a tube that came to another site or laboratory is gone for its readers, though its rows may be the same
        keeps = unlike if places[0].equals(places[1]) else (lambda was, now: (was, now))
        rows = {name: keeps(*changes.both(name)) for name in ANNOUNCED if name != "pools"}
        return cls(changes.before.version, changes.version, rows | {"pools": unlike(before, after)}, places)

    def events(self, tables: Iterable[str], reader: ReaderRights, sealing: DataKeys | None) -> str:
        """Write it as server-sent events, with the version as their id.

        Parameters
        ----------
        tables : iterable of str
            Those that the reader follows.
        reader : ReaderRights
        sealing : DataKeys or None
            As of `seen_rows`.
        """
        if self.rows is None:
            return again(self.version)
        wanted = tuple(tables)
        written = [self._of_table(each, reader, sealing) for each in wanted if each in self.rows]
        if self.overdue is not None and "recalls" in wanted:
            written.append(self._of_clock(self.overdue, reader, sealing))
        return "".join(written)

    def _of_table(self, table: str, reader: ReaderRights, sealing: DataKeys | None) -> str:
        seen = []
        assert self.rows is not None  # noqa: S101 - for the type
        for rows, pools in zip(self.rows[table], self.pools, strict=True):
            shown = rows if table != "anomalies" or reader.opens else rows.filter(tells_subject)
            seen.append(seen_rows(table, shown, lambda pools=pools: pools, reader, sealing))  # type: ignore[misc]
        differing = differing_rows(table, *unlike(*seen), self.version)
        return "".join(
            _event("row", self.version, {
                "table": table, "position": self.version, "change": row["change"], "key": json.loads(row["key"]),
                "row": None if row["after"] is None else json.loads(row["after"]),
            })
            for row in differing.iter_rows(named=True)
        )  # fmt: skip

    def _of_clock(self, overdue: pl.DataFrame, reader: ReaderRights, sealing: DataKeys | None) -> str:
        seen = seen_rows("recalls", overdue, lambda: self.pools[1], reader, sealing)
        keys = CHANGE_KEYS["recalls"]
        return "".join(
            _event("overdue", self.version, {
                "table": "recalls", "position": self.version, "key": {name: row[name] for name in keys},
                "due_at": utc_text(row["due_at"]),
            })
            for row in seen.iter_rows(named=True)
        )  # fmt: skip


class KeptVersion:
    """What one version changed, packed: as frames a few rows of texts take twenty times as much memory.

    Parameters
    ----------
    told : ToldVersion

    Attributes
    ----------
    before, version : int
        As of `ToldVersion`.
    is_whole : bool
        Whether all was concluded anew.
    size : int
        Bytes that it takes.
    """

    def __init__(self, told: ToldVersion) -> None:
        self.before, self.version, self.is_whole = told.before, told.version, told.rows is None
        self._names = None if told.rows is None else tuple(told.rows)
        self._overdue = told.overdue is not None
        frames = [each for both in (told.rows or {}).values() for each in both] + [*told.pools]
        frames += [] if told.overdue is None else [told.overdue]
        parts = [_packed(each) for each in frames]
        self._lengths = [len(each) for each in parts]
        self._content = pa.compress(b"".join(parts), codec="zstd", asbytes=True)
        self.size = len(self._content) + _OBJECT_BYTES

    def told(self) -> ToldVersion:
        """Unpack it."""
        content = memoryview(pa.decompress(self._content, sum(self._lengths), codec="zstd"))
        ends = list(accumulate(self._lengths))
        frames = [
            pl.read_ipc_stream(io.BytesIO(content[end - length : end]))
            for end, length in zip(ends, self._lengths, strict=True)
        ]
        overdue = frames.pop() if self._overdue else None
        both = list(zip(frames[::2], frames[1::2], strict=True))
        pools = both.pop()
        rows = None if self._names is None else dict(zip(self._names, both, strict=True))
        return ToldVersion(self.before, self.version, rows, pools, overdue)


class ToldChanges:
    """What the last versions changed, for readers that come back.

    Parameters
    ----------
    version : int
        Of the tables now.
    """

    def __init__(self, version: int) -> None:
        self._newest, self._size = version, 0
        self._kept: deque[KeptVersion] = deque()
        self._texts: OrderedDict[tuple[int, ReaderRights, tuple[str, ...]], str] = OrderedDict()
        self._text_size = 0
        self._lock = Lock()

    def add(self, told: ToldVersion) -> None:
        """Keep the changes of the newest version."""
        kept = KeptVersion(told)
        with self._lock:
            self._kept.append(kept)
            self._newest = told.version
            self._size += kept.size
            while len(self._kept) > 1 and self._size > _BYTES:
                self._size -= self._kept.popleft().size

    def skip(self, version: int) -> None:
        """Forget all: nobody follows, and nothing is told of the newest version."""
        with self._lock:
            self._kept.clear()
            self._newest, self._size = version, 0

    def since(self, version: int) -> list[KeptVersion] | None:
        """Changes after a version, the oldest first; None if they are not kept, or all was concluded anew since."""
        with self._lock:
            later = [each for each in self._kept if each.version > version]
            if not later:
                return [] if version == self._newest else None
            if later[0].before > version or any(each.is_whole for each in later):
                return None
            return later

    def text(
        self, kept: KeptVersion, tables: tuple[str, ...], reader: ReaderRights, sealing: DataKeys | None
    ) -> str:
        """Write a version as `ToldVersion.events`; of the newest it is kept, for many follow with the same rights.

        Parameters
        ----------
        kept : KeptVersion
        tables, reader, sealing
            As of `ToldVersion.events`.
        """
        key = kept.version, reader, tables
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
                return self._texts[key]
        text = kept.told().events(tables, reader, sealing)
        with self._lock:
            if key not in self._texts:
                self._texts[key] = text
                self._text_size += _size_of(text)
            while self._text_size > _TEXT_BYTES:
                self._text_size -= _size_of(self._texts.popitem(last=False)[1])
        return text


def _packed(frame: pl.DataFrame) -> bytes:
    into = io.BytesIO()
    frame.write_ipc_stream(into)
    return into.getvalue()


def _size_of(text: str) -> int:
    """Bytes of a text, at most two a sign."""
    return 2 * len(text) + _OBJECT_BYTES


def again(version: int) -> str:
    """The event that says: read the tables again."""
    return _event("again", version, {"position": version})


def _event(name: str, version: int, told: dict[str, Any]) -> str:
    return f"event: {name}\nid: {version}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
