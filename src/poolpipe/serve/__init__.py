"""The doors of a store: what devices send is acknowledged when it is synced, and taken into the tables that readers are shown a moment later."""
