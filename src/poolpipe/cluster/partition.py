"""Conclude a partition: number its own texts, and run the pipeline's stages on all events of its tubes, boxes and plates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.cluster.event_blobs import joined, valid_events
from poolpipe.cluster.routing import hashed_entities, part_of
from poolpipe.coding.dictionaries import WELL_PLACES, Dictionaries
from poolpipe.coding.tie_breaks import NOBODY, keys_of
from poolpipe.events.assemble import assemble
from poolpipe.events.staging import Staging
from poolpipe.stages.anomalies.boxes import of_boxes
from poolpipe.stages.anomalies.rescans import of_rescans
from poolpipe.stages.anomalies.rows import NOTHING, Seen, rows
from poolpipe.stages.anomalies.tubes import of_several_boxes
from poolpipe.stages.calls import call, with_collected_controls
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.false_alarms import plate_assays
from poolpipe.stages.links import link
from poolpipe.stages.pools import gather_pools
from poolpipe.stages.readings import kept_readings
from poolpipe.stages.viewpoint import TimesSeen
from poolpipe.stages.voids import events_with_ids, standing_events
from poolpipe.tables import CALLS, TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from poolpipe.cluster.routing import Routes
    from poolpipe.cluster.scanning import TravellingRow
    from poolpipe.events.assemble import Piece
    from poolpipe.policy import Policy
    from poolpipe.stages.readings import Which

__all__ = ["OWN_CODES", "PartFound", "PartTask", "conclude_part"]

OWN_CODES: Final = (
    "rescanned", "tube_in_two_boxes", "empty_box", "box_received_twice", "box_count_mismatch",
)  # fmt: skip
"""Anomalies that are found where all scans of their tube or box are."""

_OF_TUBES: Final = ("collect", "seal", "pack", "report")
_NEGATIVE: Final = CALLS.index("negative")
_POSITIVE: Final = pl.DataFrame({"call": [CALLS.index("positive")]})
_NO_ROWS: Final = pl.DataFrame()


@dataclass(frozen=True, slots=True)
class PartTask:
    """How partitions are concluded.

    Attributes
    ----------
    parts : int
        How many there are.
    files : int
        How many files were read.
    policy : Policy
    moment : datetime or None
        Later events do not count.
    readings : {"all", "not-negative"}
    wells : {96, 384}
        Wells of the plates by which the events were read.
    is_distinct : bool
        As in `assemble`.
    """

    parts: int
    files: int
    policy: Policy
    moment: datetime | None
    readings: Which
    wells: int
    is_distinct: bool


@dataclass(slots=True)
class PartFound:
    """What follows from a partition's tubes, boxes and plates, coded by its own dictionaries.

    Attributes
    ----------
    part : int
    codes : Dictionaries
        Its attribute sets are those of `recalls`.
    pools, tubes, members : DataFrame
        Its tubes, as `gather_pools` and `Links` have them.
    loads, recalls : DataFrame
        Load events, and collects that name a recall, with `attributes_id`.
    readings, assays, wells, plates : DataFrame
        As `kept_readings`, `plate_assays` and `Calls`.
    anomalies : DataFrame
        Of `OWN_CODES`.
    ids : DataFrame
        Events with an id: event_id, at, round (text).
    unknown_voids : DataFrame
        As `Standing`; a void that hits an event of another partition is among them.
    repeated : list of (int, int)
        Number of a file and of its duplicates.
    times : TimesSeen or None
        Of its accepted events.
    reads : int
        How many read events count.
    received : int
        Bytes that were sent to it.
    """

    part: int
    codes: Dictionaries
    pools: pl.DataFrame
    tubes: pl.DataFrame
    members: pl.DataFrame
    loads: pl.DataFrame
    recalls: pl.DataFrame
    readings: pl.DataFrame
    assays: pl.DataFrame
    wells: pl.DataFrame
    plates: pl.DataFrame
    anomalies: pl.DataFrame
    ids: pl.DataFrame
    unknown_voids: pl.DataFrame
    repeated: list[tuple[int, int]]
    times: TimesSeen | None
    reads: int
    received: int

    def take(self, name: str) -> pl.DataFrame:
        """Give a frame away: it is not held here while it is joined with those of other partitions."""
        frame: pl.DataFrame = getattr(self, name)
        setattr(self, name, frame.clear())
        return frame

    def without_ids(self) -> tuple[pl.DataFrame, PartFound]:
        """The events with an id, and all else."""
        return self.ids, replace(self, ids=self.ids.clear())


def conclude_part(part: int, travelled: Iterable[TravellingRow], task: PartTask, routes: Routes) -> PartFound:
    """Conclude a partition.

    Parameters
    ----------
    part : int
        Its number.
    travelled : iterable of TravellingRow
        Everything that was sent to it, in any order.
    task : PartTask
    routes : Routes

    Returns
    -------
    PartFound
    """
    policy = task.policy
    pieces, staging, received = _pieces(travelled, task)
    frames, codes, repeated = assemble(pieces, staging, is_distinct=task.is_distinct)
    home = _Home.of(part, routes, codes)
    times = None if task.moment is None else TimesSeen.of(home.own_events(frames), task.moment)
    standing = standing_events(frames, codes, task.moment)
    counted = {**with_collected_controls(standing.frames)}
    links = link(counted["collect"], codes, policy)
    custody, calls = keep_custody(counted, codes), call(counted, codes, policy)
    pools = gather_pools(links, custody, calls)
    nothing = [pl.DataFrame()] * 5  # what recalls, clocks and ids tell is not asked for here
    seen = Seen(counted, codes, pools, links.members, custody, calls, *nothing, policy.codes.plate_wells)  # type: ignore[arg-type, call-arg]
    own_pools, own_events = home.own_tubes(pools), home.own_events(counted)
    readings, _ = kept_readings(counted["read"], calls, task.readings)
    voids = home.own_events({"void": _up_to(frames["void"], task.moment)})
    ids = events_with_ids({**own_events, **voids}, codes)
    sets, recalls = _naming_recalls(own_events["collect"], codes)
    return PartFound(
        part,
        replace(codes, attribute_sets=sets),
        own_pools,
        home.own_tubes(links.tubes),
        home.own_tubes(links.members),
        own_events["load"],
        recalls,
        _deciding(readings, own_pools, task.readings),
        home.own_plates(plate_assays(counted["read"], _POSITIVE)),
        home.own_plates(calls.wells.with_columns((pl.col("slot") // WELL_PLACES).alias("plate"))).drop(
            "plate"
        ),
        home.own_plates(calls.plates),
        home.own_anomalies([*of_rescans(seen), *of_several_boxes(seen), *of_boxes(seen)]),
        ids.with_columns(codes.text("round", ids["round"])),
        standing.unknown_voids,
        [(file, count) for file, count in repeated if file < task.files],
        times,
        own_events["read"].height,
        received,
    )


def _pieces(travelled: Iterable[TravellingRow], task: PartTask) -> tuple[list[Piece], Staging, int]:
    """The events as the pipeline reads them, and how many bytes came."""
    blobs: dict[tuple[str, bool], list[tuple[int, bytes | pa.Buffer]]] = {}
    for row in travelled:
        blobs.setdefault((row.what, row.owned), []).append((row.place, row.blob))
    pieces: list[Piece] = []
    staging = Staging()
    for (kind, owned), parts in sorted(blobs.items(), key=lambda each: each[0]):
        for table in joined([blob for _, blob in sorted(parts, key=lambda each: each[0])]):
            # what is counted in another partition is of a file that is none
            events = valid_events(kind, table, task.wells, None if owned else task.files)
            pieces.append((events, task.files))
            if kind == "collect":
                staging.put(events)
    staging.close()
    received = sum(len(blob) for parts in blobs.values() for _, blob in parts)
    return pieces, staging, received


def _up_to(frame: pl.DataFrame, moment: datetime | None) -> pl.DataFrame:
    return frame if moment is None else frame.filter(pl.col("at") <= pl.lit(moment, TIME))


def _naming_recalls(collects: pl.DataFrame, codes: Dictionaries) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Collects that name a recall, each with an attribute set of its own; these sets first."""
    if collects.is_empty():
        return _NO_ROWS, collects
    naming = codes.having_attribute("recall_of", collects)
    if naming.is_empty():
        return _NO_ROWS, naming
    sets = codes.attribute_sets[naming["attributes_id"]]
    return sets, naming.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("attributes_id"))


def _deciding(readings: pl.DataFrame, pools: pl.DataFrame, which: Which) -> pl.DataFrame:
    """The read-outs that calls of some tubes rest on: those of others may be incomplete here."""
    decides = pl.col("by_slot").is_not_null()
    if which == "not-negative":
        decides &= pl.col("call") != _NEGATIVE
    slots = pools.filter(decides)["by_slot"]
    slot = pl.col("plate").cast(pl.Int64) * WELL_PLACES + pl.col("well")
    return readings.filter(slot.is_in(slots.implode()))


@dataclass(frozen=True, slots=True)
class _Home:
    """What is at home in a partition.

    Attributes
    ----------
    tubes, boxes, plates : (n,) bool
        Which of the dictionaries' are.
    names : DataFrame
        Their names: subject_kind, round, subject.
    is_first : bool
        Whether voids are counted here.
    """

    tubes: NDArray[np.bool_]
    boxes: NDArray[np.bool_]
    plates: NDArray[np.bool_]
    names: pl.DataFrame
    is_first: bool

    @classmethod
    def of(cls, part: int, routes: Routes, codes: Dictionaries) -> _Home:
        masks, names = {}, []
        for name in ("tube", "box", "plate"):
            numbers = pl.int_range(len(codes.entities[name]), dtype=pl.UInt32, eager=True)
            rounds, texts = codes.entity(name, numbers)
            keys = hashed_entities(rounds, texts)
            homes = (
                routes.home_of(pl.Series(keys)).to_numpy() if name == "tube" else part_of(keys, routes.parts)
            )
            masks[name] = homes == part
            own = pl.DataFrame([rounds.alias("round"), texts.alias("subject")]).filter(pl.Series(masks[name]))
            names.append(own.with_columns(pl.lit(name).alias("subject_kind")))
        return cls(masks["tube"], masks["box"], masks["plate"], pl.concat(names), part == 0)

    def own_events(self, frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """The events that are counted here."""
        return {kind: self._own(kind, frame) for kind, frame in frames.items()}

    def _own(self, kind: str, frame: pl.DataFrame) -> pl.DataFrame:
        if frame.is_empty():
            return frame
        if kind == "void":
            return frame if self.is_first else frame.clear()
        if kind in _OF_TUBES:
            return self.own_tubes(frame)
        if kind in ("pickup", "receive"):
            return frame.filter(pl.Series(self.boxes[frame["box"].to_numpy()]))
        if kind == "read" or "tube" not in frame.columns:
            return self.own_plates(frame)
        tube, plate = keys_of(frame, "tube"), frame["plate"].to_numpy()
        of_tube = np.append(self.tubes, False)[np.minimum(tube, len(self.tubes))]
        return frame.filter(pl.Series(np.where(tube == NOBODY, self.plates[plate], of_tube)))

    def own_tubes(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of tubes that are at home here."""
        return frame.filter(pl.Series(self.tubes[frame["tube"].to_numpy()], dtype=pl.Boolean))

    def own_plates(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of plates that are at home here."""
        return frame.filter(pl.Series(self.plates[frame["plate"].to_numpy()], dtype=pl.Boolean))

    def own_anomalies(self, parts: list[pl.DataFrame]) -> pl.DataFrame:
        """Anomalies of tubes and boxes that are at home here."""
        every = pl.concat([rows("rescanned", NOTHING), *parts])
        return every.join(
            self.names, on=["subject_kind", "round", "subject"], how="semi", maintain_order="left"
        )
