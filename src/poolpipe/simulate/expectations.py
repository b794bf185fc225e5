"""What must be found in a campaign because of how full its tubes were and when they got where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.queues import NEVER
from poolpipe.simulate.truth import Journeys, expected_of_fillings, expected_of_journeys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["expect_of_pools", "expect_of_singles"]


def expect_of_pools(campaign: Campaign) -> None:
    """Note what follows from the fillings and times of the tubes of the sites."""
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


def expect_of_singles(campaign: Campaign, tube: NDArray[np.int64]) -> None:
    """Note the anomalies that follow from the times of the emergency team's singles.

    Parameters
    ----------
    campaign : Campaign
        Its truth is extended.
    tube : (k,) int64
        Numbers of the singles.
    """
    if len(tube):
        _expect_journeys(campaign, _single_journeys(campaign, tube))


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
