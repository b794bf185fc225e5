"""The font of the PDF: the one that comes with poolpipe, another beside it where asked for, and which characters they have."""

from __future__ import annotations

import shutil
import struct
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poolpipe.charts.looks import FONT_FAMILY, shipped_font
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ReportFonts", "font_characters", "report_fonts"]

_COLLECTION: Final = b"ttcf"


@dataclass(frozen=True, slots=True)
class ReportFonts:
    """Fonts of a PDF.

    Attributes
    ----------
    folders : sequence of Path
        Where typst finds them, and no other.
    families : sequence of str
        In the order in which a character is looked for.
    characters : frozenset of int
        Unicode code points that one of them has.
    """

    folders: Sequence[Path]
    families: Sequence[str]
    characters: frozenset[int]


@contextmanager
def report_fonts(other: Path | None = None) -> Iterator[ReportFonts]:
    """Give the shipped font in a `with` block, and another for characters that it lacks.

    Parameters
    ----------
    other : Path, optional
        An OpenType or TrueType file, or a collection of which the first face counts.

    Yields
    ------
    ReportFonts

    Raises
    ------
    InputError
        If the other is no font, or the shipped one is not there.
    """
    own = shipped_font()
    if not own.is_file():
        raise InputError.of("report_font_missing", where=str(own))
    known = font_characters(own)
    if other is None:
        yield ReportFonts([own.parent], [FONT_FAMILY], known)
        return
    more = font_characters(other)
    with tempfile.TemporaryDirectory() as folder:  # typst takes folders, and all that is in them
        alone = Path(folder)
        shutil.copyfile(other, alone / other.name)
        families = [FONT_FAMILY, _family(alone, other)]
        yield ReportFonts([own.parent, alone], families, known | more)


def _family(folder: Path, file: Path) -> str:
    """The family by which typst knows the first face of a font."""
    import typst

    book = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    faces = sorted(book.fonts(), key=lambda face: face.index)
    if not faces:
        raise InputError.of("report_font_unreadable", where=str(file))
    return str(faces[0].family)


def font_characters(path: Path) -> frozenset[int]:
    """Read which characters a font has, from the formats 4 and 12 of its table `cmap` (OpenType 1.9.1).

    Parameters
    ----------
    path : Path

    Returns
    -------
    frozenset of int
        Unicode code points.

    Raises
    ------
    InputError
        If it is no font.
    """
    try:
        content = path.read_bytes()
        start = struct.unpack_from(">I", content, 12)[0] if content[:4] == _COLLECTION else 0
        tables = {
            content[at : at + 4]: struct.unpack_from(">I", content, at + 8)[0]
            for at in range(start + 12, start + 12 + 16 * struct.unpack_from(">H", content, start + 4)[0], 16)
        }
        top = tables[b"cmap"]
        found = set[int]()
        for number in range(struct.unpack_from(">H", content, top + 2)[0]):
            platform, _, offset = struct.unpack_from(">HHI", content, top + 4 + 8 * number)
            if platform in {0, 3}:
                found |= _mapped(content, top + offset)
    except (OSError, struct.error, KeyError) as error:
        raise InputError.of("report_font_unreadable", where=str(path)) from error
    return frozenset(found)


def _mapped(content: bytes, at: int) -> set[int]:
    """Characters of one subtable that lead to a glyph other than 0."""
    form = struct.unpack_from(">H", content, at)[0]
    found = set[int]()
    if form == 12:
        for number in range(struct.unpack_from(">I", content, at + 12)[0]):
            first, last, glyph = struct.unpack_from(">III", content, at + 16 + 12 * number)
            found |= set(range(first + (glyph == 0), last + 1))
    elif form == 4:
        count = struct.unpack_from(">H", content, at + 6)[0] // 2
        of = [
            struct.unpack_from(f">{count}H", content, at + 14 + 2 * count * part + (2 if part else 0))
            for part in range(4)
        ]
        for number, (last, first, delta, away) in enumerate(zip(*of, strict=True)):
            for code in range(first, min(last, 0xFFFE) + 1):
                glyph = code + delta
                if away:
                    place = at + 16 + 6 * count + 2 * number + away + 2 * (code - first)
                    glyph = struct.unpack_from(">H", content, place)[0]
                    glyph += delta if glyph else 0
                if glyph % 0x10000:
                    found.add(code)
    return found
