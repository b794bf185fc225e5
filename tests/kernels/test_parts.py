"""Components of people and pools, against sets."""

from __future__ import annotations

import numpy as np

from kernels.both_ways import of, ways
from kernels.graphs import csr
from poolpipe_kernels import parts


@ways
def test_join_pools__finds_the_components(interpreted: bool) -> None:
    rng = np.random.default_rng(1)
    pools = [rng.choice(30, 3, replace=False).tolist() for _ in range(12)]
    says = rng.random(12) < 0.8
    offsets, members = csr(pools)
    last, parent = np.full(30, -1, np.int32), np.empty(12, np.int32)
    of(parts.join_pools, interpreted)(offsets, members, says, last, parent)
    groups: list[set[int]] = []
    for pool, told in zip(pools, says, strict=True):
        if told:
            joined = [group for group in groups if group & set(pool)]
            groups = [group for group in groups if group not in joined] + [set(pool).union(*joined)]
    for person in range(30):
        mine = {other for other in range(30) if last[other] >= 0 and last[person] >= 0
                and parent[last[other]] == parent[last[person]]}  # fmt: skip
        assert mine == next((group for group in groups if person in group), set())


@ways
def test_parts__are_counted_numbered_and_summed_like_sets(interpreted: bool) -> None:
    rng = np.random.default_rng(3)
    pools = [rng.choice(30, 3, replace=False).tolist() for _ in range(9)] + [[]]
    says = np.append(rng.random(9) < 0.8, True)
    offsets, members = csr(pools)
    root_of, root = np.full(30, -1, np.int32), np.empty(10, np.int32)
    of(parts.join_pools, interpreted)(offsets, members, says, root_of, root)
    counts = [np.zeros(10, np.int64) for _ in range(3)]
    of(parts.count_parts, interpreted)(offsets, says, root, root_of, *counts)
    for own in range(10):
        mine = [pool for pool in range(10) if says[pool] and root[pool] == own]
        people = {person for pool in mine for person in pools[pool]}
        assert people == set(np.flatnonzero(root_of == own).tolist())
        assert [int(each[own]) for each in counts] == [
            len(mine), sum(len(pools[pool]) for pool in mine), len(people)
        ]  # fmt: skip

    number, of_root = np.empty(30, np.int32), np.full(10, -1, np.int32)
    count = of(parts.number_parts, interpreted)(root_of, of_root, number)
    keys = [("alone", person) if own < 0 else ("part", own) for person, own in enumerate(root_of.tolist())]
    order = list(dict.fromkeys(keys))
    assert count == len(order)
    assert number.tolist() == [order.index(key) for key in keys]
    assert all(of_root[own] == order.index(("part", own)) for own in set(root_of.tolist()) - {-1})

    some = np.where(rng.random(30) < 0.2, -1, number).astype(np.int32)
    weights = rng.random(30)
    for weight in (weights, np.ones(1)):
        sums = np.zeros(count)
        of(parts.sum_of_parts, interpreted)(some, weight, sums)
        each = np.broadcast_to(weight, 30)
        assert sums.tolist() == np.bincount(some[some >= 0], each[some >= 0], minlength=count).tolist()


@ways
def test_worst_of_parts__takes_errors_of_approximate_methods_alone(interpreted: bool) -> None:
    part = np.array([0, 0, 1, 2, 2, 2], np.int32)
    method = np.array([1, 7, 2, 8, 7, 3], np.uint8)
    error = np.array([0.9, 0.1, 0.5, np.nan, 0.2, 0.7])
    worst, largest = np.zeros(3, np.uint8), np.zeros(3)
    of(parts.worst_of_parts, interpreted)(part, method, error, 7, worst, largest)
    assert worst.tolist() == [7, 2, 8]
    assert largest.tolist() == [0.1, 0.0, 0.2]
