"""The results of a run: the day and its tables, record batches, writing, reading again and comparing."""
