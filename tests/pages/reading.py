"""A page as a reader sees it: its texts in one language, section by section, with the tables."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

DRAWING = re.compile(r'(?:src|srcset)="data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)"')


class Reading(HTMLParser):
    """Headlines and tables of a page; what is of the other language is passed over."""

    def __init__(self, page, language="zh"):
        super().__init__()
        self._other = {"zh": "en", "en": "zh"}[language]
        self._stack = []
        self.headlines, self.tables, self.texts = {}, {}, []
        self._section = ""
        self._item = None
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag in {"meta", "input", "img", "source", "br"}:
            return
        self._stack.append((tag, told.get("class") or ""))
        if tag in {"h2", "h3"} and told.get("id"):
            self._section = told["id"]
        if tag == "table":
            self.tables.setdefault(self._section, [])
        if tag == "tr":
            self.tables[self._section].append([])
        if tag in {"th", "td"}:
            self._cell = []
        if tag == "li" and self._within("numbers"):
            self._item = []

    def handle_endtag(self, tag):
        while self._stack and self._stack.pop()[0] != tag:
            pass
        if tag in {"th", "td"}:
            self.tables[self._section][-1].append(" ".join(self._cell or ()))
            self._cell = None
        if tag == "li" and self._item is not None:
            name, value, *rest = self._item
            self.headlines[name] = (value, " ".join(rest))
            self._item = None

    def handle_data(self, data):
        text = " ".join(data.split())
        if not text or any(each == self._other or tag in {"style", "title"} for tag, each in self._stack):
            return
        self.texts.append(text)
        for kept in (self._cell, self._item):
            if kept is not None:
                kept.append(text)

    def _within(self, name):
        return any(name in each for _, each in self._stack)

    def rows(self, section):
        """Cells of a table without its header."""
        return self.tables.get(section, [[]])[1:]


def drawings(page):
    """The pictures of a page as SVG."""
    return [base64.b64decode(each).decode() for each in DRAWING.findall(page)]
