"""Files of PCR machines and pipetting robots given to `run` directly: recognised by what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poolpipe.policy import Policy

__all__ = ["Machines"]

_ENDINGS = (
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xls",
    ".xlsm",
    ".eds",
    ".rdml",
    ".pcrd",
    ".lis",
    ".rex",
    ".gwl",
    ".trc",
)
_COMPRESSED = (".gz", ".zst", ".zstd")


class Machines:
    """Reads machines' files as events; see `poolpipe.instruments` for what each format means.

    Every ambiguity is decided as `ImportPolicy` decides it by default, in the campaign's time zone; what needs
    a word from a human (no plate, no time) is refused with the option of `poolpipe import` that gives it.
    """

    def __init__(self, policy: Policy) -> None:
        self._zone = policy.time_zone
        self._known: dict[Path, bool] = {}
        self._notes: dict[Path, dict[str, Any]] = {}

    def recognises(self, path: Path) -> bool:
        """Tell whether a file is a machine's: of files with event files' endings only odd text is looked at."""
        if path not in self._known:
            self._known[path] = self._looks_foreign(path)
        return self._known[path]

    def frames(self, path: Path) -> Mapping[str, pl.DataFrame]:
        """Give the file's read, load and report events; loads without a lab too, to be rejected by name.

        Raises
        ------
        InstrumentError
            If the file is damaged, ambiguous beyond the policy, or lacks a plate or a time.
        """
        from poolpipe import instruments

        policy = instruments.ImportPolicy(zone=self._zone)
        file = instruments.read(path, policy=policy)
        self._notes[path] = {
            "format": file.recognised.format,
            "questions": sorted({question.code for question in file.questions}),
            "not_understood": len(file.not_understood),
        }
        frames = dict(instruments.events(file, policy))
        nowhere = file.loads.filter(pl.col("lab").is_null()).select(
            "at", "plate", "well", "tube", "role", "lab"
        )
        if nowhere.height:
            parts = [frames["load"], nowhere] if "load" in frames else [nowhere]
            frames["load"] = pl.concat(parts, how="diagonal")
        return frames

    def notes(self) -> Mapping[Path, dict[str, Any]]:
        """Tell of each file that was read its format, which questions it left to the policy, and what was unclear."""
        return self._notes

    def _looks_foreign(self, path: Path) -> bool:
        from poolpipe.events import is_event_file

        bare = path.name.lower()
        for ending in _COMPRESSED:
            bare = bare.removesuffix(ending)
        if not bare.endswith(_ENDINGS) or is_event_file(path):
            return False
        from poolpipe import instruments

        return instruments.recognise(path) is not None
