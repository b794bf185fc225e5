"""The lists of a result that people carry out: who to sample again, tubes that are missing, positives, anomalies, rejects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow.parquet as pq

from poolpipe.events.contacts import CONTACTS, Contacts
from poolpipe.exchange.list_columns import LISTS, Language, ListLayout, worded
from poolpipe.exchange.list_rows import anomaly_rows, reject_rows
from poolpipe.paths import arrow_file
from poolpipe.words import DOCUMENT_WORDS, SEVERITY_WORDS, VALUE_WORDS, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poolpipe.results.written import Written

__all__ = ["Lists", "PeopleList", "ToldList"]

_KEY = ("person_type", "person")
_TUBE = ("round", "tube")
_OPTIONAL = ("round", "point")
_BATCH = 50_000
_INVALID = Wording("invalid: test it again", "结果无效，须重检")


@dataclass(frozen=True, slots=True)
class PeopleList:
    """The recalls that are not closed, with the people's contacts.

    Attributes
    ----------
    rows : polars.DataFrame
        Columns of the recalls and `CONTACTS`, in the order of the list.
    closed : int
        Recalls that are closed, which the list leaves out.
    """

    rows: pl.DataFrame
    closed: int


@dataclass(frozen=True, slots=True)
class ToldList:
    """One list: how many rows it has, and its rows batch by batch under the columns of its layout.

    Attributes
    ----------
    name : str
        Key of `LISTS`.
    layout : ListLayout
        Its columns.
    rows : int
        How many rows it has.
    batches : callable
        Gives the rows, from the first on.
    unused : frozenset of str
        Columns in which nothing is given: round, point, and the records as they came where identities are masked.
    """

    name: str
    layout: ListLayout
    rows: int
    batches: Callable[[], Iterator[pl.DataFrame]]
    unused: frozenset[str] = frozenset()


class Lists:
    """The lists of a result.

    Parameters
    ----------
    written : Written
        The opened result; it is read again whenever a list's rows are asked for.
    contacts : Contacts
        What rosters and registrations tell of its people.
    zone : str
        IANA zone of the times.
    language : {"zh", "en", "both"}
        Words of the values.
    show_ids : bool
        Show identity numbers and values in anomalies and rejects, and the rejected records themselves.

    Attributes
    ----------
    zone : str
        As given.
    summary : dict
        The result's summary.
    as_of : datetime or None
        The moment from which time is counted; None of a result without events.
    waiting : PeopleList
        The people to sample again.
    """

    def __init__(
        self, written: Written, contacts: Contacts, *, zone: str, language: Language, show_ids: bool = False
    ) -> None:
        self._written = written
        self.zone, self._language, self._show_ids = zone, language, show_ids
        self.summary: dict[str, Any] = written.summary
        moment = written.summary["as_of"]
        self.as_of = None if moment is None else datetime.fromisoformat(moment)
        self._recalls = pl.read_parquet(written.path("recalls"), glob=False)
        self.waiting = _waiting(self._recalls, contacts.people)
        given = (pl.col(name) != "" for name in _OPTIONAL)
        pools = (
            pl.scan_parquet(written.path("pools"), glob=False).select(each.any() for each in given).collect()
        )
        self._raw = () if show_ids else ("raw",)
        self._unused = frozenset(name for name in _OPTIONAL if not pools[name][0])

    @staticmethod
    def people_of(written: Written) -> pl.DataFrame:
        """person_type and person of the recalls that are not closed: those whose contacts are needed."""
        recalls = pl.read_parquet(written.path("recalls"), glob=False, columns=[*_KEY, "status"])
        return recalls.filter(pl.col("status") != "closed").select(_KEY).unique()

    def told(self) -> list[ToldList]:
        """All lists but the summary, in the order of their sheets."""
        missing, positives = self._missing(), self._positives()
        return [
            self._of("recalls", self.waiting.rows.height, self._shown_recalls),
            self._of("missing", missing.height, lambda: missing),
            self._of("positives", positives.height, lambda: positives),
            ToldList("anomalies", LISTS["anomalies"], self._rows("anomalies"), self._anomalies, self._unused),
            ToldList("rejects", LISTS["rejects"], self._rows("rejects"), self._rejects, frozenset(self._raw)),
        ]

    def _of(self, name: str, rows: int, frame: Callable[[], pl.DataFrame]) -> ToldList:
        def batches() -> Iterator[pl.DataFrame]:
            yield from _numbered(name, frame().iter_slices(_BATCH))

        return ToldList(name, LISTS[name], rows, batches, self._unused)

    def _rows(self, table: str) -> int:
        return int(self._written.summary["rows"][table])

    def _word(self, column: str) -> pl.Expr:
        """Expression for a value of docs/tables.md in the list's language; a value that has no Chinese stays."""
        words = {value: worded(wording, self._language) for value, wording in VALUE_WORDS.items()}
        return pl.col(column).replace(words).alias(column)

    def _document(self) -> pl.Expr:
        """Expression for the kind of document in words; one that is not known stays as typed."""
        words = {code: worded(wording, self._language) for code, wording in DOCUMENT_WORDS.items()}
        return pl.col("person_type").replace(words)

    def _local(self, column: str) -> pl.Expr:
        return pl.col(column).dt.convert_time_zone(self.zone).dt.replace_time_zone(None).alias(column)

    def _shown_recalls(self) -> pl.DataFrame:
        rows = self.waiting.rows
        left = [self.left(due) for due in rows["due_at"]]
        parts = ("township", "address", "building")
        places = pl.concat_list(*parts).list.drop_nulls().list.join(" ")
        return rows.with_columns(
            pl.when(places != "").then(places).alias("address"),
            self._document(), self._word("status"), self._local("due_at"), pl.Series("left", left, pl.String),
            pl.Series("late", [self.is_late(due) for due in rows["due_at"]], pl.Boolean),
        )  # fmt: skip

    def is_late(self, due: datetime) -> bool:
        """Whether a moment has passed as of the result's."""
        return self.as_of is not None and due < self.as_of

    def left(self, due: datetime) -> str:
        """Time that is left until a moment, in words; `-` of a result without events."""
        if self.as_of is None:
            return "-"
        late = due < self.as_of
        said = Wording("{} overdue", "超时 {}") if late else Wording("{} left", "剩余 {}")
        span = _span(abs(due - self.as_of))
        filled = Wording(said.english.format(span.english), said.chinese.format(span.chinese))
        return worded(filled, self._language, " / ")

    def _pools(self, kept: pl.Expr) -> pl.DataFrame:
        return pl.scan_parquet(self._written.path("pools"), glob=False).filter(kept).collect()

    def _missing(self) -> pl.DataFrame:
        seen = pl.coalesce("loaded_at", "received_at", "picked_up_at", "packed_at", "last_collected")
        collected = pl.col("mode").is_not_null() & (pl.col("state") != "reported")
        pools = self._pools(collected).sort("first_collected", *_TUBE)
        waited = [self._waited(moment) for moment in pools["first_collected"]]
        again = pl.when(pl.col("call") == "invalid").then(pl.lit(worded(_INVALID, self._language)))
        return pools.with_columns(
            self._word("mode"), self._word("state"), seen.alias("seen_at"), again.alias("remark"),
            pl.Series("waiting", waited, pl.String),
        ).with_columns(self._local("seen_at"))  # fmt: skip

    def _waited(self, since: datetime | None) -> str:
        if self.as_of is None or since is None:
            return "-"
        return worded(_span(self.as_of - since), self._language, " / ")

    def _positives(self) -> pl.DataFrame:
        pools = self._pools(pl.col("call").is_in(["positive", "suspect"]))
        statuses = ("open", "recollected", "closed")
        counts = self._recalls.group_by(_TUBE).agg(
            (pl.col("status") == status).sum().cast(pl.Int64).alias(status) for status in statuses
        )
        return (
            pools.join(counts, on=_TUBE, how="left")
            .sort(pl.col("call") != "positive", "called_at", *_TUBE)
            .with_columns(self._word("call"), self._word("mode"), self._local("called_at"), self._local("first_collected"))
        )  # fmt: skip

    def _anomalies(self) -> Iterator[pl.DataFrame]:
        def rows() -> Iterator[pl.DataFrame]:
            for severity in SEVERITY_WORDS:  # the table is in the order of codes: it is read once for each
                for batch in self._batches("anomalies"):
                    found = batch.filter(pl.col("severity") == severity).with_columns(self._local("at"))
                    worded_rows = anomaly_rows(found, self._language, show_ids=self._show_ids)
                    yield worded_rows.with_columns(self._word("severity"))

        yield from _numbered("anomalies", rows())

    def _rejects(self) -> Iterator[pl.DataFrame]:
        rows = (
            reject_rows(batch, self._language, show_ids=self._show_ids) for batch in self._batches("rejects")
        )
        yield from _numbered("rejects", rows)

    def _batches(self, table: str) -> Iterator[pl.DataFrame]:
        with arrow_file(self._written.path(table)) as file:
            for batch in pq.ParquetFile(file).iter_batches(_BATCH):
                frame = pl.from_arrow(batch)
                yield frame if isinstance(frame, pl.DataFrame) else frame.to_frame()

    def moment(self) -> str:
        """The moment of the result in the list's zone; `-` of a result without events."""
        return "-" if self.as_of is None else f"{self.as_of.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M}"

    def title(self) -> str:
        """When the result is of, for the head of a page."""
        said = Wording(f"as of {self.moment()} ({self.zone})", f"截至 {self.moment()}（{self.zone}）")
        return worded(said, self._language, " · ")

    def counts(self) -> dict[str, dict[Any, int]]:
        """Tubes by mode and by call, recalls by status, without reading more than those columns."""
        pools = pl.scan_parquet(self._written.path("pools"), glob=False)
        mode, call = (dict(pools.group_by(name).len().collect().iter_rows()) for name in ("mode", "call"))
        status = dict(self._recalls.group_by("status").len().iter_rows())
        return {"mode": mode, "call": call, "status": status}


def _waiting(recalls: pl.DataFrame, contacts: pl.DataFrame) -> PeopleList:
    """The recalls that are not closed: communities by their most urgent person, households likewise, then people."""
    waiting = recalls.filter(pl.col("status") != "closed")
    rows = waiting.join(contacts.select(*_KEY, *CONTACTS), on=_KEY, how="left", maintain_order="left")
    place = ("township", "community")
    alone = pl.col("household").is_null()
    home = pl.when(alone).then(pl.col("rank")).otherwise(pl.col("rank").min().over(*place, "household"))
    ordered = rows.with_columns(
        pl.col("rank").min().over(*place).alias("place_rank"), home.alias("home_rank")
    )
    return PeopleList(
        ordered.sort("place_rank", "home_rank", "rank").drop("place_rank", "home_rank"),
        recalls.height - waiting.height,
    )


def _numbered(name: str, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Number the rows of all batches from 1, and keep the columns of the layout; `late` marks what is overdue."""
    done = 0
    for batch in batches:
        wanted = [column.name for column in LISTS[name].columns if column.name != "number"]
        marks = [mark for mark in ("late",) if mark in batch.columns and name == "recalls"]
        numbers = pl.int_range(done + 1, done + 1 + pl.len(), dtype=pl.Int64).alias("number")
        yield batch.select(numbers, *wanted, *marks)
        done += batch.height


def _span(duration: timedelta) -> Wording:
    """Hours and minutes in words, whole minutes, rounded down: `3 h 05`, `3 小时 5 分`."""
    minutes = int(abs(duration).total_seconds() // 60)
    return Wording(f"{minutes // 60} h {minutes % 60:02}", f"{minutes // 60} 小时 {minutes % 60} 分")
