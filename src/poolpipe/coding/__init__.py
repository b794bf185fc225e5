"""Texts to integers and back: cleaning, dictionaries, sort keys, hash groups, Arrow arrays, tie breaks, scans by tube."""
