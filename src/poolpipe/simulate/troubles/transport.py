"""What goes wrong between the table and the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.campaign import NUMBERS
from poolpipe.simulate.queues import NEVER, SECOND
from poolpipe.simulate.text import numbered
from poolpipe.simulate.troubles.labels import misread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["NEVER_ARRIVES", "plant"]

#: Numbers of the troubles after which a tube never lies on a plate.
NEVER_ARRIVES = tuple(NUMBERS[name] for name in ("misread_collect", "lost_before_box", "lost_on_the_way"))
_HOUR = 3600 * SECOND
_EMPTY_FROM = 90_000


def plant(campaign: Campaign) -> None:
    """Plant the troubles of boxes and of tubes on the way; after packing, before anything is carried."""
    _slow(campaign)
    _missing_receipts(campaign)
    _slow_clocks(campaign)
    _received_twice(campaign)
    _lost_tubes(campaign)
    _miscounted(campaign)
    _misread_packs(campaign)
    _unregistered(campaign)
    _two_boxes(campaign)
    _empty_boxes(campaign)


def _boxes_for(campaign: Campaign, trouble: str) -> NDArray[np.int64]:
    """Choose boxes without a trouble so far that hold a tube."""
    boxes = campaign.boxes
    picked = campaign.chosen(trouble, np.flatnonzero((boxes.tag == 0) & (boxes.counted > 0)))
    boxes.tag[picked] = NUMBERS[trouble]
    tubes = campaign.queues.tubes
    inside = np.isin(tubes.box, picked) & (tubes.path == 0)
    tubes.path[inside] = NUMBERS[trouble]
    return picked


def _tubes_for(campaign: Campaign, trouble: str) -> NDArray[np.int64]:
    """Choose tubes without an infected person, in boxes and at tables without a trouble so far."""
    tubes = campaign.queues.tubes
    clear = (tubes.path == 0) & (tubes.tag == 0) & (tubes.box >= 0)
    clear[campaign.queues.tube[np.isin(campaign.queues.person, campaign.infected)]] = False
    clear &= campaign.boxes.tag[np.maximum(tubes.box, 0)] == 0
    picked = campaign.chosen(trouble, np.flatnonzero(clear))
    tubes.path[picked] = NUMBERS[trouble]
    return picked


def _slow(campaign: Campaign) -> None:
    """A late pickup, and a late transport."""
    boxes = campaign.boxes
    for trouble in ("slow_pickup", "slow_transport"):
        picked = _boxes_for(campaign, trouble)
        delay = campaign.luck(trouble).integers(130, 200, len(picked)) * 60 * SECOND
        boxes.received[picked] += delay
        if trouble == "slow_pickup":
            boxes.picked[picked] += delay
        _note_boxes(campaign, trouble, None, picked)


def _missing_receipts(campaign: Campaign) -> None:
    """The laboratory receives the box without a scan."""
    picked = _boxes_for(campaign, "receive_scan_missing")
    campaign.unscanned_boxes.append(picked)
    _note_boxes(campaign, "receive_scan_missing", None, picked)


def _slow_clocks(campaign: Campaign) -> None:
    """The tablet that packs a box runs five hours slow: its tubes were packed before anybody was swabbed."""
    picked = _boxes_for(campaign, "slow_device_clock")
    tubes = campaign.queues.tubes
    tubes.packed[np.isin(tubes.box, picked)] -= 5 * _HOUR
    _note_boxes(campaign, "slow_device_clock", None, picked)


def _received_twice(campaign: Campaign) -> None:
    """A second clerk signs for the same box."""
    trouble = "box_received_twice"
    picked = _boxes_for(campaign, trouble)
    boxes = campaign.boxes
    later = campaign.luck(trouble).integers(10, 40, len(picked)) * 60 * SECOND
    campaign.scans.add(
        "receive",
        at=boxes.received[picked] + later,
        box=picked,
        lab=np.zeros(len(picked), np.int64),
        tubes=boxes.counted[picked],
        giver=boxes.site[picked] % 40,
        receiver=picked % 7 + 50,
    )
    _note_boxes(campaign, trouble, "box_received_twice", picked)


def _lost_tubes(campaign: Campaign) -> None:
    """Tubes left at the site, and tubes that were packed and are not in the box when it is opened."""
    tubes, boxes = campaign.queues.tubes, campaign.boxes
    left = _tubes_for(campaign, "lost_before_box")
    np.subtract.at(boxes.counted, tubes.box[left], 1)
    tubes.box[left], tubes.packed[left] = -1, NEVER
    gone = _tubes_for(campaign, "lost_on_the_way")
    np.subtract.at(boxes.counted, tubes.box[gone], 1)
    boxes.tag[tubes.box[gone]] = NUMBERS["lost_on_the_way"]
    _note_boxes(campaign, "lost_on_the_way", "box_count_mismatch", np.unique(tubes.box[gone]))
    for trouble, tube in (("lost_before_box", left), ("lost_on_the_way", gone)):
        campaign.note_tubes(trouble, None, tube)


def _miscounted(campaign: Campaign) -> None:
    """The laboratory counts a tube less than there is."""
    picked = _boxes_for(campaign, "box_miscount")
    campaign.boxes.counted[picked] -= 1
    _note_boxes(campaign, "box_miscount", "box_count_mismatch", picked)


def _misread_packs(campaign: Campaign) -> None:
    """One wrong character at packing: the tube travels unseen, and one that does not exist travels in its place."""
    trouble = "misread_pack"
    tubes = campaign.queues.tubes
    picked = _tubes_for(campaign, trouble)
    labels = misread(campaign.codes.tube.gather(picked), campaign.luck(trouble))
    phantom = campaign.codes.add("tube", labels)
    campaign.scans.add(
        "pack", at=tubes.packed[picked], tube=phantom, box=tubes.box[picked], site=tubes.site[picked]
    )
    campaign.lost_packs.append(picked)
    campaign.note(trouble, "orphan_tube", "tube", labels)


def _unregistered(campaign: Campaign) -> None:
    """An unregistered tube is packed, received and gets a result."""
    trouble = "unregistered_tube"
    boxes = campaign.boxes
    box = campaign.chosen(trouble, np.flatnonzero((boxes.tag == 0) & (boxes.counted > 1)))
    labels = campaign.codes.new_tubes(len(box))
    tube = campaign.codes.add("tube", labels)
    boxes.counted[box] += 1
    boxes.tag[box] = NUMBERS[trouble]
    site = boxes.site[box]
    campaign.scans.add("pack", at=boxes.picked[box] - 180 * SECOND, tube=tube, box=box, site=site)
    none = np.zeros(len(box), np.int64)
    campaign.scans.add("report", at=boxes.received[box] + 4 * _HOUR, tube=tube, call=none, lab=none)
    campaign.note(trouble, "orphan_tube", "tube", labels)


def _two_boxes(campaign: Campaign) -> None:
    """Packed into one box, taken out and packed into another."""
    trouble = "tube_in_two_boxes"
    tubes, boxes = campaign.queues.tubes, campaign.boxes
    if len(boxes) < 2:
        return
    picked = _tubes_for(campaign, trouble)
    other = (tubes.box[picked] + 1) % len(boxes)
    calm = boxes.tag[other] != NUMBERS["box_received_twice"]
    picked, other = picked[calm], other[calm]
    campaign.scans.add(
        "pack", at=tubes.packed[picked] - 40 * SECOND, tube=picked, box=other, site=tubes.site[picked]
    )
    campaign.note_tubes(trouble, "tube_in_two_boxes", picked)


def _empty_boxes(campaign: Campaign) -> None:
    """A box that travels with nothing scanned into it."""
    trouble = "empty_box"
    boxes = campaign.boxes
    like = campaign.chosen(trouble, np.arange(len(boxes)))
    labels = numbered(f"B{campaign.codes.township:03d}", _EMPTY_FROM + np.arange(len(like)), 5)
    box = campaign.codes.add("box", labels)
    site, none = boxes.site[like], np.zeros(len(like), np.int64)
    at = boxes.picked[like] + 30 * SECOND
    campaign.scans.add("pickup", at=at, box=box, site=site, giver=site, receiver=site % 40)
    campaign.scans.add(
        "receive",
        at=boxes.received[like] + 30 * SECOND,
        box=box,
        lab=none,
        tubes=none,
        giver=site % 40,
        receiver=none,
    )
    campaign.note(trouble, "empty_box", "box", labels)


def _note_boxes(campaign: Campaign, trouble: str, code: str | None, boxes: NDArray[np.int64]) -> None:
    campaign.note(trouble, code, "box", campaign.codes.box.gather(boxes))
