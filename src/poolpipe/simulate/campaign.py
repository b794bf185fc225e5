"""A round in a township while it is being made: everything that is true, and everything that gets scanned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.settings import TROUBLES
from poolpipe.simulate.streams import SimulatedScans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.labels import Labels
    from poolpipe.simulate.laboratory import SimulatedPlates, SimulatedWells
    from poolpipe.simulate.queues import Places, SimulatedQueues
    from poolpipe.simulate.recollection import Recalls
    from poolpipe.simulate.residents import Residents
    from poolpipe.simulate.settings import Settings
    from poolpipe.simulate.transport import Boxes

__all__ = ["NUMBERS", "Campaign"]

#: Number of each trouble, from 1, as tags have it.
NUMBERS = {name: number for number, name in enumerate(TROUBLES, start=1)}


@dataclass
class Campaign:
    """Everything about one round in one township.

    The later parts (`boxes` to `recalls`) are set as the day goes on.
    """

    settings: Settings
    seed: int
    run: int
    round_name: str
    residents: Residents
    places: Places
    infected: NDArray[np.int64]
    infected_ct: NDArray[np.float64]
    queues: SimulatedQueues
    codes: Labels
    rng: np.random.Generator
    boxes: Boxes = field(init=False)
    plates: SimulatedPlates = field(init=False)
    wells: SimulatedWells = field(init=False)
    recalls: Recalls = field(init=False)
    swabs: NDArray[np.int64] = field(init=False)
    lost_packs: list[NDArray[np.int64]] = field(default_factory=list)
    unscanned_boxes: list[NDArray[np.int64]] = field(default_factory=list)
    scans: SimulatedScans = field(default_factory=SimulatedScans)
    notes: list[pl.DataFrame] = field(default_factory=list)
    pending: list[pl.DataFrame] = field(default_factory=list)

    def luck(self, trouble: str) -> np.random.Generator:
        """Generator of its own for each trouble: more of one never changes the rest of the city."""
        return np.random.default_rng([self.seed, self.residents.township, self.run, NUMBERS[trouble]])

    def chosen(self, trouble: str, carriers: NDArray[np.int64], *, each: int = 1) -> NDArray[np.int64]:
        """Choose the carriers of a trouble.

        In a city where every trouble is due (`Settings.least`), each is planted in two of the townships and rounds,
        in case one has no carrier left for it.

        Parameters
        ----------
        trouble : str
            A key of `TROUBLES`.
        carriers : (n,) int64
            Numbers of what may carry it.
        each : int
            Carriers of one case.

        Returns
        -------
        (k,) int64
            Chosen carriers, in order.
        """
        rate = self.settings.troubles[trouble]
        cases = len(carriers) // each
        if rate == 0.0 or not cases:
            return np.empty(0, np.int64)
        rng = self.luck(trouble)
        turns = self.settings.townships * self.settings.rounds
        turn = self.residents.township * self.settings.rounds + self.run
        again = (NUMBERS[trouble] + turns // 2) % turns
        due = turn in {NUMBERS[trouble] % turns, again}
        least = self.settings.least if due else 0
        count = min(cases, max(int(rng.binomial(cases, rate)), least)) * each
        return np.sort(rng.choice(carriers, count, replace=False, shuffle=False))

    def note(self, trouble: str, code: str | None, subject_kind: str, subject: pl.Series) -> None:
        """Note in the truth that a trouble was planted.

        Parameters
        ----------
        trouble : str
            A key of `TROUBLES`.
        code : str or None
            Anomaly that it must give; None for none.
        subject_kind : str
            Kind of the anomaly's subject.
        subject : Series of String
            Subjects, one row each.
        """
        if len(subject):
            self.notes.append(_noted(trouble, code, self.round_name, subject_kind, subject))

    def note_tubes(self, trouble: str, code: str | None, tubes: NDArray[np.int64]) -> None:
        """Note in the truth that a trouble was planted in tubes.

        Parameters
        ----------
        trouble, code
            As in `note`.
        tubes : (k,) int64
            Numbers of the tubes.
        """
        self.note(trouble, code, "tube", self.codes.tube.gather(tubes))


def _noted(trouble: str, code: str | None, round_name: str, kind: str, subject: pl.Series) -> pl.DataFrame:
    """Rows of the truth's table of troubles."""
    return pl.DataFrame({"subject": subject.cast(pl.String)}).select(
        trouble=pl.lit(trouble, pl.String),
        code=pl.lit(code, pl.String),
        round=pl.lit(round_name, pl.String),
        subject_kind=pl.lit(kind, pl.String),
        subject="subject",
    )
