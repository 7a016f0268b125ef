"""The outside world: files, Parquet, DuckDB, translations."""
