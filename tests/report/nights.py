"""Nights for the report: a day of the sample town, and days written by hand over it; reports are made once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import polars as pl

from nightly.town_night import DAYS, first_night
from poolpipe.report.composing import compose_report
from poolpipe.report.font_files import report_fonts
from poolpipe.report.html_file import report_html
from poolpipe.report.night_tables import read_night
from poolpipe.report.pdf_file import report_pdf

DAY = DAYS[0]


@cache
def town():
    """The first day of the town; counts up to 4 are hidden."""
    return read_night(first_night(), DAY)


@cache
def town_report():
    return compose_report(town())


@cache
def town_page():
    return report_html(town_report())


@cache
def town_pdf():
    with report_fonts() as fonts:
        return report_pdf(town_report(), fonts)


def with_tables(base, **rows):
    """A night whose tables have these rows, given as dicts; what a row leaves out is null."""
    made = {
        name: pl.DataFrame(
            [{**dict.fromkeys(base[name].columns), **row} for row in told], schema=base[name].schema
        )
        for name, told in rows.items()
    }
    return replace(base, tables={**base.tables, **made})


def nothing():
    """A day on which nothing happened, and of which nothing was given."""
    base = town()
    empty = {name: frame.clear() for name, frame in base.tables.items()}
    return replace(base, day=date(2022, 5, 1), tables=empty)


def big_city(townships=16, communities=200, laboratories=100):
    """A city of many places and laboratories; of every third community the counts are hidden, two laboratories rang."""
    base = town()
    of = [(f"测试{t:02d}街道", f"{t:02d}-{c:03d}社区") for t in range(townships) for c in range(communities)]
    labs = [f"测试第{number:03d}检测所" for number in range(laboratories)]
    begins = datetime(2022, 4, 3, 16, tzinfo=UTC)
    coverage = [
        {"round": "r1", "level": "community", "township": t, "community": c, "people": 7000,
         **({"is_hidden": True} if n % 3 == 0 else
            {"collected": 7000 - n, "not_collected": n, "share": 1 - n / 7000, "is_hidden": False})}
        for n, (t, c) in enumerate(of)
    ]  # fmt: skip
    positivity = [
        {"mode": "pool", "level": "community", "township": t, "community": c, "tubes": 700,
         "positive": n % 90, "share": n % 90 / 700, "lower": 0.0, "upper": 0.1, "is_hidden": False}
        for n, (t, c) in enumerate(of)
    ]  # fmt: skip
    load = [
        {"lab": lab, "hour": hour, "received": 1000, "loaded": 900 + n, "reported": 800, "waiting": 50.0, "capacity": 1000.0}
        for n, lab in enumerate(labs)
        for hour in range(24)
    ]  # fmt: skip
    charts = [
        {"chart": "control_ct", "lab": lab, "place": place, "stratum": "", "charted_at": begins + timedelta(minutes=5 * place),
         "up": 13.0 if n < 2 and place > 200 else place % 7 / 2, "down": 0.0}
        for n, lab in enumerate(labs)
        for place in range(260)
    ]  # fmt: skip
    rang = [
        {"code": "lab_drift", "severity": "warning", "subject": lab, "chart": "control_ct", "rang_at": begins + timedelta(hours=17),
         "since": begins + timedelta(hours=16), "counted": 5, "direction": "up", "statistic": 13.0, "shift": 2.7}
        for lab in labs[:2]
    ]  # fmt: skip
    forecast = [
        {"for_date": date(2022, 4, 5), "lab": lab, "hour": hour, "days": 3, "received": 1000.0, "least": 900, "most": 1100,
         "capacity": 1000.0, "waiting": 50.0}
        for lab in labs
        for hour in range(24)
    ]  # fmt: skip
    return with_tables(
        base, coverage=coverage, positivity=positivity, laboratory_load=load, control_charts=charts, lab_drift=rang,
        forecast=forecast, release=[], city_clocks=[],
    )  # fmt: skip
