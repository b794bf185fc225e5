"""What goes wrong where people are registered and swabbed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.campaign import NUMBERS
from poolpipe.simulate.queues import NEVER, POOL, SECOND, SINGLE, recount
from poolpipe.simulate.residents import region_of
from poolpipe.simulate.text import resident_ids
from poolpipe.simulate.troubles.labels import misread

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["plant", "plant_seals"]


def plant(campaign: Campaign) -> None:
    """Plant the troubles of the tables; only in pools without an infected person, so that no recall is touched."""
    clear = _clear(campaign)
    _overfull(campaign, clear)
    swabs = _swabs_of(campaign)
    _in_two_tubes(campaign, clear, swabs)
    _at_two_points(campaign, clear, swabs)
    _mixed_mode(campaign, clear, swabs)
    _bad_numbers(campaign, clear, swabs)
    _misread_collect(campaign, clear, swabs)
    _rescanned(campaign, clear, swabs)
    recount(campaign.queues)


def _clear(campaign: Campaign) -> NDArray[np.bool_]:
    queues = campaign.queues
    clear: NDArray[np.bool_] = (queues.tubes.mode == POOL) & (queues.tubes.people >= 2)
    clear[queues.tube[np.isin(queues.person, campaign.infected)]] = False
    return clear


def _free(campaign: Campaign, clear: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tubes that no trouble has befallen yet."""
    return np.flatnonzero(clear & (campaign.queues.tubes.tag == 0))


def _tagged(campaign: Campaign, trouble: str, tubes: NDArray[np.int64]) -> None:
    campaign.queues.tubes.tag[tubes] = NUMBERS[trouble]


@dataclass(frozen=True)
class _Swabs:
    """Place of each tube's first and last swab, before anybody is scanned again."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]


def _swabs_of(campaign: Campaign) -> _Swabs:
    number = np.arange(len(campaign.queues.tubes))
    first = np.searchsorted(campaign.queues.tube, number)
    return _Swabs(first, np.searchsorted(campaign.queues.tube, number, side="right") - 1)


def _overfull(campaign: Campaign, clear: NDArray[np.bool_]) -> None:
    """One person too many: the first of the next tube at the same table goes into this one."""
    queues, tubes = campaign.queues, campaign.queues.tubes
    free = clear & (tubes.people == tubes.capacity)
    next_free = np.r_[clear[1:], False] & np.r_[np.diff(tubes.point) == 0, False]
    picked = campaign.chosen("overfull_pool", np.flatnonzero(free & next_free))
    picked = picked[~np.isin(picked, picked + 1)]
    if not len(picked):
        return
    swab = _swabs_of(campaign).first[picked + 1]
    queues.tube[swab] = picked
    _tagged(campaign, "overfull_pool", np.r_[picked, picked + 1])
    recount(queues)
    clear &= tubes.people >= 2


def _in_two_tubes(campaign: Campaign, clear: NDArray[np.bool_], swabs: _Swabs) -> None:
    """Somebody queues a second time, often elsewhere, and is swabbed into another tube."""
    queues, tubes = campaign.queues, campaign.queues.tubes
    trouble = "person_in_two_tubes"
    picked = campaign.chosen(trouble, _free(campaign, clear), each=2)
    if not len(picked):
        return
    first, second = np.split(campaign.luck(trouble).permutation(picked), 2)
    person = queues.person[swabs.first[first]]
    queues.append(person, second, tubes.last[second] + 20 * SECOND)
    _tagged(campaign, trouble, picked)
    types, numbers = campaign.codes.person_type.gather(person), campaign.codes.person.gather(person)
    campaign.note(trouble, "person_in_two_tubes", "person", types + ":" + numbers)


def _at_two_points(campaign: Campaign, clear: NDArray[np.bool_], swabs: _Swabs) -> None:
    """The tube is carried to another table, or a scanner is set to the wrong one."""
    trouble = "tube_at_two_points"
    points = len(campaign.places.point_site)
    if points < 2:
        return
    picked = campaign.chosen(trouble, _free(campaign, clear))
    swab = swabs.last[picked]
    campaign.queues.point[swab] = (campaign.queues.point[swab] + 1) % points
    _tagged(campaign, trouble, picked)
    campaign.note_tubes(trouble, "tube_at_two_points", picked)


def _mixed_mode(campaign: Campaign, clear: NDArray[np.bool_], swabs: _Swabs) -> None:
    """The clerk switches to single samples in the middle of a pool."""
    picked = campaign.chosen("mixed_mode", _free(campaign, clear))
    campaign.queues.mode[swabs.last[picked]] = SINGLE
    _tagged(campaign, "mixed_mode", picked)
    campaign.note_tubes("mixed_mode", "mixed_mode", picked)


def _bad_numbers(campaign: Campaign, clear: NDArray[np.bool_], swabs: _Swabs) -> None:
    """A number typed by hand: a check character that does not fit, or a birthday that does not exist."""
    residents, queues = campaign.residents, campaign.queues
    region = region_of(residents.township)
    for trouble in ("bad_person_id", "bad_birth_date"):
        free = _free(campaign, clear)
        person = queues.person[swabs.first[free]]
        resident = (campaign.codes.person_type.gather(person) == "RIC").to_numpy()
        picked = campaign.chosen(trouble, free[resident])
        person = queues.person[swabs.first[picked]]
        born, sequence = residents.birth_ymd[person], residents.sequence[person]
        if trouble == "bad_person_id":
            numbers = resident_ids(region, born, sequence, check_error=4)
        else:
            # 30 February: the check character fits, the day does not exist.
            numbers = resident_ids(region, born // 10_000 * 10_000 + 230, sequence)
            numbers = _first_only(numbers)
            picked, person = picked[: len(numbers)], person[: len(numbers)]
        if not len(picked):
            continue
        queues.person[swabs.first[picked]] = campaign.codes.add_people(numbers, person)
        _tagged(campaign, trouble, picked)
        campaign.note(trouble, "bad_person_id", "person", "RIC:" + numbers)


def _first_only(numbers: pl.Series) -> pl.Series:
    """The numbers up to the first repetition: two people born in one year may be given the same impossible day."""
    repeated = numbers.is_first_distinct().not_().arg_true()
    return numbers if not len(repeated) else numbers[: int(repeated[0])]


def _misread_collect(campaign: Campaign, clear: NDArray[np.bool_], swabs: _Swabs) -> None:
    """The tube's label is typed with one wrong character for one person: a code of no tube."""
    trouble = "misread_collect"
    queues, tubes = campaign.queues, campaign.queues.tubes
    picked = campaign.chosen(trouble, _free(campaign, clear))
    if not len(picked):
        return
    labels = misread(campaign.codes.tube.gather(picked), campaign.luck(trouble))
    phantom = campaign.codes.add("tube", labels)
    _tagged(campaign, trouble, picked)
    tubes.copy_of(picked)
    tubes.path[phantom] = NUMBERS[trouble]
    queues.tube[swabs.first[picked]] = phantom
    campaign.note(trouble, None, "tube", labels)


def _rescanned(campaign: Campaign, clear: NDArray[np.bool_], swabs: _Swabs) -> None:
    """The same person is scanned into the same tube again some seconds later."""
    queues, tubes = campaign.queues, campaign.queues.tubes
    free = clear & (tubes.tag[: len(clear)] == 0)
    picked = campaign.chosen("rescanned", np.flatnonzero(free))
    swab = swabs.first[picked]
    later = campaign.luck("rescanned").integers(3, 15, len(picked)) * SECOND
    queues.append(queues.person[swab], picked, queues.at[swab] + later)
    _tagged(campaign, "rescanned", picked)
    campaign.note_tubes("rescanned", "rescanned", picked)


def plant_seals(campaign: Campaign) -> None:
    """Seals with wrong counts, and empty tubes sealed; `swabs` of the campaign are the counts of seals."""
    tubes = campaign.queues.tubes
    campaign.swabs = tubes.people.copy()
    if not campaign.settings.rich:
        return
    free = np.flatnonzero((tubes.mode == POOL) & (tubes.tag == 0) & (tubes.people >= 2))
    picked = campaign.chosen("swab_miscount", free)
    campaign.swabs[picked] -= 1
    _tagged(campaign, "swab_miscount", picked)
    campaign.note_tubes("swab_miscount", "swab_count_mismatch", picked)
    empty = campaign.chosen("empty_tube", free)
    labels = campaign.codes.new_tubes(len(empty))
    nobody = campaign.codes.add("tube", labels)
    at = np.where(tubes.last[empty] == NEVER, tubes.first[empty], tubes.last[empty]) + 60 * SECOND
    campaign.scans.add(
        "seal", at=at, tube=nobody, swabs=np.zeros(len(empty), np.int64), site=tubes.site[empty]
    )
    campaign.note("empty_tube", "orphan_tube", "tube", labels)
