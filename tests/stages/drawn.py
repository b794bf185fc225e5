"""Few tubes, people, boxes, wells and moments, drawn by hypothesis so that collisions and ties are the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from reference.cleaning import content
from stages.coded import event

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from stages.coded import Event

rounds = st.sampled_from(["", "", "2"])
moments = st.integers(0, 8)
tubes, boxes = st.sampled_from(["T0", "T1", "T2"]), st.sampled_from(["B0", "B1"])
people = st.sampled_from([0, 1, 12, "E1"])
labs, maybe_site = st.sampled_from(["L1", "L2"]), st.sampled_from([None, "S1", "S2"])
ids = st.sampled_from([None, None, None, "e1", "e2"])
cts = st.sampled_from([None, 0.0, 20.0, 37.0, 37.01, 40.0, 40.01])


def drawn(kind: str, **facts: SearchStrategy[Any]) -> SearchStrategy[Event]:
    common = {"at": moments, "round": rounds, "event_id": ids}
    return st.fixed_dictionaries(common | facts).map(lambda found: event(kind, **found))


collects = drawn(
    "collect", tube=tubes, person=people, mode=st.sampled_from(["pool", "pool", "single"]),
    capacity=st.sampled_from([None, 1, 2, 20]), site=maybe_site, point=st.sampled_from([None, "P1"]),
    recall_of=st.sampled_from([None, None, "T0", "T1"]),
)  # fmt: skip
seals = drawn("seal", tube=tubes, swabs=st.integers(0, 3))
packs = drawn("pack", tube=tubes, box=boxes)
pickups = drawn("pickup", box=boxes, giver=st.just("Li"), receiver=st.just("Xu"))
receives = drawn(
    "receive", box=boxes, giver=st.just("Xu"), receiver=st.just("Wu"), lab=labs, tubes=st.sampled_from([None, 1, 2])
)  # fmt: skip
plates, wells = st.sampled_from(["P0", "P1"]), st.sampled_from(["A01", "B02"])
loads = drawn("load", tube=tubes, plate=plates, well=wells, lab=labs)
reads = drawn("read", plate=plates, well=wells, target=st.sampled_from(["ORF1ab", "N", "IC"]), ct=cts)
calls = st.sampled_from(["positive", "suspect", "negative", "invalid"])
reports = drawn("report", tube=tubes, call=calls, lab=st.sampled_from([None, "L1", "L2"]))
voids = drawn("void", event=st.sampled_from(["e1", "e2", "e3"]), reason=st.just("误扫"))


@st.composite
def controls(draw: st.DrawFn) -> list[Event]:
    """The controls of a plate, most often as they must be, loaded and read."""
    plate, round_ = draw(plates), draw(rounds)
    made = []
    for role, well, ct in (("negative_control", "G12", None), ("positive_control", "H12", 30.0)):
        if draw(st.integers(0, 9)) == 0:
            continue
        made.append(event("load", draw(moments), round=round_, plate=plate, well=well, role=role))
        for target in ("ORF1ab", "N"):
            shown = draw(cts) if draw(st.integers(0, 9)) == 0 else ct
            facts = {"round": round_, "plate": plate, "well": well, "target": target, "ct": shown}
            made.append(event("read", draw(moments), **facts))
    return made


def unlike(events: list[Event]) -> list[Event]:
    """The same without duplicates, which never reach a stage."""
    return list({content(each): each for each in events}.values())


def some(*kinds: SearchStrategy[Event], most: int = 16) -> SearchStrategy[list[Event]]:
    return st.lists(st.one_of(*kinds), max_size=most).map(unlike)


plated = st.builds(
    lambda *parts: unlike([each for part in parts for each in part]),
    controls(), controls(), st.lists(loads, max_size=5), st.lists(reads, max_size=12), st.lists(reports, max_size=3),
)  # fmt: skip
"""Plates with controls, samples and readings, and a few reports."""

days = st.builds(
    lambda *parts: unlike([each for part in parts for each in part]),
    st.lists(collects, max_size=8), st.lists(st.one_of(seals, packs, pickups, receives), max_size=8), plated,
)  # fmt: skip
"""A little of everything but voids."""
