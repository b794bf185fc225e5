"""Code the tables of a day that was concluded before, so that any of its tubes can be walked from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES, Dictionaries, Entities
from poolpipe.tables import CALLS, MODES, TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["CodedDay", "code_day"]

_TIMES = (
    "first_collected",
    "last_collected",
    "packed_at",
    "picked_up_at",
    "received_at",
    "loaded_at",
    "called_at",
)
_NOBODY = pl.DataFrame(schema={"person_type": pl.String, "person": pl.String})
_NO_PEOPLE = pl.DataFrame(schema={"person": pl.Int64, "collected_at": TIME, "p_infected": pl.Float64})
_WELL = r"^([A-P])([0-9]{2})$"


@dataclass(frozen=True, slots=True)
class CodedDay:
    """Pools and members of a day as integers, as `sources.trace_sources` takes them.

    Attributes
    ----------
    codes : Dictionaries
        Rounds, tubes, boxes, plates, sites, points, and people with other documents than resident IDs.
    pools : DataFrame
        tube (its row), mode, call, site, point, box, times, plate, well.
    members : DataFrame
        tube, person (key), collected_at, p_infected: sorted by tube and queue.
    answers : DataFrame
        tube, person (key), answer: singles that answer the recall of a tube.
    """

    codes: Dictionaries
    pools: pl.DataFrame
    members: pl.DataFrame
    answers: pl.DataFrame

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each collected tube's members begin."""
        people = self.pools.filter(pl.col("mode").is_not_null())["people"].to_numpy()
        return np.concatenate([[0], np.cumsum(people)])

    @property
    def loads(self) -> pl.DataFrame:
        """The last loading of each tube; the table of tubes has no other."""
        loaded = self.pools.filter(pl.col("plate").is_not_null() & pl.col("well").is_not_null())
        return loaded.select("tube", "plate", "well", pl.col("loaded_at").alias("at"))


def code_day(
    pools: pl.DataFrame,
    members: Iterable[pl.DataFrame],
    recalls: pl.DataFrame,
    cases: pl.DataFrame,
    plate_wells: int,
) -> CodedDay:
    """Code a day's tables.

    Parameters
    ----------
    pools, recalls, cases : DataFrame
        Tables of docs/tables.md, sorted as they are.
    members : iterable of DataFrame
        Batches of that table, one after the other: person_type, person, collected_at, p_infected.
    plate_wells : {96, 384}
        Wells of a plate.

    Returns
    -------
    CodedDay
    """
    texts = {name: _distinct(pools[name]) for name in ("round", "tube", "box", "plate", "site", "point")}
    entities = {name: _entities(pools, name, texts) for name in ("tube", "box", "plate")}
    known = {name: Entities(*(part.to_numpy() for part in each)) for name, each in entities.items()}
    codes, people = _coded_people(members, Dictionaries(texts, known, _NOBODY, pl.DataFrame()))
    _, columns = PLATE_SHAPES[plate_wells]
    row = (
        pl.col("well")
        .str.extract(_WELL, 1)
        .str.replace_many([chr(65 + i) for i in range(16)], [str(i) for i in range(16)])
    )
    well = row.cast(pl.Int32) * columns + pl.col("well").str.extract(_WELL, 2).cast(pl.Int32) - 1
    coded = pools.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("tube"),
        _place(pools["mode"], pl.Series(MODES)).cast(pl.Int8),
        _place(pools["call"], pl.Series(CALLS)).cast(pl.Int8),
        _place(pools["site"], texts["site"]),
        _place(pools["point"], texts["point"]),
        _entity_of(pools, "box", texts, known["box"]),
        _entity_of(pools, "plate", texts, known["plate"]),
        well.alias("well"),
        "people",
        *_TIMES,
    )
    tubes = np.repeat(coded["tube"].to_numpy(), pools["people"].to_numpy())
    seats = people.insert_column(0, pl.Series("tube", tubes))
    return CodedDay(codes, coded, seats, _answers(coded, seats, recalls, cases, codes, pools))


def _coded_people(members: Iterable[pl.DataFrame], codes: Dictionaries) -> tuple[Dictionaries, pl.DataFrame]:
    """Code people batch by batch, so that no more than one batch of texts is in memory; then those with other documents."""
    parts, others = [_NO_PEOPLE], [_NOBODY]
    for batch in members:
        keys = codes.person_keys(batch)
        others.append(batch.select(_NOBODY.columns).filter(keys.is_null()))
        parts.append(batch.select(keys.alias("person"), "collected_at", "p_infected"))
    people = pl.concat(parts, rechunk=True)
    del parts
    every = pl.concat(others)
    codes = replace(codes, others=every.unique().sort(_NOBODY.columns))
    unknown = people["person"].is_null().to_numpy()
    coded = people["person"].fill_null(0).to_numpy(writable=True)
    coded[unknown] = codes.person_keys(every).to_numpy()
    return codes, people.with_columns(pl.Series("person", coded))


def _distinct(texts: pl.Series) -> pl.Series:
    return texts.drop_nulls().unique().sort()


def _place(texts: pl.Series, among: pl.Series) -> pl.Series:
    """Index of each text among distinct ones; null stays null."""
    numbers = pl.DataFrame({texts.name: among}).with_row_index("number")
    found = pl.DataFrame({texts.name: texts}).join(numbers, on=texts.name, how="left", maintain_order="left")
    return found["number"].alias(texts.name)


def _entities(pools: pl.DataFrame, name: str, texts: dict[str, pl.Series]) -> tuple[pl.Series, pl.Series]:
    """Round and code, as numbers, of each distinct tube, box or plate in their order."""
    pairs = pools.select("round", name).drop_nulls().unique().sort("round", name)
    return _place(pairs["round"], texts["round"]), _place(pairs[name], texts[name])


def _entity_of(pools: pl.DataFrame, name: str, texts: dict[str, pl.Series], known: Entities) -> pl.Series:
    """Number of each tube's box or plate."""
    numbers = pl.DataFrame({"round": known.rounds, name: known.texts}).with_row_index("number")
    own = pl.DataFrame(
        {"round": _place(pools["round"], texts["round"]), name: _place(pools[name], texts[name])}
    )
    return own.join(numbers, on=["round", name], how="left", maintain_order="left")["number"].alias(name)


def _answers(
    pools: pl.DataFrame, seats: pl.DataFrame, recalls: pl.DataFrame, cases: pl.DataFrame, codes: Dictionaries,
    texts: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """Singles that answer a recall: collected since it was opened, or named by the tables."""
    tubes = texts.select("round", "tube").with_row_index("number")
    keys = codes.person_keys(recalls)
    recalled = (
        recalls.select("round", "tube", "single_round", "single_tube", "opened_at", keys)
        .join(tubes, on=["round", "tube"])
        .join(
            tubes,
            left_on=["single_round", "single_tube"],
            right_on=["round", "tube"],
            how="left",
            suffix="_single",
        )
        .select(pl.col("number").alias("tube"), "person", "opened_at", pl.col("number_single").alias("told"))
    )
    single = pools.filter(pl.col("mode") == MODES.index("single"))["tube"]
    taken = seats.filter(pl.col("tube").is_in(single.implode())).rename({"tube": "answer"})
    names = (
        cases.select("round", "tube", "recall_of").join(tubes, on=["round", "tube"]).drop_nulls("recall_of")
    )
    names = names.join(tubes.rename({"number": "named"}), left_on="recall_of", right_on="tube")
    pairs = names.select(
        pl.col("number").alias("answer"), pl.col("named").alias("tube"), pl.lit(value=True).alias("says")
    )
    found = recalled.join(taken, on="person").join(pairs, on=["answer", "tube"], how="left")
    counts = (
        (pl.col("collected_at") >= pl.col("opened_at"))
        | (pl.col("answer") == pl.col("told"))
        | pl.col("says")
    )
    return found.filter((pl.col("answer") != pl.col("tube")) & counts.fill_null(value=False)).select(
        "tube", "person", "answer"
    )
