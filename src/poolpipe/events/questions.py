"""Gather in one list what the files of a run leave open, each question with the setting that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.messages import message
from poolpipe.tables import KINDS
from poolpipe.words import COLUMN_WORDS, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.events.reading import Events

__all__ = ["LOAD_FACTS", "open_questions", "questions_of_machine"]

LOAD_FACTS: Final = ("plate", "at", "lab")
"""What every load has and a machine's file may lack; its reader notes `plate_missing` and the like."""
_OPTIONS: Final = {"plate": "--plate BARCODE", "at": "--at TIME"}


def open_questions(events: Events) -> list[dict[str, str]]:
    """List what the files leave open, in the order of the files.

    Parameters
    ----------
    events : Events
        As `read_events` returns them.

    Returns
    -------
    list of dict
        file, code (a key of `poolpipe.messages.MESSAGES`), question (English and Chinese) and answer (the option or the line of
        a mapping or policy that answers it).
    """
    found = [
        _asked(file, each.code, each.asked, each.answer)
        for file, told in events.told.items()
        for each in told.questions
    ]
    found += [
        _asked(file, *told) for file, note in events.notes.items() for told in questions_of_machine(note)
    ]
    told_already = {each["file"] for each in found if each["code"] == "kinds_alike"}
    untold = events.rejects.filter((pl.col("code") == "unknown_kind") & pl.col("kind").is_null())
    for file in sorted(set(untold["file"].to_list()) - told_already):
        found.append(
            _asked(
                file,
                "kind_untold",
                message("kind_untold", {"file": file}),
                f"poolpipe run FILE --kind {'|'.join(KINDS)}",
            )
        )
    return sorted(found, key=lambda each: (each["file"], each["code"]))


def _asked(file: str, code: str, question: str, answer: str) -> dict[str, str]:
    return {"file": file, "code": code, "question": question, "answer": answer}


def questions_of_machine(note: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List what a machine's file lacks so that events are lost: it was left out, or its loads have no laboratory.

    Parameters
    ----------
    note : mapping
        As the reader of machines' files notes it.

    Returns
    -------
    list of (str, str, str)
        Code, question and answer.
    """
    found: list[tuple[str, str, str]] = []
    if note.get("left_out"):
        found.append(("machine_left_out", message("machine_left_out", {}), str(note["left_out"])))
    lacking = [fact for fact in LOAD_FACTS if f"{fact}_missing" in note.get("answers", {})]
    if lacking:
        options = " ".join(_OPTIONS[fact] for fact in lacking if fact in _OPTIONS)
        by_import = message("import_then_run", {"file": Wording("FILE", "文件"), "options": options})
        answer = by_import if options else str(note["answers"]["lab_missing"])
        found.append(
            (
                "facts_untold",
                message(
                    "facts_untold",
                    {"facts": Wording(", ".join(lacking), "、".join(COLUMN_WORDS[fact] for fact in lacking))},
                ),
                answer,
            )
        )
    return found
