"""An attack on what is hidden: everything shown is a sum, and linear programming finds between which counts a hidden one must lie."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog


class Attack:
    """What a reader knows: sums that are shown, and between which counts each leaf must lie."""

    def __init__(self, leaves):
        """Begin with (key, least, most) of each leaf."""
        self.place = {key: place for place, (key, _, _) in enumerate(leaves)}
        self.bounds = [(least, most) for _, least, most in leaves]
        self.rows: list[list[float]] = []
        self.sums: list[int] = []

    def row(self, keys):
        told = [0.0] * len(self.place)
        for key in keys:
            told[self.place[key]] = 1.0
        return told

    def know(self, keys, total):
        self.rows.append(self.row(keys))
        self.sums.append(total)

    def between(self, keys):
        """The least and the greatest sum of these leaves that everything shown allows."""
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * np.array(self.row(keys), np.float64),
                A_eq=self.rows or None,
                b_eq=self.sums or None,
                bounds=self.bounds,
            )
            assert found.status == 0, found.message
            ends.append(sign * float(found.fun or 0.0))
        return round(ends[0], 6), round(ends[1], 6)
