"""How a board answers: the door asks over a socket in the file system, one connection a request.

A request is a line of JSON. The answer is a line of JSON, with status, headers and length, and then the body: of so many bytes, or
without a length until the connection ends.
"""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from poolpipe.choices import check_choice
from poolpipe.display import mask_identities
from poolpipe.errors import InputError
from poolpipe.live.answers import whole_number
from poolpipe.live.board import FoldFailedError
from poolpipe.live.changes import ANNOUNCED
from poolpipe.live.rights import ReaderRights, may_read
from poolpipe.serve.log import log_failure
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
_SHOWN: Final = 40
_MOST_READERS: Final = 2_000
_WAITING: Final = 4_096
"""Readers that have come and are not heard yet."""

_MOST_BYTES: Final = 512_000_000
"""Bytes of answers that are on their way to readers; beyond them large ones are refused."""

_SMALL: Final = 4_000_000
"""Bytes of an answer that is never refused for that."""

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
        self._lock = threading.Lock()
        self._bytes = 0
        socket.unlink(missing_ok=True)
        answers = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                answers.answer(self)

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            request_queue_size = _WAITING

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
            _refuse(handler, Refused.asked(error))
        except TimeoutError:
            _refuse(handler, Refused(503, "tables_behind", retry_after=5))
        except FoldFailedError:
            _refuse(handler, Refused(503, "tables_being_made", retry_after=10))
        except OSError:  # who asked is gone
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader is told that there is no answer
            log_failure("answer_failed", error)
            _refuse(handler, Refused(500, "answer_failed"))
        finally:
            self._readers.release()

    def _table(self, handler: socketserver.StreamRequestHandler, asked: dict[str, Any]) -> None:
        table, reader = asked["path"].removeprefix("/tables/"), ReaderRights(*asked["reader"])
        if table not in TABLES:
            raise Refused(404, "table_unknown", tables=", ".join(TABLES))
        if not may_read(table, reader):
            raise Refused(403, "table_not_allowed", name=table)
        query = _query(asked)
        self._note_unsealing(reader, asked, [table], query.pop("why", ""))
        media, body = self._board.answer(table, query, asked["accept"], reader)
        headers = [("content-type", media), ("cache-control", "no-store")]
        with self._on_its_way(len(body)):
            _begin(handler, 200, headers, len(body))
            handler.wfile.write(body)

    @contextmanager
    def _on_its_way(self, size: int) -> Iterator[None]:
        """Count the bytes of an answer until the reader has it, or is gone.

        Raises
        ------
        Refused
            503, where it is large and those of others are not taken.
        """
        with self._lock:
            if size > _SMALL and self._bytes + size > _MOST_BYTES and self._bytes:
                raise Refused(503, "too_many_readers", retry_after=10)
            self._bytes += size
        try:
            yield
        finally:
            with self._lock:
                self._bytes -= size

    def _changes(self, handler: socketserver.StreamRequestHandler, asked: dict[str, Any]) -> None:
        query, reader = _query(asked), ReaderRights(*asked["reader"])
        why = query.pop("why", "")
        for name in query:
            check_choice("query", name, ("since", "tables", "why"), InputError)
        wanted = {each for each in query.get("tables", "").split(",") if each} or set(ANNOUNCED)
        for each in sorted(wanted):
            check_choice("tables", each[:_SHOWN], ANNOUNCED, InputError)
        tables: list[str] = [each for each in ANNOUNCED if each in wanted]
        given = query.get("since", asked["last"])
        since = whole_number("since", given) if given else None
        self._note_unsealing(reader, asked, tables, why)
        _begin(handler, 200, _STREAM, None)
        try:
            for text in self._board.changes(since, tables, reader=reader):
                handler.wfile.write(text.encode())
        except OSError:  # who follows is gone
            return
        except Exception as error:  # noqa: BLE001 - the answer has begun: it ends, and the reader comes again
            log_failure("answer_failed", error)

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


def _query(asked: dict[str, Any]) -> dict[str, str]:
    """What is asked, by name.

    Raises
    ------
    InputError
        If a name is given twice: one of the two would be passed over.
    """
    query: dict[str, str] = {}
    for name, value in asked["query"]:
        if name in query:
            raise InputError.of("query_given_twice", where=name[:_SHOWN])
        query[name] = value
    return query


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
