"""False positives that a laboratory makes: splash out of strong wells, and a lot of reagent that is contaminated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.laboratory import NEGATIVE, call_readings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.campaign import Campaign
    from poolpipe.simulate.fault_rates import LabFaults

__all__ = ["lot_of", "plant_faults"]

_STREAM = 1_001
"""Random stream of its own: a city with faults differs from the same city without them in what the faults change alone."""

_STRONG_CT = 20.0
_ROWS, _COLUMNS = 8, 12
_LOT_CT, _LOT_SPREAD = 35.0, 1.2


def lot_of(plate: NDArray[np.int64], township: int, lots: int) -> NDArray[np.int64]:
    """Lot of reagent, from 0, that ran on each plate of a township's laboratory; the bad one is 1."""
    return np.asarray((plate // 2 + township) % lots)


def plant_faults(
    campaign: Campaign, faults: LabFaults, readings: NDArray[np.float32], calls: NDArray[np.int8]
) -> None:
    """Make tubes positive that are not, and note them in the truth as `splash` and `bad_lot`.

    Parameters
    ----------
    campaign : Campaign
        With its plates laid out; its truth is extended.
    faults : LabFaults
        How often.
    readings : (tubes, 3) float32
        Ct of ORF1ab, N and the internal control, cycles; changed in place.
    calls : (tubes,) int8
        Changed in place.
    """
    rng = np.random.default_rng([campaign.seed, campaign.residents.township, campaign.run, _STREAM])
    tubes = campaign.queues.tubes
    lying = np.flatnonzero(tubes.plate >= 0)
    clean = np.isnan(readings[:, 0]) & np.isnan(readings[:, 1])
    hit, ct = _splashes(tubes.plate, tubes.well, lying, readings[:, :2], faults.splash, rng)
    _make_positive(campaign, "splash", readings, calls, hit[clean[hit]], ct[clean[hit]])
    clean[hit] = False
    lot = lot_of(tubes.plate[lying], campaign.residents.township, faults.lots)
    bad = lying[(lot == 1) & (rng.random(len(lying)) < faults.bad_lot)]
    _make_positive(
        campaign,
        "bad_lot",
        readings,
        calls,
        bad[clean[bad]],
        rng.normal(_LOT_CT, _LOT_SPREAD, clean[bad].sum()),
    )


def _splashes(
    plate: NDArray[np.int64],
    well: NDArray[np.int64],
    lying: NDArray[np.int64],
    targets: NDArray[np.float32],
    rate: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tubes that are splashed into, each once, and the Ct of what comes there."""
    strong = lying[np.fmin(targets[lying, 0], targets[lying, 1]) < _STRONG_CT]
    at = dict(zip(zip(plate[lying].tolist(), well[lying].tolist(), strict=True), lying.tolist(), strict=True))
    hit: dict[int, float] = {}
    for source in strong.tolist():
        column, row = divmod(int(well[source]), _ROWS)
        for right, down in _AROUND:
            inside = 0 <= row + down < _ROWS and 0 <= column + right < _COLUMNS
            share, falls = 10.0 ** rng.uniform(-6.0, -4.0), rng.random() < rate
            other = at.get((int(plate[source]), (column + right) * _ROWS + row + down))
            if inside and falls and other is not None:
                hit.setdefault(other, float(targets[source, 0] - np.log2(share)))
    return np.array(list(hit), np.int64), np.array(list(hit.values()))


_AROUND = [(right, down) for right in (-1, 0, 1) for down in (-1, 0, 1) if right or down]


def _make_positive(
    campaign: Campaign,
    fault: str,
    readings: NDArray[np.float32],
    calls: NDArray[np.int8],
    hit: NDArray[np.int64],
    ct: NDArray[np.float64],
) -> None:
    """Give tubes such a Ct in both targets, and note those that are no longer called negative."""
    readings[hit, 0] = ct.round(2)
    readings[hit, 1] = (ct - 0.8).round(2)
    calls[hit] = call_readings(readings[hit])
    campaign.note_tubes(fault, None, hit[calls[hit] > NEGATIVE])
