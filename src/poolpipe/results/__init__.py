"""What a run concluded: the day and its tables, their record batches, how they are written, read again and compared."""
