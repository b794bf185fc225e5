"""The main marts of a night as somebody writes them in pandas: `python -m benchmarks.peers.night_pandas CITY DAY`.

Throughput, losses, pool sizes, turnaround, positivity (without intervals), recalls, load and coverage; breaches, release, visits,
scan errors, forecast, suppression and the database are not in it.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd

ZONE = "Asia/Shanghai"


def marts(city: Path, day: str) -> dict[str, pd.DataFrame]:
    result, reference = city / "result", city / "reference"
    sites = pd.read_parquet(reference / "sites.parquet").groupby("site", as_index=False)
    places = sites.agg({"township": "min", "community": "min", "priority": "max"})
    pools = pd.read_parquet(result / "pools.parquet").merge(places, on="site", how="left")
    local = pools["first_collected"].dt.tz_convert(ZONE)
    tubes = pools[local.dt.strftime("%Y-%m-%d") == day].copy()
    tubes["hour"] = tubes["first_collected"].dt.tz_convert(ZONE).dt.hour
    found = {
        "throughput": tubes.groupby(["site", "point", "hour"])["people"].agg(["size", "sum"]).reset_index(),
        "losses": tubes.groupby(["site", "lab", "state"], dropna=False)["people"]
        .agg(["size", "sum"])
        .reset_index(),
    }
    pooled = tubes[tubes["mode"] == "pool"]
    short, full = pooled["people"] < pooled["capacity"], pooled["people"] == pooled["capacity"]
    sizes = pooled.assign(short=short, full=full, over=~(short | full))
    found["pool_sizes"] = sizes.groupby(["site", "capacity"])[["short", "full", "over"]].sum().reset_index()
    moments = [
        "first_collected",
        "last_collected",
        "packed_at",
        "picked_up_at",
        "received_at",
        "loaded_at",
        "called_at",
    ]
    spans = [
        tubes.assign(span=end, hours=(tubes[end] - tubes[begin]).dt.total_seconds() / 3600)
        for begin, end in [
            *pairwise(moments),
            ("first_collected", "received_at"),
            ("received_at", "called_at"),
        ]
    ]
    long = pd.concat([each[["lab", "priority", "span", "hours"]] for each in spans])
    found["turnaround"] = (
        long.groupby(["lab", "priority", "span"])["hours"].quantile([0.5, 0.9, 0.95]).unstack()
    )
    called = tubes[tubes["call"].isin(["negative", "positive", "suspect"])]
    called = called.assign(positive=called["call"] != "negative")
    for keys in (["township"], ["township", "community"], ["lab"], ["lab", "plate"], ["hour"]):
        found["positivity " + keys[-1]] = called.groupby(["mode", *keys])["positive"].agg(["size", "sum"])
    recalls = pd.read_parquet(result / "recalls.parquet")
    spent = (recalls["closed_at"] - recalls["opened_at"]).dt.total_seconds() / 3600
    found["recall_steps"] = recalls.assign(hours=spent).groupby("lab")["hours"].quantile([0.5, 0.9]).unstack()
    found["load"] = pd.read_parquet(result / "workload.parquet")
    people = pd.read_parquet(reference / "people.parquet")
    members = pd.read_parquet(result / "members.parquet", columns=["round", "tube", "person", "collected_at"])
    swabbed = set(members["person"])
    missed = people.assign(missed=~people["person"].isin(swabbed))
    for keys in (["township"], ["township", "community"], ["township", "community", "building"]):
        found["coverage " + keys[-1]] = missed.groupby(keys)["missed"].agg(["size", "sum"])
    return found


if __name__ == "__main__":
    made = marts(Path(sys.argv[1]), sys.argv[2])
    print({name: len(rows) for name, rows in made.items()})
