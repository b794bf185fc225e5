"""Draw docs/images/page.png and page-phone.png: the page of the county hospital's files in Chromium, where there is one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import poolpipe
from poolpipe.pages.day_page import day_page
from poolpipe.pages.source import source_of_day
from poolpipe.policy import load_policy

ROOT = Path(__file__).parents[1]
COUNTY = ROOT / "data" / "samples" / "county"
FILES = ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")
PICTURES = {"page.png": (1000, 1230, 1), "page-phone.png": (500, 1400, 1)}
"""Name to width and height of the window, and pixels a point; Chromium's window is no narrower than 500."""


def main() -> int:
    """Run the county hospital's files, make the page, and photograph its top."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        None,
    )
    if browser is None:
        sys.stderr.write("no Chromium here: docs/images/page*.png stay as they are\n")
        return 0
    day = poolpipe.run([COUNTY / name for name in FILES], people=COUNTY / "reference" / "居民名册.xlsx")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(day_page(source_of_day(day), zone=load_policy().time_zone), encoding="utf-8")
        for name, (width, height, scale) in PICTURES.items():
            asked = [
                *(
                    browser,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    f"--user-data-dir={folder}/profile",
                ),
                *(f"--force-device-scale-factor={scale}", f"--window-size={width},{height}"),
                *(f"--screenshot={ROOT / 'docs' / 'images' / name}", page.as_uri()),
            ]
            subprocess.run(asked, check=True, capture_output=True, timeout=120)  # noqa: S603
    return 0


if __name__ == "__main__":
    sys.exit(main())
