"""One township's campaign, from its residents to the last single sample: the unit in which a city is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.campaign import Campaign
from poolpipe.simulate.infections import infect, pool_ct, single_ct
from poolpipe.simulate.laboratory import CALLS, controls_of, lay_out, read_samples, wells_of
from poolpipe.simulate.queues import NEVER, SINGLE, make_places, make_queues
from poolpipe.simulate.recollection import recollect
from poolpipe.simulate.residents import make_residents, reference_people, township_name
from poolpipe.simulate.scans import columns_of, lab_name, make_codes, site_names, spell
from poolpipe.simulate.text import numbered
from poolpipe.simulate.transport import carry, pack_tubes
from poolpipe.simulate.troubles import laboratory as laboratory_troubles
from poolpipe.simulate.troubles import recalls as recall_troubles
from poolpipe.simulate.troubles import scans as scan_troubles
from poolpipe.simulate.troubles import tables as table_troubles
from poolpipe.simulate.troubles import transport as transport_troubles
from poolpipe.simulate.truth import Journeys, expected_of_fillings, expected_of_journeys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.queues import Places
    from poolpipe.simulate.residents import Residents
    from poolpipe.simulate.settings import Settings

__all__ = ["TownshipFrames", "simulate_township"]

_SINGLES_FROM = 9_000_000


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
    ill = infect(residents, infected, rng)
    ct = single_ct(len(ill), rng)
    onset = rng.integers(0, len(days), len(ill))
    at_home = np.zeros(people, np.bool_)
    streams: dict[str, list[pl.DataFrame]] = {}
    campaigns = []
    for run, (round_name, day) in enumerate(days):
        places = make_places(settings, residents, day, np.random.default_rng([seed, township, 1_000]))
        queues = make_queues(settings, residents, places, np.flatnonzero(~at_home), rng, tubes=tubes)
        codes = make_codes(residents, places, len(queues.tubes), settings.townships)
        now = onset <= run
        campaign = Campaign(
            settings, seed, run, round_name, residents, places, ill[now], ct[now], queues, codes, rng
        )
        _hold(campaign)
        at_home[_found(campaign)] = True
        for stream, frame in _spelled(campaign).items():
            streams.setdefault(stream, []).append(frame)
        campaigns.append(campaign)
    events = {stream: pl.concat(frames) for stream, frames in streams.items()}
    return TownshipFrames(
        events=events,
        references=_references(settings, residents, campaigns[0].places),
        truth={
            "infected": pl.concat([_infected(campaign) for campaign in campaigns]),
            "troubles": pl.concat([note for campaign in campaigns for note in campaign.notes]),
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
    _scan_tables(campaign, phantoms)
    transport_troubles.scan_packing(campaign)
    laboratory_troubles.delay_plates(campaign)
    _read(campaign)
    laboratory_troubles.plant(campaign)
    _scan_plates(campaign)
    campaign.recalls = recollect(campaign.queues, campaign.infected, rng)
    recall_troubles.plant(campaign)
    _scan_recalls(campaign)
    _expect(campaign)


def _found(campaign: Campaign) -> NDArray[np.int64]:
    """People who do not come again: everybody in a recalled tube, everybody with a positive single."""
    queues = campaign.queues
    calls = queues.tubes.call[queues.tube]
    return queues.person[calls > 0]


def _read(campaign: Campaign) -> None:
    """Read out every tube that lies on a plate; sets call, called and opened."""
    queues, plates = campaign.queues, campaign.plates
    tubes = queues.tubes
    ill = np.flatnonzero(np.isin(queues.person, campaign.infected))
    place = np.searchsorted(campaign.infected, queues.person[ill])
    ct = pool_ct(queues.tube[ill], campaign.infected_ct[place], tubes.people)
    readings, calls = read_samples(ct, campaign.rng)
    lying = np.flatnonzero(tubes.plate >= 0)
    tubes.call[lying] = calls[lying]
    tubes.called[lying] = plates.read[tubes.plate[lying]]
    recalled = lying[calls[lying] > 0]
    tubes.opened[recalled] = tubes.called[recalled]
    order = lying[np.lexsort((tubes.well[lying], tubes.plate[lying]))]
    campaign.wells = wells_of(order, tubes.plate[order], tubes.well[order], readings[order], plates)
    campaign.wells.append(controls_of(np.arange(len(plates)), plates, campaign.rng))


def _scan_tables(campaign: Campaign, phantoms: NDArray[np.bool_]) -> None:
    queues, tubes = campaign.queues, campaign.queues.tubes
    odd = queues.mode != tubes.mode[queues.tube]
    # A lean scanner has no mode to say: who takes single samples uses the emergency team's tablet.
    elsewhere = odd & (not campaign.settings.rich)
    for stream, rows in (("collect", np.flatnonzero(~elsewhere)), ("emergency", np.flatnonzero(elsewhere))):
        tube = queues.tube[rows]
        campaign.scans.add(
            stream,
            at=queues.at[rows],
            tube=tube,
            person=queues.person[rows],
            point=queues.point[rows],
            mode=queues.mode[rows],
            capacity=tubes.capacity[tube],
        )
    if campaign.settings.rich:
        tube = np.flatnonzero(~phantoms)
        at = tubes.last[tube] + 60_000_000
        campaign.scans.add("seal", at=at, tube=tube, swabs=campaign.swabs[tube], site=tubes.site[tube])


def _scan_plates(campaign: Campaign) -> None:
    """Scan what was loaded, and export what was read."""
    wells, plates, scans = campaign.wells, campaign.plates, campaign.scans
    for control in (False, True):
        rows = np.flatnonzero(wells.scanned & ((wells.role > 0) == control))
        scans.add(
            "load",
            at=wells.at[rows],
            plate=wells.plate[rows],
            well=wells.well[rows],
            tube=None if control else wells.tube[rows],
            role=wells.role[rows].astype(np.int64),
            lab=np.zeros(len(rows), np.int64),
        )
    well, target = np.nonzero(wells.rows)
    scans.add(
        "read",
        at=plates.read[wells.plate[well]],
        plate=wells.plate[well],
        well=wells.well[well],
        target=target,
        ct=wells.readings[well, target],
    )


def _scan_recalls(campaign: Campaign) -> None:
    """Singles of the emergency team: collected, boxed, carried to the laboratory that found the pool, reported."""
    recalls, codes, scans = campaign.recalls, campaign.codes, campaign.scans
    if not len(recalls):
        return
    people, team = len(recalls.of), len(codes.site) - 1
    tube = codes.add("tube", numbered(f"{codes.township:03d}", _SINGLES_FROM + np.arange(people), 7))
    box = codes.add("box", numbered(f"E{codes.township:03d}", np.arange(len(recalls)), 5))
    one, home = np.ones(people, np.int64), np.full(people, team)
    scans.add(
        "emergency",
        at=recalls.at,
        tube=tube,
        person=recalls.person,
        point=np.full(people, len(codes.point) - 1),
        mode=one * SINGLE,
        capacity=one,
        recall_of=recalls.tube[recalls.of],
    )
    if campaign.settings.rich:
        scans.add("seal", at=recalls.at + 20_000_000, tube=tube, swabs=one, site=home)
    scans.add("pack", at=recalls.packed, tube=tube, box=box[recalls.of], site=home)
    none = np.zeros(len(recalls), np.int64)
    scans.add("pickup", at=recalls.picked, box=box, site=none + team, giver=none, receiver=none + 900)
    scans.add(
        "receive",
        at=recalls.received,
        box=box,
        lab=recalls.lab,
        tubes=np.bincount(recalls.of, minlength=len(recalls)),
        giver=none + 900,
        receiver=none + 7,
    )
    lab = recalls.lab[recalls.of]
    scans.add("report", at=recalls.reported, tube=tube, call=recalls.call.astype(np.int64), lab=lab)
    campaign.note_tubes("recall_wrong_lab", "recall_wrong_lab", tube[lab > 0])
    _expect_journeys(campaign, _single_journeys(campaign, tube))


def _expect(campaign: Campaign) -> None:
    """Note what follows from fillings and times."""
    tubes, codes = campaign.queues.tubes, campaign.codes
    labels = codes.tube[: len(tubes)]
    campaign.notes.append(expected_of_fillings(tubes, campaign.round_name, labels))
    _expect_journeys(
        campaign,
        Journeys(
            first=tubes.first,
            last=tubes.last,
            packed=tubes.packed,
            picked=tubes.picked,
            received=tubes.received,
            first_loaded=tubes.first_loaded,
            loaded=tubes.loaded,
            called=tubes.called,
            priority=campaign.places.site_priority[tubes.site],
            tag=np.where(tubes.path > 0, tubes.path, tubes.tag),
            tube=labels,
            site=codes.site.gather(tubes.site),
        ),
    )


def _single_journeys(campaign: Campaign, tube: NDArray[np.int64]) -> Journeys:
    recalls, codes = campaign.recalls, campaign.codes
    count = len(tube)
    never = np.full(count, NEVER)
    return Journeys(
        first=recalls.at,
        last=recalls.at,
        packed=recalls.packed,
        picked=recalls.picked[recalls.of],
        received=recalls.received[recalls.of],
        first_loaded=never,
        loaded=never,
        called=recalls.reported,
        priority=np.zeros(count, np.bool_),
        tag=recalls.tag[recalls.of],
        tube=codes.tube.gather(tube),
        site=codes.site.gather(np.full(count, len(codes.site) - 1)),
    )


def _expect_journeys(campaign: Campaign, journeys: Journeys) -> None:
    found, running = expected_of_journeys(journeys, campaign.round_name)
    campaign.notes.append(found)
    if len(running):
        campaign.pending.append(running)


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
    if not rich:
        return spelled
    troubled = scan_troubles.plant(campaign, spelled)
    return {stream: frame.sort("sent_at", maintain_order=True) for stream, frame in troubled.items()}


def _infected(campaign: Campaign) -> pl.DataFrame:
    """Who is infected, in which tube they came in this round (null: they did not), and what it was called."""
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
