"""What changed is kept packed, and told as it was; what is kept is bounded by its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from live.batches import batches, followed
from poolpipe.live import told
from poolpipe.live.changes import ANNOUNCED
from poolpipe.live.rights import EVERYTHING, ReaderRights
from poolpipe.live.told import KeptVersion, ToldChanges, ToldVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def _versions(seed: int = 2) -> Iterator[ToldVersion]:
    for changes, _, _ in followed(batches(seed, "medium")):
        yield ToldVersion.of(changes)


def test_kept__a_version_is_told_as_it_was() -> None:
    rows = 0
    for each in _versions():
        kept = KeptVersion(each)
        for reader in (EVERYTHING, ReaderRights(site="S1", opens=True)):
            text = each.events(ANNOUNCED, reader, None)
            assert kept.told().events(ANNOUNCED, reader, None) == text
            rows += text.count("event: row")
    assert rows > 10


def test_kept__recalls_that_became_overdue_are_told_too() -> None:
    due = pl.Series("due_at", ["2022-02-10 14:00"]).str.to_datetime(time_unit="us", time_zone="UTC")
    names = ("round", "tube", "person_type", "person", "site", "lab")
    recalls = pl.DataFrame({name: [name] for name in names}).with_columns(due)
    pools = recalls.select("round", "tube", "site", "lab")
    turned = ToldVersion(3, 4, {}, (pools, pools), recalls)
    text = turned.events(["recalls"], EVERYTHING, None)
    assert text.startswith("event: overdue")
    assert KeptVersion(turned).told().events(["recalls"], EVERYTHING, None) == text


def test_changes__beyond_so_many_bytes_the_oldest_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    several = list(_versions())
    several = [ToldVersion(n, n + 1, several[n % len(several)].rows, several[0].pools) for n in range(30)]
    monkeypatch.setattr(told, "_BYTES", 10 * KeptVersion(several[0]).size)
    monkeypatch.setattr(told, "_TEXT_BYTES", 1_000)
    changes = ToldChanges(0)
    for each in several:
        changes.add(each)
        for kept in changes.since(each.before) or ():
            expected = each.events(ANNOUNCED, EVERYTHING, None)
            assert changes.text(kept, ANNOUNCED, EVERYTHING, None) == expected
    assert changes.since(0) is None
    assert changes.since(30) == []
    assert [each.version for each in changes.since(28) or ()] == [29, 30]
