"""Three honest peers: the day as a data engineer would write it in Polars, DuckDB SQL and pandas."""
