"""The door's process as the service sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poolpipe.errors import InputError
from poolpipe.serve import service
from poolpipe.store import Store
from serve.slow_doors import STATUS, run_slowly

if TYPE_CHECKING:
    from pathlib import Path


def test_door_that_ends_slowly__is_told_with_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "run_door", run_slowly)
    with Store(tmp_path / "city") as store, pytest.raises(InputError, match=f"status {STATUS}"):
        service.serve(store, port=0, tables=False)
