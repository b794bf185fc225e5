"""Draw how each file is understood, for `poolpipe check`, and write it as a mapping that can be edited."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from poolpipe.details import reject_text
from poolpipe.display import mask, mask_sound_ids, visible, withheld, withhold_values
from poolpipe.events.understood_columns import is_numbering
from poolpipe.languages import both, language, one_language
from poolpipe.messages import in_language
from poolpipe.messages.phrases import import_word, question_word
from poolpipe.terminal.marks import Board, frame, plain
from poolpipe.words import COLUMN_WORDS, EVENT_WORDS, REFERENCE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poolpipe.events.understanding import UnderstoodFile
    from poolpipe.events.understood_columns import UnderstoodColumn

__all__ = ["mapping_text", "understood_as_json", "understood_boards"]

_OF_PEOPLE: Final = (
    "name",
    "phone",
    "giver",
    "receiver",
    "operator",
    "birth_date",
    "building",
    "household",
    "",
)
"""Columns of which only the shape of values is shown, unknown ones too: any of them may hold a name."""

_KIND_FROM: Final = {
    "mapping": "by the mapping 按列对应文件",
    "name": "by its name 按名称",
    "option": "by --kind 按 --kind",
    "header": "by its header 按表头",
    "column": "by a column 按列",
    "machine": "a machine's 仪器文件",
    "table": "a reference table 基础表",
}


def understood_boards(files: Sequence[UnderstoodFile], *, show_ids: bool = False) -> Iterator[Board]:
    """A board for each file that has columns or is a machine's, then one of the files left aside, then the questions.

    Parameters
    ----------
    files : sequence of UnderstoodFile
        As `events.understanding.understand` gives them.
    show_ids : bool
        Show identity numbers and names in full.
    """
    for each in files:
        if not each.skipped:
            yield _file_board(each, show_ids=show_ids)
    aside = [each for each in files if each.skipped]
    if aside:
        board = frame(f"{both('Not read', '不读取')} · {len(aside):,}")
        for heading in ("file\n文件", "why\n原因"):
            board.add_column(heading, overflow="fold")
        for each in aside:
            board.add_row(plain(each.file), plain(in_language(each.skipped), "yellow"))
        yield board
    asked = [(each.file, question) for each in files for question in each.questions]
    if not asked:
        return
    board = frame(f"{both('To be answered', '待确认')} · {len(asked):,}")
    for heading in ("file\n文件", "question\n问题", "answer by\n答复方式"):
        board.add_column(heading, overflow="fold")
    for file, question in asked:
        board.add_row(
            plain(file),
            plain(in_language(question.asked), "yellow"),
            plain(import_word(in_language(question.answer))),
        )
    yield board


def _file_board(each: UnderstoodFile, *, show_ids: bool) -> Board:
    facts = [
        f"{_kind(each.kind) or both('no kind', '种类不明')} ({one_language(_KIND_FROM[each.kind_from])})"
        if each.kind_from
        else _kind(each.kind) or "?",
        import_word(each.form),
        both(f"header in line {each.header_line}", f"表头在第 {each.header_line} 行")
        if each.header_line
        else "",
        f"{both('times like', '时间格式')} {each.times}" if each.times else "",
        f"{each.records:,} {both('records looked at', '条记录已查看')}",
        *(f"{code} {count:,}" for code, count in each.rejects.items()),
    ]
    board = frame(f"{visible(each.file)} · {' · '.join(filter(None, facts))}", show_ids=show_ids)
    for heading in ("column\n表头", "read as\n识别为", "values\n取值示例"):
        board.add_column(heading, overflow="fold")
    for column in each.columns:
        numbering = both("numbers the lines: left out", "序号，不读取")
        left_out = numbering if is_numbering(column) else both("left out", "不读取")
        meaning = Text(_column(column.column)) if column.column else Text(left_out, style="dim")
        words = each.words.get(column.column, {})
        told = ", ".join(f"{word} = {value}" for word, value in words.items())
        samples = ", ".join(_shown(sample, column, show_ids=show_ids) for sample in column.samples)
        board.add_row(plain(column.header), meaning, plain(f"{samples}; {told}" if told else samples))
    for code, (line, detail) in each.examples.items():
        where = both(f"refused, line {line}", f"拒收，第 {line} 行") if line else both("refused", "拒收")
        why = reject_text(detail if show_ids else withhold_values(detail))
        board.add_row(plain(code, "yellow"), Text(where), plain(why))
    for code, setting in each.decided.items():
        board.add_row(
            plain(question_word(code)),
            Text(both("decided by the policy", "按判读规则处理"), style="dim"),
            plain(import_word(setting)),
        )
    return board


def _kind(kind: str) -> str:
    """Kinds of event, with their numbers where a file holds several, or a reference table, in the language of the reader."""
    if language() != "zh":
        return kind
    return re.sub(r"[a-z]+", lambda found: _KINDS[found[0]].chinese if found[0] in _KINDS else found[0], kind)


_KINDS: Final = EVENT_WORDS | REFERENCE_WORDS


def _column(name: str) -> str:
    """A column of docs/tables.md by its name, with its Chinese one."""
    return f"{name} {COLUMN_WORDS[name]}" if language() != "en" and name in COLUMN_WORDS else name


def _shown(sample: str, column: UnderstoodColumn, *, show_ids: bool) -> str:
    """A value as it may be shown: numbers of people masked, of names and unknown columns only the shape."""
    if show_ids:
        return sample
    if column.column == "person":
        return mask(sample)
    if column.column in _OF_PEOPLE and not is_numbering(column):
        return withheld(sample)
    return mask_sound_ids(sample)


def understood_as_json(files: Sequence[UnderstoodFile], *, show_ids: bool = False) -> dict[str, Any]:
    """What the boards show, for programs; docs/your-files.md explains the keys.

    Parameters
    ----------
    files : sequence of UnderstoodFile
        As `events.understanding.understand` gives them.
    show_ids : bool
        Show identity numbers and names in full.
    """
    return {
        "schema": "poolpipe.check/1",
        "asked": sum(len(each.questions) for each in files),
        "files": [
            {
                "file": each.file,
                "kind": each.kind or None,
                "kind_from": each.kind_from or None,
                "form": each.form,
                "header_line": each.header_line,
                "columns": [
                    {
                        "header": column.header,
                        "column": column.column or None,
                        "samples": [_shown(sample, column, show_ids=show_ids) for sample in column.samples],
                    }
                    for column in each.columns
                ],
                "words": each.words,
                "times": each.times or None,
                "records": each.records,
                "rejects": each.rejects,
                "examples": {
                    code: {"line": line or None, "detail": detail if show_ids else withhold_values(detail)}
                    for code, (line, detail) in each.examples.items()
                },
                "skipped": each.skipped or None,
                "decided": each.decided,
                "questions": [
                    {"code": question.code, "question": question.asked, "answer": question.answer}
                    for question in each.questions
                ],
            }
            for each in files
        ],
    }


def mapping_text(files: Sequence[UnderstoodFile]) -> str:
    """Write how files are understood as a mapping (TOML), which can be edited and given to `run --mapping`.

    Parameters
    ----------
    files : sequence of UnderstoodFile
        As `events.understanding.understand` gives them.
    """
    lines = [
        "# How poolpipe understands these files; edit, and give it to run --mapping. An empty column is left out.",
        '# 各文件的识别结果：修改后用 run --mapping 提供。列名为 "" 表示不读取；kind = "skip" 表示不读取该文件。',
    ]
    for each in files:
        if each.skipped or not each.columns:
            continue
        lines += ["", f"[files.{_quoted(each.file)}]"]
        if each.kind_from in ("mapping", "name", "option", "header"):
            lines.append(f"kind = {_quoted(each.kind)}")
        if each.header_line:
            lines.append(f"header = {each.header_line}")
        lines.append(f"[files.{_quoted(each.file)}.columns]")
        lines += [f"{_quoted(name)} = {_quoted(column)}" for name, column in _columns(each).items()]
        lines += [f"# {' '.join(question.asked.split())}" for question in each.questions]
    return "\n".join(lines) + "\n"


def _columns(each: UnderstoodFile) -> dict[str, str]:
    """Header to column; of several that stand for one column all are there, so that the others can be emptied."""
    return {column.header: column.column for column in each.columns if column.header}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
