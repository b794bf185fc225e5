"""CSV for the city's platform: one row a person, cut into files that no spreadsheet truncates."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from poolpipe.exchange.results import CALL_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from poolpipe.exchange.results import Result

__all__ = ["HEADERS", "SPREADSHEET_ROWS", "csv_rows", "write_csv"]

# England lost 15,841 cases in 2020 to a row limit; a file never comes near the 1,048,576 rows of a sheet.
SPREADSHEET_ROWS = 1_000_000
HEADERS = {
    "en": ("round", "tube", "sampling", "people", "person_type", "person", "position", "collected_at", "lab", "call",
           "called_at", "ct"),
    "zh": ("轮次", "管号", "采样方式", "人数", "证件类型", "证件号码", "序号", "采样时间", "检测机构", "检测结果", "报告时间",
           "Ct值"),
}  # fmt: skip


def csv_rows(
    found: Iterable[Result], *, zone: str = "Asia/Shanghai", language: str = "en"
) -> Iterator[tuple[str, ...]]:
    """Rows under HEADERS[language]; a tube of which nobody is known has one row without person.

    Parameters
    ----------
    found : iterable of Result
        Results.
    zone : str
        Zone of the times, which are RFC 3339 with offset.
    language : {"en", "zh"}
        Words of the result.
    """
    place = ZoneInfo(zone)

    def when(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(place).isoformat(timespec="seconds")

    for result in found:
        word = CALL_WORDS[result.call][language == "zh"]
        cts = "; ".join(
            f"{target} {'Undetermined' if ct is None else f'{ct:g}'}" for target, ct in result.cts
        )
        head = (result.round, result.tube, result.mixture, str(len(result.members)))
        tail = (result.lab or "", word, when(result.called_at), cts)
        people = [(m.person_type, m.person, str(m.position), when(m.collected_at)) for m in result.members]
        for person in people or [("", "", "", when(result.collected_at))]:
            yield tuple(_harmless(cell) for cell in (*head, *person, *tail))


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not run as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def write_csv(
    found: Iterable[Result],
    out: Path,
    *,
    zone: str = "Asia/Shanghai",
    language: str = "en",
    rows_per_file: int = SPREADSHEET_ROWS,
) -> list[Path]:
    """Write `results-001.csv`, ... and `results.manifest.json` with rows and SHA-256 of each, for counting on arrival.

    Returns
    -------
    list of Path
        The files, the manifest last. UTF-8 with byte-order mark, so that spreadsheets read Chinese.
    """
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    manifest: list[dict[str, object]] = []
    batch: list[tuple[str, ...]] = []

    def finish() -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([HEADERS[language], *batch])
        content = text.getvalue().encode("utf-8-sig")
        path = out / f"results-{len(written) + 1:03d}.csv"
        path.write_bytes(content)
        written.append(path)
        manifest.append(
            {"file": path.name, "rows": len(batch), "sha256": hashlib.sha256(content).hexdigest()}
        )
        batch.clear()

    for row in csv_rows(found, zone=zone, language=language):
        batch.append(row)
        if len(batch) == rows_per_file:
            finish()
    if batch or not written:
        finish()
    path = out / "results.manifest.json"
    path.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return [*written, path]
