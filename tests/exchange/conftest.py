"""Three results of one campaign: a positive, withdrawn, and told again as negative."""

from __future__ import annotations

import pytest

from exchange.campaigns import NEGATIVE, POSITIVE, plate, swabs, void, write


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three results of one campaign: T1 positive; T1's readings voided; T1 read again, negative."""
    place = tmp_path_factory.mktemp("results")
    first = [*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)})]
    withdrawn = [*first, *void(*(f"P1:A01:{target}" for target in POSITIVE))]
    again = [*withdrawn, *plate("P2", "20:00", {"B01": ("T1", NEGATIVE)})]
    return {name: write(place / name, *events)
            for name, events in (("first", first), ("withdrawn", withdrawn), ("again", again))}  # fmt: skip
