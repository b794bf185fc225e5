"""Anomalies: everything wrong with a day, each with its subject, its moment and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.codes import RESIDENT, WELL_PLACES, well_names
from poolpipe.tables import ANOMALIES, MODES, TIME
from poolpipe_kernels import codes as code_kernels
from poolpipe_kernels import groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.calls import Calls
    from poolpipe.codes import Codes
    from poolpipe.custody import Custody

__all__ = ["Seen", "find_anomalies", "people_in_two_tubes"]

_POOL = MODES.index("pool")
_COLUMNS = ("code", "severity", "round", "subject_kind", "subject", "at", "detail")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the stages found, coded; see each stage for its columns."""

    frames: Mapping[str, pl.DataFrame]
    codes: Codes
    pools: pl.DataFrame
    members: pl.DataFrame
    custody: Custody
    calls: Calls
    recalls: pl.DataFrame
    clocks: pl.DataFrame
    doubles: pl.DataFrame
    unknown_voids: pl.DataFrame
    conflicts: pl.DataFrame
    plate_wells: int


def find_anomalies(seen: Seen) -> pl.DataFrame:
    """Find every anomaly of the contract but those that need times of arrival.

    Returns
    -------
    DataFrame
        As `tables.TABLES["anomalies"]`, one row per code, round and subject; not sorted.
    """
    found = [
        *_of_people(seen),
        *_of_tubes(seen),
        *_of_boxes(seen),
        *_of_plates(seen),
        *_of_wells(seen),
        *_of_recalls(seen),
        *_of_clocks(seen),
        *_of_events(seen),
    ]
    return pl.concat([part for part in found if part.height] or [_rows("rescanned", _NOTHING)])


_NOTHING = pl.DataFrame(schema={"round": pl.String, "subject": pl.String, "at": TIME, "detail": pl.String})


def _rows(code: str, subjects: pl.DataFrame) -> pl.DataFrame:
    """Give subjects (round, subject, at, detail) the code's severity, kind and Chinese name."""
    meaning = ANOMALIES[code]
    return subjects.select(
        pl.lit(code).alias("code"),
        pl.lit(meaning.severity).alias("severity"),
        pl.col("round").cast(pl.String),
        pl.lit(meaning.subject_kind).alias("subject_kind"),
        pl.col("subject").cast(pl.String),
        pl.col("at").cast(TIME),
        (pl.col("detail") + pl.lit(f" ({meaning.chinese})")).alias("detail"),
    )


def _tubes(
    seen: Seen, code: str, tubes: pl.DataFrame, detail: pl.Expr, at: str | None = None
) -> pl.DataFrame:
    return _entities(seen, code, "tube", tubes, detail, at)


def _entities(
    seen: Seen, code: str, column: str, frame: pl.DataFrame, detail: pl.Expr, at: str | None = None
) -> pl.DataFrame:
    """Rows about tubes, boxes or plates: one per number in `column`."""
    if frame.is_empty():
        return _rows(code, _NOTHING)
    frame = frame.unique(column, keep="first", maintain_order=True)
    rounds, texts = seen.codes.entity(column, frame[column])
    when = pl.col(at) if at else pl.lit(None, TIME)
    return _rows(
        code,
        frame.select(when.cast(TIME).alias("at"), detail.alias("detail")).with_columns(
            rounds.alias("round"), texts.alias("subject")
        ),
    )


def people_in_two_tubes(pools: pl.DataFrame, members: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Find people who sit in several pool tubes of one round.

    Returns
    -------
    DataFrame
        Their seats, coded: round, person, tube, collected_at.
    """
    if members.is_empty():
        return members.select(pl.lit(0, pl.UInt32).alias("round"), "person", "tube", "collected_at")
    n = len(codes.entities["tube"])
    mode = np.full(n, -1, np.int8)
    mode[pools["tube"].to_numpy()] = pools["mode"].fill_null(-1).to_numpy()
    tube, person = members["tube"].to_numpy(), members["person"].to_numpy()
    pooled = mode[tube] == _POOL
    rounds = codes.entities["tube"].rounds
    hashes = np.zeros(len(tube), np.uint64)
    groups.mix(hashes, person.view(np.uint64), np.uint64(1))
    if len(codes.texts["round"]) > 1:
        groups.mix(hashes, rounds[tube].astype(np.uint64), np.uint64(2))
    rows = np.flatnonzero(pooled) if not pooled.all() else None
    own = hashes if rows is None else hashes[rows]
    firsts = np.empty(len(own), np.uint32)
    groups.first_equals(own, firsts)
    again = np.flatnonzero(firsts != np.arange(len(own), dtype=np.uint32))
    candidates = np.union1d(again, firsts[again])
    seats = members[candidates if rows is None else rows[candidates]]
    seats = seats.with_columns(pl.Series("round", rounds).gather(seats["tube"]))
    several = pl.col("tube").n_unique().over("round", "person") > 1
    return seats.filter(several).select("round", "person", "tube", "collected_at")


def _of_people(seen: Seen) -> list[pl.DataFrame]:
    return [_bad_ids(seen), _doubles(seen)]


def _bad_ids(seen: Seen) -> pl.DataFrame:
    keys = seen.members["person"].to_numpy()
    hold = np.empty(len(keys), np.bool_)
    code_kernels.resident_ids_hold(keys, hold)
    bad = seen.members[np.flatnonzero(~hold)]
    other = -1 - bad["person"].to_numpy()
    resident = (seen.codes.others["person_type"] == RESIDENT).to_numpy()
    wrong = np.ones(bad.height, np.bool_)
    wrong[other >= 0] = resident[other[other >= 0]]
    bad = bad.filter(wrong)
    rounds, _ = seen.codes.entity("tube", bad["tube"])
    types, numbers = seen.codes.person(bad["person"])
    subjects = pl.DataFrame(
        {"round": rounds, "subject": types + ":" + numbers, "at": bad["collected_at"]}
    ).with_columns(
        pl.lit(
            "not 17 digits and the check character of GB 11643, or no real birth date; the swab counts, "
            "look at the document again"
        ).alias("detail")
    )
    return _rows(
        "bad_person_id", subjects.sort("at").unique(["round", "subject"], keep="first", maintain_order=True)
    )


def _doubles(seen: Seen) -> pl.DataFrame:
    if seen.doubles.is_empty():
        return _rows("person_in_two_tubes", _NOTHING)
    _, tubes = seen.codes.entity("tube", seen.doubles["tube"])
    people = (
        seen.doubles.with_columns(tubes.alias("code"))
        .sort("collected_at", "tube")
        .group_by("round", "person", maintain_order=True)
        .agg(pl.col("code").unique(maintain_order=True), pl.col("collected_at").last().alias("at"))
    )
    types, numbers = seen.codes.person(people["person"])
    return _rows(
        "person_in_two_tubes",
        people.select(
            seen.codes.text("round", people["round"]),
            (types + ":" + numbers).alias("subject"),
            "at",
            pl.format(
                "in the pool tubes {} of one round; void the scan that is wrong",
                pl.col("code").list.join(", "),
            ).alias("detail"),
        ),
    )


def _of_tubes(seen: Seen) -> list[pl.DataFrame]:
    pools = seen.pools
    collected = pools.filter(pl.col("mode").is_not_null())
    people, capacity = pl.col("people"), pl.col("capacity")
    crowd = pl.format("{} people where {} fit; the call stands for all of them", people, capacity)
    few = pl.format("{} people where {} fit; it must be marked as a short pool", people, capacity)
    swabs = pl.format(
        "{} swabs counted at sealing, {} people scanned; ask the sampling point", pl.col("swabs"), people
    )
    orphans = pools.filter(pl.col("mode").is_null())
    return [
        _tubes(seen, "rescanned", collected.filter("rescanned"), pl.lit("a person was scanned again; the first scan counts"), "last_collected"),
        _tubes(seen, "overfull_pool", collected.filter(people > capacity), crowd, "last_collected"),
        _tubes(seen, "short_pool", collected.filter((people < capacity) & (pl.col("mode") == _POOL)), few, "last_collected"),
        _tubes(seen, "tube_at_two_points", collected.filter("several_points"), pl.lit("scanned at several sampling points; the earliest counts; was a label used twice?"), "last_collected"),
        _tubes(seen, "mixed_mode", collected.filter("mixed_mode"), pl.lit("scanned as pool and as single; the earliest counts"), "last_collected"),
        _tubes(seen, "swab_count_mismatch", pools.filter(pl.col("swabs") != people), swabs),
        _tubes(seen, "orphan_tube", orphans, pl.lit("seen later, never collected: its people are not known; look for the registration or a misread code"), "packed_at"),
        _tubes(seen, "conflicting_calls", pools.filter("conflicting"), pl.lit("several of positive, suspect and negative; the gravest counts"), "called_at"),
        _tubes(seen, "positive_set_aside", pools.filter("set_aside"), pl.lit("positive or suspect in a well whose plate's controls failed; run it again"), "loaded_at"),
        _tubes(seen, "tube_reloaded", pools.filter(pl.col("slots") > 1), pl.format("loaded into {} wells; every one counts", pl.col("slots")), "loaded_at"),
        _tubes(seen, "out_of_order", pools.filter(_out_of_order()), pl.lit("a step is dated before the one it follows; was a device's clock wrong?"), "called_at"),
        *_several_boxes(seen),
    ]  # fmt: skip


def _out_of_order() -> pl.Expr:
    """Whether, of the known steps, one is earlier than the known one before it."""
    steps = ["first_collected", "packed_at", "picked_up_at", "received_at", "loaded_at", "called_at"]
    broken = pl.lit(value=False)
    latest_known = pl.col(steps[0])
    for step in steps[1:]:
        broken = broken | (pl.col(step) < latest_known).fill_null(value=False)
        latest_known = pl.coalesce(step, latest_known)
    return broken


def _several_boxes(seen: Seen) -> list[pl.DataFrame]:
    packs = seen.frames["pack"]
    if packs.is_empty():
        return []
    last = np.zeros(len(seen.codes.entities["tube"]), np.uint32)
    tube, box = packs["tube"].to_numpy(), packs["box"].to_numpy()
    last[tube] = box
    several = np.unique(tube[last[tube] != box])
    if not len(several):
        return []
    mine = packs.filter(pl.col("tube").is_in(several)).sort("at", "box")
    _, names = seen.codes.entity("box", mine["box"])
    boxes = mine.with_columns(names.alias("name")).group_by("tube", maintain_order=True)
    told = boxes.agg(pl.col("name").unique(maintain_order=True), pl.col("at").max())
    detail = pl.format(
        "packed into {}; the last counts; void one packing to settle it", pl.col("name").list.join(", ")
    )
    return [_tubes(seen, "tube_in_two_boxes", told, detail, "at")]


def _of_boxes(seen: Seen) -> list[pl.DataFrame]:
    packs, receipts = seen.frames["pack"], seen.custody.receipts
    packed = packs["box"].unique() if packs.height else pl.Series("box", [], pl.UInt32)
    scans = [
        seen.frames[kind].select("box", "at") for kind in ("pickup", "receive") if seen.frames[kind].height
    ]
    found = []
    if scans:
        empty = pl.concat(scans).sort("at").filter(~pl.col("box").is_in(packed.implode()))
        detail = pl.lit(
            "picked up or received, and no tube was ever packed into it; was the packing scanned?"
        )
        found.append(_entities(seen, "empty_box", "box", empty, detail, "at"))
    if receipts.height:
        again = pl.lit("received again with no packing in between; the first receipt counts")
        found.append(_entities(seen, "box_received_twice", "box", receipts.filter("again"), again, "at"))
        if "tubes" in receipts.columns:
            found.append(_counts(seen, receipts))
    return found


def _counts(seen: Seen, receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts whose count is not the number of tubes whose journey they are."""
    journeys = (
        seen.pools.filter(pl.col("receipt").is_not_null()).group_by("receipt").agg(pl.len().alias("carried"))
    )
    counted = (
        receipts.with_row_index("receipt")
        .join(journeys, on="receipt", how="left")
        .with_columns(pl.col("carried").fill_null(0))
        .filter(~pl.col("again") & (pl.col("tubes") != pl.col("carried")))
        .sort("box", "at")
    )
    detail = pl.format(
        "{} tubes counted at receipt, {} were packed; open the box and scan it", "tubes", "carried"
    )
    return _entities(seen, "box_count_mismatch", "box", counted, detail, "at")


def _of_plates(seen: Seen) -> list[pl.DataFrame]:
    plates = seen.calls.plates
    missing = pl.lit(
        "no negative or no positive control was loaded: nothing on this plate is a result; run it again"
    )
    failed = pl.lit("a control is not as it must be: nothing on this plate is a result; run it again")
    return [
        _entities(seen, "plate_control_missing", "plate", plates.filter("missing"), missing, "last_reading"),
        _entities(seen, "plate_control_failed", "plate", plates.filter("failed"), failed, "last_reading"),
    ]


def _of_wells(seen: Seen) -> list[pl.DataFrame]:
    wells = seen.calls.wells.with_columns((pl.col("slot") // WELL_PLACES).cast(pl.UInt32).alias("plate"))
    on_read_plate = pl.col("plate").is_in(seen.calls.plates["plate"].implode())
    found = []
    for code, which, detail in (
        ("well_shared", pl.col("shared"), "several tubes, or a tube and a control; void the wrong load"),
        ("reading_incomplete", pl.col("sampled") & pl.col("incomplete") & on_read_plate,
         "a target or the internal control was not read: no negative comes from here"),
        ("reading_without_load", pl.col("read") & ~pl.col("loaded"), "read, and nothing was loaded: whose is it?"),
    ):  # fmt: skip
        mine = wells.filter(which)
        if mine.height:
            found.append(_rows(code, _well_subjects(seen, mine).with_columns(pl.lit(detail).alias("detail"))))
    return found


def _well_subjects(seen: Seen, wells: pl.DataFrame) -> pl.DataFrame:
    rounds, plates = seen.codes.entity("plate", wells["plate"])
    names = well_names(wells["slot"] % WELL_PLACES, seen.plate_wells)
    return pl.DataFrame({"round": rounds, "subject": plates + ":" + names}).with_columns(
        pl.lit(None, TIME).alias("at")
    )


def _of_recalls(seen: Seen) -> list[pl.DataFrame]:
    recalls = seen.recalls
    if recalls.is_empty():
        return []
    from poolpipe.tables import CALLS

    negative = CALLS.index("negative")
    tubes = recalls.group_by("tube", maintain_order=True).agg(
        (pl.col("outcome") == negative).fill_null(value=False).all().alias("unexplained"),
        (pl.col("overdue") | pl.col("late")).sum().alias("missed"),
        pl.col("due_at").first(),
        pl.col("closed_at").max(),
    )
    modes = seen.pools.select("tube", "mode")
    tubes = tubes.join(modes, on="tube", how="left", maintain_order="left")
    unexplained = tubes.filter(pl.col("unexplained") & (pl.col("mode") == _POOL))
    lab_of = seen.pools.select(pl.col("tube").alias("single_tube"), pl.col("lab").alias("single_lab"))
    astray = recalls.join(lab_of, on="single_tube", maintain_order="left").filter(
        pl.col("single_lab") != pl.col("lab")
    )
    astray = astray.drop("tube").rename({"single_tube": "tube"})
    return [
        _tubes(seen, "unexplained_pool", unexplained, pl.lit("every single of it is negative: contamination, or a missed single; somebody must decide"), "closed_at"),
        _tubes(seen, "clock_recall", tubes.filter(pl.col("missed") > 0), pl.format("{} of its people not re-tested in time", "missed"), "due_at"),
        _tubes(seen, "recall_wrong_lab", astray, pl.lit("the single must go back to the lab that found the pool"), "recollected_at"),
    ]  # fmt: skip


def _of_clocks(seen: Seen) -> list[pl.DataFrame]:
    found = []
    for clock, step in (
        ("room_temperature", "first swab to receipt"), ("cold_store", "first swab to first load"), ("result", "to the result")
    ):  # fmt: skip
        slow = seen.clocks.filter(pl.col(clock).is_not_null())
        detail = pl.format("{} h from {}", (pl.col(clock).dt.total_seconds() / 3600).round(1), pl.lit(step))
        found.append(_tubes(seen, f"clock_{clock}", slow, detail))
    waiting = seen.clocks.filter(pl.col("pickup").is_not_null())
    if waiting.height:
        rounds, _ = seen.codes.entity("tube", waiting["tube"])
        sites = (
            waiting.with_columns(rounds.alias("round"))
            .group_by("round", "site")
            .agg(pl.len().alias("tubes"), pl.col("pickup").max(), pl.col("last_collected").min().alias("at"))
        )
        detail = pl.format(
            "{} tubes waited up to {} h for their pickup",
            "tubes",
            (pl.col("pickup").dt.total_seconds() / 3600).round(1),
        )
        subject = seen.codes.text("site", sites["site"]).alias("subject")
        found.append(_rows("clock_pickup", sites.with_columns(subject, detail.alias("detail"))))
    return found


def _of_events(seen: Seen) -> list[pl.DataFrame]:
    conflicts, voids = seen.conflicts, seen.unknown_voids
    several = pl.lit("one event_id, several contents: all count; a void of the id withdraws all of them")
    nothing = pl.lit("withdraws nothing: no such event, or a void, which cannot be withdrawn")
    return [
        _rows("conflicting_event", conflicts.with_columns(several.alias("detail"))),
        _rows("void_without_event", voids.with_columns(nothing.alias("detail"))),
    ]
