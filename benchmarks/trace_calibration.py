"""Do scores mean what they say? Cities in which infections spread are run, and scores compared with who infected whom.

python -m benchmarks.trace_calibration --cities 8            # writes the table and the picture of docs/trace.md
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

import poolpipe
from poolpipe.simulate import TROUBLES, Spread, simulate

EDGES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
FIRST = 20
KINDS = ("household", "queue", "tube", "member", "again")
PERSON = ("person_type", "person")


def links_and_truth(
    folder: Path, *, people: int, seed: int, rounds: int, spread: Spread
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Links of a simulated city, one per source, person and kind, and the transmissions that its sources could show.

    Returns
    -------
    links : DataFrame
        person_type, person, kind, score, rank (from 1, in the source), true (a member of the source infected the person
        that way; of member and again: the person was infected in that round).
    seen : DataFrame
        One row per transmission of which a source has a link: person_type, person, way, rank (the best of its sources).
    """
    calm = dict.fromkeys(TROUBLES, 0.0)
    simulate(
        folder,
        people=people,
        seed=seed,
        preset="ruijin",
        rounds=rounds,
        spread=spread,
        troubles=calm,
        force=True,
    )
    residents = folder / "reference" / "people.parquet"
    day = poolpipe.run(folder / "events", people=residents, views=False, progress=False)
    truth = (pl.read_parquet(folder / "truth" / f"{name}.parquet") for name in ("transmissions", "infected"))
    return judged(day.traces, *truth)


def judged(
    traces: pl.DataFrame, transmissions: pl.DataFrame, infected: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judge links by the truth; see `links_and_truth`."""
    source = ["source_round", "source_tube"]
    own = pl.col("kind").is_in(["member", "again"])
    links = (
        traces.filter(pl.col("person").is_not_null())
        .with_columns(pl.when(own).then("round").alias("in_round"))
        .group_by(*source, *PERSON, "kind", "in_round", maintain_order=True)
        .agg(pl.col("score").max())
        .with_columns(pl.col("score").rank("ordinal", descending=True).over(source).alias("rank"))
    )
    ill = infected.select(
        in_round="round", person_type="person_type", person="person", ill=pl.lit(value=True)
    ).unique()
    members = links.filter(kind="member").select(*source, infector_type="person_type", infector="person")
    told = (
        members.join(
            transmissions.filter(pl.col("way").is_in(["household", "queue"])),
            on=["infector_type", "infector"],
        )
        .select(*source, person_type="infectee_type", person="infectee", way="way")
        .unique()
    )
    kind = pl.when(pl.col("kind") == "tube").then(pl.lit("queue")).otherwise("kind")
    true = pl.when(own).then("ill").otherwise(kind == pl.col("way")).fill_null(value=False)
    links = (
        links.join(told, on=[*source, *PERSON], how="left", maintain_order="left")
        .join(ill, on=["in_round", *PERSON], how="left", maintain_order="left")
        .select(*PERSON, "kind", "score", "rank", "way", true.alias("true"))
    )
    seen = links.filter("true", ~own).group_by(*PERSON, "way").agg(pl.col("rank").min())
    return links.drop("way"), seen


def bins(links: pl.DataFrame) -> pl.DataFrame:
    """Mean score and share of true links by score: bin, links, score, true, error."""
    place = np.searchsorted(EDGES[1:-1], links["score"].to_numpy(), side="right")
    return (
        links.with_columns(pl.Series("bin", place))
        .group_by("bin")
        .agg(pl.len().alias("links"), pl.col("score").mean(), pl.col("true").mean())
        .sort("bin")
    )


def error_of(binned: pl.DataFrame) -> float:
    """Mean distance between score and truth over bins, weighted by links (expected calibration error)."""
    weight = binned["links"] / binned["links"].sum()
    return float((weight * (binned["score"] - binned["true"]).abs()).sum())


def main() -> None:
    """Run cities and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=6)
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    links, seen = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.cities + 1):
            each, there = links_and_truth(
                Path(folder), people=given.people, seed=seed, rounds=given.rounds, spread=Spread()
            )
            links.append(each)
            seen.append(there)
    everything, transmissions = pl.concat(links), pl.concat(seen)
    pl.Config.set_tbl_rows(100)
    for kind, some in [
        ("all", everything),
        *((str(kind[0]), some) for kind, some in everything.group_by("kind")),
    ]:
        binned = bins(some)
        print(kind, f"error {error_of(binned):.4f}")
        print(binned)
    print(transmissions.group_by("way").agg(pl.len(), (pl.col("rank") <= FIRST).mean().alias("first")))
    print(f"first {FIRST}: {(transmissions['rank'] <= FIRST).mean():.3f} of {transmissions.height}")


if __name__ == "__main__":
    main()
