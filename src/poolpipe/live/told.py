"""The changes of the last versions as readers are told them: rows, and no whole tables, so that many versions can be kept."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.live.changes import ANNOUNCED, CHANGE_KEYS, differing_rows, unlike
from poolpipe.live.rights import seen_rows
from poolpipe.store.pseudonymous import tells_subject
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.live.changes import Changes
    from poolpipe.live.rights import ReaderRights
    from poolpipe.store.keys import DataKeys

__all__ = ["ToldChanges", "ToldVersion", "again"]

_PLACES: Final = ("round", "tube", "site", "lab")
_VERSIONS: Final = 20_000
_ROWS: Final = 500_000
"""Rows of all versions that are kept, at most."""


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
    _texts: dict[Any, str] = field(default_factory=dict, compare=False)

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

    @property
    def height(self) -> int:
        """How many rows are kept."""
        return sum(was.height + now.height for was, now in (self.rows or {}).values()) + sum(
            each.height for each in self.pools
        )

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
        key = reader, tuple(tables)
        if key not in self._texts:
            written = [self._of_table(each, reader, sealing) for each in key[1] if each in self.rows]
            if self.overdue is not None and "recalls" in key[1]:
                written.append(self._of_clock(self.overdue, reader, sealing))
            self._texts[key] = "".join(written)
        return self._texts[key]

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


class ToldChanges:
    """What the last versions changed, for readers that come back.

    Parameters
    ----------
    version : int
        Of the tables now.
    """

    def __init__(self, version: int) -> None:
        self._newest, self._height = version, 0
        self._kept: deque[ToldVersion] = deque()
        self._lock = Lock()

    def add(self, told: ToldVersion) -> None:
        """Keep the changes of the newest version."""
        with self._lock:
            self._kept.append(told)
            self._newest = told.version
            self._height += told.height
            while len(self._kept) > 1 and (len(self._kept) > _VERSIONS or self._height > _ROWS):
                self._height -= self._kept.popleft().height

    def skip(self, version: int) -> None:
        """Forget all: nobody follows, and nothing is told of the newest version."""
        with self._lock:
            self._kept.clear()
            self._newest, self._height = version, 0

    def since(self, version: int) -> list[ToldVersion] | None:
        """Changes after a version, the oldest first; None if they are not kept, or all was concluded anew since."""
        with self._lock:
            later = [each for each in self._kept if each.version > version]
            if not later:
                return [] if version == self._newest else None
            if later[0].before > version or any(each.rows is None for each in later):
                return None
            return later


def again(version: int) -> str:
    """The event that says: read the tables again."""
    return _event("again", version, {"position": version})


def _event(name: str, version: int, told: dict[str, Any]) -> str:
    return f"event: {name}\nid: {version}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
