"""Instrument and robot files read by their content: readings, loads and reports; no Ct is guessed.

>>> from poolpipe.instruments import read  # doctest: +SKIP
>>> read("run.xlsx").readings  # doctest: +SKIP
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.import_policy import ImportPolicy
from poolpipe.instruments.errors import InstrumentError, MissingFactError

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.instruments.model import InstrumentFile

__all__ = ["ImportPolicy", "InstrumentError", "MissingFactError", "events", "read", "recognise"]

HEAD_BYTES = (
    256 * 1024
)  # enough for any preamble; a city's event files are not read to know that they are none
CONTAINERS = (b"PK", b"\xd0\xcf\x11\xe0")
GZIP = b"\x1f\x8b"
SECTION = re.compile(rb"(?m)^\[[^\]\r\n]{1,80}\]\s*$")


def read(
    path: str | Path | bytes,
    *,
    policy: ImportPolicy | None = None,
    plate: str | None = None,
    name: str | None = None,
    layouts: Path | None = None,
) -> InstrumentFile:
    """Read a PCR machine's export, a robot's worklist or log, a plate map, or a results file.

    Parameters
    ----------
    path : str, Path or bytes
        The file, or its bytes (then `name` says what to call it). The name never decides the format.
    policy : ImportPolicy, optional
        How ambiguities are decided; the defaults never make a negative out of nothing.
    plate : str, optional
        The plate's barcode where the file has none.
    name : str, optional
        Name of the file in messages, and for `plate_file_name`.
    layouts : Path, optional
        A folder with the lab's own layouts (TOML).

    Returns
    -------
    InstrumentFile
        `readings` (plate, well, target, ct with null for undetermined, sample, flags, ct_text, at, line), `loads`,
        `reports`, `pools`; `recognised`, `not_understood` and `questions` beside them.

    Raises
    ------
    InstrumentError
        UnknownFormatError, RefusedFormatError, DamagedFileError, AmbiguousFileError: nothing was read.

    Examples
    --------
    >>> found = read("data/samples/instruments/cfx.csv")
    >>> found.readings.select("plate", "well", "target").row(0)
    ('P220210A', 'A01', 'ORF1ab')
    """
    from poolpipe.instruments.reader import read_bytes

    policy = policy or ImportPolicy()
    if plate is not None:
        policy = policy.model_copy(update={"plate": plate})
    content, name = _content(path, name, limit=policy.max_bytes + 1)
    return read_bytes(content, name, policy, layouts)


def events(
    instrument_file: InstrumentFile,
    policy: ImportPolicy | None = None,
    *,
    without_lab: bool = False,
    lines: bool = False,
) -> dict[str, pl.DataFrame]:
    """Turn an instrument file into events (docs/tables.md) by kind.

    Parameters
    ----------
    instrument_file : InstrumentFile
        As `read` returns it with the same policy.
    policy : ImportPolicy, optional
        Gives the `round`.
    without_lab : bool
        Also give loads without a lab, which `poolpipe run` rejects as `missing_value`.
    lines : bool
        Also give a column `line` (int64): the event's line in the file, from 1; 0 where the format has none.

    Returns
    -------
    dict of str to DataFrame
        Kind (`read`, `load`, `report`) to a frame of events; see `poolpipe.instruments.contract_events.events`.

    Raises
    ------
    MissingFactError
        Readings without plate or time, reports without time, and loads with a lab but without plate or time.

    Examples
    --------
    >>> found = read("data/samples/instruments/cfx.csv")
    >>> sorted(events(found, ImportPolicy(lab="L1")))
    ['read']
    """
    from poolpipe.instruments import contract_events

    return contract_events.events(instrument_file, policy, without_lab=without_lab, lines=lines)


def recognise(
    path: str | Path | bytes, *, layouts: Path | None = None, policy: ImportPolicy | None = None
) -> str | None:
    """Recognise the format of a file by its content.

    Of a text only the first 256 kB are read, unless it has `[sections]`. The policy's targets decide whether a table
    with a column per target is recognised.

    Parameters
    ----------
    path : str, Path or bytes
        The file, or its bytes.
    layouts : Path, optional
        A folder with the lab's own layouts (TOML).
    policy : ImportPolicy, optional
        How ambiguities are decided.

    Returns
    -------
    str or None
        Name of the format; `refused` for a file that `read` refuses with advice (`.pcrd`, a Design & Analysis `.eds`, a
        web page called `.xls`, results that no layout reads); None for any other file, event files and reference tables
        included.

    Examples
    --------
    >>> recognise("data/samples/instruments/cfx.csv")
    'cfx-maestro'
    >>> recognise("data/samples/instruments/README.md") is None
    True
    """
    try:
        return _format_of(path, layouts, policy)
    except InstrumentError:
        return None


def _format_of(path: str | Path | bytes, layouts: Path | None, policy: ImportPolicy | None) -> str | None:
    from poolpipe.instruments.recognition import recognise_bytes

    most = (policy or ImportPolicy()).max_bytes + 1
    content, name = _content(path, None, limit=HEAD_BYTES)
    whole = len(content) != HEAD_BYTES
    if content.startswith(GZIP):
        content, whole = _unzipped_head(content), False
    if content.startswith(CONTAINERS):  # an archive's table of contents is at its end
        content, name = _content(path, None, limit=most)
        whole = True
    found = recognise_bytes(content, name, whole=whole, layouts=layouts, policy=policy)
    if found in (None, "refused") and not whole and SECTION.search(content):  # raw data before the results
        content, name = _content(path, None, limit=most)
        found = recognise_bytes(content, name, whole=True, layouts=layouts, policy=policy)
    return found


def _unzipped_head(content: bytes) -> bytes:
    """The first text of a gzip file's head; empty where it is none."""
    try:
        return zlib.decompressobj(31).decompress(content, HEAD_BYTES)
    except zlib.error:
        return b""


def _content(path: str | Path | bytes, name: str | None, *, limit: int) -> tuple[bytes, str]:
    if isinstance(path, bytes):
        return path[:limit], name or "<bytes>"
    try:
        with Path(path).open("rb") as stream:
            return stream.read(limit), name or Path(path).name
    except OSError as error:
        raise InstrumentError.of("file_not_opened", where=str(path), why=error.strerror) from error
