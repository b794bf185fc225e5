"""Clusters: positives that hang together by household, site and time, and how unlikely that is by chance."""
