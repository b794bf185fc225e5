"""After a positive pool: the emergency team takes a single sample of everybody in it, within six hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.laboratory import NEGATIVE, POSITIVE, SUSPECT
from poolpipe.simulate.queues import POOL, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.queues import SimulatedQueues

__all__ = ["Recalls", "recollect"]

_MINUTE = 60 * SECOND


@dataclass
class Recalls:
    """Recalled tubes, and one entry per person of them: their single tube and its times.

    `tube` are the recalled tubes, one box of singles each, taken to laboratory `lab` (0: the one that found the tube);
    `of` is each single's place in `tube`.
    """

    tube: NDArray[np.int64]
    opened: NDArray[np.int64]
    picked: NDArray[np.int64]
    received: NDArray[np.int64]
    lab: NDArray[np.int64]
    tag: NDArray[np.int16]
    of: NDArray[np.int64]
    person: NDArray[np.int64]
    at: NDArray[np.int64]
    packed: NDArray[np.int64]
    reported: NDArray[np.int64]
    call: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.tube)

    def leave_out(self, singles: NDArray[np.int64]) -> None:
        """Forget singles that were never taken."""
        kept = np.ones(len(self.of), np.bool_)
        kept[singles] = False
        for name in ("of", "person", "at", "packed", "reported", "call"):
            setattr(self, name, getattr(self, name)[kept])


def recollect(queues: SimulatedQueues, infected: NDArray[np.int64], rng: np.random.Generator) -> Recalls:
    """Visit everybody of every positive or suspect pool and every suspect single; returns their new singles.

    Parameters
    ----------
    infected : array
        Indices of the infected people, ascending.
    """
    tubes = queues.tubes
    pooled = tubes.mode == POOL
    recalled = np.flatnonzero((tubes.call == SUSPECT) | (pooled & (tubes.call == POSITIVE)))
    swab = np.flatnonzero(np.isin(queues.tube, recalled))
    swab = swab[np.lexsort((queues.at[swab], queues.tube[swab]))]
    of = np.searchsorted(recalled, queues.tube[swab])
    person = queues.person[swab]
    _, first = np.unique(of * (int(person.max(initial=0)) + 1) + person, return_index=True)
    first.sort()
    of, person = of[first], person[first]
    size = np.bincount(of, minlength=len(recalled))
    nth = np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size)
    opened = tubes.opened[recalled]
    visit = opened + rng.integers(20, 60, len(recalled)) * _MINUTE
    at = visit[of] + nth * _MINUTE + rng.integers(0, 40, len(of)) * SECOND
    picked = visit + (size + 8) * _MINUTE
    received = picked + rng.integers(15, 45, len(recalled)) * _MINUTE
    is_infected = np.isin(person, infected)
    return Recalls(
        tube=recalled,
        opened=opened,
        picked=picked,
        received=received,
        lab=np.zeros(len(recalled), np.int64),
        tag=np.zeros(len(recalled), np.int16),
        of=of,
        person=person,
        at=at,
        packed=picked[of] - 3 * _MINUTE,
        reported=received[of] + rng.integers(75, 100, len(recalled))[of] * _MINUTE,
        call=np.where(is_infected, POSITIVE, NEGATIVE).astype(np.int8),
    )
