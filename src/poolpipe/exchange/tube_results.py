"""One record per tube with a statement about each of its people, from which HL7 and FHIR messages are made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from poolpipe.errors import PoolpipeError
from poolpipe.exchange.codings import POOLED, SINGLE, UNREGISTERED
from poolpipe.exchange.statements import first_told, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    import polars as pl

    from poolpipe.coding.frames import Frame

__all__ = ["ExchangeError", "Statement", "TubeResult", "results", "results_of"]


class ExchangeError(PoolpipeError):
    """A message is not valid by its own standard's validator.

    Examples
    --------
    >>> from poolpipe.errors import PoolpipeError
    >>> issubclass(ExchangeError, PoolpipeError)
    True
    >>> error = ExchangeError.of("no_fhir", where="tube T1", why="status is missing")
    >>> error.where, "status is missing" in str(error)
    ('tube T1', True)
    """


@dataclass(frozen=True, slots=True)
class Statement:
    """A result as reported about one person of a tube.

    Attributes
    ----------
    person_type, person : str or None
        The person; None where no person of the tube is known.
    collected_at : datetime or None
        The person's swab; None where unknown.
    position : int or None
        The person's place in the tube's queue, from 1; None where unknown.
    status : {"final", "corrected", "withdrawn"}
        Reported for the first time, reported again with other facts, or reported before and no longer valid.
    stated_at : datetime
        Since when this is so: the call's own time; of a correction the time of the result that brought it.
    revision : int
        How often this was reported with different facts, from 1.
    retired : tuple of str
        Targets whose Ct value was reported before and is no longer valid.

    Examples
    --------
    >>> import poolpipe
    >>> day = poolpipe.run("data/samples/town/events")
    >>> first = next(results(day.pools, day.members, day.readings))
    >>> first.statements[0].status, first.statements[0].revision
    ('final', 1)
    """

    person_type: str | None
    person: str | None
    collected_at: datetime | None
    position: int | None
    status: str
    stated_at: datetime
    revision: int
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TubeResult:
    """A tube's result, with a statement about each person of the tube.

    Attributes
    ----------
    round, tube : str
        Key of the tube; round is empty where there are no rounds.
    mode : str or None
        `pool` or `single`; None for a tube without registered people.
    people : int
        How many people the tube holds.
    call, called_at : str and datetime, or None
        The call and its time; None where the result was withdrawn from everybody.
    lab : str or None
        The lab that gave the call; None where unknown.
    collected_at : datetime or None
        First swab.
    cts : tuple of (str, str or None)
        Target and Ct value, in cycles as written by the machine; None is undetermined.
    reagent, instrument : str or None
        Kit and machine of the reading; None where the file names none.
    shared : bool
        Whether several tubes share the well, so that its Ct values are those of all of them.
    statements : tuple of Statement
        One per person, or a single one without person.

    Examples
    --------
    >>> import poolpipe
    >>> day = poolpipe.run("data/samples/town/events")
    >>> called = list(results(day.pools, day.members, day.readings))
    >>> len(called) == day.pools["call"].count()
    True
    >>> all(tube.call for tube in called)
    True
    """

    round: str
    tube: str
    mode: str | None
    people: int
    call: str | None
    called_at: datetime | None
    lab: str | None
    collected_at: datetime | None
    cts: tuple[tuple[str, str | None], ...]
    reagent: str | None
    instrument: str | None
    shared: bool
    statements: tuple[Statement, ...]

    @property
    def pooled(self) -> bool:
        """Whether the tube is a pool and not a single."""
        return self.mode == "pool"

    @property
    def mixture(self) -> str:
        """`10:1 mixed`, `single` or `not registered`; in both languages, as the report form has it."""
        if self.mode is None:
            return UNREGISTERED.both
        return f"{self.people}:1 {POOLED.both}" if self.pooled else SINGLE.both

    @property
    def members(self) -> tuple[Statement, ...]:
        """The people for whom the result is valid."""
        return tuple(s for s in self.statements if s.person is not None and s.status != "withdrawn")

    @property
    def withdrawn(self) -> bool:
        """Whether the result is withdrawn for all people."""
        return all(statement.status == "withdrawn" for statement in self.statements)

    @property
    def status(self) -> str:
        """Status of the tube's report as a whole: corrected as soon as one statement is."""
        if self.withdrawn:
            return "withdrawn"
        return "final" if all(s.status == "final" for s in self.statements) else "corrected"

    @property
    def stated_at(self) -> datetime:
        """Time of the report as a whole: the latest of its statements."""
        return max(statement.stated_at for statement in self.statements)


def results(pools: Frame, members: Frame, readings: Frame | None = None) -> Iterator[TubeResult]:
    """Yield results of the tubes that have a call, in the order of round and tube, as sent for the first time.

    Parameters
    ----------
    pools, members, readings : frame
        Tables of a run; see `statements.statements`.

    Yields
    ------
    TubeResult
        Tubes without a call have not been tested and are left out.

    Raises
    ------
    TableError
        A table lacks a column.

    Examples
    --------
    >>> import poolpipe
    >>> day = poolpipe.run("data/samples/town/events")
    >>> first = next(results(day.pools, day.members, day.readings))
    >>> first.tube == day.pools.drop_nulls("call")["tube"][0]
    True
    """
    return results_of([first_told(statements(pools, members, readings))])


def results_of(stretches: Iterable[pl.DataFrame]) -> Iterator[TubeResult]:
    """Yield results from frames of statements, each of whole tubes."""
    for stretch in stretches:
        rows = stretch.iter_rows(named=True)
        for _, of_tube in groupby(rows, lambda row: (row["round"], row["tube"])):
            yield _result(list(of_tube))


def _result(rows: Sequence[dict[str, Any]]) -> TubeResult:
    """One tube; its facts are those of the valid statements, if there are any."""
    stand = [row for row in rows if row["status"] != "withdrawn"] or rows
    facts = stand[0]
    collected = [row["collected_at"] for row in stand if row["collected_at"] is not None]
    return TubeResult(
        round=facts["round"],
        tube=facts["tube"],
        mode=facts["mode"],
        people=facts["people"],
        call=facts["call"],
        called_at=facts["called_at"],
        lab=facts["lab"],
        collected_at=min(collected, default=None),
        cts=tuple((each["target"], each["ct"]) for each in facts["cts"]),
        reagent=facts["reagent"],
        instrument=facts["instrument"],
        shared=facts["shared"],
        statements=tuple(_statement(row) for row in rows),
    )


def _statement(row: dict[str, Any]) -> Statement:
    return Statement(
        person_type=row["person_type"],
        person=row["person"],
        collected_at=row["collected_at"],
        position=row["position"],
        status=row["status"],
        stated_at=row["stated_at"],
        revision=row["revision"],
        retired=tuple(row["retired"]),
    )
