"""Where tubes went: the rules on the place in the chain, by hand and against the reference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from poolpipe.coding.dictionaries import well_names
from poolpipe.errors import TableError
from poolpipe.stages.custody import keep_custody
from reference.cleaning import DEFAULT_POLICY
from reference.custody import pool_row, tubes_of
from reference.wells import Calls, Plates
from stages import drawn
from stages.coded import Event, coded, event, minute

TIMES = ("packed_at", "picked_up_at", "received_at", "loaded_at")


def pack(at: float, tube: str = "T1", box: str = "B1", **facts: Any) -> Event:
    return event("pack", at, tube=tube, box=box, **facts)


def carry(kind: str, at: float, box: str = "B1", **facts: Any) -> Event:
    lab = {"lab": "L1"} if kind == "receive" else {}
    return event(kind, at, box=box, **{"giver": "Li", "receiver": "Xu"} | lab | facts)


def load(at: float, well: str, tube: str = "T1", plate: str = "P1", **facts: Any) -> Event:
    return event("load", at, tube=tube, plate=plate, well=well, **facts)


def held(events: list[Event]) -> dict[tuple[str, ...], dict[str, Any]]:
    """The table by (round, tube), its numbers written as texts."""
    frames, codes = coded(events)
    tubes = keep_custody(frames, codes).tubes
    told = tubes.with_columns(
        codes.entity("box", tubes["box"])[1], codes.entity("plate", tubes["plate"])[1],
        well_names(tubes["well"], 96), codes.text("lab", tubes["box_lab"]).alias("box_lab"),
        codes.text("lab", tubes["load_lab"]).alias("load_lab"),
    ).with_row_index("tube")  # fmt: skip
    keys = zip(*codes.entity("tube", told["tube"]), strict=True)
    return dict(zip(keys, told.to_dicts(), strict=True))


def journey(*events: Event) -> tuple[Any, ...]:
    row = held(list(events))["", "T1"]
    return row["box"], row["picked_up_at"], row["received_at"]


def again(*events: Event) -> list[bool]:
    frames, codes = coded(list(events))
    return keep_custody(frames, codes).receipts["again"].to_list()


def test_box__is_that_of_the_last_pack():
    row = held([pack(3, box="B1"), pack(5, box="B2"), pack(1, box="B3")])["", "T1"]
    assert (row["box"], row["packed_at"]) == ("B2", minute(5))


def test_box__of_packs_at_one_moment_is_that_of_the_larger_content():
    """Cleaned columns in alphabetical order as text: box comes before site."""
    packs = [pack(3, box="B2", site="S1"), pack(3, box="B1", site="S9")]
    assert held(packs)["", "T1"]["box"] == "B2"
    assert held([packs[1] | {"box": "B2"}, packs[0] | {"device": "D1"}])["", "T1"]["box"] == "B2"


def test_journey__is_the_first_scan_at_or_after_the_packing():
    """Boxes are used again: what was scanned before the packing was another journey."""
    scans = [carry(kind, at) for kind in ("pickup", "receive") for at in (1, 4, 7)]
    assert journey(pack(4), *scans) == ("B1", minute(4), minute(4))
    assert journey(pack(5), *scans) == ("B1", minute(7), minute(7))


def test_journey__without_a_later_scan_is_the_last_one_before():
    scans = [carry("pickup", 2), carry("pickup", 3), carry("receive", 1)]
    assert journey(pack(9), *scans) == ("B1", minute(3), minute(1))


def test_journey__needs_a_pack_and_a_scan_of_its_box_in_its_round():
    scans = [carry("pickup", 5, box="B2"), carry("receive", 5, round="2")]
    assert journey(pack(4), *scans) == ("B1", None, None)
    assert journey(event("seal", 1, tube="T1", swabs=1), *scans) == (None, None, None)


def test_swabs__are_those_of_the_last_seal_the_larger_content_on_a_tie():
    seals = [event("seal", at, tube="T1", swabs=swabs) for at, swabs in ((1, 9), (2, 3), (2, 5))]
    assert held(seals)["", "T1"]["swabs"] == 5


def test_receipt__is_a_second_one_only_without_packing_in_between():
    """`box_received_twice`: a receive at a later moment than another with no packing in between."""
    assert again(carry("receive", 2), carry("receive", 5)) == [False, True]
    assert again(carry("receive", 2), pack(3), carry("receive", 5), carry("receive", 6)) == [
        False,
        False,
        True,
    ]
    assert again(pack(2), carry("receive", 2), carry("receive", 5)) == [False, True]
    assert again(carry("receive", 2), pack(5), carry("receive", 5)) == [False, False]


def test_receipts__of_a_box_at_one_moment_are_one_the_larger_content():
    frames, codes = coded([carry("receive", 2, tubes=4), carry("receive", 2, tubes=6, lab="L2"), pack(1)])
    found = keep_custody(frames, codes)
    assert found.receipts.select("tubes", "again").rows() == [(6, False)]
    assert codes.text("lab", found.tubes["box_lab"]).to_list() == ["L2"]


def test_well__is_that_of_the_last_load_as_a_sample():
    loads = [
        load(5, "A01"),
        load(7, "B02", plate="P2"),
        load(6, "C03"),
        load(9, "G12", role="negative_control"),
    ]
    row = held(loads)["", "T1"]
    assert (row["plate"], row["well"], row["loaded_at"], row["first_loaded"]) == (
        "P2",
        "B02",
        minute(7),
        minute(5),
    )
    assert row["load_lab"] == "L1"


def test_tube__is_known_where_it_was_sealed_packed_or_loaded_as_a_sample():
    events = [load(1, "A01", "T1"), load(1, "G12", "T2", role="negative_control"), pack(1, "T3"),
              event("report", 1, tube="T4", call="negative"), event("seal", 1, tube="T5", swabs=1)]  # fmt: skip
    assert {tube: row["known"] for (_, tube), row in held(events).items()} == {
        "T1": True, "T2": False, "T3": True, "T4": False, "T5": True
    }  # fmt: skip


def test_custody__of_nothing_has_the_columns_of_every_other():
    frames, codes = coded([event("report", 1, tube="T1", call="negative")])
    full = coded(
        [
            event("seal", 1, tube="T1", swabs=1),
            pack(1),
            carry("pickup", 1),
            carry("receive", 1),
            load(1, "A01"),
        ]
    )
    empty = keep_custody(frames, codes).tubes
    assert empty.schema == keep_custody(*full).tubes.schema
    assert empty.drop("known").null_count().row(0) == (1,) * (empty.width - 1)


def test_custody__names_a_column_that_is_missing():
    frames, codes = coded([pack(1)])
    with pytest.raises(TableError, match="pack: column box is missing"):
        keep_custody({**frames, "pack": frames["pack"].drop("box")}, codes)


@given(events=drawn.some(drawn.seals, drawn.packs, drawn.pickups, drawn.receives, drawn.loads))
def test_custody__agrees_with_the_reference(events):
    found = held(events)
    expected = tubes_of(events, DEFAULT_POLICY)
    nothing = Calls(Plates([], [], DEFAULT_POLICY), [], [])
    assert {key for key, row in found.items() if row["known"]} == set(expected)
    for key, tube in expected.items():
        row, told = found[key], pool_row(tube, nothing)
        assert {name: row[name] for name in ("swabs", "box", "plate", "well", *TIMES)} == {
            name: told[name] for name in ("swabs", "box", "plate", "well", *TIMES)
        }
        assert (row["load_lab"] or row["box_lab"]) == told["lab"]
        assert row["first_loaded"] == tube.first_loaded()
