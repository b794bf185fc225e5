"""Answers other than an acknowledgement: why, in both languages, and when to come again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from poolpipe.messages import message, way_out

if TYPE_CHECKING:
    from poolpipe.errors import PoolpipeError

__all__ = ["Refused"]


class Refused(Exception):  # noqa: N818 -- an answer, not a fault of ours
    """A request that is not taken.

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        Of the catalogue of messages.
    retry_after : float
        Seconds after which to come again; 0 where that does not help.
    closes : bool
        Whether the connection ends with the answer, because the rest of the request is not read.
    **fields
        Values of the message's fields.
    """

    def __init__(
        self, status: int, code: str, *, retry_after: float = 0, closes: bool = False, **fields: object
    ) -> None:
        self.status, self.code, self.retry_after, self.closes = status, code, retry_after, closes
        self._fields = fields
        super().__init__(code)

    @classmethod
    def asked(cls, error: PoolpipeError) -> Refused:
        """Refuse a question that cannot be answered as it is asked: 400."""
        return cls(400, "query_not_understood", why="; ".join(filter(None, error.in_language())))

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The answer's headers."""
        told = [("content-type", "application/json")]
        if self.retry_after:
            told.append(("retry-after", str(max(1, round(self.retry_after)))))
        if self.status == 401:
            told.append(("www-authenticate", "Bearer"))
        if self.closes:
            told.append(("connection", "close"))
        return told

    @property
    def detail(self) -> str:
        """Why, in both languages."""
        return message(self.code, self._fields)

    @property
    def body(self) -> bytes:
        """The answer's body: error, detail, way_out."""
        told = {
            "error": self.code,
            "detail": self.detail,
            "way_out": way_out(self.code, self._fields),
        }
        return json.dumps(told, ensure_ascii=False).encode()
