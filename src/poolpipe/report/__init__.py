"""The report of a night: HTML and PDF of a day's marts, in Chinese and English, for offices, telephones and paper."""

from __future__ import annotations

from poolpipe.report.writing import (
    ReportFiles,
    check_report_files,
    report_beside,
    report_files,
    write_report,
)

__all__ = ["ReportFiles", "check_report_files", "report_beside", "report_files", "write_report"]
