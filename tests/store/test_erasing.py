"""A person who is erased is found however the number is written, is quoted nowhere afterwards, and takes nobody with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from poolpipe.cli import poolpipe as command
from poolpipe.store import Store
from poolpipe.store.contents import vault_columns
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE, OTHER, SHORT = "11010119900307109X", "110101199003070628", "K12"
SPELLED = [
    "１１０１０１１９９００３０７１０９ｘ",
    "110101 19900307 109X",
    "110101-19900307-109x",
    f"]C1{ONE}",
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    collects = pl.DataFrame(
        {"at": "2022-02-10 08:00", "tube": "T1", "person": [ONE, OTHER, SHORT], "person_type": ["RIC", "RIC", "PASSPORT"],
         "event_id": [f"scan-{ONE}", f"scan-{OTHER}", "scan-3"], "operator": [None, f"of {ONE.lower()}", f"of {OTHER}"]}
    )  # fmt: skip
    voids = pl.DataFrame(
        {"at": "2022-02-10 09:00", "event": [f"scan-{ONE}", f"no-{OTHER}"],
         "reason": ["twice: 110101 19900307 109X", f"with {OTHER}, not K123"]}
    )  # fmt: skip
    refused = pl.DataFrame({"at": "then", "tube": "T2", "person": [*SPELLED, OTHER, "K123"]})
    with Store(tmp_path / "city") as opened:
        opened.ingest({"collect": collects, "void": voids})
        opened.ingest({"collect": refused})
        yield opened


def _sealed_texts(store: Store) -> list[str]:
    """Every text of the vault."""
    found: list[str] = []
    for part in store._ledger.all_parts():
        if part.content in (*KINDS, "rejects"):
            vault = store._files.vault(part, vault_columns(part.content), store._keys.required())
            found += [str(text) for name in vault.column_names for text in vault[name].to_pylist() if text]
    return found


@pytest.mark.parametrize("spelled", [ONE, ONE.lower(), f" {ONE}\t", SPELLED[0], SPELLED[3]])
@pytest.mark.parametrize("person_type", ["RIC", "居民身份证", ""])
def test_person__is_erased_however_the_number_is_written(
    spelled: str, person_type: str, store: Store
) -> None:
    before = store.run()
    assert store.erase(spelled, person_type) == 3  # the scans, the voids, the records that were refused
    quoted = [text.lower().replace("-", "").replace(" ", "") for text in _sealed_texts(store)]
    assert [text for text in quoted if ONE.lower() in text or "１１０１０１" in text] == []
    after = store.run()
    assert after.members.filter(person_type="RIC")["person"].to_list() == [OTHER]
    for table in ("pools", "ledger"):
        assert after.table(table).equals(before.table(table))
    told = after.rejects["raw"].str.contains_any([OTHER, "K123"])
    assert (told.sum(), after.rejects["raw"].eq("ERASED").sum()) == (2, len(SPELLED))
    assert store.erase(spelled, person_type) == 0
    assert store.check() == []


def test_void_that_quotes_the_person__still_finds_its_event(store: Store) -> None:
    before = store.run()
    store.erase(ONE)
    after = store.run()
    assert after.pools["people"].to_list() == before.pools["people"].to_list() == [2]
    assert after.summary["anomalies"] == before.summary["anomalies"]
    store.rotate_key(data=True)  # makes hashes of ids anew
    assert store.run().members.equals(after.members)


def test_short_number__erases_no_record_of_others(store: Store) -> None:
    assert store.erase(SHORT, "PASSPORT") == 1
    assert "ERASED" not in store.run().rejects["raw"].to_list()
    assert any("K123" in text for text in _sealed_texts(store))


@pytest.mark.parametrize("nobody", ["", " ", "\u3000", "不详", "x" * 65])
def test_no_number__erases_nothing(nobody: str, store: Store) -> None:
    before = store.run().rejects
    with pytest.raises(poolpipe.InputError, match="no number of a document"):
        store.erase(nobody)
    told = CliRunner().invoke(command, ["erase", str(store.path), "--person", nobody])
    assert (told.exit_code, "不是证件号" in told.stderr) == (1, True)
    assert store.run().rejects.equals(before)
    assert store.version == 2
