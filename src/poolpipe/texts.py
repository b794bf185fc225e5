"""Texts once, at the end: coded conclusions written as the contract's tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.codes import RESIDENT, WELL_PLACES, well_names
from poolpipe.recalls import OPEN_STATUS
from poolpipe.tables import CALLS, MODES, SORT_KEYS, STATES, TABLES, as_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poolpipe.codes import Codes

__all__ = ["Coded"]

_ROWS = 1 << 20


@dataclass(frozen=True, slots=True)
class Coded:
    """What the stages conclude, with what is needed to write it as text.

    Attributes
    ----------
    pools, members, recalls, cases, ledger : DataFrame
        Coded; see the stages.
    anomalies, rejects : DataFrame
        Texts already.
    """

    codes: Codes
    plate_wells: int
    pools: pl.DataFrame
    members: pl.DataFrame
    recalls: pl.DataFrame
    cases: pl.DataFrame
    ledger: pl.DataFrame
    anomalies: pl.DataFrame
    rejects: pl.DataFrame

    def heights(self) -> dict[str, int]:
        """Rows per table."""
        return {table: getattr(self, table).height if table != "traces" else 0 for table in TABLES}

    def table(self, name: str) -> pl.DataFrame:
        """One of the contract's tables, sorted."""
        return as_table(pl.concat([pl.DataFrame(piece) for piece in self.pieces(name)]), name)

    def pieces(self, name: str) -> Iterator[pa.Table]:
        """The same table piece by piece, as Arrow tables of one schema; at least one piece."""
        if name in _PIECEMEAL:
            coded, maker = getattr(self, name), _PIECEMEAL[name]
            for start in range(0, max(1, coded.height), _ROWS):
                yield maker(self, coded.slice(start, _ROWS))
        else:
            yield as_table(_MAKERS[name](self), name).to_arrow(compat_level=pl.CompatLevel.oldest())


def _dictionary(numbers: pl.Series, values: pl.Series) -> pa.Array:
    """Texts by number; each distinct one once, which is what Parquet wants, too.

    Texts that do not occur are left out: what was rejected, voided or came later leaves no trace in a table.
    """
    occurs = np.zeros(len(values), np.bool_)
    occurs[numbers.drop_nulls().to_numpy()] = True
    if not occurs.all():
        numbers = pl.Series(np.cumsum(occurs, dtype=np.int32) - np.int32(1)).gather(numbers)
        values = values.filter(pl.Series(occurs))
    return pa.DictionaryArray.from_arrays(numbers.cast(pl.Int32).to_arrow(), values.to_arrow())


def _tubes(codes: Codes, tubes: pl.Series) -> tuple[pa.Array, pa.Array]:
    """Round and code of tubes that are sorted: only the stretch that occurs is written as text.

    A code used in several rounds stands once: of a dictionary with repeated values pyarrow 26 writes as
    many uninitialised bytes into the file, other ones at every run.
    """
    low, high = (int(tubes[0]), int(tubes[-1]) + 1) if len(tubes) else (0, 0)
    known = codes.entities["tube"]
    rounds = pl.Series(known.rounds[low:high]).gather(tubes - low)
    numbers = known.texts[low:high]
    first, last = (int(numbers.min()), int(numbers.max()) + 1) if len(numbers) else (0, 0)
    names = codes.texts["tube"][first:last]
    return (
        _dictionary(rounds, codes.texts["round"]),
        _dictionary(pl.Series(numbers - np.uint32(first)).gather(tubes - low), names),
    )


def _members(coded: Coded, members: pl.DataFrame) -> pa.Table:
    """Some members as text."""
    rounds, tubes = _tubes(coded.codes, members["tube"])
    numbers, others = coded.codes.person_numbers(members["person"]), members["person"].to_numpy() < 0
    kinds = np.zeros(members.height, np.int32)
    kinds[others] = -members["person"].to_numpy()[others]
    types = pl.concat([pl.Series([RESIDENT]), coded.codes.others["person_type"]])
    distinct = types.unique().sort()
    type_of = distinct.search_sorted(types).to_numpy().astype(np.int32)
    return pa.table(
        {
            "round": rounds,
            "tube": tubes,
            "person_type": _dictionary(pl.Series(type_of[kinds]), distinct),
            "person": numbers.to_arrow(),
            "collected_at": members["collected_at"].to_arrow(),
            "position": members.select(pl.int_range(1, pl.len() + 1).over("tube"))
            .to_series()
            .to_arrow(),  # TEMP
            "p_infected": members["p_infected"].to_arrow(),
        }
    )


def _pools(coded: Coded, pools: pl.DataFrame) -> pa.Table:
    """Some pools as text."""
    codes = coded.codes
    rounds, tubes = _tubes(codes, pools["tube"])
    wells = well_names(pl.Series(range(coded.plate_wells)), coded.plate_wells)
    columns: dict[str, pa.Array] = {
        "round": rounds,
        "tube": tubes,
        "mode": _dictionary(pools["mode"], pl.Series(MODES)),
        "site": _dictionary(pools["site"], codes.texts["site"]),
        "point": _dictionary(pools["point"], codes.texts["point"]),
        "box": _dictionary(_code_of(codes, "box", pools["box"]), codes.texts["box"]),
        "lab": _dictionary(pools["lab"], codes.texts["lab"]),
        "plate": _dictionary(_code_of(codes, "plate", pools["plate"]), codes.texts["plate"]),
        "well": _dictionary(pools["well"], wells),
        "call": _dictionary(pools["call"], pl.Series(CALLS)),
        "state": _dictionary(pools["state"], pl.Series(STATES)),
        "called_by": _called_by(coded, pools).to_arrow(),
    }
    declared = TABLES["pools"]
    return pa.table(
        {
            column.name: columns[column.name]
            if column.name in columns
            else pools[column.name].cast(column.dtype).to_arrow()
            for column in declared
        }
    )


def _code_of(codes: Codes, column: str, numbers: pl.Series) -> pl.Series:
    """Number of the code alone of boxes or plates."""
    return pl.Series(codes.entities[column].texts).gather(numbers)


def _called_by(coded: Coded, pools: pl.DataFrame) -> pl.Series:
    """What each call rests on: the well, or a lab's report."""
    slot = pools["by_slot"]
    plates = coded.codes.entity("plate", slot // WELL_PLACES)[1]
    wells = "well " + plates + ":" + well_names(slot % WELL_PLACES, coded.plate_wells)
    labs = ("report " + coded.codes.text("lab", pools["report_lab"]).fill_null("")).str.strip_chars()
    called = pools["call"].is_not_null()
    return pl.select(pl.when(called).then(pl.coalesce(wells, labs)).alias("called_by")).to_series()


def _sorted(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    return frame.sort(SORT_KEYS[table], nulls_last=False)


def _tube(codes: Codes, frame: pl.DataFrame, column: str = "tube", prefix: str = "") -> list[pl.Series]:
    rounds, names = codes.entity("tube", frame[column])
    return [rounds.alias(f"{prefix}round"), names.alias(f"{prefix}tube")]


def _person(codes: Codes, frame: pl.DataFrame) -> list[pl.Series]:
    return list(codes.person(frame["person"]))


def _words(words: tuple[str, ...], frame: pl.DataFrame, column: str) -> pl.Series:
    return pl.Series(column, words, pl.String).gather(frame[column])


def _recalls(coded: Coded) -> pl.DataFrame:
    codes, recalls = coded.codes, coded.recalls
    return _sorted(
        recalls.with_columns(
            *_tube(codes, recalls),
            *_person(codes, recalls),
            *_tube(codes, recalls, "single_tube", "single_"),
            _words(OPEN_STATUS, recalls, "status"),
            _words(CALLS, recalls, "outcome"),
            codes.text("lab", recalls["lab"]),
        ),
        "recalls",
    )


def _cases(coded: Coded) -> pl.DataFrame:
    codes, cases = coded.codes, coded.cases
    return _sorted(
        cases.with_columns(
            *_tube(codes, cases),
            *_person(codes, cases),
            codes.text("lab", cases["lab"]),
            codes.text("recall_of", cases["recall_of"]),
        ),
        "cases",
    )


def _traces(_: Coded) -> pl.DataFrame:
    return pl.DataFrame(schema={column.name: column.dtype for column in TABLES["traces"]})


def _ledger(coded: Coded) -> pl.DataFrame:
    codes, ledger = coded.codes, coded.ledger
    return _sorted(
        ledger.with_columns(
            codes.text("round", ledger["round"]),
            codes.text("site", ledger["site"]),
            codes.entity("box", ledger["box"])[1],
        ),
        "ledger",
    )


def _anomalies(coded: Coded) -> pl.DataFrame:
    return _sorted(coded.anomalies, "anomalies")


def _rejects(coded: Coded) -> pl.DataFrame:
    return coded.rejects.sort(*SORT_KEYS["rejects"], "detail", "raw", nulls_last=False)


_MAKERS: dict[str, Callable[[Coded], pl.DataFrame]] = {
    "recalls": _recalls,
    "cases": _cases,
    "traces": _traces,
    "ledger": _ledger,
    "anomalies": _anomalies,
    "rejects": _rejects,
}

_PIECEMEAL: dict[str, Callable[[Coded, pl.DataFrame], pa.Table]] = {"pools": _pools, "members": _members}
"""Tables of millions of rows: coded in the order they are written in, made into text piece by piece."""
