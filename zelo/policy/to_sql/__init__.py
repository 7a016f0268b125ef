"""Terms as SQL in three-valued logic, NULL standing for missing: built as trees, for DuckDB and for Spark."""
