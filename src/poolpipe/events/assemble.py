"""Number the texts of all batches, drop duplicate events, and make one integer frame per kind of event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS, ENTITIES, Dictionaries, Entities
from poolpipe.coding.distinct import distinct, distinct_of_all
from poolpipe.coding.hash_groups import rows_seen_before
from poolpipe.coding.scans import sort_by_tube
from poolpipe.coding.work_threads import threads_for
from poolpipe.events.attribute_sets import OWN
from poolpipe.events.columns import EncodedColumn
from poolpipe.events.numbering import numbered
from poolpipe.events.valid_events import WORDS
from poolpipe.tables import EVENTS, KINDS, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.staging import Staging
    from poolpipe.events.valid_events import ValidEvents

__all__ = ["Piece", "assemble"]

Piece = tuple["ValidEvents", int]
"""Events of one kind out of one batch, and the index of their file; `ValidEvents.files` where they are of several."""

Placed = tuple[int, "ValidEvents", int]
"""A piece behind its index among all pieces."""

Counts = list[tuple[int, int]]
"""Index of a file and how many duplicates were in it."""

_LOOKUP = 1 << 26
_THREADS = 2


def assemble(
    pieces: Sequence[Piece], staging: Staging, *, is_distinct: bool = False
) -> tuple[dict[str, pl.DataFrame], Dictionaries, list[tuple[int, int]]]:
    """Number every text, join the pieces of each kind and remove duplicates.

    Parameters
    ----------
    pieces : sequence of (ValidEvents, file)
        Events of each batch and kind, with the index of their file.
    staging : Staging
        Closed; owns the scans of the pieces' collects, and is empty afterwards.
    is_distinct : bool
        Whether no event is there twice: then duplicates are not looked for, except among collects.

    Returns
    -------
    frames : dict of DataFrame
        One coded frame per kind without duplicates, in the order of the pieces; collects as `scans.Scans`.
    codes : Dictionaries
    duplicates : list of (file, count)
    """
    placed = {
        kind: [(place, *piece) for place, piece in enumerate(pieces) if piece[0].kind == kind]
        for kind in KINDS
    }
    texts = {domain: _Texts(pieces, domain) for domain in sorted(set(DOMAINS.values()))}
    people = _People(pieces)
    with threads_for(sum(len(events.at) for events, _ in pieces), _THREADS) as pool:
        # There are many tubes: while they are numbered, kinds that name no tube are joined.
        tubes = pool.submit(texts["tube"].number)
        for domain in texts.keys() - {"tube"}:
            texts[domain].number()
        entities = {name: _Pairs(pieces, name, texts) for name in ENTITIES if name != "tube"}
        numbers = _Numbers(texts, entities, people)
        made = {
            kind: _framed(kind, placed[kind], numbers, is_distinct=is_distinct)
            for kind in KINDS
            if not _names_tubes(kind)
        }
        tubes.result()
        entities["tube"] = _Pairs(pieces, "tube", texts)
        attribute_sets, same = _sayings(placed["collect"], numbers)
        codes = Dictionaries(
            {domain: numbered.texts for domain, numbered in texts.items()},
            {name: pairs.entities for name, pairs in entities.items()},
            people.others,
            attribute_sets,
        )
        laying = pool.submit(_collected, placed["collect"], staging, numbers, same, codes)
        others = [kind for kind in KINDS if kind not in made and kind != "collect"]
        made |= {kind: _framed(kind, placed[kind], numbers, is_distinct=is_distinct) for kind in others}
        made["collect"] = laying.result()
    frames = {kind: made[kind][0] for kind in KINDS}
    return frames, codes, [count for _, repeats in made.values() for count in repeats]


def _names_tubes(kind: str) -> bool:
    return bool({"tube", "recall_of"} & set(EVENTS[kind].columns))


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The dictionaries while they are made: numbers of every text, tube, box, plate and person."""

    texts: Mapping[str, _Texts]
    entities: Mapping[str, _Pairs]
    people: _People

    def rows(self, place: int, name: str, piece: ValidEvents) -> NDArray[np.int32]:
        """Number of each row of a coded column of a piece, (n,) int; -1 for null."""
        by = self.entities[name] if name in self.entities else self.texts[DOMAINS[name]]
        return by.rows(place, name, piece)

    def number_scans(self, place: int, piece: ValidEvents, said_before: int) -> None:
        """Number a piece's collects in place, and release the piece's references to them."""
        if piece.person is None or piece.attributes_id is None:
            raise TypeError("a collect without person or saying was never understood")
        piece.codes["tube"].rows[:] = self.rows(place, "tube", piece)
        piece.person.keys[:] = self.people.rows(place, piece)
        piece.attributes_id += np.int32(said_before)
        piece.codes.clear()
        piece.at, piece.person, piece.attributes_id = np.empty(0, np.int64), None, None


class _Texts:
    """The distinct texts of one domain, sorted, and for every piece the number of each of its values."""

    def __init__(self, pieces: Sequence[Piece], domain: str) -> None:
        parts = [pl.Series("values", [""] if domain == "round" else [], pl.String)]  # no round counts as one
        self.begins: dict[tuple[int, str], int] = {}
        height = len(parts[0])
        for place, (piece, _) in enumerate(pieces):
            for name, column in piece.codes.items():
                if DOMAINS.get(name) == domain:
                    self.begins[place, name] = height
                    parts.append(column.values.alias("values"))
                    height += len(column.values)
        self._parts = parts

    def number(self) -> None:
        """Number the texts; `of` may be called only afterwards."""
        self.texts, self._numbers = numbered(self._parts)
        del self._parts

    def rows(self, place: int, name: str, piece: ValidEvents) -> NDArray[np.int32]:
        """Number of each row's text in a column; -1 for null."""
        if (place, name) not in self.begins:
            return np.full(len(piece.at), -1, np.int32)
        column = piece.codes[name]
        begin = self.begins[place, name]
        return column.spread(self._numbers[begin : begin + len(column.values)], -1).astype(np.int32)


class _Pairs:
    """Tubes, boxes or plates: the distinct pairs of round and code, numbered in sorted order."""

    def __init__(self, pieces: Sequence[Piece], name: str, texts: dict[str, _Texts]) -> None:
        self._rounds, self._codes = texts["round"], texts[name]
        self._name = name
        self._width = max(1, len(self._codes.texts))
        self._one_round = len(self._rounds.texts) == 1
        size = self._width * len(self._rounds.texts)
        self._find: Callable[[NDArray[np.int64]], NDArray[np.integer]]
        if self._one_round:
            pairs = np.arange(len(self._codes.texts))
            self._find = np.asarray
        else:
            present = [
                self._pairs(place, piece) for place, (piece, _) in enumerate(pieces) if name in piece.codes
            ]
            pairs = _distinct([pair[pair >= 0] for pair in present], size)
            self._find = _finder(pairs, size)
        self.entities = Entities(
            (pairs // self._width).astype(np.uint32), (pairs % self._width).astype(np.uint32)
        )

    def rows(self, place: int, name: str, piece: ValidEvents) -> NDArray[np.int32]:
        """Number of each row's tube, box or plate; -1 for null."""
        if self._one_round:
            return self._codes.rows(place, name, piece)
        pairs = self._pairs(place, piece)
        return np.where(pairs < 0, -1, self._find(np.maximum(pairs, 0))).astype(np.int32)

    def _pairs(self, place: int, piece: ValidEvents) -> NDArray[np.int64]:
        code = self._codes.rows(place, self._name, piece).astype(np.int64)
        rounds = np.maximum(self._rounds.rows(place, "round", piece), 0)  # no round is the text ""
        return np.where(code < 0, -1, rounds * self._width + code)


def _distinct(parts: list[NDArray[np.int64]], size: int) -> NDArray[np.int64]:
    if size <= _LOOKUP:
        seen = np.zeros(size, np.bool_)
        for part in parts:
            seen[part] = True
        return np.flatnonzero(seen)
    return distinct_of_all(*map(distinct, parts))


def _finder(pairs: NDArray[np.int64], size: int) -> Callable[[NDArray[np.int64]], NDArray[np.integer]]:
    if size <= _LOOKUP:
        lookup = np.zeros(size, np.int32)
        lookup[pairs] = np.arange(len(pairs), dtype=np.int32)
        return lambda wanted: lookup[wanted]
    return lambda wanted: np.searchsorted(pairs, wanted)


class _People:
    """People with other documents than a well-formed resident ID, numbered once over all pieces."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        schema = {"person_type": pl.String, "person": pl.String}
        parts = [pl.DataFrame(schema=schema)]
        self._begins: dict[int, int] = {}
        height = 0
        for place, (piece, _) in enumerate(pieces):
            if piece.person is not None:
                self._begins[place] = height
                parts.append(piece.person.others)
                height += piece.person.others.height
        given = pl.concat(parts)
        self.others, self._numbers = given, np.empty(0, np.int64)
        if given.is_empty():
            return
        self.others = given.filter(pl.col("person").is_not_null()).unique().sort("person_type", "person")
        known = self.others.with_row_index("number")
        numbers = given.join(known, on=["person_type", "person"], how="left", maintain_order="left")
        self._numbers = -1 - numbers["number"].cast(pl.Int64).fill_null(0).to_numpy()

    def rows(self, place: int, piece: ValidEvents) -> NDArray[np.int64]:
        """Key of each row's person, (n,) int64."""
        if piece.person is None:
            return np.zeros(len(piece.at), np.int64)
        keys = piece.person.keys
        other = np.flatnonzero(keys < 0)
        if len(other):
            keys = keys.copy()
            keys[other] = self._numbers[self._begins[place] + (-1 - keys[other])]
        return keys


def _sayings(pieces: list[Placed], numbers: _Numbers) -> tuple[pl.DataFrame, NDArray[np.uint32]]:
    """The distinct attribute sets of collects, and the number of each piece's sets, piece after piece."""
    if not pieces:
        return pl.DataFrame(), np.empty(0, np.uint32)
    told = pl.DataFrame(
        _columns(pieces, [piece.attribute_sets for _, piece, _ in pieces], numbers, leave=OWN)
    )
    repeated, firsts = _repeats(told)
    own = np.ones(told.height, np.bool_)
    own[repeated] = False
    same: NDArray[np.uint32] = np.cumsum(own, dtype=np.uint32) - np.uint32(1)
    same[repeated] = same[firsts]
    return told.filter(own) if len(repeated) else told, same


def _collected(
    pieces: list[Placed],
    staging: Staging,
    numbers: _Numbers,
    same: NDArray[np.uint32],
    codes: Dictionaries,
) -> tuple[pl.DataFrame, Counts]:
    """Collects sorted by tube: numbered in place in the staging area, then sorted column by column."""
    begins = np.cumsum([0, *(piece.attribute_sets for _, piece, _ in pieces)])
    for (place, piece, _), before in zip(pieces, begins, strict=False):
        numbers.number_scans(place, piece, before)
    laid, repeated = sort_by_tube(staging.release, len(codes.entities["tube"]), same, codes.person_bounds())
    return laid.frame(), _per_file(repeated, pieces, np.diff(begins).tolist())


def _framed(
    kind: str, pieces: list[Placed], numbers: _Numbers, *, is_distinct: bool
) -> tuple[pl.DataFrame, Counts]:
    """One kind's pieces as one frame, in the order of the pieces, without duplicates."""
    if not pieces:
        return pl.DataFrame(schema={"at": TIME}), []
    lengths = [len(piece.at) for _, piece, _ in pieces]
    columns = {"at": _joined([piece.at for _, piece, _ in pieces]).cast(TIME)}
    # A tube, box or plate contains its round: the column `round` is dropped.
    columns |= _columns(pieces, lengths, numbers, leave=() if kind == "void" else ("round",))
    if kind == "void" and "round" not in columns:
        columns["round"] = pl.Series([0], dtype=pl.UInt32).new_from_index(0, sum(lengths))
    frame = pl.DataFrame(columns)
    if is_distinct:
        return frame, []
    repeated, _ = _repeats(frame)
    if not len(repeated):
        return frame, []
    first = np.ones(frame.height, np.bool_)
    first[repeated] = False
    return frame.filter(first), _per_file(repeated, pieces, lengths)


def _columns(
    pieces: list[Placed], heights: list[int], numbers: _Numbers, leave: Sequence[str]
) -> dict[str, pl.Series]:
    """Join coded columns, wells, fixed words, numbers and words of all pieces; columns that no piece has are left out.

    A part is removed from its piece once it is joined, so that memory holds every column about once.
    """
    columns: dict[str, pl.Series] = {}
    coded = {name for _, piece, _ in pieces for name in piece.codes if name in DOMAINS}
    for name in sorted(coded - set(leave)):
        parts = []
        for (place, piece, _), height in zip(pieces, heights, strict=True):
            if name in piece.codes:
                parts.append(numbers.rows(place, name, piece))
            else:
                parts.append(np.full(height, -1, np.int32))
            piece.codes.pop(name, None)
        columns[name] = _numbers(parts, 0 if name == "round" else None)
    if pieces and pieces[0][1].well is not None:
        columns["well"] = _joined([piece.well for _, piece, _ in pieces])
    for name in sorted({name for _, piece, _ in pieces for name in piece.fixed}):
        columns[name] = _joined([piece.fixed.pop(name) for _, piece, _ in pieces])
    for name in sorted({name for _, piece, _ in pieces for name in (*piece.numbers, *piece.words)}):
        columns[name] = _plain(name, [piece for _, piece, _ in pieces], heights)
    return columns


def _plain(name: str, pieces: list[ValidEvents], heights: list[int]) -> pl.Series:
    """Join a column of numbers or words; null where a piece does not have it."""
    dtype = pl.String() if name in WORDS else pl.Float64() if name == "ct" else pl.Int64()
    filled = []
    for piece, height in zip(pieces, heights, strict=True):
        part = (piece.words if name in WORDS else piece.numbers).pop(name, None)
        if part is None:
            part = pl.Series(name, [None], dtype).new_from_index(0, height)
        elif isinstance(part, EncodedColumn):
            part = part.values.gather(pl.Series(part.rows).replace(-1, None))
        filled.append(part.cast(dtype).alias(name))
    return pl.concat(filled, rechunk=True)


def _numbers(parts: list[NDArray[np.int32]], instead: int | None) -> pl.Series:
    """Make a column of code numbers; -1 becomes null, or the number `instead`."""
    joined = np.concatenate(parts)
    if instead is not None:
        joined = np.where(joined < 0, np.int32(instead), joined)
    if len(joined) and joined.min() < 0:
        numbers = pl.Series(joined)
        return pl.select(pl.when(numbers >= 0).then(numbers).cast(pl.UInt32)).to_series()
    return pl.Series(joined.view(np.uint32))


def _joined(parts: Sequence[NDArray[np.generic] | None]) -> pl.Series:
    return pl.Series(np.concatenate([part for part in parts if part is not None]))


def _repeats(frame: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Find the rows whose content an earlier row has, and that row.

    Rows of equal hash are compared column by column.
    """
    rows, firsts = rows_seen_before(frame.hash_rows(seed=1).to_numpy())
    if not len(rows):
        return rows, firsts
    equal = np.ones(len(rows), np.bool_)
    for column in frame.iter_columns():
        equal &= column.gather(rows).eq_missing(column.gather(firsts)).to_numpy()
    return rows[equal], firsts[equal]


def _per_file(repeated: NDArray[np.integer], pieces: list[Placed], heights: list[int]) -> Counts:
    """Count duplicates per file, from their places among the rows (of collects, attribute sets) of all pieces."""
    if not len(repeated):
        return []
    files = [
        np.full(height, file, np.int32) if piece.files is None else piece.files
        for (_, piece, file), height in zip(pieces, heights, strict=True)
    ]
    counts = np.bincount(np.concatenate(files)[repeated])
    return [(file, int(counts[file])) for file in np.flatnonzero(counts).tolist()]
