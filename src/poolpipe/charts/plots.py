"""Charts of a day for notebooks: `day.plot.recalls()`, `day.plot.funnel()`, `day.plot.positives()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.charts.funnel import funnel, funnel_chart
from poolpipe.charts.looks import known_language
from poolpipe.charts.positives import positives, positives_chart
from poolpipe.charts.recalls import recall_chart, recall_curve
from poolpipe.zones import known_zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import altair as alt
    import polars as pl

__all__ = ["Plots"]


class Plots:
    """Charts of one day; each is an Altair chart, which a notebook shows and `chart.save("x.svg")` writes.

    Parameters
    ----------
    table : callable
        Gives a table by its name.
    as_of : datetime, optional
        The day's moment.
    """

    def __init__(self, table: Callable[[str], pl.DataFrame], as_of: datetime | None) -> None:
        self._table = table
        self._as_of = as_of

    def recalls(
        self, *, language: str = "en", zone: str = "Asia/Shanghai", width: int = 640
    ) -> alt.LayerChart:
        """People to re-collect, due, re-collected and reported over time.

        Parameters
        ----------
        language : str
            `en` or `zh`.
        zone : str
            IANA time zone of the axis.
        width : int
            Pixels.

        Raises
        ------
        InputError
            If the language is another.
        """
        known_zone(zone)
        curve = recall_curve(self._table("recalls").lazy(), self._as_of, zone=zone)
        return recall_chart(curve, self._as_of, language=known_language(language), width=width)

    def funnel(self, *, language: str = "en", width: int = 640) -> alt.LayerChart:
        """Tubes that reached each step from collected to reported, and those left before it.

        Parameters
        ----------
        language : str
            `en` or `zh`.
        width : int
            Pixels.

        Raises
        ------
        InputError
            If the language is another.
        """
        return funnel_chart(
            funnel(self._table("ledger").lazy()), language=known_language(language), width=width
        )

    def positives(
        self, *, language: str = "en", zone: str = "Asia/Shanghai", width: int = 640
    ) -> alt.LayerChart:
        """Positive and suspect tubes by site and hour of the call.

        Parameters
        ----------
        language : str
            `en` or `zh`.
        zone : str
            IANA time zone of the hours.
        width : int
            Pixels.

        Raises
        ------
        InputError
            If the language is another.
        """
        known_zone(zone)
        counted = positives(self._table("pools").lazy(), zone=zone)
        return positives_chart(counted, language=known_language(language), width=width)
