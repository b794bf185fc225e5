"""The day in pandas: whole columns at a time, Arrow-backed strings, no `apply` and no loop over rows.

Gives `pools`, `members`, `recalls`, `cases` and the anomaly `person_in_two_tubes`, equal to poolpipe's, from
clean, typed Parquet in folders named by kind. What it leaves out is listed in `benchmarks.peers.events.LEFT_OUT`
and is the same for all three peers.

Run as ``python -m benchmarks.peers.pandas_peer EVENTS OUT``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.peers.events import COLUMNS, DEFAULTS, files_of

TYPES = {"at": "datetime64[us, UTC]", "capacity": "Int64", "swabs": "Int64", "ct": "float64"}
GRAVITY = {"positive": 0, "suspect": 1, "negative": 2, "invalid": 3}  # gravest first
TUBE = ["round", "tube"]
PERSON = ["person_type", "person"]
WELL = ["round", "plate", "well"]
PLATE = ["round", "plate"]
DUE = pd.Timedelta(hours=6)


def main(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    void = scan(folder, "void")
    events = {kind: scan(folder, kind, void["event"]) for kind in COLUMNS if kind != "void"}
    as_of = max(frame["at"].max() for frame in (void, *events.values()) if len(frame))

    people = members(events["collect"])
    wells = judged_wells(events["load"], events["read"])
    calls, opened = tube_calls(wells, events["report"]), openings(wells, events["report"])
    pools = tubes(events, people, calls)
    tables = {
        "members": people,
        "pools": pools,
        "recalls": recalls(people, pools, opened, events["collect"], as_of),
        "cases": cases(people, pools, events["collect"]),
        "anomalies": in_two_tubes(people, pools),
    }
    for name, table in tables.items():
        table.to_parquet(out / f"{name}.parquet", compression="zstd", index=False)


def scan(folder: Path, kind: str, voided: pd.Series | None = None) -> pd.DataFrame:
    """Events of one kind with the columns the job needs, defaults filled in, voided ones left out."""
    names = list(COLUMNS[kind])
    files = files_of(folder, kind)
    parts = [
        pd.read_parquet(file, columns=[name for name in names if name in pq.read_schema(file).names])
        for file in files
    ]
    events = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    events = events.reindex(columns=names)
    events = events.astype({name: TYPES.get(name, "str") for name in names})
    if voided is not None and len(voided):
        events = events[~events["event_id"].isin(voided)]
    return events.drop(columns="event_id", errors="ignore").fillna(
        {n: DEFAULTS[n] for n in names if n in DEFAULTS}
    )


def members(collect: pd.DataFrame) -> pd.DataFrame:
    people = collect.groupby(TUBE + PERSON, sort=False)["at"].min().rename("collected_at").reset_index()
    people = people.sort_values([*TUBE, "collected_at", *PERSON], ignore_index=True)
    people["position"] = people.groupby(TUBE, sort=False).cumcount() + 1
    return people


def judged_wells(load: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """A row per tube ever loaded into a well of a plate that has readings: call, called_at, opened_at."""
    samples = load.loc[load["role"] == "sample", [*WELL, "tube"]].drop_duplicates()
    controls = load.loc[load["role"] != "sample", WELL]
    controls = controls.assign(
        negative_control=load["role"] == "negative_control",
        positive_control=load["role"] == "positive_control",
    )
    controls = controls.groupby(WELL, sort=False).any().reset_index()
    readings = well_readings(read)
    wells = (
        samples.assign(tubes=samples.groupby(WELL, sort=False)["tube"].transform("size"))
        .merge(judged_plates(controls, readings, read), on=PLATE)
        .merge(controls[WELL].assign(beside_control=True), on=WELL, how="left")
        .merge(readings, on=WELL, how="left")
    )
    shared = (wells["tubes"] > 1) | wells["beside_control"].notna()
    hit, missing = wells["hit_at"].notna(), wells[["orf", "n", "ic"]].isna().any(axis=1)
    wells["call"] = np.select(
        [
            ~wells["valid"],
            hit & shared,
            shared,
            (wells["orf"] == 0) & (wells["n"] == 0),
            hit,
            missing,
            wells["ic"] == 0,
        ],
        np.array(["invalid", "suspect", None, "positive", "suspect", None, "negative"], dtype=object),
        "invalid",
    )
    hits = pd.concat(
        [wells[f"{target}_at"].where(wells[target] <= 1) for target in ("orf", "n")], axis=1
    ).min(axis=1)
    both, all_three = wells[["orf_at", "n_at"]].max(axis=1), wells[["orf_at", "n_at", "ic_at"]].max(axis=1)
    stands_at = all_three.mask(wells["call"] == "positive", both).mask(wells["call"] == "suspect", hits)
    stands_at = stands_at.where(stands_at >= wells["controls_at"], wells["controls_at"])
    wells["called_at"] = stands_at.where(wells["valid"], wells["plate_read_at"])
    opened_at = wells["hit_at"].where(wells["hit_at"] >= wells["controls_at"], wells["controls_at"])
    wells["opened_at"] = opened_at.where(wells["valid"] & hit)
    return wells[[*TUBE, "call", "called_at", "opened_at"]]


def well_readings(read: pd.DataFrame) -> pd.DataFrame:
    """A row per well: each target's class (0 detected, 1 grey, 2 not; NaN: no row) and the class's first time."""
    ct, control = read["ct"], read["target"] == "IC"
    found = np.select([control & (ct <= 40), ~control & (ct <= 37), ~control & (ct <= 40)], [0, 0, 1], 2)
    firsts = read[[*WELL, "target", "at"]].assign(found=found)
    firsts = firsts.groupby([*WELL, "target", "found"], sort=False)["at"].min().reset_index()
    standing = firsts.sort_values("found").drop_duplicates([*WELL, "target"]).set_index(WELL)
    readings = read[WELL].drop_duplicates().set_index(WELL)
    for name, target in {"orf": "ORF1ab", "n": "N", "ic": "IC"}.items():
        rows = standing[standing["target"] == target]
        readings = readings.join(rows[["found", "at"]].rename(columns={"found": name, "at": f"{name}_at"}))
    signs = firsts[firsts["target"].isin(["ORF1ab", "N"]) & (firsts["found"] <= 1)]
    return readings.join(signs.groupby(WELL, sort=False)["at"].min().rename("hit_at")).reset_index()


def judged_plates(controls: pd.DataFrame, readings: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    wells = controls.merge(readings, on=WELL, how="left")
    negative, positive = wells["negative_control"], wells["positive_control"]
    wells["clean"] = ~negative | ((wells["orf"] == 2) & (wells["n"] == 2))
    wells["detected"] = ~positive | ((wells["orf"] == 0) & (wells["n"] == 0))
    wells["controls_at"] = wells[["orf_at", "n_at"]].max(axis=1)
    verdicts = wells.groupby(PLATE, sort=False).agg(
        negative=("negative_control", "any"),
        positive=("positive_control", "any"),
        clean=("clean", "all"),
        detected=("detected", "all"),
        controls_at=("controls_at", "max"),
    )
    verdicts["valid"] = verdicts[["negative", "positive", "clean", "detected"]].all(axis=1)
    judged = read.groupby(PLATE, sort=False)["at"].max().rename("plate_read_at").reset_index()
    judged = judged.merge(verdicts[["valid", "controls_at"]].reset_index(), on=PLATE, how="left")
    return judged.assign(valid=judged["valid"].eq(other=True))


def tube_calls(wells: pd.DataFrame, report: pd.DataFrame) -> pd.DataFrame:
    """The gravest call of a tube, when it first stood, and the lab of the report that gave it."""
    called = wells.loc[wells["call"].notna(), [*TUBE, "call", "called_at"]]
    reported = report.rename(columns={"at": "called_at", "lab": "report_lab"})
    evidence = pd.concat([called, reported], ignore_index=True)
    evidence["gravity"] = evidence["call"].map(GRAVITY)
    return (
        evidence.sort_values(["gravity", "called_at", "report_lab"]).drop_duplicates(TUBE).drop(columns="gravity")
    )  # fmt: skip


def openings(wells: pd.DataFrame, report: pd.DataFrame) -> pd.DataFrame:
    """When a tube was first positive or suspect: an escalation does not restart the clock."""
    reported = report[report["call"].isin(["positive", "suspect"])].rename(columns={"at": "opened_at"})
    signs = pd.concat(
        [wells.loc[wells["opened_at"].notna(), [*TUBE, "opened_at"]], reported[[*TUBE, "opened_at"]]]
    )
    return signs.groupby(TUBE, sort=False)["opened_at"].min().reset_index()


def tubes(events: dict[str, pd.DataFrame], people: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    collect, load = events["collect"], events["load"]
    collected = (
        collect[[*TUBE, "at", "mode", "capacity", "site", "point"]]
        .sort_values("at")
        .groupby(TUBE, sort=False)
        .agg(
            mode=("mode", "first"),
            capacity=("capacity", "max"),
            site=("site", "first"),
            point=("point", "first"),
        )
    )
    counted = people.groupby(TUBE, sort=False)["collected_at"].agg(
        people="size", first_collected="min", last_collected="max"
    )
    sealed = _last(events["seal"])[[*TUBE, "swabs"]]
    loaded = _last(load[load["role"] == "sample"]).rename(columns={"at": "loaded_at"})
    pools = collected.join(counted).reset_index()
    for table in (
        sealed,
        _journeys(events["pack"], events["pickup"], events["receive"]),
        loaded[[*TUBE, "plate", "well", "lab", "loaded_at"]],
        calls,
    ):
        pools = pools.merge(table, on=TUBE, how="outer")
    pools["people"] = pools["people"].fillna(0).astype("int64")
    capacity = pools["capacity"].fillna(10).mask(pools["mode"] == "single", 1)
    pools["capacity"] = capacity.where(pools["mode"].notna())
    pools["lab"] = pools["lab"].fillna(pools["box_lab"]).fillna(pools["report_lab"])
    pools["state"] = np.select(
        [
            pools["call"].notna() & (pools["call"] != "invalid"),
            *(pools[step].notna() for step in ("loaded_at", "received_at", "picked_up_at", "packed_at")),
        ],
        ["reported", "loaded", "received", "picked_up", "packed"],
        "collected",
    )
    return pools.drop(columns=["box_lab", "report_lab"])


def _last(scans: pd.DataFrame) -> pd.DataFrame:
    return scans.sort_values("at").drop_duplicates(TUBE, keep="last")


def _journeys(pack: pd.DataFrame, pickup: pd.DataFrame, receive: pd.DataFrame) -> pd.DataFrame:
    """A tube's last packing, and its box's first pickup and receipt from then on, else the last before."""
    journeys = _last(pack).rename(columns={"at": "packed_at"})
    picked_up = pickup.rename(columns={"at": "picked_up_at"}).sort_values("picked_up_at")
    received = receive.rename(columns={"at": "received_at", "lab": "box_lab"}).sort_values("received_at")
    for step, moment in ((picked_up, "picked_up_at"), (received, "received_at")):
        for direction, suffix in (("forward", ""), ("backward", "_before")):
            journeys = pd.merge_asof(
                journeys, step, left_on="packed_at", right_on=moment, by=["round", "box"], direction=direction,
                suffixes=("", suffix),
            )  # fmt: skip
    journeys["box_lab"] = journeys["box_lab"].where(
        journeys["received_at"].notna(), journeys["box_lab_before"]
    )
    for moment in ("picked_up_at", "received_at"):
        journeys[moment] = journeys[moment].fillna(journeys[f"{moment}_before"])
    return journeys[[*TUBE, "box", "packed_at", "picked_up_at", "received_at", "box_lab"]]


def recalls(
    people: pd.DataFrame,
    pools: pd.DataFrame,
    opened: pd.DataFrame,
    collect: pd.DataFrame,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    grave = (pools["call"] == "suspect") | ((pools["call"] == "positive") & (pools["mode"] == "pool"))
    persons = pools.loc[grave, [*TUBE, "lab"]].merge(opened, on=TUBE).merge(people[TUBE + PERSON], on=TUBE)
    persons["due_at"] = persons["opened_at"] + DUE
    found = persons.merge(_answers(persons, people, pools, collect), on=TUBE + PERSON, how="left")
    closed = found["closed_at"].notna()
    found["status"] = np.select([closed, found["single_tube"].notna()], ["closed", "recollected"], "open")
    found["overdue"] = ~closed & (found["due_at"] < as_of)
    found["late"] = found["closed_at"] > found["due_at"]
    return found


def _answers(
    persons: pd.DataFrame, people: pd.DataFrame, pools: pd.DataFrame, collect: pd.DataFrame
) -> pd.DataFrame:
    """The answer that counts for each recalled person: a positive, else a negative, else the first collected."""
    singles = people.merge(pools.loc[pools["mode"] == "single", [*TUBE, "call", "called_at"]], on=TUBE)
    renamed = {"round": "single_round", "tube": "single_tube"}
    singles = singles.rename(columns=renamed).drop(columns="position")
    named = collect.loc[collect["recall_of"].notna(), [*TUBE, *PERSON, "recall_of"]].drop_duplicates()
    named = named.rename(columns=renamed).rename(columns={"recall_of": "tube"}).assign(named=True)
    answers = persons[[*TUBE, *PERSON, "opened_at"]].merge(singles, on=PERSON)
    answers = answers.merge(named, on=[*PERSON, "single_round", "single_tube", "tube"], how="left")
    other = (answers["single_round"] != answers["round"]) | (answers["single_tube"] != answers["tube"])
    answers = answers[
        other & ((answers["collected_at"] >= answers["opened_at"]) | answers["named"].notna())
    ].copy()
    decided = answers["call"].isin(["positive", "negative"])
    answers["outcome"] = answers["call"].where(decided)
    answers["closed_at"] = answers["called_at"].where(decided)
    answers["gravity"] = answers["outcome"].map(GRAVITY).fillna(9)
    answers["when"] = answers["closed_at"].fillna(answers["collected_at"])
    answers["recollected_at"] = answers.groupby(TUBE + PERSON, sort=False)["collected_at"].transform("min")
    best = answers.sort_values(["gravity", "when", "single_round", "single_tube"]).drop_duplicates(
        TUBE + PERSON
    )
    return best[[*TUBE, *PERSON, "single_round", "single_tube", "outcome", "closed_at", "recollected_at"]]


def cases(people: pd.DataFrame, pools: pd.DataFrame, collect: pd.DataFrame) -> pd.DataFrame:
    positive = pools.loc[
        (pools["mode"] == "single") & (pools["call"] == "positive"), [*TUBE, "called_at", "lab"]
    ]
    named = collect.loc[collect["recall_of"].notna(), [*TUBE, *PERSON, "recall_of", "at"]].sort_values("at")
    named = named.drop_duplicates(TUBE + PERSON).drop(columns="at")
    return people.drop(columns="position").merge(positive, on=TUBE).merge(named, on=TUBE + PERSON, how="left")


def in_two_tubes(people: pd.DataFrame, pools: pd.DataFrame) -> pd.DataFrame:
    pooled = people.merge(pools.loc[pools["mode"] == "pool", TUBE], on=TUBE)
    counts = pooled.groupby(["round", *PERSON], sort=False).size()
    twice = counts[counts > 1].reset_index()
    return pd.DataFrame(
        {
            "code": "person_in_two_tubes",
            "severity": "error",
            "round": twice["round"],
            "subject_kind": "person",
            "subject": twice["person_type"] + ":" + twice["person"],
        }
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
