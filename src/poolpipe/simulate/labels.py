"""What every integer is spelled like: the labels of one township."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.text import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.queues import Places
    from poolpipe.simulate.residents import Residents

__all__ = ["Labels", "lab_name", "make_codes", "site_names"]

_SPARE_FROM = 8_000_000


@dataclass
class Labels:
    """Labels by number: number 7 of `tube` is the label of tube 7.

    `home` is who really bears each number of `person`: mistyped numbers come after the residents' own. `lab` is the
    township's laboratory, then another one; the last site and point are the emergency team's.
    """

    township: int
    person: pl.Series
    person_type: pl.Series
    home: NDArray[np.int64]
    tube: pl.Series
    box: pl.Series
    plate: pl.Series
    site: pl.Series
    point: pl.Series
    point_site: NDArray[np.int64]
    lab: pl.Series
    spare_tubes: int = 0

    def add(self, column: str, labels: pl.Series) -> NDArray[np.int64]:
        """Add labels of one kind.

        Parameters
        ----------
        column : str
            Attribute that holds the labels.
        labels : Series of String
            The new ones.

        Returns
        -------
        (k,) int64
            Their numbers.
        """
        known: pl.Series = getattr(self, column)
        setattr(self, column, pl.concat([known, labels]))
        return np.arange(len(known), len(known) + len(labels))

    def add_people(self, numbers: pl.Series, home: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add other numbers under which residents were registered.

        Parameters
        ----------
        numbers : Series of String
            Document numbers.
        home : (k,) int64
            The residents they belong to.

        Returns
        -------
        (k,) int64
            Their numbers among the people.
        """
        self.person_type = pl.concat([self.person_type, self.person_type.gather(home)])
        self.home = np.concatenate([self.home, home])
        return self.add("person", numbers)

    def new_tubes(self, count: int) -> pl.Series:
        """Labels from a roll that no site was given."""
        first = _SPARE_FROM + self.spare_tubes
        self.spare_tubes += count
        return numbered(f"{self.township:03d}", np.arange(first, first + count), 7)


def lab_name(township: int) -> str:
    """Name of the laboratory of a township."""
    return f"模拟第{township:03d}检测所"


def make_codes(residents: Residents, places: Places, tubes: int, townships: int) -> Labels:
    """Make the labels of a township at the start: people, sites, a roll of tubes; boxes and plates are added later.

    Tubes of township 7 are 0070000000 and so on, with leading zeros.

    Parameters
    ----------
    residents : Residents
        People of the township.
    places : Places
        Its sites.
    tubes : int
        Length of the roll.
    townships : int
        Townships of the city.

    Returns
    -------
    Labels
    """
    township = residents.township
    prefix = f"{township:03d}"
    sites = len(places.site_opens)
    no_labels = pl.Series([], dtype=pl.String)
    return Labels(
        township=township,
        person=residents.person,
        person_type=residents.person_type,
        home=np.arange(len(residents)),
        tube=numbered(prefix, np.arange(tubes), 7),
        box=no_labels,
        plate=no_labels,
        site=pl.concat([site_names(township, sites), pl.Series([f"E{prefix}"], dtype=pl.String)]),
        point=pl.concat([pl.Series(places.point_number).cast(pl.String), pl.Series(["1"], dtype=pl.String)]),
        point_site=np.r_[places.point_site, sites],
        lab=pl.Series([lab_name(township), lab_name((township + 1) % max(townships, 2))], dtype=pl.String),
    )


def site_names(township: int, sites: int) -> pl.Series:
    """Codes of a township's sites.

    Parameters
    ----------
    township, sites : int
        Number of the township, and how many sites it has.

    Returns
    -------
    Series of String
    """
    return numbered(f"S{township:03d}", np.arange(sites), 3)
