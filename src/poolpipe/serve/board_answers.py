"""How a board answers: the door asks over a socket in the file system, one connection a request.

A request is a line of JSON. The answer is a line of JSON, with status, headers and length, and then the body: of so many bytes, or
without a length until the connection ends.
"""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from poolpipe.choices import check_choice
from poolpipe.display import mask_identities
from poolpipe.errors import InputError
from poolpipe.live.board import FoldFailedError
from poolpipe.live.changes import ANNOUNCED
from poolpipe.live.rights import ReaderRights, may_read
from poolpipe.serve.refusals import Refused
from poolpipe.store.conclusion_tables import needs_key
from poolpipe.store.ledger import Ledger
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poolpipe.live.board import LiveBoard

__all__ = ["BoardAnswers"]

_LINE: Final = 1 << 16
_MOST_READERS: Final = 2_000
_STREAM: Final = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store")]


class BoardAnswers:
    """Answers readers by a thread each.

    Parameters
    ----------
    board : LiveBoard
    store : Path
        In whose ledger it is written down who saw identities.
    socket : Path
        Made anew.
    """

    def __init__(self, board: LiveBoard, store: Path, socket: Path) -> None:
        self._board, self._store = board, store
        self._readers = threading.BoundedSemaphore(_MOST_READERS)
        socket.unlink(missing_ok=True)
        answers = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                answers.answer(self)

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Who asked is gone."""

        self._server = Server(str(socket), Handler)

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, name="answers", daemon=True).start()

    def answer(self, handler: socketserver.StreamRequestHandler) -> None:
        """Answer one request."""
        asked = json.loads(handler.rfile.readline(_LINE))
        if not self._readers.acquire(blocking=False):
            _refuse(handler, Refused(503, "too_many_readers", retry_after=10))
            return
        try:
            if asked["path"] == "/changes":
                self._changes(handler, asked)
            else:
                self._table(handler, asked)
        except Refused as refused:
            _refuse(handler, refused)
        except InputError as error:
            _refuse(
                handler,
                Refused(400, "query_not_understood", why="; ".join(filter(None, error.in_language()))),
            )
        except TimeoutError:
            _refuse(handler, Refused(503, "tables_behind", retry_after=5))
        except FoldFailedError:
            _refuse(handler, Refused(503, "tables_being_made", retry_after=10))
        finally:
            self._readers.release()

    def _table(self, handler: socketserver.StreamRequestHandler, asked: dict[str, Any]) -> None:
        table, reader = asked["path"].removeprefix("/tables/"), ReaderRights(*asked["reader"])
        if table not in TABLES:
            raise Refused(404, "table_unknown", tables=", ".join(TABLES))
        if not may_read(table, reader):
            raise Refused(403, "table_not_allowed", name=table)
        query = dict(asked["query"])
        self._note_unsealing(reader, asked, [table], query.pop("why", ""))
        media, body = self._board.answer(table, query, asked["accept"], reader)
        headers = [("content-type", media), ("cache-control", "no-store")]
        _begin(handler, 200, headers, len(body))
        handler.wfile.write(body)

    def _changes(self, handler: socketserver.StreamRequestHandler, asked: dict[str, Any]) -> None:
        query, reader = dict(asked["query"]), ReaderRights(*asked["reader"])
        why = query.pop("why", "")
        for name in query:
            check_choice("query", name, ("since", "tables", "why"), InputError)
        tables = [each for each in query.get("tables", "").split(",") if each] or list(ANNOUNCED)
        for each in tables:
            check_choice("tables", each, ANNOUNCED, InputError)
        since = query.get("since", asked["last"])
        if since and not since.isdecimal():
            raise Refused(400, "query_not_understood", why=f"since: {since[:40]}")
        self._note_unsealing(reader, asked, tables, why)
        _begin(handler, 200, _STREAM, None)
        told: Iterator[str] = self._board.changes(int(since) if since else None, tables, reader=reader)
        with suppress(OSError):  # who follows is gone
            for text in told:
                handler.wfile.write(text.encode())

    def _note_unsealing(
        self, reader: ReaderRights, asked: dict[str, Any], tables: list[str], why: str
    ) -> None:
        """Write down who is about to see which people in clear; whoever cannot be written down sees none."""
        names = [
            each for each in tables if needs_key(each) or any(one.name == "person" for one in TABLES[each])
        ]
        if not (reader.opens and names):
            return
        ledger = Ledger(self._store, writes=True)
        try:
            what = f"serve {','.join(names)}"
            ledger.note_unsealing(mask_identities(asked["name"]), what, mask_identities(why[:200]))
        finally:
            ledger.close()


def _begin(
    handler: socketserver.StreamRequestHandler,
    status: int,
    headers: list[tuple[str, str]],
    length: int | None,
) -> None:
    told = {"status": status, "headers": headers, "length": length}
    handler.wfile.write(json.dumps(told).encode() + b"\n")


def _refuse(handler: socketserver.StreamRequestHandler, refused: Refused) -> None:
    with suppress(OSError):
        _begin(handler, refused.status, refused.headers, len(refused.body))
        handler.wfile.write(refused.body)
