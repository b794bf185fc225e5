"""Words of two answers, and kinds of cells: what spreadsheets of several languages make of *true* and *false*."""

from __future__ import annotations

import functools
import re

from poolpipe.instruments.cells import NOTHING, fold, plain

__all__ = ["kind_of", "yes_or_no"]

# As spreadsheets, machines and people write them; Excel and LibreOffice have a word a language for TRUE and FALSE.
_YES = ("true", "yes", "y", "1", "x", "t", "on", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "si", "sì", "vero",
        "verdadeiro", "sim", "waar", "sant", "sand", "sann", "tosi", "prawda", "tak", "pravda", "ano", "igaz", "igen",
        "истина", "да", "doğru", "evet", "真", "是", "对", "✓", "✔", "benar", "đúng", "예", "참")  # fmt: skip
_NO = ("false", "no", "n", "0", "f", "off", "none", "falsch", "nein", "faux", "non", "falso", "não", "nao", "onwaar",
       "nee", "falskt", "nej", "falsk", "usann", "nei", "epätosi", "fałsz", "nie", "nepravda", "ne", "hamis", "nem",
       "ложь", "нет", "yanlış", "hayır", "假", "否", "不", "错", "-", "salah", "sai", "아니요", "거짓")  # fmt: skip
_ANSWERS = {
    fold(word): answer for words, answer in ((_YES, True), (_NO, False)) for word in words
}  # all lower case
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[.,']\d{3})+)(?:[.,]\d+)?(?:[eE][+-]?\d+)?%?")


def yes_or_no(text: str) -> bool | None:
    """Whether a word says yes; None where it is neither yes nor no in any language that is known. Empty says no."""
    folded = fold(text.casefold())  # before look-alike letters: of some only the capitals look alike
    return _ANSWERS.get(folded) if folded else False


@functools.lru_cache(maxsize=65536)
def kind_of(text: str) -> str:
    """What a cell holds: `empty`, `nothing` (no amplification), `number`, `truth` or `word`."""
    text = plain(text)
    if not text:
        return "empty"
    if fold(text) in NOTHING:
        return "nothing"
    if _NUMBER.fullmatch(text):
        return "number"
    return "truth" if _ANSWERS.get(fold(text.casefold())) is not None and len(text) > 1 else "word"
