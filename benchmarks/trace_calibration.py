"""Do scores mean what they say? Cities in which infections spread are run, and scores compared with who infected whom.

python -m benchmarks.trace_calibration --cities 20           # writes the tables and the picture of docs/scores.md
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
DOCS = Path(__file__).parents[1] / "docs"
PICTURE = DOCS / "images" / "trace-calibration.svg"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"

CHINESE = {
    "| links | how many | mean error |": "| 关联 | 数量 | 平均偏差 |",
    "| score | links | mean score | true |": "| 得分 | 关联数 | 平均得分 | 属实 |",
    "| score of housemates | links | mean score | true |": "| 同户者得分 | 关联数 | 平均得分 | 属实 |",
    "| transmissions | how many | among the first ": "| 传播 | 数量 | 位于前 ",
    "| all |": "| 全部 |",
    " to ": " 至 ",
}
"""What the figures of docs/scores.zh.md are called; kinds of links are codes."""


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


def section(everything: pl.DataFrame, seen: pl.DataFrame, told: str) -> str:
    """The figures as the page has them."""
    lines = [told, "", "| links | how many | mean error |", "| --- | --- | --- |"]
    for kind in ("all", *KINDS):
        some = everything if kind == "all" else everything.filter(kind=kind)
        lines.append(f"| {kind} | {some.height:,} | {error_of(bins(some)):.4f} |")
    lines += ["", "| score | links | mean score | true |", "| --- | --- | --- | --- |"]
    lines += _rows(everything)
    lines += ["", "| score of housemates | links | mean score | true |", "| --- | --- | --- | --- |"]
    lines += _rows(everything.filter(kind="household"))
    lines += ["", f"| transmissions | how many | among the first {FIRST} |", "| --- | --- | --- |"]
    for way, some in [("all", seen), *((way, seen.filter(way=way)) for way in ("household", "queue"))]:
        share = (some["rank"] <= FIRST).sum() / some.height
        lines.append(f"| {way} | {some.height:,} | {share:.1%} |")
    return "\n".join(lines)


def _rows(links: pl.DataFrame) -> list[str]:
    return [
        f"| {EDGES[row['bin']]:g} to {EDGES[row['bin'] + 1]:g} | {row['links']:,} | {row['score']:.4f} | {row['true']:.4f} |"
        for row in bins(links).to_dicts()
    ]


def in_chinese(figures: str) -> str:
    """The figures as the Chinese page has them."""
    for english, chinese in CHINESE.items():
        figures = figures.replace(english, chinese)
    return figures


def write(page: Path, figures: str) -> None:
    """Put figures between the marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")


def draw(everything: pl.DataFrame) -> None:
    """Draw the share of true links by score, with 95 % ranges, into `PICTURE`."""
    import altair as alt

    parts = [
        bins(everything.filter(kind=kind)).with_columns(pl.lit(kind).alias("kind"))
        for kind in ("household", "queue")
    ]
    half = 1.96 * (pl.col("true") * (1 - pl.col("true")) / pl.col("links")).sqrt()
    shown = (
        pl.concat(parts)
        .filter(pl.col("links") >= 20)
        .with_columns(
            (pl.col("true") - half).clip(0, 1).alias("low"), (pl.col("true") + half).clip(0, 1).alias("high")
        )
    )
    base = alt.Chart(shown).encode(
        x=alt.X("score:Q", title="score", scale=alt.Scale(domain=[0, 1])), color="kind:N"
    )
    line = alt.Chart(pl.DataFrame({"score": [0, 1]})).mark_line(color="#999").encode(x="score:Q", y="score:Q")
    points = base.mark_point(filled=True).encode(y=alt.Y("true:Q", title="share of true links"))
    ranges = base.mark_rule().encode(y="low:Q", y2="high:Q")
    (line + ranges + points).properties(width=420, height=300).save(PICTURE)


def main() -> None:
    """Run cities; write the figures of docs/scores.md and scores.zh.md, and their picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=20)
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    links, seen = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.cities + 1):
            found = links_and_truth(
                Path(folder), people=given.people, seed=seed, rounds=given.rounds, spread=Spread()
            )
            links.append(found[0])
            seen.append(found[1])
    everything = pl.concat(links)
    told = f"{given.cities} cities of {given.people:,} people, {given.rounds} rounds (seeds 1 to {given.cities}):"
    zh = f"{given.cities} 座城市，各 {given.people:,} 人、{given.rounds} 轮（种子 1 至 {given.cities}）："
    write(DOCS / "scores.md", section(everything, pl.concat(seen), told))
    write(DOCS / "scores.zh.md", in_chinese(section(everything, pl.concat(seen), zh)))
    draw(everything)


if __name__ == "__main__":
    main()
