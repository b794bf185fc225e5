"""The doors of a store: what devices send is acknowledged when it is synced, and a moment later in the tables that readers are shown."""
