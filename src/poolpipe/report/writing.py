"""Write a day's report beside the night's file: HTML and PDF, each in one step, and never over a file of somebody else's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.errors import InputError
from poolpipe.pages.writing import check_page_path
from poolpipe.report.composing import compose_report
from poolpipe.report.font_files import report_fonts
from poolpipe.report.html_file import report_html
from poolpipe.report.night_tables import read_night
from poolpipe.report.outlines import read_outlines
from poolpipe.report.pdf_file import report_pdf
from poolpipe.results.replacing import replaced_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

__all__ = ["ReportFiles", "check_report_files", "report_beside", "report_files", "write_report"]

_PDF: Final = b"%PDF-"
_OURS: Final = b"poolpipe"


class ReportFiles(NamedTuple):
    """Where a report is written: beside the database, with its name.

    Attributes
    ----------
    html, pdf : Path
    """

    html: Path
    pdf: Path


def report_files(database: Path) -> ReportFiles:
    """Name the report of a database: `night.html` and `night.pdf` of `night.duckdb`."""
    return ReportFiles(database.with_suffix(".html"), database.with_suffix(".pdf"))


def check_report_files(files: ReportFiles) -> None:
    """Refuse paths to which no report can be written, before anything is counted.

    Raises
    ------
    InputError
        If something else stands there, or their folder may not be written.
    """
    check_page_path(files.html)
    _check_pdf(files.pdf)


def _check_pdf(path: Path) -> None:
    """Let a PDF be replaced that names poolpipe as its author; nothing else."""
    if not path.exists() and not path.is_symlink():
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError.of("report_of_others", where=str(path)) from error
    if not content.startswith(_PDF) or _OURS not in content:
        raise InputError.of("report_of_others", where=str(path))


def write_report(
    database: Path,
    day: date,
    files: ReportFiles | None = None,
    *,
    outlines: Path | None = None,
    font: Path | None = None,
    language: str = "zh",
    progress: Callable[[str, int, int], None] | None = None,
) -> ReportFiles:
    """Write the report of a day as HTML and PDF.

    It reads the marts alone: the time does not depend on how many people there are.

    Parameters
    ----------
    database : Path
        What `run_night` wrote.
    day : date
        A day that was counted.
    files : ReportFiles, optional
        Beside the database by default.
    outlines : Path, optional
        The city's map as GeoJSON; without it a tile stands for a community.
    font : Path, optional
        Font for characters that the shipped one lacks.
    language : str
        Language that comes first, `zh` or `en`; the other follows.
    progress : callable, optional
        As in `poolpipe.run`.

    Returns
    -------
    ReportFiles

    Raises
    ------
    InputError
        As `read_night`, `read_outlines`, `report_fonts` and `check_report_files`.
    """
    wanted = report_files(database) if files is None else files
    with report_beside(day, wanted, outlines=outlines, font=font, language=language, progress=progress)(
        database
    ):
        pass
    return wanted


def report_beside(
    day: date,
    files: ReportFiles,
    *,
    name: str | None = None,
    outlines: Path | None = None,
    font: Path | None = None,
    language: str = "zh",
    progress: Callable[[str, int, int], None] | None = None,
) -> Callable[[Path], AbstractContextManager[None]]:
    """Prepare a report that is put in place together with its database.

    What the caller gave is checked here, before anything is counted.

    Parameters
    ----------
    day : date
    files : ReportFiles
    name : str, optional
        What the report calls the database; its own name by default.
    outlines, font, language, progress
        As in `write_report`.

    Returns
    -------
    callable
        Given a whole database, a context: on entering both files are made and synced, beside their places; on leaving they
        are moved there; nothing is where it fails.

    Raises
    ------
    InputError
        As `read_outlines`, `report_fonts` and `check_report_files`.
    """
    check_report_files(files)
    city = None if outlines is None else read_outlines(outlines)
    with report_fonts(font):
        pass

    @contextmanager
    def beside(database: Path) -> Iterator[None]:
        with report_fonts(font) as fonts:
            report = compose_report(read_night(database, day, name), city, progress)
            page = report_html(report, city=city, language=language)
            pdf = report_pdf(report, fonts, city=city, language=language)
        with (
            replaced_file(files.html, check_page_path, private=False) as html_stage,
            replaced_file(files.pdf, _check_pdf, private=False) as pdf_stage,
        ):
            html_stage.write_text(page, encoding="utf-8", newline="\n")
            pdf_stage.write_bytes(pdf)
            yield

    return beside
