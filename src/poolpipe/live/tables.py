"""All tables at one version, as it is read and as it follows from the one before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import Entities
from poolpipe.coding.distinct import distinct
from poolpipe.live.overlays import Overlaid, by_tube
from poolpipe.live.settling import settled_anomalies, settled_recalls
from poolpipe.live.subjects import with_owners
from poolpipe.live.tube_order import TubeOrder
from poolpipe.results.members import Members
from poolpipe.results.tables import EncodedTables
from poolpipe.stages.anomalies.rows import NOTHING, rows
from poolpipe.stages.ledger import balance
from poolpipe.stages.recalls import overdue_at
from poolpipe.stages.retention import keep_tubes
from poolpipe.tables import SORT_KEYS, TABLES, TIME, as_table

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.live.concluding import ConcludedTubes
    from poolpipe.live.heard_parts import HeardParts
    from poolpipe.policy import Policy

__all__ = ["BULK", "LIVE", "LiveTables"]

LIVE: Final = ("pools", "members", "recalls", "cases", "anomalies", "ledger", "retention", "rejects")
"""Tables that are current."""

BULK: Final = tuple(name for name in TABLES if name not in LIVE)
"""Tables that are as they were when all was concluded last: they ask of a whole city or laboratory at once."""

_IN_ORDER: Final = ("pools", "members", "retention")
"""Tables whose decoding takes tubes of one round for neighbours."""


class _SeatProbabilities:
    """P(infected) seat by seat, as `Members` reads it."""

    def __init__(self, p_infected: NDArray[np.float64]) -> None:
        self._p_infected = p_infected

    def stretch(self, first: int, last: int, into: NDArray[np.float64]) -> NDArray[np.float64]:
        into[:] = self._p_infected[first:last]
        return into


@dataclass(frozen=True)
class LiveTables:
    """Tables at one version.

    Attributes
    ----------
    version : int
    as_of : datetime or None
        The latest event's; None where there is none.
    policy : Policy
    codes : Dictionaries
        Turn the numbers into texts.
    rejects : DataFrame
        As the table.
    heard : HeardParts
        Who was heard when.
    pools, members, recalls, cases : Overlaid
        Coded by numbers that stay.
    anomalies : Overlaid
        Texts, by `owner`; without those that are settled when somebody reads.
    doubtful : (n,) int64
        Tubes of several rounds whose people's p_infected, and so p_false_positive and rank, are not what they would be if all were
        concluded: these follow from round to round through the whole city. Everything else about them is right.
    bulk, bulk_version, bulk_as_of
        The tables of `BULK`, and of which version and moment they are.
    order : TubeOrder
        Of the tubes of all versions.
    drifting : DataFrame
        The anomalies `lab_drift`, which `poolpipe run` does not give; none unless somebody looks for them (`drifting`).
    """

    version: int
    as_of: datetime | None
    policy: Policy
    codes: Dictionaries
    pools: Overlaid
    members: Overlaid
    recalls: Overlaid
    cases: Overlaid
    anomalies: Overlaid
    rejects: pl.DataFrame
    heard: HeardParts
    bulk: dict[str, pl.DataFrame]
    bulk_version: int
    bulk_as_of: datetime | None
    order: TubeOrder
    doubtful: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    drifting: pl.DataFrame = field(default_factory=lambda: rows("lab_drift", NOTHING))
    _made: dict[Any, pl.DataFrame] = field(default_factory=dict, compare=False)

    @classmethod
    def of_city(
        cls, found: ConcludedTubes, bulk: dict[str, pl.DataFrame], codes: Dictionaries, policy: Policy, version: int,
        as_of: datetime | None, rejects: pl.DataFrame, heard: HeardParts,
    ) -> Self:  # fmt: skip
        """Make the tables of a city that was concluded as a whole.

        Parameters
        ----------
        found : ConcludedTubes
            All of it.
        bulk : dict of DataFrame
            The tables of `BULK`.
        codes, policy, version, as_of, rejects, heard
            As the attributes.
        """
        anomalies = Overlaid(with_owners(found.anomalies).sort("owner"), "owner")
        return cls(
            version, as_of, policy, codes, Overlaid(found.pools), Overlaid(found.members), Overlaid(found.recalls),
            Overlaid(found.cases), anomalies, rejects, heard, bulk, version, as_of, TubeOrder(),
        )  # fmt: skip

    def folded(
        self, tubes: NDArray[np.int64], found: ConcludedTubes, owners: NDArray[np.uint64], *, codes: Dictionaries, version: int,
        as_of: datetime,
    ) -> LiveTables:  # fmt: skip
        """Replace the rows of some tubes and the anomalies of some subjects.

        Parameters
        ----------
        tubes : (n,) int64
            Ascending.
        found : ConcludedTubes
            What was concluded of these.
        owners : (m,) uint64
            The subjects, ascending.
        codes : Dictionaries
            With all that is new.
        version, as_of
            Of the tables that this gives.
        """
        own = found.anomalies["owner"].to_numpy()
        rows = np.flatnonzero(np.isin(own, owners))
        kept = found.anomalies[rows[np.argsort(own[rows], kind="stable")]]
        anomalies = self.anomalies.folded(owners, kept)
        return replace(
            self, version=version, as_of=as_of, codes=codes, pools=self.pools.folded(tubes, found.pools),
            members=self.members.folded(tubes, found.members), recalls=self.recalls.folded(tubes, found.recalls),
            cases=self.cases.folded(tubes, found.cases), anomalies=anomalies, _made={},
        )  # fmt: skip

    def replaced(self, **changes: Any) -> LiveTables:
        """The same with other parts."""
        return replace(self, **changes, _made={})

    def table(self, name: str, as_of: datetime | None = None) -> pl.DataFrame:
        """One table, sorted as `poolpipe run` writes it.

        Parameters
        ----------
        name : str
            A key of `tables.TABLES`. Those of `BULK` are as they were at `bulk_version`.
        as_of : datetime, optional
            Not before the latest event; by default that event's time.
        """
        key = name, as_of
        if key not in self._made:
            self._made[key] = self._table(name, as_of)
        return self._made[key]

    def _table(self, name: str, asked: datetime | None) -> pl.DataFrame:
        """Make a table.

        Parameters
        ----------
        name : str
            As of `table`.
        asked : datetime or None
            The moment that was asked for.
        """
        if name in self.bulk:
            return self.bulk[name]
        if name == "rejects":
            return as_table(self.rejects.sort(*SORT_KEYS[name], "detail", "raw", nulls_last=False), name)
        as_of = asked or self.as_of
        if as_of is None:
            return pl.DataFrame(schema={column.name: column.dtype for column in TABLES[name]})
        if name == "anomalies":
            return _sorted(
                pl.concat([self.anomalies.whole().drop("owner"), self.settled(asked), self.drifting]), name
            )
        if name == "ledger":
            ledger = balance(self.pools.select("tube", "site", "box", "mode", "state"), self.codes)
            return _sorted(self._decoded(name, ledger), name)
        return self.worded(name, self.coded(name, as_of))

    def coded(self, name: str, as_of: datetime) -> pl.DataFrame:
        """The rows of a table as numbers, from which a reader's are selected before they are written as words.

        Parameters
        ----------
        name : {"pools", "members", "recalls", "cases", "retention"}
        as_of : datetime
            Not before the latest event.

        Returns
        -------
        DataFrame
            Recalls in the order of the table, others in no order.
        """
        if name == "retention":
            pools = self.pools.select("tube", "lab", "call", "called_at", "set_aside")
            return keep_tubes(pools, self.policy, as_of)
        if name != "recalls":
            whole: pl.DataFrame = getattr(self, name).whole()
            return whole
        key = "urgent", as_of
        if key not in self._made:
            ranked = self._ranked(as_of)
            place = np.empty(ranked.height, np.int64)
            place[ranked["rank"].to_numpy() - 1] = np.arange(ranked.height)
            self._made[key] = ranked[place]
        return self._made[key]

    def page(
        self, name: str, first: int, rows: int, as_of: datetime, among: NDArray[np.bool_] | None = None
    ) -> pl.DataFrame:
        """Some rows of a table in its order; of a city's no others are looked at, nor written as words.

        Parameters
        ----------
        name : {"pools", "members", "retention"}
        first, rows : int
            How many rows are passed over, and how many are given at most.
        as_of : datetime
            As of `coded`.
        among : (tubes,) bool, optional
            Only rows of these tubes.
        """
        table = Overlaid(by_tube(self.coded(name, as_of))) if name == "retention" else getattr(self, name)
        order = self.order.of(self.codes)
        if among is not None:
            order = order[among[order]]
        counts = table.counts(len(self.codes.entities["tube"].rounds))[order].astype(np.int64)
        ends = np.cumsum(counts)
        begin, end = np.searchsorted(ends, (first, first + rows), side="right")
        before = int(ends[begin - 1]) if begin else 0
        chosen = table.of(np.sort(order[begin : end + 1]))
        return self.worded(name, chosen)[first - before : first - before + rows]

    def worded(self, name: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Write rows as words, sorted as the table.

        Parameters
        ----------
        name : str
            As of `coded`.
        rows : DataFrame
            Of those that `coded` gave.
        """
        return _sorted(self._decoded(name, rows), name)

    def _ranked(self, as_of: datetime) -> pl.DataFrame:
        key = "ranked", as_of
        if key not in self._made:
            self._made[key] = settled_recalls(self.recalls.whole(), self.codes, as_of)
        return self._made[key]

    def _decoded(self, name: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Write texts for numbers.

        Parameters
        ----------
        name : str
            The table.
        rows : DataFrame
            Coded.
        """
        nothing = pl.DataFrame()
        frames = dict.fromkeys(("pools", "recalls", "cases", "ledger", "anomalies", "rejects", "readings", "retention",
                                "workload", "boxes", "false_alarms", "clusters"), nothing)  # fmt: skip
        codes = self.codes
        if name in _IN_ORDER:
            rows, codes = _in_order(rows, codes)
        seats = rows if name == "members" else nothing
        p_infected = seats["p_infected"].to_numpy() if name == "members" else np.empty(0)
        members = Members(codes, seats, _SeatProbabilities(p_infected))  # type: ignore[arg-type]
        frames |= {} if name == "members" else {name: rows}
        return EncodedTables(codes, self.policy.codes.plate_wells, members, **frames, traces=None).table(name)

    def rows_of(self, name: str, tubes: NDArray[np.int64]) -> pl.DataFrame:
        """The rows of some tubes, as of the latest event; recalls without rank.

        Parameters
        ----------
        name : {"pools", "members", "recalls", "cases"}
        tubes : (n,) int64
            Ascending.
        """
        rows = getattr(self, name).of(tubes)
        if name == "recalls":
            overdue = pl.lit(value=False) if self.as_of is None else overdue_at(self.as_of)
            rows = rows.with_columns(overdue.alias("overdue"), pl.lit(0).alias("rank"))
        return self._decoded(name, rows)

    def anomalies_of(self, owners: NDArray[np.uint64]) -> pl.DataFrame:
        """The anomalies of some subjects, without those that are settled when somebody reads."""
        return as_table(self.anomalies.of(owners), "anomalies")

    def settled(self, as_of: datetime | None = None) -> pl.DataFrame:
        """The anomalies that time alone changes, and those that rest on all recalls or arrivals."""
        moment = as_of or self.as_of
        if moment is None:
            return as_table(self.anomalies.whole().clear(), "anomalies")
        key = "settled", as_of
        if key not in self._made:
            self._made[key] = settled_anomalies(
                self.pools, self._ranked(moment), self.heard.whole, self.codes, self.policy, moment, as_of
            )
        return self._made[key]

    def turned_overdue(self, since: datetime) -> NDArray[np.int64]:
        """Tubes of which a recall has become overdue after a moment."""
        now = pl.lit(self.as_of, TIME)
        late = (
            (pl.col("due_at") < now) & (pl.col("due_at") >= pl.lit(since, TIME)) & pl.col("outcome").is_null()
        )
        found = self.recalls.whole().filter(late)["tube"].to_numpy()
        return distinct(found).astype(np.int64)


def _in_order(rows: pl.DataFrame, codes: Dictionaries) -> tuple[pl.DataFrame, Dictionaries]:
    """Number the tubes of some rows in the order of round and code, and sort the rows so."""
    numbers, place = np.unique(rows["tube"].to_numpy(), return_inverse=True)
    rounds, texts = codes.entity("tube", pl.Series(numbers))
    order = (
        pl.DataFrame([rounds, texts.alias("tube")])
        .with_row_index("row")
        .sort("round", "tube")["row"]
        .to_numpy()
    )
    rank = np.empty(len(order), np.uint32)
    rank[order] = np.arange(len(order))
    known = codes.entities["tube"]
    tubes = Entities(known.rounds[numbers[order]], known.texts[numbers[order]])
    ordered = by_tube(rows.with_columns(pl.Series("tube", rank[place])))
    return ordered, replace(codes, entities={**codes.entities, "tube": tubes})


def _sorted(table: pl.DataFrame, name: str) -> pl.DataFrame:
    return as_table(table.sort(SORT_KEYS[name], nulls_last=False, maintain_order=True), name)
