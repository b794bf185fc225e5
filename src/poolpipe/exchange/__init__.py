"""Export results: lists as workbooks, CSV for the city's platform, HL7 v2.5.1, FHIR R4. A tube without a call is never sent."""

from __future__ import annotations

from poolpipe.exchange.tube_results import ExchangeError, Statement, TubeResult, results

__all__ = ["ExchangeError", "Statement", "TubeResult", "results"]
