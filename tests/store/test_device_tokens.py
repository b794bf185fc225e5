"""Tokens: who may send, from the moment on in which it is said to the moment in which it is withdrawn."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from poolpipe.cli import poolpipe
from poolpipe.errors import InputError
from poolpipe.store import Store
from poolpipe.store.device_tokens import DEVICES, DeviceTokens, KnownTokens

if TYPE_CHECKING:
    from pathlib import Path


def test_token__counts_from_add_to_revoke_for_a_door_that_runs(tmp_path: Path) -> None:
    tokens, door = DeviceTokens(tmp_path), KnownTokens(tmp_path)
    assert door.device(b"x") is None
    for turn in range(20):  # faster than the file's time changes
        made = tokens.add("gun", site="S1", kinds=["seal", "collect"], rate=5)
        found = door.device(made.encode())
        assert found is not None
        assert (found.name, found.site, found.rate) == ("gun", "S1", 5.0)
        assert found.kinds == frozenset({"seal", "collect"})
        assert door.device(made[:-1].encode()) is None
        tokens.revoke("gun")
        assert door.device(made.encode()) is None, turn
    door.close()


def test_token__is_256_random_bits_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    tokens = DeviceTokens(tmp_path)
    made = [tokens.add(f"gun-{n}") for n in range(3)]
    assert len(set(made)) == 3
    assert all(len(each) == 43 for each in made)  # 32 bytes in base64
    assert [each.sha256 for each in tokens.list()] == [
        hashlib.sha256(each.encode()).digest() for each in made
    ]
    content = (tmp_path / DEVICES).read_bytes()
    assert not any(each.encode() in content for each in made)


def test_wrong_use__is_refused_with_the_way_out(tmp_path: Path) -> None:
    tokens = DeviceTokens(tmp_path)
    with pytest.raises(InputError, match="no such device has a token"):
        tokens.revoke("gun")
    tokens.add("gun-1")
    with pytest.raises(InputError, match="gun-1: has a token that counts"):
        tokens.add("gun-1")
    with pytest.raises(InputError, match="did you mean 'gun-1'"):
        tokens.revoke("gun-l")
    with pytest.raises(InputError, match="did you mean 'collect'"):
        tokens.add("gun-2", kinds=["colect"])
    for name in ("", " ", "x" * 65, "a\nb"):
        with pytest.raises(InputError, match="a device has a name of 1 to 64 characters"):
            tokens.add(name)
    assert [each.name for each in tokens.list()] == ["gun-1"]


def test_flipped_bit__lets_nobody_in(tmp_path: Path) -> None:
    tokens = DeviceTokens(tmp_path)
    made = tokens.add("gun")
    content = bytearray((tmp_path / DEVICES).read_bytes())
    place = content.index(b"gun")
    content[place] ^= 1
    (tmp_path / DEVICES).write_bytes(content)
    with pytest.raises(InputError, match="is not as it was written"):
        tokens.list()
    assert KnownTokens(tmp_path).device(made.encode()) is None


def test_command__adds_lists_and_revokes(tmp_path: Path) -> None:
    Store(tmp_path / "city").close()
    run = CliRunner().invoke
    told = run(
        poolpipe, ["token", str(tmp_path / "city"), "add", "S17-gun", "--site", "S17", "--kind", "collect"]
    )
    assert told.exit_code == 0, told.output
    door = KnownTokens(tmp_path / "city")
    token = told.stdout.strip().encode()
    assert door.device(token) is not None
    listed = run(poolpipe, ["token", str(tmp_path / "city"), "list", "--json"])
    assert '"S17"' in listed.stdout
    assert token.decode() not in listed.output
    assert "S17-gun" in run(poolpipe, ["token", str(tmp_path / "city"), "list"]).stdout
    assert run(poolpipe, ["token", str(tmp_path / "city"), "revoke", "S17-gun"]).exit_code == 0
    assert door.device(token) is None
    assert run(poolpipe, ["token", str(tmp_path / "nothing"), "list"]).exit_code == 1
