"""In which order a laboratory handled its tubes: as it received, loaded and measured them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["ORDERS", "handling_orders"]

ORDERS = ("run_loaded", "run_received", "run_instrument")
"""Orders, by the statistic that looks for runs in each."""


def handling_orders(
    rows: pl.DataFrame, lab_day: NDArray[np.int64], machine: NDArray[np.int64], tall: int, wide: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order the tubes of each lab's day as they were loaded, as they came in, and as each instrument measured them.

    Plates stand in the order of their first wells, one behind the other though two may be filled at a time. A plate is taken to have
    been filled down its columns where its wells were loaded at one moment.

    Parameters
    ----------
    rows : DataFrame
        tube, plate, well, loaded_at, box, packed_at, received_at (the last three null where not scanned).
    lab_day : (n,) int64
        Lab and day of each tube.
    machine : (n,) int64
        Instrument of each tube; -1 unknown.
    tall, wide : int
        Rows and columns of a plate.

    Returns
    -------
    parts, ranks : (3, n) int64
        In the order of `ORDERS`: what a run stays within (-1: the tube has no place in this order), and the place.
    """
    well = rows["well"].cast(int).to_numpy()
    down = well % wide * tall + well // wide
    loaded, packed, received = (
        rows[name].to_physical().cast(int).fill_null(-1).to_numpy()
        for name in ("loaded_at", "packed_at", "received_at")
    )
    plate, box = rows["plate"].to_numpy(), rows["box"].cast(int).fill_null(-1).to_numpy()
    known = (box >= 0) & (received >= 0)
    machines = int(machine.max(initial=-1)) + 1
    parts = np.stack(
        [
            lab_day,
            np.where(known, lab_day, -1),
            np.where(machine >= 0, lab_day * max(machines, 1) + machine, -1),
        ]
    )
    _, of = np.unique(plate, return_inverse=True)
    opened = np.full(int(of.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(opened, of, loaded)
    order = [
        np.lexsort((down, loaded, plate, opened[of], parts[0])),
        np.lexsort((rows["tube"].to_numpy(), packed, box, received, parts[1])),
        np.lexsort((down, loaded, plate, opened[of], parts[2])),
    ]
    ranks = np.empty_like(parts)
    for place, each in zip(ranks, order, strict=True):
        place[each] = np.arange(len(each))
    return parts, ranks
