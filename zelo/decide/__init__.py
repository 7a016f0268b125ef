"""One event, one pack version, its features and labels: one Decision."""
