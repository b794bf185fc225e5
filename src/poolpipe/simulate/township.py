"""One township's campaign, from its residents to the last single sample: the unit in which a city is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate import scans as scanning
from poolpipe.simulate.infections import infect, pool_ct, single_ct
from poolpipe.simulate.laboratory import (
    NEGATIVE_CONTROL,
    POSITIVE_CONTROL,
    control_readings,
    lay_out,
    read_samples,
)
from poolpipe.simulate.queues import NEVER, SINGLE, make_places, make_queues
from poolpipe.simulate.recollection import recollect
from poolpipe.simulate.residents import make_residents, reference_people
from poolpipe.simulate.scans import NEGATIVE_ROLE, POSITIVE_ROLE, SAMPLE_ROLE, Scans, make_codes, spell
from poolpipe.simulate.transport import carry, pack_tubes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.laboratory import Plates
    from poolpipe.simulate.queues import Places, Queues
    from poolpipe.simulate.recollection import Recalls
    from poolpipe.simulate.residents import Residents
    from poolpipe.simulate.scans import Codes
    from poolpipe.simulate.settings import Settings
    from poolpipe.simulate.transport import Boxes

__all__ = ["Campaign", "TownshipFrames", "simulate_township"]

_SINGLES_FROM = 9_000_000


@dataclass
class Campaign:
    """A round in a township: everything that was true and everything that was scanned."""

    settings: Settings
    residents: Residents
    places: Places
    infected: NDArray[np.int64]
    infected_ct: NDArray[np.float64]
    queues: Queues
    round_name: str
    run: int
    rng: np.random.Generator
    scans: Scans = field(default_factory=Scans)


@dataclass
class TownshipFrames:
    """Finished frames of a township: streams of events, reference tables, truth."""

    events: dict[str, pl.DataFrame]
    references: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]


def simulate_township(
    settings: Settings,
    township: int,
    *,
    seed: int,
    people: int,
    infected: int,
    tubes: int | None,
    days: list[tuple[str, int]],
) -> TownshipFrames:
    """Everything about one township; the same for the same arguments, whatever else is simulated.

    Parameters
    ----------
    days : list of (str, int)
        Name of each round, and its midnight in microseconds since 1970 UTC.
    """
    rng = np.random.default_rng([seed, township])
    residents = make_residents(settings, township, people, rng)
    ill = infect(residents, infected, rng)
    ct = single_ct(len(ill), rng)
    at_home = np.zeros(people, np.bool_)
    events: dict[str, list[pl.DataFrame]] = {}
    for run, (round_name, day) in enumerate(days):
        places = make_places(settings, residents, day, np.random.default_rng([seed, township, 1]))
        attending = np.flatnonzero(~at_home)
        queues = make_queues(settings, residents, places, attending, rng, tubes=tubes)
        campaign = Campaign(settings, residents, places, ill, ct, queues, round_name, run, rng)
        recalls, codes = _hold(campaign)
        at_home[recalls.person] = True
        for stream in scanning.columns_of(rich=settings.rich):
            frame = campaign.scans.frame(stream)
            if len(frame):
                spelled = spell(stream, frame, codes, rich=settings.rich, round_name=round_name, run=run)
                events.setdefault(stream, []).append(spelled)
    return TownshipFrames(
        events={stream: pl.concat(frames) for stream, frames in events.items()},
        references={"people": reference_people(settings, residents)},
        truth={},
    )


def _hold(campaign: Campaign) -> tuple[Recalls, Codes]:
    """One round from the first swab to the last single's report."""
    queues, places, rng = campaign.queues, campaign.places, campaign.rng
    tubes = queues.tubes
    boxes = pack_tubes(tubes, places, rng)
    carry(tubes, boxes)
    plates = lay_out(tubes, np.flatnonzero(tubes.received != NEVER), rng)
    readings = _read(campaign, plates)
    recalls = recollect(queues, campaign.infected, rng)
    codes = make_codes(
        campaign.residents, places, len(tubes), len(boxes), len(plates), campaign.settings.townships
    )
    _scan_tables(campaign)
    _scan_transport(campaign, boxes)
    _scan_plates(campaign, plates, readings)
    _scan_recalls(campaign, recalls, codes)
    return recalls, codes


def _read(campaign: Campaign, plates: Plates) -> NDArray[np.float32]:
    """Read out every tube that lies on a plate; sets call, called and opened. One row of readings per tube."""
    queues = campaign.queues
    tubes = queues.tubes
    place = np.searchsorted(campaign.infected, queues.person)
    ill = np.flatnonzero(campaign.infected[np.minimum(place, len(campaign.infected) - 1)] == queues.person)
    ct = pool_ct(queues.tube[ill], campaign.infected_ct[place[ill]], tubes.people)
    readings, calls = read_samples(ct, campaign.rng)
    lying = tubes.plate >= 0
    tubes.call[lying] = calls[lying]
    tubes.called[lying] = plates.read[tubes.plate[lying]]
    recalled = lying & (calls > 0)
    tubes.opened[recalled] = tubes.called[recalled]
    return readings


def _scan_tables(campaign: Campaign) -> None:
    queues, tubes = campaign.queues, campaign.queues.tubes
    campaign.scans.add(
        "collect",
        at=queues.at,
        tube=queues.tube,
        person=queues.person,
        point=tubes.point[queues.tube],
        mode=tubes.mode[queues.tube],
        capacity=tubes.capacity[queues.tube],
    )
    if campaign.settings.rich:
        at = (tubes.last + tubes.packed) // 2
        number = np.arange(len(tubes))
        campaign.scans.add("seal", at=at, tube=number, swabs=tubes.people, site=tubes.site)


def _scan_transport(campaign: Campaign, boxes: Boxes) -> None:
    tubes, scans = campaign.queues.tubes, campaign.scans
    packed = np.flatnonzero(tubes.packed != NEVER)
    scans.add("pack", at=tubes.packed[packed], tube=packed, box=tubes.box[packed], site=tubes.site[packed])
    number = np.arange(len(boxes))
    scans.add(
        "pickup", at=boxes.picked, box=number, site=boxes.site, giver=boxes.site, receiver=boxes.site % 40
    )
    scans.add(
        "receive",
        at=boxes.received,
        box=number,
        lab=np.zeros(len(boxes), np.int64),
        tubes=boxes.counted,
        giver=boxes.site % 40,
        receiver=number % 7,
    )


def _scan_plates(campaign: Campaign, plates: Plates, readings: NDArray[np.float32]) -> None:
    tubes, scans = campaign.queues.tubes, campaign.scans
    lying = np.flatnonzero(tubes.plate >= 0)
    scans.add(
        "load",
        at=tubes.loaded[lying],
        plate=tubes.plate[lying],
        well=tubes.well[lying],
        tube=lying,
        role=np.full(len(lying), SAMPLE_ROLE),
        lab=np.zeros(len(lying), np.int64),
    )
    plate = np.repeat(np.arange(len(plates)), 2)
    well = np.tile([NEGATIVE_CONTROL, POSITIVE_CONTROL], len(plates))
    scans.add(
        "load",
        at=plates.started[plate] + well * 5_000_000,
        plate=plate,
        well=well,
        role=np.tile([NEGATIVE_ROLE, POSITIVE_ROLE], len(plates)),
        lab=np.zeros(len(plate), np.int64),
    )
    _scan_wells(scans, plates, tubes.plate[lying], tubes.well[lying], readings[lying])
    _scan_wells(scans, plates, plate, well, control_readings(len(plates), campaign.rng).reshape(-1, 3))


def _scan_wells(
    scans: Scans,
    plates: Plates,
    plate: NDArray[np.int64],
    well: NDArray[np.int64],
    readings: NDArray[np.float32],
) -> None:
    """Three rows for each well: the targets and the internal control."""
    scans.add(
        "read",
        at=np.repeat(plates.read[plate], 3),
        plate=np.repeat(plate, 3),
        well=np.repeat(well, 3),
        target=np.tile(np.arange(3), len(plate)),
        ct=readings.ravel(),
    )


def _scan_recalls(campaign: Campaign, recalls: Recalls, codes: Codes) -> None:
    """Singles of the emergency team: collected, boxed, carried to the laboratory that found the pool, reported."""
    if not len(recalls):
        return
    scans, people = campaign.scans, len(recalls.of)
    prefix = f"{codes.township:03d}"
    tube = codes.add("tube", scanning.numbered(prefix, _SINGLES_FROM + np.arange(people), 7))
    box = codes.add("box", scanning.numbered(f"E{prefix}", np.arange(len(recalls)), 5))
    team = len(codes.point) - 1
    scans.add(
        "emergency",
        at=recalls.at,
        tube=tube,
        person=recalls.person,
        point=np.full(people, team),
        mode=np.full(people, SINGLE),
        capacity=np.ones(people, np.int64),
        recall_of=recalls.tube[recalls.of],
    )
    if campaign.settings.rich:
        at = recalls.at + 20_000_000
        scans.add(
            "seal",
            at=at,
            tube=tube,
            swabs=np.ones(people, np.int64),
            site=np.full(people, len(codes.site) - 1),
        )
    site = np.full(people, len(codes.site) - 1)
    scans.add("pack", at=recalls.packed, tube=tube, box=box[recalls.of], site=site)
    own = np.zeros(len(recalls), np.int64)
    scans.add(
        "pickup", at=recalls.picked, box=box, site=own + len(codes.site) - 1, giver=own, receiver=own + 900
    )
    counted = np.bincount(recalls.of, minlength=len(recalls))
    scans.add(
        "receive", at=recalls.received, box=box, lab=own, tubes=counted, giver=own + 900, receiver=own + 7
    )
    scans.add("report", at=recalls.reported, tube=tube, call=recalls.call, lab=own[recalls.of])
