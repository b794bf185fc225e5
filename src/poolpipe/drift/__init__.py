"""Laboratories whose readings move: control charts that find a shift within plates, and say which chart rang and when."""

from __future__ import annotations

from poolpipe.drift.finding import Drift, find_drift

__all__ = ["Drift", "find_drift"]
