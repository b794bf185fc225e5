"""How much an exact answer may cost: every number has its range, and its ends are within."""

from __future__ import annotations

from typing import Any

import pytest

from poolpipe.decode.effort import Effort
from poolpipe.errors import PolicyError

RANGES = {
    "states": (1, 1 << 32),
    "kept": (0, 1 << 32),
    "people": (0, 40),
    "columns": (0, 24),
    "sweeps": (0, 1 << 32),
}


@pytest.mark.parametrize("name", RANGES)
def test_effort__takes_its_range_and_nothing_beyond(name: str) -> None:
    least, most = RANGES[name]
    for value in (least, most):
        given: dict[str, Any] = {name: value}
        assert getattr(Effort(**given), name) == value
    wrong: tuple[Any, ...] = (least - 1, most + 1, True, float(most), "1", None)
    for value in wrong:
        given = {name: value}
        with pytest.raises(PolicyError, match=rf"{name} .*{least} .*{most}"):
            Effort(**given)
