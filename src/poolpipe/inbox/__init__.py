"""The inbox of a store: what devices sent, acknowledged and not yet among the store's tables."""
