"""Labs' days as arrays: infections clustered in the queue, plates filled from it, and splash and bad plates planted on them."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from poolpipe.stages.false_alarms.runs import find_runs
from poolpipe.stages.false_alarms.tested_wells import TestedWells

SAMPLES, ROWS, COLUMNS = 94, 8, 12


def infections(tubes, rng, *, prevalence=0.006, attack=0.3, reach=4.0):
    """Ct of each tube of a queue, NaN without virus: cases come at random and infect the tubes around them.

    A tube d places from a first case is infected with ``attack * exp(-(d - 1) / reach)``, up to 20 places away.
    """
    first = np.flatnonzero(rng.random(tubes) < prevalence)
    ill = [first]
    for away in range(1, 21):
        for sign in (-1, 1):
            near = first + sign * away
            near = near[(near >= 0) & (near < tubes)]
            ill.append(near[rng.random(len(near)) < attack * np.exp(-(away - 1) / reach)])
    ct = np.full(tubes, np.nan)
    numbers = np.unique(np.concatenate(ill))
    ct[numbers] = np.clip(rng.normal(26.0, 5.0, len(numbers)), 13, 37) + np.log2(10)
    ct[ct > 40] = np.nan
    return ct


def splashed(ct, rng, *, rate, strong=20.0):
    """The same tubes after each strong well has splashed into each well around it with `rate`; and which are false."""
    ct, false = ct.copy(), np.zeros(len(ct), bool)
    place = np.arange(len(ct)) % SAMPLES
    plate = np.arange(len(ct)) // SAMPLES
    row = place % ROWS
    for source in np.flatnonzero(ct < strong):
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                if (down or right) and 0 <= row[source] + down < ROWS and rng.random() < rate:
                    other = source + right * ROWS + down
                    inside = 0 <= other < len(ct) and plate[other] == plate[source]
                    late = ct[source] - np.log2(10.0 ** rng.uniform(-6, -4))
                    if inside and np.isnan(ct[other]) and late <= 40:
                        ct[other], false[other] = late, True
    return ct, false


def wells_of(ct, *, day=None):
    """Lay the tubes of one or more labs' days out on plates, down the columns, as `tested_wells` does."""
    n = len(ct)
    place = np.arange(n) % SAMPLES
    day = np.zeros(n, np.int64) if day is None else day
    days = int(day.max(initial=0)) + 1
    return TestedWells(
        tube=np.arange(n),
        plate=np.arange(n) // SAMPLES,
        well=place % ROWS * COLUMNS + place // ROWS,
        at=np.arange(n) * 5_000_000,
        ct=ct,
        positive=np.isfinite(ct),
        day=day,
        line=np.full(n, ROWS),
        columns=COLUMNS,
        days=pl.DataFrame(
            {
                "round": np.zeros(days, np.uint32),
                "lab": np.arange(days, dtype=np.uint32),
                "date": [date(2022, 4, 4)] * days,
            }
        ),
    )


def events_of(ct, *, lot=None, start="2022-04-04T09:00:00"):
    """Loads and readings of a lab's day: 94 samples and two controls a plate, ORF1ab and N alike."""
    plates = -(-len(ct) // SAMPLES)
    place = np.tile(np.arange(96), plates)
    plate = np.repeat(np.arange(plates), 96)
    tube = plate * SAMPLES + place
    sample = place < SAMPLES
    there = ~sample | (tube < len(ct))
    place, plate, tube, sample = place[there], plate[there], tube[there], sample[there]
    value = np.where(sample, ct[np.minimum(tube, len(ct) - 1)], np.where(place == 94, np.nan, 28.0))
    wells = pl.DataFrame(
        {
            "plate": [f"P{each:03d}" for each in plate],
            "well": [f"{'ABCDEFGH'[each % ROWS]}{each // ROWS + 1:02d}" for each in place],
            "tube": [
                f"T{each:05d}" if is_sample else None for each, is_sample in zip(tube, sample, strict=True)
            ],
            "role": np.where(sample, "sample", np.where(place == 94, "negative_control", "positive_control")),
            "at": pl.Series(plate * 600 + place * 5).cast(pl.Int64),
            "ct": pl.Series(value).fill_nan(None),
            "reagent": [None if lot is None else str(lot[each]) for each in plate],
        }
    )
    at = pl.lit(start).str.to_datetime(time_zone="UTC") + pl.duration(seconds=pl.col("at"))
    loads = wells.select(at.alias("at"), "plate", "well", "tube", "role", pl.lit("L1").alias("lab"))
    reads = [
        wells.select(
            (at + pl.duration(hours=3)).alias("at"), "plate", "well", pl.lit(target).alias("target"),
            ct.alias("ct"), "reagent",
        )
        for target, ct in (("ORF1ab", pl.col("ct")), ("N", pl.col("ct")), ("IC", pl.lit(28.0)))
    ]  # fmt: skip
    return {"load": loads, "read": pl.concat(reads)}


def lab_city(seed, *, labs=12, plates=30, lots=8, bad=None, rate=0.01, prevalence=0.002, box=30):
    """A city whose labs' sites are in turn clustered differently; lot `bad`, if any, makes a share of negatives positive.

    Eight sites at a time send boxes of so many tubes in turn, 120 a site; lots change every two plates, instruments with each.
    Returns site, position, positive, units by kind, which positives are false and the place of each tube in its lab's queue, in
    the order of the sites' queues.
    """
    rng = np.random.default_rng(seed)
    sites = plates * SAMPLES // 120
    tube = np.arange(labs * sites * 120)
    site, position = np.divmod(tube, 120)
    lab, of_lab = np.divmod(site, sites)
    burden = prevalence * rng.lognormal(0.0, 1.0, (labs, sites // 8 + 1)).repeat(8, axis=1)[:, :sites].ravel()
    ct = np.concatenate([infections(120, rng, prevalence=each) for each in burden])
    order = np.lexsort((position, of_lab, position // box, of_lab // 8, lab))
    place = np.empty(len(tube), np.int64)
    place[order] = np.arange(len(tube)) % (sites * 120)
    plate = place // SAMPLES
    lot = (plate // 2 + lab) % lots
    positive = np.isfinite(ct)
    false = (
        np.zeros(len(ct), bool) if bad is None else (lot == bad) & ~positive & (rng.random(len(ct)) < rate)
    )
    units = {
        "lot": lot,
        "instrument": lab * 6 + plate % 6,
        "channel": lab * ROWS + place % SAMPLES % ROWS,
        "plate": lab * (plates + 1) + plate,
    }
    return site, position, positive | false, units, false, place


def run_of_tubes(units, place, run, rng, *, lab):
    """Tubes made positive at a rate among consecutive ones of a lab, as many as `run` = (length, rate) says."""
    length, rate = run
    own = units["instrument"] // 6 == lab
    begin = rng.integers(0, place[own].max() - length)
    return own & (place >= begin) & (place < begin + length) & (rng.random(len(place)) < rate)


def runs_of_city(city, run, *, orders=(0, 1, 2), seed=0):
    """The runs of a `lab_city` in which a (length, rate) is planted in lab 3, if any; and which tubes it spoilt.

    Order 0 is that of loading, 1 that of receipt (the same), 2 that of each instrument.
    """
    site, _, positive, units, _, place = city
    lab = units["instrument"] // 6
    rng = np.random.default_rng(seed)
    hit = run_of_tubes(units, place, run, rng, lab=3) if run else np.zeros(len(lab), bool)
    parts = np.stack([lab, lab, units["instrument"]])[list(orders)]
    ranks = np.argsort(np.argsort(parts * (int(place.max()) + 1) + place, axis=1), axis=1)
    if run and orders == [2]:  # consecutive plates of one instrument, not of the lab
        machine = units["instrument"] == 3 * 6
        begin = np.sort(ranks[0][machine])[200]
        hit = machine & (ranks[0] >= begin) & (ranks[0] < begin + run[0]) & (rng.random(len(lab)) < run[1])
    return find_runs(positive | hit, site, lab, parts, ranks, 0.05), hit


def events_of_city(site, position, positive, units, place):
    """Collects, loads and readings of `lab_city`, one person a tube; each lot is a reagent."""
    place = place % SAMPLES
    tubes = pl.DataFrame(
        {
            "tube": [f"T{each:06d}" for each in range(len(site))],
            "site": [f"S{each:03d}" for each in site],
            "lab": [f"L{each:02d}" for each in units["instrument"] // 6],
            "plate": [f"P{each:04d}" for each in units["plate"]],
            "well": [f"{'ABCDEFGH'[each % ROWS]}{each // ROWS + 1:02d}" for each in place],
            "reagent": [f"lot {each}" for each in units["lot"]],
            "instrument": [f"PCR-{each % 6}" for each in units["instrument"]],
            "ct": pl.Series(np.where(positive, 34.0, np.nan)).fill_nan(None),
            "minutes": position,
            "seconds": place * 5,
        }
    )
    dawn = pl.lit("2022-04-04T00:00:00").str.to_datetime(time_zone="UTC")
    noon = dawn + pl.duration(hours=6) + pl.duration(seconds="seconds")
    collects = tubes.select(
        (dawn + pl.duration(minutes="minutes")).alias("at"), "tube", pl.col("tube").alias("person"), "site"
    )
    columns = (noon.alias("at"), "plate", "well", "tube", "lab")
    loads = [tubes.select(*columns, pl.lit("sample").alias("role"))]
    wells = [tubes]
    for well, role, ct in (("G12", "negative_control", None), ("H12", "positive_control", 28.0)):
        controls = tubes.unique("plate").sort("plate").with_columns(
            pl.lit(well).alias("well"), pl.lit(None, pl.String).alias("tube"), pl.lit(ct, pl.Float64).alias("ct")
        )  # fmt: skip
        loads.append(controls.select(*columns, pl.lit(role).alias("role")))
        wells.append(controls)
    later = (noon + pl.duration(hours=3)).alias("at")
    reads = [
        each.select(
            later, "plate", "well", pl.lit(target).alias("target"), ct.alias("ct"), "reagent", "instrument"
        )
        for each in wells
        for target, ct in (("ORF1ab", pl.col("ct")), ("N", pl.col("ct")), ("IC", pl.lit(28.0)))
    ]
    return {"collect": collects, "load": pl.concat(loads), "read": pl.concat(reads)}
