"""The plain SQL files of the night: what each table is, by its header, and the order in which they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["DATE_MEANING", "MartFile", "in_order", "mart_files", "mart_headings"]

FOLDERS = ("base", "dimensions", "marts")

DATE_MEANING = ("the day, local (time zone of the policy)", "日期（判读规则的时区）")
"""What the column `date` means, which every mart begins with."""

_FIELD = re.compile(r"(grain|粒度|key|kind|reads)(?:: |：|:)(.*)")
_COLUMN = re.compile(r"column (\w+): (.*) \| (.*)")


@dataclass(frozen=True, slots=True)
class MartFile:
    """One SQL file: a header of comments, and one select.

    Attributes
    ----------
    name : str
        Of the file and of the table.
    folder : str
        `base` for tables that a night needs while it counts, `dimensions`, or `marts`.
    english, chinese : str
        What a row of it tells.
    grain, grain_chinese : str
        What a row is of; empty in `base`.
    key : tuple of str
        Columns whose values no two rows of a day share; empty in `base`.
    kind : str
        `table`; `view` where nothing is kept in between.
    reads : tuple of str
        Tables it reads: other files', those of docs/tables.md, and what Python lays out (`poolpipe.nightly.counting`).
    columns : dict
        Name to meaning in English and Chinese; `date` is not among them. Empty in `base`.
    select : str
        The query, without a semicolon.
    """

    name: str
    folder: Literal["base", "dimensions", "marts"]
    english: str
    chinese: str
    grain: str
    grain_chinese: str
    key: tuple[str, ...]
    kind: Literal["table", "view"]
    reads: tuple[str, ...]
    columns: Mapping[str, tuple[str, str]]
    select: str

    @property
    def by_day(self) -> bool:
        """Whether its rows are of a day and begin with `date`."""
        return self.folder == "marts"


@cache
def mart_files() -> Mapping[str, MartFile]:
    """Give every SQL file by its name: the dimensions and marts in the order of their names, after `base`."""
    found: dict[str, MartFile] = {}
    for folder in FOLDERS:
        place = resources.files("poolpipe.nightly").joinpath("sql", folder)
        for file in sorted(place.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".sql"):
                mart = _parsed(file.name.removesuffix(".sql"), folder, file.read_text(encoding="utf-8"))
                found[mart.name] = mart
    return found


_TOLD_OF_DAYS = {
    "date": "日期", "version": "版本", "as_of": "结果截止时刻", "policy_version": "规则版本", "small_cell": "隐去的小数上限",
    "poolpipe": "程序版本", "code": "代码", "english": "英文", "chinese": "中文",
}  # fmt: skip
"""Chinese headings of `nights` and `notes`, which no SQL file makes."""

_HEADING = re.compile(r"[^；，（：。、;:(]+")


def mart_headings(name: str, columns: Iterable[str]) -> dict[str, str]:
    """Give columns of a table a heading in both languages, the name and then the Chinese: how its meaning in Chinese begins.

    Parameters
    ----------
    name : str
        Of the table.
    columns : iterable of str
    """
    meanings = {
        **_TOLD_OF_DAYS,
        **{column: told for column, (_, told) in mart_files()[name].columns.items()},
    } if name in mart_files() else _TOLD_OF_DAYS  # fmt: skip
    return {
        each: f"{each} {found[0].strip()}" for each in columns if (found := _HEADING.match(meanings[each]))
    }


def in_order(files: Iterable[MartFile]) -> list[MartFile]:
    """Put files behind those that they read; otherwise they keep their order."""
    waiting, done, ordered = list(files), set[str](), list[MartFile]()
    names = {each.name for each in waiting}
    while waiting:
        ready = next(each for each in waiting if not ({*each.reads} & names) - done)
        waiting.remove(ready)
        done.add(ready.name)
        ordered.append(ready)
    return ordered


def _parsed(name: str, folder: str, text: str) -> MartFile:
    """Read a header: a description in English and one in Chinese, fields, columns; continued lines are joined."""
    lines = text.splitlines()
    end = next(place for place, line in enumerate(lines) if not line.startswith("--"))
    told: list[str] = []
    english: list[str] = []
    chinese: list[str] = []
    for line in lines[:end]:
        said = line.removeprefix("--").strip()
        if told or _FIELD.match(said):
            told.append(said)
        else:
            (chinese if any("一" <= sign <= "鿿" for sign in said) else english).append(said)
    fields = {match[1]: match[2].strip() for each in told if (match := _FIELD.fullmatch(each))}
    columns = {match[1]: (match[2], match[3]) for each in told if (match := _COLUMN.fullmatch(each))}
    return MartFile(
        name=name,
        folder=folder,  # type: ignore[arg-type]  # one of FOLDERS
        english=" ".join(english),
        chinese="".join(chinese),
        grain=fields.get("grain", ""),
        grain_chinese=fields.get("粒度", ""),
        key=_names(fields.get("key", "")),
        kind=fields.get("kind", "table"),  # type: ignore[arg-type]  # held by tests/nightly
        reads=_names(fields.get("reads", "")),
        columns=columns,
        select="\n".join(lines[end:]).strip(),
    )


def _names(told: str) -> tuple[str, ...]:
    return tuple(name for each in told.split(",") if (name := each.strip()))
