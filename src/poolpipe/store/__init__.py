"""The store: events that come in for days, none of them lost; identities sealed, tables readable by anybody."""

from __future__ import annotations

from poolpipe.store.ledger import is_store
from poolpipe.store.opened import Store

__all__ = ["Store", "is_store"]
