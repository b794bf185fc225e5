"""Read files of PCR machines and pipetting robots that are given to `run`, recognised by content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poolpipe.events.questions import LOAD_FACTS
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from poolpipe.instruments import InstrumentError
    from poolpipe.policy import Policy

__all__ = ["InstrumentSource"]

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
_OPTIONS = {"plate": "--plate BARCODE", "time": "--at TIME"}
"""Facts that a file may lack, and the options of `poolpipe import` that give them."""


class InstrumentSource:
    """Reads machines' files as events; see `poolpipe.instruments` for what each format means.

    Every ambiguity is decided by the campaign's policy: its zone, targets, plates and codes, and its table `[machines]`.
    What that leaves open (no plate, no time) is refused with the command that gives it.

    Parameters
    ----------
    policy : Policy
        The campaign's.

    Raises
    ------
    PolicyError
        If its `[machines]` has a setting that does not exist or a value outside its range.
    """

    def __init__(self, policy: Policy) -> None:
        from poolpipe.instruments.campaign import campaign_import_policy

        self._policy = campaign_import_policy(policy)
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
        from poolpipe.instruments.answers import answer

        try:
            file = instruments.read(path, policy=self._policy)
            asked = {question.code: answer(question.setting, "run") for question in file.questions}
            for fact in LOAD_FACTS:
                if file.loads[fact].null_count():
                    asked[f"{fact}_missing"] = answer(fact, "run")
            missed = sum(finding.severity != "info" for finding in file.not_understood)
            self._note(path, file.recognised.format, asked, missed)
            return instruments.events(file, self._policy, without_lab=True, lines=True)
        except instruments.MissingFactError as error:
            given = [option for fact, option in _OPTIONS.items() if fact in error.what]
            way_out = message("import_then_run", {"file": path.name, "options": " ".join(given)})
            raise self._left_out(path, error, way_out) from error
        except instruments.InstrumentError as error:
            raise self._left_out(path, error, error.way_out) from error

    def notes(self) -> Mapping[Path, dict[str, Any]]:
        """Give for each file its format, its questions with their settings, what was unclear, and why it was left out."""
        return self._notes

    def _note(self, path: Path, kind: str, questions: dict[str, str], missed: int) -> None:
        self._notes[path] = {
            "format": kind,
            "questions": sorted(questions),
            "answers": dict(sorted(questions.items())),
            "not_understood": missed,
            "left_out": None,
        }

    def _left_out(self, path: Path, error: InstrumentError, way_out: str) -> InstrumentError:
        """The error with a way out that this command has; noted, so that the first board can name the file."""
        told = type(error).like(error, where=error.where, way_out=way_out)
        if path not in self._notes:
            self._note(path, "", {}, 0)
        self._notes[path]["left_out"] = "; ".join(part for part in (error.what, way_out) if part)
        return told

    def _looks_foreign(self, path: Path) -> bool:
        from poolpipe.events import is_event_file

        bare = path.name.lower()
        for ending in _COMPRESSED:
            bare = bare.removesuffix(ending)
        if not bare.endswith(_ENDINGS) or is_event_file(path):
            return False
        from poolpipe import instruments

        return instruments.recognise(path, policy=self._policy) is not None
