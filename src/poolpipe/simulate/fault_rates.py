"""How many false positives the laboratories of a city make."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LabFaults"]


@dataclass(frozen=True, kw_only=True)
class LabFaults:
    """False positives that the laboratories make.

    Parameters
    ----------
    splash : float
        Share of the wells around a strong one (Ct below 20) that get 1/10,000 to 1/1,000,000 of it.
    bad_lot : float
        Share of wells that the second lot of reagent makes weakly positive, Ct about 35.
    lots : int
        Lots of reagent; the laboratories change them every two plates, each in its own order.

    Examples
    --------
    >>> import tempfile
    >>> from poolpipe.simulate import LabFaults, simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = simulate(folder, people=2_000, seed=1, faults=LabFaults(bad_lot=0.2))
    >>> written.truth["troubles"] > 5
    True
    """

    splash: float = 0.0
    bad_lot: float = 0.0
    lots: int = 6
