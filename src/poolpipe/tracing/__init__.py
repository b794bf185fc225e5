"""Tracing: from a positive tube outwards, to the people and tubes that its scans link with it."""
