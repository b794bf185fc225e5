"""Simulated screening campaigns: seeded cities with every trouble of a real one, and the truth about them."""

from __future__ import annotations

from poolpipe.simulate.city import Summary, simulate
from poolpipe.simulate.fault_rates import LabFaults
from poolpipe.simulate.settings import FORMATS, PRESETS, TROUBLES, Spread

__all__ = ["FORMATS", "PRESETS", "TROUBLES", "LabFaults", "Spread", "Summary", "simulate"]
