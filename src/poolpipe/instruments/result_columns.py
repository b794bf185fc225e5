"""Columns that only results have: a table with one of them is never taken for a plate map, whatever else it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import fold, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.instruments.documents import Document

__all__ = ["CALL_WORDS", "DYES", "has_ct", "names_target", "result_names", "unread_results"]

# After folding: lower case, half width, letters of other alphabets made Latin.
_CT = re.compile(r"(?:^|[^a-z])(?:ct|cq|cp|crt|c\(t\)|cq\(.*\)|threshold cycle)(?:$|[^a-z])")
_RESULT = re.compile(
    r"(?:^|[^a-z])(?:rn|d ?rn|delta rn|rfu|cycles?|call|results?|assessment|interpretation|amp|amplification|"
    r"amplitude|fluorescence|threshold|baseline|melt|tm\d*|rq|efficiency|end ?point)(?:$|[^a-z])"
    r"|结果|判定|判读|结论|荧光|扩增|循环|定性|阈值"
)
CALL_WORDS = frozenset(
    map(
        fold,
        ("positive", "negative", "pos", "neg", "p", "n", "+", "±", "detected", "not detected", "invalid", "inconclusive",
         "suspect", "阳性", "阴性", "可疑", "无效", "检出", "未检出"),
    )
)  # fmt: skip
"""What laboratories write for a result."""

DYES = frozenset(
    (
        "fam",
        "vic",
        "hex",
        "joe",
        "rox",
        "cy3",
        "cy5",
        "cy5.5",
        "cy55",
        "texas red",
        "tamra",
        "ned",
        "quasar 670",
    )
)
"""Dyes, folded: a column of this name holds what a machine measured."""

_TARGET = re.compile(r"target|detector|gene|assay|目标|靶|基因|项目")
_WELLS = frozenset(
    map(fold, ("Well", "Well Position", "Well Name", "Well No.", "Well ID", "反应孔", "孔位", "孔号"))
)


def has_ct(names: Iterable[str]) -> bool:
    """Whether one of the folded names is that of a Ct, in any spelling: `Ct`, `Cq (mean)`, `ORF1ab Ct`, `Ct值`."""
    return any(_CT.search(name) for name in names)


def names_target(names: Iterable[str]) -> bool:
    """Whether one of the folded names is a heading of targets, in the words of any machine."""
    return any(_TARGET.search(name) for name in names)


def result_names(names: Iterable[str]) -> list[str]:
    """Those of the folded names that are headings of results: a Ct, a call, a cycle, a fluorescence."""
    return [name for name in names if _CT.search(name) or _RESULT.search(name)]


def unread_results(document: Document) -> tuple[str, int, list[str]] | None:
    """Sheet, line and names of a table that has wells and results; None where no table has both."""
    for sheet in document.sheets:
        for index, names in enumerate(sheet.names):
            if len(names) > 1 and names & _WELLS and (found := result_names(names)):
                row = sheet.rows[index]
                return sheet.name, row.line, [plain(cell) for cell in row.cells if fold(cell) in found]
    return None
