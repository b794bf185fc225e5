"""Is 20% one in five? Simulated cities decoded and held against the truth: docs/calibration.md and its picture.

python -m benchmarks.calibration            the whole page
python -m benchmarks.calibration runs       its last section alone: cities run by the pipeline
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.misfits import table
from benchmarks.run_misfits import run_table
from poolpipe.decode import Assay, decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOCS = Path(__file__).parents[1] / "docs"
PEOPLE = 200_000
ASSAY = Assay(sensitivity=0.9, specificity=0.995)
EDGES = np.array([0, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0000001])
CITIES = {
    "one round of pools of ten": (1, "pools", ASSAY),
    "two rounds of pools of ten": (2, "pools", ASSAY),
    "three rounds of pools of ten": (3, "pools", ASSAY),
    "10 x 10 arrays": (1, "arrays", ASSAY),
    "one round, with dilution": (1, "pools", ASSAY.model_copy(update={"dilution": 0.3})),
    "three rounds, with dilution": (3, "pools", ASSAY.model_copy(update={"dilution": 0.3})),
}


@dataclass(frozen=True)
class Calibration:
    """How the posteriors of one city stand to its truth."""

    name: str
    infected: int
    expected: float
    standard_error: float
    brier: float
    brier_prior: float
    error: float
    curve: list[tuple[float, float, int]]
    largest: float


def simulate(name: str, seed: int) -> Calibration:
    """Infect a city by household-like risk, pool and test it, decode it, and compare."""
    rounds, scheme, assay = CITIES[name]
    rng = np.random.default_rng(seed)
    prior = np.repeat(rng.beta(0.3, 60, PEOPLE // 100), 100)  # communities differ in risk
    infected = rng.random(PEOPLE) < prior
    seats = []
    for number in range(rounds):
        order = rng.permutation(PEOPLE) if scheme == "pools" else np.arange(PEOPLE)
        place = np.arange(PEOPLE)
        pool = place // 10
        seats.append((pool + number * 10**8, order))
        if scheme == "arrays":
            seats.append((place // 100 * 10 + place % 10 + 10**7, order))
    frame = pl.DataFrame(
        {
            "pool": np.concatenate([pool for pool, _ in seats]),
            "person": np.concatenate([who for _, who in seats]),
        }
    )
    sick = frame.with_columns(sick=infected[frame["person"].to_numpy()])
    counted = sick.group_by("pool").agg(pl.col("sick").sum(), people=pl.len()).sort("pool")
    chance = np.array([assay.detection(n)[k] for k, n in counted.select("sick", "people").iter_rows()])
    calls = np.where(rng.random(chance.size) < chance, "positive", "negative")
    found = decode(
        frame,
        pl.DataFrame({"pool": counted["pool"], "call": calls}),
        pl.DataFrame({"person": np.arange(PEOPLE), "prior": prior}),
        assay=assay,
    ).people
    return _compare(name, found, infected, prior)


def _compare(
    name: str, found: pl.DataFrame, infected: NDArray[np.bool_], prior: NDArray[np.float64]
) -> Calibration:
    p = found["p_infected"].to_numpy()
    within = np.digitize(p, EDGES) - 1
    size = np.bincount(within, minlength=EDGES.size - 1)
    said = np.bincount(within, p, minlength=EDGES.size - 1) / np.maximum(size, 1)
    seen = np.bincount(within, infected, minlength=EDGES.size - 1) / np.maximum(size, 1)
    return Calibration(
        name,
        int(infected.sum()),
        float(p.sum()),
        float(np.sqrt((p * (1 - p)).sum())),
        float(np.mean((p - infected) ** 2)),
        float(np.mean((prior - infected) ** 2)),
        float((size * np.abs(said - seen)).sum() / p.size),
        [(float(a), float(b), int(n)) for a, b, n in zip(said, seen, size, strict=True) if n],
        float(found["error"].to_numpy().max()),
    )


RUNS = "## Runs under a policy that differs from the city 策略与城市不符的运行"


def runs_section(rows: list[str]) -> str:
    """Write the section of cities that the pipeline ran; the page's last."""
    lines = [
        RUNS,
        "",
        f"Cities of {PEOPLE:,} people from `poolpipe simulate` (preset ruijin, 1 person in 1,000 infected, with all its usual",
        "troubles), run by the pipeline, and `fit` of each (`benchmarks/run_misfits.py`, `python -m benchmarks.calibration runs`;",
        "docs/decode.md has the columns). As told, residents are infected alike, and the policy has the true prior, sensitivity 0.99,",
        "specificity 0.99999 and the law of Ct 26 ± 5. With `households ignored` the simulator's townships, buildings and households",
        "(attack rate 0.35) share infections. Positive singles lie on plates of their own, but for `singles without Ct`. Three rounds",
        "have their infections spread over them, so that a household's attack rate within one is a third.",
        "三轮筛查的感染分布于各轮，故每轮内同户续发率约为三分之一。",
        "",
        "After the cut-off at 37 a shift of all Ct by 3 cycles is one by 2 of the mean: about what so few pools (190) can show. Here it",
        "is not shown, because the infected of this city come 0.9 cycles earlier than their law by chance (rows of the prior).",
        "",
        *rows,
        "",
    ]
    return "\n".join(lines)


def page(cities: list[Calibration], misfits: list[str]) -> str:
    """Write the page's text."""
    lines = [
        "# Calibration 校准",
        "",
        f"Six simulated cities of {PEOPLE:,} people each, in communities of differing risk, pooled, tested with",
        "sensitivity 0.9 and specificity 0.995, and decoded (`python -m benchmarks.calibration` writes this page; seeded,",
        "nobody in it exists). The sum of all people's probabilities should be the number infected, within a few of its",
        "standard errors; of the people with a probability of 20%, one in five should be infected.",
        "",
        "六座模拟城市：感染概率之和应等于实际感染人数；被判为 20% 的人中应有五分之一确为感染。",
        "",
        "| city | infected | sum of p | std. error | Brier score | Brier of the prior | expected calibration error | largest error |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {c.name} | {c.infected} | {c.expected:.1f} | {c.standard_error:.1f} | {c.brier:.6f} | {c.brier_prior:.6f} "
        f"| {c.error:.6f} | {c.largest:.4f} |"
        for c in cities
    ]
    lines += ["", "![Reliability curves](images/calibration.png)", ""]
    lines += [
        "A point stands for the people within one range of probability: across, their mean probability; up, the share",
        "infected, with its 95% range. The line is perfect calibration.",
        "",
        "Brier score: mean of (p - infected)^2 (Brier 1950). Expected calibration error: mean over people of the",
        "distance between the mean probability and the share infected in their range (Naeini, Cooper and Hauskrecht",
        "2015). Largest error: the largest `error` of a person, see docs/decode.md.",
        "",
        "## Cities that differ from the model 模型不符的城市",
        "",
        f"Cities of {PEOPLE:,} people that differ from the decoder's model in one thing, and the result of `decode(...).fit` for each",
        "(`benchmarks/misfits.py`). One round cannot distinguish the causes of a wrong number of positives; the last column is what",
        "would explain it. Where people sit in three pools more causes are distinguished.",
        "20 cities that agree with the model get no warning.",
        "",
        *misfits,
        "",
    ]
    return "\n".join(lines)


def draw(cities: list[Calibration], path: Path) -> None:
    """Draw the reliability curves, one panel a city."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(2, 3, figsize=(11, 7), sharex=True, sharey=True, layout="constrained")
    for panel, city in zip(panels.flat, cities, strict=True):
        said, seen, size = (np.array(column) for column in zip(*city.curve, strict=True))
        spread = 1.96 * np.sqrt(np.maximum(said * (1 - said), 1e-12) / size)
        panel.plot([1e-6, 1], [1e-6, 1], color="0.6", lw=1)
        panel.errorbar(said, np.maximum(seen, 1e-6), yerr=spread, fmt="o", ms=4, color="#0b6e4f", capsize=2)
        panel.set(title=city.name, xlim=(0, 1.2), ylim=(0, 1.2))
        panel.set_xscale("symlog", linthresh=1e-3)
        panel.set_yscale("symlog", linthresh=1e-3)
        panel.grid(alpha=0.3)
    figure.supxlabel("mean probability")
    figure.supylabel("share infected")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Simulate, write the page and the picture."""
    path, runs = DOCS / "calibration.md", runs_section(run_table(PEOPLE))
    if sys.argv[1:] == ["runs"]:
        path.write_text(path.read_text(encoding="utf-8").partition(RUNS)[0] + runs, encoding="utf-8")
        return
    cities = [simulate(name, seed) for seed, name in enumerate(CITIES)]
    draw(cities, DOCS / "images" / "calibration.png")
    path.write_text(page(cities, table(PEOPLE)) + "\n" + runs, encoding="utf-8")
    for city in cities:
        print(f"{city.name}: {city.infected} infected, sum {city.expected:.1f} +- {city.standard_error:.1f}")


if __name__ == "__main__":
    main()
