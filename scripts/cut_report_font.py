"""Make the font of charts and of the PDF: Noto Sans CJK SC of Debian's `fonts-noto-cjk`, cut to the characters of GBK and renamed."""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = Path(__file__).parents[1] / "src" / "poolpipe" / "charts" / "fonts" / "PoolpipeSansSC-Regular.otf"
FAMILY = "Poolpipe Sans SC"
"""A name of its own: a machine's whole Noto Sans CJK SC is another font, and a PDF is to be the same everywhere."""

RANGES = ((0x20, 0x17F), (0x2000, 0x206F), (0x2190, 0x22FF), (0x2460, 0x24FF), (0x25A0, 0x26FF), (0x3000, 0x303F),
          (0xFF00, 0xFFEE))  # fmt: skip
"""Latin, punctuation, arrows, signs and full-width forms beside GBK."""


def characters() -> set[int]:
    """Every character of GBK (GB 18030's two bytes), and the ranges."""
    pairs = (bytes([first, second]) for first in range(0x81, 0xFF) for second in range(0x40, 0xFF))
    texts = (pair.decode("gbk", "ignore") for pair in pairs)
    told = {ord(text) for text in texts if len(text) == 1}
    return told | {code for first, last in RANGES for code in range(first, last + 1)}


def main() -> int:
    """Cut, rename and write the font; the licence beside it stays as it is."""
    if not SOURCE.exists():
        sys.stderr.write("apt-get install fonts-noto-cjk\n")
        return 1
    faces = [face["name"].getDebugName(4) for face in TTCollection(str(SOURCE)).fonts]
    font = TTFont(str(SOURCE), fontNumber=faces.index("Noto Sans CJK SC"), recalcTimestamp=False)
    options = subset.Options(layout_features=["kern"], hinting=False, notdef_outline=True, name_IDs=["*"])
    options.drop_tables += ["BASE", "vhea", "vmtx", "VORG", "DSIG"]  # nothing is written from top to bottom
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters())
    cutter.subset(font)
    for record in list(font["name"].names):
        if record.nameID in {1, 3, 4, 6, 16}:
            told = FAMILY.replace(" ", "") + "-Regular" if record.nameID == 6 else FAMILY
            font["name"].setName(told, record.nameID, record.platformID, record.platEncID, record.langID)
    top = font["CFF "].cff
    top.fontNames = [FAMILY.replace(" ", "") + "-Regular"]
    top.topDictIndex[0].FullName = top.topDictIndex[0].FamilyName = FAMILY
    font.save(str(TARGET))
    return 0


if __name__ == "__main__":
    sys.exit(main())
