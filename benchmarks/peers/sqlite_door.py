"""A door as one writes it in an afternoon: an ASGI application that inserts each scan into SQLite and commits, then answers.

    python -m benchmarks.peers.sqlite_door PORT FILE TOKENS

Beside ours in `benchmarks.stream_load --peer`. It looks up the token, parses the object, and its commit is synced, because that is what
ours promises; it cleans and concludes nothing.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

COLUMNS = ("event_id", "at", "tube", "person", "site", "point", "device")


class SqliteDoor:
    """The application.

    Parameters
    ----------
    file : Path
    tokens : set of str
    """

    def __init__(self, file: Path, tokens: set[str]) -> None:
        self._tokens = tokens
        self._rows = sqlite3.connect(file, isolation_level=None)
        self._rows.execute("pragma journal_mode = wal")
        self._rows.execute("pragma synchronous = full")
        columns = ", ".join(f"{name} text" for name in COLUMNS[1:])
        self._rows.execute(f"create table if not exists scans (event_id text primary key, {columns})")
        self._insert = f"insert or ignore into scans values ({', '.join('?' * len(COLUMNS))})"

    async def insert(self, values: list[str | None]) -> None:
        """Insert a scan, and commit."""
        self._rows.execute(self._insert, values)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        body, has_more = b"", True
        while has_more:
            message = await receive()
            body += message.get("body", b"")
            has_more = message.get("more_body", False)
        status = 200 if token in self._tokens else 401
        if status == 200:
            scan = json.loads(body)
            await self.insert([scan.get(name) for name in COLUMNS])
        told = b'{"ok": true}'
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": told})


def serve(door: SqliteDoor, port: int) -> None:
    """Serve until killed."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    server = Server(
        door,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=4096,
        log_enabled=False,
    )
    asyncio.run(server.serve())


def main() -> None:
    """Serve until killed."""
    port, file, tokens = sys.argv[1:]
    serve(SqliteDoor(Path(file), set(Path(tokens).read_text("utf-8").split())), int(port))


if __name__ == "__main__":
    main()
