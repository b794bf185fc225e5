"""poolpipe: ten-in-one pooled screening of a whole city, from barcode scans to the recall list.

Everything public is here and is imported when it is first used, so that `import poolpipe` costs nothing.

>>> import poolpipe
>>> day = poolpipe.run("data/samples/town/events", policy="ten-in-one")
>>> day.recalls.columns[:4]
['round', 'tube', 'person_type', 'person']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poolpipe.decode import Decoded
    from poolpipe.errors import (
        InputError,
        PolicyError,
        PoolpipeError,
        PoolpipeWarning,
        TableError,
        UnknownTableError,
    )
    from poolpipe.events.reference import Reference, read_reference
    from poolpipe.nightly.connecting import connect
    from poolpipe.policy import Policy, load_policy
    from poolpipe.results.day import Day
    from poolpipe.running import run
    from poolpipe.stagewise import StageResult, anomalies, calls, custody, ledger, links, recalls
    from poolpipe.store import Store
    from poolpipe.traced import trace

    __version__: str

__all__ = [
    "Day",
    "Decoded",
    "InputError",
    "Policy",
    "PolicyError",
    "PoolpipeError",
    "PoolpipeWarning",
    "Reference",
    "StageResult",
    "Store",
    "TableError",
    "UnknownTableError",
    "anomalies",
    "calls",
    "connect",
    "custody",
    "ledger",
    "links",
    "load_policy",
    "read_reference",
    "recalls",
    "run",
    "trace",
]

_HOMES = {
    "poolpipe.decode": ("Decoded",),
    "poolpipe.errors": (
        "InputError",
        "PolicyError",
        "PoolpipeError",
        "PoolpipeWarning",
        "TableError",
        "UnknownTableError",
    ),
    "poolpipe.events.reference": ("Reference", "read_reference"),
    "poolpipe.policy": ("Policy", "load_policy"),
    "poolpipe.results.day": ("Day",),
    "poolpipe.running": ("run",),
    "poolpipe.nightly.connecting": ("connect",),
    "poolpipe.store": ("Store",),
    "poolpipe.stagewise": ("StageResult", "anomalies", "calls", "custody", "ledger", "links", "recalls"),
    "poolpipe.traced": ("trace",),
}
"""Module to what it gives to the public face."""

_PACKAGES = ("decode", "design", "exchange", "instruments", "plan", "simulate", "store")
"""Public modules with a face of their own: `poolpipe.decode.decode(...)`."""

_MOVED = {
    "Events": "it is poolpipe.events.Events, and no public name",
    "conclude": "to conclude from the same events again call day.view(policy=..., as_of=...)",
}
"""Names that this face had once, and the way out."""


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"poolpipe.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("poolpipe")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'poolpipe' has no attribute {name!r}{_way_out(name)}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_PACKAGES, "__version__"})


def _way_out(name: str) -> str:
    if name in _MOVED:
        return f": {_MOVED[name]}"
    import difflib

    near = difflib.get_close_matches(name, __dir__(), n=1)
    return f": did you mean {near[0]!r}?" if near else ""
