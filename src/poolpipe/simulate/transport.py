"""Tubes into boxes of about thirty, a pickup at every site each two hours, both sign, the laboratory has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.queues import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.queues import Places, Tubes

__all__ = ["Boxes", "carry", "pack_tubes"]

_TUBES_PER_BOX = 30
# A round of the courier within the two hours that the pickup clock allows, with time to close the last box.
_PICKUP_INTERVAL_S = 110 * 60
_CLOSING_S = 60


@dataclass
class Boxes:
    """Every trip of a box; `counted` is how many tubes the laboratory says it held."""

    site: NDArray[np.int64]
    picked: NDArray[np.int64]
    received: NDArray[np.int64]
    counted: NDArray[np.int64]
    tag: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.site)


def pack_tubes(tubes: Tubes, places: Places, rng: np.random.Generator) -> Boxes:
    """Pack every tube into a box of its site that the next courier takes; sets `box` and `packed` of the tubes.

    Parameters
    ----------
    tubes : Tubes
        Changed in place.
    places : Places
        The sites.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    Boxes
    """
    tubes.packed = tubes.last + rng.integers(120, 180, len(tubes)) * SECOND
    shift = rng.integers(-120, 120, len(places.site_opens)) * SECOND
    first_pickup = places.site_opens + shift + _PICKUP_INTERVAL_S * SECOND
    late = tubes.packed + _CLOSING_S * SECOND - first_pickup[tubes.site]
    trip = np.maximum(0, -(-late // (_PICKUP_INTERVAL_S * SECOND)))
    order = np.lexsort((tubes.packed, trip, tubes.site))
    load = (tubes.site * 64 + trip)[order]
    first = np.flatnonzero(np.r_[True, load[1:] != load[:-1]])
    size = np.diff(np.r_[first, len(load)])
    boxes = np.maximum(1, np.round(size / _TUBES_PER_BOX).astype(np.int64))
    group = np.repeat(np.arange(len(first)), size)
    number = (np.arange(len(load)) - first[group]) * boxes[group] // size[group]
    tubes.box[order] = (np.cumsum(boxes) - boxes)[group] + number
    site = np.repeat(load[first] // 64, boxes)
    nth = np.arange(len(site)) - np.repeat(np.cumsum(boxes) - boxes, boxes)
    leaves = np.repeat(load[first] % 64, boxes) * _PICKUP_INTERVAL_S * SECOND
    picked = first_pickup[site] + leaves + nth * 20 * SECOND
    drive = rng.integers(15 * 60, 45 * 60, len(places.site_opens))[site] + rng.integers(0, 300, len(site))
    return Boxes(
        site=site,
        picked=picked,
        received=picked + drive * SECOND,
        counted=np.bincount(tubes.box, minlength=len(site)),
        tag=np.zeros(len(site), np.int16),
    )


def carry(tubes: Tubes, boxes: Boxes) -> None:
    """Copy to every packed tube its box's times of pickup and receipt.

    Parameters
    ----------
    tubes : Tubes
        Changed in place.
    boxes : Boxes
        Give the times.
    """
    boxed = tubes.box >= 0
    tubes.picked[boxed] = boxes.picked[tubes.box[boxed]]
    tubes.received[boxed] = boxes.received[tubes.box[boxed]]
