"""Four plates of 96 stamped into one of 384: where every well ends up."""

from __future__ import annotations

import polars as pl

from poolpipe.instruments.cells import ROWS
from poolpipe.instruments.errors import AmbiguousFileError
from poolpipe.instruments.model import LOADS

__all__ = ["quadrant_well", "stamp"]

WELLS = tuple(f"{row}{column:02d}" for row in ROWS[:8] for column in range(1, 13))


def quadrant_well(well: str, quadrant: int, *, order: str = "across") -> str:
    """The well of a 384 plate into which a 96 well is stamped.

    Parameters
    ----------
    well : str
        A01 to H12.
    quadrant : int
        1 to 4.
    order : {"across", "down"}
        Quadrants 1 to 4 start in A1, A2, B1, B2 (across), or in A1, B1, A2, B2 (down).

    Examples
    --------
    >>> quadrant_well("A01", 4), quadrant_well("H12", 1), quadrant_well("B03", 2)
    ('B02', 'O23', 'C06')
    """
    down, across = divmod(quadrant - 1, 2) if order == "across" else reversed(divmod(quadrant - 1, 2))
    row, column = ROWS.index(well[0]), int(well[1:]) - 1
    return f"{ROWS[2 * row + down]}{2 * column + across + 1:02d}"


def stamp(
    loads: pl.DataFrame, quadrants: dict[str, int], plate: str, *, order: str = "across"
) -> pl.DataFrame:
    """Loads of the 384 plate made of loads of up to four 96 plates.

    Parameters
    ----------
    loads : DataFrame
        Rows of LOADS of the 96 plates; other plates are left out.
    quadrants : dict of str to int
        Barcode of each 96 plate -> its quadrant, 1 to 4.
    plate : str
        Barcode of the 384 plate.
    order : {"across", "down"}
        See `quadrant_well`.

    Returns
    -------
    DataFrame
        Rows of LOADS.

    Raises
    ------
    AmbiguousFileError
        Two plates in one quadrant, a quadrant outside 1 to 4, or a plate that has no loads.
    """
    places = list(quadrants.values())
    if len(set(places)) != len(places) or not set(places) <= {1, 2, 3, 4}:
        raise AmbiguousFileError.of("quadrants", where=plate, quadrants=places)
    known = set(loads["plate"].to_list())
    if unknown := sorted(set(quadrants) - known):
        raise AmbiguousFileError.of("no_loads_of", where=plate, plates=", ".join(unknown))
    moves = pl.DataFrame(
        [(source, well, quadrant_well(well, quadrant, order=order)) for source, quadrant in quadrants.items() for well in WELLS],
        {"plate": pl.String, "well": pl.String, "stamped": pl.String}, orient="row",
    )  # fmt: skip
    stamped = loads.join(moves, on=["plate", "well"], how="inner", maintain_order="left")
    return stamped.with_columns(plate=pl.lit(plate), well=pl.col("stamped")).select(*LOADS)
