"""Compare files with each other: plates without loads, patterns that fit another plate, pools missing in the map."""

from __future__ import annotations

import polars as pl

from poolpipe.display import number_of
from poolpipe.instruments.model import Question

__all__ = ["check_plates", "check_pools"]


def check_plates(readings: pl.DataFrame, loads: pl.DataFrame) -> list[Question]:
    """Questions about plates that were read.

    Parameters
    ----------
    readings : DataFrame
        `plate`, `well` of the run.
    loads : DataFrame
        `plate`, `well` of everything known to be loaded, from maps, robots or earlier imports.

    Returns
    -------
    list of Question
        `plate_not_loaded` for a plate without loads; `pattern_of_other_plate` where the wells that were read are
        not the plate's own loaded wells and exactly those of another plate. Empty where there are no loads at all.
    """
    if not loads.height:
        return []
    loaded = {plate: frozenset(wells) for plate, wells in _wells(loads)}
    questions = []
    for plate, wells in _wells(readings):
        read = frozenset(wells)
        if plate is None:
            continue
        twins = sorted(other for other, its in loaded.items() if other and other != plate and its == read)
        if plate not in loaded:
            like = f"; its wells are those of {', '.join(twins)}" if twins else ""
            questions.append(Question("plate_not_loaded", f"nobody loaded plate {plate}{like}", (plate,), (plate, *twins),
                                      "kept: readings without load are named by the run", "--plate"))  # fmt: skip
        elif read != loaded[plate] and twins:
            questions.append(Question("pattern_of_other_plate",
                                      f"the wells read on {plate} are not its loaded wells but those of {', '.join(twins)}",
                                      tuple(sorted(read ^ loaded[plate]))[:24], (plate, *twins),
                                      f"kept as {plate}", "--plate"))  # fmt: skip
        elif extra := sorted(read - loaded[plate]):
            questions.append(Question("wells_not_loaded", f"{number_of(len(extra), 'well')} of {plate} read and not loaded",
                                      tuple(extra), (), "kept", "--loads"))  # fmt: skip
    return questions


def check_pools(tubes: pl.Series, pools: pl.DataFrame) -> list[Question]:
    """Ask about tubes with a result that the sample-to-pool map does not have.

    Parameters
    ----------
    tubes : Series of String
        Tubes with a result.
    pools : DataFrame
        The map; empty where there is none.

    Returns
    -------
    list of Question
        At most one.
    """
    if not pools.height:
        return []
    missing = sorted(set(tubes.drop_nulls().to_list()) - set(pools["pool"].to_list()))
    if not missing:
        return []
    what = "pools have a result and are not in the map of samples to pools"
    return [
        Question("pool_not_in_map", what, tuple(missing), (), "kept: the pool's own result counts", "the map")
    ]


def _wells(frame: pl.DataFrame) -> list[tuple[str | None, list[str]]]:
    grouped = frame.group_by("plate").agg(pl.col("well").unique()).sort("plate")
    return list(zip(grouped["plate"].to_list(), grouped["well"].to_list(), strict=True))
