"""Draw the boards of the input: machines' files and what was assumed of them, columns and files left out."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rich.text import Text

from poolpipe.events import SETTLED
from poolpipe.languages import both
from poolpipe.messages import in_language
from poolpipe.messages.phrases import import_word, question_word
from poolpipe.tables import EVENTS
from poolpipe.terminal.advice import ALIASES
from poolpipe.terminal.marks import Board, frame, plain

if TYPE_CHECKING:
    from poolpipe.results.day import Day

__all__ = ["asked_board", "machine_board", "unused_board"]


_HOLLOW = ("no record in it: empty, or a header alone", "没有记录：空文件或只有表头")


def asked_board(day: Day, *, rows: int = 20) -> Board | None:
    """Draw what the files leave open, each with the setting that answers it; None where nothing is open.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    rows : int
        Longest list; what is left out is counted.
    """
    asked = day.summary.get("asked", [])
    if not asked:
        return None
    board = frame(
        f"{both('To be answered', '待确认')} · {len(asked):,} · {both('poolpipe check FILE explains', '可先用 poolpipe check 查看')}",
        more=max(len(asked) - rows, 0),
    )
    for heading in ("file\n文件", "question\n问题", "answer by\n答复方式"):
        board.add_column(heading, overflow="fold")
    for each in asked[:rows]:
        question, answer = in_language(each["question"]), import_word(in_language(each["answer"]))
        board.add_row(plain(each["file"]), plain(question, "yellow"), plain(answer.replace("|", " | ")))
    return board


def machine_board(day: Day, *, rows: int = 20) -> Board | None:
    """Draw files of PCR machines and robots, each with the questions that were decided by default; None without such files.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    rows : int
        Longest list; what is left out is counted.
    """
    found = day.summary.get("instruments", {})
    if not found:
        return None
    explains = both("poolpipe import FILE --dry-run explains", "可用 poolpipe import 文件 --dry-run 逐一说明")
    board = frame(
        " · ".join((both("Machines' files", "仪器文件"), f"{len(found):,}", explains)),
        more=max(len(found) - rows, 0),
    )
    for heading in (
        "file\n文件",
        "read as\n识别为",
        "decided by the policy: key\n按判读规则处理的疑问：设置",
    ):
        board.add_column(heading, overflow="fold")
    board.add_column("not understood\n未读懂", justify="right")
    for file, told in list(found.items())[:rows]:
        keys = told.get("answers", {})
        doubts = "\n".join(
            f"{question_word(question)}: {import_word(keys.get(question, '-'))}"
            for question in told["questions"]
        )
        if told.get("left_out"):
            doubts = both("left out", "未采用") + (f"\n{doubts}" if doubts else "")
        missed = told["not_understood"]
        board.add_row(
            plain(file),
            told["format"],
            Text(doubts or "-", style="yellow" if doubts else "dim"),
            Text(f"{missed:,}", style="yellow" if missed else "dim"),
        )
    return board


def unused_board(day: Day, *, rows: int = 20) -> Board | None:
    """Draw columns and files that were left out, each with the way out; None where all were used.

    Files with unread content, and empty files, come before those whose records are read elsewhere, or that are results.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    rows : int
        Longest list; what is left out is counted.
    """
    columns = [(file, name) for file, names in day.summary["columns_left_out"].items() for name in names]
    skipped = day.summary["skipped"]
    hollow = [each["file"] for each in day.summary["files"] if not each["read"]]
    if not columns and not skipped and not hollow:
        return None
    board = frame(
        f"{both('Not used', '未采用')} · {both('columns', '列')} {len(columns):,} · {both('files', '文件')} {len(skipped) + len(hollow):,}",
        more=max(len(columns) + len(skipped) + len(hollow) - rows, 0),
    )
    for heading in ("file\n文件", "column, or why not read\n列，或未读取的原因", "did you mean\n您是否指"):
        board.add_column(heading, overflow="fold")
    known = sorted({name for kind in EVENTS.values() for name in kind.columns} | {"kind"})
    because = day.summary.get("skipped_because", {})
    whys = [(file, because.get(file, both("not an event file", "非事件文件"))) for file in skipped]
    told = [
        *((plain(file), plain(in_language(why), "yellow"), "-") for file, why in whys if why not in SETTLED),
        *((plain(file), plain(both(*_HOLLOW), "yellow"), "-") for file in hollow),
        *((plain(file), plain(name), _meant(name.strip().lower(), known)) for file, name in columns),
        *((plain(file), plain(in_language(why), "dim"), "-") for file, why in whys if why in SETTLED),
    ]
    for row in told[:rows]:
        board.add_row(*row)
    return board


def _meant(name: str, known: list[str]) -> str:
    """The column of docs/tables.md that an unknown one may stand for, a dash where none is alike."""
    return ALIASES.get(name) or next(iter(difflib.get_close_matches(name, known, n=1)), "-")
