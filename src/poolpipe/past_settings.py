"""Settings that earlier versions accepted and never used, and why they have no effect."""

from __future__ import annotations

__all__ = ["NOTHING_TELLS"]

NOTHING_TELLS = {
    "clocks.fever_clinic": "no table says which site is a fever clinic; mark it as a priority site",
    "clocks.transfer_positive": "no event tells when somebody came to a hospital",
    "clocks.transfer_contact": "no event tells when somebody came to a quarantine place",
    "clocks.lockdown_area": "no event tells when an area was declared",
    "clocks.control_area": "no event tells when an area was declared",
    "clocks.area_release": "no event tells when an area was declared",
    "clocks.future": "it is arrivals.future_h, and for stores alone",
    "clocks.skew": "it is arrivals.skew_minutes, and for stores alone",
    "clocks.silence": "it is arrivals.silence_quarters, and for stores alone",
}
