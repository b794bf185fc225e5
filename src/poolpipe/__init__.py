"""poolpipe: ten-in-one pooled screening of a whole city, from barcode scans to the recall list.

Everything public is here and is imported when it is first used, so that `import poolpipe` costs nothing.

>>> import poolpipe
>>> day = poolpipe.run("scans/", policy="ten-in-one")  # doctest: +SKIP
>>> day.recalls  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poolpipe.decode import Decoded, decode
    from poolpipe.errors import InputError, PolicyError, PoolpipeError, TableError
    from poolpipe.events import Events
    from poolpipe.pipeline import conclude, run
    from poolpipe.policy import Policy, load_policy
    from poolpipe.results.day import Day
    from poolpipe.stagewise import anomalies, calls, custody, ledger, links, recalls

__all__ = [
    "Day",
    "Decoded",
    "Events",
    "InputError",
    "Policy",
    "PolicyError",
    "PoolpipeError",
    "TableError",
    "anomalies",
    "calls",
    "conclude",
    "custody",
    "decode",
    "ledger",
    "links",
    "load_policy",
    "recalls",
    "run",
]

_HOMES = {
    "Day": "poolpipe.results.day",
    "Decoded": "poolpipe.decode",
    "Events": "poolpipe.events",
    "InputError": "poolpipe.errors",
    "Policy": "poolpipe.policy",
    "PolicyError": "poolpipe.errors",
    "PoolpipeError": "poolpipe.errors",
    "TableError": "poolpipe.errors",
    "conclude": "poolpipe.pipeline",
    "decode": "poolpipe.decode",
    "load_policy": "poolpipe.policy",
    "run": "poolpipe.pipeline",
    **dict.fromkeys(("anomalies", "calls", "custody", "ledger", "links", "recalls"), "poolpipe.stagewise"),
}
# These are functions here and modules below: importing `poolpipe.links` must not hide `poolpipe.links(...)`.
_STAGES = ("anomalies", "calls", "custody", "decode", "ledger", "links", "recalls")
_ROOMS = ("design", "exchange", "instruments", "plan", "simulate")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"poolpipe.{name}")
    message = f"module 'poolpipe' has no attribute '{name}'"
    raise AttributeError(message)


class _Face(ModuleType):
    """The package as its users see it: a stage's function stays in front of the module it lives in."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _STAGES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS})
