"""Draw docs/images/report.png and report-phone.png: the report of the sample town's first day in Chromium, where there is one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import poolpipe
from poolpipe.nightly import run_night
from poolpipe.report import write_report

ROOT = Path(__file__).parents[1]
TOWN = ROOT / "data" / "samples" / "town"
PICTURES = {"report.png": (1000, 1250), "report-phone.png": (500, 1500)}
"""Name to width and height of the window; Chromium's window is no narrower than 500."""


def main() -> int:
    """Conclude the town, count its first day, write the report, and photograph its top."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        None,
    )
    if browser is None:
        sys.stderr.write("no Chromium here: docs/images/report*.png stay as they are\n")
        return 0
    known = poolpipe.read_reference(
        **{name: TOWN / "reference" / f"{name}.parquet" for name in ("people", "sites", "labs")}
    )
    with tempfile.TemporaryDirectory() as folder:
        result, night = Path(folder, "result"), Path(folder, "night.duckdb")
        poolpipe.run(TOWN / "events", reference=known, out=result)
        run_night(result, date(2022, 4, 4), night, reference=known)
        page = write_report(night, date(2022, 4, 4)).html
        for name, (width, height) in PICTURES.items():
            asked = [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={folder}/profile", f"--window-size={width},{height}"),
                *(f"--screenshot={ROOT / 'docs' / 'images' / name}", page.as_uri()),
            ]
            subprocess.run(asked, check=True, capture_output=True, timeout=120)  # noqa: S603
    return 0


if __name__ == "__main__":
    sys.exit(main())
