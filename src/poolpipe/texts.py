"""Texts once, at the end: coded conclusions written as the contract's tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.codes import WELL_PLACES, well_names
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
        if name == "members":
            pieces = [pl.DataFrame(piece) for piece in self.pieces(name)]
            return as_table(pl.concat(pieces), name)
        return as_table(_MAKERS[name](self), name)

    def pieces(self, name: str) -> Iterator[pa.Table]:
        """The same table piece by piece, as Arrow tables of one schema; at least one piece."""
        if name != "members":
            yield self.table(name).to_arrow(compat_level=pl.CompatLevel.oldest())
            return
        for start in range(0, max(1, self.members.height), _ROWS):
            yield _members(self.codes, self.members.slice(start, _ROWS))


def _members(codes: Codes, members: pl.DataFrame) -> pa.Table:
    """Some members as text: rounds, tubes and types as dictionaries, numbers as they are made."""
    tube = members["tube"].to_numpy()
    low, high = (int(tube[0]), int(tube[-1]) + 1) if len(tube) else (0, 0)
    rounds, names = codes.entity("tube", pl.Series(np.arange(low, high, dtype=np.uint32)))
    indices = pa.array((tube - np.uint32(low)).astype(np.int32))
    types, numbers = codes.person(members["person"])
    return pa.table(
        {
            "round": _dictionary(rounds, indices),
            "tube": _dictionary(names, indices),
            "person_type": types.to_arrow().dictionary_encode(),
            "person": numbers.to_arrow(),
            "collected_at": members["collected_at"].to_arrow(),
            "position": members["position"].cast(pl.Int64).to_arrow(),
            "p_infected": members["p_infected"].to_arrow(),
        }
    )


def _dictionary(values: pl.Series, indices: pa.Array) -> pa.Array:
    """Texts by index; distinct ones once, as Parquet wants its dictionaries."""
    if len(values) and values.n_unique() == 1:
        values, indices = values.head(1), pa.array(np.zeros(len(indices), np.int32))
    return pa.DictionaryArray.from_arrays(indices, values.to_arrow())


def _sorted(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    return frame.sort(SORT_KEYS[table], nulls_last=False)


def _tube(codes: Codes, frame: pl.DataFrame, column: str = "tube", prefix: str = "") -> list[pl.Series]:
    rounds, names = codes.entity("tube", frame[column])
    return [rounds.alias(f"{prefix}round"), names.alias(f"{prefix}tube")]


def _person(codes: Codes, frame: pl.DataFrame) -> list[pl.Series]:
    return list(codes.person(frame["person"]))


def _words(words: tuple[str, ...], frame: pl.DataFrame, column: str) -> pl.Series:
    return pl.Series(column, words, pl.String).gather(frame[column])


def _pools(coded: Coded) -> pl.DataFrame:
    codes, pools = coded.codes, coded.pools
    return pools.with_columns(
        *_tube(codes, pools),
        _words(MODES, pools, "mode"),
        codes.text("site", pools["site"]),
        codes.text("point", pools["point"]),
        codes.entity("box", pools["box"])[1],
        codes.text("lab", pools["lab"]),
        codes.entity("plate", pools["plate"])[1],
        well_names(pools["well"], coded.plate_wells),
        _words(CALLS, pools, "call"),
        _words(STATES, pools, "state"),
        _called_by(coded),
    )


def _called_by(coded: Coded) -> pl.Series:
    """What each call rests on: the well, or a lab's report."""
    codes, pools = coded.codes, coded.pools
    slot = pools["by_slot"]
    plates = codes.entity("plate", slot // WELL_PLACES)[1]
    wells = "well " + plates + ":" + well_names(slot % WELL_PLACES, coded.plate_wells)
    labs = "report " + codes.text("lab", pools["report_lab"]).fill_null("")
    called = pools["call"].is_not_null()
    return pl.select(
        pl.when(called).then(pl.coalesce(wells, labs.str.strip_chars())).alias("called_by")
    ).to_series()


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
    "pools": _pools,
    "recalls": _recalls,
    "cases": _cases,
    "traces": _traces,
    "ledger": _ledger,
    "anomalies": _anomalies,
    "rejects": _rejects,
}
