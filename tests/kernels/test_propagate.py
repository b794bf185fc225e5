"""Belief propagation where one infected or more make a pool positive, against every pattern of infections."""

from __future__ import annotations

import numpy as np

from kernels.both_ways import of, ways
from kernels.graphs import csr
from kernels.tree_sweeps import (
    check_damping_goes_half_the_way,
    check_exact_on_a_tree,
    check_unmoved_pools_are_left_out,
)
from poolpipe_kernels import propagate


@ways
def test_sweep__is_exact_on_a_tree(interpreted: bool) -> None:
    check_exact_on_a_tree(propagate, interpreted)


@ways
def test_sweep__leaves_out_pools_whose_people_have_not_moved(interpreted: bool) -> None:
    check_unmoved_pools_are_left_out(propagate, interpreted)


@ways
def test_damped_sweep__goes_half_the_way(interpreted: bool) -> None:
    check_damping_goes_half_the_way(propagate, interpreted)


@ways
def test_layers__separate_pools_that_share_people(interpreted: bool) -> None:
    offsets, members = csr([[0, 1], [2, 3], [0, 2], [1, 3], [0, 3]])
    layer = np.empty(5, np.int8)
    of(propagate.layers, interpreted)(
        np.arange(5, dtype=np.int32), offsets, members, np.zeros(4, np.uint16), layer
    )
    assert layer.tolist() == [0, 0, 1, 1, 2]
