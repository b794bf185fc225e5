"""Two laboratories of which one drifts: by its controls, by inhibition, or by the positives that it loses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from poolpipe.policy import load_policy

__all__ = ["BEGINS", "DAY", "PLATES", "START", "lost_positives", "plates_read"]

DAY = date(2022, 2, 10)
START = datetime(2022, 2, 9, 17, tzinfo=UTC)  # 01:00 in Shanghai
PLATES, BEGINS = 90, 60
_ASSAY = load_policy().assay


def plates_read(control: float = 0.0, internal: float = 0.0) -> dict[str, pl.DataFrame]:
    """Plates of two controls and one tube each; the Ct of L1 rise by so many cycles from the sixtieth on."""
    rng, loads, reads, collects = np.random.default_rng(4), [], [], []
    for lab in ("L1", "L2"):
        for number in range(PLATES):
            plate, at = f"P{lab}-{number}", START + timedelta(minutes=10 * number)
            tube = f"T{lab}-{number}"
            collects.append((at - timedelta(hours=5), tube, "PASSPORT", f"E{tube}"))
            wells = (
                ("A1", "sample", tube),
                ("G12", "negative_control", None),
                ("H12", "positive_control", None),
            )
            moved = lab == "L1" and number >= BEGINS
            for well, role, what in wells:
                loads.append((at - timedelta(hours=2), plate, well, role, what, lab))
                for target in (*_ASSAY.targets, _ASSAY.internal_control):
                    is_internal = target == _ASSAY.internal_control
                    shift = control if moved and role == "positive_control" else 0
                    shift += internal if moved and is_internal and role == "sample" else 0
                    shown = role == "positive_control" or is_internal
                    reads.append(
                        (at, plate, well, target, 28 + rng.normal(0, 0.8) + shift if shown else None)
                    )
    return {
        "collect": pl.DataFrame(collects, ["at", "tube", "person_type", "person"], orient="row"),
        "load": pl.DataFrame(loads, ["at", "plate", "well", "role", "tube", "lab"], orient="row"),
        "read": pl.DataFrame(
            reads, ["at", "plate", "well", "target", "ct"], orient="row", infer_schema_length=None
        ),
    }


def lost_positives(share: float) -> dict[str, pl.DataFrame]:
    """Reports of 14 hours, 30 tubes an hour and laboratory, a third positive; from the sixth hour on L1 finds that share of them."""
    rng = np.random.default_rng(7)
    collects, reports = [], []
    for hour in range(14):
        for lab in ("L1", "L2"):
            for number in range(30):
                tube, at = f"{lab}-{hour}-{number}", START + timedelta(hours=hour, minutes=number)
                is_positive = rng.random() < (share if lab == "L1" and hour >= 6 else 1) / 3
                collects.append((at - timedelta(hours=5), tube, "PASSPORT", f"E{tube}", "S1"))
                reports.append((at, tube, lab, "positive" if is_positive else "negative"))
    return {
        "collect": pl.DataFrame(collects, ["at", "tube", "person_type", "person", "site"], orient="row"),
        "report": pl.DataFrame(reports, ["at", "tube", "lab", "call"], orient="row"),
    }
