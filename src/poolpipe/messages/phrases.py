"""Short English texts that stand inside messages, or in data that hold English alone, and their Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poolpipe.languages import both
from poolpipe.messages.drawing import whole
from poolpipe.messages.instrument_findings import IMPORT_WORDS, INSTRUMENT_FINDINGS, QUESTIONS
from poolpipe.messages.planning import BASES
from poolpipe.messages.system_errors import SYSTEM_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.messages.drawing import Pair

__all__ = [
    "OPTION_WORDS",
    "PHRASES",
    "import_word",
    "import_word_in_chinese",
    "phrase_in_chinese",
    "question_word",
]

OPTION_WORDS: Final = {
    "readings": "扩增结果范围", "format": "格式", "form": "格式", "preset": "预设", "trouble": "异常", "scheme": "方案", "method": "方法",
    "effort": "计算量参数", "language": "语言", "column": "列", "receiver": "接收方", "table": "表",
}  # fmt: skip
"""Names of options where a message says which option it speaks of."""

_HINTS: Final = (
    ("did you mean '{near}'? ", "是否为 '{near}'？"),
    ("did you mean {near}? ", "是否为 {near}？"),
    ("; did you mean the column '{near}'?", "，是否指 '{near}' 列"),
    ("no column", "没有列"),
    ("the rest is left out", "其余未读取"),
    ("what follows record {record} is left out", "第 {record} 条记录之后未读取"),
    ("nested too deeply", "嵌套层数过多"),
    ("it is no folder", "不是文件夹"),
    ("it is empty", "文件为空"),
    ("there is no {name}, and {tables} without one are no result", "没有 {name}，缺少它的 {tables} 不成结果"),
    ("--plate BARCODE --at TIME", "--plate 板号 --at 时间"),
    ("--plate BARCODE", "--plate 板号"),
    ("--at TIME", "--at 时间"),
    ("it is missing", "文件不存在"),
    ("it cannot be read ({why})", "无法读取（{why}）"),
    ("it has {found} rows, not the {rows}", "现有 {found} 行，应为 {rows} 行"),
    ("it has {bytes} bytes with SHA-256 {digest}…, not those", "内容已改变（现为 {bytes} 字节，SHA-256 {digest}…）"),
    ("it has the columns {columns}, not those of {table}", "列为 {columns}，不是 {table} 的列"),
    ("another result took its place while it was being read", "读取时已被另一结果替换"),
    ("{table} cannot be read ({why})", "{table} 无法读取（{why}）"),
    ("'utf-8' codec can't decode {bytes}", "不是 UTF-8 编码，请另存为 UTF-8（{bytes}）"),
    ("there is no summary.json", "没有 summary.json"),
    ("summary.json cannot be read ({why})", "summary.json 无法读取（{why}）"),
    ("summary.json says nothing of {keys}, as every summary of poolpipe's does", "summary.json 中没有 {keys}，不是 poolpipe 的汇总"),
)  # fmt: skip

PHRASES: Final = (*_HINTS, *SYSTEM_ERRORS, *INSTRUMENT_FINDINGS, *BASES)
"""Templates, English and Chinese."""


def phrase_in_chinese(text: str) -> str | None:
    """The Chinese of an English phrase; None where it is none that is known."""
    return _chinese(text, PHRASES)


def import_word_in_chinese(text: str) -> str:
    """The Chinese of what `poolpipe import` tells of a file: a finding, a decision, a source; a code or name as it is."""
    return _chinese(text, (*INSTRUMENT_FINDINGS, *IMPORT_WORDS)) or text


def import_word(text: str) -> str:
    """What data of `poolpipe import` say in English, in the language of the reader; in both, the English and the Chinese."""
    chinese = import_word_in_chinese(text)
    return text if chinese == text else both(text, chinese)


def question_word(code: str) -> str:
    """The code of a question of `poolpipe import` in words, in the language of the reader."""
    english = code.replace("_", " ")
    return both(english, QUESTIONS[code]) if code in QUESTIONS else english


def _chinese(text: str, pairs: Iterable[Pair]) -> str | None:
    for english, chinese in pairs:
        found = whole(english).fullmatch(text) if "{" in english else None
        if found:
            fields = {name: phrase_in_chinese(value) or value for name, value in found.groupdict().items()}
            return chinese.format_map(fields)
        if english == text:
            return chinese
    return None
