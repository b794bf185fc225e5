"""The body of a request: unpacked within bounds, and looked at as far as an acknowledgement asks: can it be read at all."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from poolpipe.events.batches import KNOWN_COLUMNS, proper_name
from poolpipe.events.damage import DamageError, Unpacked
from poolpipe.events.formats import unreadable
from poolpipe.events.gzip_members import Gzip
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.events.posted_bodies import take_posted
from poolpipe.events.streams import has_known_header
from poolpipe.events.unpacking import compression_of
from poolpipe.events.zstd_stream import Zstd
from poolpipe.serve.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.policy import Policy
    from poolpipe.store.device_tokens import Device

__all__ = ["check_scope", "form_of", "may_send", "posted_of", "unpacked_body"]

_MB: Final = 1_000_000
_CHUNK: Final = 1 << 20
_HEAD: Final = 1 << 12
_SCAN: Final[Callable[[str, int], tuple[Any, int]]] = vars(json.JSONDecoder())["scan_once"]
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"


def posted_of(
    device: Device,
    kind: str | None,
    content: bytes,
    encoding: str,
    policy: Policy,
    arrived: int,
    *,
    asks: bool = False,
) -> tuple[Posted, bool]:
    """Read a body as far as an acknowledgement asks.

    Parameters
    ----------
    device : Device
        Who sent it.
    kind : str or None
        Kind of records that give none.
    content : bytes
    encoding : str
        Value of `Content-Encoding`; empty for none.
    policy : Policy
    arrived : int
        Microseconds since 1970.
    asks : bool
        Whether it is told what becomes of the records.

    Returns
    -------
    posted : Posted
    is_open : bool
        Whether `check_scope` has yet to tell if the device may send it.

    Raises
    ------
    Refused
        400, 403, 413, 415.
    """
    if encoding:
        content = unpacked_body(content, encoding.strip().lower(), int(policy.serve.unpacked_mb * _MB))
    form, record = form_of(content, policy.files.longest_record)
    if form is PostedForm.OBJECT:
        content = content.strip(b" \t\r\n")
    posted = Posted(arrived, device.name, kind, form, content, asks)
    if not device.kinds and not device.site:
        return posted, False
    allowed = None if record is None else may_send(device, kind, record)
    if allowed is False:
        raise Refused(403, "record_not_allowed")
    return posted, allowed is None


def unpacked_body(content: bytes, encoding: str, most: int) -> bytes:
    """Unpack a body.

    Parameters
    ----------
    content : bytes
    encoding : str
        Value of `Content-Encoding`.
    most : int
        Bytes of the largest body; no more are ever unpacked.

    Raises
    ------
    Refused
        415, 413 or 400.
    """
    if encoding in ("", "identity"):
        return content
    if encoding not in ("gzip", "x-gzip", "zstd"):
        raise Refused(415, "body_encoding_unknown", encoding=encoding)
    if compression_of(content[:4]) != encoding.removeprefix("x-"):
        raise Refused(400, "body_damaged", encoding=encoding)
    file = io.BytesIO(content)
    stream: Unpacked = Zstd(file, carefully=True) if encoding == "zstd" else Gzip(file)
    parts: list[bytes] = []
    size = 0
    try:
        while part := stream.read(min(_CHUNK, most + 1 - size)):
            parts.append(part)
            size += len(part)
            if size > most:
                raise Refused(413, "body_too_large", most=most)
    except (DamageError, OSError) as error:
        raise Refused(400, "body_damaged", encoding=encoding) from error
    if stream.trouble:
        raise Refused(400, "body_damaged", encoding=encoding)
    return b"".join(parts)


def form_of(content: bytes, longest: int) -> tuple[PostedForm, dict[str, Any] | None]:
    """Tell how a body is written; of a single object what it says, too.

    Parameters
    ----------
    content : bytes
        Unpacked.
    longest : int
        Bytes of the longest record.

    Raises
    ------
    Refused
        400, where nothing of it can be read.
    """
    if content[:1] == b"{" and len(content) <= longest and b"[" not in content and content.find(b"{", 1) < 0:
        told = _flat(content)
        if told is not None:
            return PostedForm.OBJECT, told
    start = content[:_HEAD].lstrip(_BLANK)
    if not start and not content.strip(_BLANK):
        raise Refused(400, "body_empty")
    if start.startswith(b"{"):
        line = content.strip(b" \t\r\n")
        if b"\n" in line:
            return PostedForm.TEXT, None
        told = _parsed(line)
        return (PostedForm.OBJECT, told) if _is_flat(told, line, longest) else (PostedForm.TEXT, None)
    if start.startswith(b"["):
        _parsed(content)
        return PostedForm.TEXT, None
    if content.startswith((b"\xff\xff\xff\xff", b"ARROW1")):
        _check_arrow(content)
        return PostedForm.ARROW, None
    head = content[:_HEAD]
    if why := unreadable(head):
        raise Refused(400, "body_not_read", why=why)
    if not has_known_header(head):
        raise Refused(400, "body_without_header")
    return PostedForm.TEXT, None


def may_send(device: Device, kind: str | None, record: dict[str, Any]) -> bool | None:
    """Whether a device may send a single object; None where its keys are other words, and only cleaning tells.

    Parameters
    ----------
    device : Device
    kind : str or None
        Kind of a record that gives none.
    record : dict
    """
    kinds, sites = {kind} if kind else set(), set()
    for key, value in record.items():
        name = key if key in KNOWN_COLUMNS else proper_name(key)
        if name not in KNOWN_COLUMNS:
            return None
        if name == "kind" and value:
            kinds = {value}
        if name == "site" and value:
            sites.add(value)
    if not all(isinstance(each, str) for each in kinds | sites):
        return None
    return (not device.kinds or kinds <= device.kinds) and (not device.site or sites <= {device.site})


def check_scope(posted: Posted, device: Device, policy: Policy) -> None:
    """Refuse a request with any record that the device may not send; the records are cleaned to know.

    Raises
    ------
    Refused
        403.
    """
    for taken in take_posted([posted._replace(position=1)], policy):
        kinds = {events.kind for events, _ in taken.pieces}
        if device.kinds and not kinds <= device.kinds:
            raise Refused(403, "kind_not_allowed", kinds=", ".join(sorted(device.kinds)))
        for events, _ in taken.pieces:
            column = events.codes.get("site")
            sites = set() if column is None else set(column.values.drop_nulls().to_list()) - {""}
            if device.site and not sites <= {device.site}:
                raise Refused(403, "site_not_allowed", site=device.site)


def _flat(content: bytes) -> dict[str, Any] | None:
    """What a single object says that is written as they mostly are: on one line, nothing around it; None of all others."""
    if b"\n" in content:
        return None
    try:
        text = content.decode()
        told, end = _SCAN(text, 0)
    except (ValueError, StopIteration):
        return None
    return told if end == len(text) else None


def _is_flat(told: Any, line: bytes, longest: int) -> bool:
    """Whether a value is an object without lists and objects in it, on a line as long as a record may be."""
    is_object = isinstance(told, dict) and len(line) <= longest and line.startswith(b"{")
    if is_object and b"[" not in line and line.find(b"{", 1) < 0:
        return True
    return is_object and not any(isinstance(each, list | dict) for each in told.values())


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "body_no_json") from error


def _check_arrow(content: bytes) -> None:
    try:
        if content.startswith(b"ARROW1"):
            pa.ipc.open_file(content)
        else:
            pa.ipc.open_stream(content)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Refused(400, "body_no_arrow") from error
