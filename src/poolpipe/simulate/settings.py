"""What a simulated city is made of: presets, and how often each trouble happens."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from poolpipe.choices import check_choice
from poolpipe.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.simulate.fault_rates import LabFaults

__all__ = ["FORMATS", "PRESETS", "TROUBLES", "Settings", "Spread", "settings_for"]

FORMATS: tuple[str, ...] = (
    "parquet",
    "arrow",
    "csv",
    "csv.gz",
    "csv.zst",
    "ndjson",
    "ndjson.gz",
    "ndjson.zst",
    "mixed",
)

_FEWEST_PEOPLE, _MOST_PEOPLE = 100, 100_000_000
# Labels have three digits for the township.
_MOST_TOWNSHIPS = 900

#: Every trouble of a real campaign, with the share of its carriers (people, tubes, boxes, plates, recalls or
#: events; `docs/simulate.md` says which) that it befalls in a realistic large city.
TROUBLES: Mapping[str, float] = MappingProxyType(
    {
        # at the tables: shares of tubes
        "rescanned": 2e-4,
        "person_in_two_tubes": 1e-4,
        "tube_at_two_points": 5e-5,
        "mixed_mode": 2e-5,
        "overfull_pool": 1e-4,
        "bad_person_id": 1e-4,
        "bad_birth_date": 2e-5,
        "misread_collect": 2e-5,
        "swab_miscount": 2e-4,
        "empty_tube": 1e-5,
        # on the way: shares of tubes, then of boxes
        "lost_before_box": 2e-5,
        "lost_on_the_way": 2e-5,
        "misread_pack": 2e-5,
        "unregistered_tube": 2e-5,
        "tube_in_two_boxes": 3e-5,
        "box_received_twice": 5e-4,
        "box_miscount": 5e-4,
        "empty_box": 2e-4,
        "receive_scan_missing": 2e-4,
        "slow_device_clock": 2e-4,
        "slow_pickup": 3e-4,
        "slow_transport": 3e-4,
        # at the lab: shares of tubes, then of plates
        "misread_load": 1e-5,
        "load_scan_missing": 1e-5,
        "tube_on_two_plates": 2e-5,
        "well_shared": 1e-5,
        "reading_incomplete": 2e-5,
        "invalid_sample": 5e-5,
        "control_failed": 1e-3,
        "control_missing": 3e-4,
        "positive_set_aside": 1e-3,
        "plate_read_twice": 1e-3,
        "slow_result": 5e-4,
        "slow_cold_store": 2e-4,
        # after a positive pool: shares of recalls
        "amended_result": 2e-3,
        "recall_late": 5e-3,
        "recall_missed": 2e-3,
        "recall_wrong_lab": 2e-3,
        "unexplained_pool": 3e-3,
        # in the scans: shares of events (only with event_id, sent_at: not in lean files)
        "double_upload": 1e-4,
        "late_upload": 1e-3,
        "messy_codes": 1e-3,
        "conflicting_event": 2e-5,
        "voided_scan": 5e-5,
        "void_of_nothing": 1e-5,
        # unreadable lines: share of people
        "unreadable": 2e-6,
    }
)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How an infection spreads.

    Parameters
    ----------
    household : float
        Share of housemates whom a person infects who is never isolated: 0.427 (Omicron; Madewell et al. 2022,
        doi:10.1001/jamanetworkopen.2022.9317).
    queue : float
        Share of people infected who stand in the queue at no distance: 0.035, that of train passengers on adjacent seats, for up
        to eight hours (Hu et al. 2021, doi:10.1093/cid/ciaa1057).
    queue_decay_s : float
        Seconds between two swabs by which that share falls to 37 %.
    building : float
        Share of other households' people in the building: 0.0032, that of train passengers within three rows and five columns (Hu et al.
        2021).
    latent_h : float
        Hours from infection until a person is both positive and infectious; 24 at least, so that nobody infects others on
        the day of the own infection.
    infectious_h : float
        Hours for which a person is infectious, unless isolated: when a tube is found positive, everybody in it is.

    Examples
    --------
    >>> import tempfile
    >>> from poolpipe.simulate import Spread, simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = simulate(folder, people=500, seed=1, spread=Spread(household=0.2))
    >>> written.truth["transmissions"] > 3
    True
    """

    household: float = 0.427
    queue: float = 0.035
    queue_decay_s: float = 180.0
    building: float = 0.0032
    latent_h: float = 24.0
    infectious_h: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A city's parameters.

    Parameters
    ----------
    people : int
        Residents, each collected once a round.
    townships : int
        Townships; each has its own laboratory and is generated on its own.
    tubes_per_person : float, optional
        Fixes the number of pool tubes to ``round(people * tubes_per_person)`` by mixing capacities of 10 and 20;
        None fills tubes of `capacity` as far as each point's queue goes.
    single_share : float
        People of batches 1 and 2, one to a tube; of batch 1 the `double_share` gives two tubes at once (双采双检).
    foreign_share : float
        People with a document other than the resident ID.
    priority_share : float
        Sites whose results are due within six hours.
    opening_spread_h : float
        Hours over which the sites open, from half past six.
    samples_per_plate : int
        Of 94 that fit beside two controls; a small laboratory runs half plates.
    least : int
        Cases of every trouble there must be at least, where there are carriers: 1 in a town to try things on.
    clustered : bool
        Whether the infected share townships, buildings and households; else each resident is infected alike.
    ct_mean : float
        Mean Ct (ORF1ab) of an infected person's own swab, cycles.
    pool_shift : float
        Cycles by which pools come later than their dilution says.
    spread : Spread, optional
        Infections spread from person to person, and `infected` are those from outside; None draws all infected at once.
    faults : LabFaults, optional
        False positives that the laboratories make; None for none.
    rich : bool
        With names, phones, devices, operators, event ids, sending times, seals and a round; lean without.
    """

    preset: str
    people: int
    townships: int
    people_per_site: int
    people_per_point: int
    infected: int
    rich: bool
    rounds: int = 1
    capacity: int = 10
    tubes_per_person: float | None = None
    single_share: float = 0.0
    double_share: float = 0.0
    foreign_share: float = 0.0
    priority_share: float = 0.0
    opening_spread_h: float = 4.0
    samples_per_plate: int = 94
    least: int = 0
    clustered: bool = True
    ct_mean: float = 26.0
    pool_shift: float = 0.0
    spread: Spread | None = None
    faults: LabFaults | None = None
    troubles: Mapping[str, float] = field(default_factory=lambda: TROUBLES)


def _scaled(base: Settings, people: int) -> Settings:
    """The same kind of city with another number of people: its townships, sites and infected in proportion."""
    ratio = people / base.people
    return dataclasses.replace(
        base,
        people=people,
        townships=max(1, min(people // 200, math.ceil(base.townships * ratio), _MOST_TOWNSHIPS)),
        infected=min(people // 4, max(3, round(base.infected * ratio))),
    )


PRESETS: Mapping[str, Settings] = MappingProxyType(
    {
        "town": Settings(
            preset="town",
            people=5_000,
            townships=3,
            people_per_site=420,
            people_per_point=140,
            infected=40,
            rich=True,
            rounds=2,
            single_share=0.02,
            double_share=0.3,
            foreign_share=0.01,
            priority_share=0.2,
            opening_spread_h=2.0,
            samples_per_plate=46,
            least=1,
        ),
        "ruijin": Settings(
            preset="ruijin",
            people=700_000,
            townships=18,
            people_per_site=1_280,
            people_per_point=320,
            infected=700,
            rich=True,
            single_share=0.01,
            double_share=0.1,
            foreign_share=0.002,
            priority_share=0.05,
        ),
        "shanghai": Settings(
            preset="shanghai",
            people=25_665_000,
            townships=216,
            people_per_site=1_283,
            people_per_point=260,
            infected=13_354,
            rich=False,
            tubes_per_person=2_427_000 / 25_665_000,
            opening_spread_h=9.0,
        ),
    }
)


def settings_for(
    preset: str,
    *,
    people: int | None = None,
    troubles: Mapping[str, float] | None = None,
    rounds: int | None = None,
) -> Settings:
    """Make the settings of a preset.

    Parameters
    ----------
    preset : str
        A key of `PRESETS`.
    people : int, optional
        Scales townships, sites and infected.
    troubles : mapping of str to float, optional
        Rates that replace the preset's.
    rounds : int, optional
        Number of screening rounds.

    Returns
    -------
    Settings

    Raises
    ------
    PolicyError
        The preset or a trouble is unknown, or a number is out of its range.
    """
    check_choice("preset", preset, PRESETS)
    chosen = PRESETS[preset]
    if people is not None and people != chosen.people:
        if not _FEWEST_PEOPLE <= people <= _MOST_PEOPLE:
            raise PolicyError.of(
                "city_people", where="people", people=people, least=_FEWEST_PEOPLE, most=_MOST_PEOPLE
            )
        chosen = _scaled(chosen, people)
    if rounds is not None:
        if not 1 <= rounds <= 30:
            raise PolicyError.of("rounds_range", where="rounds", rounds=rounds)
        chosen = dataclasses.replace(chosen, rounds=rounds)
    return dataclasses.replace(chosen, troubles=_rates(troubles))


def _rates(troubles: Mapping[str, float] | None) -> Mapping[str, float]:
    given = {} if troubles is None else troubles
    for name, rate in given.items():
        check_choice("trouble", name, TROUBLES)
        if not 0.0 <= rate <= 1.0:
            raise PolicyError.of("no_share", where="troubles", name=name, rate=rate)
    return MappingProxyType({**TROUBLES, **given})
