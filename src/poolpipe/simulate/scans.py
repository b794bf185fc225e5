"""Scans: what a campaign's steps leave behind as events, in integer columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.queues import NEVER, SINGLE
from poolpipe.simulate.text import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign

__all__ = ["scan_packing", "scan_plates", "scan_recalls", "scan_tables"]

_SINGLES_FROM = 9_000_000


def scan_tables(campaign: Campaign, phantoms: NDArray[np.bool_]) -> None:
    """Make the scans of people into tubes, and the seals.

    Parameters
    ----------
    campaign : Campaign
        Its scans are extended.
    phantoms : (tubes,) bool
        Tubes that exist in a misread label only.
    """
    queues, tubes = campaign.queues, campaign.queues.tubes
    odd = queues.mode != tubes.mode[queues.tube]
    # A lean scanner has no column mode: single samples are scanned with the emergency team's tablet.
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


def scan_packing(campaign: Campaign) -> None:
    """Scan the boxes: packing, pickup, receipt; then forget what was not scanned."""
    tubes, boxes, scans = campaign.queues.tubes, campaign.boxes, campaign.scans
    unseen = np.concatenate([np.empty(0, np.int64), *campaign.lost_packs])
    packed = tubes.packed != NEVER
    packed[unseen] = False
    tube = np.flatnonzero(packed)
    scans.add("pack", at=tubes.packed[tube], tube=tube, box=tubes.box[tube], site=tubes.site[tube])
    # A box whose only tube was lost at the site does not travel.
    box = np.unique(tubes.box[tubes.box >= 0])
    site, courier = boxes.site[box], boxes.site % 40
    scans.add("pickup", at=boxes.picked[box], box=box, site=site, giver=site, receiver=courier[box])
    unsigned = np.concatenate([np.empty(0, np.int64), *campaign.unscanned_boxes])
    signed = np.setdiff1d(box, unsigned)
    scans.add(
        "receive",
        at=boxes.received[signed],
        box=signed,
        lab=np.zeros(len(signed), np.int64),
        tubes=boxes.counted[signed],
        giver=courier[signed],
        receiver=signed % 7,
    )
    tubes.received[np.isin(tubes.box, unsigned) & (tubes.box >= 0)] = NEVER
    for step in (tubes.packed, tubes.picked, tubes.received):
        step[unseen] = NEVER
    tubes.box[unseen] = -1


def scan_plates(campaign: Campaign) -> None:
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


def scan_recalls(campaign: Campaign) -> NDArray[np.int64]:
    """Scan the emergency team's singles: collected, boxed, carried to a laboratory, reported; returns their tubes."""
    recalls, codes, scans = campaign.recalls, campaign.codes, campaign.scans
    if not len(recalls):
        return np.empty(0, np.int64)
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
    return tube
