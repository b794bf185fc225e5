"""The stages, one word a file: each takes tables and gives tables, and none imports another; they meet in `pipeline`."""
