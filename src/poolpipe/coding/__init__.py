"""Texts to integers and back: dictionaries, sort keys, hash groups, Arrow arrays, tie breaks, scans by tube."""
