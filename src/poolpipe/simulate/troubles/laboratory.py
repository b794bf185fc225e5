"""What goes wrong in the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.campaign import NUMBERS
from poolpipe.simulate.laboratory import (
    NEGATIVE,
    SAMPLES_PER_PLATE,
    controls_of,
    wells_of,
)
from poolpipe.simulate.laboratory import WELLS as WELL_NAMES
from poolpipe.simulate.queues import NEVER, SECOND
from poolpipe.simulate.text import numbered
from poolpipe.simulate.troubles.labels import misread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["delay_plates", "plant"]

_HOUR = 3600 * SECOND
_NO_TUBES = np.empty(0, np.int64)


def delay_plates(campaign: Campaign) -> None:
    """Plates read half a day late, and plates whose tubes lay in the cold for more than a day; before read-out."""
    plates, tubes = campaign.plates, campaign.queues.tubes
    for trouble, wait in (("slow_result", 13 * _HOUR), ("slow_cold_store", 26 * _HOUR)):
        picked = _plates_for(campaign, trouble, np.flatnonzero(plates.tag == 0))
        plates.read[picked] += wait
        if trouble == "slow_cold_store":
            plates.started[picked] += wait
            lying = np.isin(tubes.plate, picked) & (tubes.plate >= 0)
            tubes.loaded[lying] += wait
            tubes.first_loaded[lying] += wait
        _note_plates(campaign, trouble, None, picked)


def plant(campaign: Campaign) -> None:
    """Plant the troubles of plates and wells, and run again what must be."""
    _invalid_plates(campaign)
    _read_twice(campaign)
    _misread_loads(campaign)
    _missing_loads(campaign)
    _incomplete(campaign)
    _shared_wells(campaign)
    _run_again(campaign)


def _plates_for(campaign: Campaign, trouble: str, carriers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose plates, and mark them and their tubes."""
    picked = campaign.chosen(trouble, carriers)
    campaign.plates.tag[picked] = NUMBERS[trouble]
    tubes = campaign.queues.tubes
    inside = np.isin(tubes.plate, picked) & (tubes.plate >= 0) & (tubes.path == 0)
    tubes.path[inside] = NUMBERS[trouble]
    return picked


def _note_plates(campaign: Campaign, trouble: str, code: str | None, plates: NDArray[np.int64]) -> None:
    campaign.note(trouble, code, "plate", campaign.codes.plate.gather(plates))


def _invalid_plates(campaign: Campaign) -> None:
    """Controls that failed or are missing: no tube of the plate has a result, all are run again."""
    plates, tubes = campaign.plates, campaign.queues.tubes
    positive = np.unique(tubes.plate[(tubes.plate >= 0) & (tubes.call > NEGATIVE)])
    for trouble, code in (
        ("positive_set_aside", "plate_control_failed"),
        ("control_failed", "plate_control_failed"),
        ("control_missing", "plate_control_missing"),
    ):
        carriers = np.flatnonzero(plates.tag == 0)
        if trouble == "positive_set_aside":
            carriers = np.intersect1d(carriers, positive)
        picked = _plates_for(campaign, trouble, carriers)
        _spoil_controls(campaign, trouble, picked)
        _note_plates(campaign, trouble, code, picked)
        for plate in picked.tolist():
            _run_plate_again(campaign, trouble, plate)


def _spoil_controls(campaign: Campaign, trouble: str, plates: NDArray[np.int64]) -> None:
    """Spoil the negative control of even plates, the positive one of odd plates."""
    wells = campaign.wells
    control = (wells.role == 1 + wells.plate % 2) & np.isin(wells.plate, plates)
    if trouble == "control_missing":
        wells.scanned[control] = False
        wells.rows[control] = False
        return
    contaminated = control & (wells.role == 1)
    wells.readings[contaminated, :2] = (34.5, 33.6)
    wells.readings[control & (wells.role == 2), :2] = np.nan


def _run_plate_again(campaign: Campaign, trouble: str, plate: int) -> None:
    """All tubes of an invalid plate, in the same wells of another."""
    wells, tubes = campaign.wells, campaign.queues.tubes
    place = np.flatnonzero((wells.plate == plate) & (wells.role == 0))
    tube, readings = wells.tube[place], wells.readings[place].copy()
    calls = tubes.call[tube].copy()
    if trouble == "positive_set_aside":
        gone = calls > NEGATIVE
        readings[gone, :2] = np.nan
        calls[gone] = NEGATIVE
        campaign.note_tubes(trouble, "positive_set_aside", tube[gone])
    again = _more_plates(campaign, trouble, np.array([int(campaign.plates.read[plate])]))
    where = np.full(len(tube), again[0])
    _load_again(campaign, tube, where, wells.well[place], readings)
    tubes.call[tube] = calls
    tubes.called[tube] = campaign.plates.read[where]
    tubes.opened[tube] = np.where(calls > NEGATIVE, campaign.plates.read[where], NEVER)
    campaign.note_tubes(trouble, "tube_reloaded", tube)


def _more_plates(campaign: Campaign, trouble: str, after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Plates for a second run, each started forty minutes after something was known, with good controls."""
    plates, codes = campaign.plates, campaign.codes
    started = after + 2400 * SECOND
    numbers = plates.append(started, started + 8000 * SECOND, NUMBERS[trouble])
    codes.add("plate", numbered(f"P{codes.township:03d}", numbers, 4))
    campaign.wells.append(controls_of(numbers, plates, campaign.luck(trouble)))
    return numbers


def _load_again(
    campaign: Campaign,
    tube: NDArray[np.int64],
    plate: NDArray[np.int64],
    well: NDArray[np.int64],
    readings: NDArray[np.float32],
) -> None:
    more = wells_of(tube, plate, well, readings, campaign.plates)
    campaign.wells.append(more)
    campaign.queues.tubes.loaded[tube] = more.at


def _read_twice(campaign: Campaign) -> None:
    """The read-out is exported twice: later, re-analysed, a tenth of a cycle higher."""
    trouble = "plate_read_twice"
    plates, wells = campaign.plates, campaign.wells
    picked = _plates_for(campaign, trouble, np.flatnonzero(plates.tag == 0))
    place = np.flatnonzero(np.isin(wells.plate, picked))
    campaign.scans.add(
        "read",
        at=np.repeat(plates.read[wells.plate[place]] + 1200 * SECOND, 3),
        plate=np.repeat(wells.plate[place], 3),
        well=np.repeat(wells.well[place], 3),
        target=np.tile(np.arange(3), len(place)),
        ct=(wells.readings[place] + np.float32(0.1)).ravel(),
    )
    _note_plates(campaign, trouble, None, picked)


def _wells_for(campaign: Campaign, trouble: str, *, shared: bool = False) -> NDArray[np.int64]:
    """Choose wells of negative tubes on plates without a trouble; with `shared`, such that the next is one too."""
    wells, tubes = campaign.wells, campaign.queues.tubes
    tube = np.clip(wells.tube, 0, len(tubes) - 1)
    calm = (wells.role == 0) & (wells.tube < len(tubes)) & (campaign.plates.tag[wells.plate] == 0)
    calm &= (tubes.path[tube] == 0) & (tubes.call[tube] == NEGATIVE)
    # A label misread twice in the same way would be one phantom with two stories.
    calm &= tubes.tag[tube] != NUMBERS["misread_collect"]
    if shared:
        # Samples of a plate follow one another in the order of its wells.
        calm &= np.r_[calm[1:] & (np.diff(wells.plate) == 0) & (np.diff(wells.well) == 1), False]
    picked = campaign.chosen(trouble, np.flatnonzero(calm))
    if shared:
        picked = picked[~np.isin(picked, picked + 1)]
        tubes.path[wells.tube[picked + 1]] = NUMBERS[trouble]
    tubes.path[wells.tube[picked]] = NUMBERS[trouble]
    return picked


def _without_result(campaign: Campaign, tubes: NDArray[np.int64], *, loaded: bool) -> None:
    state = campaign.queues.tubes
    state.call[tubes], state.called[tubes] = -1, NEVER
    if not loaded:
        state.loaded[tubes] = NEVER
        state.first_loaded[tubes] = NEVER


def _misread_loads(campaign: Campaign) -> None:
    """One wrong character at the plate: the result belongs to a tube that does not exist."""
    trouble = "misread_load"
    wells = campaign.wells
    place = _wells_for(campaign, trouble)
    tube = wells.tube[place]
    labels = misread(campaign.codes.tube.gather(tube), campaign.luck(trouble))
    wells.tube[place] = campaign.codes.add("tube", labels)
    _without_result(campaign, tube, loaded=False)
    campaign.note(trouble, "orphan_tube", "tube", labels)


def _missing_loads(campaign: Campaign) -> None:
    """The well is read, and its load was not scanned."""
    trouble = "load_scan_missing"
    wells = campaign.wells
    place = _wells_for(campaign, trouble)
    wells.scanned[place] = False
    _without_result(campaign, wells.tube[place], loaded=False)
    _note_wells(campaign, trouble, "reading_without_load", place)


def _incomplete(campaign: Campaign) -> None:
    """One target's row is missing from the read-out: no call."""
    trouble = "reading_incomplete"
    wells = campaign.wells
    place = _wells_for(campaign, trouble)
    wells.rows[place, campaign.luck(trouble).integers(0, 3, len(place))] = False
    _without_result(campaign, wells.tube[place], loaded=True)
    _note_wells(campaign, trouble, "reading_incomplete", place)


def _shared_wells(campaign: Campaign) -> None:
    """Two tubes pipetted into one well, the next one left empty: neither has a result."""
    trouble = "well_shared"
    wells = campaign.wells
    place = _wells_for(campaign, trouble, shared=True)
    _note_wells(campaign, trouble, "well_shared", place)
    _without_result(campaign, np.r_[wells.tube[place], wells.tube[place + 1]], loaded=True)
    wells.well[place + 1] = wells.well[place]
    wells.rows[place + 1] = False


def _run_again(campaign: Campaign) -> None:
    """Tubes for a second plate at the day's end: some without an internal control, some for no good reason."""
    wells, tubes = campaign.wells, campaign.queues.tubes
    invalid = _wells_for(campaign, "invalid_sample")
    wells.readings[invalid, 2] = np.nan
    doubtful = _wells_for(campaign, "tube_on_two_plates")
    place = np.r_[invalid, doubtful]
    if not len(place):
        return
    tube, readings = wells.tube[place], wells.readings[place].copy()
    readings[:, 2] = 28.5
    count = -(-len(place) // SAMPLES_PER_PLATE)
    after = np.full(count, int(campaign.plates.read[wells.plate[place]].max()))
    again = _more_plates(campaign, "tube_on_two_plates", after)
    rank = np.arange(len(place))
    plate = again[rank // SAMPLES_PER_PLATE]
    _load_again(campaign, tube, plate, rank % SAMPLES_PER_PLATE, readings)
    tubes.called[tube[: len(invalid)]] = campaign.plates.read[plate[: len(invalid)]]
    campaign.note_tubes("invalid_sample", "tube_reloaded", tube[: len(invalid)])
    campaign.note_tubes("tube_on_two_plates", "tube_reloaded", tube[len(invalid) :])


def _note_wells(campaign: Campaign, trouble: str, code: str, place: NDArray[np.int64]) -> None:
    wells, codes = campaign.wells, campaign.codes
    plate = codes.plate.gather(wells.plate[place])
    well = pl.Series(WELL_NAMES).gather(wells.well[place])
    campaign.note(trouble, code, "well", plate + ":" + well)
