"""Export results: CSV for the city's platform, HL7 v2.5.1 ORU^R01, FHIR R4. A tube without a call is never sent."""

from __future__ import annotations

from poolpipe.exchange.tube_results import ExchangeError, Statement, TubeResult, results

__all__ = ["ExchangeError", "Statement", "TubeResult", "results"]
