"""Join what partitions found: one set of dictionaries, numbered in the order of all texts, and every frame coded by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from poolpipe.cluster.partition import OWN_CODES
from poolpipe.coding.dictionaries import (
    DOMAINS,
    ENTITIES,
    WELL_PLACES,
    Dictionaries,
    Entities,
    people_renumbered,
)
from poolpipe.coding.distinct import distinct, distinct_of_all
from poolpipe.events.numbering import numbered
from poolpipe.stages.calls import Calls
from poolpipe.stages.custody import Custody
from poolpipe.stages.links import Links
from poolpipe.stages.readings import readings_in_order
from poolpipe.subject_stages import SubjectsFound
from poolpipe.tables import CALLS, KINDS, TIME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from poolpipe.cluster.partition import PartFound

__all__ = ["PartNumbers", "joined_codes", "joined_links", "joined_subjects", "unknown_voids"]

_LABS: Final = ("lab", "box_lab", "load_lab", "report_lab")
_SUSPECT: Final = CALLS.index("suspect")
_SLOTS: Final = ("slot", "by_slot")
_COLLECT: Final[dict[str, Any]] = {
    "at": TIME,
    "tube": pl.UInt32,
    "person": pl.Int64,
    "attributes_id": pl.UInt32,
    "later": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class PartNumbers:
    """The numbers among all that a partition's own numbers stand for.

    Attributes
    ----------
    texts : dict of (n,) int32
        By domain.
    entities : dict of (n,) int64
        Of tubes, boxes and plates.
    people : (n,) int64
        Keys of people with other documents.
    """

    texts: dict[str, NDArray[np.int32]]
    entities: dict[str, NDArray[np.int64]]
    people: NDArray[np.int64]

    def coded(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give every coded column of a frame these numbers."""
        columns = []
        for column in frame.iter_columns():
            name = column.name
            if name in ENTITIES:
                columns.append(_taken(column, self.entities[name]))
            elif name in _LABS or name in DOMAINS:
                columns.append(_taken(column, self.texts["lab" if name in _LABS else DOMAINS[name]]))
            elif name in _SLOTS:
                columns.append(self._slots(column))
            elif name == "person":
                columns.append(pl.Series(name, people_renumbered(column.to_numpy(), self.people)))
            elif name == "receipt":  # a row of the partition's own receipts, which are not asked of again
                columns.append(pl.Series(name, [None], pl.UInt32).new_from_index(0, len(column)))
            else:
                columns.append(column)
        return pl.DataFrame(columns)

    def _slots(self, column: pl.Series) -> pl.Series:
        plates = self.entities["plate"]
        if not len(plates):
            return column
        slots = column.fill_null(0).to_numpy()
        # a report's slot is none, and a well's is its plate's number and its place there
        moved = pl.Series(column.name, plates[slots // WELL_PLACES] * WELL_PLACES + slots % WELL_PLACES)
        return moved.zip_with(
            column.is_not_null(), pl.Series([None], dtype=pl.Int64).new_from_index(0, len(moved))
        )


def _taken(column: pl.Series, numbers: NDArray[Any]) -> pl.Series:
    return pl.Series(column.name, numbers, dtype=pl.UInt32).gather(column)


def joined_codes(parts: Sequence[PartFound]) -> tuple[Dictionaries, list[PartNumbers]]:
    """Number the texts of all partitions in order.

    Parameters
    ----------
    parts : sequence of PartFound

    Returns
    -------
    codes : Dictionaries
        Without attribute sets.
    numbers : list of PartNumbers
        For each partition.
    """
    texts: dict[str, pl.Series] = {}
    of_texts: list[dict[str, NDArray[np.int32]]] = [{} for _ in parts]
    for domain in sorted(set(DOMAINS.values())):
        given = [part.codes.texts[domain].alias("values") for part in parts]
        first = pl.Series("values", [""] if domain == "round" else [], pl.String)
        texts[domain], numbers = numbered([first, *given])
        ends = np.cumsum([len(first), *map(len, given)])
        for place, own in enumerate(of_texts):
            own[domain] = numbers[ends[place] : ends[place + 1]]
    entities: dict[str, Entities] = {}
    of_entities: list[dict[str, NDArray[np.int64]]] = [{} for _ in parts]
    for name in ENTITIES:
        width = max(1, len(texts[DOMAINS[name]]))
        pairs = []
        for part, own in zip(parts, of_texts, strict=True):
            known = part.codes.entities[name]
            pairs.append(
                own["round"][known.rounds].astype(np.int64) * width + own[DOMAINS[name]][known.texts]
            )
        every = distinct_of_all(*map(distinct, pairs)) if pairs else np.empty(0, np.int64)
        entities[name] = Entities((every // width).astype(np.uint32), (every % width).astype(np.uint32))
        for numbers_of, pair in zip(of_entities, pairs, strict=True):
            numbers_of[name] = np.searchsorted(every, pair)
    others, of_people = _others(parts)
    found = [PartNumbers(*each) for each in zip(of_texts, of_entities, of_people, strict=True)]
    return Dictionaries(texts, entities, others, pl.DataFrame()), found


def _others(parts: Sequence[PartFound]) -> tuple[pl.DataFrame, list[NDArray[np.int64]]]:
    """People with other documents in order, and the key of each partition's own."""
    schema = {"person_type": pl.String, "person": pl.String}
    given = [part.codes.others.select("person_type", "person") for part in parts]
    every = pl.concat([pl.DataFrame(schema=schema), *given]).unique().sort("person_type", "person")
    known = every.with_row_index("number")
    keys = []
    for own in given:
        numbers = own.join(known, on=["person_type", "person"], how="left", maintain_order="left")["number"]
        keys.append(-1 - numbers.cast(pl.Int64).to_numpy())
    return every, keys


def joined_links(parts: Sequence[PartFound], numbers: Sequence[PartNumbers]) -> Links:
    """Join people and tubes, tube by tube in their order; both are taken out of the parts."""
    tubes = _joined([each.coded(part.take("tubes")) for part, each in zip(parts, numbers, strict=True)])
    members = _joined([each.coded(part.take("members")) for part, each in zip(parts, numbers, strict=True)])
    order = tubes["tube"].arg_sort().to_numpy()
    counts = tubes["people"].to_numpy().astype(np.int64)
    begins = np.cumsum(counts) - counts
    counts, begins = counts[order], begins[order]
    offsets = np.append(0, np.cumsum(counts))
    rows = np.repeat(begins - offsets[:-1], counts) + np.arange(int(offsets[-1]))
    return Links(members[rows].rechunk(), tubes[order].rechunk(), offsets)


def unknown_voids(parts: Sequence[PartFound]) -> pl.DataFrame:
    """Voids that hit no event in any partition."""
    first = parts[0].unknown_voids
    for part in parts[1:]:
        first = first.join(
            part.unknown_voids.select("subject").unique(), on="subject", how="semi", maintain_order="left"
        )
    return first


def joined_subjects(
    parts: Sequence[PartFound], conflicts: pl.DataFrame, which: str,
    joined: tuple[Dictionaries, list[PartNumbers]], links: Links, several: Future[pl.DataFrame],
) -> SubjectsFound:  # fmt: skip
    """Join what follows from each tube, box and plate.

    Parameters
    ----------
    parts : sequence of PartFound
    conflicts : DataFrame
        As `Standing.conflicts`.
    which : str
        Which readings were kept.
    joined, links
        As `joined_codes` and `joined_links` give them.
    several : Future of DataFrame
        As `people_in_several_tubes`.
    """
    codes, numbers = joined

    def every(name: str) -> pl.DataFrame:
        return _joined([each.coded(part.take(name)) for part, each in zip(parts, numbers, strict=True)])

    sets, recalls, before = [], [], 0
    for part, each in zip(parts, numbers, strict=True):
        if part.recalls.height:
            sets.append(each.coded(part.codes.attribute_sets))
            recalls.append(each.coded(part.recalls).with_columns(pl.col("attributes_id") + before))
            before += part.recalls.height
    codes = Dictionaries(codes.texts, codes.entities, codes.others, _joined(sets) if sets else pl.DataFrame())
    frames = {kind: pl.DataFrame(schema={"at": TIME}) for kind in KINDS if kind not in ("read", "void")}
    frames["load"] = every("loads")
    frames["collect"] = pl.concat([pl.DataFrame(schema=_COLLECT), *recalls], how="diagonal_relaxed")
    pools = every("pools").sort("tube").rechunk()
    positive = bool((pools["call"] >= _SUSPECT).any())
    assays = every("assays")
    calls = Calls(pl.DataFrame(), every("wells").sort("slot"), every("plates").sort("plate"))
    return SubjectsFound(
        codes, frames, (unknown_voids(parts), conflicts), links, Custody(pl.DataFrame(), pl.DataFrame()), calls, pools,
        readings_in_order(every("readings")), which, assays if positive else assays.clear(), several,
        pl.concat([part.anomalies for part in parts]), OWN_CODES,
    )  # fmt: skip


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Join frames; columns that some of them lack are null there."""
    return pl.concat(frames, how="diagonal_relaxed").rechunk()
