"""The doors of a store: what devices send is acknowledged when it is synced, and taken into the tables a moment later."""
