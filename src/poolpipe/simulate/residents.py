"""The people of one township: households in buildings in communities, with invented numbers and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.text import digits, numbered, resident_ids, texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.settings import Settings

__all__ = [
    "Residents",
    "make_residents",
    "names_of",
    "phones_of",
    "reference_people",
    "region_of",
    "township_name",
]

# Shares of households with 1 to 6 members, near the 2020 census (mean 2.6).
_HOUSEHOLD_SHARES = np.array([0.25, 0.30, 0.21, 0.13, 0.08, 0.03])
_HOUSEHOLDS_PER_BUILDING = 24
_BUILDINGS_PER_COMMUNITY = 40
_FIRST_BIRTH, _LAST_BIRTH = np.datetime64("1925-01-01"), np.datetime64("2021-12-31")
_FOREIGN_TYPES = ("HKM", "TW", "PASSPORT")
# Invented names: "simulated" and two of the ten stems and twelve branches.
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_NAMES = pl.Series([f"模拟{stem}{branch}" for stem in _STEMS for branch in _BRANCHES], dtype=pl.String)


@dataclass
class Residents:
    """People of a township in the order of their addresses; every array has one entry per person.

    `batch` is 1 to 4; `double` marks the very-high-risk people who give two samples at once (双采双检).
    """

    township: int
    household: NDArray[np.int64]
    building: NDArray[np.int64]
    community: NDArray[np.int64]
    batch: NDArray[np.int8]
    double: NDArray[np.bool_]
    birth_ymd: NDArray[np.int64]
    sequence: NDArray[np.int64]
    person: pl.Series
    person_type: pl.Series

    def __len__(self) -> int:
        return len(self.household)

    @property
    def region(self) -> int:
        """Region code of the township: none that exists."""
        return region_of(self.township)


def region_of(township: int) -> int:
    """Six digits outside the official list of regions, one for each township."""
    return 999_000 + township % 1_000


def make_residents(settings: Settings, township: int, people: int, rng: np.random.Generator) -> Residents:
    """Invent the residents of one township.

    Parameters
    ----------
    settings : Settings
        The city's parameters.
    township, people : int
        Number of the township, and how many people it has.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    Residents
    """
    household = _households(people, rng)
    building = household // _HOUSEHOLDS_PER_BUILDING
    birth_ymd, sequence = _births(people, rng)
    batch = _batches(settings, building, rng)
    return Residents(
        township=township,
        household=household,
        building=building,
        community=building // _BUILDINGS_PER_COMMUNITY,
        batch=batch,
        double=(batch == 1) & (rng.random(people) < settings.double_share),
        birth_ymd=birth_ymd,
        sequence=sequence,
        **_documents(settings, township, birth_ymd, sequence, rng),
    )


def _households(people: int, rng: np.random.Generator) -> NDArray[np.int64]:
    sizes = rng.choice(np.arange(1, 7), size=people, p=_HOUSEHOLD_SHARES)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), people)) + 1]
    return np.repeat(np.arange(len(sizes)), sizes)[:people]


def _births(people: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Birth dates as YYYYMMDD, and sequence numbers that make (date, sequence) unique."""
    span = int((_LAST_BIRTH - _FIRST_BIRTH).astype(np.int64)) + 1
    day = rng.integers(0, span, people)
    order = np.argsort(day, kind="stable")
    ordered = day[order]
    first_of_day = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.empty(people, np.int64)
    rank[order] = np.arange(people) - np.repeat(first_of_day, np.diff(np.r_[first_of_day, people]))
    sequence = (rank + (day * 37) % 1_000) % 1_000
    date = _FIRST_BIRTH + day
    year = date.astype("datetime64[Y]").astype(np.int64) + 1970
    month = date.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day_of_month = (date - date.astype("datetime64[M]")).astype(np.int64) + 1
    return year * 10_000 + month * 100 + day_of_month, sequence


def _batches(settings: Settings, building: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int8]:
    """Batch 1 whole buildings, batch 2 people by name (both single), batch 3 public-facing, batch 4 the rest."""
    people = len(building)
    batch = np.where(rng.random(people) < 0.15, 3, 4).astype(np.int8)
    batch[rng.random(people) < settings.single_share / 2] = 2
    if settings.single_share == 0.0:
        return batch
    affected = rng.random(int(building[-1]) + 1) < settings.single_share / 2
    # An outbreak has a place: every township has one building at least.
    affected[rng.integers(len(affected))] = True
    batch[affected[building]] = 1
    return batch


def _documents(
    settings: Settings,
    township: int,
    birth_ymd: NDArray[np.int64],
    sequence: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, pl.Series]:
    person = resident_ids(region_of(township), birth_ymd, sequence)
    person_type = pl.repeat("RIC", len(person), dtype=pl.String, eager=True)
    foreign = np.flatnonzero(rng.random(len(person)) < settings.foreign_share)
    if len(foreign):
        kinds = rng.integers(0, len(_FOREIGN_TYPES), len(foreign))
        letters = np.frombuffer(b"HTE", np.uint8)[kinds][:, None]
        numbers = texts(np.hstack([letters, digits(foreign + township * 1_000_000, 9)]))
        person = person.scatter(foreign, numbers)
        person_type = person_type.scatter(foreign, pl.Series(_FOREIGN_TYPES).gather(kinds))
    return {"person": person, "person_type": person_type}


def names_of(indices: NDArray[np.int64]) -> pl.Series:
    """Invented names (模拟甲子 …), the same for the same person everywhere."""
    return _NAMES.gather(indices % len(_NAMES))


def phones_of(township: int, indices: NDArray[np.int64]) -> pl.Series:
    """Invented telephone numbers: eleven digits from 000, which no mobile network uses.

    Parameters
    ----------
    township : int
        Number of the township.
    indices : (k,) int64
        Indices of the residents.

    Returns
    -------
    Series of String
    """
    return numbered("000", township % 100 * 1_000_000 + indices % 1_000_000, 8)


def reference_people(settings: Settings, residents: Residents) -> pl.DataFrame:
    """Make the `people` reference table of a township.

    Parameters
    ----------
    settings : Settings
        Decides which columns there are.
    residents : Residents
        People of the township.

    Returns
    -------
    DataFrame
    """
    count = len(residents)
    indices = np.arange(count)
    prefix = f"{residents.township:03d}-"
    columns: dict[str, pl.Series] = {"person": residents.person[:count]}
    if settings.rich:
        columns |= {
            "person_type": residents.person_type[:count],
            "name": names_of(indices),
            "phone": phones_of(residents.township, indices),
            "sex": pl.Series(["F", "M"]).gather(residents.sequence % 2),
            "birth_date": pl.Series(residents.birth_ymd).cast(pl.String).str.to_date("%Y%m%d"),
        }
    columns |= {
        "township": pl.repeat(township_name(residents.township), count, dtype=pl.String, eager=True),
        "community": numbered(prefix, residents.community, 3),
        "building": numbered(prefix, residents.building, 5),
        "household": numbered(prefix, residents.household, 6),
        "batch": pl.Series(residents.batch),
    }
    return pl.DataFrame(columns)


def township_name(township: int) -> str:
    """Name of an invented township."""
    return f"模拟{township:03d}镇"
