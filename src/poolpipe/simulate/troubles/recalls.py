"""What goes wrong after a positive pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.campaign import NUMBERS
from poolpipe.simulate.laboratory import NEGATIVE
from poolpipe.simulate.queues import POOL, SECOND
from poolpipe.simulate.truth import Clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["plant"]

_HOUR = 3600 * SECOND
_DAY = 24 * _HOUR
_RECALL = 6 * _HOUR


def plant(campaign: Campaign) -> None:
    """Plant the troubles of recalls; before the singles are scanned."""
    _unexplained(campaign)
    _late(campaign)
    _missed(campaign)
    _wrong_lab(campaign)
    _amended(campaign)


def _recalls_for(campaign: Campaign, trouble: str, *, least_people: int = 1) -> NDArray[np.int64]:
    """Choose recalled pools without a trouble so far; their places among the recalls."""
    recalls = campaign.recalls
    pool = campaign.queues.tubes.mode[recalls.tube] == POOL
    enough = np.bincount(recalls.of, minlength=len(recalls)) >= least_people
    picked = campaign.chosen(trouble, np.flatnonzero((recalls.tag == 0) & pool & enough))
    recalls.tag[picked] = NUMBERS[trouble]
    return picked


def _unexplained(campaign: Campaign) -> None:
    """Every single is negative: the swab missed it."""
    recalls = campaign.recalls
    picked = _recalls_for(campaign, "unexplained_pool")
    recalls.call[np.isin(recalls.of, picked)] = NEGATIVE
    campaign.note_tubes("unexplained_pool", "unexplained_pool", recalls.tube[picked])


def _late(campaign: Campaign) -> None:
    """The team comes seven hours late."""
    recalls = campaign.recalls
    picked = _recalls_for(campaign, "recall_late")
    late = np.isin(recalls.of, picked)
    for times in (recalls.at, recalls.packed, recalls.reported):
        times[late] += 7 * _HOUR
    recalls.picked[picked] += 7 * _HOUR
    recalls.received[picked] += 7 * _HOUR
    campaign.note_tubes("recall_late", "clock_recall", recalls.tube[picked])


def _missed(campaign: Campaign) -> None:
    """One person of the pool is not found and stays to be re-collected: a breach once the six hours are over."""
    trouble = "recall_missed"
    recalls = campaign.recalls
    picked = _recalls_for(campaign, trouble, least_people=2)
    recalls.leave_out(np.searchsorted(recalls.of, picked))
    due = Clock("clock_recall", recalls.opened[picked], _RECALL)
    campaign.pending.append(
        due.pending(campaign.round_name, "tube", campaign.codes.tube.gather(recalls.tube[picked]), trouble)
    )


def _wrong_lab(campaign: Campaign) -> None:
    """The singles go to another laboratory than the one that found the pool."""
    recalls = campaign.recalls
    picked = _recalls_for(campaign, "recall_wrong_lab")
    recalls.lab[picked] = 1


def _amended(campaign: Campaign) -> None:
    """The next morning the laboratory reports the pool negative after all: it stays what it was."""
    recalls = campaign.recalls
    picked = _recalls_for(campaign, "amended_result")
    tube = recalls.tube[picked]
    at = recalls.opened[picked] // _DAY * _DAY + _DAY + np.full(len(picked), _HOUR // 2)
    none = np.zeros(len(picked), np.int64)
    campaign.scans.add("report", at=at, tube=tube, call=none, lab=none)
    campaign.note_tubes("amended_result", "conflicting_calls", tube)
