"""A few scans as text, and what became of the files they were written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poolpipe.events import Events, read_events
from poolpipe.policy import Policy, load_policy

if TYPE_CHECKING:
    from pathlib import Path

POLICY = load_policy()
HEADER = ("at", "tube", "person", "site")
ROWS = tuple(
    (f"2022-02-10T08:0{number}:00+08:00", f"T-{number:03}", f"36078119850101{number:04}", site)
    for number, site in enumerate(("县医院", "一小", "S1", ""))
)
TUBES = [row[1] for row in ROWS]


def csv_text(rows: Any = ROWS, *, header: Any = HEADER, end: str = "\n", separator: str = ",") -> str:
    """Rows as plain CSV: nothing is quoted."""
    return "".join(separator.join(row) + end for row in (header, *rows))


def read(inputs: Any, policy: Policy = POLICY) -> Events:
    """Read, and see that no record of any file was lost or counted twice."""
    events = read_events(inputs, policy)
    rejected = dict(events.rejects.group_by("file").len().iter_rows())
    for file in events.files:
        assert file["read"] == file["accepted"] + file["duplicates"] + file["rejected"], file
        assert file["rejected"] == rejected.get(file["file"], 0), file
    assert sum(file["accepted"] for file in events.files) == sum(
        frame.height for frame in events.frames.values()
    )
    return events


def read_text(folder: Path, content: str | bytes, name: str = "collect.csv", **options: Any) -> Events:
    """Write one file and read it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read(folder / name, **options)


def cuts(content: bytes, first: int = 0, last: int = 0) -> list[int]:
    """Places from `first` to `last` (else the end) to cut at: on both sides of every sign, and every third in a word."""
    return [
        cut
        for cut in range(first, last or len(content))
        if cut % 3 == 0 or not (content[cut - 1 : cut].isalnum() and content[cut : cut + 1].isalnum())
    ]


def tubes(events: Events, kind: str = "collect") -> list[str]:
    """Codes of the tubes of one kind of event, in the order of `column`."""
    return [] if events.frames[kind].is_empty() else column(events, "tube", kind)


def column(events: Events, name: str, kind: str = "collect") -> list[Any]:
    """Texts of a coded column, or the values of a plain one; null where no event has the column.

    In the order of time; within a moment collects lie tube by tube, other kinds as they came.
    """
    frame = events.frames[kind].sort("at", maintain_order=True)
    if "attributes_id" in frame.columns:
        frame = events.codes.with_attributes(frame)
    if name not in frame.columns:
        return [None] * frame.height
    if name == "person":
        return events.codes.person(frame[name])[1].to_list()
    if name in ("tube", "box", "plate"):
        return events.codes.entity(name, frame[name])[1].to_list()
    if name in ("site", "point", "lab", "target", "device", "recall_of"):
        return events.codes.text(name, frame[name]).to_list()
    return frame[name].to_list()


def codes(events: Events) -> list[tuple[int | None, str]]:
    """Line and code of every reject, in the order of lines."""
    return sorted(events.rejects.select("line", "code").rows(), key=lambda row: (row[0] or 0, row[1]))


def counts(events: Events) -> tuple[int, int, int, int]:
    """read, accepted, duplicates, rejected over all files."""
    names = ("read", "accepted", "duplicates", "rejected")
    return tuple(sum(file[name] for file in events.files) for name in names)
