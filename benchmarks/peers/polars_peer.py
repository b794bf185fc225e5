"""The day in idiomatic Polars: lazy frames, the streaming engine, no Python loop over rows.

Gives `pools`, `members`, `recalls`, `cases` and the anomaly `person_in_two_tubes`, equal to poolpipe's, from
clean, typed Parquet in folders named by kind. What it leaves out is listed in `benchmarks.peers.events.LEFT_OUT`
and is the same for all three peers.

Run as ``python -m benchmarks.peers.polars_peer EVENTS OUT``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.peers.events import COLUMNS, DEFAULTS, files_of

AT = pl.Datetime("us", "UTC")
TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "at": AT, "capacity": pl.Int64, "swabs": pl.Int64, "ct": pl.Float64,
}  # fmt: skip
GRAVITY = pl.Enum(["positive", "suspect", "negative", "invalid"])  # gravest first
TUBE = ["round", "tube"]
PERSON = ["person_type", "person"]
WELL = ["round", "plate", "well"]
PLATE = ["round", "plate"]


def main(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    events = {kind: scan(folder, kind) for kind in COLUMNS}
    as_of = latest(events)

    # Written first and read back: the one table with a row per person is held in memory once.
    members(events["collect"]).sink_parquet(out / "members.parquet", engine="streaming")
    people = pl.scan_parquet(out / "members.parquet")

    wells = judged_wells(events["load"], events["read"]).collect(engine="streaming").lazy()
    opened = openings(wells, events["report"])
    pools = tubes(events, people, tube_calls(wells, events["report"])).collect(engine="streaming")
    pools.write_parquet(out / "pools.parquet")

    found = {
        "recalls": recalls(people, pools.lazy(), opened, events["collect"], as_of),
        "cases": cases(people, pools.lazy(), events["collect"]),
        "anomalies": in_two_tubes(people, pools.lazy()),
    }
    pl.collect_all(
        [table.sink_parquet(out / f"{name}.parquet", lazy=True) for name, table in found.items()],
        engine="streaming",
    )


def scan(folder: Path, kind: str) -> pl.LazyFrame:
    """Events of one kind with the columns the job needs, defaults filled in, voided ones left out."""
    events = _read(folder, kind)
    if kind == "void" or not files_of(folder, "void"):
        return events
    voided = _read(folder, "void").select(event_id="event")
    return events.join(voided, on="event_id", how="anti")


def _read(folder: Path, kind: str) -> pl.LazyFrame:
    schema = {name: TYPES.get(name, pl.String) for name in COLUMNS[kind]}
    files = files_of(folder, kind)
    if not files:
        return pl.LazyFrame(schema=schema)
    events = pl.scan_parquet(
        files,
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
        cast_options=pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast"),
    )
    return events.with_columns(
        pl.col(name).fill_null(value) for name, value in DEFAULTS.items() if name in schema
    )


def latest(events: dict[str, pl.LazyFrame]) -> pl.Expr:
    """The moment of the view: the latest time of any event."""
    moments = pl.collect_all(
        [frame.select(pl.col("at").max()) for frame in events.values()], engine="streaming"
    )
    return pl.lit(pl.concat(moments)["at"].max(), dtype=AT)


def members(collect: pl.LazyFrame) -> pl.LazyFrame:
    starts = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in TUBE).fill_null(value=True)
    return (
        collect.group_by(TUBE + PERSON)
        .agg(collected_at=pl.col("at").min())
        .sort(*TUBE, "collected_at", *PERSON)
        .with_row_index("row")
        .with_columns(position=pl.col("row") - pl.when(starts).then("row").forward_fill() + 1)
        .drop("row")
    )


def judged_wells(load: pl.LazyFrame, read: pl.LazyFrame) -> pl.LazyFrame:
    """A row per tube ever loaded into a well of a plate that has readings: call, called_at, opened_at."""
    sample = pl.col("role") == "sample"
    samples = load.filter(sample).select(*WELL, "tube").unique()
    loaded = load.group_by(WELL).agg(
        negative_control=(pl.col("role") == "negative_control").any(),
        positive_control=(pl.col("role") == "positive_control").any(),
    )
    together = samples.group_by(WELL).agg(tubes=pl.len())
    readings = well_readings(read)
    wells = (
        samples.join(judged_plates(loaded, readings, read), on=PLATE)
        .join(loaded, on=WELL)
        .join(together, on=WELL)
        .join(readings, on=WELL, how="left")
        .with_columns(shared=(pl.col("tubes") > 1) | pl.col("negative_control") | pl.col("positive_control"))
    )
    return wells.with_columns(call=_would_be()).with_columns(
        call=pl.when(~pl.col("shared")).then("call").when(pl.col("hit_at").is_not_null()).then(pl.lit("suspect"))
    ).select(
        *TUBE,
        call=pl.when("valid").then("call").otherwise(pl.lit("invalid")),
        called_at=pl.when("valid").then(pl.max_horizontal(_stands_at(), "controls_at")).otherwise("plate_read_at"),
        opened_at=pl.when(pl.col("valid") & pl.col("hit_at").is_not_null()).then(
            pl.max_horizontal("hit_at", "controls_at")
        ),
    )  # fmt: skip


def _would_be() -> pl.Expr:
    return (
        pl.when((pl.col("orf") == 0) & (pl.col("n") == 0)).then(pl.lit("positive"))
        .when(pl.col("hit_at").is_not_null()).then(pl.lit("suspect"))
        .when(pl.any_horizontal(pl.col("orf", "n", "ic").is_null())).then(None)
        .when(pl.col("ic") == 0).then(pl.lit("negative"))
        .otherwise(pl.lit("invalid"))
    )  # fmt: skip


def _stands_at() -> pl.Expr:
    hits = [pl.when(pl.col(target) <= 1).then(f"{target}_at") for target in ("orf", "n")]
    return (
        pl.when(pl.col("call") == "positive").then(pl.max_horizontal("orf_at", "n_at"))
        .when(pl.col("call") == "suspect").then(pl.min_horizontal(*hits))
        .otherwise(pl.max_horizontal("orf_at", "n_at", "ic_at"))
    )  # fmt: skip


def well_readings(read: pl.LazyFrame) -> pl.LazyFrame:
    """A row per well: each target's class (0 detected, 1 grey, 2 not; null: no row) and the class's first time."""
    ct, targets = pl.col("ct"), {"orf": "ORF1ab", "n": "N", "ic": "IC"}
    classes = [(ct <= 37), (ct > 37) & (ct <= 40), (ct > 40) | ct.is_null()]
    fine = [(ct <= 40), ct < 0, (ct > 40) | ct.is_null()]
    firsts = [
        pl.when((pl.col("target") == target) & belongs).then("at").min().alias(f"{name}_{number}")
        for name, target in targets.items()
        for number, belongs in enumerate(fine if name == "ic" else classes)
    ]
    found = {name: [pl.col(f"{name}_{number}") for number in range(3)] for name in targets}
    return (
        read.group_by(WELL)
        .agg(firsts)
        .select(
            *WELL,
            *(
                pl.coalesce(
                    pl.when(at.is_not_null()).then(pl.lit(number)) for number, at in enumerate(times)
                ).alias(name)
                for name, times in found.items()
            ),
            *(pl.coalesce(times).alias(f"{name}_at") for name, times in found.items()),
            hit_at=pl.min_horizontal(*found["orf"][:2], *found["n"][:2]),
        )
    )


def judged_plates(loaded: pl.LazyFrame, readings: pl.LazyFrame, read: pl.LazyFrame) -> pl.LazyFrame:
    negative, positive = pl.col("negative_control"), pl.col("positive_control")
    clean = ((pl.col("orf") == 2) & (pl.col("n") == 2)).fill_null(value=False)
    detected = ((pl.col("orf") == 0) & (pl.col("n") == 0)).fill_null(value=False)
    verdicts = (
        loaded.filter(negative | positive)
        .join(readings, on=WELL, how="left")
        .group_by(PLATE)
        .agg(
            valid=negative.any() & positive.any() & (clean | ~negative).all() & (detected | ~positive).all(),
            controls_at=pl.max_horizontal("orf_at", "n_at").max(),
        )
    )
    judged = read.group_by(PLATE).agg(plate_read_at=pl.col("at").max())
    return judged.join(verdicts, on=PLATE, how="left").with_columns(pl.col("valid").fill_null(value=False))


def tube_calls(wells: pl.LazyFrame, report: pl.LazyFrame) -> pl.LazyFrame:
    """The gravest call of a tube, when it first stood, and the lab of the report that gave it."""
    called = wells.filter(pl.col("call").is_not_null()).select(
        *TUBE, "call", "called_at", report_lab=pl.lit(None, pl.String)
    )
    reported = report.select(*TUBE, "call", called_at="at", report_lab="lab")
    return (
        pl.concat([called, reported])
        .with_columns(gravity=pl.col("call").cast(GRAVITY).to_physical())
        .sort("gravity", "called_at", "report_lab", nulls_last=True)
        .unique(TUBE, keep="first", maintain_order=True)
        .drop("gravity")
    )


def openings(wells: pl.LazyFrame, report: pl.LazyFrame) -> pl.LazyFrame:
    """When a tube was first positive or suspect: an escalation does not restart the clock."""
    reported = report.filter(pl.col("call").is_in(["positive", "suspect"])).select(*TUBE, opened_at="at")
    return (
        pl.concat([wells.select(*TUBE, "opened_at").drop_nulls(), reported])
        .group_by(TUBE)
        .agg(pl.col("opened_at").min())
    )  # fmt: skip


def tubes(events: dict[str, pl.LazyFrame], people: pl.LazyFrame, calls: pl.LazyFrame) -> pl.LazyFrame:
    at, sited, pointed = pl.col("at"), pl.col("site").is_not_null(), pl.col("point").is_not_null()
    collected = events["collect"].group_by(TUBE).agg(
        pl.col("mode").min_by("at"),
        pl.col("capacity").max(),
        pl.col("site").min_by(pl.when(sited).then("at")),
        pl.col("point").min_by(pl.when(pointed).then("at")),
    )  # fmt: skip
    counted = people.group_by(TUBE).agg(
        people=pl.len(),
        first_collected=pl.col("collected_at").min(),
        last_collected=pl.col("collected_at").max(),
    )
    sealed = events["seal"].group_by(TUBE).agg(pl.col("swabs").max_by("at"))
    loaded = events["load"].filter(pl.col("role") == "sample").group_by(TUBE).agg(
        pl.col("plate", "well", "lab").max_by("at"), loaded_at=at.max()
    )  # fmt: skip
    journeys = follow_boxes(events["pack"], events["pickup"], events["receive"])
    known = pl.concat(
        frame.select(TUBE) for frame in (collected, sealed, journeys, loaded, events["report"])
    ).unique()
    pools = known
    for table in (collected, counted, sealed, journeys, loaded, calls):
        pools = pools.join(table, on=TUBE, how="left")
    return pools.select(
        *TUBE,
        "mode",
        pl.when(pl.col("mode") == "single").then(1)
        .when(pl.col("mode") == "pool").then(pl.col("capacity").fill_null(10)).alias("capacity"),
        pl.col("people").fill_null(0),
        "swabs", "site", "point", "first_collected", "last_collected", "box", "packed_at", "picked_up_at", "received_at",
        pl.coalesce("lab", "box_lab", "report_lab").alias("lab"),
        "plate", "well", "loaded_at", "call", "called_at",
        state=pl.when(pl.col("call") != "invalid").then(pl.lit("reported"))
        .when(pl.col("loaded_at").is_not_null()).then(pl.lit("loaded"))
        .when(pl.col("received_at").is_not_null()).then(pl.lit("received"))
        .when(pl.col("picked_up_at").is_not_null()).then(pl.lit("picked_up"))
        .when(pl.col("packed_at").is_not_null()).then(pl.lit("packed"))
        .otherwise(pl.lit("collected")),
    )  # fmt: skip


def follow_boxes(pack: pl.LazyFrame, pickup: pl.LazyFrame, receive: pl.LazyFrame) -> pl.LazyFrame:
    """A tube's last packing, and its box's first pickup and receipt from then on, else the last before."""
    packed = (
        pack.group_by(TUBE)
        .agg(pl.col("box").max_by(pl.struct("at", "box")), packed_at=pl.col("at").max())
        .sort("packed_at")
    )
    picked_up = pickup.select("round", "box", picked_up_at="at").sort("picked_up_at")
    received = receive.select("round", "box", received_at="at", box_lab="lab").sort("received_at")
    for step, moment in ((picked_up, "picked_up_at"), (received, "received_at")):
        by = {"left_on": "packed_at", "right_on": moment, "by": ["round", "box"]}
        options: dict[str, Any] = {**by, "coalesce": False, "check_sortedness": False}
        packed = packed.join_asof(step, strategy="forward", **options)
        packed = packed.join_asof(step, strategy="backward", suffix="_before", **options)
    return packed.select(
        *TUBE,
        "box",
        "packed_at",
        *(pl.coalesce(name, f"{name}_before") for name in ("picked_up_at", "received_at")),
        box_lab=pl.when(pl.col("received_at").is_not_null()).then("box_lab").otherwise("box_lab_before"),
    )


def recalls(
    people: pl.LazyFrame, pools: pl.LazyFrame, opened: pl.LazyFrame, collect: pl.LazyFrame, as_of: pl.Expr
) -> pl.LazyFrame:
    grave = pl.col("call") == "suspect", (pl.col("mode") == "pool") & (pl.col("call") == "positive")
    recalled = pools.filter(pl.any_horizontal(grave)).select(*TUBE, "lab").join(opened, on=TUBE)
    persons = people.join(recalled, on=TUBE).drop("collected_at", "position")
    best = _answers(persons, people, pools, collect)
    closed = pl.col("closed_at").is_not_null()
    due_at = pl.col("opened_at") + pl.duration(hours=6)
    return persons.join(best, on=TUBE + PERSON, how="left").select(
        *TUBE, *PERSON, "opened_at",
        due_at=due_at,
        status=pl.when(closed).then(pl.lit("closed"))
        .when(pl.col("single_tube").is_not_null()).then(pl.lit("recollected"))
        .otherwise(pl.lit("open")),
        overdue=~closed & (as_of > due_at),
        late=(closed & (pl.col("closed_at") > due_at)).fill_null(value=False),
        recollected_at="recollected_at", single_round="single_round", single_tube="single_tube",
        outcome="outcome", closed_at="closed_at", lab="lab",
    )  # fmt: skip


def _answers(
    persons: pl.LazyFrame, people: pl.LazyFrame, pools: pl.LazyFrame, collect: pl.LazyFrame
) -> pl.LazyFrame:
    """The answer that counts for each recalled person: a positive, else a negative, else the first collected."""
    singles = (
        people.join(pools.filter(pl.col("mode") == "single").select(*TUBE, "call", "called_at"), on=TUBE)
        .rename({"round": "single_round", "tube": "single_tube"})
        .select("single_round", "single_tube", *PERSON, "collected_at", "call", "called_at")
    )
    named = (
        collect.filter(pl.col("recall_of").is_not_null())
        .select(*PERSON, single_round="round", single_tube="tube", tube="recall_of", named=pl.lit(1))
        .unique()
    )
    other = (pl.col("single_round") != pl.col("round")) | (pl.col("single_tube") != pl.col("tube"))
    outcome = pl.col("call").is_in(["positive", "negative"])
    return (
        persons.join(singles, on=PERSON)
        .join(named, on=[*PERSON, "single_round", "single_tube", "tube"], how="left")
        .filter(other & ((pl.col("collected_at") >= pl.col("opened_at")) | pl.col("named").is_not_null()))
        .with_columns(
            outcome=pl.when(outcome).then("call"),
            closed_at=pl.when(outcome).then("called_at"),
            gravity=pl.when(outcome).then(pl.col("call").cast(GRAVITY).to_physical()).otherwise(9),
        )
        .with_columns(pl.col("collected_at").min().over(TUBE + PERSON).alias("recollected_at"))
        .sort("gravity", pl.coalesce("closed_at", "collected_at"), "single_round", "single_tube")
        .unique(TUBE + PERSON, keep="first", maintain_order=True)
        .select(*TUBE, *PERSON, "single_round", "single_tube", "outcome", "closed_at", "recollected_at")
    )


def cases(people: pl.LazyFrame, pools: pl.LazyFrame, collect: pl.LazyFrame) -> pl.LazyFrame:
    positive = pools.filter((pl.col("mode") == "single") & (pl.col("call") == "positive"))
    named = (
        collect.filter(pl.col("recall_of").is_not_null())
        .group_by(TUBE + PERSON)
        .agg(pl.col("recall_of").min_by("at"))
    )
    return (
        people.join(positive.select(*TUBE, "called_at", "lab"), on=TUBE)
        .join(named, on=TUBE + PERSON, how="left")
        .select(*TUBE, *PERSON, "collected_at", "called_at", "lab", "recall_of")
    )


def in_two_tubes(people: pl.LazyFrame, pools: pl.LazyFrame) -> pl.LazyFrame:
    return (
        people.join(pools.filter(pl.col("mode") == "pool"), on=TUBE, how="semi")
        .group_by("round", *PERSON)
        .len()
        .filter(pl.col("len") > 1)
        .select(
            "round",
            code=pl.lit("person_in_two_tubes"),
            severity=pl.lit("error"),
            subject_kind=pl.lit("person"),
            subject=pl.format("{}:{}", "person_type", "person"),
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
