"""Two published plates as small tables: who sat in which pool, and what was read there.

Both from the public repository atoms-to-intelligence/tapestry (Ghosh et al. 2021, A compressed sensing approach to pooled
RT-PCR testing for COVID-19 detection, IEEE Open J. Signal Process. 2:248).
"""

from __future__ import annotations

import polars as pl

__all__ = ["HARVARD_CT", "HARVARD_INFECTED", "NCBS_CT", "harvard", "ncbs"]

NCBS = """
A7,A1,A7,A11,A3,A5,B11,A5,A5,A9,A3,A5,A1,A1,A7,B5,A3,A1,B3,A11,A7,B3,A5,A3,A7,B7,A3,B5,A7,A5,A9,A5,B9,A1,A1,A9,A11,B1,A1,B1
B5,A3,B9,B7,A7,A9,C1,B1,C5,B1,B3,A11,B3,A9,B11,B9,A9,A11,B7,B11,A9,B5,B3,A11,B1,C1,B1,C1,B11,C3,B5,A7,C3,B9,A3,A11,B7,B5,B1,B9
B7,B11,C1,C7,C5,C7,C7,B7,C7,B9,,C1,C1,C3,C3,B11,B9,,C5,C5,C1,C7,B11,C3,B9,C3,C1,C5,C7,,B7,B5,C7,C5,C5,B3,B9,C3,C7,C5
"""
"""Pools of persons 1 to 40: csv/optimized_M_16_40_ncbs.csv."""
NCBS_CT = {
    2: "33.73 33.87 34.10 33.52 33.95 34.19 33.95 34.11 33.56 33.51 34.15 33.69 33.76 33.53 33.95 33.97",
    3: "31.60 33.72 33.63 33.71 30.47 34.04 33.65 34.04 33.79 33.75 34.20 33.94 33.83 30.73 33.69 33.97",
    4: "31.31 30.64 33.57 33.85 26.23 27.43 34.10 26.38 33.75 33.77 22.68 33.86 33.82 22.57 33.53 22.71",
    5: "34.05 33.55 26.17 34.06 31.02 30.07 34.13 27.54 34.14 31.16 34.10 26.33 34.01 34.10 33.83 30.63",
}
"""Ct of the pools of each test, A1 to C7: data/ncbs/test2.txt to test5.txt. Its authors call a pool positive below 33."""
NCBS_LIMIT = 33.0
HARVARD = """
B5,A5,B11,A7,A5,B3,C5,A9,A1,A3,B3,C7,B11,B11,D1,A11,A7,B7,C7,B7,B5,A7,B9,B1,A5,C5,A3,A1,A7,A3,B11,A9,A7,A5,B5,A3,A5,A1,B9,A9,A3,B3,A9,C1,B1,A1,A5,B1,A3,B1,B1,C5,A11,A1,A1,A5,A7,B7,A9,A11
C3,B1,C11,D9,C3,C3,D7,D3,A11,B9,D9,D3,C7,C5,D5,B1,B7,C3,C11,D1,C1,C9,B11,C3,A9,C7,C1,C9,B5,D3,D7,D11,A11,B11,C9,A11,B3,D3,C11,A11,B5,D7,C7,C9,B3,C1,A7,C5,B7,D3,D1,D5,C9,A3,B3,B9,C3,B9,C1,D1
,D5,,D11,C5,,,,B7,C3,,,D5,,,B11,D7,C7,D9,D3,C11,D1,C1,D7,D7,C9,C7,,B9,D7,D11,,C1,D9,D11,D11,B7,,D5,B5,D1,,D1,,C11,D11,C11,,C11,D9,D11,D9,,,B5,,D5,,D5,D9
"""
"""Pools of persons 1 to 60: csv/optimized_M_3.csv."""
HARVARD_CT = {"A1": 29.81, "A3": 32.97, "B9": 33.41, "C3": 33.28, "C9": 30.22}
"""Where the fluorescence of data/harvard/harvard_test1.csv crosses 1,000 (columns D3 to F10 are A1 to D11)."""
HARVARD_INFECTED = (10, 28)
"""As put in: `pos_idx` of utils/experimental_data_manager.py."""


def _wells(rows: str, last: int) -> list[str]:
    """Wells of every second column in order of rows, the last one up to `last`."""
    return [
        f"{row}{column}" for row in rows for column in range(1, 12, 2) if row != rows[-1] or column <= last
    ]


def _plate(
    design: str, wells: list[str], ct: dict[str, float], prior: float
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Seats, pools and people of a plate; pools without a Ct are negative."""
    columns = zip(*(line.split(",") for line in design.split()), strict=True)
    seats = [(well, who) for who, column in enumerate(columns, start=1) for well in column if well]
    people = max(who for _, who in seats)
    return (
        pl.DataFrame(seats, schema=["pool", "person"], orient="row"),
        pl.DataFrame(
            {
                "pool": wells,
                "call": ["positive" if well in ct else "negative" for well in wells],
                "ct": pl.Series([ct.get(well) for well in wells], dtype=pl.Float64),
            }
        ),
        pl.DataFrame({"person": range(1, people + 1), "prior": [prior] * people}),
    )


def ncbs(test: int, prior: float = 0.05) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Give one test of 40 people in 16 pools."""
    wells = _wells("ABC", 7)
    read = dict(zip(wells, map(float, NCBS_CT[test].split()), strict=True))
    return _plate(NCBS, wells, {well: ct for well, ct in read.items() if ct < NCBS_LIMIT}, prior)


def harvard(prior: float = 0.03) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Give the plate of 60 people in 24 pools."""
    return _plate(HARVARD, _wells("ABCD", 11), HARVARD_CT, prior)
