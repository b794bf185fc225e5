"""Single stages as functions on frames with the columns of docs/tables.md.

The pipeline works on integers; these functions take and return texts, and return events that cannot be read as rejects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from poolpipe.coding.dictionaries import well_names
from poolpipe.events import read_events
from poolpipe.events.batches import column_names
from poolpipe.events.frames import frames_by_source
from poolpipe.pipeline import run
from poolpipe.policy import load_policy
from poolpipe.results.members import queue_positions
from poolpipe.stages.calls import call
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.links import link
from poolpipe.stages.voids import standing_events
from poolpipe.tables import CALLS, EVENTS, require

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.coding.frames import Frame
    from poolpipe.events.frames import Frames
    from poolpipe.policy import Policy, Rules

__all__ = ["StageResult", "anomalies", "calls", "custody", "ledger", "links", "recalls"]

_MUST = {kind: ("at", *each.must) for kind, each in EVENTS.items()}
_MUST["read"] += ("ct",)
"""Columns that a stage requires. `run` reads a missing ct as undetermined, because a machine's file may leave it out; a
frame without Ct values given to `calls` is taken for a mistake, because it would make tubes negative."""


class StageResult(NamedTuple):
    """The result of a stage: ``members, rejects = poolpipe.links(collects)``.

    Attributes
    ----------
    table : polars.DataFrame
        The table that the stage concludes.
    rejects : polars.DataFrame
        Events that cannot be read, as the table `rejects`: file (name of the frame), line (row from 1),
        kind, code, detail, raw. Every other row is an event that counts, or a duplicate of one.

    Examples
    --------
    >>> import poolpipe
    >>> collects = pl.DataFrame({"at": ["yesterday"], "tube": ["T1"], "person": ["1"]})
    >>> members, rejects = poolpipe.links(collects)
    >>> members.height, rejects.height
    (0, 1)
    """

    table: pl.DataFrame
    rejects: pl.DataFrame


def links(
    collects: Frame | list[Frame] | Mapping[str, Frame | list[Frame]], *, policy: Rules = None
) -> StageResult:
    """Link people to tubes.

    Parameters
    ----------
    collects : frame, list of frames, or mapping of str to these
        Collect events of polars, pandas, pyarrow or DuckDB with at, tube, person, and any other columns of a collect; or
        a mapping with them under `collect`, as the other stage functions take it; void withdraws one of them.
    policy : Policy, str, Path or mapping, optional

    Returns
    -------
    StageResult
        table: round, tube, person_type, person, collected_at, position, one row per person of a tube, in queue
        order; and the rejects.

    Raises
    ------
    TableError
        If it is no frame, or a column that every collect must have is missing.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> at = ["2022-02-10T08:00:00+08:00", "2022-02-10T08:01:00+08:00", "yesterday"]
    >>> collects = pl.DataFrame({"at": at, "tube": "T1", "person_type": "PASSPORT", "person": ["E2", "E1", "E3"]})
    >>> members, rejects = poolpipe.links(collects)
    >>> members.select("tube", "person", "position").rows()
    [('T1', 'E2', 1), ('T1', 'E1', 2)]
    >>> rejects.select("line", "code").rows()
    [(3, 'bad_time')]
    """
    read = _read(collects if isinstance(collects, Mapping) else {"collect": collects}, policy)
    codes, members = read.codes, link(read.frames["collect"], read.codes, read.policy).members
    table = (
        _tubes(codes, members)
        .hstack(list(codes.person(members["person"])))
        .hstack([members["collected_at"], queue_positions(members["tube"])])
    )
    return StageResult(table, read.rejects)


def custody(events: Frames, *, policy: Rules = None) -> StageResult:
    """Follow tubes through boxes and labs to their wells.

    Parameters
    ----------
    events : mapping of str to frame, or frame with a column kind
        Any of seal, pack, pickup, receive and load; void withdraws one of them.
    policy : Policy, str, Path or mapping, optional

    Returns
    -------
    StageResult
        table: round, tube, swabs, box, packed_at, picked_up_at, received_at, lab, plate, well, loaded_at, one row
        per tube that was sealed, packed or loaded; and the rejects.

    Raises
    ------
    InputError
        If a key of the mapping is no kind of event.
    TableError
        If something is no frame, or a column that every event of its kind must have is missing.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> packs = pl.DataFrame({"at": ["2022-02-10T09:00:00+08:00"], "tube": ["T1"], "box": ["B1"]})
    >>> poolpipe.custody({"pack": packs}).table.select("tube", "box", "received_at").rows()
    [('T1', 'B1', None)]
    """
    read = _read(events, policy)
    codes, tubes = read.codes, _known(keep_custody(read.frames, read.codes).tubes)
    lab = tubes.select(pl.coalesce("load_lab", "box_lab")).to_series()
    table = _tubes(codes, tubes).with_columns(
        tubes["swabs"],
        codes.entity("box", tubes["box"])[1],
        *tubes.select("packed_at", "picked_up_at", "received_at").get_columns(),
        codes.text("lab", lab),
        codes.entity("plate", tubes["plate"])[1],
        well_names(tubes["well"], read.policy.codes.plate_wells),
        tubes["loaded_at"],
    )
    return StageResult(table, read.rejects)


def calls(events: Frames, *, policy: Rules = None) -> StageResult:
    """Interpret read-outs and reports.

    Parameters
    ----------
    events : mapping of str to frame, or frame with a column kind
        Any of load, read and report; void withdraws one of them. Undetermined is a null in the column ct.
    policy : Policy, str, Path or mapping, optional

    Returns
    -------
    StageResult
        table: round, tube, call, called_at, one row per tube that was loaded or reported, no call is null; and the
        rejects.

    Raises
    ------
    InputError
        If a key of the mapping is no kind of event.
    TableError
        If something is no frame, or a column that every event of its kind must have is missing: of read-outs
        also ct.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> reports = pl.DataFrame({"at": ["2022-02-10T15:00:00+08:00"], "tube": ["T1"], "call": ["阴性"]})
    >>> poolpipe.calls({"report": reports}).table.select("tube", "call").rows()
    [('T1', 'negative')]
    >>> poolpipe.calls({"report": reports.rename({"call": "cal"})})
    Traceback (most recent call last):
    poolpipe.errors.TableError: report: column call is missing; there is at, tube, cal ... did you mean 'cal'? ...
    """
    read = _read(events, policy)
    tubes = _known(call(read.frames, read.codes, read.policy).tubes)
    words = pl.Series("call", CALLS).gather(tubes["call"])
    return StageResult(_tubes(read.codes, tubes).with_columns(words, tubes["called_at"]), read.rejects)


def recalls(events: Frames, *, policy: Rules = None, as_of: datetime | str | None = None) -> StageResult:
    """List whom to re-collect, most urgent first: the table `recalls` (docs/tables.md).

    Parameters
    ----------
    events : mapping of str to frame, or frame with a column kind
        Every kind there is: a recall rests on collects and on calls.
    policy : Policy, str, Path or mapping, optional
        As in `run`.
    as_of : datetime or str, optional
        As in `run`.

    Returns
    -------
    StageResult
        table: the table `recalls`, one row per person and tube; and the rejects.

    Raises
    ------
    InputError, TableError
        As `calls`.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> events = pl.DataFrame({
    ...     "kind": ["collect", "report"], "at": ["2022-02-10T08:00:00+08:00", "2022-02-10T15:00:00+08:00"],
    ...     "tube": "T1", "person_type": ["PASSPORT", None], "person": ["E1", None], "call": [None, "positive"],
    ... })
    >>> poolpipe.recalls(events).table.select("tube", "person", "status").rows()
    [('T1', 'E1', 'open')]
    """
    return _concluded("recalls", events, policy, as_of)


def ledger(events: Frames, *, policy: Rules = None, as_of: datetime | str | None = None) -> StageResult:
    """Count how many tubes of each round, site and box reached each step: the table `ledger` (docs/tables.md).

    Parameters
    ----------
    events : mapping of str to frame, or frame with a column kind
        Every kind there is.
    policy : Policy, str, Path or mapping, optional
        As in `run`.
    as_of : datetime or str, optional
        As in `run`.

    Returns
    -------
    StageResult
        table: the table `ledger` with columns as in docs/tables.md; and the rejects.

    Raises
    ------
    InputError, TableError
        As `calls`.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> collects = {"at": ["2022-02-10T08:00:00+08:00"], "tube": ["T1"], "person_type": ["PASSPORT"], "person": ["E1"]}
    >>> poolpipe.ledger({"collect": pl.DataFrame(collects)}).table.select("collected", "packed").rows()
    [(1, 0)]
    """
    return _concluded("ledger", events, policy, as_of)


def anomalies(events: Frames, *, policy: Rules = None, as_of: datetime | str | None = None) -> StageResult:
    """Find everything that is wrong in the events: the table `anomalies` (docs/tables.md).

    Parameters
    ----------
    events : mapping of str to frame, or frame with a column kind
        Every kind there is.
    policy : Policy, str, Path or mapping, optional
        As in `run`.
    as_of : datetime or str, optional
        As in `run`.

    Returns
    -------
    StageResult
        table: the table `anomalies`, one row per code and subject; and the rejects.

    Raises
    ------
    InputError, TableError
        As `calls`.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> receipts = {"at": ["2022-02-10T10:00:00+08:00"], "box": ["B1"], "giver": ["a"], "receiver": ["b"], "lab": ["L"]}
    >>> poolpipe.anomalies({"receive": pl.DataFrame(receipts)}).table.select("code", "subject").rows()
    [('empty_box', 'B1')]
    """
    return _concluded("anomalies", events, policy, as_of)


class _Read(NamedTuple):
    """Events that count, as coded frames, with dictionaries, policy and rejects."""

    frames: Mapping[str, pl.DataFrame]
    codes: Dictionaries
    policy: Policy
    rejects: pl.DataFrame


def _read(events: Any, policy: Rules) -> _Read:
    rules = load_policy(policy)
    read = read_events(_checked(events), rules)
    return _Read(standing_events(read.frames, read.codes, None).frames, read.codes, rules, read.rejects)


def _concluded(table: str, events: Any, policy: Rules, as_of: datetime | str | None) -> StageResult:
    day = run(_checked(events), policy=policy, as_of=as_of, progress=False)
    return StageResult(day.table(table), day.rejects)


def _checked(events: Any) -> dict[str, list[pl.DataFrame]]:
    """Take frames of any library, by kind; refuse those without a column that every event of their kind has.

    Raises
    ------
    InputError, TableError
        As `events.frames.frames_by_source`; also TableError where a column is missing.
    """
    found: dict[str, list[pl.DataFrame]] = {}
    for name, (kind, frame) in frames_by_source(events).items():
        known = column_names(frame.columns)[0]
        named = [known.get(place, column) for place, column in enumerate(frame.columns)]
        require(named, _MUST[kind] if kind else ("kind", "at"), table=name)
        found.setdefault(kind or "events", []).append(frame)
    return found


def _tubes(codes: Dictionaries, frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(list(codes.entity("tube", frame["tube"])))


def _known(tubes: pl.DataFrame) -> pl.DataFrame:
    return tubes.with_row_index("tube").filter("known")
