"""How each file was understood: kind, columns, what was left out, and what was not read, as a page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from poolpipe.messages.phrases import import_word, question_word
from poolpipe.pages.words import Words, masked_text, masked_words
from poolpipe.words import EVENT_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FileRow", "files_understood", "files_unread", "words_understood"]


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of the input.

    Attributes
    ----------
    name : str
        As in the summary.
    kind : Words or str
        Kind of events, or the machine's format; empty where the summary does not tell.
    counts : tuple of int
        Records read, accepted, duplicate, rejected.
    columns : tuple of (str, str)
        Header in the file, and the column for which it was taken.
    left_out : tuple of str
        Headers that were not used.
    decided : tuple of Words
        What was decided by the policy, and under which key.
    """

    name: str
    kind: Words | str
    counts: tuple[int, int, int, int]
    columns: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    decided: tuple[Words, ...]


def files_understood(summary: Mapping[str, Any], *, show_ids: bool, most: int) -> list[FileRow]:
    """Describe the files that were read, those with rejected records first.

    Parameters
    ----------
    summary : mapping
        As in `Day.summary`.
    show_ids : bool
        Leave numbers in headers and names of files as they are.
    most : int
        Files described.
    """
    files = sorted(summary["files"], key=lambda each: (each["rejected"] == 0, each["file"]))
    return [_file(each, summary, show_ids=show_ids) for each in files[:most]]


def _file(counts: Mapping[str, Any], summary: Mapping[str, Any], *, show_ids: bool) -> FileRow:
    name = counts["file"]
    told = summary.get("understood", {}).get(name, {})
    machine = summary.get("instruments", {}).get(name, {})
    kind: Words | str = (
        Words(*EVENT_WORDS[told["kind"]]) if told.get("kind") in EVENT_WORDS else machine.get("format", "")
    )
    keys = machine.get("answers", {})
    decided = [
        masked_words(f"{question}: {keys.get(question, '–')}", show_ids=show_ids, draw=_decided)
        for question in machine.get("questions", ())
    ]
    pairs = told.get("columns", {})
    return FileRow(
        masked_text(name, show_ids=show_ids),
        kind,
        (counts["read"], counts["accepted"], counts["duplicates"], counts["rejected"]),
        tuple((masked_text(header, show_ids=show_ids), str(column)) for header, column in pairs.items()),
        tuple(
            masked_text(each, show_ids=show_ids) for each in summary.get("columns_left_out", {}).get(name, ())
        ),
        tuple(decided),
    )


def _decided(text: str) -> str:
    """A question and the setting that decided it, in the language of the reader."""
    question, _, setting = text.partition(": ")
    return f"{question_word(question)}: {import_word(setting)}"


def files_unread(summary: Mapping[str, Any], *, show_ids: bool, most: int) -> list[tuple[str, Words]]:
    """Name files that were not read, with the reason.

    Parameters
    ----------
    summary : mapping
        As in `Day.summary`.
    show_ids : bool
        Leave numbers as they are.
    most : int
        Files named.
    """
    because = summary.get("skipped_because", {})
    why = {file: because.get(file, "") for file in summary.get("skipped", ())}
    why |= {
        file: told["left_out"]
        for file, told in summary.get("instruments", {}).items()
        if told.get("left_out")
    }
    return [
        (masked_text(file, show_ids=show_ids), masked_words(told or "–", show_ids=show_ids))
        for file, told in sorted(why.items())[:most]
    ]


def words_understood(summary: Mapping[str, Any], *, show_ids: bool) -> list[tuple[str, str, str]]:
    """Words of laboratories that stand for values: column, word, value.

    Parameters
    ----------
    summary : mapping
        As in `Day.summary`.
    show_ids : bool
        Leave numbers as they are.
    """
    told = summary.get("words", {})
    return [
        (column, masked_text(word, show_ids=show_ids), str(value))
        for column in sorted(told)
        for word, value in sorted(told[column].items())
    ]
