"""What a run concluded: the day and its tables, record batches, writing, reading again and comparing."""
