"""From understood batches to one coded frame per kind: texts become numbers once, duplicates go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.codes import DOMAINS, ENTITIES, Codes, Entities
from poolpipe.equals import first_rows_alike, rows_seen_before
from poolpipe.events.understand import WORDS
from poolpipe.tables import KINDS, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.understand import Understood

__all__ = ["Piece", "assemble"]

Piece = tuple["Understood", int]
"""Events of one kind out of one batch, and the number of the file they came from."""

_LOOKUP = 1 << 26
_THREADS = 2


def assemble(pieces: Sequence[Piece]) -> tuple[dict[str, pl.DataFrame], Codes, list[tuple[int, int]]]:
    """Number every text, put the pieces of each kind together and take duplicates out.

    Returns
    -------
    frames : dict of DataFrame
        One coded frame per kind, in the order of the pieces, without duplicates.
    codes : Codes
    duplicates : list of (file, count)
    """
    rounds = _Texts(pieces, "round", extra=[""])
    others = sorted(set(DOMAINS.values()) - {"round"})
    texts = {"round": rounds} | {domain: _Texts(pieces, domain) for domain in others}
    entities = {name: _Pairs(pieces, name, texts) for name in ENTITIES}
    people = _People(pieces)
    codes = Codes(
        {domain: numbered.texts for domain, numbered in texts.items()},
        {name: pairs.entities for name, pairs in entities.items()},
        people.others,
    )

    def framed(kind: str) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
        mine = [(place, *piece) for place, piece in enumerate(pieces) if piece[0].kind == kind]
        contents = np.concatenate([np.empty(0, np.uint64), *(piece.content for _, piece, _ in mine)])
        lengths = [len(piece.at) for _, piece, _ in mine]
        return _without_repeats(
            _frame(kind, mine, texts, entities, people), contents, [file for _, _, file in mine], lengths
        )

    with ThreadPoolExecutor(_THREADS) as pool:
        made = dict(zip(KINDS, pool.map(framed, KINDS), strict=True))
    frames = {kind: frame for kind, (frame, _) in made.items()}
    return frames, codes, [count for _, repeats in made.values() for count in repeats]


class _Texts:
    """The distinct texts of one domain in order, and for every piece the number of each of its values."""

    def __init__(self, pieces: Sequence[Piece], domain: str, extra: Iterable[str] = ()) -> None:
        parts: list[pl.Series] = []
        self.begins: dict[tuple[int, str], int] = {}
        height = 0
        for place, (piece, _) in enumerate(pieces):
            for name, column in piece.codes.items():
                if DOMAINS.get(name) == domain:
                    self.begins[place, name] = height
                    parts.append(column.values)
                    height += len(column.values)
        values = [pl.Series("values", [], pl.String), *(part.alias("values") for part in parts)]
        self.texts, self._numbers = _numbered(
            pl.concat([*values, pl.Series("values", list(extra), pl.String)])
        )

    def rows(self, place: int, name: str, piece: Understood) -> NDArray[np.int32]:
        """Number of each row's text in a column; -1 where there is none."""
        if (place, name) not in self.begins:
            return np.full(len(piece.at), -1, np.int32)
        column = piece.codes[name]
        begin = self.begins[place, name]
        return column.spread(self._numbers[begin : begin + len(column.values)], -1).astype(np.int32)


def _numbered(values: pl.Series) -> tuple[pl.Series, NDArray[np.int32]]:
    """The distinct texts in order, and the number of each value among them; -1 for null.

    Only one of each text is sorted: finding the others by their hashes is five times faster than a join.
    """
    firsts = first_rows_alike(values.hash(seed=1).to_numpy())
    if not values.eq_missing(values.gather(firsts)).all():  # two texts of one hash: a chance of 1 in 10**6
        firsts = (
            values.to_frame().select(pl.int_range(pl.len()).first().over("values")).to_series().to_numpy()
        )
    own = np.flatnonzero((firsts == np.arange(len(values))) & values.is_not_null().to_numpy())
    distinct = values.gather(own)
    order = distinct.arg_sort().to_numpy()
    numbers = np.full(len(values), -1, np.int32)
    numbers[own[order]] = np.arange(len(own), dtype=np.int32)
    return distinct.gather(order), numbers[firsts]


class _Pairs:
    """Tubes, boxes or plates: the distinct pairs of round and code, numbered in order."""

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

    def rows(self, place: int, name: str, piece: Understood) -> NDArray[np.int32]:
        """Number of each row's tube, box or plate; -1 where there is none."""
        if self._one_round:
            return self._codes.rows(place, name, piece)
        pairs = self._pairs(place, piece)
        return np.where(pairs < 0, -1, self._find(np.maximum(pairs, 0))).astype(np.int32)

    def _pairs(self, place: int, piece: Understood) -> NDArray[np.int64]:
        code = self._codes.rows(place, self._name, piece).astype(np.int64)
        rounds = np.maximum(self._rounds.rows(place, "round", piece), 0)  # no round is the first text, ""
        return np.where(code < 0, -1, rounds * self._width + code)


def _distinct(parts: list[NDArray[np.int64]], size: int) -> NDArray[np.int64]:
    if size <= _LOOKUP:
        seen = np.zeros(size, np.bool_)
        for part in parts:
            seen[part] = True
        return np.flatnonzero(seen)
    return np.unique(np.concatenate([np.empty(0, np.int64), *(np.unique(part) for part in parts)]))


def _finder(pairs: NDArray[np.int64], size: int) -> Callable[[NDArray[np.int64]], NDArray[np.integer]]:
    if size <= _LOOKUP:
        lookup = np.zeros(size, np.int32)
        lookup[pairs] = np.arange(len(pairs), dtype=np.int32)
        return lambda wanted: lookup[wanted]
    return lambda wanted: np.searchsorted(pairs, wanted)


class _People:
    """People of other documents than a well-formed resident ID, numbered once over all pieces."""

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
        self.others = given.filter(pl.col("person").is_not_null()).unique().sort("person_type", "person")
        known = self.others.with_row_index("number")
        numbers = given.join(known, on=["person_type", "person"], how="left", maintain_order="left")
        self._numbers = -1 - numbers["number"].cast(pl.Int64).fill_null(0).to_numpy()

    def rows(self, place: int, piece: Understood) -> NDArray[np.int64]:
        """Key of each row's person."""
        if piece.person is None:
            return np.zeros(len(piece.at), np.int64)
        keys = piece.person.keys
        other = np.flatnonzero(keys < 0)
        if len(other):
            keys = keys.copy()
            keys[other] = self._numbers[self._begins[place] + (-1 - keys[other])]
        return keys


def _frame(
    kind: str,
    pieces: list[tuple[int, Understood, int]],
    texts: dict[str, _Texts],
    entities: dict[str, _Pairs],
    people: _People,
) -> pl.DataFrame:
    """One kind's pieces as one frame; a column that no piece has is left out.

    A part is taken out of its piece once it is joined, so that memory holds every column about once.
    """
    if not pieces:
        return pl.DataFrame(schema={"at": TIME})
    columns = {"at": _joined([piece.at for _, piece, _ in pieces]).cast(TIME)}
    # What is known by its round and code needs no round beside it.
    names = {name for _, piece, _ in pieces for name in piece.codes if name in DOMAINS}
    for name in sorted({*names, "round"} if kind == "void" else names - {"round"}):
        parts = []
        for place, piece, _ in pieces:
            numbered = entities[name] if name in entities else texts[DOMAINS[name]]
            parts.append(numbered.rows(place, name, piece))
            if name not in entities:
                piece.codes.pop(name, None)
        columns[name] = _numbers(parts, 0 if name == "round" else None)
    if pieces[0][1].person is not None:
        columns["person"] = _joined([people.rows(place, piece) for place, piece, _ in pieces])
    if pieces[0][1].well is not None:
        columns["well"] = _joined([piece.well for _, piece, _ in pieces])
    for name in sorted({name for _, piece, _ in pieces for name in piece.fixed}):
        columns[name] = _joined([piece.fixed.pop(name) for _, piece, _ in pieces])
    for name in sorted({name for _, piece, _ in pieces for name in (*piece.numbers, *piece.words)}):
        columns[name] = _plain(name, [piece for _, piece, _ in pieces])
    return pl.DataFrame(columns)


def _plain(name: str, pieces: list[Understood]) -> pl.Series:
    """A column of numbers or words, null where a piece does not have it."""
    dtype = pl.String() if name in WORDS else pl.Float64() if name == "ct" else pl.Int64()
    nothing = pl.Series(name, [None], dtype)
    parts = [(piece.words if name in WORDS else piece.numbers).pop(name, None) for piece in pieces]
    filled = [
        nothing.new_from_index(0, len(piece.at)) if part is None else part.cast(dtype).alias(name)
        for piece, part in zip(pieces, parts, strict=True)
    ]
    return pl.concat(filled, rechunk=True)


def _numbers(parts: list[NDArray[np.int32]], instead: int | None) -> pl.Series:
    """Code numbers, where -1 is null, or another number `instead`."""
    joined = np.concatenate(parts)
    if instead is not None:
        joined = np.where(joined < 0, np.int32(instead), joined)
    if len(joined) and joined.min() < 0:
        numbers = pl.Series(joined)
        return pl.select(pl.when(numbers >= 0).then(numbers).cast(pl.UInt32)).to_series()
    return pl.Series(joined.view(np.uint32))


def _joined(parts: Sequence[NDArray[np.generic] | None]) -> pl.Series:
    return pl.Series(np.concatenate([part for part in parts if part is not None]))


def _without_repeats(
    frame: pl.DataFrame, contents: NDArray[np.uint64], files: list[int], lengths: list[int]
) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """Take out events whose content an earlier one has, too; and count them per file.

    Equal hashes are only a hint: what is taken out is proven equal column by column.
    """
    rows, firsts = rows_seen_before(contents)
    if not len(rows):
        return frame, []
    equal = np.ones(len(rows), np.bool_)
    for column in frame.iter_columns():
        equal &= column.gather(rows).eq_missing(column.gather(firsts)).to_numpy()
    repeated = rows[equal]
    if not len(repeated):
        return frame, []
    first = np.ones(frame.height, np.bool_)
    first[repeated] = False
    piece = np.searchsorted(np.cumsum(lengths), repeated, side="right")
    counts = np.bincount(piece, minlength=len(files))
    return frame.filter(first), [
        (file, int(count)) for file, count in zip(files, counts, strict=True) if count
    ]
