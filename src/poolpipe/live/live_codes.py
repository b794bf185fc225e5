"""Numbers of texts, tubes, boxes, plates and people that stay while new ones come: the newest at the end, in no order.

`Dictionaries` number in the order of the texts, which changes with every new one. Here a number is for ever. The frames and tables that
are held have these numbers; before the stages see them they are numbered in order (`localised`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS, ENTITIES, Dictionaries, Entities, people_renumbered
from poolpipe.coding.plain_columns import filled
from poolpipe.live.row_index import RowIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)
Part = TypeVar("Part", pl.Series, pl.DataFrame)

__all__ = ["CodeNumbers", "LiveCodes"]

_DOMAINS = sorted(set(DOMAINS.values()))
_SEED = 29


@dataclass(frozen=True, slots=True)
class CodeNumbers:
    """What the numbers of some dictionaries are here.

    Attributes
    ----------
    texts : dict of (n,) uint32
        By domain.
    entities : dict of (n,) uint32
        For tube, box and plate.
    others : (n,) int64
        Keys of people with other documents than a resident ID.
    """

    texts: dict[str, NDArray[np.uint32]]
    entities: dict[str, NDArray[np.uint32]]
    others: NDArray[np.int64]

    def people(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give people their keys here."""
        return people_renumbered(keys, self.others)


class LiveCodes:
    """Every text and what is identified by one, numbered as they come."""

    def __init__(self) -> None:
        self._texts = {domain: _NumberedTexts() for domain in _DOMAINS}
        self._pairs = {name: _NumberedPairs() for name in ENTITIES}
        self._others = _DocumentNumbers()

    def add(self, codes: Dictionaries) -> CodeNumbers:
        """Number what is new among the texts of some dictionaries, and give the numbers of all of them."""
        texts = {domain: each.add(codes.texts[domain]) for domain, each in self._texts.items()}
        entities = {}
        for name, each in self._pairs.items():
            own = codes.entities[name]
            entities[name] = each.add(
                texts["round"][own.rounds].astype(np.int64) << 32 | texts[DOMAINS[name]][own.texts]
            )
        return CodeNumbers(texts, entities, -1 - self._others.add(codes.others))

    def as_now(self) -> LiveCodes:
        """The numbers that there are now, to be read while others are added; nothing is copied, and nothing is looked for in it."""
        kept = LiveCodes()
        kept._texts = {domain: each.as_now() for domain, each in self._texts.items()}
        kept._pairs = {name: each.as_now() for name, each in self._pairs.items()}
        kept._others = self._others.as_now()
        return kept

    def count(self, entity: str) -> int:
        """How many tubes, boxes or plates there are."""
        return len(self._pairs[entity].keys)

    def entity_parts(
        self, entity: str, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the round and of the code of some tubes, boxes or plates."""
        keys = self._pairs[entity].keys[numbers]
        return keys >> 32, keys & 0xFFFF_FFFF

    def rounds_of(self, entity: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the round of some tubes, boxes or plates."""
        rounds: NDArray[np.int64] = self._pairs[entity].keys[numbers] >> 32
        return rounds

    def find_entity(self, entity: str, rounds: pl.Series, texts: pl.Series) -> NDArray[np.int64]:
        """Numbers of tubes, boxes or plates by their texts; -1 where there is none."""
        round_, text = self._texts["round"].find(rounds), self._texts[DOMAINS[entity]].find(texts)
        known = np.flatnonzero((round_ >= 0) & (text >= 0))
        found = np.full(len(rounds), -1, np.int64)
        found[known] = self._pairs[entity].find(round_[known] << 32 | text[known])
        return found

    def dictionaries(self, attribute_sets: pl.DataFrame | None = None) -> Dictionaries:
        """Dictionaries that turn the numbers into texts; their texts are in no order."""
        return Dictionaries(
            {domain: each.texts for domain, each in self._texts.items()},
            {name: each.entities() for name, each in self._pairs.items()},
            self._others.people,
            pl.DataFrame() if attribute_sets is None else attribute_sets,
        )

    def texts(self, domain: str) -> pl.Series:
        """All texts of a domain."""
        return self._texts[domain].texts

    @property
    def others(self) -> pl.DataFrame:
        """person_type, person of those whose key is -1, -2, …."""
        return self._others.people


class _NumberedTexts:
    """Texts of one domain."""

    def __init__(self) -> None:
        self._parts = [pl.Series("values", [], pl.String)]
        self._index = RowIndex()

    @property
    def texts(self) -> pl.Series:
        return pl.concat(self._parts, rechunk=False)

    def as_now(self) -> _NumberedTexts:
        kept = _NumberedTexts()
        kept._parts = list(self._parts)
        return kept

    def find(self, asked: pl.Series) -> NDArray[np.int64]:
        """Number of each text; -1 for one that is not known."""
        known = self.texts

        def equal(places: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
            same = asked[places] == known[rows]
            return np.asarray(filled(same, value=False).to_numpy(), np.bool_)

        return self._index.first(asked.hash(_SEED).to_numpy(), equal)

    def add(self, texts: pl.Series) -> NDArray[np.uint32]:
        """Number of each text, of which each occurs once; new ones are added."""
        if texts.is_empty():  # as most domains are of a batch
            return np.empty(0, np.uint32)
        known = sum(map(len, self._parts))
        numbers = self.find(texts) if known else np.full(len(texts), -1, np.int64)
        new = np.flatnonzero(numbers < 0)
        numbers[new] = known + np.arange(len(new))
        if len(new):
            added = texts[new].alias("values")
            self._index.add(added.hash(_SEED).to_numpy(), numbers[new])
            _append(self._parts, added)
        return numbers.astype(np.uint32)


class _NumberedPairs:
    """Round and code as one number, and the number of each such pair."""

    def __init__(self) -> None:
        self._rooms = np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.uint32)
        self._held = 0
        self._index = RowIndex()

    @property
    def keys(self) -> NDArray[np.int64]:
        return self._rooms[0][: self._held]

    def as_now(self) -> _NumberedPairs:
        kept = _NumberedPairs()
        kept._rooms, kept._held = self._rooms, self._held
        return kept

    def entities(self) -> Entities:
        """Round and code of each, by their numbers."""
        return Entities(*(room[: self._held] for room in self._rooms[1:]))

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._index.first(keys, lambda places, _: np.ones(len(places), np.bool_))

    def add(self, keys: NDArray[np.int64]) -> NDArray[np.uint32]:
        numbers = self.find(keys)
        new = np.flatnonzero(numbers < 0)
        numbers[new] = self._held + np.arange(len(new))
        added = keys[new]
        self._index.add(added, numbers[new])
        until = self._held + len(new)
        if until > len(self._rooms[0]):  # what readers hold stays as it is
            keys, rounds, texts = self._rooms
            self._rooms = _roomier(keys, until), _roomier(rounds, until), _roomier(texts, until)
        keys, rounds, texts = self._rooms
        keys[self._held : until] = added
        rounds[self._held : until] = added >> 32
        texts[self._held : until] = added & 0xFFFF_FFFF
        self._held = until
        return numbers.astype(np.uint32)


def _roomier(room: NDArray[T], least: int) -> NDArray[T]:
    """A longer array that begins as another."""
    longer = np.empty(2 * least, room.dtype)
    longer[: len(room)] = room
    return longer


class _DocumentNumbers:
    """People with other documents than a resident ID."""

    def __init__(self) -> None:
        self._parts = [pl.DataFrame(schema={"person_type": pl.String, "person": pl.String})]
        self._index = RowIndex()

    @property
    def people(self) -> pl.DataFrame:
        return pl.concat(self._parts, rechunk=False)

    def as_now(self) -> _DocumentNumbers:
        kept = _DocumentNumbers()
        kept._parts = list(self._parts)
        return kept

    def add(self, people: pl.DataFrame) -> NDArray[np.int64]:
        """Place of each, of whom each occurs once; new ones are added."""
        before = self.people

        def equal(places: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
            asked, known = people[places], before[rows]
            same = [(asked[name] == known[name]).to_numpy() for name in people.columns]
            return np.asarray(np.logical_and(*same), np.bool_)

        if people.is_empty():
            return np.empty(0, np.int64)
        hashed = people.hash_rows(seed=_SEED).to_numpy()
        places = self._index.first(hashed, equal)
        new = np.flatnonzero(places < 0)
        places[new] = before.height + np.arange(len(new))
        if len(new):
            self._index.add(hashed[new], places[new])
            _append(self._parts, people[new])
        return places


def _append(parts: list[Part], added: Part) -> None:
    """Add to the parts of a column or table, the first of which is empty; parts that are not much longer are joined with it."""
    while len(parts) > 1 and len(parts[-1]) <= 2 * len(added):
        added = pl.concat([parts.pop(), added], rechunk=True)
    parts.append(added)
