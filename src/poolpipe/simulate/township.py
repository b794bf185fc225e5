"""One township's campaign, from its residents to the last single sample: the unit in which a city is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.campaign import Campaign
from poolpipe.simulate.expectations import expect_of_pools, expect_of_singles
from poolpipe.simulate.infections import infect, pool_ct, single_ct
from poolpipe.simulate.lab_faults import lot_of, plant_faults
from poolpipe.simulate.labels import lab_name, make_codes, site_names
from poolpipe.simulate.laboratory import CALLS, controls_of, lay_out, read_samples, wells_of
from poolpipe.simulate.queues import NEVER, make_places, make_queues
from poolpipe.simulate.recollection import recollect
from poolpipe.simulate.residents import make_residents, reference_people, township_name
from poolpipe.simulate.scans import scan_packing, scan_plates, scan_recalls, scan_tables
from poolpipe.simulate.spelling import columns_of, spell
from poolpipe.simulate.text import numbered
from poolpipe.simulate.transmissions import Outbreak
from poolpipe.simulate.transport import carry, pack_tubes
from poolpipe.simulate.troubles import laboratory as laboratory_troubles
from poolpipe.simulate.troubles import recalls as recall_troubles
from poolpipe.simulate.troubles import scans as scan_troubles
from poolpipe.simulate.troubles import tables as table_troubles
from poolpipe.simulate.troubles import transport as transport_troubles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.queues import Places, SimulatedQueues
    from poolpipe.simulate.residents import Residents
    from poolpipe.simulate.settings import Settings

__all__ = ["TownshipFrames", "simulate_township"]


@dataclass
class TownshipFrames:
    """Finished frames of a township.

    `pending` are clocks that run on to the city's last event; `last_at` is the township's, in microseconds.
    """

    events: dict[str, pl.DataFrame]
    references: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]
    pending: list[pl.DataFrame]
    last_at: int


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
    tubes : int, optional
        Pool tubes in each round; None fills tubes of the one capacity.
    days : list of (str, int)
        Name of each round, and its midnight in microseconds since 1970 UTC.
    """
    rng = np.random.default_rng([seed, township])
    residents = make_residents(settings, township, people, rng)
    ill = infect(residents, infected, rng, clustered=settings.clustered)
    ct = single_ct(len(ill), rng, settings.ct_mean)
    onset = rng.integers(0, len(days), len(ill))
    at_home = np.zeros(people, np.bool_)
    outbreak = None
    if settings.spread is not None:
        own = np.random.default_rng([seed, township, 2_000])
        midnights = [day for _, day in days]
        outbreak = Outbreak(settings.spread, residents, infected, midnights, settings.ct_mean, own)
    streams: dict[str, list[pl.DataFrame]] = {}
    campaigns = []
    for run, (round_name, day) in enumerate(days):
        places = make_places(settings, residents, day, np.random.default_rng([seed, township, 1_000]))
        queues = make_queues(settings, residents, places, np.flatnonzero(~at_home), rng, tubes=tubes)
        codes = make_codes(residents, places, len(queues.tubes), settings.townships)
        now = onset <= run
        have, cycles = ill[now], ct[now]
        if outbreak is not None:
            have, cycles = _spread(outbreak, queues, day)
        campaign = Campaign(
            settings, seed, run, round_name, residents, places, have, cycles, queues, codes, rng
        )
        _hold(campaign)
        found = _found(campaign)
        at_home[queues.person[found]] = True
        if outbreak is not None:
            outbreak.isolate(queues.person[found], queues.tubes.called[queues.tube[found]])
        for stream, frame in _spelled(campaign).items():
            streams.setdefault(stream, []).append(frame)
        campaigns.append(campaign)
    if outbreak is not None:  # who was found in the last round infects others until the result is known
        outbreak.go_on(int(queues.tubes.called.max(initial=0)))
    events = {stream: pl.concat(frames) for stream, frames in streams.items()}
    return TownshipFrames(
        events=events,
        references=_references(settings, residents, campaigns[0].places),
        truth={
            "infected": pl.concat([_infected(campaign) for campaign in campaigns]),
            "troubles": pl.concat([note for campaign in campaigns for note in campaign.notes]),
            **({} if outbreak is None else {"transmissions": outbreak.truth(campaigns[0].codes)}),
        },
        pending=[frame for campaign in campaigns for frame in campaign.pending],
        last_at=max(int(frame["at"].to_physical().max() or NEVER) for frame in events.values()),  # type: ignore[arg-type]
    )


def _hold(campaign: Campaign) -> None:
    """One round from the first swab to the last single's report, with its troubles."""
    tubes, places, codes, rng = campaign.queues.tubes, campaign.places, campaign.codes, campaign.rng
    table_troubles.plant(campaign)
    phantoms = tubes.path != 0
    boxes = campaign.boxes = pack_tubes(tubes, places, rng)
    codes.add("box", numbered(f"B{codes.township:03d}", np.arange(len(boxes)), 5))
    np.subtract.at(boxes.counted, tubes.box[phantoms], 1)
    tubes.box[phantoms], tubes.packed[phantoms] = -1, NEVER
    table_troubles.plant_seals(campaign)
    transport_troubles.plant(campaign)
    carry(tubes, boxes)
    lost = np.isin(tubes.path, transport_troubles.NEVER_ARRIVES)
    arriving = np.flatnonzero((tubes.received != NEVER) & ~lost)
    plates = lay_out(tubes, arriving, rng, samples=campaign.settings.samples_per_plate)
    campaign.plates = plates
    tubes.first_loaded = tubes.loaded.copy()
    codes.add("plate", numbered(f"P{codes.township:03d}", np.arange(len(plates)), 4))
    scan_tables(campaign, phantoms)
    scan_packing(campaign)
    laboratory_troubles.delay_plates(campaign)
    _read(campaign)
    laboratory_troubles.plant(campaign)
    scan_plates(campaign)
    campaign.recalls = recollect(campaign.queues, campaign.infected, rng)
    recall_troubles.plant(campaign)
    singles = scan_recalls(campaign)
    expect_of_pools(campaign)
    expect_of_singles(campaign, singles)


def _found(campaign: Campaign) -> NDArray[np.int64]:
    """Swabs of people who do not come again: everybody in a recalled tube, everybody with a positive single."""
    queues = campaign.queues
    return np.flatnonzero(queues.tubes.call[queues.tube] > 0)


def _spread(
    outbreak: Outbreak, queues: SimulatedQueues, day: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Go on to a round's day: who is positive when swabbed, and their Ct; then they stand in line with everybody."""
    outbreak.go_on(day)
    have = outbreak.positive(queues)
    outbreak.stand_in_line(queues, have)
    return have, outbreak.ct[have]


def _read(campaign: Campaign) -> None:
    """Read out every tube that lies on a plate; sets call, called and opened."""
    queues, plates = campaign.queues, campaign.plates
    tubes = queues.tubes
    ill = np.flatnonzero(np.isin(queues.person, campaign.infected))
    place = np.searchsorted(campaign.infected, queues.person[ill])
    ct = pool_ct(queues.tube[ill], campaign.infected_ct[place], tubes.people)
    ct[tubes.people > 1] += campaign.settings.pool_shift
    readings, calls = read_samples(ct, campaign.rng)
    if campaign.settings.faults:
        plant_faults(campaign, campaign.settings.faults, readings, calls)
    lying = np.flatnonzero(tubes.plate >= 0)
    tubes.call[lying] = calls[lying]
    tubes.called[lying] = plates.read[tubes.plate[lying]]
    recalled = lying[calls[lying] > 0]
    tubes.opened[recalled] = tubes.called[recalled]
    order = lying[np.lexsort((tubes.well[lying], tubes.plate[lying]))]
    campaign.wells = wells_of(order, tubes.plate[order], tubes.well[order], readings[order], plates)
    campaign.wells.append(controls_of(np.arange(len(plates)), plates, campaign.rng))


def _spelled(campaign: Campaign) -> dict[str, pl.DataFrame]:
    """Spell the round's events, with the troubles of the spelling; in the order they were sent, where that is known."""
    rich = campaign.settings.rich
    spelled = {}
    for stream in columns_of(rich=rich):
        frame = campaign.scans.frame(stream)
        if len(frame):
            spelled[stream] = spell(
                stream, frame, campaign.codes, rich=rich, round_name=campaign.round_name, run=campaign.run
            )
            if stream == "read" and rich and campaign.settings.faults:
                plate = frame.sort("at", maintain_order=True)["plate"].to_numpy()
                lot = lot_of(plate, campaign.residents.township, campaign.settings.faults.lots)
                spelled[stream] = spelled[stream].with_columns(
                    pl.col("reagent") + pl.Series(lot + 1).cast(pl.String).str.pad_start(2, "0").alias("lot")
                )
    if not rich:
        return spelled
    troubled = scan_troubles.plant(campaign, spelled)
    return {stream: frame.sort("sent_at", maintain_order=True) for stream, frame in troubled.items()}


def _infected(campaign: Campaign) -> pl.DataFrame:
    """The infected people, their tube in this round (null: they did not come), and its call."""
    queues, codes = campaign.queues, campaign.codes
    swab = np.flatnonzero(np.isin(queues.person, campaign.infected))
    came = pl.DataFrame({"number": queues.person[swab], "of": queues.tube[swab]})
    calls = pl.Series([*CALLS, None], dtype=pl.String)
    ill = pl.DataFrame({"number": campaign.infected, "ct": campaign.infected_ct.round(2)})
    joined = ill.join(came.unique("number", keep="first"), on="number", how="left", maintain_order="left")
    tube = joined["of"]
    return joined.select(
        round=pl.lit(campaign.round_name, pl.String),
        person_type=codes.person_type.gather(campaign.infected).alias("person_type"),
        person=codes.person.gather(campaign.infected).alias("person"),
        ct="ct",
        tube=codes.tube.gather(tube).alias("tube"),
        call=calls.gather(pl.Series(queues.tubes.call.astype(np.int64)).gather(tube)).alias("call"),
    )


def _references(settings: Settings, residents: Residents, places: Places) -> dict[str, pl.DataFrame]:
    """Tables of people, sites and laboratories of the township."""
    township = residents.township
    sites = len(places.site_opens)
    name = pl.repeat(township_name(township), len(places.point_site), dtype=pl.String, eager=True)
    at = places.point_site
    points = pl.DataFrame(
        {
            "site": site_names(township, sites).gather(at),
            "point": pl.Series(places.point_number).cast(pl.String),
            "township": name,
            "community": numbered(f"{township:03d}-", places.site_community[at], 3),
            "longitude": places.site_longitude[at],
            "latitude": places.site_latitude[at],
            "lab": pl.repeat(lab_name(township), len(at), dtype=pl.String, eager=True),
            "priority": places.site_priority[at],
        }
    )
    capacity = 94 * max(2, -(-len(residents) // 500))
    labs = pl.DataFrame({"lab": [lab_name(township)], "capacity_per_day": [capacity]})
    return {"people": reference_people(settings, residents), "sites": points, "labs": labs}
