"""All that is written for others of small random campaigns, told, corrected and withdrawn: each file as a text."""

from __future__ import annotations

import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import python_calamine

import poolpipe
from cities.random_city import city
from exchange.outboxes import export
from pipeline.naive import frames_of

OUTBOXES: dict[str, tuple[str, ...]] = {
    "csv": (),
    "csv zh": ("--language", "zh", "--zone", "Europe/Lisbon"),
    "csv spreadsheet": ("--for-spreadsheet", "--call", "positive", "--call", "suspect"),
    "hl7": ("--sender", "L&1", "--receiver", "市|平台"),
    "fhir": (),
}
LISTS: dict[str, tuple[str, ...]] = {
    "xlsx": (), "xlsx both": ("--language", "both", "--show-ids"), "csv-list en": ("--language", "en"), "html": (),
}  # fmt: skip
SAMPLES = tuple(str(seed) for seed in range(4))


def texts_of(sample: str) -> dict[str, str]:
    """What is told in the middle of a campaign and then, into the same outboxes, at its end."""
    frames = frames_of(city(int(sample) + 50, size=("small", "medium")[int(sample) % 2]))
    moments = pl.concat([frame["at"].cast(pl.String) for frame in frames.values()]).drop_nulls().sort()
    texts: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(place)
        for part, moment in (("middle", moments[2 * len(moments) // 3]), ("end", None)):
            options: dict[str, Any] = {} if moment is None else {"as_of": moment}
            poolpipe.run(frames, **options).write(folder / "result")
            for name, asked in (OUTBOXES | LISTS).items():
                out = folder / name.replace(" ", "-")
                to = out.with_suffix(f".{name[:4].strip()}") if name.startswith(("xlsx", "html")) else out
                told = export(folder / "result", to, name.split(" ")[0], "--quiet", *asked)
                text = f"{told.exit_code} {told.stderr}\n{_written(to)}"
                texts[f"{part} {name}"] = re.sub(r'"written_at": "[^"]*"', "", text.replace(place, "PLACE"))
    return texts


def _written(to: Path) -> str:
    if to.is_dir():
        files = sorted(path for path in to.rglob("*") if path.suffix in (".csv", ".hl7", ".json"))
        return "".join(f"{path.relative_to(to)}\n{path.read_bytes().decode()}\n" for path in files)
    if to.suffix != ".xlsx":
        return to.read_bytes().decode() if to.exists() else ""
    book = python_calamine.load_workbook(str(to))
    return "".join(
        f"{title}\n{row}\n" for title in book.sheet_names for row in book.get_sheet_by_name(title).to_python()
    )
